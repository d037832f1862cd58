// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"iter"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/bucketlid/bucketlid/trail"
)

// Search finds records by what a Gatherer noted of them.
type Search struct {
	// Rows lists the rows of a file with an index: found have been filed under a
	// term of the search, near may be records of it too. known is false where the
	// index does not tell. Rows may be nil: then all rows are looked at.
	Rows func(x *Index) (found, near Rows, known bool, err error)
	// Takes decides whether a record belongs to the timeline.
	Takes func(h *trail.Header, raw []byte) bool
	// Needle, if not "", stands in every record that Takes takes of those near.
	Needle string
	// Unusable, if not nil, is told of each index that cannot be read: its file is
	// read instead. Several goroutines call it.
	Unusable func(error)
}

// candidates are the rows of a file, or of a row group, that a timeline may
// hold: all, or those found and those that are to be read before.
type candidates struct {
	all         bool
	found, near Rows
}

func (c *candidates) none() bool { return !c.all && len(c.found) == 0 && len(c.near) == 0 }

// cut takes the rows before the end off, and gives them counted from start.
func (c *candidates) cut(start, end int64) candidates {
	return candidates{c.all, c.found.cut(start, end), c.near.cut(start, end)}
}

// candidates asks a file's index. Records without a time are in no search's
// timeline.
func (a *Archive) candidates(file File, s *Search) (candidates, error) {
	switch {
	case s == nil || s.Rows == nil:
		return candidates{all: true}, nil
	case file.Partition().Day == Unknown:
		return candidates{}, nil
	}
	whole := candidates{near: Rows{{0, file.Rows}}}
	if !a.HasIndex(&file) {
		return whole, nil
	}
	found, near, known, err := a.searchIndex(file, s)
	switch {
	case err != nil:
		if s.Unusable != nil {
			s.Unusable(err)
		}
		return whole, nil
	case !known:
		return whole, nil
	}
	return candidates{found: found, near: near.without(found)}, nil
}

func (a *Archive) searchIndex(file File, s *Search) (found, near Rows, known bool, err error) {
	x, err := a.Index(file)
	if err != nil {
		return nil, nil, false, err
	}
	defer x.Close()
	return s.Rows(x)
}

// without is the rows that are not among others.
func (r Rows) without(others Rows) (out Rows) {
	for _, one := range r {
		at := one[0]
		for _, other := range others {
			if other[1] <= at || other[0] >= one[1] {
				continue
			}
			if other[0] > at {
				out = append(out, [2]int64{at, other[0]})
			}
			at = other[1]
		}
		if at < one[1] {
			out = append(out, [2]int64{at, one[1]})
		}
	}
	return out
}

// verifying reads the rows that may belong to a search's timeline.
type verifying struct {
	*Search
	places []int32 // of rows
	rows   []Row   // that were not looked at yet
	taken  []int32
}

// verifiedAtOnce is how many records are looked at together.
const verifiedAtOnce = 512

func (v *verifying) look() error {
	err := scanRows(v.rows, nil, func(i int, h *trail.Header, raw []byte) {
		if v.Takes(h, raw) {
			v.taken = append(v.taken, v.places[i])
		}
	})
	v.places, v.rows = v.places[:0], v.rows[:0]
	return err
}

func (v *verifying) add(row int64, text []byte) error {
	v.places, v.rows = append(v.places, int32(row)), append(v.rows, Row{Raw: bytes.Clone(text)})
	if len(v.rows) < verifiedAtOnce {
		return nil
	}
	return v.look()
}

// verify is the rows of a row group that a search takes, of those near.
func (s *stored) verify(group int, near Rows, search *Search) ([]int32, error) {
	raw, err := s.jumper(group, "raw")
	if err != nil {
		return nil, err
	}
	defer raw.close()
	own, err := s.jumper(group, "raw_bytes")
	if err != nil {
		return nil, err
	}
	defer own.close()
	v, needle := &verifying{Search: search}, []byte(search.Needle)
	for row := range near.each() {
		text, err := originalAt(raw, own, row)
		if err == nil && bytes.Contains(text, needle) {
			err = v.add(row, text)
		}
		if err != nil {
			return nil, err
		}
	}
	err = v.look()
	return v.taken, err
}

// originalAt is the record of a row, in the memory of its page.
func originalAt(raw, own *cursor, row int64) ([]byte, error) {
	text, err := raw.at(row)
	if err != nil {
		return nil, err
	}
	if bytes, err := own.at(row); err != nil || !bytes.IsNull() {
		return bytes.ByteArray(), err
	}
	return text.ByteArray(), nil
}

// each yields the rows one after the other.
func (r Rows) each() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for _, stretch := range r {
			for row := stretch[0]; row < stretch[1]; row++ {
				if !yield(row) {
					return
				}
			}
		}
	}
}

// times lists the times of some rows of a row group, in microseconds; 0 where a
// record has none.
func (s *stored) times(group int, rows []int32) ([]int64, error) {
	c, err := s.jumper(group, "event_time")
	if err != nil {
		return nil, err
	}
	defer c.close()
	out := make([]int64, len(rows))
	for i, row := range rows {
		v, err := c.at(int64(row))
		if err != nil {
			return nil, err
		}
		out[i] = microsOf(v)
	}
	return out, nil
}

func microsOf(v parquet.Value) int64 {
	if v.IsNull() {
		return 0
	}
	return v.Int64()
}

// search lists the rows of a row group that a search finds, with their times.
func (s *stored) search(group int, c *candidates, f *Filter) (rows []int32, times []int64, err error) {
	if len(c.near) > 0 {
		if rows, err = s.verify(group, c.near, f.Search); err != nil {
			return nil, nil, err
		}
	}
	for row := range c.found.each() {
		rows = append(rows, int32(row))
	}
	slices.Sort(rows)
	all, err := s.times(group, rows)
	if err != nil {
		return nil, nil, err
	}
	kept := rows[:0]
	for i, micros := range all {
		if micros != 0 && f.within(micros) {
			kept, times = append(kept, rows[i]), append(times, micros)
		}
	}
	return kept, times, nil
}

// chosen is the events that a search takes, with their columns. What an index
// filed under a term may be a record of another.
func (s *Search) chosen(events []Event) ([]Event, error) {
	rows := make([]Row, len(events))
	for i := range events {
		rows[i] = Row{Raw: events[i].Raw, SourceFile: events[i].File, SourceOffset: events[i].Offset}
	}
	convert, a, out := newConverter(), &arena{}, events[:0]
	err := scanRows(rows, nil, func(i int, h *trail.Header, raw []byte) {
		if !s.Takes(h, raw) {
			return
		}
		if convert.full() {
			convert = newConverter()
		}
		var d draft
		convert.draft(&d, a, h, raw)
		e := events[i]
		d.row(&e.Columns, convert.words.entries, e.File)
		out = append(out, e)
	})
	return out, err
}
