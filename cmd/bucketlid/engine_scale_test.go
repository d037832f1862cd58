// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/internal/mototest"
	"github.com/bucketlid/bucketlid/internal/trinotest"
)

// A real Trino server, over the archive's own files in S3 and over a table as
// people have it of CloudTrail's logs. `make test-scale` runs it.
func TestScaleTrino(t *testing.T) {
	moto := mototest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL", moto.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	logs, root := engineLogs(t, 5_000, 3)
	upload(t, filepath.Dir(root), trinotest.Bucket)
	server := trinotest.Start(t, moto.URL)
	ddl, err := archive.DDL("trino", "logs.archive", "s3://"+trinotest.Bucket+"/archive", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	server.Do(t, "CREATE SCHEMA logs")
	for _, statement := range strings.SplitAfter(ddl, ";\n") {
		if statement = strings.TrimSuffix(statement, ";\n"); statement != "" {
			server.Do(t, statement)
		}
	}
	server.Do(t, deliveredTable, deliveredRows)
	s := &scale{server: server, logs: logs, root: root}
	t.Run("queries", s.queries)
	t.Run("hunt over the archive", func(t *testing.T) { s.hunts(t, "archive", func(lines []string) []string { return lines }) })
	t.Run("hunt over CloudTrail's table", func(t *testing.T) { s.hunts(t, "cloudtrail", withoutSkipped) })
	t.Run("investigations over the archive", func(t *testing.T) {
		sameByEngine(t, s.logs, s.table("archive"), ingest.Filter{From: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)})
	})
	t.Run("refusals", s.refusals)
	t.Run("end of a query", s.cancelled)
}

type scale struct {
	server     *trinotest.Server
	logs, root string
}

func (s *scale) table(name string) string { return "trino://" + s.server.Addr + "/hive/logs/" + name }

// The same text gives the same answer by DuckDB and by Trino.
func (s *scale) queries(t *testing.T) {
	embedded(t, s.root)
	for _, query := range []string{
		"SELECT event_name, count(*) AS n FROM records GROUP BY event_name ORDER BY n DESC, event_name LIMIT 5",
		"SELECT account, day, count(*) AS n, count(DISTINCT source_ip) AS addresses FROM records GROUP BY account, day ORDER BY account, day",
		"WITH failed AS (SELECT * FROM records WHERE error_code IS NOT NULL) SELECT error_code, min(event_time) AS first FROM failed GROUP BY error_code ORDER BY error_code",
		"SELECT event_time, event_id, user_name, read_only, object_key, source_offset, raw FROM records WHERE bucket = 'odd-bucket' ORDER BY event_id",
		"SELECT to_hex(xxhash64(to_utf8(event_id))) AS h FROM records WHERE event_name = 'PutBucketAcl' ORDER BY h LIMIT 3",
	} {
		want := jsonl(t, "archive", "query", "--archive", s.root, "-o", "jsonl", query)
		got := jsonl(t, "archive", "query", "--engine", s.table("archive"), "-o", "jsonl", query)
		if !slices.Equal(got, want) || want[0] == "" {
			t.Errorf("%s:\nTrino:  %.600s\nDuckDB: %.600s", query, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func (s *scale) hunts(t *testing.T, table string, compared func([]string) []string) {
	for _, filter := range huntFilters {
		hunt := func(source string) []string {
			return compared(results(jsonl(t, slices.Concat([]string{"hunt", source, "-q", "-o", "jsonl"}, filter)...)))
		}
		want, got := hunt(s.logs), hunt(s.table(table))
		if len(want) < 10 || !slices.Equal(want, got) {
			t.Errorf("%v: %d lines from files, %d from Trino; the first that differs: %.800s", filter, len(want), len(got), firstOther(want, got))
		}
	}
}

func firstOther(want, got []string) string {
	for i := range want {
		if i >= len(got) || want[i] != got[i] {
			return want[i] + "\n" + fmt.Sprint(got[min(i, len(got)):min(i+1, len(got))])
		}
	}
	return "none"
}

// withoutSkipped leaves out what tells of log objects, which a table does not know.
func withoutSkipped(lines []string) []string {
	return slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, `{"skipped"`) })
}

func (s *scale) refusals(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"archive", "query", "--engine", s.table("archive"), "SELECT nothing FROM records"}, exitFailed, []string{"COLUMN_NOT_FOUND", "asked was: WITH records AS", "SELECT nothing FROM records"}},
		{[]string{"archive", "query", "--engine", s.table("archive"), "SELECT 1; SELECT 2"}, exitFailed, []string{"SYNTAX_ERROR"}},
		{[]string{"archive", "query", "--engine", s.table("archive"), "WITH a AS (SELECT 1) INSERT INTO hive.logs.archive SELECT * FROM records"}, exitFailed, []string{"SYNTAX_ERROR"}},
		{[]string{"archive", "query", "--engine", s.table("none"), "SELECT 1 FROM records"}, exitFailed, []string{"TABLE_NOT_FOUND"}},
		{[]string{"hunt", s.table("none")}, exitFailed, []string{"no such table"}},
		{[]string{"hunt", "trino://" + s.server.Addr + "/system/runtime/queries"}, exitFailed, []string{"no archive of bucketlid (it lacks event_time", "no table of CloudTrail logs"}},
	} {
		var out, errs bytes.Buffer
		code := run(tt.args, strings.NewReader(""), &out, &errs)
		for _, want := range tt.want {
			if code != tt.code || !strings.Contains(errs.String(), want) {
				t.Errorf("%v: exit %d, want %d and %s:\n%s", tt.args, code, tt.code, want, errs.String())
			}
		}
	}
}

// A query that takes too long is ended at the server as well.
func (s *scale) cancelled(t *testing.T) {
	var out, errs bytes.Buffer
	code := run([]string{"archive", "query", "--engine", s.table("archive"), "--timeout", "5s",
		"SELECT count(*) AS unending FROM records a CROSS JOIN records b CROSS JOIN records c WHERE a.raw || b.raw || c.raw LIKE '%none%'"}, strings.NewReader(""), &out, &errs)
	if code != exitFailed || !strings.Contains(errs.String(), "took longer than 5s") {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	state := "SELECT state, error_code FROM system.runtime.queries WHERE query LIKE '%AS unending%' AND source = 'bucketlid'"
	for range 100 {
		rows := s.server.Do(t, state)
		if fmt.Sprint(rows) == "[[FAILED USER_CANCELED]]" {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Errorf("the server says: %v", s.server.Do(t, state))
}

// deliveredTable is the table of AWS's page "Query AWS CloudTrail logs", in
// Trino's words.
const deliveredTable = `CREATE TABLE logs.cloudtrail (eventversion varchar, useridentity ` + deliveredIdentity + `,
 eventtime varchar, eventsource varchar, eventname varchar, awsregion varchar, sourceipaddress varchar, useragent varchar, errorcode varchar, errormessage varchar,
 requestparameters varchar, responseelements varchar, additionaleventdata varchar, requestid varchar, eventid varchar,
 resources array(row(arn varchar, accountid varchar, type varchar)), eventtype varchar, apiversion varchar, readonly varchar, recipientaccountid varchar,
 serviceeventdetails varchar, sharedeventid varchar, vpcendpointid varchar) WITH (format = 'PARQUET')`

const deliveredIdentity = `row(type varchar, principalid varchar, arn varchar, accountid varchar, invokedby varchar, accesskeyid varchar, username varchar,
 sessioncontext row(attributes row(mfaauthenticated varchar, creationdate varchar), sessionissuer row(type varchar, principalid varchar, arn varchar, accountid varchar, username varchar)))`

// deliveredRows fills it with the records of the archive.
const deliveredRows = `INSERT INTO logs.cloudtrail SELECT json_extract_scalar(raw, '$.eventVersion'), CAST(json_extract(raw, '$.userIdentity') AS ` + deliveredIdentity + `),
 json_extract_scalar(raw, '$.eventTime'), json_extract_scalar(raw, '$.eventSource'), json_extract_scalar(raw, '$.eventName'), json_extract_scalar(raw, '$.awsRegion'),
 json_extract_scalar(raw, '$.sourceIPAddress'), json_extract_scalar(raw, '$.userAgent'), json_extract_scalar(raw, '$.errorCode'), json_extract_scalar(raw, '$.errorMessage'),
 json_format(json_extract(raw, '$.requestParameters')), json_format(json_extract(raw, '$.responseElements')), json_format(json_extract(raw, '$.additionalEventData')),
 json_extract_scalar(raw, '$.requestID'), json_extract_scalar(raw, '$.eventID'), CAST(json_extract(raw, '$.resources') AS array(row(arn varchar, accountid varchar, type varchar))),
 json_extract_scalar(raw, '$.eventType'), json_extract_scalar(raw, '$.apiVersion'), json_extract_scalar(raw, '$.readOnly'), json_extract_scalar(raw, '$.recipientAccountId'),
 json_format(json_extract(raw, '$.serviceEventDetails')), json_extract_scalar(raw, '$.sharedEventID'), json_extract_scalar(raw, '$.vpcEndpointId') FROM logs.archive`
