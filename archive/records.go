// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/bucketlid/bucketlid/trail"
)

// Visit takes one record of the archive as trail.Scan hands it on: its header
// and its own bytes, both valid until Visit returns. object and h.Offset tell
// where it was loaded from.
type Visit func(object string, h *trail.Header, raw []byte) error

// Extent is what a reading of records goes through.
type Extent struct {
	Files    int64
	Bytes    int64 // of these files
	RawBytes int64 // of the records in them
}

// Extent is what Records reads with the same filter.
func (a *Archive) Extent(f Filter) Extent {
	var out Extent
	for _, file := range a.covered(&f) {
		out.Files, out.Bytes, out.RawBytes = out.Files+1, out.Bytes+file.Bytes, out.RawBytes+file.RawBytes
	}
	return out
}

// covered lists the files that can hold records of the accounts and the times
// of a filter. What lies under Unknown can be of any.
func (a *Archive) covered(f *Filter) []File {
	var out []File
	for _, file := range a.Files() {
		part, narrow := file.Partition(), *f
		if part.Account == Unknown {
			narrow.Accounts = nil
		}
		if part.Day == Unknown {
			narrow.From, narrow.To = time.Time{}, time.Time{}
		}
		if narrow.takes(&file) {
			out = append(out, file)
		}
	}
	return out
}

// Records hands every record of the files that can hold records of the filter's
// accounts and times to one of the visits, in no order; each visit is called by
// one goroutine. Other fields of the filter do not narrow, and the files hold
// records beside those asked for. It needs no query engine, and memory for a
// few pages of each worker. read, which may be nil, is told of each file that
// was read.
//
// The error is that of a visit, the end of ctx, or one that names the file: a
// *MissingError before anything is read, a *DamagedError later.
func (a *Archive) Records(ctx context.Context, f Filter, visits []Visit, read func(File)) error {
	files := a.covered(&f)
	if err := a.whole(files); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	tasks := make(chan groupTask)
	var workers sync.WaitGroup
	for _, visit := range visits {
		workers.Go(func() {
			for t := range tasks {
				if err := t.run(ctx, visit); err != nil {
					stop(err)
				}
				t.done(1)
			}
		})
	}
	err := a.dispatch(ctx, files, tasks, read)
	close(tasks)
	workers.Wait()
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

// dispatch opens the files and makes a task of each of their row groups.
func (a *Archive) dispatch(ctx context.Context, files []File, tasks chan<- groupTask, read func(File)) error {
	for _, file := range files {
		s, err := openStored(a.Path(file))
		if err != nil {
			return err
		}
		groups := s.file.RowGroups()
		var rows int64
		for _, g := range groups {
			rows += g.NumRows()
		}
		if rows != file.Rows {
			s.close()
			return damaged(a.Path(file), fmt.Errorf("%d rows, the manifest counts %d", rows, file.Rows))
		}
		open := &openFile{stored: s, file: file, path: a.Path(file), read: read}
		open.left.Store(int64(len(groups)))
		for g := range groups {
			select {
			case tasks <- groupTask{open, g}:
			case <-ctx.Done():
				open.done(len(groups) - g)
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

// openFile is a file whose row groups are being read.
type openFile struct {
	*stored
	file File
	path string
	read func(File)
	left atomic.Int64 // row groups
}

// groupTask is one row group to read.
type groupTask struct {
	*openFile
	group int
}

// done counts row groups that are read, or will not be, and closes the file
// after the last.
func (o *openFile) done(groups int) {
	if o.left.Add(-int64(groups)) > 0 {
		return
	}
	o.close()
	if o.read != nil {
		o.read(o.file)
	}
}

// run hands the records of the row group on.
func (t *groupTask) run(ctx context.Context, visit Visit) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r := &groupReader{ctx: ctx, task: t, next: []byte(`{"Records":[`)}
	defer r.close()
	var failed error // of the visit
	var unread string
	_, err := trail.Scan(r, trail.Options{}, func(h *trail.Header, raw []byte) error {
		place, ok := r.place(h.Offset)
		if !ok {
			return fmt.Errorf("a record begins at %d of its row group, where none was written", h.Offset)
		}
		h.Offset = place.offset
		// The account of an envelope is not in the record, but gave the folder.
		if account := t.file.Partition().Account; len(h.RecipientAccountID) == 0 && account != Unknown {
			h.RecipientAccountID = []byte(account)
		}
		failed = visit(place.object, h, raw)
		return failed
	}, func(s trail.Skip) { unread = s.Reason })
	switch {
	case failed != nil:
		return failed
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil && unread != "":
		err = fmt.Errorf("a record of it cannot be read: %s", unread)
	case err == nil && len(r.places) > 0:
		err = fmt.Errorf("%d of its records cannot be read", len(r.places))
	}
	var known *DamagedError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return damaged(t.path, err)
}

// place is where a record stands among those of its row group, and where it
// was loaded from.
type place struct {
	at     int64
	object string
	offset int64
}

// groupReader writes the records of a row group as a CloudTrail log file.
type groupReader struct {
	ctx    context.Context
	task   *groupTask
	raw    *cursor
	bytes  *cursor // where the record is no UTF-8
	object *cursor
	offset *cursor
	rows   int64
	parted bool
	name   string // the last object
	next   []byte // to be read before the next record
	at     int64  // of the stream, behind next
	places []place
	ended  bool
}

// place takes the place of the next record, which must be at.
func (r *groupReader) place(at int64) (place, bool) {
	if len(r.places) == 0 || r.places[0].at != at {
		return place{}, false
	}
	p := r.places[0]
	r.places = r.places[1:]
	return p, true
}

// Read implements io.Reader.
func (r *groupReader) Read(p []byte) (n int, err error) {
	defer recovered(r.task.path, &err)
	if r.raw == nil {
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	for n < len(p) {
		if len(r.next) == 0 {
			if r.ended {
				return n, io.EOF
			}
			if err := r.advance(); err != nil {
				return n, err
			}
		}
		c := copy(p[n:], r.next)
		n, r.next = n+c, r.next[c:]
		r.at += int64(c)
	}
	return n, nil
}

func (r *groupReader) open() error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	for _, c := range []struct {
		into **cursor
		name string
	}{{&r.raw, "raw"}, {&r.bytes, "raw_bytes"}, {&r.object, "source_file"}, {&r.offset, "source_offset"}} {
		var err error
		if *c.into, err = r.task.cursor(r.task.group, c.name); err != nil {
			return err
		}
	}
	return nil
}

func (r *groupReader) close() {
	for _, c := range []*cursor{r.raw, r.bytes, r.object, r.offset} {
		if c != nil {
			c.close()
		}
	}
}

var (
	betweenRecords = []byte{','}
	afterRecords   = []byte("]}")
)

// advance makes the next record, or what stands before or behind it, the next
// to be read.
func (r *groupReader) advance() error {
	switch rows := r.task.stored.file.RowGroups()[r.task.group].NumRows(); {
	case r.rows == rows:
		r.next, r.ended = afterRecords, true
		return nil
	case r.rows > 0 && !r.parted:
		r.next, r.parted = betweenRecords, true
		return nil
	}
	r.rows++
	r.parted = false
	var values [4]parquet.Value
	for i, c := range []*cursor{r.raw, r.bytes, r.object, r.offset} {
		var err error
		if values[i], err = c.following(); err != nil {
			return err
		}
	}
	r.next = values[0].ByteArray()
	if !values[1].IsNull() {
		r.next = values[1].ByteArray()
	}
	if object := values[2].ByteArray(); string(object) != r.name {
		r.name = string(object)
	}
	r.places = append(r.places, place{r.at, r.name, values[3].Int64()})
	return nil
}
