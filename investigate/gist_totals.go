// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// totals adds records up as replay.Baseline takes them in: see replay.Alike.
type totals struct {
	words   map[string]word
	texts   []string
	alike   map[pattern]*alike
	hours   map[word]*[24]int64
	covered map[scope]*[3]uint64
	noted   map[noted]*notedSum
	keys    map[string]int64
	logged  map[string]*[2]int64

	last lastSeen
}

// word is the number of a text.
type word uint32

type pattern struct {
	principal, address, name, agent, region word
	failed                                  bool
}

type scope struct {
	account, region word
	day             int64 // since 1970
}

type noted struct {
	principal, name, err word
	hour                 int64
}

// alike counts records: see replay.Alike.
type alike struct {
	first, last int64
	ids         []uint64 // sorted: the replay.EnoughIDs smallest
	days        []int64  // sorted: when the replay.EnoughDays first begin
}

type notedSum struct {
	alike
	address word
	id      string
}

// lastSeen spares look-ups: files are sorted by principal.
type lastSeen struct {
	any                       bool
	arn, service, account, id string
	principal                 word
	agent                     string
	family                    word
}

// maxTotals bounds each of the maps.
const maxTotals = 1 << 19

func newTotals() *totals {
	return &totals{words: map[string]word{}, alike: map[pattern]*alike{}, hours: map[word]*[24]int64{}, covered: map[scope]*[3]uint64{},
		noted: map[noted]*notedSum{}, keys: map[string]int64{}, logged: map[string]*[2]int64{}}
}

func (s *totals) crowded() bool { return s.more(maxTotals) }

// more reports whether any of the maps has more values.
func (s *totals) more(than int) bool {
	return max(len(s.alike), len(s.words), len(s.covered), len(s.noted), len(s.keys), len(s.logged)) > than
}

func (s *totals) word(text string) word {
	w, ok := s.words[text]
	if !ok {
		w = word(len(s.texts))
		s.words[text] = w
		s.texts = append(s.texts, text)
	}
	return w
}

func (s *totals) bytes(text []byte) word {
	if w, ok := s.words[string(text)]; ok {
		return w
	}
	return s.word(string(text))
}

func (s *totals) principal(h *trail.Header) word {
	l := &s.last
	if !l.any || l.arn != string(h.ARN) || l.arn == "" && (l.service != string(h.InvokedBy) || l.account != string(h.AccountID) || l.id != string(h.PrincipalID)) {
		l.arn, l.service, l.account, l.id = string(h.ARN), string(h.InvokedBy), string(h.AccountID), string(h.PrincipalID)
		l.principal = s.word(replay.PrincipalKey(l.arn, l.service, l.account, l.id))
	}
	if !l.any || l.agent != string(h.Agent) {
		l.agent = string(h.Agent)
		l.family = s.word(replay.AgentFamily(l.agent))
	}
	l.any = true
	return l.principal
}

var (
	notedNames  = setOf(replay.NotedCalls())
	dataNames   = setOf(replay.DataEvents())
	rewriteName = setOf(replay.Rewrites())
)

func setOf(names []string) map[string]bool {
	out := map[string]bool{}
	for _, name := range names {
		out[name] = true
	}
	return out
}

const s3Source = "s3.amazonaws.com"

// note adds a record that is not odd. The answer is false where a ledger must
// see the record to know of which bucket it is a data event.
func (s *totals) note(h *trail.Header) bool {
	seconds, _, _ := trail.ParseTime(h.Time)
	id := xxhash.Sum64(h.EventID)
	who, address, name := s.principal(h), s.bytes(h.Address), s.bytes(h.Name)
	p := pattern{who, address, name, s.last.family, s.bytes(h.Region), len(h.Error) > 0}
	of, ok := s.alike[p]
	if !ok {
		of = &alike{first: seconds, last: seconds}
		s.alike[p] = of
	}
	of.add(seconds, id)
	s.cover(scope{s.bytes(h.RecipientAccountID), p.region, seconds / 86400}, seconds)
	if s.texts[who] != "" {
		s.hour(who, seconds)
		if p.failed || notedNames[string(h.Name)] {
			s.moment(noted{who, name, s.bytes(h.Error), seconds / 3600}, address, string(h.EventID), seconds, id)
		}
	}
	if k := h.AccessKeyID; len(k) > 6 && string(k[:5]) == `"AKIA` && k[len(k)-1] == '"' {
		s.key(string(k[1:len(k)-1]), seconds)
	}
	return s.dataEvent(h, seconds)
}

func (a *alike) add(seconds int64, id uint64) {
	a.first, a.last = min(a.first, seconds), max(a.last, seconds)
	a.ids = least(a.ids, id, replay.EnoughIDs)
	a.days = least(a.days, seconds-seconds%86400, replay.EnoughDays)
}

func (a *alike) merge(o *alike) {
	a.first, a.last = min(a.first, o.first), max(a.last, o.last)
	for _, id := range o.ids {
		a.ids = least(a.ids, id, replay.EnoughIDs)
	}
	for _, day := range o.days {
		a.days = least(a.days, day, replay.EnoughDays)
	}
}

func (a *alike) told() replay.Alike {
	return replay.Alike{First: a.first, Last: a.last, IDs: a.ids, Days: a.days}
}

// least adds a value to the n smallest, which are sorted.
func least[T cmp.Ordered](list []T, v T, n int) []T {
	if len(list) == n && v >= list[n-1] {
		return list
	}
	at, known := slices.BinarySearch(list, v)
	if known {
		return list
	}
	list = slices.Insert(list, at, v)
	return list[:min(len(list), n)]
}

func (s *totals) cover(of scope, seconds int64) {
	have, ok := s.covered[of]
	if !ok {
		have = &[3]uint64{}
		s.covered[of] = have
	}
	slot := (seconds - of.day*86400) / replay.SlotSeconds
	have[slot/64] |= 1 << (slot % 64)
}

func (s *totals) hour(who word, seconds int64) {
	of, ok := s.hours[who]
	if !ok {
		of = &[24]int64{}
		s.hours[who] = of
	}
	if hour := seconds % 86400 / 3600; of[hour] == 0 || seconds < of[hour] {
		of[hour] = seconds
	}
}

func (s *totals) moment(key noted, address word, eventID string, seconds int64, id uint64) {
	one := &notedSum{alike: alike{first: seconds, last: seconds}, address: address, id: eventID}
	one.add(seconds, id)
	s.noteSum(key, one)
}

func (s *totals) noteSum(key noted, one *notedSum) {
	have, ok := s.noted[key]
	if !ok {
		s.noted[key] = one
		return
	}
	if cmp.Or(cmp.Compare(one.first, have.first), cmp.Compare(one.id, have.id)) < 0 {
		have.address, have.id = one.address, one.id
	}
	have.merge(&one.alike)
}

func (s *totals) key(id string, seconds int64) {
	if have, ok := s.keys[id]; !ok || seconds < have {
		s.keys[id] = seconds
	}
}

func (s *totals) dataEvent(h *trail.Header, seconds int64) bool {
	if string(h.Source) != s3Source || string(h.Error) == "NoSuchBucket" || !dataNames[string(h.Name)] {
		return true
	}
	name, ok := clean(h.Request, `"bucketName"`)
	if !ok || len(name) > maxPlain {
		return ok
	}
	if have, known := s.logged[string(name)]; known {
		have[0], have[1] = min(have[0], seconds), max(have[1], seconds)
	} else if len(name) > 0 {
		s.logged[string(name)] = &[2]int64{seconds, seconds}
	}
	return true
}

// tell hands one of so many shares of everything to a baseline, but for what
// tellLogged does: those of some principals, and the first all that is of none.
func (s *totals) tell(b *replay.Baseline, share, of int) {
	mine := func(principal word) bool { return int(principal)%of == share }
	for p, a := range s.alike {
		if !mine(p.principal) {
			continue
		}
		b.ObserveAlike(replay.Pattern{Principal: s.texts[p.principal], Address: s.texts[p.address], Name: s.texts[p.name],
			Agent: s.texts[p.agent], Region: s.texts[p.region], Failed: p.failed}, a.told())
	}
	for who, hours := range s.hours {
		for _, seconds := range hours {
			if seconds != 0 && mine(who) {
				b.ObserveHour(s.texts[who], seconds)
			}
		}
	}
	for key, one := range s.noted {
		if mine(key.principal) {
			b.ObserveNoted(replay.Noted{Principal: s.texts[key.principal], Name: s.texts[key.name], Error: s.texts[key.err],
				Address: s.texts[one.address], EventID: one.id}, one.told())
		}
	}
	if share == 0 {
		s.tellRest(b)
	}
}

// tellRest hands on what is of no principal.
func (s *totals) tellRest(b *replay.Baseline) {
	for of, slots := range s.covered {
		for slot := range int64(86400 / replay.SlotSeconds) {
			if slots[slot/64]&(1<<(slot%64)) != 0 {
				b.Cover(s.texts[of.account], s.texts[of.region], of.day*86400+slot*replay.SlotSeconds)
			}
		}
	}
	for id, seconds := range s.keys {
		b.ObserveKey(id, seconds)
	}
}

// tellLogged tells a ledger of which buckets there are data events.
func (s *totals) tellLogged(l *replay.Ledger) {
	for bucket, at := range s.logged {
		l.NoteDataEvents(bucket, time.Unix(at[0], 0), time.Unix(at[1], 0))
	}
}

// ordered lists a map in the order of its keys.
func ordered[K comparable, V any](m map[K]V, compare func(a, b K) int) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, k := range slices.SortedFunc(maps.Keys(m), compare) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
