// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/bucketlid/bucketlid/archive"
)

// Pages are the rows of one query, as the engine hands them out.
type Pages interface {
	// Columns are the names of the columns.
	Columns() []string
	// Next returns more rows, each with a value for every column; io.EOF follows
	// the last.
	Next(ctx context.Context) ([][]driver.Value, error)
	// Cancel tells the engine that no more rows are wanted. It is called unless
	// Next has returned io.EOF.
	Cancel()
}

// Start sends a query and returns when its columns are known.
type Start func(ctx context.Context, query string) (Pages, error)

// Open returns the engine that asks start for what a table holds. close frees
// what start uses.
func Open(t Table, start Start, close func() error) (archive.Engine, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	return &engine{table: t, db: sql.OpenDB(connector{start}), close: close}, nil
}

type engine struct {
	table Table
	db    *sql.DB
	close func() error
}

var errArguments = errors.New("this engine takes no arguments to a query")

// Query implements archive.Engine.
func (e *engine) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if len(args) > 0 {
		return nil, errArguments
	}
	text, err := Text(query, e.table)
	if err != nil {
		return nil, err
	}
	return e.db.QueryContext(ctx, text)
}

// Close implements archive.Engine.
func (e *engine) Close() error { return errors.Join(e.db.Close(), e.close()) }

// connector, conn and rows are the least of a driver: they query and do nothing
// else.
type connector struct{ start Start }

func (c connector) Connect(context.Context) (driver.Conn, error) { return conn(c), nil }

func (c connector) Driver() driver.Driver { return c }

func (c connector) Open(string) (driver.Conn, error) { return conn(c), nil }

type conn struct{ start Start }

var errOnlyQueries = errors.New("this engine answers queries only")

func (conn) Prepare(string) (driver.Stmt, error) { return nil, errOnlyQueries }
func (conn) Begin() (driver.Tx, error)           { return nil, errOnlyQueries }
func (conn) Close() error                        { return nil }

// QueryContext implements driver.QueryerContext.
func (c conn) QueryContext(ctx context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	pages, err := c.start(ctx, query)
	if err != nil {
		return nil, err
	}
	return &rows{ctx: ctx, pages: pages}, nil
}

// rows implements driver.Rows. Its context is the query's.
type rows struct {
	ctx   context.Context
	pages Pages
	page  [][]driver.Value
	ended bool
}

func (r *rows) Columns() []string { return r.pages.Columns() }

func (r *rows) Next(into []driver.Value) error {
	for len(r.page) == 0 {
		if r.ended {
			return io.EOF
		}
		page, err := r.pages.Next(r.ctx)
		if err != nil {
			r.ended = err == io.EOF
			return err
		}
		r.page = page
	}
	copy(into, r.page[0])
	r.page = r.page[1:]
	return nil
}

func (r *rows) Close() error {
	if !r.ended {
		r.ended = true
		r.pages.Cancel()
	}
	return nil
}
