// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// fetchLimit is the largest object that is downloaded ahead, in bytes; larger
// ones are read as they are handled. It bounds the memory that fetching ahead
// takes: so much for each download and each worker.
const fetchLimit = 8 << 20

// task is one object on its way to a worker.
type task struct {
	run      context.Context // of the whole run
	obj      Object
	progress *Progress
	fetched  bool
	body     []byte
	err      error
	counted  int64 // stored bytes counted into progress
}

func newTask(run context.Context, o Object, p *Progress) *task {
	return &task{run: run, obj: o, progress: p}
}

func (t *task) small() bool { return t.obj.Size >= 0 && t.obj.Size <= fetchLimit }

// fetch reads the object into memory. A failure is kept for whoever opens it.
func (t *task) fetch(ctx context.Context) {
	t.fetched = true
	rc, err := t.obj.Open(ctx)
	if err != nil {
		t.err = err
		return
	}
	defer rc.Close()
	buf := bytes.NewBuffer(make([]byte, 0, t.obj.Size+bytes.MinRead))
	// An object that was replaced by a larger one since it was listed must
	// not take more memory than planned.
	n, err := buf.ReadFrom(io.LimitReader(rc, fetchLimit+1))
	if err == nil && n > fetchLimit {
		t.fetched = false
		return
	}
	t.body, t.err = buf.Bytes(), err
}

// object is what the worker sees: opening it gives errors that name the object,
// reading it counts, and both end with the run: another worker's failure must
// not wait for a stream that stays silent.
func (t *task) object() Object {
	o := t.obj
	o.Open = func(ctx context.Context) (io.ReadCloser, error) {
		ctx, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(t.run, cancel)
		rc, err := t.open(ctx)
		if err != nil {
			stop()
			cancel()
			return nil, t.wrap(err)
		}
		return &counted{t: t, rc: rc, end: func() { stop(); cancel() }}, nil
	}
	return o
}

func (t *task) open(ctx context.Context) (io.ReadCloser, error) {
	if !t.fetched {
		return t.obj.Open(ctx)
	}
	if t.err != nil && len(t.body) == 0 {
		return nil, t.err
	}
	return &fetchedBody{r: bytes.NewReader(t.body), err: t.err}, nil
}

func (t *task) wrap(err error) error {
	var oe *ObjectError
	if errors.As(err, &oe) {
		return err
	}
	return &ObjectError{Object: t.obj.Name, Err: err}
}

// finish counts what the worker did not care to read.
func (t *task) finish() {
	t.progress.addBytes(t.obj.Size - t.counted)
	t.progress.addDone()
}

// fetchedBody gives what was downloaded, then the error that ended the download.
type fetchedBody struct {
	r   *bytes.Reader
	err error
}

func (f *fetchedBody) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err == io.EOF && f.err != nil {
		err = f.err
	}
	return n, err
}

func (*fetchedBody) Close() error { return nil }

// counted counts bytes as they are read.
type counted struct {
	t   *task
	rc  io.ReadCloser
	end func()
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.t.run.Err(); err != nil {
		return 0, err
	}
	n, err := c.rc.Read(p)
	c.t.counted += int64(n)
	c.t.progress.addBytes(int64(n))
	if err != nil && err != io.EOF {
		err = c.t.wrap(err)
	}
	return n, err
}

func (c *counted) Close() error {
	defer c.end()
	return c.rc.Close()
}
