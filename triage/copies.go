// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// sending is a setting by which S3 itself sends what a bucket holds, or tells of
// it, to a foreign account: no grant is needed for that.
type sending struct {
	permission string
	access     policy.Access // what the other account comes to have
}

// sendings are such settings by their slot (semantics B.7 N10).
var sendings = map[bucket.Slot]sending{
	bucket.SlotReplication:  {"replication", policy.Read},
	bucket.SlotInventory:    {"inventory", policy.List},
	bucket.SlotNotification: {"notification", policy.List},
}

// copies makes `shared` alerts of what is sent to a foreign account.
func copies(t *bucket.Timeline) []Alert {
	var out []Alert
	for i := range t.Steps {
		c := t.Steps[i].Change
		if c == nil || c.Removed || c.Value == "" || c.Outcome != bucket.Done {
			continue
		}
		what, ok := sendings[c.Slot]
		if !ok {
			continue
		}
		a := Alert{
			Kind: KindShared, Account: t.Account, Region: t.Region, Bucket: c.Bucket, BucketName: c.Bucket,
			Route: string(c.Slot), Audience: policy.Account, Principals: []string{c.Value}, URI: c.Value,
			Permission: what.permission, Access: []policy.Access{what.access}, Scope: policy.Scope{Include: []string{t.Bucket + "/*"}},
			State: exposure.Open, Certainty: exposure.Proven, BlockedBy: []string{}, OpenedAt: exposure.ActorOf(c.Event).EventTime, OpenedBy: exposure.ActorOf(c.Event),
			UserName: c.Event.UserName, SourceIPAddress: c.Event.SourceIPAddress,
			Reasons: append([]string{exposure.Describe(c)}, c.Details...), Unknowns: []string{},
		}
		if end := sendingEnd(t, i); end >= 0 {
			a.State, a.ClosedAt, a.ClosedBy = exposure.Closed, &t.Steps[end].Time, exposure.ActorOf(t.Steps[end].Change.Event)
		}
		a.ID = exposure.ID("a", string(KindShared), a.Account, a.Bucket, a.Route, a.OpenedBy.Key())
		out = append(out, a)
	}
	return out
}

// sendingEnd is the step that replaced or took off the setting of another, or
// deleted its bucket; -1 where none did.
func sendingEnd(t *bucket.Timeline, of int) int {
	set := t.Steps[of].Change
	for j := of + 1; j < len(t.Steps); j++ {
		c := t.Steps[j].Change
		if c == nil || c.Outcome != bucket.Done {
			continue
		}
		if c.Slot == set.Slot && c.Key == set.Key || c.Slot == bucket.SlotBucket && c.Removed {
			return j
		}
	}
	return -1
}
