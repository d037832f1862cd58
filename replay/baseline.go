// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/trail"
)

// Baseline is what is usual: for every principal and every address when it was
// first and last seen, how often, and with which names, agents, Regions and
// counterparts. It is gathered from every record's header, is the same for any
// order, split and repetition of the records, and grows with the number of
// distinct principals and addresses only.
type Baseline struct {
	Principals map[string]*Habit
	Addresses  map[string]*Habit
	covered    map[scopeKey]map[int64]slots // by day: when there are records
	marked     mark                         // in covered, last
	tuples     map[uint64]*tuple            // not yet told to Principals and Addresses
	texts      map[string]string            // names, agents, Regions and principals, each once
	key        []byte                       // scratch
	moments    map[string]moments           // by principal
	keys       map[string]int64             // long-term access keys: when first seen
	Hours      map[string]*Hours            // by principal
	first      int64
	last       int64
	any        bool
}

type scopeKey struct{ account, region string }

// mark is one slot of one scope.
type mark struct {
	scopeKey
	slot int64 // since 1970
}

// slotSeconds is the grain of coverage: longer than the span of one log file.
const slotSeconds = 600

// slots marks the stretches of a day that have records, a bit for each.
type slots [(86400/slotSeconds + 63) / 64]uint64

func (s *slots) set(n int64)      { s[n/64] |= 1 << (n % 64) }
func (s *slots) has(n int64) bool { return s[n/64]&(1<<(n%64)) != 0 }

// NewBaseline returns an empty baseline.
func NewBaseline() *Baseline {
	return &Baseline{Principals: map[string]*Habit{}, Addresses: map[string]*Habit{}, covered: map[scopeKey]map[int64]slots{}, tuples: map[uint64]*tuple{}, texts: map[string]string{},
		moments: map[string]moments{}, keys: map[string]int64{}, Hours: map[string]*Hours{}}
}

// tuple counts the records that are alike in every field of the baseline. Most
// records repeat one, so that one look-up serves both Habits; since samples
// merge, telling the Habits later gives the same counts.
type tuple struct {
	hour               int64 // of the last record, since 1970
	seen               Tally
	note               MomentKind // "": its calls are not of note
	principal, address string
	hours              Hours
	days               *Days // as of a way
	pattern
}

// add counts one record.
func (t *tuple) add(id uint64, seconds int64) {
	if hour := seconds / 3600; hour != t.hour {
		if hour/24 != t.hour/24 { // seldom: folders tell of one day
			t.addDay(seconds)
		}
		t.hour = hour
		t.hours.add(seconds)
	}
	t.seen.add(id, seconds)
}

func (t *tuple) addDay(seconds int64) {
	switch {
	case t.failed:
	case t.days != nil:
		t.days.add(seconds)
	case !t.seen.empty() && t.seen.First/86400 != seconds/86400:
		t.days = &Days{}
		t.days.add(t.seen.First)
		t.days.add(seconds)
	}
}

// way is the tuple as its principal or its address keeps it.
func (t *tuple) way(counterpart string) way {
	return way{t.pattern, counterpart, t.seen, t.days}
}

// merge takes in what another baseline counted of the same.
func (t *tuple) merge(other *tuple) {
	both, more := t.way(""), other.way("")
	both.take(&more)
	t.seen, t.days = both.seen, both.days
	t.hours.merge(&other.hours)
}

// maxTuples bounds the tuples that wait to be told. Only tests change it.
var maxTuples = 1 << 16

// maxTexts bounds the texts that are kept once.
const maxTexts = 1 << 17

// Observe takes one record's header in, and cuts texts of it that are too long
// to be AWS's. Records without a caller count nowhere, nor do those without a
// readable time, for which the answer is false.
func (b *Baseline) Observe(h *trail.Header) bool {
	clipHeader(h)
	seconds, _, ok := trail.ParseTime(h.Time)
	if !ok {
		return false
	}
	b.span(seconds)
	b.cover(h, seconds)
	id := xxhash.Sum64(h.EventID)
	if len(h.EventID) < minIDLength {
		id = xxhash.Sum64(h.Time) ^ xxhash.Sum64(h.Name) ^ xxhash.Sum64(h.ARN)
	}
	t := b.tuple(h)
	t.add(id, seconds)
	b.noteKey(h, seconds)
	if t.note != "" && t.principal != "" {
		b.note(t, h, id, seconds)
	}
	return true
}

// tuple finds or makes the tuple of a header.
func (b *Baseline) tuple(h *trail.Header) *tuple {
	key := principalKey(b.key[:0], h)
	principal := len(key)
	agent := agentFamily(h.Agent)
	for _, f := range [...][]byte{h.Address, h.Name, agent, h.Region} {
		key = append(append(key, 0), f...)
	}
	failed := len(h.Error) > 0
	if failed {
		key = append(key, 0)
	}
	b.key = key
	hash := xxhash.Sum64(key)
	t, ok := b.tuples[hash]
	if ok {
		return t
	}
	if len(b.tuples) >= maxTuples {
		b.tell()
	}
	t = &tuple{principal: b.text(key[:principal]), address: string(h.Address), note: momentCalls[string(h.Name)],
		pattern: pattern{name: b.text(h.Name), agent: b.text(agent), region: b.text(h.Region), failed: failed}}
	if failed {
		t.note = Failure
	}
	b.tuples[hash] = t
	return t
}

// text keeps one copy of a text that many tuples share.
func (b *Baseline) text(s []byte) string {
	if have, ok := b.texts[string(s)]; ok {
		return have
	}
	if len(b.texts) >= maxTexts {
		clear(b.texts)
	}
	have := string(s)
	b.texts[have] = have
	return have
}

// tell adds the tuples to the Habits of their principal and address: at the same
// time, since neither changes a tuple.
func (b *Baseline) tell() {
	var telling sync.WaitGroup
	telling.Go(func() {
		for _, t := range b.tuples {
			if t.principal != "" {
				habit(b.Principals, t.principal).add(t.way(t.address))
				hoursOf(b.Hours, t.principal).merge(&t.hours)
			}
		}
	})
	for _, t := range b.tuples {
		if t.address != "" {
			habit(b.Addresses, t.address).add(t.way(t.principal))
		}
	}
	telling.Wait()
	clear(b.tuples)
}

// mergeTuples takes in the tuples that other has not yet told.
func (b *Baseline) mergeTuples(other *Baseline) {
	for hash, t := range other.tuples {
		if have, ok := b.tuples[hash]; ok {
			have.merge(t)
		} else {
			b.tuples[hash] = t
		}
	}
	clear(other.tuples)
	if len(b.tuples) >= 4*maxTuples {
		b.tell()
	}
}

func (b *Baseline) span(seconds int64) {
	if !b.any || seconds < b.first {
		b.first = seconds
	}
	if !b.any || seconds > b.last {
		b.last = seconds
	}
	b.any = true
}

// Span is the time of the first and the last record; ok is false without any.
func (b *Baseline) Span() (first, last time.Time, ok bool) {
	return time.Unix(b.first, 0).UTC(), time.Unix(b.last, 0).UTC(), b.any
}

func (b *Baseline) cover(h *trail.Header, seconds int64) {
	if m := &b.marked; m.slot == seconds/slotSeconds && m.account == string(h.RecipientAccountID) && m.region == string(h.Region) {
		return // as for most records of a file
	}
	key := scopeKey{string(h.RecipientAccountID), string(h.Region)}
	b.marked = mark{key, seconds / slotSeconds}
	days, ok := b.covered[key]
	if !ok {
		days = map[int64]slots{}
		b.covered[key] = days
	}
	day, slot := seconds/86400, seconds%86400/slotSeconds
	if have := days[day]; !have.has(slot) {
		have.set(slot)
		days[day] = have
	}
}

func habit(m map[string]*Habit, key string) *Habit {
	h, ok := m[key]
	if !ok {
		h = &Habit{}
		m[key] = h
	}
	return h
}

// Merge takes everything of other in.
func (b *Baseline) Merge(other *Baseline) {
	b.mergeTuples(other)
	if other.any {
		b.span(other.first)
		b.span(other.last)
	}
	b.mergeMoments(other)
	mergeHabits(b.Principals, other.Principals)
	for principal, hours := range other.Hours {
		hoursOf(b.Hours, principal).merge(hours)
	}
	mergeHabits(b.Addresses, other.Addresses)
	for key, days := range other.covered {
		if b.covered[key] == nil {
			b.covered[key] = map[int64]slots{}
		}
		for day, more := range days {
			have := b.covered[key][day]
			for i := range have {
				have[i] |= more[i]
			}
			b.covered[key][day] = have
		}
	}
}

func mergeHabits(into, from map[string]*Habit) {
	for key, h := range from {
		if have, ok := into[key]; ok {
			have.merge(h)
		} else {
			into[key] = h
		}
	}
}

// agentFamily is the product name of a user agent: what stands before the
// first "/", blank or bracket.
func agentFamily(agent []byte) []byte {
	agent = bytes.TrimPrefix(agent, []byte("["))
	agent = agent[:min(len(agent), 64)]
	for i, c := range agent {
		if c == '/' || c == ' ' || c == ']' || c == '(' {
			return agent[:i]
		}
	}
	return agent
}

// AgentFamily is the baseline's key for a user agent.
func AgentFamily(agent string) string { return string(agentFamily([]byte(agent))) }

// Covered reports whether any record of an account lies between two times, some
// slots away from either: evidence that some trail was logging.
func (b *Baseline) Covered(account string, from, to time.Time) bool {
	first, last := from.Unix()/slotSeconds+1, to.Unix()/slotSeconds
	for key, days := range b.covered {
		if key.account != account {
			continue
		}
		for day, have := range days {
			base := day * 86400 / slotSeconds
			for n := max(first, base); n < min(last, base+86400/slotSeconds); n++ {
				if have.has(n - base) {
					return true
				}
			}
		}
	}
	return false
}

// Settle ends gathering: maps that were crowded keep the same keys whatever
// the order in which records came.
func (b *Baseline) Settle() {
	b.tell()
	for _, m := range []map[string]*Habit{b.Principals, b.Addresses} {
		for _, h := range m {
			h.settle()
		}
	}
	for _, m := range b.moments {
		m.settle()
	}
}

// Days lists the days (since 1970, UTC) that have records, in order.
func (b *Baseline) Days() []int64 {
	all := map[int64]bool{}
	for _, days := range b.covered {
		for day := range days {
			all[day] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Accounts are the accounts whose own trails were read.
func (b *Baseline) Accounts() map[string]bool {
	out := map[string]bool{}
	for key := range b.covered {
		if key.account != "" {
			out[key.account] = true
		}
	}
	return out
}
