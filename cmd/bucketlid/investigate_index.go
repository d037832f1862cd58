// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/trail"
)

// indexedPercent is gcPercent where indexes tell: it takes less time, and more
// memory for less long.
const indexedPercent = 150

// gathering is how files of an archive get their indexes.
var gathering = archive.Gathering{Version: investigate.GistVersion, New: func() archive.Gatherer { return investigate.NewGist() }}

// shelf is an archive as an investigation reads it: some files by their indexes,
// the rest whole.
type shelf struct {
	archive *archive.Archive
	workers int
	indexed []archive.File

	mu   sync.Mutex
	rest []archive.Pick
	told func(error) // of indexes that cannot be used
}

// shelve lists the files that the hunt's filter leaves. A file of which the
// filter takes a part only is read whole.
func (q *inquiry) shelve() (*shelf, error) {
	s := &shelf{archive: q.archive, workers: q.hunt.workers, told: q.unusable}
	files, err := q.archive.Covered(q.hunt.archived())
	for _, f := range files {
		if q.indexless || !q.archive.HasIndex(&f) || !q.hunt.takesAll(&f) {
			s.rest = append(s.rest, archive.Pick{File: f})
			continue
		}
		s.indexed = append(s.indexed, f)
	}
	return s, err
}

// takesAll reports whether the filter takes every record of a file.
func (h *hunt) takesAll(f *archive.File) bool {
	p := f.Partition()
	switch {
	case len(h.filter.Regions) > 0, len(h.filter.Accounts) > 0 && p.Account == archive.Unknown:
		return false
	case h.filter.From.IsZero() && h.filter.To.IsZero():
		return true
	case f.From.IsZero() || p.Day == archive.Unknown:
		return false
	}
	w := newWanted(h.filter)
	return w.within(f.From.Unix()) && w.within(f.To.Unix())
}

// each hands the indexed files to the workers, each with the parts of its gist.
// Files whose index is damaged join the rest.
func (s *shelf) each(ctx context.Context, parts []int, do func(worker int, f archive.File, parts investigate.Parts) error) error {
	files := make(chan archive.File)
	group, ctx := errgroup.WithContext(ctx)
	for i := range s.workers {
		group.Go(func() error {
			for f := range files {
				held, err := s.parts(f, parts)
				if err == nil {
					err = do(i, f, held)
				} else if s.readWhole(f, err) {
					err = nil
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(files)
		for _, f := range s.indexed {
			select {
			case files <- f:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	return group.Wait()
}

// readWhole adds a file to the rest, if the error is one of its index.
func (s *shelf) readWhole(f archive.File, err error) bool {
	var damaged *archive.IndexError
	if !errors.As(err, &damaged) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, archive.Pick{File: f})
	s.told(err)
	return true
}

// sound leaves out the indexed files that joined the rest.
func (s *shelf) sound() {
	whole := map[string]bool{}
	for _, p := range s.rest {
		whole[p.File.Path] = true
	}
	kept := s.indexed[:0]
	for _, f := range s.indexed {
		if !whole[f.Path] {
			kept = append(kept, f)
		}
	}
	s.indexed = kept
}

// parts reads some parts of a gist, so that damage is found before any is used.
func (s *shelf) parts(f archive.File, wanted []int) (investigate.Parts, error) {
	x, err := s.archive.Index(f)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	held := map[int][]byte{}
	for _, part := range wanted {
		if _, have := held[part]; have {
			continue
		}
		if held[part], err = x.Part(part); err != nil {
			return nil, err
		}
	}
	return func(part int) ([]byte, error) { return held[part], nil }, nil
}

// meet hands a file's records that subjects may match to the collectors.
func (s *shelf) meet(ctx context.Context, subjects []investigate.Subject, visits []archive.Visit) error {
	var picks []archive.Pick
	for _, f := range s.indexed {
		rows, err := s.rowsOf(f, subjects)
		if err != nil {
			s.told(err)
			rows = archive.Rows{{0, f.Rows}}
		}
		if len(rows) > 0 {
			picks = append(picks, archive.Pick{File: f, Rows: rows})
		}
	}
	return s.archive.Pick(ctx, picks, visits)
}

// rowsOf lists the rows of a file that subjects may match.
func (s *shelf) rowsOf(f archive.File, subjects []investigate.Subject) (archive.Rows, error) {
	x, err := s.archive.Index(f)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	var all []archive.Rows
	for i := range subjects {
		terms, known, err := subjects[i].Terms(x.Part)
		if err != nil {
			return nil, err
		}
		if !known {
			return archive.Rows{{0, f.Rows}}, nil
		}
		for _, term := range terms.Filed {
			rows, err := x.Filed(term)
			if err != nil {
				return nil, err
			}
			all = append(all, rows)
		}
		for _, term := range terms.Near {
			rows, err := x.Near(term)
			if err != nil {
				return nil, err
			}
			all = append(all, rows)
		}
	}
	return archive.Join(all...), nil
}

// observeAgain lets collectors take in what an archive's records tell them that
// a hunt has read already.
func (q *inquiry) observeAgain(ctx context.Context, s *shelf) error {
	err := s.each(ctx, investigate.CollectorParts, func(worker int, _ archive.File, parts investigate.Parts) error {
		c := q.collectors[worker]
		if err := c.AddGist(parts); err != nil {
			return err
		}
		return investigate.Odd(parts, func(_ string, h *trail.Header, raw []byte) error {
			c.Observe(h, raw)
			return nil
		})
	})
	if err != nil {
		return err
	}
	s.sound()
	filter := newWanted(q.hunt.filter)
	return s.archive.Pick(ctx, s.rest, q.visits(func(c *investigate.Collector, h *trail.Header, raw []byte) {
		if filter.takes(h) {
			c.Observe(h, raw)
		}
	}))
}

// visits are those of an archive for each of the collectors.
func (q *inquiry) visits(do func(c *investigate.Collector, h *trail.Header, raw []byte)) []archive.Visit {
	out := make([]archive.Visit, len(q.collectors))
	for i, c := range q.collectors {
		out[i] = func(_ string, h *trail.Header, raw []byte) error {
			do(c, h, raw)
			return nil
		}
	}
	return out
}

// readArchive is read with an archive: for the hunt, for the collectors, or both.
// Where an index that is whole does not hold what it should, everything is read
// without any.
func (q *inquiry) readArchive(ctx context.Context, hunting bool) error {
	s, err := q.shelve()
	if err != nil {
		return err
	}
	percent := gcPercent
	if len(s.rest) == 0 {
		percent = indexedPercent
	}
	defer debug.SetGCPercent(debug.SetGCPercent(percent))
	if hunting {
		err = q.hunt.readArchive(ctx, s, q.collectors)
	} else {
		err = q.observeAgain(ctx, s)
	}
	if err == nil && q.collectors != nil {
		err = s.meet(ctx, q.subjects, q.visits((*investigate.Collector).Meet))
	}
	if !errors.Is(err, investigate.ErrGist) || q.indexless {
		return err
	}
	q.unusable(err)
	q.indexless = true
	for i := range q.collectors {
		*q.collectors[i] = *investigate.NewCollector(q.subjects)
	}
	return q.readArchive(ctx, hunting)
}

// unusable tells of an index that is not used.
func (q *inquiry) unusable(err error) {
	if q.notes != nil && !q.flags.hunt.quiet {
		fmt.Fprintf(q.notes, "note: %s\n", plain(err.Error()))
	}
}
