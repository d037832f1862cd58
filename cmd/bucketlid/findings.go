// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"maps"
	"time"

	"github.com/bucketlid/bucketlid/findings"
	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

const findingsUsage = "also read findings of GuardDuty, Security Hub, Access Analyzer and Macie from this `source`, as evidence beside alerts (can be repeated)"

// maxFindingsText bounds what is kept of all findings, in bytes of their text.
const maxFindingsText = 64 << 20

// maxAlone is how many findings without an alert the summary holds; the rest is
// counted.
const maxAlone = 1000

// elsewhere is what other services found.
type elsewhere struct {
	found  []triage.Elsewhere
	kept   int // bytes of text
	count  report.FindingsRead
	unread *worker // what it skipped
}

// readFindings reads sources of findings, in any of the packings of logs, before
// the logs, so that a bad source is refused before work is done.
func (h *hunt) readFindings(ctx context.Context, specs []string) (*elsewhere, error) {
	if len(specs) == 0 {
		return nil, nil
	}
	e := &elsewhere{count: report.FindingsRead{Aside: map[string]int64{}}}
	w := newWorker(ingest.Filter{})
	opts := ingest.Options{Stdin: h.stdin, Endpoint: h.endpoint}
	opts.Problem = func(p ingest.Problem) {
		w.skips = 0
		w.skip(p.Object, -1, p.Reason)
	}
	sources, err := openAll(ctx, specs, ingest.Filter{}, opts)
	if err != nil {
		return nil, err
	}
	err = ingest.Each(ctx, sources, 1, opts, func(_ int, obj ingest.Object) error {
		return w.object(ctx, obj, func(name string, r io.Reader) (int64, error) { return e.read(w, name, r) })
	})
	if err != nil {
		return nil, err
	}
	e.unread = w
	return e, nil
}

// tellSkipped tells what could not be read of findings as of other input.
func (h *hunt) tellSkipped(e *elsewhere) {
	if e == nil {
		return
	}
	h.skipped = append(h.skipped, e.unread.skipped...)
	for reason, n := range e.unread.counts.reasons {
		h.counts.reasons[reason] += n
	}
}

func (e *elsewhere) read(w *worker, name string, r io.Reader) (int64, error) {
	return findings.Read(r, findings.Sink{
		Found: func(list []triage.Elsewhere) {
			e.count.Read++
			for _, f := range list {
				f.Object = name
				if e.kept += textOf(&f); e.kept > maxFindingsText {
					w.skip(name, f.Offset, "too many findings: give fewer at a time")
					return
				}
				e.found = append(e.found, f)
			}
		},
		Skip: func(s findings.Skip) { w.skip(name, s.Offset, s.Reason) },
		Aside: func(none *findings.NoEvidenceError) {
			e.count.Read++
			e.count.Aside[none.Reason]++
		},
	})
}

// textOf is about how much memory a finding takes.
func textOf(f *triage.Elsewhere) int {
	n := 512
	for _, s := range append([]string{f.ID, f.Type, f.Title, f.Bucket, f.Key, f.Object}, f.Details...) {
		n += len(s)
	}
	return n
}

// beside lays findings beside the alerts and tells the summary of the others.
func (e *elsewhere) beside(result *triage.Result, seen findings.Seen, summary *report.Summary) {
	if e == nil {
		return
	}
	alone := findings.Attach(result.Alerts, e.found, seen)
	e.count.Alone = int64(len(alone))
	e.count.Beside = findings.Distinct(e.found) - e.count.Alone
	summary.SaidElsewhere = alone[:min(len(alone), maxAlone)]
	summary.SaidElsewhereMore = int64(len(alone) - len(summary.SaidElsewhere))
	summary.Findings = &e.count
}

// seen is what the logs told of.
func (h *hunt) seen(result *triage.Result) findings.Seen {
	s := findings.Seen{Accounts: maps.Clone(h.baseline.Accounts()), Buckets: map[string]bool{}, Quiet: map[string]int{}}
	if s.Accounts == nil {
		s.Accounts = map[string]bool{}
	}
	if first, last, ok := h.baseline.Span(); ok {
		s.First, s.Last = first, last
	}
	changes := h.ledger.Changes()
	for _, c := range changes {
		s.Buckets[c.Bucket] = true
	}
	s.Guards = findings.Guards(changes)
	for i := range result.Exposures {
		s.Quiet[result.Exposures[i].Bucket]++
	}
	return s
}

// seen adds what the live accounts told.
func (s *scan) seen(result *triage.Result) findings.Seen {
	out := s.logs.seen(result)
	out.Live, out.Owned = s.live, map[string]map[string]bool{}
	for _, o := range s.owned {
		out.Accounts[o.Account] = true
		out.Owned[o.Account] = set(o.Buckets)
	}
	return out
}

// sawLive notes when a bucket's settings were read.
func (s *scan) sawLive(name string, at time.Time) {
	if s.live == nil {
		s.live = map[string]time.Time{}
	}
	s.live[name] = at
}
