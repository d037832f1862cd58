// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"slices"
	"time"
)

// copyCalls are calls that write an object of what another holds.
var copyCalls = []string{"CopyObject", "UploadPartCopy"}

// brought notes that who opened a bucket had made it himself not long before, and
// copied objects meanwhile: its name is his choice, and what he copied may be
// anything. Of copies without an ACL no more is kept than that the caller made
// some.
func (r *ranker) brought(a *Alert, e *evidence) {
	made, ok := r.madeAt(a, openedTime(a).Add(-stagingSpan))
	if !ok || a.copySource != "" {
		return
	}
	end := r.endOf(a)
	names := r.habitOf(a).Names()
	for _, name := range copyCalls {
		t := names[name]
		if t == nil {
			continue
		}
		first, last := time.Unix(t.First, 0), time.Unix(t.Last, 0)
		since := slices.ContainsFunc([]time.Time{first, last}, func(at time.Time) bool { return !at.Before(made.at) && !at.After(end) })
		if !since {
			continue
		}
		a.brought = "the caller made the bucket himself " + span(openedTime(a).Sub(made.at)) + " before, and has copied objects since (" + name + "): from where, and whether into this bucket, is not kept"
		e.lacks("what it holds: %s", a.brought)
		return
	}
}

// madeAt is the last time since one at which who opened a bucket made it himself.
func (r *ranker) madeAt(a *Alert, since time.Time) (done, bool) {
	for _, d := range slices.Backward(before(r.deeds.of[a.Bucket], openedTime(a).Add(1))) {
		if d.name == "CreateBucket" && d.principal == r.principalOf(a) && !d.at.Before(since) {
			return d, true
		}
	}
	return done{}, false
}
