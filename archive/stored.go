// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"
)

// stored is an open Parquet file of the archive.
type stored struct {
	os      *os.File
	file    *parquet.File
	columns map[string]int
}

func openStored(path string) (*stored, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, damaged(path, err)
	}
	info, err := f.Stat()
	var file *parquet.File
	if err == nil {
		file, err = parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	}
	if err != nil {
		_ = f.Close()
		return nil, damaged(path, err)
	}
	s := &stored{os: f, file: file, columns: map[string]int{}}
	for i, path := range file.Schema().Columns() {
		s.columns[path[0]] = i
	}
	return s, nil
}

func (s *stored) close() { _ = s.os.Close() }

func (s *stored) chunk(group int, column string) (*parquet.FileColumnChunk, error) {
	i, ok := s.columns[column]
	if !ok {
		return nil, fmt.Errorf("has no column %s", column)
	}
	return s.file.RowGroups()[group].ColumnChunks()[i].(*parquet.FileColumnChunk), nil
}

// find lists the rows of a row group that the filter takes, with their times.
func (s *stored) find(group int, c *candidates, conditions []condition, f *Filter) (rows []int32, times []int64, err error) {
	if !c.all {
		return s.search(group, c, f)
	}
	taken := make([]bool, s.file.RowGroups()[group].NumRows())
	for row := range taken {
		taken[row] = len(conditions) == 0
	}
	for _, c := range conditions {
		if may, err := s.mayHold(group, c); err != nil || !may {
			return nil, nil, err
		}
		if err := s.mark(group, c, taken); err != nil {
			return nil, nil, err
		}
	}
	if !slices.Contains(taken, true) {
		return nil, nil, nil
	}
	err = s.each(group, "event_time", func(row int, v parquet.Value) {
		if micros := microsOf(v); row < len(taken) && taken[row] && f.within(micros) {
			rows, times = append(rows, int32(row)), append(times, micros)
		}
	})
	return rows, times, err
}

// mayHold asks bounds and bloom filters, which are read far quicker than rows.
func (s *stored) mayHold(group int, c condition) (bool, error) {
	chunk, err := s.chunk(group, c.column)
	if err != nil {
		return false, err
	}
	low, high, ok := chunk.Bounds()
	if ok && (string(low.ByteArray()) > c.value || string(high.ByteArray()) < c.value) {
		return false, nil
	}
	filter := chunk.BloomFilter()
	if filter == nil {
		return true, nil
	}
	return filter.Check(parquet.ByteArrayValue([]byte(c.value)))
}

// mark sets holds for the rows in which the condition's column has its value.
func (s *stored) mark(group int, c condition, holds []bool) error {
	return s.each(group, c.column, func(row int, v parquet.Value) {
		if !v.IsNull() && string(v.ByteArray()) == c.value && row < len(holds) {
			holds[row] = true
		}
	})
}

// each calls f with every value of a column.
func (s *stored) each(group int, column string, f func(row int, v parquet.Value)) error {
	c, err := s.cursor(group, column)
	if err != nil {
		return err
	}
	defer c.close()
	row := 0
	for {
		more, err := c.next()
		if err != nil || !more {
			return err
		}
		for _, v := range c.values {
			f(row, v)
			row++
		}
	}
}

// cursor reads one column of a row group, page by page.
type cursor struct {
	pages  parquet.Pages
	page   parquet.Page
	values []parquet.Value // of the page; valid until the next one
	first  int64           // its first row
	taken  int             // how many of the values following has given
}

func (s *stored) cursor(group int, column string) (*cursor, error) {
	chunk, err := s.chunk(group, column)
	if err != nil {
		return nil, err
	}
	return &cursor{pages: chunk.Pages()}, nil
}

func (c *cursor) close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	_ = c.pages.Close()
}

// next reads the next page.
func (c *cursor) next() (more bool, err error) {
	c.first += int64(len(c.values))
	c.values = c.values[:0]
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
	page, err := c.pages.ReadPage()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c.page = page
	n := page.NumValues()
	c.values = slices.Grow(c.values, int(n))[:n]
	read, err := page.Values().ReadValues(c.values)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if int64(read) != n {
		return false, fmt.Errorf("a page has %d values, not %d", read, n)
	}
	return true, nil
}

// following is the value of the row after the one that was taken last; of a
// new cursor, the first. Each page's memory is valid until the next page.
func (c *cursor) following() (parquet.Value, error) {
	for c.taken == len(c.values) {
		more, err := c.next()
		if err == nil && !more {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return parquet.Value{}, err
		}
		c.taken = 0
	}
	c.taken++
	return c.values[c.taken-1], nil
}

// jumper is a cursor for a few rows: it knows where each page is, so that those
// between are not read.
func (s *stored) jumper(group int, column string) (*cursor, error) {
	chunk, err := s.chunk(group, column)
	if err != nil {
		return nil, err
	}
	if _, err := chunk.OffsetIndex(); err != nil {
		return nil, err
	}
	return &cursor{pages: chunk.Pages()}, nil
}

// at is the value of a row, which must not lie before the one asked last.
func (c *cursor) at(row int64) (parquet.Value, error) {
	if row >= c.first && row < c.first+int64(len(c.values)) {
		return c.values[row-c.first], nil
	}
	if err := c.pages.SeekToRow(row); err != nil {
		return parquet.Value{}, err
	}
	more, err := c.next()
	c.first = row
	if err == nil && !more {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return parquet.Value{}, err
	}
	return c.values[0], nil
}

// eventColumns are the columns of which an Event is made, in the order in which
// eventOf takes them.
var eventColumns = []string{"event_id", "raw", "raw_bytes", "source_file", "source_offset"}

// events reads the records of some matches, in the order of time, then eventID,
// and leaves out what the search does not take.
func (a *Archive) events(ctx context.Context, files []File, found []match, search *Search) ([]Event, error) {
	byPlace := slices.Clone(found)
	slices.SortFunc(byPlace, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.group, b.group), cmp.Compare(a.row, b.row))
	})
	parts := make([][]Event, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for len(byPlace) > 0 {
		n := 1
		for n < len(byPlace) && byPlace[n].file == byPlace[0].file {
			n++
		}
		of, part := byPlace[0].file, byPlace[:n]
		byPlace = byPlace[n:]
		group.Go(func() (err error) {
			if err = ctx.Err(); err == nil {
				parts[of], err = a.eventsOf(files[of], part, search)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out := slices.Concat(parts...)
	slices.SortStableFunc(out, compareEvents)
	return out, nil
}

func compareEvents(a, b Event) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.EventID, b.EventID), cmp.Compare(a.Account, b.Account), slices.Compare(a.Raw, b.Raw))
}

// eventsOf reads the records of one file.
func (a *Archive) eventsOf(file File, found []match, search *Search) (out []Event, err error) {
	path := a.Path(file)
	defer recovered(path, &err)
	s, err := openStored(path)
	if err != nil {
		return nil, err
	}
	defer s.close()
	for len(found) > 0 {
		n := 1
		for n < len(found) && found[n].group == found[0].group {
			n++
		}
		events, err := s.events(int(found[0].group), found[:n])
		if err != nil {
			return nil, damaged(path, err)
		}
		out = append(out, events...)
		found = found[n:]
	}
	if search != nil {
		if out, err = search.chosen(out); err != nil {
			return nil, damaged(path, err)
		}
	}
	for i := range out {
		out[i].Account = file.Partition().Account
	}
	return out, nil
}

func (s *stored) events(group int, found []match) ([]Event, error) {
	var cursors []*cursor
	defer func() {
		for _, c := range cursors {
			c.close()
		}
	}()
	for _, column := range eventColumns {
		c, err := s.jumper(group, column)
		if err != nil {
			return nil, err
		}
		cursors = append(cursors, c)
	}
	out := make([]Event, 0, len(found))
	values := make([]parquet.Value, len(cursors))
	for _, m := range found {
		for i, c := range cursors {
			v, err := c.at(int64(m.row))
			if err != nil {
				return nil, err
			}
			values[i] = v
		}
		out = append(out, eventOf(m.time, values))
	}
	return out, nil
}

// eventOf copies the values, whose memory is the page's.
func eventOf(micros int64, v []parquet.Value) Event {
	e := Event{EventID: string(v[0].ByteArray()), File: string(v[3].ByteArray()), Offset: v[4].Int64()}
	if micros != 0 {
		e.Time = time.UnixMicro(micros).UTC()
	}
	raw := v[1]
	if !v[2].IsNull() {
		raw = v[2]
	}
	e.Raw = append(make([]byte, 0, len(raw.ByteArray())), raw.ByteArray()...)
	return e
}
