// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/trail"
)

// readArchive is read with an archive instead of sources: the same records give
// the same ledger and baseline. Of indexed files it takes what the gists say,
// and tells the collectors, of which there may be none, what concerns them. What
// the archive's files hold beside the filter's records counts as outside.
func (h *hunt) readArchive(ctx context.Context, s *shelf, collectors []*investigate.Collector) error {
	workers, visits := make([]*archiveWorker, h.workers), make([]archive.Visit, h.workers)
	for i := range workers {
		w := &archiveWorker{worker: newWorker(h.filter), unread: map[string]*pieces{}}
		if h.also != nil {
			w.also = func(head *trail.Header, raw []byte) { h.also(i, head, raw) }
		}
		workers[i], visits[i] = w, w.record
	}
	parts, gathered := investigate.HuntParts, investigate.NewGathered()
	if collectors != nil {
		parts = slices.Concat(parts, investigate.CollectorParts)
	}
	err := s.each(ctx, parts, func(i int, rows int64, parts investigate.Parts) error {
		if collectors != nil {
			if err := collectors[i].AddGist(parts); err != nil {
				return err
			}
		}
		if err := gathered.Add(parts); err != nil {
			return err
		}
		return workers[i].gist(rows, parts)
	})
	if err == nil {
		s.sound()
		err = s.archive.Pick(ctx, s.rest, visits)
	}
	if err != nil {
		return err
	}
	shares := make([]*replay.Baseline, len(workers))
	for i, w := range workers {
		shares[i] = w.baseline
	}
	if err := gathered.Tell(shares, workers[0].ledger); err != nil {
		return err
	}
	h.foldArchive(s.archive, workers)
	return nil
}

// foldArchive puts the workers' shares together with what the loads of the
// archive could not read.
func (h *hunt) foldArchive(a *archive.Archive, workers []*archiveWorker) {
	all, unread := make([]*worker, len(workers)), map[string]*pieces{}
	for i, w := range workers {
		w.baseline.Settle()
		all[i] = w.worker
		for object, p := range w.unread {
			if unread[object] == nil {
				unread[object] = &pieces{}
			}
			unread[object].add(p.first, p.count)
		}
	}
	for _, u := range a.Unread() { // when it was loaded
		all[0].counts.reasons[kindOfReason(u.Reason)] += max(u.More, 1)
		if unread[u.Object] == nil {
			unread[u.Object] = &pieces{}
		}
		if u.More > 0 {
			unread[u.Object].count += int(u.More)
			continue
		}
		unread[u.Object].add([]report.Skipped{{Object: u.Object, Offset: u.Offset, Reason: u.Reason}}, 1)
	}
	for _, object := range slices.Sorted(maps.Keys(unread)) {
		all[0].skipped = append(all[0].skipped, unread[object].told(object)...)
	}
	h.merge(all)
	extent := a.Extent(h.archived())
	h.counts.objects, h.counts.packed, h.counts.unpacked = extent.Files, extent.Bytes, extent.RawBytes
}

// archiveWorker is a worker that reads an archive, where the records of a log
// object do not stand together.
type archiveWorker struct {
	*worker
	unread map[string]*pieces // by log object
}

// pieces are those of one log object that were not read.
type pieces struct {
	first []report.Skipped // by offset, as many as are told
	count int
}

func (p *pieces) add(more []report.Skipped, count int) {
	p.count += count
	p.first = append(p.first, more...)
	slices.SortFunc(p.first, func(a, b report.Skipped) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Reason, b.Reason))
	})
	p.first = p.first[:min(len(p.first), maxSkipsOfObject)]
}

func (p *pieces) told(object string) []report.Skipped {
	if more := p.count - len(p.first); more > 0 {
		return append(p.first, report.Skipped{Object: object, Offset: -1, Reason: fmt.Sprintf("%d more pieces of this object", more)})
	}
	return p.first
}

// record is an archive.Visit.
func (w *archiveWorker) record(object string, h *trail.Header, raw []byte) error {
	return w.noting(object, func() error { return w.visit(object)(h, raw) })
}

// noting does something with a record of an object, and notes what of it could
// not be read.
func (w *archiveWorker) noting(object string, do func() error) error {
	w.skips = 0
	err := do()
	if w.skips > 0 {
		if w.unread[object] == nil {
			w.unread[object] = &pieces{}
		}
		w.unread[object].add(w.skipped, w.skips)
		w.skipped = w.skipped[:0]
	}
	return err
}

// gist takes so many records in by their gist.
func (w *archiveWorker) gist(rows int64, parts investigate.Parts) error {
	w.counts.records += rows
	err := investigate.Chosen(parts, func(object string, h *trail.Header, raw []byte) error {
		return w.noting(object, func() error {
			if unread := w.ledger.Take(h, raw); unread != "" {
				w.skip(object, h.Offset, unread)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return investigate.Odd(parts, func(object string, h *trail.Header, raw []byte) error {
		w.counts.records--
		return w.record(object, h, raw)
	})
}

// archived is the part of the filter by which an archive leaves out files.
func (h *hunt) archived() archive.Filter {
	return archive.Filter{Accounts: h.filter.Accounts, From: h.filter.From, To: h.filter.To}
}
