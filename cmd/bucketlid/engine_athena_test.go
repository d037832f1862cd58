// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/archive/sieve"
	"github.com/bucketlid/bucketlid/internal/mototest"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// Athena's API, as moto has it, hands out what DuckDB answered to the same
// questions: the hunt is that of the files.
func TestHuntByAthenaEqualsHuntInFiles(t *testing.T) {
	moto := mototest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL", moto.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	logs, root := engineLogs(t, 3_000, 3)
	embedded(t, root)
	queue(t, moto.URL, answers(t, root))
	inFiles := results(jsonl(t, "hunt", logs, "-q", "-o", "jsonl"))
	inAthena := results(jsonl(t, "hunt", "athena://primary/logs.archive", "-q", "-o", "jsonl"))
	if len(inFiles) < 10 || !slices.Equal(inFiles, inAthena) {
		t.Errorf("%d lines from files, %d from Athena; the first that differs: %.800s", len(inFiles), len(inAthena), firstOther(inFiles, inAthena))
	}
}

// answers are what DuckDB answers to a hunt's questions, in their order.
func answers(t *testing.T, root string) []athenaAnswer {
	t.Helper()
	engine, err := openArchiveEngine(t.Context(), "archive://"+root)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	r := &recorder{Engine: engine, t: t}
	ledger, baseline := replay.NewLedger(), replay.NewBaseline()
	take := func(_ string, h *trail.Header, raw []byte) error {
		ledger.Take(h, raw)
		return nil
	}
	_, err = sieve.Run(t.Context(), r, sieve.Filter{}, sieve.Into{Ledger: ledger, Baseline: baseline, Odd: take, Chosen: take, Unread: func(string, int64, string) {}})
	if err != nil {
		t.Fatal(err)
	}
	return r.answers
}

// athenaAnswer is an answer in the form of Athena's API.
type athenaAnswer struct {
	Rows    []athenaRow         `json:"rows"`
	Columns []map[string]string `json:"column_info"`
}

type athenaRow struct{ Data []map[string]string }

// recorder writes down what an engine answers.
type recorder struct {
	archive.Engine
	t       *testing.T
	answers []athenaAnswer
}

// Query asks twice: once to write the answer down.
func (r *recorder) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := r.Engine.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	r.answers = append(r.answers, r.answer(rows))
	return r.Engine.Query(ctx, query, args...)
}

func (r *recorder) answer(rows *sql.Rows) athenaAnswer {
	r.t.Helper()
	types, err := rows.ColumnTypes()
	if err != nil {
		r.t.Fatal(err)
	}
	var head athenaRow
	var out athenaAnswer
	for i, c := range types {
		kind := "varchar"
		if strings.HasSuffix(c.DatabaseTypeName(), "INT") || c.DatabaseTypeName() == "INTEGER" {
			kind = "bigint"
		}
		name := fmt.Sprintf("_col%d", i)
		out.Columns = append(out.Columns, map[string]string{"Name": name, "Type": kind})
		head.Data = append(head.Data, map[string]string{"VarCharValue": name})
	}
	out.Rows = []athenaRow{head}
	values, into := make([]sql.NullString, len(types)), make([]any, len(types))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			r.t.Fatal(err)
		}
		row := athenaRow{}
		for _, v := range values {
			cell := map[string]string{}
			if v.Valid {
				cell["VarCharValue"] = v.String
			}
			row.Data = append(row.Data, cell)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// queue has moto give these answers, one to each query.
func queue(t *testing.T, url string, answers []athenaAnswer) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"account_id": "123456789012", "region": "us-east-1", "results": answers})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(url+"/moto-api/static/athena/query-results", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode/100 != 2 {
		t.Fatalf("moto: %s", res.Status)
	}
}
