// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"time"

	"github.com/bucketlid/bucketlid/policy"
)

// The change of S3's defaults for new buckets in April 2023 (AWS page "Default
// settings for new S3 buckets FAQ"): Block Public Access on and ACLs off. It
// was rolled out over the Regions during that month.
var (
	newDefaultsFrom  = time.Date(2023, 4, 1, 0, 0, 0, 0, time.UTC)
	newDefaultsUntil = time.Date(2023, 5, 1, 0, 0, 0, 0, time.UTC)
)

// apply lays one change into the tracks (semantics B.5).
func (t *Timeline) apply(i int, c *Change) {
	for _, o := range c.Observed {
		t.observe(i, c, o)
	}
	if c.Reading {
		t.read(i, c)
		return
	}
	switch c.Outcome {
	case Refused:
		return
	case Unclear:
		t.lose(i, c, "the call ended with "+c.Event.ErrorCode+", after which the old or the new value may hold")
		return
	}
	t.revive(i, c)
	if c.PayloadLost != "" {
		t.lose(i, c, c.PayloadLost)
		return
	}
	t.set(i, c)
}

func (t *Timeline) set(i int, c *Change) {
	switch c.Slot {
	case SlotBucket:
		t.applyBucket(i, c)
	case SlotACL:
		t.acl.assign(i, c.ACL)
	case SlotPolicy:
		t.policy.assign(i, c.Policy)
	case SlotBlock:
		assignFlags(&t.block, i, *c.Block)
	case SlotAccountBlock:
		assignFlags(&t.account(c.Account).block, i, *c.Block)
	case SlotOrganizationBlock:
		for _, a := range t.bound(c) {
			a.organization.assign(i, c.Value)
		}
	case SlotOwnership:
		t.ownership.assign(i, c.Ownership)
	case SlotPayer:
		t.payer.assign(i, c.Value)
	case SlotWebsite:
		t.website.assign(i, c.Value)
	case SlotVersioning:
		t.versioning.assign(i, c.Value)
	case SlotEncryption:
		t.encryption.assign(i, c.Value)
	case SlotObject:
		t.applyObject(i, c)
	case SlotObjectACL:
		t.object(t.meant(c)).assign(i, c.ACL)
	case SlotAccessPoint:
		t.point(c).created.assign(i, c.Point)
		if c.Point == nil {
			t.point(c).policy.assign(i, nil)
		}
	case SlotAccessPointPolicy:
		t.point(c).policy.assign(i, c.Policy)
	case SlotLogging:
		t.applyLogging(i, c)
	}
}

// lose makes the slot of a change unknown from step i on.
func (t *Timeline) lose(i int, c *Change, why string) {
	switch c.Slot {
	case SlotBucket:
		if now := t.exists.at(i-1, sameValue[bool]); !now.Known || !now.Value {
			t.exists.lose(i, why)
		} else {
			t.acl.lose(i, why) // what a repeat would have reset
		}
	case SlotACL:
		t.acl.lose(i, why)
	case SlotPolicy:
		t.policy.lose(i, why)
	case SlotBlock:
		loseFlags(&t.block, i, why)
	case SlotAccountBlock:
		loseFlags(&t.account(c.Account).block, i, why)
	case SlotOrganizationBlock:
		for _, a := range t.bound(c) {
			a.organization.lose(i, why)
		}
	case SlotOwnership:
		t.ownership.lose(i, why)
	case SlotPayer:
		t.payer.lose(i, why)
	case SlotWebsite:
		t.website.lose(i, why)
	case SlotVersioning:
		t.versioning.lose(i, why)
	case SlotEncryption:
		t.encryption.lose(i, why)
	case SlotObjectACL, SlotObject:
		t.object(t.meant(c)).lose(i, why)
	case SlotAccessPointPolicy:
		t.point(c).policy.lose(i, why)
	case SlotAccessPoint:
		t.point(c).created.lose(i, why)
	}
}

func assignFlags(tracks *[flagCount]Track[Tri], i int, b PublicAccessBlock) {
	for f := range tracks {
		tracks[f].assign(i, b[f])
	}
}

func loseFlags(tracks *[flagCount]Track[Tri], i int, why string) {
	for f := range tracks {
		tracks[f].lose(i, why)
	}
}

// applyBucket starts or ends an incarnation of the name (semantics B.4).
func (t *Timeline) applyBucket(i int, c *Change) {
	if c.Removed {
		t.exists.assign(i, false)
		t.clear(i)
		t.forget(i, "the bucket was deleted")
		return
	}
	acl := c.Create.acl()
	now := t.exists.at(i-1, sameValue[bool])
	if now.Known && now.Value && now.Grade == Seen && (c.Account == t.creator || c.Account == "" || t.creator == "") {
		// A repeat on one's own bucket in us-east-1 resets the ACL and nothing
		// else (API reference, CreateBucket, BucketAlreadyOwnedByYou).
		t.acl.assign(i, acl)
		t.proveACLAllowed(i, acl)
		return
	}
	t.creator = c.Account
	t.exists.assign(i, true)
	t.clear(i)
	t.acl.assign(i, acl)
	t.policy.assign(i, nil)
	t.payer.assign(i, "BucketOwner")
	t.website.assign(i, "")
	t.versioning.assign(i, "")
	t.encryption.lose(i, "the default of new buckets changed over the years")
	at := t.Steps[i].Time
	switch {
	case at.Before(newDefaultsFrom), acl.Public(): // the new defaults would have refused a public ACL
		assignFlags(&t.block, i, AllFlags(False))
		t.ownership.assign(i, orElse(c.Create.Ownership, ObjectWriter))
	case at.Before(newDefaultsUntil):
		loseFlags(&t.block, i, "the bucket was created in April 2023, while S3's defaults changed")
		if c.Create.Ownership != "" {
			t.ownership.assign(i, c.Create.Ownership)
		} else {
			t.ownership.lose(i, "the bucket was created in April 2023, while S3's defaults changed")
		}
	default:
		assignFlags(&t.block, i, AllFlags(True))
		t.ownership.assign(i, orElse(c.Create.Ownership, BucketOwnerEnforced))
	}
	if acl.Public() {
		t.accountAt(i).block[BlockPublicAcls].observe(i, False, InferredGrade, publicACLAccepted)
	}
}

func (c *Creation) acl() *ACL {
	if c == nil || c.ACL == nil {
		return Canned("private")
	}
	return c.ACL
}

func orElse(v, other ObjectOwnership) ObjectOwnership {
	if v == "" {
		return other
	}
	return v
}

// forget makes the bucket's own settings unknown: should a bucket of this name
// be used again without its creation being seen, nothing of the former one holds.
func (t *Timeline) forget(i int, why string) {
	loseFlags(&t.block, i, why)
	t.ownership.lose(i, why)
	t.acl.lose(i, why)
	t.policy.lose(i, why)
	t.payer.lose(i, why)
	t.website.lose(i, why)
	t.versioning.lose(i, why)
	t.encryption.lose(i, why)
}

// revive notes that a bucket last seen deleted exists: a call on it succeeded.
func (t *Timeline) revive(i int, c *Change) {
	switch c.Slot {
	case SlotACL, SlotPolicy, SlotBlock, SlotOwnership, SlotPayer, SlotWebsite, SlotVersioning, SlotEncryption, SlotObject, SlotObjectACL:
	default:
		return
	}
	if now := t.exists.at(i, sameValue[bool]); now.Known && !now.Value && !(c.Slot == SlotObject && c.Removed) {
		t.exists.observe(i, true, InferredGrade, c.Event.Name+" succeeded after the bucket was deleted")
	}
}

// clear ends what belonged to the former incarnation.
func (t *Timeline) clear(i int) {
	clear(t.current)
	for _, o := range t.objects {
		o.assign(i, nil)
	}
	for _, p := range t.points {
		p.created.assign(i, nil)
		p.policy.assign(i, nil)
	}
}

// applyObject follows an upload or a deletion: the new object has the ACL of
// its own call, and hides or replaces the old one.
func (t *Timeline) applyObject(i int, c *Change) {
	if !c.Removed {
		// A versioned bucket keeps the former version with its ACL, readable by
		// its version id; PutObjectAcl without one goes to the new version.
		t.current[c.Key] = c.Version
	}
	if c.Version == SomeVersion {
		return
	}
	t.object(ObjectID{c.Key, c.Version}).assign(i, c.ACL)
	t.encrypt(i, ObjectID{c.Key, c.Version}, c.Encryption)
}

// meant is the object version that a change is about: a PutObjectAcl that names
// none goes to the one that was uploaded last.
func (t *Timeline) meant(c *Change) ObjectID {
	if current := t.current[c.Key]; c.Slot == SlotObjectACL && c.Version == "" && current != SomeVersion {
		return ObjectID{c.Key, current}
	}
	return ObjectID{c.Key, c.Version}
}

func (t *Timeline) object(id ObjectID) *Track[*ACL] {
	o, ok := t.objects[id]
	if !ok {
		o = &Track[*ACL]{}
		t.objects[id] = o
	}
	return o
}

func (t *Timeline) point(c *Change) *pointTracks {
	key := pointKey{c.AccessPoint, c.Account, c.MultiRegion}
	p, ok := t.points[key]
	if !ok {
		p = &pointTracks{}
		t.points[key] = p
	}
	return p
}

// applyLogging opens or ends a stretch in which changes may have gone unseen.
func (t *Timeline) applyLogging(i int, c *Change) {
	open := len(t.gaps) > 0 && t.gaps[len(t.gaps)-1].to < 0
	switch {
	case c.Removed && !open:
		t.gaps = append(t.gaps, gapSteps{i, -1})
	case !c.Removed && open:
		t.gaps[len(t.gaps)-1].to = i
	}
}

func (t *Timeline) observe(i int, c *Change, o Observation) {
	switch o.Kind {
	case SeesEffectiveFlag:
		if o.Value == False {
			t.block[o.Flag].observe(i, False, o.grade(), o.Why)
			t.accountAt(i).block[o.Flag].observe(i, False, o.grade(), o.Why)
		}
	case SeesBucketBlock:
		for _, f := range Flags {
			t.block[f].observe(i, o.Value, o.grade(), o.Why)
		}
	case SeesAccountBlock:
		for _, f := range Flags {
			t.account(c.Account).block[f].observe(i, o.Value, o.grade(), o.Why)
		}
	case SeesOwnership:
		t.ownership.observe(i, o.Owner, o.grade(), o.Why)
	case SeesNoPolicy:
		t.policy.observe(i, nil, o.grade(), o.Why)
	case SeesPolicyStatus:
		status := policy.NotPublic
		if o.Value == True {
			status = policy.Public
		}
		t.status.observe(i, status, o.grade(), o.Why)
	case SeesNoOutsideACL:
		t.acl.observe(i, Canned("private"), o.grade(), o.Why)
	}
}

// deduce adds what outcomes prove only together with what else is known:
// accepted public grants (K1, K2) and flags of which one level must be on (K4).
func (t *Timeline) deduce() {
	for i := range t.Steps {
		c := t.Steps[i].Change
		if c == nil || c.Reading {
			continue // what holds now proves nothing about the call that set it
		}
		if c.Outcome == Done && c.ACL != nil && c.Slot != SlotBucket {
			t.proveACLAllowed(i, c.ACL)
		}
		if c.Outcome == Done && c.Slot == SlotPolicy && c.Policy != nil && t.Classify(c.Policy).Status == policy.Public {
			t.observe(i, c, Observation{Kind: SeesEffectiveFlag, Flag: BlockPublicPolicy, Value: False,
				Why: "a public policy was accepted by " + c.Event.Name})
		}
		for _, o := range c.Observed {
			if o.Kind == SeesEffectiveFlag && o.Value == True && !t.pointRefused(i, c, o.Flag) {
				t.placeTrueFlag(i, o)
			}
		}
	}
}

// proveACLAllowed is K1: a public ACL that was accepted.
func (t *Timeline) proveACLAllowed(i int, acl *ACL) {
	if !acl.Public() {
		return
	}
	t.observe(i, nil, Observation{Kind: SeesEffectiveFlag, Flag: BlockPublicAcls, Value: False, Why: publicACLAccepted})
	t.observe(i, nil, Observation{Kind: SeesOwnership, Owner: ACLsEnabled, Why: publicACLAccepted})
}

const publicACLAccepted = "a public ACL was accepted"

// pointRefused reports whether the access point's own Block Public Access may
// be what refused a call, so that nothing follows about the bucket.
func (t *Timeline) pointRefused(i int, c *Change, f Flag) bool {
	if c.Slot != SlotAccessPointPolicy {
		return false
	}
	p := t.point(c).created.at(i-1, func(a, b *AccessPoint) bool { return a == b }).Value
	return p == nil || p.PublicAccessBlock[f] != False
}

// placeTrueFlag finds which level a refusal by Block Public Access names: where
// one level is known to be off, it was the other.
func (t *Timeline) placeTrueFlag(i int, o Observation) {
	own := t.block[o.Flag].at(i-1, sameValue[Tri])
	account := t.accountAt(i).block[o.Flag].at(i-1, sameValue[Tri])
	for j := i; j < len(t.Steps) && t.Steps[j].Time.Equal(t.Steps[i].Time); j++ {
		// A block put in the same second may have come before the refusal.
		if t.block[o.Flag].at(j, sameValue[Tri]).Value == True || t.accountAt(i).block[o.Flag].at(j, sameValue[Tri]).Value == True {
			return
		}
	}
	switch {
	case own.Value == True || account.Value == True:
	case own.Value == False && own.Grade == Seen:
		t.accountAt(i).block[o.Flag].observe(i, True, o.grade(), o.Why)
	case account.Value == False && account.Grade == Seen:
		t.block[o.Flag].observe(i, True, o.grade(), o.Why)
	}
}
