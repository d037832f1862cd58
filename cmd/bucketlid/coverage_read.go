// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"io"
	"maps"
	"path"
	"slices"

	"github.com/bucketlid/bucketlid/accesslog"
	"github.com/bucketlid/bucketlid/coverage"
	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/trail"
)

// survey reads sources to tell what they cover. Each worker gathers its own
// share, and the shares merge at the end.
type survey struct {
	filter     ingest.Filter
	workers    int
	validate   bool
	accessLogs []string
	opts       ingest.Options
	progress   ingest.Progress

	collector *coverage.Collector
	digests   digests
	skipped   []report.Skipped
	counts    counts
}

// surveyor is one reader's share.
type surveyor struct {
	worker
	collector *coverage.Collector
	digests   digests
	validate  bool
}

func (s *survey) newSurveyor() *surveyor {
	return &surveyor{worker: worker{filter: newWanted(s.filter), counts: counts{reasons: map[string]int64{}}}, collector: coverage.NewCollector(),
		validate: s.validate, digests: digests{signatures: map[string]string{}}}
}

func (s *survey) read(ctx context.Context, specs []string) error {
	first := s.newSurveyor()
	s.opts.Problem = func(p ingest.Problem) {
		first.skips = 0
		first.skip(p.Object, -1, p.Reason)
	}
	sources, err := openAll(ctx, specs, s.filter, s.opts)
	if err != nil {
		return err
	}
	lines, err := openAll(ctx, s.accessLogs, ingest.Filter{}, s.opts)
	if err != nil {
		return err
	}
	all := make([]*surveyor, s.workers)
	for i := range all {
		all[i] = s.newSurveyor()
	}
	err = ingest.Each(ctx, sources, s.workers, s.opts, func(i int, obj ingest.Object) error { return all[i].take(ctx, obj) })
	if err == nil && len(lines) > 0 {
		err = ingest.Each(ctx, lines, s.workers, s.opts, func(i int, obj ingest.Object) error {
			return all[i].object(ctx, obj, all[i].lines)
		})
	}
	if err != nil {
		return err
	}
	s.merge(append(all, first))
	if s.validate {
		return s.digests.sign(ctx)
	}
	return nil
}

// merge puts the shares together, into the first's.
func (s *survey) merge(all []*surveyor) {
	s.collector, s.digests, s.counts = all[0].collector, digests{signatures: map[string]string{}}, counts{reasons: map[string]int64{}}
	for i, one := range all {
		if i > 0 {
			s.collector.Merge(one.collector)
		}
		s.digests.merge(&one.digests)
		s.skipped = append(s.skipped, one.skipped...)
		s.counts.add(one.counts)
	}
	slices.SortFunc(s.skipped, func(a, b report.Skipped) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Reason, b.Reason))
	})
}

// take reads one object of CloudTrail: records, or a digest.
func (s *surveyor) take(ctx context.Context, obj ingest.Object) error {
	base := path.Base(obj.Name)
	switch {
	case s.validate && isSignature(base):
		return s.object(ctx, obj, s.signature)
	case s.validate && coverage.IsDigest(base):
		return s.object(ctx, obj, s.digest(obj))
	case s.validate && coverage.IsLogFile(base):
		return s.hashed(ctx, obj)
	}
	return s.object(ctx, obj, s.records)
}

// records reads an object of records.
func (s *surveyor) records(name string, r io.Reader) (int64, error) {
	stats, err := trail.Scan(r, trail.Options{}, func(h *trail.Header, raw []byte) error {
		if !s.filter.takes(h) {
			s.counts.outside++
			return nil
		}
		s.counts.records++
		if unread := s.collector.Observe(name, h, raw); unread != "" {
			s.skip(name, h.Offset, unread)
		}
		return nil
	}, func(skip trail.Skip) { s.skip(name, skip.Offset, skip.Reason) })
	return stats.Bytes, err
}

// lines reads an object of access logs.
func (s *surveyor) lines(name string, r io.Reader) (int64, error) {
	stats, err := accesslog.Scan(r, func(l *accesslog.Line) error {
		if !s.filter.within(l.Time.Unix()) {
			s.counts.outside++
			return nil
		}
		s.counts.lines++
		s.collector.ObserveLine(name, string(l.Bucket), string(l.SourceRegion), string(l.RequestID)+string(l.Operation)+string(l.Key), l.Time)
		return nil
	}, func(skip accesslog.Skip) { s.skip(name, skip.Offset, skip.Reason) })
	return stats.Bytes, err
}

// sheet is all that was found.
func (s *survey) sheet(specs []string, keys coverage.Keys) *report.CoverageSheet {
	out := &report.CoverageSheet{Config: &report.Config{Schema: report.Schema, Version: version, Command: "coverage", Sources: specs,
		Accounts: s.filter.Accounts, Regions: s.filter.Regions, From: timeOrNil(s.filter.From), To: timeOrNil(s.filter.To), AccessLogs: s.accessLogs},
		Report: s.collector.Build(), Skipped: s.skipped}
	out.Summary = report.CoverageSummary{Objects: s.counts.objects, Bytes: s.counts.packed, Records: s.counts.records, AccessLogLines: s.counts.lines,
		OutsideRecords: s.counts.outside, Skipped: s.counts.reasons, Days: map[coverage.State]int64{}}
	for i := range out.Report.Cells {
		out.Summary.Days[out.Report.Cells[i].State] += int64(out.Report.Cells[i].Days)
	}
	if s.validate {
		s.validated(out, keys)
	}
	out.Summary.Gaps = int64(len(out.Report.Gaps))
	return out
}

// validated adds what the digests tell.
func (s *survey) validated(out *report.CoverageSheet, keys coverage.Keys) {
	found, files := s.digests.within(s.filter)
	v := coverage.Validate(found, files, keys)
	out.Validation = &v
	out.Summary.Digests, out.Summary.Files = map[coverage.Verdict]int64{}, maps.Clone(v.Counts)
	for _, d := range v.Digests {
		out.Summary.Digests[d.Verdict]++
	}
	for _, hole := range v.Holes {
		out.Report.Gaps = append(out.Report.Gaps, coverage.MissingTime{Account: hole.Account, Region: hole.Region, Kind: "digests", From: &hole.From, To: &hole.To, Reason: hole.Reason})
	}
	for _, note := range v.Notes {
		out.Report.Statements = append(out.Report.Statements, coverage.Statement{Text: note})
	}
	if len(v.Digests) == 0 {
		out.Report.Statements = append(out.Report.Statements, coverage.Statement{Text: "Whether the log files are as CloudTrail delivered them cannot be known: no digest is among the files given. " +
			"They lie beside the logs, in AWSLogs/ACCOUNT/CloudTrail-Digest, where log file validation is on."})
	}
}
