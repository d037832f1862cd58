// SPDX-License-Identifier: Apache-2.0

package bucket

import "sort"

// Grade says how a value is known, weakest first.
type Grade int8

// NeverSeen: no evidence at all. Inferred: an outcome proves it. Seen: the
// payload of a call, or the documented default of a bucket seen to be created.
const (
	NeverSeen Grade = iota
	InferredGrade
	Seen
)

// fact is one thing known about a slot at a step: either the step assigned the
// value, or it proved the value that held just before it.
type fact[T any] struct {
	step     int
	observed bool
	live     bool // observed by a live read
	known    bool
	value    T
	grade    Grade
	why      string
}

// Track is one slot over the steps of a timeline.
type Track[T any] struct {
	facts  []fact[T]
	unread string // why a live read could not tell it
}

func (t *Track[T]) assign(step int, v T)      { t.add(fact[T]{step: step, known: true, value: v}) }
func (t *Track[T]) lose(step int, why string) { t.add(fact[T]{step: step, why: why}) }
func (t *Track[T]) observe(step int, v T, grade Grade, why string) {
	t.add(fact[T]{step: step, observed: true, known: true, value: v, grade: grade, why: why})
}

// add keeps facts in order of steps, observations before assignments of the
// same step: they tell what was before it.
func (t *Track[T]) add(f fact[T]) {
	at := sort.Search(len(t.facts), func(i int) bool {
		g := t.facts[i]
		return g.step > f.step || (g.step == f.step && f.observed && !g.observed)
	})
	t.facts = append(t.facts, f)
	copy(t.facts[at+1:], t.facts[at:])
	t.facts[at] = f
}

// Reading is the value of a slot after a step, and how it is known.
type Reading[T any] struct {
	Value T
	Known bool
	Grade Grade
	Step  int    // the step that set or proved it; -1 when it was proved later or never
	Why   string // evidence of an inference, or why the value is lost
	// Earliest is the step after which an inferred value may have begun to hold.
	Earliest int
}

// at reads the slot after step i. same tells whether two values are equal: an
// observation that agrees with what was assigned adds nothing.
func (t *Track[T]) at(i int, same func(a, b T) bool) Reading[T] {
	n := sort.Search(len(t.facts), func(k int) bool { return t.facts[k].step > i })
	r := Reading[T]{Step: -1, Earliest: -1}
	for _, f := range t.facts[:n] {
		switch {
		case !f.observed && f.known:
			r = Reading[T]{Value: f.value, Known: true, Grade: Seen, Step: f.step, Earliest: f.step}
		case !f.observed:
			r = Reading[T]{Step: f.step, Why: f.why, Earliest: f.step}
		case r.Known && same(r.Value, f.value):
			r.Earliest = f.step
			if f.grade > r.Grade {
				r.Grade, r.Why = f.grade, f.why
			}
		case f.live && !r.Known && r.Step < 0:
			// It held before as well: no step is known to have set it.
			r = Reading[T]{Value: f.value, Known: true, Grade: f.grade, Step: -1, Why: f.why, Earliest: r.Earliest}
		default:
			r = Reading[T]{Value: f.value, Known: true, Grade: f.grade, Step: f.step, Why: f.why, Earliest: r.Earliest}
		}
	}
	if !r.Known && n < len(t.facts) && t.facts[n].observed {
		// Nothing changed the slot since, as far as the log tells: what is proved
		// next held all along.
		f := t.facts[n]
		r = Reading[T]{Value: f.value, Known: true, Grade: f.grade, Step: -1, Why: f.why, Earliest: r.Earliest}
	}
	if !r.Known && r.Why == "" {
		r.Why = t.unread
	}
	return r
}

func sameValue[T comparable](a, b T) bool { return a == b }

// sameOwnership treats what an outcome proves ("not BucketOwnerEnforced") as
// agreeing with every setting that it allows.
func sameOwnership(assigned, observed ObjectOwnership) bool {
	if observed == ACLsEnabled {
		return assigned != BucketOwnerEnforced
	}
	return assigned == observed
}
