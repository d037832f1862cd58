// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"sync"
	"time"

	"github.com/bucketlid/bucketlid/replay"
)

// encode writes what a collector knows of everybody. It has no subjects.
func (c *Collector) encode() []byte {
	c.settle()
	p := &pen{}
	p.number(c.records)
	p.seen(c.span)
	p.count(uint64(len(c.data)))
	for account, at := range ordered(c.data, cmp.Compare) {
		p.plain(account)
		p.seen(at)
	}
	p.count(uint64(len(c.covered)))
	for account, days := range ordered(c.covered, cmp.Compare) {
		p.plain(account)
		p.count(uint64(len(days)))
		for day, have := range ordered(days, cmp.Compare) {
			p.number(day)
			for _, bits := range have {
				p.fixed(bits)
			}
		}
	}
	encodeKept(p, &c.links, (*pen).link)
	encodeKept(p, &c.deeds, (*pen).entry)
	encodeKept(p, &c.sessions.people, (*pen).session)
	encodeKept(p, &c.sessions.workloads, (*pen).session)
	return p.text
}

// encodeKept writes the values by their keys, so that a reader can end where it
// keeps no more.
func encodeKept[V any](p *pen, k *kept[V], value func(*pen, V)) {
	own := &pen{}
	own.fixed(k.top)
	own.flag(k.dropped)
	own.count(uint64(len(k.values)))
	for key, v := range ordered(k.values, cmp.Compare) {
		own.fixed(key)
		value(own, v)
	}
	p.section(own)
}

func mergeKept[V any](r *reader, k *kept[V], value func(*reader) V, join func(have, more V) V) {
	own := r.section()
	top, dropped := own.fixed(), own.flag()
	for n := own.count(); n > 0 && own.err == nil; n-- {
		key := own.fixed()
		if !k.takes(key) {
			break // nor any that follows
		}
		if v := value(own); own.err == nil {
			k.put(key, v, join)
		}
	}
	if dropped && (k.top == 0 || top < k.top) {
		k.top = top
	}
	k.dropped = k.dropped || dropped
	if own.err != nil {
		r.fail()
	}
}

// merge takes in what encode wrote.
func (c *Collector) merge(text []byte) error {
	r := &reader{text: text}
	c.records += r.number()
	if span := r.seen(); span.first != 0 {
		if c.span.first == 0 {
			c.span = span
		}
		c.span = joinSeen(c.span, span)
	}
	r.list(func() {
		account := r.plain()
		at := r.seen()
		if have, ok := c.data[account]; ok {
			at = joinSeen(have, at)
		}
		c.data[account] = at
	})
	r.list(func() {
		account, days := r.plain(), map[int64]slots{}
		r.list(func() {
			day := r.number()
			var have slots
			for i := range have {
				have[i] = r.fixed()
			}
			days[day] = have
		})
		c.covered.merge(coverage{account: days})
	})
	mergeKept(r, &c.links, (*reader).link, joinLinks)
	mergeKept(r, &c.deeds, (*reader).entry, joinEntries)
	mergeKept(r, &c.sessions.people, (*reader).session, joinSessions)
	mergeKept(r, &c.sessions.workloads, (*reader).session, joinSessions)
	return r.err
}

func (p *pen) link(l link) {
	p.word(l.caller)
	p.word(l.account)
	p.word(l.address)
	p.seen(l.seen)
}

func (r *reader) link() link {
	return link{caller: r.word(), account: r.word(), address: r.word(), seen: r.seen()}
}

// words are the texts of an entry that repeat.
func (e *Entry) words() []*string {
	return []*string{&e.Name, &e.Source, &e.Region, &e.Account, &e.UserName, &e.ARN, &e.Type, &e.CallerAccount, &e.PrincipalID, &e.AccessKeyID,
		&e.InvokedBy, &e.SourceIdentity, &e.MFA, &e.Address, &e.Agent, &e.Error, &e.ErrorMessage, &e.Bucket}
}

func (p *pen) entry(e *Entry) {
	p.number(e.Time.Unix())
	for _, s := range e.words() {
		p.word(*s)
	}
	p.flag(e.Console)
	p.plain(e.Target)
	p.plain(e.ID)
}

func (r *reader) entry() *Entry {
	e := &Entry{Time: time.Unix(r.number(), 0).UTC()}
	for _, s := range e.words() {
		*s = r.word()
	}
	e.Console = r.flag()
	e.Target, e.ID = r.plain(), r.plain()
	return e
}

func (s *Session) words() []*string {
	return []*string{&s.By, &s.ByName, &s.ByKey, &s.Provider, &s.SourceIdentity, &s.Call, &s.Address}
}

func (p *pen) session(s *Session) {
	p.plain(s.AccessKeyID)
	p.plain(s.ARN)
	for _, w := range s.words() {
		p.word(*w)
	}
	p.flag(s.Service)
	p.plain(s.ID)
	p.number(s.at)
}

func (r *reader) session() *Session {
	s := &Session{AccessKeyID: r.plain(), ARN: r.plain()}
	for _, w := range s.words() {
		*w = r.word()
	}
	s.Service, s.ID, s.at = r.flag(), r.plain(), r.number()
	return s
}

// Gathered is what the gists of many files say together. Several goroutines may
// add to it.
type Gathered struct {
	mu       sync.Mutex
	totals   *totals
	rewrites []*rewritten
}

// NewGathered returns one that knows nothing.
func NewGathered() *Gathered { return &Gathered{totals: newTotals()} }

// Add takes a file's gist in, but for the chosen records.
func (g *Gathered) Add(parts Parts) error {
	text, err := parts(partRewrites)
	if err != nil {
		return err
	}
	r := newRewritten(text)
	if text, err = parts(partTotals); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rewrites = append(g.rewrites, r)
	return cmp.Or(r.err, g.totals.merge(text))
}

// Tell hands everything to baselines and a ledger, as if they had read the
// records: to each baseline a share of it, at the same time. The error says that
// a gist does not hold what is needed.
func (g *Gathered) Tell(shares []*replay.Baseline, l *replay.Ledger) error {
	var telling sync.WaitGroup
	for i, b := range shares {
		telling.Go(func() { g.totals.tell(b, i, len(shares)) })
	}
	g.totals.tellLogged(l)
	err := tellRewrites(g.rewrites, l)
	telling.Wait()
	return err
}

// AddGist takes a file's gist in, but for its odd records and those that
// subjects match.
func (c *Collector) AddGist(parts Parts) error {
	text, err := parts(partState)
	if err != nil {
		return err
	}
	return c.merge(text)
}
