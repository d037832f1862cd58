// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

// topBuckets is how many buckets the summary names.
const topBuckets = 5

func (h *hunt) config(specs []string) *report.Config {
	c := &report.Config{Schema: report.Schema, Version: version, Command: "hunt", Sources: specs,
		Accounts: h.filter.Accounts, Regions: h.filter.Regions}
	c.From, c.To = timeOrNil(h.filter.From), timeOrNil(h.filter.To)
	return c
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (h *hunt) summary(result triage.Result) *report.Summary {
	s := &report.Summary{
		Objects: h.counts.objects, Bytes: h.counts.packed, Unpacked: h.counts.unpacked, Records: h.counts.records,
		OutsideObjects: h.progress.Snapshot().Outside, OutsideRecords: h.counts.outside,
		AccessLogLines: h.counts.lines, SkippedObjects: h.skippedObjects(), Skipped: h.counts.reasons, Changes: h.ledger.Count(),
		Exposures: int64(len(result.Exposures)), Alerts: map[string]int64{}, Kinds: map[string]int64{},
		Principals: int64(len(h.baseline.Principals)), Addresses: int64(len(h.baseline.Addresses)),
		Gaps: []report.Gap{}, TopBuckets: []report.BucketCount{},
	}
	if n := h.progress.Snapshot().Hidden; n == 1 {
		s.NotLooked = append(s.NotLooked, "1 hidden folder, whose name begins with a dot")
	} else if n > 1 {
		s.NotLooked = append(s.NotLooked, fmt.Sprintf("%d hidden folders, whose names begin with a dot", n))
	}
	if first, last, ok := h.baseline.Span(); ok {
		s.FirstEvent, s.LastEvent = &first, &last
	}
	perBucket := map[string]int64{}
	for _, severity := range triage.Severities {
		s.Alerts[string(severity)] = 0
	}
	for i := range result.Alerts {
		a := &result.Alerts[i]
		s.Alerts[string(a.Severity)]++
		s.Kinds[string(a.Kind)]++
		if a.State == exposure.Open && (a.Kind == triage.KindPublic || a.Kind == triage.KindShared) {
			s.StillOpen++
		}
		if a.Bucket != "" {
			perBucket[a.Bucket]++
		}
	}
	for name, n := range perBucket {
		s.TopBuckets = append(s.TopBuckets, report.BucketCount{Bucket: name, Alerts: n})
	}
	slices.SortFunc(s.TopBuckets, func(a, b report.BucketCount) int {
		return cmp.Or(cmp.Compare(b.Alerts, a.Alerts), cmp.Compare(a.Bucket, b.Bucket))
	})
	s.TopBuckets = s.TopBuckets[:min(topBuckets, len(s.TopBuckets))]
	for _, gap := range h.ledger.Gaps(h.baseline) {
		s.Gaps = append(s.Gaps, report.Gap{Account: gap.Account, Region: gap.Region, From: timeOrNil(gap.From), To: timeOrNil(gap.To), Reason: gap.Reason})
	}
	return s
}

// skippedObjects counts objects of which something was not read.
func (h *hunt) skippedObjects() int64 {
	names := map[string]bool{}
	for _, s := range h.skipped {
		names[s.Object] = true
	}
	return int64(len(names))
}
