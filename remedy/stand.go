// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"slices"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// Still lists which of some exposures a state has, or has again.
func Still(s State, about []Opening) []Opening {
	now := Evaluate(s)
	var out []Opening
	for _, o := range about {
		if !closed(o, now) {
			out = append(out, o)
		}
	}
	return out
}

// Standing is how an exposure stands at some time.
type Standing struct {
	Opening Opening
	// State is Open, Closed, Blocked (the grant is there, and a guard holds it) or
	// Unknown (it rests on what could not be read).
	State exposure.State
	By    []string // the guards that hold it
	// Now are the exposures that give what is left of it: they may be of another
	// statement or route than it was, and of more or less.
	Now []Opening
}

// Stand evaluates how exposures stand now. What could not be read is taken for
// what it was in each of the states in turn: where that makes a difference, how
// the exposure stands is not known.
func Stand(now State, about []Opening, like ...State) []Standing {
	lists := [][]Opening{Evaluate(now)}
	for _, s := range like {
		lists = append(lists, Evaluate(now.Assuming(s)))
	}
	out := []Standing{}
	for _, o := range about {
		one := stand(o, lists[0])
		for _, list := range lists[1:] {
			if stand(o, list).State != one.State {
				one.State, one.By = exposure.Unknown, nil
			}
		}
		out = append(out, one)
	}
	return out
}

func stand(o Opening, now []Opening) Standing {
	out := Standing{Opening: o, State: exposure.Closed}
	here := func(a Opening) bool { return a.Route == o.Route && a.Key == o.Key && a.AccessPoint == o.AccessPoint }
	switch {
	case leaves(o, now, isOpen):
		out.State, out.Now = exposure.Open, leaving(o, now, isOpen)
	case leaves(o, now, Opening.open):
		out.State = exposure.Unknown
	case leaves(o, now, here):
		out.State, out.Now = exposure.Blocked, leaving(o, now, here)
		for _, a := range out.Now {
			out.By = append(out.By, a.BlockedBy...)
		}
		slices.Sort(out.By)
		out.By = slices.Compact(out.By)
	}
	return out
}

func isOpen(o Opening) bool { return o.State == exposure.Open }

// leaving are those of a list that give something of an exposure.
func leaving(o Opening, now []Opening, counts func(Opening) bool) []Opening {
	var out []Opening
	for _, a := range now {
		if leaves(o, []Opening{a}, counts) {
			out = append(out, a)
		}
	}
	return out
}

// Unplanned are the exposures of a state that a plan did not know of: what somebody
// opened since, by whatever route. expected are those that it knows of. mine let
// those in whom the plan is about, others anybody else.
func Unplanned(now State, whom Whom, expected []Opening) (mine, others []Opening) {
	had := rights(expected)
	for _, o := range Evaluate(now) {
		rest, some := o.beyond(had)
		if !some {
			continue
		}
		part, ok := whom.part(rest)
		if ok {
			mine = append(mine, part)
		}
		switch left, some := whom.rest(rest, part, ok); {
		case some && left.Audience.Public(): // those who are named may do it too
			mine = append(mine, left)
		case some:
			others = append(others, left)
		}
	}
	return mine, others
}

// beyond is what of an exposure some rights do not give. ok is false where it is
// nothing, or of no use to anybody.
func (o Opening) beyond(had []right) (rest Opening, ok bool) {
	more := func(one Opening) bool {
		return slices.ContainsFunc(rights([]Opening{one}), func(r right) bool {
			return !slices.ContainsFunc(had, func(h right) bool { return h.covers(r) })
		})
	}
	if !more(o) {
		return o, false
	}
	rest = o
	rest.Access, rest.Principals = nil, nil
	for _, a := range o.Access {
		one := o
		if one.Access = []policy.Access{a}; more(one) {
			rest.Access = append(rest.Access, a)
		}
	}
	for _, p := range o.Principals {
		one := o
		if one.Principals = []string{p}; more(one) {
			rest.Principals = append(rest.Principals, p)
		}
	}
	return rest, true
}
