// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"errors"

	"github.com/bucketlid/bucketlid/account"
)

// where says on which side of a call settings are.
type where int

const (
	elsewhere where = iota // neither: somebody else changed what it changes
	before
	after
)

// fits compares what is there with the two states around a call. A call of a plan
// needs the whole state, since its proof is of the whole; one that takes a step
// back, the setting that it puts back.
func (r *Run) fits(now State, c account.Call, around []State, kind string) where {
	switch now.Fingerprint() {
	case around[0].Fingerprint():
		return before
	case around[1].Fingerprint():
		return after
	}
	if kind == "" || now.Settings.Gone {
		return elsewhere
	}
	return shows(now, c, around)
}

// shows compares the setting that a call changes with what it is before and after.
func shows(now State, c account.Call, around []State) where {
	part := partOf(c)
	is, there := now.parts()[part]
	switch {
	case !there:
	case is == around[0].parts()[part]:
		return before
	case is == around[1].parts()[part]:
		return after
	}
	return elsewhere
}

// Made reports whether settings show that a step was made, whatever somebody else
// changed beside it. step counts from 0.
func (r *Run) Made(now State, step int) (bool, error) {
	states, err := r.states()
	if err != nil || step >= len(r.Option.Steps) {
		return false, err
	}
	return shows(now, r.Option.Steps[step].Call, states[step:step+2]) == after, nil
}

// Unlike says why a state is not the one that the plan was made for; nil where it
// is.
func (r *Run) Unlike(now State) error {
	if now.Fingerprint() == r.Plan.Saved.Fingerprint() {
		return nil
	}
	return misfit(r.Plan.Saved, now)
}

// Returned says why what the first done steps replaced is not there again; nil where
// it is. beside names other settings that somebody changed since the plan was made.
func (r *Run) Returned(now State, done int) (beside string, err error) {
	err = r.Unlike(now)
	if !errors.Is(err, ErrStale) || now.Settings.Gone {
		return "", err
	}
	want, is := r.Plan.Saved.parts(), now.parts()
	for _, step := range r.Option.Steps[:done] {
		if part := partOf(step.Call); want[part] != is[part] {
			return "", err
		}
	}
	return differences(r.Plan.Saved, now.Assuming(r.Plan.Saved)), nil
}
