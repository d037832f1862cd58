// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
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
	picks := make([]Pick, len(files))
	for i, file := range files {
		picks[i].File = file
	}
	return a.visit(ctx, picks, visits, read)
}

// Pick is some rows of a file; nil is all of them.
type Pick struct {
	File File
	Rows Rows
}

// Pick hands the records of some rows on, as Records does, but without telling
// where they were loaded from.
func (a *Archive) Pick(ctx context.Context, picks []Pick, visits []Visit) error {
	files := make([]File, len(picks))
	for i, p := range picks {
		files[i] = p.File
	}
	if err := a.whole(files); err != nil {
		return err
	}
	return a.visit(ctx, picks, visits, nil)
}

// Covered lists the files that Records reads with the same filter. The error is
// a *MissingError where one is not there; a Mirror brings none here for it.
func (a *Archive) Covered(f Filter) ([]File, error) {
	files := a.covered(&f)
	if a.fetch != nil {
		return files, nil
	}
	return files, a.whole(files)
}

// visit shares the row groups among the visits.
func (a *Archive) visit(ctx context.Context, picks []Pick, visits []Visit, read func(File)) error {
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
	err := a.dispatch(ctx, picks, tasks, read)
	close(tasks)
	workers.Wait()
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

// dispatch opens the files and makes a task of each of their row groups.
func (a *Archive) dispatch(ctx context.Context, picks []Pick, tasks chan<- groupTask, read func(File)) error {
	for _, pick := range picks {
		path := a.Path(pick.File)
		s, err := openStored(path)
		if err != nil {
			return err
		}
		groups := s.file.RowGroups()
		var rows int64
		for _, g := range groups {
			rows += g.NumRows()
		}
		if rows != pick.File.Rows {
			s.close()
			return damaged(path, fmt.Errorf("%d rows, the manifest counts %d", rows, pick.File.Rows))
		}
		open := &openFile{stored: s, file: pick.File, path: path, read: read}
		open.left.Store(int64(len(groups)))
		if err := open.dispatch(ctx, pick.Rows, tasks); err != nil {
			return err
		}
	}
	return nil
}

// dispatch makes a task of each row group that has some of the rows.
func (o *openFile) dispatch(ctx context.Context, picked Rows, tasks chan<- groupTask) error {
	all, left, start := picked == nil, slices.Clone(picked), int64(0)
	groups := o.stored.file.RowGroups()
	for g := range groups {
		end := start + groups[g].NumRows()
		rows := left.cut(start, end)
		if start = end; !all && len(rows) == 0 {
			o.done(1)
			continue
		}
		select {
		case tasks <- groupTask{o, g, rows}:
		case <-ctx.Done():
			o.done(len(groups) - g)
			return context.Cause(ctx)
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
	rows  Rows // of the row group; nil: all
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
	r := &groupReader{ctx: ctx, task: t, left: t.rows, next: []byte(`{"Records":[`)}
	if t.rows == nil {
		r.left = Rows{{0, t.stored.file.RowGroups()[t.group].NumRows()}}
	}
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
	left   Rows // still to be read
	begun  bool // some record was read
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
	if r.task.rows != nil {
		var err error
		if r.raw, err = r.task.jumper(r.task.group, "raw"); err == nil {
			r.bytes, err = r.task.jumper(r.task.group, "raw_bytes")
		}
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
	switch {
	case len(r.left) == 0:
		r.next, r.ended = afterRecords, true
		return nil
	case r.begun && !r.parted:
		r.next, r.parted = betweenRecords, true
		return nil
	}
	row := r.left[0][0]
	if r.left[0][0]++; r.left[0][0] == r.left[0][1] {
		r.left = r.left[1:]
	}
	r.begun, r.parted = true, false
	if r.task.rows != nil {
		return r.pick(row)
	}
	var values [4]parquet.Value
	for i, c := range []*cursor{r.raw, r.bytes, r.object, r.offset} {
		var err error
		if values[i], err = c.following(); err != nil {
			return err
		}
	}
	if object := values[2].ByteArray(); string(object) != r.name {
		r.name = string(object)
	}
	r.take(values[0], values[1], values[3].Int64())
	return nil
}

// pick makes the record of a row the next.
func (r *groupReader) pick(row int64) error {
	raw, err := r.raw.at(row)
	if err != nil {
		return err
	}
	bytes, err := r.bytes.at(row)
	if err != nil {
		return err
	}
	r.take(raw, bytes, 0)
	return nil
}

func (r *groupReader) take(raw, bytes parquet.Value, offset int64) {
	r.next = raw.ByteArray()
	if !bytes.IsNull() {
		r.next = bytes.ByteArray()
	}
	r.places = append(r.places, place{r.at, r.name, offset})
}
