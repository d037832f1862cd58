// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/trail"
)

// Visit takes one record. The header is valid until the next record.
type Visit func(h *trail.Header, raw []byte)

// Bounds of what is kept. Only tests change them.
var (
	// maxEntries bounds the calls of one subject: twice, those that change
	// something or failed, and those that only look.
	maxEntries = 20_000
	// maxDeeds bounds the calls of note of everybody else.
	maxDeeds = 20_000
	// maxWays bounds the ways in which one subject called, by which calls are
	// counted when not all of them are kept.
	maxWays = 8_192
	// maxLinks bounds the pairs of caller and address.
	maxLinks = 1 << 16
	// maxIdentities bounds the callers whom one subject matched.
	maxIdentities = 256
)

// Collector gathers the evidence about its subjects from a set of records. It
// is not safe for use by several goroutines: each has its own, and they merge.
type Collector struct {
	subjects []*evidence
	sessions sessions
	deeds    kept[*Entry]
	links    kept[link]
	covered  coverage
	data     map[string]seen // data events of S3, by account
	records  int64
	undated  distinct
	texts    texts
	brief    briefReader
	span     seen
}

// evidence is what is known of one subject.
type evidence struct {
	Subject
	changes, reads kept[*Entry]
	ways           kept[*way]
	identities     kept[identity]
}

// way is one manner of calling, with how often it was used.
type way struct {
	name, address, agent, region, key, user string
	failed                                  bool
	seen                                    seen
	calls                                   distinct
}

// identity is one caller, address or bucket that a subject matched.
type identity struct {
	how, name string
	seen      seen
	calls     distinct
}

// link is a caller at an address.
type link struct {
	caller, account, address string
	seen                     seen
}

// NewCollector returns a collector for subjects, in that order.
func NewCollector(subjects []Subject) *Collector {
	c := &Collector{sessions: newSessions(), deeds: newKept[*Entry](maxDeeds), links: newKept[link](maxLinks), covered: coverage{}, data: map[string]seen{}, texts: texts{}}
	for _, s := range subjects {
		c.subjects = append(c.subjects, &evidence{Subject: s, changes: newKept[*Entry](maxEntries), reads: newKept[*Entry](maxEntries),
			ways: newKept[*way](maxWays), identities: newKept[identity](maxIdentities)})
	}
	return c
}

// Observe takes one record in. It is a Visit.
func (c *Collector) Observe(h *trail.Header, raw []byte) {
	c.records++
	seconds, _, dated := trail.ParseTime(h.Time)
	hash := recordHash(h)
	if !dated {
		c.undated.add(hash) // it has no place in a timeline; the hunt names it
		return
	}
	c.note(h, raw, seconds)
	decoded := c.once(h, raw)
	c.match(h, raw, seconds, hash, decoded)
	if _, told := deedCalls[string(h.Name)]; told && c.deeds.takes(hash) {
		c.deeds.put(hash, decoded(), joinEntries)
	}
}

// Meet takes in what a record tells of the subjects alone: of the rest AddGist
// has told. It is a Visit.
func (c *Collector) Meet(h *trail.Header, raw []byte) {
	if seconds, _, dated := trail.ParseTime(h.Time); dated {
		c.match(h, raw, seconds, recordHash(h), c.once(h, raw))
	}
}

// once decodes a record when that is asked for first.
func (c *Collector) once(h *trail.Header, raw []byte) func() *Entry {
	var entry *Entry
	return func() *Entry {
		if entry == nil {
			e := c.read(h, raw)
			c.texts.share(&e)
			entry = &e
		}
		return entry
	}
}

func (c *Collector) read(h *trail.Header, raw []byte) Entry {
	if r := c.brief.read(h, raw); r != nil {
		return entryOf(r, raw)
	}
	return newEntry(h, raw)
}

func (c *Collector) match(h *trail.Header, raw []byte, seconds int64, hash uint64, decoded func() *Entry) {
	for _, s := range c.subjects {
		if m, ok := s.matches(h, raw); ok {
			s.take(h, m, seconds, hash, decoded)
		}
	}
}

// note takes what is known of all records that have a place in time.
func (c *Collector) note(h *trail.Header, raw []byte, seconds int64) {
	at := seen{seconds, seconds, clip(string(h.EventID))}
	if c.span.first == 0 {
		c.span = at
	}
	c.span = joinSeen(c.span, at)
	c.covered.note(h, seconds)
	if string(h.Source) == "s3.amazonaws.com" && dataCalls[string(h.Name)] {
		account := string(h.RecipientAccountID)
		if have, ok := c.data[account]; ok {
			at = joinSeen(have, at)
		}
		c.data[account] = at
	}
	if sessionCalls[string(h.Name)] && len(h.Error) == 0 {
		c.sessions.note(h, raw, seconds)
	}
	c.link(h, seconds)
}

// link remembers who called from where.
func (c *Collector) link(h *trail.Header, seconds int64) {
	if len(h.Address) == 0 || h.Address[0] > '9' && !bytes.Contains(h.Address, []byte(":")) {
		return // a service
	}
	who := familiar(h)
	key := xxhash.Sum64(who) ^ xxhash.Sum64(h.Address)*0x9e3779b97f4a7c15
	if !c.links.takes(key) {
		return
	}
	at := seen{first: seconds, last: seconds}
	if have, ok := c.links.values[key]; ok && seconds > have.seen.first {
		have.seen.last = max(have.seen.last, seconds)
		c.links.values[key] = have
		return
	}
	at.id = clip(string(h.EventID))
	c.links.put(key, link{caller: clip(string(who)), account: clip(string(h.AccountID)), address: clip(string(h.Address)), seen: at}, joinLinks)
}

func joinLinks(a, b link) link {
	a.seen = joinSeen(a.seen, b.seen)
	a.account = max(a.account, b.account)
	return a
}

// take adds a record that matched.
func (s *evidence) take(h *trail.Header, m match, seconds int64, hash uint64, decoded func() *Entry) {
	at := seen{seconds, seconds, clip(string(h.EventID))}
	who := identity{how: m.how, name: clip(m.identity), seen: at}
	who.calls.add(hash)
	s.identities.put(xxhash.Sum64String(who.how+"\x00"+who.name), who, joinIdentities)
	w := &way{name: clip(string(h.Name)), address: clip(string(h.Address)), agent: clip(agentName(string(h.Agent))), region: clip(string(h.Region)),
		key: clip(string(bytes.Trim(h.AccessKeyID, `"`))), user: clip(string(familiar(h))), failed: len(h.Error) > 0, seen: at}
	w.calls.add(hash)
	s.ways.put(w.hash(), w, joinWays)
	of := &s.reads
	if len(h.Error) > 0 || !Reads(string(h.Name)) {
		of = &s.changes
	}
	if of.takes(hash) {
		of.put(hash, decoded(), joinEntries)
	}
}

func (w *way) hash() uint64 {
	failed := ""
	if w.failed {
		failed = "!"
	}
	d := xxhash.New()
	for _, part := range []string{w.name, w.address, w.agent, w.region, w.key, w.user, failed} {
		_, _ = d.WriteString(part)
		_, _ = d.Write([]byte{0})
	}
	return d.Sum64()
}

func joinWays(a, b *way) *way {
	a.seen = joinSeen(a.seen, b.seen)
	a.calls.merge(&b.calls)
	return a
}

func joinIdentities(a, b identity) identity {
	a.seen = joinSeen(a.seen, b.seen)
	a.calls.merge(&b.calls)
	return a
}

// minIDLength is the length below which an event id was made up by a tool, and
// may not be one of its kind.
const minIDLength = 16

// recordHash tells records apart, and not the copies of one.
func recordHash(h *trail.Header) uint64 {
	var scratch [512]byte
	key := append(scratch[:0], h.EventID...)
	parts := [][]byte{h.Time, h.Name}
	if len(h.EventID) < minIDLength {
		parts = [][]byte{h.Time, h.Name, h.ARN, h.PrincipalID, h.Address, h.Error, h.Request}
	}
	for _, part := range parts {
		key = append(append(key, 0), part...)
	}
	return xxhash.Sum64(key)
}

// Merge takes everything of other in; both must have the same subjects.
func (c *Collector) Merge(other *Collector) {
	for i, s := range c.subjects {
		o := other.subjects[i]
		s.changes.merge(&o.changes, joinEntries)
		s.reads.merge(&o.reads, joinEntries)
		s.ways.merge(&o.ways, joinWays)
		s.identities.merge(&o.identities, joinIdentities)
	}
	c.sessions.merge(&other.sessions)
	c.deeds.merge(&other.deeds, joinEntries)
	c.links.merge(&other.links, joinLinks)
	c.covered.merge(other.covered)
	for account, at := range other.data {
		if have, ok := c.data[account]; ok {
			at = joinSeen(have, at)
		}
		c.data[account] = at
	}
	switch {
	case c.span.first == 0:
		c.span = other.span
	case other.span.first != 0:
		c.span = joinSeen(c.span, other.span)
	}
	c.records += other.records
	c.undated.merge(&other.undated)
}

// settle ends gathering.
func (c *Collector) settle() {
	for _, s := range c.subjects {
		s.changes.shrink()
		s.reads.shrink()
		s.ways.shrink()
		s.identities.shrink()
	}
	c.sessions.settle()
	c.deeds.shrink()
	c.links.shrink()
}

// entries lists what is kept of a subject, in order.
func (s *evidence) entries() []*Entry {
	out := make([]*Entry, 0, len(s.changes.values)+len(s.reads.values))
	for _, from := range []map[uint64]*Entry{s.changes.values, s.reads.values} {
		for _, e := range from {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, compareEntries)
	return out
}

// sampled reports that not every call of the subject is kept.
func (s *evidence) sampled() bool { return s.changes.dropped || s.reads.dropped }

// linked lists the pairs of caller and address for which want is true, in order.
func (c *Collector) linked(want func(*link) bool) []link {
	var out []link
	for _, l := range c.links.values {
		if want(&l) {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b link) int {
		return cmp.Or(cmp.Compare(a.seen.first, b.seen.first), cmp.Compare(a.caller, b.caller), cmp.Compare(a.address, b.address))
	})
	return out
}
