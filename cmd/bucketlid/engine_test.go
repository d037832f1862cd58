// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/archive/duckdb"
	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/triage"
)

// oddOnes are records of which no sum of columns would be right.
const oddOnes = `{"eventVersion":"1.11","eventTime":"2026-03-04T09:00:00Z","eventSource":"s3.amazonaws.com","eventName":"PutBucketAcl","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.7","userAgent":"aws-cli/2","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/odd","userName":"odd"},"requestParameters":{"bucketName":"odd-bucket","x-amz-acl":"public-read"},"recipientAccountId":"111122223333","eventID":"short"}
{"eventVersion":"1.11","eventTime":"yesterday","eventSource":"s3.amazonaws.com","eventName":"PutBucketAcl","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.7","userAgent":"aws-cli/2","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/odd","userName":"odd"},"requestParameters":{"bucketName":"undated-bucket","x-amz-acl":"public-read"},"recipientAccountId":"111122223333","eventID":"0ddba11e-0000-4000-8000-000000000001"}
{"eventVersion":"1.11","eventTime":"2026-03-04T09:10:00Z","eventSource":"s3.amazonaws.com","eventName":"DeleteObject","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.8","userAgent":"[ключ ключ]","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/build/i-0123456789abcdef0"},"requestParameters":{"bucketName":"odd-bucket","key":"a\"b"},"recipientAccountId":"111122223333","eventID":"0ddba11e-0000-4000-8000-000000000002"}
{"eventVersion":"1.11","eventTime":"2026-03-04T09:20:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.9","userAgent":"curl/8","userIdentity":{"type":"AWSAccount","accountId":"anonymous"},"requestParameters":{"bucketName":"odd-bucket","key":"k"},"recipientAccountId":"111122223333","eventID":"0ddba11e-0000-4000-8000-000000000003"}
`

// engineLogs writes logs, and an archive of them.
func engineLogs(t *testing.T, records, days int) (logs, root string) {
	t.Helper()
	dir := t.TempDir()
	logs, root = filepath.Join(dir, "logs"), filepath.Join(dir, "warehouse", "archive")
	if _, err := gentrail.Write(logs, gentrail.Config{Seed: 9, Records: records, Days: days, Files: 60, Gzip: true, Duplicates: 0.02, CrossAccount: 0.02}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(logs, "odd.json"), []byte(oddOnes), 0o644); err != nil {
		t.Fatal(err)
	}
	jsonl(t, "archive", "load", "--archive", root, logs)
	return logs, root
}

// huntFilters are ways to narrow a hunt.
var huntFilters = [][]string{
	nil,
	{"--account", "111122223333,222233334444", "--region", "eu-west-1", "--from", "2026-03-03", "--to", "2026-03-06T12:00:00Z"},
}

// What a query engine finds in a table is what a hunt finds in the files, to the
// byte; only the summary's counts of what was read may differ.
func TestHuntByAnEngineEqualsHuntInFiles(t *testing.T) {
	logs, root := engineLogs(t, 4_000, 7)
	for _, filter := range huntFilters {
		hunt := func(source string) []string {
			return results(jsonl(t, slices.Concat([]string{"hunt", source, "-q", "-o", "jsonl"}, filter)...))
		}
		inFiles := hunt(logs)
		if len(inFiles) < 10 || !slices.Equal(inFiles, hunt(embedded(t, root))) {
			t.Errorf("%v: the engine finds something else than the %d lines from files", filter, len(inFiles))
		}
	}
}

// An investigation over an engine says what one over the files says.
func TestInvestigationByAnEngine(t *testing.T) {
	logs, root := engineLogs(t, 1_500, 4)
	sameByEngine(t, logs, embedded(t, root), ingest.Filter{From: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)})
}

// sameByEngine investigates all alerts but a few, and their parties.
func sameByEngine(t *testing.T, logs, engine string, filter ingest.Filter) {
	t.Helper()
	h := &hunt{workers: 1, filter: filter}
	if err := h.read(t.Context(), []string{logs}); err != nil {
		t.Fatal(err)
	}
	alerts := triage.Rank(h.ledger, h.baseline, triage.Known{}).Alerts
	if len(alerts) < 3 {
		t.Fatalf("%d alerts", len(alerts))
	}
	same := func(kind investigate.Kind, text string) {
		want, got := inquest(t, kind, text, logs, "", nothing, filter), inquest(t, kind, text, logs, engine, nothing, filter)
		if want != got {
			t.Errorf("%s %s over %s: %s", kind, text, engine, firstOther(strings.Split(want, "\n"), strings.Split(got, "\n")))
		}
	}
	for i := range alerts[:min(3, len(alerts))] {
		same(investigate.Alert, alerts[i].ID)
		for _, party := range investigate.PartiesOf(&alerts[i]) {
			same(party.Kind, party.Text)
		}
	}
}

// embedded is the source of an archive, where this build has the engine for it.
func embedded(t *testing.T, root string) string {
	t.Helper()
	a, err := archive.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	engine, err := duckdb.Open(a, duckdb.Options{})
	if errors.Is(err, duckdb.ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = engine.Close()
	return "archive://" + root
}

func TestEnginesAreRefusedPlainly(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"hunt", "archive://" + t.TempDir()}, exitUsage, "no archive here"},
		{[]string{"hunt", "archive://"}, exitUsage, "names no folder"},
		{[]string{"hunt", "trino://host/hive/s"}, exitUsage, "names no catalog, schema and table"},
		{[]string{"hunt", "trino://ann:hunter2@host/hive/s/t?tls=off"}, exitUsage, "not sent without TLS"},
		{[]string{"hunt", "trino://127.0.0.1:1/hive/s/t"}, exitFailed, "does not answer"},
		{[]string{"hunt", "athena://primary/table"}, exitUsage, "names no database and table"},
		{[]string{"coverage", "trino://ann:hunter2@host/hive/s/t"}, exitUsage, "which only hunt and archive query ask"},
		{[]string{"investigate", "user", "alice", "--engine", "oracle://x"}, exitUsage, "oracle://x names no engine"},
		{[]string{"investigate", "user", "alice", "trino://127.0.0.1:1/hive/s/t"}, exitUsage, "narrow it by --account, --from or --to"},
		{[]string{"investigate", "user", "alice", "--engine", "trino://127.0.0.1:1/hive/s/t", "--from", "2026-08-01"}, exitFailed, "the server does not answer"},
		{[]string{"archive", "query", "--engine", "oracle://x", "SELECT 1"}, exitUsage, "engines: archive://, trino://, athena://"},
		{[]string{"archive", "query", "--engine", "trino://127.0.0.1:1/hive/s/t", "DROP TABLE t"}, exitUsage, "it begins with DROP"},
	} {
		var out, errs bytes.Buffer
		if code := run(tt.args, strings.NewReader(""), &out, &errs); code != tt.code || !strings.Contains(errs.String(), tt.want) || strings.Contains(errs.String(), "hunter2") {
			t.Errorf("%v: exit %d, want %d:\n%s", tt.args, code, tt.code, errs.String())
		}
	}
}
