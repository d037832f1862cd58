// SPDX-License-Identifier: Apache-2.0

package sieve

import (
	"context"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/trail"
)

// Read asks an engine for every record that a filter lets through, whole, and
// hands each to visit, with where it was; unread is told of a row that is no
// record. It sends over all that it reads: narrow it. The error is the engine's,
// the end of ctx, a *LayoutError, or visit's.
func Read(ctx context.Context, engine archive.Engine, f Filter, visit func(object string, h *trail.Header, raw []byte) error,
	unread func(object string, offset int64, reason string)) (Counts, error) {
	r := &run{ctx: ctx, engine: engine, into: Into{Odd: visit, Unread: unread}}
	columns, err := r.columns()
	if err != nil {
		return r.counts, err
	}
	l, err := find(columns)
	if err != nil {
		return r.counts, err
	}
	r.ask = &asker{layout: l, where: l.filter(f)}
	return r.counts, r.records(r.ask.all())
}
