// SPDX-License-Identifier: Apache-2.0

package sieve

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/archive/duckdb"
	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
	"github.com/bucketlid/bucketlid/triage"
)

// storeColumns are an archive's records as an event data store of CloudTrail Lake
// has them; of some it lacks the JSON. session stands for an expression of which
// DuckDB's regular expressions lack a part.
const storeColumns = `(SELECT {'type': raw->>'$.userIdentity.type', 'arn': raw->>'$.userIdentity.arn', 'principalid': raw->>'$.userIdentity.principalId',
 'accountid': raw->>'$.userIdentity.accountId', 'invokedby': raw->>'$.userIdentity.invokedBy', 'accesskeyid': raw->>'$.userIdentity.accessKeyId'} AS useridentity,
 event_time AS eventtime, raw->>'$.eventSource' AS eventsource, raw->>'$.eventName' AS eventname, raw->>'$.awsRegion' AS awsregion,
 raw->>'$.sourceIPAddress' AS sourceipaddress, raw->>'$.userAgent' AS useragent, raw->>'$.errorCode' AS errorcode, raw->>'$.eventID' AS eventid,
 raw->>'$.recipientAccountId' AS recipientaccountid, MAP {'bucketName': bucket} AS requestparameters,
 CASE WHEN event_id = 'lost-lost-lost' THEN NULL ELSE raw END AS eventjson, coalesce(principal_key, '') AS session FROM records)`

// store is an engine over such a table.
type store struct{ archive.Engine }

func (s store) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	query = strings.ReplaceAll(query, deliveredSession, "session")
	if query == "DESCRIBE records" {
		query = "DESCRIBE SELECT * FROM records"
	}
	return s.Engine.Query(ctx, strings.ReplaceAll(query, "FROM records", "FROM "+storeColumns), args...)
}

// lakeLogs writes logs and an archive of them, and opens a store over it.
func lakeLogs(t *testing.T) (logs string, engine archive.Engine) {
	t.Helper()
	logs = t.TempDir()
	if _, err := gentrail.Write(logs, gentrail.Config{Seed: 6, Records: 3_000, Files: 20, Days: 4, CrossAccount: 0.02}); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "archive")
	a, err := archive.OpenWriter(root)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	l, err := a.Load(archive.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := l.Reader()
	r.Begin("logs")
	eachRecord(t, logs, func(h *trail.Header, raw []byte) {
		if err := r.Add(h, raw); err != nil {
			t.Fatal(err)
		}
	})
	if err := r.End(0, "", false); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Close(); err != nil {
		t.Fatal(err)
	}
	engine, err = duckdb.Open(a, duckdb.Options{})
	if errors.Is(err, duckdb.ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return logs, store{engine}
}

const lostRecord = `{"eventVersion":"1.08","eventName":"GetBucketAcl","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"lost-lost-lost"}`

// eachRecord reads logs, and a record that the store lost.
func eachRecord(t *testing.T, logs string, visit func(h *trail.Header, raw []byte)) {
	t.Helper()
	scan := func(text []byte) {
		_, err := trail.Scan(bytes.NewReader(text), trail.Options{}, func(h *trail.Header, raw []byte) error {
			visit(h, raw)
			return nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	scan([]byte(lostRecord))
	err := filepath.WalkDir(logs, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		scan(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What is found in an event data store is what reading the logs finds; a row
// without its JSON is named.
func TestAStoreTellsWhatTheLogsTell(t *testing.T) {
	logs, engine := lakeLogs(t)
	f := Filter{Accounts: []string{"111122223333", "222233334444"}, From: time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)}
	for name, filter := range map[string]Filter{"all": {}, "narrowed": f} {
		want, wanted := triageOf(func(l *replay.Ledger, b *replay.Baseline) {
			eachRecord(t, logs, func(h *trail.Header, raw []byte) {
				if string(h.EventID) != "lost-lost-lost" && takes(&filter, h) {
					b.Observe(h)
					l.Take(h, raw)
				}
			})
		})
		unread := 0
		got, _ := triageOf(func(l *replay.Ledger, b *replay.Baseline) {
			into := Into{Ledger: l, Baseline: b,
				Odd:    func(_ string, h *trail.Header, raw []byte) error { b.Observe(h); l.Take(h, raw); return nil },
				Chosen: func(_ string, h *trail.Header, raw []byte) error { l.Take(h, raw); return nil },
				Unread: func(object string, _ int64, _ string) {
					if unread++; object != "eventID lost-lost-lost" {
						t.Errorf("not read: %s", object)
					}
				}}
			if _, err := Run(t.Context(), engine, filter, into); err != nil {
				t.Fatal(err)
			}
		})
		if got != want || wanted < 3 {
			t.Errorf("%s: the store tells otherwise than the logs with their %d alerts", name, wanted)
		}
		if (unread > 0) != (name == "all") {
			t.Errorf("%s: %d rows are named as not read", name, unread)
		}
	}
}

func takes(f *Filter, h *trail.Header) bool {
	seconds, _, _ := trail.ParseTime(h.Time)
	return len(f.Accounts) == 0 || strings.Contains(strings.Join(f.Accounts, " "), string(h.RecipientAccountID)) && seconds >= f.From.Unix() && seconds < f.To.Unix()
}

// triageOf is what triage makes of what read takes in.
func triageOf(read func(*replay.Ledger, *replay.Baseline)) (text string, alerts int) {
	l, b := replay.NewLedger(), replay.NewBaseline()
	read(l, b)
	b.Settle()
	result := triage.Rank(l, b, triage.Known{})
	all, _ := json.MarshalIndent(result, "", " ")
	return string(all), len(result.Alerts)
}
