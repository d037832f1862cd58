// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/bucketlid/bucketlid/policy"
)

// State is what is known of a bucket at one step.
type State struct {
	Exists       Reading[bool]
	Block        [flagCount]Reading[Tri]
	AccountBlock [flagCount]Reading[Tri]
	Organization Reading[string] // "all", "none" or "" (no S3 policy)
	Ownership    Reading[ObjectOwnership]
	ACL          Reading[*ACL]
	Policy       Reading[*PolicyText]
	PolicyStatus Reading[policy.Status] // AWS's own verdict, where a call told it
	Payer        Reading[string]
	Website      Reading[string]
	Versioning   Reading[string]
	Encryption   Reading[string] // the default for new objects
	Points       []Point
	// GapSince is the step at which the account's logging stopped before this
	// step; what was set earlier may have changed unseen. -1: no such gap.
	GapSince int
	GapUntil int
}

// Point is an access point that a call has told.
type Point struct {
	Name        string
	Account     string // its owner, as far as the record tells
	MultiRegion bool
	Created     Reading[*AccessPoint]
	Policy      Reading[*PolicyText]
}

// State reads every slot after step i; -1 is before the first step.
func (t *Timeline) State(i int) State {
	s := State{
		Exists:       t.exists.at(i, sameValue[bool]),
		Organization: t.accountAt(i).organization.at(i, sameValue[string]),
		Ownership:    t.ownership.at(i, sameOwnership),
		ACL:          t.acl.at(i, sameACL),
		Policy:       t.policy.at(i, samePolicy),
		PolicyStatus: t.statusAt(i),
		Payer:        t.payer.at(i, sameValue[string]),
		Website:      t.website.at(i, sameValue[string]),
		Versioning:   t.versioning.at(i, sameValue[string]),
		Encryption:   t.encryption.at(i, sameValue[string]),
		GapSince:     -1, GapUntil: -1,
	}
	for _, f := range Flags {
		s.Block[f] = t.block[f].at(i, sameValue[Tri])
		s.AccountBlock[f] = t.accountAt(i).block[f].at(i, sameValue[Tri])
	}
	for _, key := range t.pointKeys() {
		p := t.points[key]
		s.Points = append(s.Points, Point{key.name, key.account, key.multiRegion,
			p.created.at(i, func(a, b *AccessPoint) bool { return a == b }), p.policy.at(i, samePolicy)})
	}
	for _, g := range t.gaps {
		if g.from <= i {
			s.GapSince, s.GapUntil = g.from, g.to
		}
	}
	return s
}

func (t *Timeline) pointKeys() []pointKey {
	keys := make([]pointKey, 0, len(t.points))
	for key := range t.points {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b pointKey) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.account, b.account), cmp.Compare(fmt.Sprint(a.multiRegion), fmt.Sprint(b.multiRegion)))
	})
	return keys
}

// Objects lists the object versions whose ACL a call has told, sorted.
func (t *Timeline) Objects() []ObjectID {
	ids := make([]ObjectID, 0, len(t.objects))
	for id := range t.objects {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(a, b int) bool {
		return ids[a].Key < ids[b].Key || (ids[a].Key == ids[b].Key && ids[a].Version < ids[b].Version)
	})
	return ids
}

// ObjectACL reads the ACL of one object version after step i; nil is an object
// that does not exist, or whose default ACL was never changed.
func (t *Timeline) ObjectACL(id ObjectID, i int) Reading[*ACL] {
	return t.objects[id].at(i, sameACL)
}

// ObjectSteps lists the steps at which the ACL of an object version changed.
func (t *Timeline) ObjectSteps(id ObjectID) []int {
	var steps []int
	for _, f := range t.objects[id].facts {
		steps = append(steps, f.step)
	}
	return steps
}

// SettingSteps lists the steps at which a setting of the bucket, its access
// points or its account changed: all but those of single objects.
func (t *Timeline) SettingSteps() []int {
	var steps []int
	for i, s := range t.Steps {
		if c := s.Change; c == nil || (c.Slot != SlotObject && c.Slot != SlotObjectACL) || len(c.Observed) > 0 {
			steps = append(steps, i)
		}
	}
	return steps
}

// OwnerID reports whether a canonical user id is known to be the bucket owner's.
func (t *Timeline) OwnerID(id string) (is, known bool) {
	return t.ownerIDs[id], len(t.ownerIDs) > 0
}

// statusAt is AWS's verdict on the policy in force: a verdict counts only
// between the policy changes around it.
func (t *Timeline) statusAt(i int) Reading[policy.Status] {
	from, to := -1, len(t.Steps)
	for _, f := range t.policy.facts {
		if f.observed {
			continue
		}
		if f.step <= i {
			from = f.step
		} else if f.step < to {
			to = f.step
		}
	}
	for _, s := range t.replaced { // a reading tells text and verdict at one step
		if s <= i {
			from = max(from, s-1)
		} else {
			to = min(to, s-1)
		}
	}
	r := Reading[policy.Status]{Step: -1, Earliest: from}
	for _, f := range t.status.facts {
		// An observation made by step s tells what held before s.
		if f.step <= from || f.step > to {
			continue
		}
		if f.step <= i || !r.Known {
			r = Reading[policy.Status]{Value: f.value, Known: true, Grade: InferredGrade, Step: f.step, Why: f.why, Earliest: from}
		}
	}
	return r
}

func sameACL(a, b *ACL) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Public() == b.Public() && len(a.Grants) == len(b.Grants)
}

func samePolicy(a, b *PolicyText) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Hash == b.Hash
}

// Flag is an effective flag of Block Public Access: the most restrictive of
// organization, account and bucket (semantics B.3). Levels that were never seen
// count as off, which is how an account starts; the Grade then says NeverSeen.
func (s State) Flag(f Flag) EffectiveFlag {
	account := s.AccountBlock[f]
	e := EffectiveFlag{Grade: Seen}
	switch s.Organization.Value {
	case "all":
		e.Level, e.Step = "organization", s.Organization.Step
		return e
	case "none":
	default:
		if account.Value == True {
			e.Level, e.Step, e.Grade = "account", account.Step, account.Grade
			return e
		}
		if why := s.Organization.Why; !s.Organization.Known && why != "" {
			e.note(false, NeverSeen, why, "organization-level Block Public Access")
		}
		e.note(account.Known && account.Value != Unknown, account.Grade, account.Why, "account-level Block Public Access")
	}
	own := s.Block[f]
	if own.Value == True {
		return EffectiveFlag{Level: "bucket", Step: own.Step, Grade: own.Grade}
	}
	e.note(own.Known && own.Value != Unknown, own.Grade, own.Why, "Block Public Access of the bucket")
	return e
}

// EffectiveFlag is one flag over all levels. Level names the one that holds;
// "" means that none is known to.
type EffectiveFlag struct {
	Level  string
	Step   int
	Grade  Grade
	Unseen []string // what was never seen, where Level is ""
}

// On reports whether some level is known to hold.
func (e EffectiveFlag) On() bool { return e.Level != "" }

func (e *EffectiveFlag) note(known bool, g Grade, why, what string) {
	if !known {
		e.Grade = NeverSeen
		if why != "" {
			what += " (" + why + ")"
		} else {
			what += " was never seen"
		}
		e.Unseen = append(e.Unseen, what)
		return
	}
	if g < e.Grade {
		e.Grade = g
	}
}

// ACLsDisabled reports whether BucketOwnerEnforced is known to hold, and how
// the setting is known.
func (s State) ACLsDisabled() (bool, Grade) {
	if !s.Ownership.Known {
		return false, NeverSeen
	}
	return s.Ownership.Value == BucketOwnerEnforced, s.Ownership.Grade
}
