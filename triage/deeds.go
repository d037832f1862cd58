// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"slices"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/replay"
)

// done is one successful change of an S3 setting.
type done struct {
	at        time.Time
	principal string
	user      string
	bucket    string
	name      string
	eventID   string
	tightens  bool // it put up a guard
}

// deeds are the successful changes, by who made them and by bucket, in order.
type deeds struct {
	by map[string][]done
	of map[string][]done
}

// permissionSlots are the settings that say who may reach a bucket.
var permissionSlots = map[bucket.Slot]bool{
	bucket.SlotACL: true, bucket.SlotPolicy: true, bucket.SlotBlock: true, bucket.SlotAccountBlock: true, bucket.SlotOwnership: true,
	bucket.SlotObjectACL: true, bucket.SlotAccessPoint: true, bucket.SlotAccessPointPolicy: true, bucket.SlotBucket: true, bucket.SlotObject: true,
}

func newDeeds(l *replay.Ledger) deeds {
	d := deeds{by: map[string][]done{}, of: map[string][]done{}}
	for _, c := range l.Changes() {
		if c.Reading || c.Outcome != bucket.Done || !permissionSlots[c.Slot] || c.Event == nil || c.Event.Time.IsZero() {
			continue
		}
		one := done{c.Event.Time, replay.PrincipalKey(c.Event.ARN, c.Event.InvokedBy, c.Event.AccountID, ""), c.Event.UserName, c.Bucket, c.Event.Name, c.Event.ID, tightens(c)}
		d.by[one.principal] = append(d.by[one.principal], one)
		if c.Bucket != "" {
			d.of[c.Bucket] = append(d.of[c.Bucket], one)
		}
	}
	for _, m := range []map[string][]done{d.by, d.of} {
		for _, list := range m {
			slices.SortFunc(list, func(a, b done) int {
				return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.eventID, b.eventID), cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.name, b.name))
			})
		}
	}
	return d
}

// tightens reports whether a change puts up a guard, and lets nobody in.
func tightens(c *bucket.Change) bool {
	return (c.Slot == bucket.SlotBlock || c.Slot == bucket.SlotAccountBlock) && !c.Removed && !exposure.IsGuardDown(c)
}

// before lists the changes before a time.
func before(list []done, at time.Time) []done {
	i, _ := slices.BinarySearchFunc(list, at, func(d done, at time.Time) int { return d.at.Compare(at) })
	return list[:i]
}

// within lists the changes between two times.
func within(list []done, from, to time.Time) []done {
	return before(list, to.Add(1))[len(before(list, from)):]
}
