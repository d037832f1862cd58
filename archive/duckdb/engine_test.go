// SPDX-License-Identifier: Apache-2.0

//go:build cgo && (((linux || darwin) && (amd64 || arm64)) || (windows && amd64))

package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/trail"
)

const records = `{"eventVersion":"1.0","eventName":"PutBucketAcl","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T10:00:00Z","recipientAccountId":"111122223333","eventID":"a","sourceIPAddress":"203.0.113.7","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann","userName":"ann"},"requestParameters":{"bucketName":"acme"},"readOnly":false}
{"eventVersion":"1.0","eventName":"GetObject","eventSource":"s3.amazonaws.com","eventTime":"2026-03-03T10:00:00Z","recipientAccountId":"111122223333","eventID":"b","sourceIPAddress":"198.51.100.1","requestParameters":{"bucketName":"acme","key":"x'y"},"readOnly":"true"}
{"eventVersion":"1.0","eventName":"Odd","eventSource":"ec2.amazonaws.com","eventTime":"never","recipientAccountId":"?","eventID":"c"}`

// load makes an archive of some records in a folder whose name has to be quoted.
func load(t testing.TB, text string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "it's an archive")
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
	r.Begin("test")
	if _, err := trail.Scan(strings.NewReader(text), trail.Options{}, r.Add, nil); err != nil {
		t.Fatal(err)
	}
	if err := r.End(1, "sum", true); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return root
}

func start(t testing.TB, root string, o Options) archive.Engine {
	t.Helper()
	a, err := archive.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	e, err := Open(a, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// answer is a query's rows, columns parted by a bar.
func answer(ctx context.Context, e archive.Engine, query string, args ...any) ([]string, error) {
	rows, err := e.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []string
	for rows.Next() {
		values := make([]any, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		var texts []string
		for _, v := range values {
			text := fmt.Sprint(v)
			if v == nil {
				text = "NULL"
			}
			texts = append(texts, text)
		}
		out = append(out, strings.Join(texts, "|"))
	}
	return out, rows.Err()
}

func TestQueries(t *testing.T) {
	e := start(t, load(t, records), Options{})
	for query, want := range map[string][]string{
		"SELECT count(*) FROM records":                                                       {"3"},
		"SELECT event_id, account, day FROM records ORDER BY 1;":                             {"a|111122223333|2026-03-02", "b|111122223333|2026-03-03", "c|unknown|unknown"},
		"SELECT event_id, read_only, event_time::VARCHAR FROM records ORDER BY 1":            {"a|false|2026-03-02 10:00:00+00", "b|true|2026-03-03 10:00:00+00", "c|NULL|NULL"},
		"SELECT event_id FROM records WHERE event_time >= '2026-03-03'":                      {"b"},
		"SELECT event_id FROM records WHERE day = '2026-03-02' AND account = '111122223333'": {"a"},
		"SELECT event_id FROM records WHERE source_ip = '203.0.113.7'":                       {"a"},
		"SELECT object_key FROM records WHERE bucket = 'acme' AND event_name = 'GetObject'":  {"x'y"},
		"WITH s AS (SELECT principal FROM records WHERE user_name = 'ann') SELECT * FROM s":  {"arn:aws:iam::111122223333:user/ann"},
		"SELECT raw->>'$.requestParameters.bucketName' FROM records WHERE event_id = 'a'":    {"acme"},
		"-- a remark\nSELECT 1": {"1"},
		"SELECT column_name, column_type FROM (DESCRIBE records) WHERE column_name IN ('raw', 'event_time')": {"event_time|TIMESTAMP WITH TIME ZONE", "raw|VARCHAR"},
	} {
		got, err := answer(t.Context(), e, query)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q, %v\nwant %q", query, got, err, want)
		}
	}
	if got, err := answer(t.Context(), e, "SELECT event_id FROM records WHERE bucket = ? ORDER BY 1 DESC", "acme"); err != nil || !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("with an argument: %q, %v", got, err)
	}
	if got, err := answer(t.Context(), e, "DESCRIBE records"); err != nil || len(got) != len(archive.Columns())+len(archive.PartitionColumns) {
		t.Errorf("columns: %q, %v", got, err)
	}
	if _, err := answer(t.Context(), e, "SUMMARIZE records"); err != nil {
		t.Error(err)
	}
}

// What is not one SELECT is refused by name, and changes nothing.
func TestOnlySelectsRun(t *testing.T) {
	e := start(t, load(t, records), Options{})
	out := filepath.Join(t.TempDir(), "written")
	for _, query := range []string{
		"", " ", "SELECT 1; DROP VIEW records", "DROP VIEW records; SELECT 1", "SELECT 1; SELECT 2",
		"DELETE FROM records", "CREATE TABLE x AS SELECT 1", "INSERT INTO x VALUES (1)", "UPDATE records SET raw = ''",
		"COPY records TO '" + out + "'", "COPY (SELECT 1) TO '" + out + "' (FORMAT csv)", "EXPORT DATABASE '" + out + "'",
		"ATTACH '" + out + "' AS x", "INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true",
		"PRAGMA database_list", "CALL pragma_version()", "CHECKPOINT", "VACUUM", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1",
		"SET VARIABLE x = 1", "RESET memory_limit", "BEGIN", "PREPARE p AS SELECT 1", "USE memory",
	} {
		_, err := answer(t.Context(), e, query)
		var not *archive.NotSelectError
		if !errors.As(err, &not) {
			t.Errorf("%q: %v", query, err)
		}
	}
	for _, query := range []string{"SELEC 1", "SELECT 'open", "SELECT (((", "\x00", "SELECT * FROM nothing", "WITH a AS (DELETE FROM records RETURNING *) SELECT * FROM a", "SELECT * FROM query('DROP VIEW records')"} {
		if _, err := answer(t.Context(), e, query); err == nil {
			t.Errorf("%q is no query, but runs", query)
		}
	}
	if got, err := answer(t.Context(), e, "SELECT count(*) FROM records"); err != nil || got[0] != "3" {
		t.Errorf("afterwards: %v, %v", got, err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a query wrote a file")
	}
}

// A SELECT reads the archive's Parquet files and no other file or address.
func TestOtherFilesAreOutOfReach(t *testing.T) {
	root := load(t, records)
	e := start(t, root, Options{})
	secret := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(secret, []byte("password\nhunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	manifest, err := filepath.Glob(filepath.Join(root, "_manifest", "*.jsonl"))
	if err != nil || len(manifest) == 0 {
		t.Fatal("no manifest found")
	}
	for _, path := range []string{secret, manifest[0], "/etc/passwd", filepath.Join(root, "..", "x.parquet"), "http://127.0.0.1:1/x", "s3://bucket/x"} {
		name := strings.ReplaceAll(path, "'", "''")
		for _, form := range []string{"SELECT * FROM read_text('%s')", "SELECT * FROM read_blob('%s')", "SELECT * FROM read_csv('%s')", "SELECT * FROM read_json('%s')",
			"SELECT * FROM read_parquet('%s')", "SELECT * FROM '%s'", "SELECT * FROM sniff_csv('%s')", "SELECT * FROM parquet_metadata('%s')", "SELECT * FROM glob('%s*')"} {
			query := fmt.Sprintf(form, name)
			if got, err := answer(t.Context(), e, query); err == nil {
				t.Errorf("%s: %q", query, got)
			}
		}
	}
	if got, err := answer(t.Context(), e, "SELECT value FROM duckdb_settings() WHERE name IN ('enable_external_access', 'lock_configuration') ORDER BY name"); err != nil || !slices.Equal(got, []string{"false", "true"}) {
		t.Errorf("settings: %q, %v", got, err)
	}
}

// Two queries that never end by themselves: one that computes, one that would
// fill the memory.
const endless = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"

func TestAQueryEndsWithItsContext(t *testing.T) {
	e := start(t, load(t, records), Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := answer(ctx, e, endless); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if got, err := answer(t.Context(), e, "SELECT 1"); err != nil || got[0] != "1" {
		t.Errorf("the next query: %v, %v", got, err)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	e := start(t, load(t, records), Options{Memory: 64 << 20})
	if _, err := answer(t.Context(), e, "SELECT list(range::VARCHAR || 'xxxxxxxxxxxxxxxxxxxxxxxxxxxx') FROM range(50000000)"); err == nil || !strings.Contains(err.Error(), "Out of Memory") {
		t.Errorf("error %v", err)
	}
	if got, err := answer(t.Context(), e, "SELECT 1"); err != nil || got[0] != "1" {
		t.Errorf("the next query: %v, %v", got, err)
	}
}

// An archive from which everything was pruned has the view, with no rows.
func TestEmptyArchive(t *testing.T) {
	root := load(t, records)
	a, err := archive.OpenWriter(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Prune(a.Files()); err != nil {
		t.Fatal(err)
	}
	a.Close()
	full, empty := start(t, load(t, records), Options{}), start(t, root, Options{})
	const columns = "SELECT column_name, column_type FROM (DESCRIBE records)"
	want, err := answer(t.Context(), full, columns)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := answer(t.Context(), empty, columns); err != nil || !slices.Equal(got, want) {
		t.Errorf("columns %q, %v, want %q", got, err, want)
	}
	if got, err := answer(t.Context(), empty, "SELECT count(*) FROM records"); err != nil || got[0] != "0" {
		t.Errorf("rows: %v, %v", got, err)
	}
}

func TestAMissingFileIsNoAnswer(t *testing.T) {
	root := load(t, records)
	a, err := archive.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := os.RemoveAll(filepath.Dir(a.Path(a.Files()[0]))); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(a, Options{}); err == nil || !strings.Contains(err.Error(), "archive verify") {
		t.Errorf("error %v", err)
	}
}

// A file whose middle is damaged fails the query that reads it.
func TestADamagedFileIsAnError(t *testing.T) {
	root := load(t, records)
	a, err := archive.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, f := range a.Files() {
		data, err := os.ReadFile(a.Path(f))
		if err != nil {
			t.Fatal(err)
		}
		for i := 4; i < len(data)-8; i++ {
			data[i] = 0xFF
		}
		if err := os.WriteFile(a.Path(f), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	e, err := Open(a, Options{})
	if err == nil {
		_, err = answer(t.Context(), e, "SELECT raw FROM records")
	}
	if err == nil {
		t.Error("a damaged file gives an answer")
	}
}

func FuzzQueryChangesNothing(f *testing.F) {
	for _, seed := range []string{"SELECT 1", "SELECT 1; DROP VIEW records", "/* */ DROP VIEW records", "FROM records", "VALUES (1)", "TABLE records"} {
		f.Add(seed)
	}
	e := start(f, load(f, records), Options{Memory: 64 << 20, Threads: 1})
	f.Fuzz(func(t *testing.T, query string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _ = answer(ctx, e, query)
		if got, err := answer(t.Context(), e, "SELECT count(*) FROM main.records"); err != nil || got[0] != "3" {
			t.Errorf("after %q: %v, %v", query, got, err)
		}
	})
}
