// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/trail"
	"github.com/bucketlid/bucketlid/triage"
)

// inquiry is one run of investigate.
type inquiry struct {
	flags     *investigateFlags
	subject   investigate.Case
	subjects  []investigate.Subject
	specs     []string
	known     triage.Known
	hunt      *hunt
	result    triage.Result
	collector *investigate.Collector
	archive   *archive.Archive // instead of specs
	sumless   bool             // its sums are of no use
	indexless bool             // nor are its indexes
	notes     io.Writer        // nil: nobody reads them
	// collectors are those of the workers, while sources are read for them.
	collectors []*investigate.Collector
}

// inquestOutput is an opened destination with how to draw there.
type inquestOutput struct {
	*output
	w       io.Writer
	options report.Options
}

// records is where records come from: it hands each to the visit of one of its
// workers. Files are one such place, an archive is another.
type records func(ctx context.Context, visits []investigate.Visit) error

func (q *inquiry) follow(kind investigate.Kind, text string) error {
	s, err := investigate.Parse(kind, text)
	q.subjects = []investigate.Subject{s}
	return subjectError(err)
}

// gather reads everything. Of an alert, the parties are known only when it was
// found: then the sources are read a second time.
func (q *inquiry) gather(ctx context.Context, notes io.Writer) error {
	f := &q.flags.hunt
	q.notes = notes
	bar := startProgress(notes, &q.hunt.progress, !f.noProgress && !f.quiet && q.archive == nil)
	defer bar.stop()
	if q.subject.Kind != investigate.Alert {
		err := q.collect(ctx, q.hunted)
		bar.phase("folding changes")
		if err == nil {
			q.result = triage.Rank(q.hunt.ledger, q.hunt.baseline, q.known)
		}
		return err
	}
	if err := q.findAlert(ctx); err != nil {
		return err
	}
	q.subjects = investigate.PartiesOf(q.subject.Alert)
	bar.phase("reading again, around the alert")
	if q.flags.saved == "" {
		return q.collect(ctx, q.again)
	}
	err := q.collect(ctx, q.hunted)
	if err == nil {
		q.result = triage.Rank(q.hunt.ledger, q.hunt.baseline, q.known)
	}
	return err
}

// findAlert takes the alert from a saved stream, or hunts for it.
func (q *inquiry) findAlert(ctx context.Context) error {
	var alerts []triage.Alert
	if q.flags.saved != "" {
		var err error
		if alerts, err = savedAlerts(q.flags.saved); err != nil {
			return err
		}
	} else {
		if err := q.read(ctx); err != nil {
			return err
		}
		q.result = triage.Rank(q.hunt.ledger, q.hunt.baseline, q.known)
		alerts = q.result.Alerts
	}
	var err error
	q.subject.Alert, err = findAlert(alerts, q.subject.Subject)
	return err
}

// alertSink keeps the alerts of a stream.
type alertSink []triage.Alert

func (s *alertSink) Handle(m report.Message) error {
	if m.Alert != nil {
		*s = append(*s, *m.Alert)
	}
	return nil
}

func (s *alertSink) Close() error { return nil }

func savedAlerts(name string) ([]triage.Alert, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, usageError("give the file that `hunt -o jsonl --out FILE` wrote", "--report: %v", err)
	}
	defer file.Close()
	var sink alertSink
	if err := report.Read(file, &sink); err != nil {
		return nil, fmt.Errorf("--report %s: %w", name, err)
	}
	return sink, nil
}

// collect feeds records to a collector for each worker, and merges them.
func (q *inquiry) collect(ctx context.Context, from records) error {
	collectors := make([]*investigate.Collector, q.hunt.workers)
	visits := make([]investigate.Visit, q.hunt.workers)
	for i := range collectors {
		collectors[i] = investigate.NewCollector(q.subjects)
		visits[i] = collectors[i].Observe
	}
	q.collectors = collectors
	err := from(ctx, visits)
	q.collectors = nil
	if err != nil {
		return err
	}
	q.collector = collectors[0]
	for _, other := range collectors[1:] {
		q.collector.Merge(other)
	}
	return nil
}

// hunted reads the sources for hunt and visits at once.
func (q *inquiry) hunted(ctx context.Context, visits []investigate.Visit) error {
	q.hunt.also = func(worker int, h *trail.Header, raw []byte) { visits[worker](h, raw) }
	return q.read(ctx)
}

// read reads everything for hunt.
func (q *inquiry) read(ctx context.Context) error {
	if q.archive != nil {
		return q.readArchive(ctx, true)
	}
	return q.hunt.read(ctx, q.specs)
}

// again reads the sources for visits alone. What cannot be read was named the
// first time.
func (q *inquiry) again(ctx context.Context, visits []investigate.Visit) error {
	if q.archive != nil {
		return q.readArchive(ctx, false)
	}
	if err := q.askAgain(ctx, visits[0]); err != nil {
		return err
	}
	workers := q.readers()
	return q.each(ctx, newWorker(q.hunt.filter), func(i int, obj ingest.Object) error {
		w := workers[i]
		return w.object(ctx, obj, w.scan(func(h *trail.Header, raw []byte) error {
			if w.filter.takes(h) {
				visits[i](h, raw)
			}
			return nil
		}))
	})
}

func (q *inquiry) readers() []*worker {
	out := make([]*worker, q.hunt.workers)
	for i := range out {
		out[i] = newWorker(q.hunt.filter)
	}
	return out
}

// each opens the sources and hands every object to a worker.
func (q *inquiry) each(ctx context.Context, first *worker, read func(i int, obj ingest.Object) error) error {
	opts := ingest.Options{Stdin: q.hunt.stdin, Endpoint: q.hunt.endpoint, Progress: &q.hunt.progress}
	opts.Problem = func(p ingest.Problem) {
		first.skips = 0
		first.skip(p.Object, -1, p.Reason)
	}
	sources, err := openAll(ctx, q.specs, q.hunt.filter, opts)
	if err != nil {
		return err
	}
	return ingest.Each(ctx, sources, q.hunt.workers, opts, read)
}

// scan reads an object of CloudTrail records for a visit of its own.
func (w *worker) scan(visit func(h *trail.Header, raw []byte) error) func(name string, r io.Reader) (int64, error) {
	return func(name string, r io.Reader) (int64, error) {
		stats, err := trail.Scan(r, trail.Options{}, visit, func(s trail.Skip) { w.skip(name, s.Offset, s.Reason) })
		return stats.Bytes, err
	}
}
