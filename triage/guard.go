// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// guards makes alerts of guards that came off where nothing is known to have
// opened since: the next grant would. A removal that an opening followed is
// told with the opening.
func (r *ranker) guards(t *bucket.Timeline, alerts []Alert) []Alert {
	g := guardWatch{t: t, off: map[bucket.Slot]guardOff{}}
	for i := range t.Steps {
		c := t.Steps[i].Change
		if c == nil || c.Outcome != bucket.Done || (c.Slot == bucket.SlotAccountBlock && !ofAccount(t)) {
			continue
		}
		switch {
		case c.Slot == bucket.SlotBucket && (!c.Reading || c.Removed):
			for slot := range g.off {
				g.restore(i, slot)
			}
		case restores(c, g.off[c.Slot].lost):
			g.restore(i, c.Slot)
		}
		lost := removed(t, i, c)
		if len(lost) > 0 && !r.followed(t, i, lost, alerts) {
			g.remove(i, c, lost)
		}
	}
	return g.out
}

// guardWatch follows the guards of one timeline: which are off, and in which
// alert that is told. Guards that one caller takes off are one alert.
type guardWatch struct {
	t   *bucket.Timeline
	off map[bucket.Slot]guardOff
	out []Alert
}

// guardOff is a guard that is off: what of it was lost, and in which alert of
// out that is told.
type guardOff struct {
	at   int
	lost []string
}

func (g *guardWatch) remove(step int, c *bucket.Change, lost []string) {
	have, already := g.off[c.Slot]
	for slot, other := range g.off {
		by := g.out[other.at].OpenedBy
		if slot == c.Slot || !already && (by == nil) == c.Reading && (by == nil || by.ARN == c.Event.ARN) {
			a := &g.out[other.at]
			a.Permission = joinLists(a.Permission, strings.Join(lost, ", "))
			a.Reasons = append(a.Reasons, exposure.Describe(c), "off now: "+strings.Join(lost, ", "))
			g.off[c.Slot] = guardOff{other.at, appendNew(have.lost, lost...)}
			return
		}
	}
	g.off[c.Slot] = guardOff{len(g.out), lost}
	g.out = append(g.out, guardAlert(g.t, step, c, lost))
}

// restore notes that a guard is back; the alert is over when all of its guards
// are.
func (g *guardWatch) restore(step int, slot bucket.Slot) {
	was, ok := g.off[slot]
	if !ok {
		return
	}
	delete(g.off, slot)
	a, c := &g.out[was.at], g.t.Steps[step].Change
	a.Reasons = append(a.Reasons, "put back when "+exposure.Describe(c))
	for _, other := range g.off {
		if other.at == was.at {
			return
		}
	}
	a.State, a.ClosedAt = exposure.Closed, &g.t.Steps[step].Time
	if !c.Reading { // who put it back is not in the records
		a.ClosedBy = exposure.ActorOf(c.Event)
	}
}

// restores reports whether a change puts back what was lost of its guard.
func restores(c *bucket.Change, lost []string) bool {
	switch c.Slot {
	case bucket.SlotBlock, bucket.SlotAccountBlock:
		return c.Block != nil && !slices.ContainsFunc(bucket.Flags, func(f bucket.Flag) bool {
			return c.Block[f] != bucket.True && slices.Contains(lost, f.String())
		})
	case bucket.SlotOwnership:
		return c.Ownership == bucket.BucketOwnerEnforced
	}
	return false
}

// removed lists what a change took off that was on, or may have been.
func removed(t *bucket.Timeline, step int, c *bucket.Change) []string {
	if c.Reading {
		return foundOff(t, step, c)
	}
	if !exposure.IsGuardDown(c) {
		return nil
	}
	before := t.State(step - 1)
	var lost []string
	switch c.Slot {
	case bucket.SlotBlock, bucket.SlotAccountBlock:
		was := before.Block
		if c.Slot == bucket.SlotAccountBlock {
			was = before.AccountBlock
		}
		if c.Slot == bucket.SlotAccountBlock && !was[0].Known && slices.Contains(c.Block[:], bucket.True) {
			// An account starts with nothing on: a first call that switches
			// something on is a guard put up, not taken off.
			return nil
		}
		for _, f := range bucket.Flags {
			if c.Block[f] == bucket.False && !(was[f].Known && was[f].Value == bucket.False) {
				lost = append(lost, f.String())
			}
		}
	case bucket.SlotOwnership:
		// While IgnorePublicAcls holds, enabling ACLs opens nothing.
		enforced := !before.Ownership.Known || before.Ownership.Value == bucket.BucketOwnerEnforced
		if enforced && !before.Flag(bucket.IgnorePublicAcls).On() {
			lost = append(lost, string(bucket.BucketOwnerEnforced))
		}
	}
	return lost
}

// foundOff lists what the live account shows off although the log last saw it
// switched on. That a guard is off does not tell by itself that it was taken off.
func foundOff(t *bucket.Timeline, step int, c *bucket.Change) []string {
	before := t.State(step - 1)
	was := before.Block
	if c.Slot == bucket.SlotAccountBlock {
		was = before.AccountBlock
	}
	var lost []string
	for _, f := range bucket.Flags {
		if c.Block != nil && c.Block[f] == bucket.False && was[f].Value == bucket.True && was[f].Step >= 0 {
			lost = append(lost, f.String())
		}
	}
	if o := before.Ownership; c.Slot == bucket.SlotOwnership && o.Value == bucket.BucketOwnerEnforced && o.Step >= 0 && c.PayloadLost == "" && c.Ownership != o.Value {
		lost = append(lost, string(bucket.BucketOwnerEnforced))
	}
	return lost
}

// followed reports whether an alert of the bucket tells of this removal: the
// removal opened it, or it opened later while the guard was still off.
func (r *ranker) followed(t *bucket.Timeline, step int, lost []string, alerts []Alert) bool {
	c := t.Steps[step].Change
	if !c.Reading && r.openers[exposure.ActorOf(c.Event).Key()] {
		return true
	}
	until := len(t.Steps)
	for i := step + 1; i < len(t.Steps); i++ {
		if d := t.Steps[i].Change; d != nil && d.Slot == c.Slot && d.Outcome == bucket.Done && restores(d, lost) {
			until = i
			break
		}
	}
	return slices.ContainsFunc(alerts, func(a Alert) bool {
		return a.Kind == KindPublic && a.OpenedAt != nil && !a.OpenedAt.Before(t.Steps[step].Time) &&
			(until == len(t.Steps) || !a.OpenedAt.After(t.Steps[until].Time))
	})
}

func guardAlert(t *bucket.Timeline, step int, c *bucket.Change, lost []string) Alert {
	at := t.Steps[step].Time
	a := Alert{
		Kind: KindGuardRemoved, Account: t.Account, Region: t.Region, Bucket: c.Bucket, BucketName: c.Bucket,
		Route: string(c.Slot), Audience: policy.None, Access: []policy.Access{}, State: exposure.Open, Certainty: exposure.Proven,
		BlockedBy: []string{}, OpenedAt: &at, OpenedBy: exposure.ActorOf(c.Event), UserName: c.Event.UserName,
		SourceIPAddress: c.Event.SourceIPAddress, Permission: strings.Join(lost, ", "),
	}
	if at.IsZero() {
		a.OpenedAt = nil
	}
	if c.Reading {
		return foundOffAlert(a, c, lost)
	}
	a.Reasons = []string{exposure.Describe(c), "off now: " + strings.Join(lost, ", ")}
	if !wasKnown(t, step, c) {
		a.Certainty = exposure.Assumed
		a.Unknowns = []string{fmt.Sprintf("whether %s was on before: it was never seen", c.Slot)}
	}
	a.ID = exposure.ID("a", string(KindGuardRemoved), a.Account, a.Bucket, a.Route, a.OpenedBy.Key())
	return a
}

// foundOffAlert is the alert of a guard that the log saw switched on and the
// live account shows off: who took it off, and when, is not in the records.
func foundOffAlert(a Alert, c *bucket.Change, lost []string) Alert {
	a.Bounds = &exposure.Bounds{OpenedLatest: a.OpenedAt}
	a.OpenedAt, a.OpenedBy, a.UserName, a.SourceIPAddress = nil, nil, "", ""
	a.Reasons = []string{"drift: the log saw it switched on; " + exposure.Describe(c), "off now: " + strings.Join(lost, ", ")}
	a.Unknowns = []string{"who took it off and when: the change is not in the records read"}
	a.ID = exposure.ID("a", string(KindGuardRemoved), a.Account, a.Bucket, a.Route, "drift")
	return a
}

func wasKnown(t *bucket.Timeline, step int, c *bucket.Change) bool {
	before := t.State(step - 1)
	switch c.Slot {
	case bucket.SlotBlock:
		return before.Block[0].Known
	case bucket.SlotAccountBlock:
		return before.AccountBlock[0].Known
	}
	return before.Ownership.Known
}
