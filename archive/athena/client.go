// SPDX-License-Identifier: Apache-2.0

package athena

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/smithy-go/logging"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/archive/remote"
)

const (
	longestPause = 5 * time.Second
	// goodbye is how long the end of a query may take to be told.
	goodbye = 5 * time.Second
	// pageRows is the most that GetQueryResults gives at once.
	pageRows = 1000
)

// firstPause is how long the first wait for an answer is; each is half as long
// again as the one before. Only tests change it.
var firstPause = 200 * time.Millisecond

// Open signs in with the usual settings of AWS and returns an engine that asks
// for the address's table.
func Open(ctx context.Context, a Address) (archive.Engine, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithLogger(logging.Nop{}))
	if err != nil {
		return nil, &remote.PermissionError{Where: a.String(), Reason: err.Error(), Hint: hintSignIn}
	}
	if cfg.Region == "" {
		return nil, fmt.Errorf("%s: no Region is set; name the one of the workgroup: AWS_REGION=eu-west-1", a)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, &remote.PermissionError{Where: a.String(), Reason: "AWS sign-in failed (" + short(err) + ")", Hint: hintSignIn}
	}
	c := &client{address: a, api: athena.NewFromConfig(cfg)}
	return remote.Open(a.Table, c.start, func() error { return nil })
}

type client struct {
	address Address
	api     *athena.Client
}

// start sends a query, waits for its end and reads the first rows: Athena gives
// none before.
func (c *client) start(ctx context.Context, query string) (remote.Pages, error) {
	in := &athena.StartQueryExecutionInput{
		QueryString: &query, WorkGroup: &c.address.WorkGroup,
		QueryExecutionContext: &types.QueryExecutionContext{Database: &c.address.Table.Schema},
	}
	if c.address.Table.Catalog != "" {
		in.QueryExecutionContext.Catalog = &c.address.Table.Catalog
	}
	if c.address.Output != "" {
		in.ResultConfiguration = &types.ResultConfiguration{OutputLocation: &c.address.Output}
	}
	started, err := c.api.StartQueryExecution(ctx, in)
	if err != nil {
		return nil, c.failed(ctx, err, "athena:StartQueryExecution", query, "")
	}
	p := &pages{client: c, query: query, id: aws.ToString(started.QueryExecutionId), more: true}
	if err := p.await(ctx); err != nil {
		return nil, err
	}
	return p, p.advance(ctx)
}

// pages are the rows of one query.
type pages struct {
	client  *client
	query   string
	id      string
	token   *string
	more    bool
	columns []types.ColumnInfo
	ready   [][]driver.Value
}

// await waits until the query has ended. When ctx ends first, the query is
// stopped.
func (p *pages) await(ctx context.Context) error {
	for pause := firstPause; ; pause = min(pause*3/2, longestPause) {
		got, err := p.client.api.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: &p.id})
		if err != nil {
			p.stop()
			return p.client.failed(ctx, err, "athena:GetQueryExecution", p.query, p.id)
		}
		status := types.QueryExecutionStatus{}
		if got.QueryExecution != nil && got.QueryExecution.Status != nil {
			status = *got.QueryExecution.Status
		}
		switch status.State {
		case types.QueryExecutionStateSucceeded:
			return nil
		case types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
			return p.ended(status)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			p.stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
}

// stop ends the query at Athena, also when the run's own context has ended.
func (p *pages) stop() {
	ctx, done := context.WithTimeout(context.Background(), goodbye)
	defer done()
	_, _ = p.client.api.StopQueryExecution(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: &p.id})
}

func (p *pages) Columns() []string {
	out := make([]string, len(p.columns))
	for i, c := range p.columns {
		out[i] = aws.ToString(c.Name)
	}
	return out
}

// Cancel has nothing to end: rows come after the query has ended.
func (p *pages) Cancel() {}

func (p *pages) Next(ctx context.Context) ([][]driver.Value, error) {
	for len(p.ready) == 0 {
		if !p.more {
			return nil, io.EOF
		}
		if err := p.advance(ctx); err != nil {
			return nil, err
		}
	}
	rows := p.ready
	p.ready = nil
	return rows, nil
}

var errNoColumns = errors.New("the answer tells no columns")

func (p *pages) advance(ctx context.Context) error {
	got, err := p.client.api.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: &p.id, NextToken: p.token, MaxResults: aws.Int32(pageRows)})
	if err != nil {
		return p.client.failed(ctx, err, "athena:GetQueryResults", p.query, p.id)
	}
	p.token, p.more = got.NextToken, got.NextToken != nil
	if got.ResultSet == nil || got.ResultSet.ResultSetMetadata == nil {
		return p.broken(errNoColumns)
	}
	rows := got.ResultSet.Rows
	if p.columns == nil {
		p.columns = got.ResultSet.ResultSetMetadata.ColumnInfo
		// The first row of the first page repeats the names of the columns ("Work with
		// query results and recent queries").
		rows = rows[min(1, len(rows)):]
	}
	for _, row := range rows {
		values, err := p.row(row)
		if err != nil {
			return p.broken(err)
		}
		p.ready = append(p.ready, values)
	}
	return nil
}

func (p *pages) row(row types.Row) ([]driver.Value, error) {
	if len(row.Data) != len(p.columns) {
		return nil, fmt.Errorf("a row has %d values for %d columns", len(row.Data), len(p.columns))
	}
	out := make([]driver.Value, len(row.Data))
	for i, d := range row.Data {
		var err error
		if out[i], err = value(aws.ToString(p.columns[i].Type), d.VarCharValue); err != nil {
			return nil, fmt.Errorf("column %s: %w", aws.ToString(p.columns[i].Name), err)
		}
	}
	return out, nil
}
