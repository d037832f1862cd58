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
	days        *Days // on which it succeeded; nil: on that of the first only
}

// on lists the days on which calls succeeded.
func (w *way) on() Days {
	switch {
	case w.failed:
		return nil
	case w.days != nil:
		return *w.days
	}
	var one Days
	one.add(w.seen.First)
	return one
}

// take adds what is seen of the same way elsewhere.
func (w *way) take(other *way) {
	if !w.failed && (w.days != nil || other.days != nil || w.seen.First/86400 != other.seen.First/86400) {
		all := slices.Clone(w.on()) // tuples and both of a pair share them
		all.Merge(other.on())
		w.days = &all
	}
	w.seen.merge(&other.seen)
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
	done         [kinds]map[string]*Days // when calls succeeded: byName and, but for requests for objects, byCounterpart
	crowded      bool                    // some map reached maxKinds and holds the smallest hashes only
}

const (
	// maxWays bounds the ways of a Habit before they are added up.
	maxWays = 16
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

// Succeeded tells, by event name, on which days calls succeeded.
func (h *Habit) Succeeded() map[string]*Days { return h.summed().done[byName] }

// Worked tells, by the address of a principal or the principal of an address, on
// which days calls succeeded that only who holds the credentials can make.
// Requests for objects are left out: a presigned URL carries a principal's to
// whoever has it. So are sign-ins: anybody may try, and their failures bear no
// error code.
func (h *Habit) Worked() map[string]*Days { return h.summed().done[byCounterpart] }

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
		s.by[k], s.done[k] = map[string]*Tally{}, map[string]*Days{}
	}
	return s
}

func (h *Habit) add(w way) {
	if h.sums != nil {
		h.sums.add(&w)
		return
	}
	for i := range h.ways {
		if have := &h.ways[i]; have.pattern == w.pattern && have.counterpart == w.counterpart {
			have.take(&w)
			return
		}
	}
	if len(h.ways) == maxWays {
		h.sums, h.ways = h.summed(), nil
		h.sums.add(&w)
		return
	}
	w.seen.ids = slices.Clone(w.seen.ids)
	h.ways = append(h.ways, w)
}

// merge takes everything of other in.
func (h *Habit) merge(other *Habit) {
	for i := range other.ways {
		h.add(other.ways[i])
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
	for k := range h.sums.by {
		crowd(h.sums, h.sums.by[k])
		crowd(h.sums, h.sums.done[k])
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
	if on := w.on(); len(on) > 0 {
		s.worked(s.done[byName], w.name, on)
		if !needsNoCredentials(w.name) {
			s.worked(s.done[byCounterpart], w.counterpart, on)
		}
	}
}

// signIns are calls of the console that anybody can cause.
var signIns = map[string]bool{"ConsoleLogin": true, "CheckMfa": true, "PasswordRecoveryRequested": true, "PasswordRecoveryCompleted": true,
	"CredentialChallenge": true, "CredentialVerification": true, "UserAuthentication": true}

// needsNoCredentials reports whether records of a call may name a principal
// although whoever made it does not hold that principal's credentials.
func needsNoCredentials(name string) bool {
	return signIns[name] || useClasses[name] != "" && name != "GetBucketAcl" && name != "PutBucketAcl"
}

func (s *sums) tally(m map[string]*Tally, key string, seen *Tally) {
	t, ok := m[key]
	if !ok {
		t = &Tally{}
		m[key] = t
	}
	t.merge(seen)
	if !ok && len(m) > 2*maxKinds {
		crowd(s, m)
	}
}

func (s *sums) worked(m map[string]*Days, key string, on Days) {
	d, ok := m[key]
	if !ok {
		d = &Days{}
		m[key] = d
	}
	d.Merge(on)
	if !ok && len(m) > 2*maxKinds {
		crowd(s, m)
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
	for k, m := range other.done {
		for key, on := range m {
			s.worked(s.done[k], key, *on)
		}
	}
}

// crowd keeps the maxKinds keys of smallest hash: a choice that depends on the
// set of keys alone.
func crowd[T any](s *sums, m map[string]T) {
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
