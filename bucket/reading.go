// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"fmt"
	"slices"
	"time"
)

// A reading is a change that no call made: a live read of the account showed
// what a setting holds at that time (semantics B.10). It tells what was before
// as well, back to the last call that set it, and disproves that call where
// they disagree.

// readWhy is the evidence of everything that a reading tells.
const readWhy = "read from the live account"

// read lays one reading into the tracks. A setting that could not be read keeps
// what the log told.
func (t *Timeline) read(i int, c *Change) {
	if t.ReadAt.IsZero() && c.Bucket != "" {
		t.ReadAt = t.Steps[i].Time
	}
	if c.Bucket != "" && !c.Removed {
		t.readAlive(i)
	}
	if c.PayloadLost != "" {
		t.Unread = append(t.Unread, c.PayloadLost)
		t.leaveUnread(c)
		return
	}
	switch c.Slot {
	case SlotBucket:
		t.readExistence(i, c)
	case SlotBlock:
		for _, f := range Flags {
			see(t, i, &t.block[f], c.Block[f], sameValue[Tri], f.String()+" of the bucket")
		}
	case SlotAccountBlock:
		for _, f := range Flags {
			see(t, i, &t.account(c.Account).block[f], c.Block[f], sameValue[Tri], f.String()+" of the account")
		}
	case SlotOwnership:
		see(t, i, &t.ownership, c.Ownership, sameControls, "Object Ownership")
	case SlotACL:
		see(t, i, &t.acl, unhidden(c.ACL, t.acl.at(i-1, sameACL)), equalACL, "the bucket ACL")
	case SlotPolicy:
		if see(t, i, &t.policy, c.Policy, samePolicy, "the bucket policy") {
			t.replaced = append(t.replaced, i)
		}
	case SlotPayer:
		see(t, i, &t.payer, c.Value, sameValue[string], "Requester Pays")
	case SlotWebsite:
		see(t, i, &t.website, c.Value, sameValue[string], "the website")
	case SlotVersioning:
		see(t, i, &t.versioning, c.Value, sameValue[string], "versioning")
	case SlotEncryption:
		see(t, i, &t.encryption, c.Value, sameValue[string], "the default encryption")
	case SlotObjectACL:
		track := t.object(t.meant(c))
		see(t, i, track, unhidden(c.ACL, track.at(i-1, sameACL)), equalACL, "the ACL of "+c.Key)
	default:
		t.readPoints(i, c)
	}
}

func (t *Timeline) readPoints(i int, c *Change) {
	switch c.Slot {
	case SlotAccessPoint:
		see(t, i, &t.point(c).created, c.Point, equalPoint, "access point "+c.AccessPoint)
	case SlotAccessPointPolicy:
		see(t, i, &t.point(c).policy, c.Policy, samePolicy, "the policy of access point "+c.AccessPoint)
	case SlotAccessPointList:
		// What the list does not hold is gone. Points of other accounts are
		// not on it.
		for _, key := range t.pointKeys() {
			if key.multiRegion == c.MultiRegion && key.account == c.Account && !slices.Contains(c.Details, key.name) {
				see(t, i, &t.points[key].created, nil, equalPoint, "access point "+key.name)
				see(t, i, &t.points[key].policy, nil, samePolicy, "the policy of access point "+key.name)
			}
		}
	}
}

// readExistence: a bucket that is not there ends as by a deletion that the log
// does not hold.
func (t *Timeline) readExistence(i int, c *Change) {
	if now := t.exists.at(i-1, sameValue[bool]); c.Removed && (!now.Known || now.Value) {
		t.noteDrift(i, "whether the bucket exists: it does not")
		t.exists.assign(i, false)
		t.clear(i)
		t.forget(i, "the bucket was deleted")
	}
}

// readAlive: a bucket whose settings can be read exists.
func (t *Timeline) readAlive(i int) {
	if now := t.exists.at(i, sameValue[bool]); now.Known && !now.Value {
		see(t, i, &t.exists, true, sameValue[bool], "whether the bucket exists: it does")
	}
}

// leaveUnread notes why a setting that was never seen is unknown.
func (t *Timeline) leaveUnread(c *Change) {
	switch c.Slot {
	case SlotBlock:
		for f := range t.block {
			t.block[f].unread = c.PayloadLost
		}
	case SlotAccountBlock:
		for f := range t.account(c.Account).block {
			t.account(c.Account).block[f].unread = c.PayloadLost
		}
	case SlotOwnership:
		t.ownership.unread = c.PayloadLost
	case SlotACL:
		t.acl.unread = c.PayloadLost
	case SlotPolicy:
		t.policy.unread = c.PayloadLost
	}
}

// see observes a value and reports whether it contradicts what was known.
func see[T any](t *Timeline, i int, track *Track[T], v T, same func(a, b T) bool, what string) bool {
	before := track.at(i-1, same)
	if before.Known && same(before.Value, v) {
		track.seen(i, before.Value)
		return false
	}
	track.seen(i, v)
	if !before.Known || before.Step < 0 {
		return false
	}
	t.noteDrift(i, what)
	t.drift[len(t.drift)-1].Since = before.Step
	return true
}

func (t *Track[T]) seen(step int, v T) {
	t.add(fact[T]{step: step, observed: true, live: true, known: true, value: v, grade: Seen, why: readWhy})
}

// Drift is a point at which the live account contradicts the log: a change that
// is not in the records read.
type Drift struct {
	Step  int    // the reading
	Since int    // the step that set what the log knows; -1 when none did
	What  string // the setting
}

func (t *Timeline) noteDrift(i int, what string) {
	if n := len(t.drift); n > 0 && t.drift[n-1].Step == i {
		t.drift[n-1].What += ", " + what
		return
	}
	t.drift = append(t.drift, Drift{Step: i, Since: -1, What: what})
}

// Drifts lists where readings contradict the log, in the order of steps.
func (t *Timeline) Drifts() []Drift { return t.drift }

// LiveOnly reports whether nothing but readings tells of the timeline, so that
// all that is open was opened before them.
func (t *Timeline) LiveOnly() bool {
	return !t.ReadAt.IsZero() && !slices.ContainsFunc(t.Steps, func(s Step) bool { return s.Change != nil && !s.Change.Reading })
}

// Live reports whether the live account was read, and when.
func (t *Timeline) Live() (time.Time, bool) { return t.ReadAt, !t.ReadAt.IsZero() }

// unhidden is an ACL as S3 shows it, with what it hides: while public ACLs are
// ignored or ACLs are disabled, GetBucketAcl leaves out the grants that have no
// effect (AWS page "Blocking public access"). They come back with the guard's
// removal. Where the log tells them, they are taken from there.
func unhidden(shown *ACL, logged Reading[*ACL]) *ACL {
	if shown == nil || shown.Hidden == "" {
		return shown
	}
	full := *shown
	full.Partial = shown.Hidden
	if !logged.Known || logged.Value == nil {
		return &full
	}
	full.Grants = slices.Clone(shown.Grants)
	for _, g := range logged.Value.Grants {
		if (g.Grantee.Public() || shown.HidesAll) && !slices.Contains(full.Grants, g) {
			full.Grants = append(full.Grants, g)
			full.Recovered = true
		}
	}
	if full.Recovered {
		full.Partial = ""
	}
	full.normalise()
	return &full
}

// sameControls: a bucket that never had ownership controls behaves as one with
// ObjectWriter.
func sameControls(a, b ObjectOwnership) bool {
	plain := func(o ObjectOwnership) ObjectOwnership {
		if o == NoOwnershipControls {
			return ObjectWriter
		}
		return o
	}
	return sameOwnership(a, b) || plain(a) == plain(b)
}

// equalACL compares what two ACLs give to others than the owner: canned names
// do not tell the owner's canonical id, and S3 shows it.
func equalACL(a, b *ACL) bool { return slices.Equal(outside(a), outside(b)) }

func outside(a *ACL) []string {
	var out []string
	if a == nil {
		return nil
	}
	for _, g := range a.Grants {
		switch g.Grantee.ID {
		case OwnerID, BucketOwnerID:
		default:
			if g.Grantee.ID == "" || g.Grantee.ID != a.OwnerID {
				out = append(out, fmt.Sprint(g))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func equalPoint(a, b *AccessPoint) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
