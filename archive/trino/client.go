// SPDX-License-Identifier: Apache-2.0

package trino

import (
	"bytes"
	"cmp"
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/archive/remote"
)

const (
	// maxPage bounds one reply of a server; Trino's own bound of a page is 16 MiB
	// and one row more.
	maxPage = 256 << 20
	// maxTries is how often a request is sent that a busy server puts off.
	maxTries = 8
	// silence is how long a server may take to begin its reply.
	silence = 2 * time.Minute
	// goodbye is how long the end of a query may take to be told.
	goodbye = 5 * time.Second
)

// firstPause is how long a request waits that is put off; each wait is twice as
// long as the one before. Only tests change it.
var firstPause = 50 * time.Millisecond

// Open returns an engine that asks the server of an address. No request is sent
// before the first query.
func Open(a Address) (archive.Engine, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = silence
	c := &client{address: a, http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("the server sends the request elsewhere, which is not followed")
	}}}
	return remote.Open(a.Table, c.start, func() error { transport.CloseIdleConnections(); return nil })
}

type client struct {
	address Address
	http    *http.Client
}

// reply is one of the server's ("QueryResults" of the REST API).
type reply struct {
	ID      string
	NextURI string
	Columns []column
	Data    [][]any
	Error   *failure
}

type column struct{ Name, Type string }

type failure struct {
	Message   string
	ErrorName string
}

// start sends a query and waits for its columns. A cluster whose workers are not
// there yet, or no longer, refuses a query that it takes a moment later.
func (c *client) start(ctx context.Context, query string) (remote.Pages, error) {
	pause := firstPause
	for try := 1; ; try++ {
		p, err := c.begin(ctx, query)
		if err == nil {
			return p, nil
		}
		if !p.noNodes || try == maxTries {
			return nil, err
		}
		if err := wait(ctx, pause); err != nil {
			return nil, err
		}
		pause *= 2
	}
}

func (c *client) begin(ctx context.Context, query string) (*pages, error) {
	p := &pages{client: c, query: query}
	first, err := c.send(ctx, http.MethodPost, "/v1/statement", query)
	if err == nil {
		err = p.take(first)
	}
	for err == nil && p.columns == nil && p.next != "" {
		err = p.advance(ctx)
	}
	if err != nil {
		p.Cancel()
	}
	return p, err
}

// pages are the rows of one query.
type pages struct {
	client  *client
	query   string
	id      string
	next    string // path and query of the next reply; "" at the end
	columns []column
	ready   [][]driver.Value
	noNodes bool // the cluster had no worker for the query
}

func (p *pages) Columns() []string {
	out := make([]string, len(p.columns))
	for i, c := range p.columns {
		out[i] = c.Name
	}
	return out
}

func (p *pages) Next(ctx context.Context) ([][]driver.Value, error) {
	for len(p.ready) == 0 {
		if p.next == "" {
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

func (p *pages) advance(ctx context.Context) error {
	r, err := p.client.send(ctx, http.MethodGet, p.next, "")
	if err != nil {
		return err
	}
	return p.take(r)
}

func (p *pages) take(r *reply) error {
	p.id = cmp.Or(p.id, r.ID)
	if r.Error != nil {
		p.next = ""
		p.noNodes = r.Error.ErrorName == "NO_NODES_AVAILABLE"
		return p.failed(r.Error)
	}
	if p.columns == nil {
		p.columns = r.Columns
	}
	p.next = ""
	if r.NextURI != "" {
		u, err := url.Parse(r.NextURI)
		if err != nil || !strings.HasPrefix(u.EscapedPath(), "/v1/") {
			return p.broken("it continues at no address of its own")
		}
		// Of the address the server gives, host and scheme are not taken: it may stand
		// behind a proxy, and who asks must not be told to others.
		p.next = u.RequestURI()
	}
	for _, row := range r.Data {
		values, err := p.row(row)
		if err != nil {
			return p.broken(err.Error())
		}
		p.ready = append(p.ready, values)
	}
	return nil
}

func (p *pages) row(row []any) ([]driver.Value, error) {
	if len(row) != len(p.columns) {
		return nil, fmt.Errorf("a row has %d values for %d columns", len(row), len(p.columns))
	}
	out := make([]driver.Value, len(row))
	for i, v := range row {
		var err error
		if out[i], err = value(p.columns[i].Type, v); err != nil {
			return nil, fmt.Errorf("column %s: %w", p.columns[i].Name, err)
		}
	}
	return out, nil
}

func (p *pages) failed(f *failure) error {
	where := p.client.address.String()
	if f.ErrorName == "PERMISSION_DENIED" {
		return &remote.PermissionError{Where: where, Reason: f.Message, Hint: "the user needs SELECT on the table"}
	}
	return &remote.QueryError{Where: where, ID: p.id, Reason: strings.TrimSpace(f.ErrorName + ": " + f.Message), Query: p.query}
}

func (p *pages) broken(why string) error {
	return &remote.QueryError{Where: p.client.address.String(), ID: p.id, Reason: "the server's reply cannot be understood: " + why, Query: p.query}
}

// Cancel ends the query at the server, also when the run's own context has ended.
func (p *pages) Cancel() {
	if p.next == "" {
		return
	}
	ctx, done := context.WithTimeout(context.Background(), goodbye)
	defer done()
	if req, err := p.client.request(ctx, http.MethodDelete, p.next, ""); err == nil {
		if res, err := p.client.http.Do(req); err == nil {
			res.Body.Close()
		}
	}
	p.next = ""
}

func (c *client) request(ctx context.Context, method, path, body string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.address.base.String()+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"X-Trino-User": cmp.Or(c.address.User, "bucketlid"), "X-Trino-Source": "bucketlid", "User-Agent": "bucketlid",
		"X-Trino-Catalog": c.address.Table.Catalog, "X-Trino-Schema": c.address.Table.Schema, "X-Trino-Time-Zone": "UTC",
		"X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
	} {
		req.Header.Set(name, value)
	}
	switch {
	case c.address.token != "":
		req.Header.Set("Authorization", "Bearer "+c.address.token)
	case c.address.password != "":
		req.SetBasicAuth(c.address.User, c.address.password)
	}
	return req, nil
}

// send sends one request, and again while the server is too busy for it.
func (c *client) send(ctx context.Context, method, path, body string) (*reply, error) {
	pause := firstPause
	for try := 1; ; try++ {
		r, again, err := c.once(ctx, method, path, body)
		if !again || try == maxTries {
			return r, err
		}
		if err := wait(ctx, pause); err != nil {
			return nil, err
		}
		pause *= 2
	}
}

// wait returns after a pause, or with an error as soon as the context ends.
func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

func (c *client) once(ctx context.Context, method, path, body string) (r *reply, again bool, err error) {
	req, err := c.request(ctx, method, path, body)
	if err != nil {
		return nil, false, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, false, context.Cause(ctx)
		}
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address, which the error names anyway
		}
		return nil, false, fmt.Errorf("%s: the server does not answer: %w; see that it runs, and that host, port and TLS are right", c.address, err)
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		r, err = c.decode(ctx, res.Body)
		return r, false, err
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return nil, true, fmt.Errorf("%s: the server is too busy: %s", c.address, res.Status)
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, false, &remote.PermissionError{Where: c.address.String(), Reason: "the server refused the sign-in: " + res.Status,
			Hint: "give user and password (TRINO_USER, TRINO_PASSWORD) or a token (TRINO_ACCESS_TOKEN)"}
	}
	text, _ := io.ReadAll(io.LimitReader(res.Body, 300))
	return nil, false, fmt.Errorf("%s: the server answers %s: %s", c.address, res.Status, strings.Join(strings.Fields(string(text)), " "))
}

func (c *client) decode(ctx context.Context, body io.Reader) (*reply, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxPage+1))
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("%s: the reply ended early: %w", c.address, err)
	case len(text) > maxPage:
		return nil, fmt.Errorf("%s: a reply is larger than %d MiB; ask for fewer columns", c.address, maxPage>>20)
	}
	var r reply
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("%s: this is no Trino server, its reply cannot be read: %w", c.address, err)
	}
	return &r, nil
}
