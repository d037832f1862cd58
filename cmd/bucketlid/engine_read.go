// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"maps"
	"slices"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/archive/sieve"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/trail"
)

// fetch has an engine send every record that the filter lets through, and reads
// them as those of files.
func (h *hunt) fetch(ctx context.Context, spec string, engine archive.Engine) (*worker, error) {
	w := &archiveWorker{worker: newWorker(h.filter), unread: map[string]*pieces{}}
	if h.also != nil {
		w.also = func(head *trail.Header, raw []byte) { h.also(0, head, raw) }
	}
	err := h.rows(ctx, spec, engine, w.record, func(object string, offset int64, reason string) {
		w.piece(object, func() { w.skip(object, offset, reason) })
	})
	if err != nil {
		return nil, err
	}
	for _, object := range slices.Sorted(maps.Keys(w.unread)) {
		w.skipped = append(w.skipped, w.unread[object].told(object)...)
	}
	return w.worker, nil
}

// rows hands the records that an engine sends to a visit.
func (h *hunt) rows(ctx context.Context, spec string, engine archive.Engine, visit func(object string, head *trail.Header, raw []byte) error,
	unread func(object string, offset int64, reason string)) error {
	if h.phase != nil {
		h.phase("asking " + engineOf(spec).scheme + " for records")
	}
	f := sieve.Filter{Accounts: h.filter.Accounts, Regions: h.filter.Regions, From: h.filter.From, To: h.filter.To}
	_, err := sieve.Read(ctx, engine, f, visit, unread)
	return engineFailure(err)
}

// askAgain has the engines send the records once more, for a visit alone. What
// cannot be read was named the first time.
func (q *inquiry) askAgain(ctx context.Context, visit investigate.Visit) error {
	engines, done, err := openEngines(ctx, q.hunt.asked)
	if err != nil {
		return err
	}
	defer done()
	filter := newWorker(q.hunt.filter).filter
	for i, engine := range engines {
		err := q.hunt.rows(ctx, q.hunt.asked[i], engine, func(_ string, h *trail.Header, raw []byte) error {
			if filter.takes(h) {
				visit(h, raw)
			}
			return nil
		}, func(string, int64, string) {})
		if err != nil {
			return err
		}
	}
	return nil
}
