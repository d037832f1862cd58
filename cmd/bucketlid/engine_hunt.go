// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"maps"
	"slices"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/archive/sieve"
	"github.com/bucketlid/bucketlid/trail"
)

// openEngines opens the engines of sources, so that a bad one is refused before
// work is done. The returned function closes them.
func openEngines(ctx context.Context, specs []string) (engines []archive.Engine, done func(), err error) {
	done = func() {
		for _, e := range engines {
			_ = e.Close()
		}
	}
	for _, spec := range specs {
		engine, err := engineOf(spec).open(ctx, spec)
		if err != nil {
			done()
			return nil, nil, err
		}
		engines = append(engines, engine)
	}
	return engines, done, nil
}

// sift has an engine choose and add up the records, and returns what it found as
// the share of a worker that had read them.
func (h *hunt) sift(ctx context.Context, spec string, engine archive.Engine) (*worker, error) {
	w := &archiveWorker{worker: newWorker(h.filter), unread: map[string]*pieces{}}
	counts, err := sieve.Run(ctx, engine, sieve.Filter{Accounts: h.filter.Accounts, Regions: h.filter.Regions, From: h.filter.From, To: h.filter.To}, sieve.Into{
		Ledger: w.ledger, Baseline: w.baseline,
		Odd: w.record,
		Chosen: func(object string, head *trail.Header, raw []byte) error {
			if w.filter.takes(head) {
				w.piece(object, func() {
					if unread := w.ledger.Take(head, raw); unread != "" {
						w.skip(object, head.Offset, unread)
					}
				})
			}
			return nil
		},
		Unread: func(object string, offset int64, reason string) {
			w.piece(object, func() { w.skip(object, offset, reason) })
		},
		Step: func(what string) {
			if h.phase != nil {
				h.phase("asking " + engineOf(spec).scheme + " for " + what)
			}
		},
	})
	if err != nil {
		return nil, engineFailure(err)
	}
	w.counts.records += counts.Records
	for _, object := range slices.Sorted(maps.Keys(w.unread)) {
		w.skipped = append(w.skipped, w.unread[object].told(object)...)
	}
	return w.worker, nil
}

// piece reads a piece of a log object, and keeps what it skipped by the object.
func (w *archiveWorker) piece(object string, read func()) {
	w.skips = 0
	read()
	if w.skips == 0 {
		return
	}
	if w.unread[object] == nil {
		w.unread[object] = &pieces{}
	}
	w.unread[object].add(w.skipped, w.skips)
	w.skipped = w.skipped[:0]
}
