// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"slices"

	"github.com/bucketlid/bucketlid/policy"
)

// proofKey names a text in the place where AWS judges it: a bucket's policy and
// an access point's are judged by different rules (semantics C.2 S3).
type proofKey struct {
	hash  string
	point bool
}

func proofKeyOf(c *Change) proofKey {
	return proofKey{c.Policy.Hash, c.Slot == SlotAccessPointPolicy}
}

// proveRefused takes down the texts that BlockPublicPolicy refused: AWS takes
// them for public (semantics C.2 S5).
func (t *Timeline) proveRefused() {
	for i := range t.Steps {
		c := t.Steps[i].Change
		if c == nil || c.Reading || c.Policy == nil || c.Outcome != Refused || !slices.ContainsFunc(c.Observed, Observation.refusedPolicy) {
			continue
		}
		t.prove(c, true, c.Event.Name+" was refused by BlockPublicPolicy (eventID "+c.Event.ID+")")
	}
}

func (o Observation) refusedPolicy() bool {
	return o.Kind == SeesEffectiveFlag && o.Flag == BlockPublicPolicy && o.Value == True
}

// proveAccepted takes down the texts that were accepted although
// BlockPublicPolicy was on: AWS takes them for not public (semantics B.6 K2).
func (t *Timeline) proveAccepted() {
	for i := range t.Steps {
		c := t.Steps[i].Change
		if c == nil || c.Reading || c.Policy == nil || c.Outcome != Done || (c.Slot != SlotPolicy && c.Slot != SlotAccessPointPolicy) {
			continue
		}
		if by := t.policyBlock(i, c); by != "" {
			t.prove(c, false, c.Event.Name+" was accepted while BlockPublicPolicy ("+by+") was on (eventID "+c.Event.ID+")")
		}
	}
}

// prove keeps the first proof of a text; a refusal, which names its reason,
// comes before what an acceptance implies.
func (t *Timeline) prove(c *Change, refused bool, why string) {
	key := proofKeyOf(c)
	if t.proofs[key].Status == "" {
		t.proofs[key] = policy.ProofOfCall(refused, why)
	}
}

// policyBlock names a level at which BlockPublicPolicy is known to have been on
// all through the second of a call; "" where none is.
func (t *Timeline) policyBlock(i int, c *Change) string {
	if c.Slot == SlotAccessPointPolicy {
		p := t.point(c).created.at(i-1, func(a, b *AccessPoint) bool { return a == b })
		if p.Known && p.Value != nil && p.Value.PublicAccessBlock[BlockPublicPolicy] == True {
			return "access point" // it cannot be changed after the creation
		}
		if c.Account == "" || c.Account != t.Account {
			return "" // Block Public Access of the bucket does not reach it
		}
	}
	first, last := i, i
	for first > 0 && t.Steps[first-1].Time.Equal(t.Steps[i].Time) {
		first--
	}
	for last+1 < len(t.Steps) && t.Steps[last+1].Time.Equal(t.Steps[i].Time) {
		last++
	}
	level := ""
	for j := first - 1; j <= last; j++ {
		if level = t.policyBlockAfter(j); level == "" {
			return ""
		}
	}
	return level
}

// policyBlockAfter is the level known to hold after a step. What only a later
// call proves does not count, nor what may have changed while logging was off.
func (t *Timeline) policyBlockAfter(i int) string {
	s := t.State(i)
	flag := s.Flag(BlockPublicPolicy)
	if !flag.On() || flag.Grade == NeverSeen || flag.Step < 0 || flag.Step < s.GapSince {
		return ""
	}
	return flag.Level
}

// Proved gives the classification of a policy text that the log leaves, for a
// bucket's policy or an access point's. An acceptance does not make less of a
// text that is public by AWS's own words: then the block was off unseen.
func (t *Timeline) Proved(p *PolicyText, point bool, c policy.Classification) policy.Classification {
	proof := t.proofs[proofKey{p.Hash, point}]
	if proof.Status == policy.NotPublic && c.Status != policy.Unconfirmed {
		return c
	}
	return c.Proved(proof)
}
