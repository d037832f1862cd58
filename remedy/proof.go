// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/exposure"
)

// Proof is what the evaluator says of a fix before it is made.
type Proof struct {
	Before []Opening `json:"before"`
	After  []Opening `json:"after"`
	// Closed and Remaining part the exposures that the plan is about.
	Closed    []Opening `json:"closed"`
	Remaining []Opening `json:"remaining"`
	ClosesAll bool      `json:"closes_all"`
	// Widened is what somebody could do after some step that nobody could
	// before: it must be empty.
	Widened []string `json:"widened,omitempty"`
	Loses   []Loser  `json:"loses"`
	Unknown []string `json:"unknown,omitempty"` // on what the exposures rest that was not seen
}

// Prove evaluates a state before, after each call, and at the end.
func Prove(s State, list []account.Call, about []Opening) Proof {
	p := Proof{Before: Evaluate(s), Remaining: []Opening{}, Closed: []Opening{}}
	state := s
	for _, c := range list {
		next, err := state.With(c)
		if err != nil {
			p.After = p.Before
			p.Widened = append(p.Widened, err.Error())
			return p
		}
		state = next
		if c.Operation == account.PutObjectACL { // it changes what that object gives, and nothing else
			p.Widened = append(p.Widened, widened(Evaluate(s.only(c)), Evaluate(state.only(c)))...)
			continue
		}
		p.Widened = append(p.Widened, widened(p.Before, Evaluate(state))...)
	}
	p.After = Evaluate(state)
	slices.Sort(p.Widened)
	p.Widened = slices.Compact(p.Widened)
	for _, o := range about {
		if closed(o, p.After) {
			p.Closed = append(p.Closed, o)
		} else {
			p.Remaining = append(p.Remaining, o)
		}
	}
	p.ClosesAll = len(p.Remaining) == 0
	p.Loses = sortLosers(append(lost(append(s.partnersBeside(p.Before), p.Before...), p.After), visitors(s, p.Before, p.After)...))
	for _, o := range p.After {
		p.Unknown = append(p.Unknown, o.Unknowns...)
	}
	slices.Sort(p.Unknown)
	p.Unknown = slices.Compact(p.Unknown)
	return p
}

// only is the state with no other object than a call's. The ACL of one object has
// no effect on another, so that a plan for many objects need not evaluate all of
// them at each step.
func (s State) only(c account.Call) State {
	out := State{Settings: s.Settings}
	for _, o := range s.Objects {
		if o.Key == c.Key && o.Version == c.Version {
			out.Objects = append(out.Objects, o)
		}
	}
	return out
}

// closed reports whether nothing of an exposure is left: an open one must not be
// open by any route, one that a guard held must be gone from its own.
func closed(o Opening, after []Opening) bool {
	if o.open() {
		return !leaves(o, after, Opening.open)
	}
	return !leaves(o, after, func(a Opening) bool { return a.Route == o.Route && a.Key == o.Key && a.AccessPoint == o.AccessPoint })
}

func leaves(o Opening, after []Opening, counts func(Opening) bool) bool {
	o.State = exposure.Open
	return slices.ContainsFunc(after, func(a Opening) bool {
		if !counts(a) {
			return false
		}
		a.State = exposure.Open
		left := rights([]Opening{a})
		return slices.ContainsFunc(rights([]Opening{o}), func(r right) bool {
			return slices.ContainsFunc(left, func(l right) bool { return l.keeps(r, a.Route == o.Route && a.Key == o.Key) })
		})
	})
}

// keeps reports whether a right gives all of another, to all whom that admits;
// by its own route some of it is enough. What is left of it by other routes is
// an exposure of its own.
func (r right) keeps(s right, ownRoute bool) bool {
	audiences := r.audience == s.audience && r.principal == s.principal || r.takesIn(s)
	return audiences && r.access == s.access && (r.point == s.point || r.point == "") &&
		(within(s.pattern, r.pattern) || ownRoute && within(r.pattern, s.pattern))
}

// sameAs compares what calls alone decide: readers and named services come from
// elsewhere.
func (p Proof) sameAs(q Proof) bool {
	for _, one := range []*Proof{&p, &q} {
		one.Loses = nil
	}
	a, errA := json.Marshal(p)
	b, errB := json.Marshal(q)
	return errA == nil && errB == nil && string(a) == string(b)
}

func sortLosers(list []Loser) []Loser {
	slices.SortFunc(list, func(a, b Loser) int {
		return cmp.Or(cmp.Compare(loserRank(a.Kind), loserRank(b.Kind)), cmp.Compare(a.Who, b.Who), cmp.Compare(a.Note, b.Note))
	})
	return slices.CompactFunc(list, func(a, b Loser) bool { return a.Kind == b.Kind && a.Who == b.Who && a.Note == b.Note })
}

func loserRank(kind string) int {
	return strings.Index("website reader account organization service cloudfront own-account account-wide anyone any-aws-account", kind)
}
