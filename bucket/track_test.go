// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A track is written as facts in the order of their adding; a reading as
// value, grade, step and earliest.
func TestTrack(t *testing.T) {
	set := func(step, v int) func(*Track[int]) { return func(t *Track[int]) { t.assign(step, v) } }
	lost := func(step int) func(*Track[int]) { return func(t *Track[int]) { t.lose(step, "lost") } }
	saw := func(step, v int) func(*Track[int]) {
		return func(t *Track[int]) { t.observe(step, v, InferredGrade, "proof") }
	}
	read := func(step, v int) func(*Track[int]) {
		return func(t *Track[int]) { t.observe(step, v, Seen, "read") }
	}
	type facts = []func(*Track[int])
	for _, c := range []struct {
		name  string
		facts facts
		at    int
		want  string
	}{
		{"nothing", nil, 0, "unknown step -1 earliest -1"},
		{"before the first", facts{set(2, 7)}, 1, "unknown step -1 earliest -1"},
		{"assigned", facts{set(2, 7)}, 2, "7 seen step 2 earliest 2"},
		{"the last assigned", facts{set(4, 8), set(2, 7)}, 9, "8 seen step 4 earliest 4"},
		{"between", facts{set(4, 8), set(2, 7)}, 3, "7 seen step 2 earliest 2"},
		{"lost", facts{set(2, 7), lost(3)}, 3, "unknown step 3 earliest 3"},
		{"lost and assigned", facts{set(5, 9), lost(3), set(2, 7)}, 5, "9 seen step 5 earliest 5"},
		{"proved later, back to the start", facts{saw(5, 7)}, -1, "7 inferred step -1 earliest -1"},
		{"proved later, back to the loss", facts{lost(3), saw(5, 7)}, 3, "7 inferred step -1 earliest 3"},
		{"proved later, not before the loss", facts{lost(3), saw(5, 7)}, 2, "unknown step -1 earliest -1"},
		{"proved at the step of an assignment: before it", facts{set(5, 9), saw(5, 7)}, 4, "7 inferred step -1 earliest -1"},
		{"proved at the step of an assignment: after it", facts{saw(5, 7), set(5, 9)}, 5, "9 seen step 5 earliest 5"},
		{"not proved: assigned in between", facts{set(4, 9), saw(5, 7)}, 3, "unknown step -1 earliest -1"},
		{"agreeing", facts{set(2, 7), saw(5, 7)}, 6, "7 seen step 2 earliest 5"},
		{"contradicting", facts{set(2, 7), saw(5, 8)}, 5, "8 inferred step 5 earliest 2"},
		{"contradicting, before", facts{set(2, 7), saw(5, 8)}, 4, "7 seen step 2 earliest 2"},
		{"agreeing, then contradicting", facts{set(2, 7), saw(4, 7), saw(5, 8)}, 5, "8 inferred step 5 earliest 4"},
		{"proved, then read", facts{saw(3, 7), read(5, 7)}, 5, "7 seen step 3 earliest 5"},
		{"read, then proved", facts{read(3, 7), saw(5, 7)}, 5, "7 seen step 3 earliest 5"},
		{"assigned after a contradiction", facts{set(2, 7), saw(5, 8), set(6, 9)}, 6, "9 seen step 6 earliest 6"},
		{"lost after a proof", facts{saw(2, 7), lost(3)}, 2, "7 inferred step 2 earliest -1"},
		{"lost twice", facts{lost(2), lost(4), saw(6, 7)}, 3, "unknown step 2 earliest 2"},
	} {
		for _, order := range permutations(len(c.facts)) {
			var track Track[int]
			for _, i := range order {
				c.facts[i](&track)
			}
			if got := show(track.at(c.at, sameValue[int])); got != c.want {
				t.Errorf("%s, facts in order %v: %s, want %s", c.name, order, got, c.want)
			}
		}
	}
}

func show(r Reading[int]) string {
	if !r.Known {
		return fmt.Sprintf("unknown step %d earliest %d", r.Step, r.Earliest)
	}
	return fmt.Sprintf("%d %s step %d earliest %d", r.Value, [...]string{"never", "inferred", "seen"}[r.Grade], r.Step, r.Earliest)
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var out [][]int
	for _, p := range permutations(n - 1) {
		for at := range n {
			out = append(out, append(append(append([]int{}, p[:at]...), n-1), p[at:]...))
		}
	}
	return out
}

func TestSame(t *testing.T) {
	if !sameOwnership(ObjectWriter, ACLsEnabled) || sameOwnership(BucketOwnerEnforced, ACLsEnabled) || sameOwnership(ObjectWriter, BucketOwnerPreferred) {
		t.Error("sameOwnership")
	}
	if !sameACL(nil, nil) || sameACL(nil, Canned("private")) || !sameACL(Canned("private"), Canned("private")) ||
		sameACL(Canned("private"), Canned("public-read")) || sameACL(Canned("private"), Canned("log-delivery-write")) {
		t.Error("sameACL")
	}
	if diff := cmp.Diff(6, len(permutations(3))); diff != "" {
		t.Error(diff)
	}
}
