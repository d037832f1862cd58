// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Habit is what is usual for one principal or one address. The zero value has
// seen nothing.
//
// Most addresses are met in few ways: those are kept as they are, and added up
// when asked for. A Habit of many ways keeps the sums only.
type Habit struct {
	ways []way
	sums *sums
}

// pattern is how a call was made, but for who made it and from where.
type pattern struct {
	name, agent, region string
	failed              bool
}

// way is a pattern with the counterpart: the address of a principal, or the
// principal of an address.
type way struct {
	pattern
	counterpart string
	seen        Tally
}

// kind numbers what a Habit tells apart.
type kind int

const (
	byName kind = iota
	byAgent
	byRegion
	byCounterpart
	kinds
)

// sums adds up ways.
type sums struct {
	seen, failed Tally
	by           [kinds]map[string]*Tally
	crowded      bool // some map reached maxKinds and holds the smallest hashes only
}

const (
	// maxWays bounds the ways of a Habit before they are added up.
	maxWays = 8
	// maxKinds bounds each map of a Habit.
	maxKinds = 256
)

// Seen counts all records.
func (h *Habit) Seen() Tally { return h.summed().seen }

// Failed counts the records of calls that failed.
func (h *Habit) Failed() Tally { return h.summed().failed }

// Names counts records by event name.
func (h *Habit) Names() map[string]*Tally { return h.summed().by[byName] }

// Agents counts records by user agent, versions cut off.
func (h *Habit) Agents() map[string]*Tally { return h.summed().by[byAgent] }

// Regions counts records by Region.
func (h *Habit) Regions() map[string]*Tally { return h.summed().by[byRegion] }

// Counterparts counts records by the address of a principal, or by the
// principal of an address.
func (h *Habit) Counterparts() map[string]*Tally { return h.summed().by[byCounterpart] }

// Crowded reports whether some of the maps are a choice: there were more keys
// than are kept.
func (h *Habit) Crowded() bool { return h.sums != nil && h.sums.crowded }

func (h *Habit) summed() *sums {
	if h.sums != nil {
		return h.sums
	}
	s := newSums()
	for i := range h.ways {
		s.add(&h.ways[i])
	}
	return s
}

func newSums() *sums {
	s := &sums{}
	for k := range s.by {
		s.by[k] = map[string]*Tally{}
	}
	return s
}

func (h *Habit) add(p pattern, counterpart string, seen *Tally) {
	w := way{p, counterpart, *seen}
	if h.sums != nil {
		h.sums.add(&w)
		return
	}
	for i := range h.ways {
		if have := &h.ways[i]; have.pattern == p && have.counterpart == counterpart {
			have.seen.merge(seen)
			return
		}
	}
	if len(h.ways) == maxWays {
		h.sums, h.ways = h.summed(), nil
		h.sums.add(&w)
		return
	}
	w.seen.ids = slices.Clone(seen.ids)
	h.ways = append(h.ways, w)
}

// merge takes everything of other in.
func (h *Habit) merge(other *Habit) {
	for i := range other.ways {
		w := &other.ways[i]
		h.add(w.pattern, w.counterpart, &w.seen)
	}
	if other.sums != nil {
		h.sums, h.ways = h.summed(), nil
		h.sums.merge(other.sums)
	}
}

func (h *Habit) settle() {
	if !h.Crowded() {
		return
	}
	for _, m := range h.sums.by {
		h.sums.crowd(m)
	}
}

func (s *sums) add(w *way) {
	s.seen.merge(&w.seen)
	if w.failed {
		s.failed.merge(&w.seen)
	}
	for k, key := range [kinds]string{w.name, w.agent, w.region, w.counterpart} {
		s.tally(s.by[k], key, &w.seen)
	}
}

func (s *sums) tally(m map[string]*Tally, key string, seen *Tally) {
	t, ok := m[key]
	if !ok {
		t = &Tally{}
		m[key] = t
	}
	t.merge(seen)
	if !ok && len(m) > 2*maxKinds {
		s.crowd(m)
	}
}

func (s *sums) merge(other *sums) {
	s.crowded = s.crowded || other.crowded
	s.seen.merge(&other.seen)
	s.failed.merge(&other.failed)
	for k, m := range other.by {
		for key, t := range m {
			s.tally(s.by[k], key, t)
		}
	}
}

// crowd keeps the maxKinds keys of smallest hash: a choice that depends on the
// set of keys alone.
func (s *sums) crowd(m map[string]*Tally) {
	s.crowded = true
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Compare(xxhash.Sum64String(a), xxhash.Sum64String(b)) })
	for _, k := range keys[min(maxKinds, len(keys)):] {
		delete(m, k)
	}
}
