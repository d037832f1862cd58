// SPDX-License-Identifier: Apache-2.0

//go:build cgo && (((linux || darwin) && (amd64 || arm64)) || (windows && amd64))

package duckdb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/bucketlid/bucketlid/archive"
)

// Built tells whether the program has DuckDB in it.
const Built = true

// engine is a DuckDB in memory with one view and no way to the outside.
type engine struct{ db *sql.DB }

// Open starts an engine over the archive as it was opened. It fails where a
// file of the archive is missing: an answer without its rows would look whole.
func Open(a *archive.Archive, opts Options) (archive.Engine, error) {
	if err := a.Whole(); err != nil {
		return nil, err
	}
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("start DuckDB: %w", err)
	}
	e := &engine{db: sql.OpenDB(connector)}
	statements, err := setup(a, opts.withDefaults(runtime.NumCPU()))
	if err == nil {
		err = teach(context.Background(), e.db)
	}
	for i := 0; i < len(statements) && err == nil; i++ {
		_, err = e.db.Exec(statements[i])
	}
	if err != nil {
		_ = e.db.Close()
		return nil, fmt.Errorf("open the archive with DuckDB: %w", err)
	}
	return e, nil
}

// setup makes the view and then locks the engine in: it can read the archive's
// Parquet files and no other file, write none, load no extension, and not change
// any of this. (DuckDB documentation, "Securing DuckDB")
func setup(a *archive.Archive, o Options) ([]string, error) {
	var paths []string
	for _, f := range a.Files() {
		path, err := filepath.Abs(a.Path(f))
		if err != nil {
			return nil, err
		}
		paths = append(paths, quoted(path))
	}
	list := "[" + strings.Join(paths, ", ") + "]"
	return []string{
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET GLOBAL TimeZone = 'UTC'",
		fmt.Sprintf("SET memory_limit = '%dB'", o.Memory),
		fmt.Sprintf("SET threads = %d", o.Threads),
		"SET temp_directory = ''",
		"SET preserve_insertion_order = false",
		"SET parquet_metadata_cache = true",
		"CREATE VIEW records AS " + view(len(paths), list),
		"SET allowed_paths = " + list,
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	}, nil
}

func view(files int, list string) string {
	if files > 0 {
		return "SELECT * FROM read_parquet(" + list + ", hive_partitioning = true, hive_types = {'account': VARCHAR, 'day': VARCHAR})"
	}
	var columns []string
	for _, c := range archive.Columns() {
		columns = append(columns, fmt.Sprintf("NULL::%s AS %s", emptyTypes[c.Type], c.Name))
	}
	for _, name := range archive.PartitionColumns {
		columns = append(columns, "NULL::VARCHAR AS "+name)
	}
	return "SELECT " + strings.Join(columns, ", ") + " WHERE false"
}

var emptyTypes = map[string]string{"string": "VARCHAR", "bigint": "BIGINT", "boolean": "BOOLEAN", "timestamp": "TIMESTAMPTZ", "binary": "BLOB"}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Query implements archive.Engine.
func (e *engine) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := e.onlySelect(ctx, query); err != nil {
		return nil, err
	}
	rows, err := e.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, stopped(ctx, err)
	}
	return rows, nil
}

// stopped tells the end of ctx from a failure of the query.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	return err
}

// Close implements archive.Engine.
func (e *engine) Close() error { return e.db.Close() }

// onlySelect lets DuckDB's own parser decide: it turns SELECT, and nothing else,
// into JSON. (DuckDB documentation, "SQL to and from JSON")
func (e *engine) onlySelect(ctx context.Context, query string) error {
	if strings.TrimSpace(query) == "" {
		return &archive.NotSelectError{Reason: "it is empty"}
	}
	var text string
	if err := e.db.QueryRowContext(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", query).Scan(&text); err != nil {
		return stopped(ctx, err)
	}
	var parsed struct {
		Error      bool              `json:"error"`
		Type       string            `json:"error_type"`
		Message    string            `json:"error_message"`
		Statements []json.RawMessage `json:"statements"`
	}
	if err := json.Unmarshal([]byte(text), &parsed); err != nil {
		return &archive.NotSelectError{Reason: "DuckDB cannot tell its kind"}
	}
	switch {
	case parsed.Error && parsed.Type == "parser":
		return fmt.Errorf("the SQL has a mistake: %s", parsed.Message)
	case parsed.Error:
		return &archive.NotSelectError{Reason: parsed.Message}
	case len(parsed.Statements) != 1:
		return &archive.NotSelectError{Reason: fmt.Sprintf("%d statements", len(parsed.Statements))}
	}
	return nil
}
