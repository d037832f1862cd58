// SPDX-License-Identifier: Apache-2.0

package trino

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/archive/remote"
)

func TestAddress(t *testing.T) {
	for _, tt := range []struct{ text, base, shown string }{
		{"trino://127.0.0.1/hive/s/t", "http://127.0.0.1:8080", "trino://127.0.0.1:8080/hive/s/t"},
		{"trino://localhost:9000/hive/s/t/", "http://localhost:9000", "trino://localhost:9000/hive/s/t"},
		{"TRINO://ann@[::1]/hive/s/t", "http://[::1]:8080", "trino://ann@[::1]:8080/hive/s/t"},
		{"trino://ann:secret@trino.example/hive/s/t", "https://trino.example:8443", "trino://ann@trino.example:8443/hive/s/t"},
		{"trino://trino.example:80/hive/s/t?tls=off", "http://trino.example:80", "trino://trino.example:80/hive/s/t"},
		{"trino://localhost/hive/s/t?tls=on", "https://localhost:8443", "trino://localhost:8443/hive/s/t"},
	} {
		a, err := ParseAddress(tt.text, Secrets{})
		if err != nil || a.base.String() != tt.base || a.String() != tt.shown {
			t.Errorf("%s: %s, shown as %s, %v; want %s and %s", tt.text, a.base.String(), a, err, tt.base, tt.shown)
		}
	}
	for _, tt := range []struct {
		text    string
		secrets Secrets
		want    string
	}{
		{"trino://host/hive/s", Secrets{}, "names no catalog"},
		{"trino:///hive/s/t", Secrets{}, "names no server"},
		{"trino://host/hive/s/t%22%3B", Secrets{}, "is no name of"},
		{"trino://host/hive/s/t?ssl=1", Secrets{}, "tls=on or ?tls=off"},
		{"trino://ann:hunter2@host/hive/s/t?tls=off", Secrets{}, "not sent without TLS"},
		{"trino://ann@127.0.0.1/hive/s/t", Secrets{Password: "hunter2"}, "not sent without TLS"},
		{"trino://127.0.0.1/hive/s/t", Secrets{Token: "hunter2"}, "not sent without TLS"},
		{"trino://ann:hunter2@ho st/hive/s/t", Secrets{}, "cannot be read"},
	} {
		_, err := ParseAddress(tt.text, tt.secrets)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want %s", tt.text, err, tt.want)
		}
	}
}

// coordinator plays a server: it answers each request with the next reply.
type coordinator struct {
	mu      sync.Mutex
	replies []string // a body, or the number of a status
	seen    []string // method and path
	heads   []http.Header
	body    string
	url     string
	third   func() // called at the third request; may be nil
}

func (c *coordinator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen = append(c.seen, r.Method+" "+r.URL.RequestURI()); len(c.seen) == 3 && c.third != nil {
		c.third()
	}
	c.heads = append(c.heads, r.Header)
	if r.Method == http.MethodPost {
		text, _ := io.ReadAll(r.Body)
		c.body = string(text)
	}
	if r.Method == http.MethodDelete || len(c.replies) == 0 {
		return
	}
	reply := c.replies[0]
	c.replies = c.replies[1:]
	var status int
	if n, _ := fmt.Sscanf(reply, "%d", &status); n == 1 {
		http.Error(w, "told by the test", status)
		return
	}
	_, _ = io.WriteString(w, strings.ReplaceAll(reply, "SERVER", c.url))
}

func (c *coordinator) start(t *testing.T) Address {
	t.Helper()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	a, err := ParseAddress("trino://ann@"+strings.TrimPrefix(server.URL, "http://")+"/hive/s/t", Secrets{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const (
	queued = `{"id":"q1","nextUri":"SERVER/v1/statement/queued/q1/1"}`
	head   = `{"id":"q1","nextUri":"https://elsewhere.example/v1/statement/executing/q1/2?slug=x","columns":[` +
		`{"name":"s","type":"varchar"},{"name":"n","type":"bigint"},{"name":"b","type":"boolean"},{"name":"f","type":"double"},` +
		`{"name":"at","type":"timestamp(3)"},{"name":"raw","type":"varbinary"},{"name":"list","type":"array(varchar)"}],` +
		`"data":[["a",9007199254740993,true,1.5,"2026-03-02 10:00:00.250","AQI=",["x","<"]]]}`
	last = `{"id":"q1","columns":[{"name":"s","type":"varchar"},{"name":"n","type":"bigint"},{"name":"b","type":"boolean"},{"name":"f","type":"double"},` +
		`{"name":"at","type":"timestamp(3)"},{"name":"raw","type":"varbinary"},{"name":"list","type":"array(varchar)"}],"data":[[null,null,null,"NaN",null,null,null]]}`
)

const noNodes = `{"id":"q1","error":{"message":"No nodes available to run query","errorName":"NO_NODES_AVAILABLE"}}`

func ask(ctx context.Context, t *testing.T, a Address, query string) (rows [][]any, err error) {
	t.Helper()
	engine, err := Open(a)
	if err != nil {
		t.Fatal(err)
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

func TestRowsComePageByPage(t *testing.T) {
	c := &coordinator{replies: []string{"503", queued, "502", head, last}}
	rows, err := ask(t.Context(), t, c.start(t), "SELECT * FROM records")
	want := `[[a 9007199254740993 true 1.5 2026-03-02 10:00:00.25 +0000 UTC [1 2] ["x","<"]] [<nil> <nil> <nil> NaN <nil> <nil> <nil>]]`
	if got := fmt.Sprint(rows); got != want || err != nil {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
	if c.body != "WITH records AS (SELECT * FROM \"hive\".\"s\".\"t\")\nSELECT * FROM records" {
		t.Errorf("sent was %q", c.body)
	}
	// The address that the server gives leads nowhere but to the server itself.
	if got := strings.Join(c.seen, ", "); got != "POST /v1/statement, POST /v1/statement, GET /v1/statement/queued/q1/1, GET /v1/statement/queued/q1/1, GET /v1/statement/executing/q1/2?slug=x" {
		t.Errorf("requests: %s", got)
	}
	if h := c.heads[0]; h.Get("X-Trino-User") != "ann" || h.Get("X-Trino-Time-Zone") != "UTC" || h.Get("Authorization") != "" {
		t.Errorf("headers: %v", h)
	}
}

// A cluster refuses queries until its workers are there.
func TestWorkersComeLate(t *testing.T) {
	defer func(was time.Duration) { firstPause = was }(firstPause)
	firstPause = time.Millisecond
	c := &coordinator{replies: []string{queued, noNodes, queued, noNodes, queued, last}}
	if rows, err := ask(t.Context(), t, c.start(t), "SELECT 1"); len(rows) != 1 || err != nil {
		t.Errorf("%v, %v", rows, err)
	}
	c = &coordinator{replies: slices.Repeat([]string{noNodes}, maxTries)}
	if _, err := ask(t.Context(), t, c.start(t), "SELECT 1"); err == nil || !strings.Contains(err.Error(), "NO_NODES_AVAILABLE") {
		t.Errorf("%v", err)
	}
}

func TestFailures(t *testing.T) {
	defer func(was time.Duration) { firstPause = was }(firstPause)
	firstPause = time.Millisecond
	for _, tt := range []struct {
		name    string
		replies []string
		want    string
	}{
		{"mistake in the SQL", []string{queued, `{"id":"q1","error":{"message":"line 2:8: Column 'x' cannot be resolved","errorName":"COLUMN_NOT_FOUND"}}`},
			`COLUMN_NOT_FOUND: line 2:8: Column 'x' cannot be resolved (query q1); asked was: WITH records AS (SELECT * FROM "hive"."s"."t") SELECT x FROM records`},
		{"no right", []string{`{"id":"q1","error":{"message":"Access Denied: Cannot select from t","errorName":"PERMISSION_DENIED"}}`}, "the user needs SELECT"},
		{"sign-in", []string{"401"}, "refused the sign-in"},
		{"no Trino", []string{"<html>"}, "this is no Trino server"},
		{"other status", []string{"404"}, "404 Not Found: told by the test"},
		{"always busy", []string{"503", "503", "503", "503", "503", "503", "503", "503"}, "too busy"},
		{"leads elsewhere", []string{`{"id":"q1","nextUri":"SERVER/admin"}`}, "no address of its own"},
		{"row too short", []string{`{"id":"q1","columns":[{"name":"a","type":"varchar"},{"name":"b","type":"varchar"}],"data":[["x"]]}`}, "1 values for 2 columns"},
		{"wrong type", []string{`{"id":"q1","columns":[{"name":"a","type":"bigint"}],"data":[["x"]]}`}, "not of the column's type"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &coordinator{replies: tt.replies}
			if _, err := ask(t.Context(), t, c.start(t), "SELECT x FROM records"); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v; want %s", err, tt.want)
			}
		})
	}
	var denied *remote.PermissionError
	c := &coordinator{replies: []string{"403"}}
	if _, err := ask(t.Context(), t, c.start(t), "SELECT 1"); !errors.As(err, &denied) {
		t.Errorf("%v is no *PermissionError", err)
	}
}

func TestNobodyAnswers(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	a, err := ParseAddress("trino://"+strings.TrimPrefix(server.URL, "http://")+"/hive/s/t", Secrets{})
	server.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask(t.Context(), t, a, "SELECT 1"); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Error(err)
	}
}

// A query that is given up is ended at the server.
func TestTheEndOfTheContextEndsTheQuery(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := &coordinator{replies: slices.Repeat([]string{queued}, 1000), third: cancel}
	a := c.start(t)
	if _, err := ask(ctx, t, a, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v is not the end of the context", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := c.seen[len(c.seen)-1]; last != "DELETE /v1/statement/queued/q1/1" {
		t.Errorf("the last request is %s", last)
	}
}
