// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/trail"
)

// hunt reads sources into one ledger and one baseline. Each worker keeps its
// own of both; they merge at the end, and the result does not depend on who
// read what.
type hunt struct {
	filter     ingest.Filter
	workers    int
	stdin      io.Reader
	endpoint   string
	accessLogs []string
	progress   ingest.Progress
	asked      []string          // sources that a query engine answers for
	phase      func(name string) // told what goes on beside reading; may be nil
	// also is handed every record that the filter takes, by the worker that reads
	// it; nil: nobody else wants them.
	also func(worker int, h *trail.Header, raw []byte)
	// named is told the name of every object of records, by any worker; may be nil.
	named func(object string)

	ledger   *replay.Ledger
	baseline *replay.Baseline
	skipped  []report.Skipped
	counts   counts
}

// counts are what a worker read.
type counts struct {
	objects, packed, unpacked, records, outside, lines int64
	reasons                                            map[string]int64
}

// maxSkipsOfObject bounds the skipped messages of one object; the rest is
// counted.
const maxSkipsOfObject = 100

// worker is one reader's share.
type worker struct {
	filter   wanted
	ledger   *replay.Ledger
	baseline *replay.Baseline
	skipped  []report.Skipped
	counts   counts
	skips    int // of the object being read
	also     func(h *trail.Header, raw []byte)
}

func newWorker(f ingest.Filter) *worker {
	return &worker{filter: newWanted(f), ledger: replay.NewLedger(), baseline: replay.NewBaseline(), counts: counts{reasons: map[string]int64{}}}
}

// gcPercent lets the heap grow less than Go's 100 between collections: over 10
// million records that takes 387 MB at the peak, where 70 takes 431.
const gcPercent = 45

// read opens all sources first, so that a bad one is refused before work is done.
func (h *hunt) read(ctx context.Context, specs []string) error {
	defer collectLate(gcPercent)()
	first := newWorker(h.filter)
	opts := ingest.Options{Stdin: h.stdin, Endpoint: h.endpoint, Progress: &h.progress}
	opts.Problem = func(p ingest.Problem) {
		first.skips = 0 // each is an object of its own
		first.skip(p.Object, -1, p.Reason)
	}
	sources, err := openAll(ctx, specs, h.filter, opts)
	if err != nil {
		return err
	}
	lines, err := openAll(ctx, h.accessLogs, ingest.Filter{}, opts) // their names tell no account
	if err != nil {
		return err
	}
	engines, done, err := openEngines(ctx, h.asked)
	if err != nil {
		return err
	}
	defer done()
	workers := make([]*worker, h.workers)
	for i := range workers {
		workers[i] = newWorker(h.filter)
		if h.also != nil {
			workers[i].also = func(head *trail.Header, raw []byte) { h.also(i, head, raw) }
		}
	}
	err = ingest.Each(ctx, sources, h.workers, opts, func(i int, obj ingest.Object) error {
		if h.named != nil {
			h.named(obj.Name)
		}
		return workers[i].object(ctx, obj, workers[i].trail)
	})
	if err == nil && len(lines) > 0 {
		err = ingest.Each(ctx, lines, h.workers, opts, func(i int, obj ingest.Object) error {
			return workers[i].object(ctx, obj, workers[i].accessLog)
		})
	}
	for i := 0; i < len(engines) && err == nil; i++ {
		ask := h.sift
		if h.also != nil { // somebody looks at every record
			ask = h.fetch
		}
		var answered *worker
		if answered, err = ask(ctx, h.asked[i], engines[i]); err == nil {
			workers = append(workers, answered)
		}
	}
	if err != nil {
		return err
	}
	h.merge(append(workers, first))
	return nil
}

func openAll(ctx context.Context, specs []string, f ingest.Filter, opts ingest.Options) ([]ingest.Source, error) {
	var sources []ingest.Source
	for _, spec := range specs {
		source, err := ingest.Open(ctx, spec, f, opts)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return sources, nil
}

// merge puts the workers' shares together, into the first's.
func (h *hunt) merge(workers []*worker) {
	h.ledger, h.baseline = workers[0].ledger, workers[0].baseline
	h.counts = counts{reasons: map[string]int64{}}
	for i, w := range workers {
		if i > 0 {
			h.ledger.Merge(w.ledger)
			h.baseline.Merge(w.baseline)
		}
		h.skipped = append(h.skipped, w.skipped...)
		h.counts.add(w.counts)
	}
	h.baseline.Settle()
	slices.SortFunc(h.skipped, func(a, b report.Skipped) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Reason, b.Reason))
	})
}

func (c *counts) add(o counts) {
	c.objects += o.objects
	c.packed += o.packed
	c.unpacked += o.unpacked
	c.records += o.records
	c.outside += o.outside
	c.lines += o.lines
	for reason, n := range o.reasons {
		c.reasons[reason] += n
	}
}

// object reads one object to its end. Damage in the middle loses nothing that
// stood before it.
func (w *worker) object(ctx context.Context, obj ingest.Object, scan func(name string, r io.Reader) (int64, error)) error {
	content, err := obj.Open(ctx)
	if err != nil {
		return err
	}
	defer content.Close()
	unpacked := ingest.Inflate(content, 0)
	defer unpacked.Close()
	w.skips = 0
	n, err := scan(obj.Name, unpacked)
	if err == nil && unpacked.Packed() == 0 && strings.HasSuffix(obj.Name, ".gz") {
		w.skip(obj.Name, 0, "empty file: not even the header of a packed one")
	}
	if more := w.skips - maxSkipsOfObject; more > 0 {
		w.skipped = append(w.skipped, report.Skipped{Object: obj.Name, Offset: -1, Reason: fmt.Sprintf("%d more pieces of this object", more)})
	}
	w.skips = 0
	w.counts.objects++
	w.counts.packed += unpacked.Packed()
	w.counts.unpacked += n
	return w.damage(obj.Name, err)
}

// trail reads an object of CloudTrail records.
func (w *worker) trail(name string, r io.Reader) (int64, error) {
	stats, err := trail.Scan(r, trail.Options{}, w.visit(name), func(s trail.Skip) { w.skip(name, s.Offset, s.Reason) })
	return stats.Bytes, err
}

// damage records why an object could not be read to its end. Only a cancelled
// run is an error.
func (w *worker) damage(name string, err error) error {
	var corrupt *ingest.CorruptError
	var bomb *ingest.BombError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &corrupt):
		w.skip(name, corrupt.Offset, corrupt.Reason)
	case errors.As(err, &bomb):
		w.skip(name, bomb.Unpacked, bomb.Error())
	default:
		w.skip(name, -1, err.Error())
	}
	return nil
}

func (w *worker) visit(object string) func(h *trail.Header, raw []byte) error {
	return func(h *trail.Header, raw []byte) error {
		if !w.filter.takes(h) {
			w.counts.outside++
			return nil
		}
		w.counts.records++
		if !w.baseline.Observe(h) {
			w.skip(object, h.Offset, "eventTime is no date: the record is read, but has no place in time")
		}
		if unread := w.ledger.Take(h, raw); unread != "" {
			w.skip(object, h.Offset, unread)
		}
		if w.also != nil {
			w.also(h, raw)
		}
		return nil
	}
}

// skip names what was not read, up to a bound for each object, and counts it.
func (w *worker) skip(object string, offset int64, reason string) {
	if w.skips++; w.skips <= maxSkipsOfObject {
		w.skipped = append(w.skipped, report.Skipped{Object: object, Offset: offset, Reason: reason})
	}
	w.counts.reasons[kindOfReason(reason)]++
}

// kindOfReason is the part of a reason that is the same for all objects: what
// stands before the first colon or offset.
func kindOfReason(reason string) string {
	kind, _, _ := strings.Cut(reason, ":")
	kind, _, _ = strings.Cut(kind, " at offset ")
	return kind
}

// wanted is the filter on records, by what their headers tell.
type wanted struct {
	accounts, regions map[string]bool
	from, to          int64
	any               bool
}

func newWanted(f ingest.Filter) wanted {
	w := wanted{accounts: set(f.Accounts), regions: set(f.Regions)}
	if !f.From.IsZero() {
		w.from = f.From.Unix()
	}
	if !f.To.IsZero() {
		w.to = f.To.Unix()
	}
	w.any = len(w.accounts) == 0 && len(w.regions) == 0 && w.from == 0 && w.to == 0
	return w
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}

func (w *wanted) takes(h *trail.Header) bool {
	if w.any {
		return true
	}
	if len(w.accounts) > 0 && len(h.RecipientAccountID) > 0 && !w.accounts[string(h.RecipientAccountID)] {
		return false
	}
	if len(w.regions) > 0 && len(h.Region) > 0 && !w.regions[string(h.Region)] {
		return false
	}
	if w.from == 0 && w.to == 0 {
		return true
	}
	seconds, _, ok := trail.ParseTime(h.Time)
	return !ok || w.within(seconds)
}

// within reports whether a time, in Unix seconds, lies in the filter's.
func (w *wanted) within(seconds int64) bool {
	return seconds >= w.from && (w.to == 0 || seconds < w.to)
}
