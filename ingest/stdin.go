// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
)

// stream is a source of one object that can be read only once.
type stream struct {
	name string
	id   string
	open func() (io.ReadCloser, error)
	read atomic.Bool
}

func openStdin(_ context.Context, _ string, _ Filter, opts Options) (Source, error) {
	in := opts.Stdin
	if in == nil {
		in = os.Stdin
	}
	return &stream{name: "-", id: "-", open: func() (io.ReadCloser, error) { return io.NopCloser(in), nil }}, nil
}

// Objects yields the one object.
func (s *stream) Objects(ctx context.Context, yield func(Object) error, _ func(Problem)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return yield(Object{Name: s.name, Size: -1, ID: s.id, Open: s.openOnce})
}

func (s *stream) openOnce(ctx context.Context) (io.ReadCloser, error) {
	if s.read.Swap(true) {
		return nil, errors.New("a stream can be read only once")
	}
	rc, err := s.open()
	if err != nil {
		return nil, err
	}
	return newPump(ctx, rc), nil
}

// pumpBuffer is how much a pump reads at once, in bytes.
const pumpBuffer = 64 << 10

// pump reads a stream in a goroutine of its own, so that a cancelled context
// ends the reader though the stream stays silent: a read of a terminal or pipe
// cannot be interrupted. That goroutine stays until the stream next gives
// something, which at the end of a process costs nothing.
type pump struct {
	ctx    context.Context
	cancel context.CancelFunc
	full   chan chunk
	free   chan []byte
	cur    chunk
	off    int
}

type chunk struct {
	buf []byte
	n   int
	err error
}

func newPump(ctx context.Context, src io.ReadCloser) *pump {
	p := &pump{full: make(chan chunk), free: make(chan []byte, 2)}
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.free <- make([]byte, pumpBuffer)
	p.free <- make([]byte, pumpBuffer)
	go p.run(src)
	return p
}

func (p *pump) run(src io.ReadCloser) {
	defer src.Close()
	for {
		var c chunk
		select {
		case c.buf = <-p.free:
		case <-p.ctx.Done():
			return
		}
		c.n, c.err = src.Read(c.buf)
		select {
		case p.full <- c:
		case <-p.ctx.Done():
			return
		}
		if c.err != nil {
			return
		}
	}
}

// Read gives the next bytes of the stream or the context's error.
func (p *pump) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for p.off == p.cur.n {
		if p.cur.err != nil {
			return 0, p.cur.err
		}
		if p.cur.buf != nil {
			p.free <- p.cur.buf
		}
		p.cur, p.off = chunk{}, 0
		select {
		case p.cur = <-p.full:
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	}
	n := copy(b, p.cur.buf[p.off:p.cur.n])
	p.off += n
	return n, nil
}

// Close lets the goroutine end.
func (p *pump) Close() error {
	p.cancel()
	return nil
}
