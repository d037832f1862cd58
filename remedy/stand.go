// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"slices"

	"github.com/bucketlid/bucketlid/exposure"
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
	case leaves(o, now, func(a Opening) bool { return a.State == exposure.Open }):
		out.State = exposure.Open
	case leaves(o, now, Opening.open):
		out.State = exposure.Unknown
	case leaves(o, now, here):
		out.State = exposure.Blocked
		for _, a := range now {
			if here(a) && leaves(o, []Opening{a}, here) {
				out.By = append(out.By, a.BlockedBy...)
			}
		}
		slices.Sort(out.By)
		out.By = slices.Compact(out.By)
	}
	return out
}
