// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/archive/duckdb"
)

// archiveQuery is one run of archive query.
type archiveQuery struct {
	root    *string
	engine  string
	format  string
	timeout time.Duration
	memory  int64
	threads int
}

func newArchiveQuery(root *string) *cobra.Command {
	q := &archiveQuery{root: root}
	cmd := &cobra.Command{
		Use: "query SQL", Short: "Ask the archive with SQL",
		Long: "Run one SELECT (also WITH, DESCRIBE, SUMMARIZE) over the archive, as DuckDB understands it.\n" +
			"The view records has one row for each record; see its columns with: DESCRIBE records.\n" +
			"A query can read the archive's Parquet files and nothing else, and write nothing.\n" +
			"Naming account and day, user, source_ip, bucket or event_id makes it fast.",
		Example: "  bucketlid archive query \"SELECT event_time, event_name, source_ip FROM records WHERE user_name = 'ann' ORDER BY event_time\"\n" +
			"  bucketlid archive query -o csv - <question.sql",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("for example: bucketlid archive query 'SELECT count(*) FROM records'", "query needs one SQL text, or - for standard input; it has %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return q.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&q.format, "output", "o", "", "output `format`: table, jsonl, csv (default: table on a terminal, else jsonl)")
	flags.StringVar(&q.engine, "engine", "", "ask the same of a table of this `engine`: trino://host:port/catalog/schema/table or athena://workgroup/database.table")
	flags.DurationVar(&q.timeout, "timeout", time.Minute, "end the query after this `time`")
	flags.Int64Var(&q.memory, "memory", 512, "`MiB` that the engine may take")
	flags.IntVar(&q.threads, "threads", 0, "threads of the engine (0: one for each CPU)")
	return cmd
}

// maxSQL bounds what is read from standard input.
const maxSQL = 1 << 20

func (q *archiveQuery) run(cmd *cobra.Command, query string) error {
	if q.timeout <= 0 || q.memory < 32 {
		return usageError("for example: --timeout 5m --memory 512", "--timeout must be above 0 and --memory at least 32")
	}
	if query == "-" {
		text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxSQL))
		if err != nil {
			return fmt.Errorf("read the query: %w", err)
		}
		query = string(text)
	}
	out, err := newRowWriter(q.format, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	engine, err := q.open(cmd.Context())
	if err != nil {
		return err
	}
	defer engine.Close()
	ctx, cancel := context.WithTimeout(cmd.Context(), q.timeout)
	defer cancel()
	defer showSlow(cmd.ErrOrStderr(), query)()
	rows, err := engine.Query(ctx, query)
	if err == nil {
		err = writeRows(rows, out)
	}
	return q.failure(cmd.Context(), ctx, query, err)
}

// open opens the engine that was asked for: the embedded one over the archive's
// folder unless told otherwise.
func (q *archiveQuery) open(ctx context.Context) (archive.Engine, error) {
	if q.engine != "" {
		kind := engineOf(q.engine)
		if kind == nil {
			return nil, usageError("for example: --engine trino://host:port/catalog/schema/table", "--engine names no engine; engines: %s", engineNames())
		}
		return kind.open(ctx, q.engine)
	}
	a, err := openArchive(ctx, *q.root)
	if err != nil {
		return nil, err
	}
	engine, err := duckdb.Open(a, duckdb.Options{Memory: q.memory << 20, Threads: q.threads})
	if err != nil {
		a.Close()
		return nil, err
	}
	return &localEngine{engine, a}, nil
}

// slowAfter is when people are told that a query is still running.
const slowAfter = 3 * time.Second

// showSlow shows on a terminal a query that takes long. The returned function
// calls that off.
func showSlow(w io.Writer, query string) (done func()) {
	if !isTerminal(w) {
		return func() {}
	}
	timer := time.AfterFunc(slowAfter, func() {
		fmt.Fprintf(w, "still running (Ctrl-C ends it): %s\n", plain(queryText(query)))
	})
	return func() { timer.Stop() }
}

func queryText(query string) string {
	query = strings.Join(strings.Fields(query), " ")
	if runes := []rune(query); len(runes) > 300 {
		return string(runes[:300]) + "…"
	}
	return query
}

// failure tells why a query ended without its answer.
func (q *archiveQuery) failure(outer, ctx context.Context, query string, err error) error {
	var not *archive.NotSelectError
	switch {
	case err == nil:
		return nil
	case outer.Err() != nil:
		return &exitError{exitInterrupt, "interrupted: the query was ended", ""}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &exitError{exitFailed, fmt.Sprintf("the query took longer than %s and was ended: %s", q.timeout, queryText(query)),
			"name account and day in it, or give more --timeout"}
	case errors.As(err, &not):
		return usageError("for example: SELECT event_name, count(*) FROM records GROUP BY event_name", "%v", err)
	case strings.Contains(err.Error(), "Out of Memory Error"):
		return &exitError{exitFailed, fmt.Sprintf("the query needs more memory than %d MiB: %s", q.memory, queryText(query)),
			"ask for fewer columns or rows (WHERE, LIMIT), or give more --memory"}
	}
	return engineFailure(fmt.Errorf("query: %w", err))
}

// writeRows hands rows on, one at a time.
func writeRows(rows *sql.Rows, out rowWriter) error {
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	if err := out.head(names); err != nil {
		return err
	}
	values := make([]any, len(names))
	into := make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := out.row(values); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return out.end()
}
