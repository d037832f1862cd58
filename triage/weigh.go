// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"slices"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// weigh completes an alert: sentence, strangers' use, flags, severity with its
// reason, confidence and suggestion.
func (r *ranker) weigh(a *Alert) {
	a.Access = sortAccess(a.Access)
	a.AccessSeen = r.accessSeen(a)
	a.Flags = r.flags(a)
	a.Severity, a.SeverityWhy = severity(r, a)
	a.Confidence = map[exposure.Certainty]string{exposure.Proven: "high", exposure.Inferred: "high", exposure.Assumed: "medium"}[a.Certainty]
	if a.State == exposure.Unknown || a.unseenGrant {
		a.Confidence = "low"
	}
	a.Suggestion = suggest(r, a)
	a.Title = title(a)
	r.ours(a)
	if a.Scope.Include == nil {
		a.Scope.Include = []string{}
	}
	a.Reasons, a.Unknowns = appendNew([]string{}, a.Reasons...), appendNew([]string{}, a.Unknowns...)
	if a.Segments == nil {
		a.Segments = []exposure.Segment{}
	}
	if a.Exposures == nil {
		a.Exposures = []string{}
	}
}

func (a *Alert) flagOf(id string) *Flag {
	for i := range a.Flags {
		if a.Flags[i].ID == id {
			return &a.Flags[i]
		}
	}
	return nil
}

func (a *Alert) flag(id string) Answer {
	if f := a.flagOf(id); f != nil {
		return f.Answer
	}
	return Cannot
}

// strong reports whether a flag was decided by strong evidence.
func (a *Alert) strong(id string) bool {
	f := a.flagOf(id)
	return f != nil && f.Strong
}

// doubted reports whether there is evidence for a flag, whatever it answers.
func (f *Flag) doubted() bool { return f != nil && len(f.For) > 0 }

// emptyTry reports whether strangers only listed a bucket, and who opened it had
// made it within the day before.
func (r *ranker) emptyTry(a *Alert) bool {
	return slices.Equal(a.AccessSeen.Access, []policy.Access{policy.List}) && r.created(a, openedTime(a).Add(-freshSpan))
}

// compareAlerts sorts worst first: severity, then still open, then newest.
func compareAlerts(a, b Alert) int {
	return cmp.Or(
		cmp.Compare(slices.Index(Severities, a.Severity), slices.Index(Severities, b.Severity)),
		cmp.Compare(stateOrder(a.State), stateOrder(b.State)),
		compareTimes(when(&b), when(&a)),
		cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID))
}

func stateOrder(s exposure.State) int {
	return slices.Index([]exposure.State{exposure.Open, exposure.Unknown, exposure.Blocked, exposure.Closed}, s)
}

func when(a *Alert) *time.Time {
	if a.OpenedAt == nil && a.OpenedBy != nil {
		return a.OpenedBy.EventTime
	}
	return a.OpenedAt
}

func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return a.Compare(*b)
}
