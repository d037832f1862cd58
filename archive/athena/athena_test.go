// SPDX-License-Identifier: Apache-2.0

package athena

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/archive/remote"
	"github.com/bucketlid/bucketlid/internal/mototest"
)

func TestAddress(t *testing.T) {
	for _, tt := range []struct{ text, shown, output string }{
		{"athena://primary/logs.cloudtrail", "athena://primary/logs.cloudtrail", ""},
		{"athena://primary/aws:cloudtrail.0c3a1f7e-0000-4000-8000-000000000001", "athena://primary/aws:cloudtrail.0c3a1f7e-0000-4000-8000-000000000001", ""},
		{"ATHENA://team-7/lake.logs.cloud_trail?output=s3://answers/of/me/", "athena://team-7/lake.logs.cloud_trail", "s3://answers/of/me/"},
	} {
		if a, err := ParseAddress(tt.text); err != nil || a.String() != tt.shown || a.Output != tt.output {
			t.Errorf("%s: %s to %s, %v", tt.text, a, a.Output, err)
		}
	}
	for text, want := range map[string]string{
		"athena:///logs.t": "no workgroup", "athena://primary": "no database and table", "athena://primary/t": "no database and table",
		"athena://primary/a.b.c.d": "no database and table", "athena://primary/logs.t%22": "is no name of", "athena://primary/.t": "is no name of",
		"athena://u:p@primary/logs.t": "no workgroup", "athena://primary/logs.t?output=https://x": "?output=s3://", "athena://primary/logs.t?tls=off": "?output=s3://",
	} {
		if _, err := ParseAddress(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
}

// service plays Athena's API: each operation answers with its next reply.
type service struct {
	mu      sync.Mutex
	replies map[string][]string // by operation; "!Code message" is an error; the last repeats
	seen    []string            // operations, with what they ask
	third   func()              // called at the third request; may be nil
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if s.seen = append(s.seen, operation+" "+string(body)); len(s.seen) == 3 && s.third != nil {
		s.third()
	}
	reply := "{}"
	if list := s.replies[operation]; len(list) > 0 {
		reply = list[0]
		if len(list) > 1 {
			s.replies[operation] = list[1:]
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if text, failed := strings.CutPrefix(reply, "!"); failed {
		code, message, _ := strings.Cut(text, " ")
		w.WriteHeader(http.StatusBadRequest)
		reply = fmt.Sprintf(`{"__type":%q,"message":%q}`, code, message)
	}
	_, _ = io.WriteString(w, reply)
}

func (s *service) start(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	mototest.Isolate(t)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_REGION", "eu-west-1")
	was := firstPause
	firstPause = time.Millisecond
	t.Cleanup(func() { firstPause = was })
}

func ask(ctx context.Context, t *testing.T, query string) (rows [][]any, err error) {
	t.Helper()
	a, err := ParseAddress("athena://primary/logs.trail")
	if err != nil {
		t.Fatal(err)
	}
	engine, err := Open(ctx, a)
	if err != nil {
		return nil, err
	}
	defer engine.Close()
	answer, err := engine.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	names, err := answer.Columns()
	if err != nil {
		return nil, err
	}
	for answer.Next() {
		row, into := make([]any, len(names)), make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := answer.Scan(into...); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, answer.Err()
}

const (
	started = `{"QueryExecutionId":"q1"}`
	columns = `"ResultSetMetadata":{"ColumnInfo":[{"Name":"s","Type":"varchar"},{"Name":"n","Type":"bigint"},{"Name":"f","Type":"double"},{"Name":"b","Type":"boolean"},{"Name":"at","Type":"timestamp"}]}`
)

func state(s, reason string) string {
	return fmt.Sprintf(`{"QueryExecution":{"QueryExecutionId":"q1","Status":{"State":%q,"StateChangeReason":%q}}}`, s, reason)
}

func TestRowsComePageByPage(t *testing.T) {
	s := &service{replies: map[string][]string{
		"StartQueryExecution": {started},
		"GetQueryExecution":   {state("QUEUED", ""), state("RUNNING", ""), state("SUCCEEDED", "")},
		"GetQueryResults": {
			`{"NextToken":"more","ResultSet":{` + columns + `,"Rows":[{"Data":[{"VarCharValue":"s"},{"VarCharValue":"n"},{"VarCharValue":"f"},{"VarCharValue":"b"},{"VarCharValue":"at"}]},` +
				`{"Data":[{"VarCharValue":"a"},{"VarCharValue":"9007199254740993"},{"VarCharValue":"1.5"},{"VarCharValue":"true"},{"VarCharValue":"2026-03-02 10:00:00.250"}]}]}}`,
			`{"ResultSet":{` + columns + `,"Rows":[{"Data":[{"VarCharValue":""},{},{},{},{}]}]}}`,
		},
	}}
	s.start(t)
	rows, err := ask(t.Context(), t, "SELECT * FROM records")
	if got := fmt.Sprint(rows); got != "[[a 9007199254740993 1.5 true 2026-03-02 10:00:00.25 +0000 UTC] [ <nil> <nil> <nil> <nil>]]" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	var sent struct {
		QueryString, WorkGroup string
		QueryExecutionContext  struct{ Database, Catalog string }
	}
	_, body, _ := strings.Cut(s.seen[0], " ")
	if err := json.Unmarshal([]byte(body), &sent); err != nil || sent.WorkGroup != "primary" || sent.QueryExecutionContext.Database != "logs" ||
		sent.QueryString != "WITH records AS (SELECT * FROM \"logs\".\"trail\")\nSELECT * FROM records" {
		t.Errorf("sent was %s (%v)", body, err)
	}
	if last := s.seen[len(s.seen)-1]; !strings.Contains(last, `"NextToken":"more"`) {
		t.Errorf("the last request is %s", last)
	}
}

func TestFailures(t *testing.T) {
	ran := map[string][]string{"StartQueryExecution": {started}, "GetQueryExecution": {state("SUCCEEDED", "")}}
	for _, tt := range []struct {
		name    string
		replies map[string][]string
		want    string
		denied  bool
	}{
		{"mistake in the SQL", map[string][]string{"StartQueryExecution": {started}, "GetQueryExecution": {state("FAILED", "COLUMN_NOT_FOUND: line 2:8: Column 'x'")}},
			"failed: COLUMN_NOT_FOUND: line 2:8: Column 'x' (query q1); asked was: WITH records", false},
		{"stopped by others", map[string][]string{"StartQueryExecution": {started}, "GetQueryExecution": {state("CANCELLED", "")}}, "cancelled: no reason is told", false},
		{"no place for answers", map[string][]string{"StartQueryExecution": {"!InvalidRequestException No output location provided."}}, "add ?output=s3://", false},
		{"no such workgroup", map[string][]string{"StartQueryExecution": {"!InvalidRequestException WorkGroup primary is not found."}}, "WorkGroup primary is not found", false},
		{"no right to ask", map[string][]string{"StartQueryExecution": {"!AccessDeniedException User is not authorized"}}, "athena:StartQueryExecution is missing", true},
		{"no right to the files", map[string][]string{"StartQueryExecution": {started}, "GetQueryExecution": {state("FAILED", "Access Denied (Service: Amazon S3)")}}, "s3:GetObject", true},
		{"sign-in", map[string][]string{"StartQueryExecution": {"!ExpiredTokenException The security token is expired"}}, "AWS sign-in failed", true},
		{"no right to the answer", map[string][]string{"StartQueryExecution": ran["StartQueryExecution"], "GetQueryExecution": ran["GetQueryExecution"],
			"GetQueryResults": {"!AccessDeniedException no"}}, "athena:GetQueryResults is missing", true},
		{"answer without columns", map[string][]string{"StartQueryExecution": ran["StartQueryExecution"], "GetQueryExecution": ran["GetQueryExecution"],
			"GetQueryResults": {"{}"}}, "tells no columns", false},
		{"row too short", map[string][]string{"StartQueryExecution": ran["StartQueryExecution"], "GetQueryExecution": ran["GetQueryExecution"],
			"GetQueryResults": {`{"ResultSet":{` + columns + `,"Rows":[{"Data":[]},{"Data":[{"VarCharValue":"a"}]}]}}`}}, "1 values for 5 columns", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &service{replies: tt.replies}
			s.start(t)
			_, err := ask(t.Context(), t, "SELECT x FROM records")
			var denied *remote.PermissionError
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, &denied) != tt.denied {
				t.Errorf("%v; want %s", err, tt.want)
			}
		})
	}
}

// A query that is given up is stopped at Athena.
func TestTheEndOfTheContextStopsTheQuery(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &service{replies: map[string][]string{"StartQueryExecution": {started}, "GetQueryExecution": {state("RUNNING", "")}}, third: cancel}
	s.start(t)
	if _, err := ask(ctx, t, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v is not the end of the context", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := s.seen[len(s.seen)-1]; last != `StopQueryExecution {"QueryExecutionId":"q1"}` {
		t.Errorf("the last request is %s", last)
	}
}

func TestNoRegionAndNoSignIn(t *testing.T) {
	mototest.Isolate(t)
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	if _, err := ask(t.Context(), t, "SELECT 1"); err == nil || !strings.Contains(err.Error(), "no Region is set") {
		t.Error(err)
	}
	t.Setenv("AWS_REGION", "eu-west-1")
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	var denied *remote.PermissionError
	if _, err := ask(t.Context(), t, "SELECT 1"); !errors.As(err, &denied) {
		t.Errorf("%v is no *PermissionError", err)
	}
}

// moto answers as Athena's API does; the answers are queued there.
func TestAgainstMoto(t *testing.T) {
	moto := mototest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL", moto.URL)
	t.Setenv("AWS_REGION", "eu-west-1")
	queue := `{"account_id":"123456789012","region":"eu-west-1","results":[{"rows":[{"Data":[{"VarCharValue":"name"},{"VarCharValue":"n"}]},` +
		`{"Data":[{"VarCharValue":"PutBucketAcl"},{"VarCharValue":"3"}]}],"column_info":[{"Name":"name","Type":"varchar"},{"Name":"n","Type":"bigint"}]}]}`
	res, err := http.Post(moto.URL+"/moto-api/static/athena/query-results", "application/json", bytes.NewReader([]byte(queue)))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	rows, err := ask(t.Context(), t, "SELECT name, count(*) AS n FROM records GROUP BY name")
	if got := fmt.Sprint(rows); got != "[[PutBucketAcl 3]]" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}
