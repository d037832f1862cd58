// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"slices"

	"github.com/bucketlid/bucketlid/bucket"
)

// versioning tells when a bucket kept the versions of its objects, so that what
// a record without a version's id did can be told: where they are kept, an
// upload adds a version and a deletion a marker, and the former version stays
// readable by its id (semantics B.5).
type versioning []versioningStep

type versioningStep struct {
	seconds int64
	keeps   bool
	reading bool // of the live account: it was so since the last call
}

// versioningOf takes the steps out of the changes of a bucket.
func versioningOf(changes []*bucket.Change) versioning {
	var v versioning
	for _, c := range changes {
		switch {
		case c.Slot == bucket.SlotVersioning && c.Outcome != bucket.Refused:
			v = append(v, versioningStep{c.Event.Time.Unix(), c.Value == "Enabled", c.Reading})
		case c.Slot == bucket.SlotBucket && c.Create != nil && c.Outcome == bucket.Done, c.Slot == bucket.SlotBucket && c.Removed:
			v = append(v, versioningStep{seconds: c.Event.Time.Unix()})
		}
	}
	slices.SortFunc(v, func(a, b versioningStep) int {
		return cmp.Or(cmp.Compare(a.seconds, b.seconds), boolOrder(a.keeps, b.keeps), boolOrder(a.reading, b.reading))
	})
	return v
}

// at reports whether versions are known to be kept at a time, in Unix seconds.
// Of calls within one second the one that keeps them counts.
func (v versioning) at(seconds int64) bool {
	next, _ := slices.BinarySearchFunc(v, seconds+1, func(s versioningStep, at int64) int { return cmp.Compare(s.seconds, at) })
	if next > 0 {
		return v[next-1].keeps
	}
	return len(v) > 0 && v[0].reading && v[0].keeps
}
