// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/trail"
)

// indexedPercent is gcPercent where indexes tell: it takes less time, and more
// memory for less long.
const indexedPercent = 200

// gathering is how files of an archive get their indexes, and an archive its sums.
var gathering = archive.Gathering{Version: investigate.GistVersion, New: func() archive.Gatherer { return investigate.NewGist() },
	Sum: func() archive.Summer { return investigate.NewGistSums() }}

// shelf is an archive as an investigation reads it: some files by their indexes,
// the rest whole.
type shelf struct {
	archive *archive.Archive
	workers int
	indexed []archive.File
	sumless bool // the sums are of no use
	noted   bool // that is told

	mu   sync.Mutex
	rest []archive.Pick
	told func(error) // of indexes that cannot be used
}

// shelve lists the files that the hunt's filter leaves. A file of which the
// filter takes a part only is read whole.
func (q *inquiry) shelve() (*shelf, error) {
	s := &shelf{archive: q.archive, workers: q.hunt.workers, told: q.unusable, sumless: q.sumless}
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

// each hands what the indexes say to the workers: the sums of them all, if the
// archive has them, else the gist of each file. rows is of how many records that
// tells. Files whose index is damaged join the rest.
func (s *shelf) each(ctx context.Context, parts []int, do takeGist) error {
	if summed, err := s.eachSum(ctx, parts, do); summed || err != nil {
		return err
	}
	return share(ctx, s.workers, s.indexed, func(worker int, f archive.File) error {
		held, err := s.parts(f, parts)
		if err == nil {
			return do(worker, f.Rows, held)
		}
		if s.readWhole(f, err) {
			return nil
		}
		return err
	})
}

// takeGist takes a gist in.
type takeGist func(worker int, rows int64, parts investigate.Parts) error

// eachSum is each by the sums; summed is false where they are of no use. All of
// them is read before any is taken in, so that damage is found in time.
func (s *shelf) eachSum(ctx context.Context, parts []int, do takeGist) (summed bool, err error) {
	if s.sumless || len(s.indexed) == 0 {
		return false, nil
	}
	sums, err := s.archive.Sums(s.indexed)
	if err != nil || sums == nil {
		s.unsummed(err)
		return false, nil
	}
	defer sums.Close()
	held := make([]map[int][]byte, sums.Gists)
	order := make([]int, sums.Gists)
	for i := range order {
		order[i] = i
	}
	err = share(ctx, s.workers, order, func(_ int, gist int) (err error) {
		held[gist], err = someParts(parts, func(part int) ([]byte, error) { return sums.Part(gist, part) })
		return err
	})
	var damaged *archive.IndexError
	if errors.As(err, &damaged) {
		s.told(err)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, share(ctx, s.workers, order, func(worker int, gist int) error {
		rows := int64(0)
		if gist == 0 {
			rows = sums.Rows
		}
		parts := held[gist]
		held[gist] = nil // it takes much memory
		return do(worker, rows, func(part int) ([]byte, error) { return parts[part], nil })
	})
}

// unsummed tells why there are no sums. Those of some files only are never kept,
// nor are any in the copy of an archive in S3.
func (s *shelf) unsummed(err error) {
	switch {
	case s.noted:
		return
	case err != nil:
		s.told(err)
	case len(s.indexed) > 1 && len(s.indexed) == len(s.archive.Files()) && !s.archive.Mirrored():
		s.told(errUnsummed)
	}
	s.noted = true
}

var errUnsummed = errors.New("the archive has no sums of its indexes as they are now; answers are the same without them, and slower: run bucketlid archive compact, which writes them")

// share hands each of some things to one of so many workers.
func share[T any](ctx context.Context, workers int, things []T, do func(worker int, thing T) error) error {
	queue := make(chan T)
	group, ctx := errgroup.WithContext(ctx)
	for i := range workers {
		group.Go(func() error {
			for thing := range queue {
				if err := do(i, thing); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(queue)
		for _, thing := range things {
			select {
			case queue <- thing:
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

// wholeFiles lists the files that are read whole.
func (s *shelf) wholeFiles() (out []archive.File) {
	for _, p := range s.rest {
		out = append(out, p.File)
	}
	return out
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
	held, err := someParts(wanted, x.Part)
	if err != nil {
		return nil, err
	}
	return func(part int) ([]byte, error) { return held[part], nil }, nil
}

func someParts(wanted []int, read func(part int) ([]byte, error)) (map[int][]byte, error) {
	held := map[int][]byte{}
	for _, part := range wanted {
		if _, have := held[part]; have {
			continue
		}
		var err error
		if held[part], err = read(part); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// meet hands the records that subjects may match to the collectors.
func (s *shelf) meet(ctx context.Context, subjects []investigate.Subject, visits []archive.Visit) error {
	found := make([]archive.Pick, len(s.indexed))
	order := make([]int, len(s.indexed))
	for i := range order {
		order[i] = i
	}
	err := share(ctx, s.workers, order, func(_, i int) error {
		f := s.indexed[i]
		rows, err := s.rowsOf(f, subjects)
		if err != nil {
			s.tell(err)
			rows = archive.Rows{{0, f.Rows}}
		}
		found[i] = archive.Pick{File: f, Rows: rows}
		return nil
	})
	if err != nil {
		return err
	}
	picks := slices.DeleteFunc(found, func(p archive.Pick) bool { return len(p.Rows) == 0 })
	return s.archive.Pick(ctx, picks, visits)
}

func (s *shelf) tell(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told(err)
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
		found, near, known, err := rowsOf(x, &subjects[i])
		if err != nil {
			return nil, err
		}
		if !known {
			return archive.Rows{{0, f.Rows}}, nil
		}
		all = append(all, found, near)
	}
	return archive.Join(all...), nil
}

// rowsOf lists the rows that an index files under a subject's terms, and those
// that stand near one. known is false where only reading all rows will do.
func rowsOf(x *archive.Index, subject *investigate.Subject) (found, near archive.Rows, known bool, err error) {
	terms, known, err := subject.Terms(x.Part)
	if err != nil || !known {
		return nil, nil, known, err
	}
	for _, of := range []struct {
		terms []uint64
		find  func(uint64) (archive.Rows, error)
		into  *archive.Rows
	}{{terms.Filed, x.Filed, &found}, {terms.Near, x.Near, &near}} {
		for _, term := range of.terms {
			rows, err := of.find(term)
			if err != nil {
				return nil, nil, false, err
			}
			*of.into = append(*of.into, rows...)
		}
	}
	return archive.Join(found), archive.Join(near), true, nil
}

// observeAgain lets collectors take in what an archive's records tell them that
// a hunt has read already.
func (q *inquiry) observeAgain(ctx context.Context, s *shelf) error {
	err := s.each(ctx, investigate.CollectorParts, func(worker int, _ int64, parts investigate.Parts) error {
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
// Where the sums do not hold what they should, the indexes are read, and where an
// index that is whole does not, everything is read without any.
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
	if hunting && !q.indexless {
		tellOtherVersions(func(format string, args ...any) { q.unusable(fmt.Errorf(format, args...)) }, q.archive, s.wholeFiles())
	}
	if err == nil && q.collectors != nil {
		err = s.meet(ctx, q.subjects, q.visits((*investigate.Collector).Meet))
	}
	if !errors.Is(err, investigate.ErrGist) || q.indexless {
		return err
	}
	if q.sumless { // so that it was the files' own indexes
		q.unusable(err)
		q.indexless = true
	}
	q.sumless = true
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
