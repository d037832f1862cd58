// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/replay"
)

// Summary counts the calls of a subject.
type Summary struct {
	Calls     int64      `json:"calls"`
	Failed    int64      `json:"failed"`
	Exact     bool       `json:"exact"` // false: counts are estimates, of about 6 %
	First     *time.Time `json:"first"`
	Last      *time.Time `json:"last"`
	Events    []Count    `json:"events"`
	Errors    []Count    `json:"errors"`
	Callers   []Count    `json:"callers"`
	Addresses []Count    `json:"addresses"`
	Agents    []Count    `json:"agents"`
	Keys      []Count    `json:"access_keys"`
	Regions   []Count    `json:"regions"`
	Buckets   []Count    `json:"buckets"` // of the kept calls
}

// Count is how often something occurred.
type Count struct {
	Name   string    `json:"name"`
	Calls  int64     `json:"calls"`
	Failed int64     `json:"failed"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
	seen   seen
}

// counts adds up by name.
type counts map[string]*Count

func (c counts) add(name string, n int64, failed bool, at seen) {
	have, ok := c[name]
	if !ok {
		have = &Count{Name: name, seen: at}
		c[name] = have
	}
	have.Calls += n
	if failed {
		have.Failed += n
	}
	have.seen = joinSeen(have.seen, at)
}

// list is the counts, largest first.
func (c counts) list() []Count {
	out := make([]Count, 0, len(c))
	for _, one := range c {
		one.First, one.Last = unix(one.seen.first), unix(one.seen.last)
		out = append(out, *one)
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Name, b.Name)) })
	return out
}

// sums are the counts of one subject, by what they are counted.
type sums struct {
	all                                                               counts
	events, errors, callers, addresses, agents, keys, regions, bucket counts
}

func newSums() *sums {
	return &sums{counts{}, counts{}, counts{}, counts{}, counts{}, counts{}, counts{}, counts{}, counts{}}
}

func (s *sums) add(w *way, n int64) {
	for _, by := range []struct {
		counts counts
		name   string
	}{{s.events, w.name}, {s.callers, w.user}, {s.addresses, w.address}, {s.agents, w.agent}, {s.keys, w.key}, {s.regions, w.region}} {
		if by.name != "" {
			by.counts.add(by.name, n, w.failed, w.seen)
		}
	}
	s.all.add("", n, w.failed, w.seen)
}

// summary counts the calls of the case: exactly where all are kept, else by the
// ways of calling.
func (d *dossier) summary() Summary {
	exact := !slices.ContainsFunc(d.c.subjects, (*evidence).sampled)
	s := newSums()
	if d.Kind == Alert {
		for _, e := range d.timeline() {
			s.entry(e)
		}
	} else {
		s = d.sums(d.subject(d.Kind), nil)
	}
	out := Summary{Exact: exact, Events: s.events.list(), Errors: s.errors.list(), Callers: s.callers.list(), Addresses: s.addresses.list(),
		Agents: s.agents.list(), Keys: s.keys.list(), Regions: s.regions.list(), Buckets: s.bucket.list()}
	if all := s.all[""]; all != nil {
		first, last := unix(all.seen.first), unix(all.seen.last)
		out.Calls, out.Failed, out.First, out.Last = all.Calls, all.Failed, &first, &last
	}
	return out
}

// sums counts the calls of one subject, but for those of one caller.
func (d *dossier) sums(of *evidence, without *string) *sums {
	s := newSums()
	for _, e := range d.of(of.Kind) {
		if w := e.way(); without == nil || w.user != *without {
			if of.sampled() {
				s.settings(e)
			} else {
				s.entry(e)
			}
		}
	}
	if of.sampled() {
		for _, w := range of.ways.values {
			if without == nil || w.user != *without {
				s.add(w, w.calls.count())
			}
		}
	}
	return s
}

func (s *sums) entry(e *Entry) {
	s.add(e.way(), 1)
	s.settings(e)
}

// settings counts what only kept entries tell.
func (s *sums) settings(e *Entry) {
	at := seen{e.Time.Unix(), e.Time.Unix(), e.ID}
	if e.Error != "" {
		s.errors.add(e.Error, 1, true, at)
	}
	if e.Bucket != "" {
		s.bucket.add(e.Bucket, 1, e.Failed(), at)
	}
}

// way is an entry as one manner of calling.
func (e *Entry) way() *way {
	return &way{name: e.Name, address: e.Address, agent: agentName(e.Agent), region: e.Region, key: e.AccessKeyID, user: e.familiar(),
		failed: e.Error != "", seen: seen{e.Time.Unix(), e.Time.Unix(), e.ID}}
}

// familiar is the caller without a session's name, as of a header.
func (e *Entry) familiar() string {
	if e.ARN == "" {
		switch {
		case replay.Anonymous(e.CallerAccount):
			return "anonymous"
		case e.InvokedBy != "":
			return e.InvokedBy
		}
		return e.UserName
	}
	slash := strings.LastIndexByte(e.ARN, '/')
	if !strings.Contains(e.ARN, ":assumed-role/") || strings.Contains(e.ARN[slash:], "@") {
		return e.ARN
	}
	return e.ARN[:slash]
}

// matched lists whom or what the subject's text fits.
func (d *dossier) matched() []Matched {
	out := []Matched{}
	for _, s := range d.c.subjects {
		for _, i := range s.identities.values {
			m := Matched{i.name, i.how, i.calls.count(), !i.calls.full, unix(i.seen.first), unix(i.seen.last)}
			if len(s.identities.values) == 1 && !s.sampled() {
				m.Calls, m.Exact = int64(len(d.of(s.Kind))), true
			}
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b Matched) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Name, b.Name), cmp.Compare(a.How, b.How))
	})
	return out
}

// logs is what was read, with what it can and cannot show.
func (d *dossier) logs() Logs {
	l := Logs{Records: d.c.records, Accounts: []string{}, Data: len(d.c.data) > 0}
	if d.c.span.first != 0 {
		first, last := unix(d.c.span.first), unix(d.c.span.last)
		l.First, l.Last = &first, &last
	}
	for _, account := range slices.Sorted(maps.Keys(d.c.covered)) {
		if account != "" {
			l.Accounts = append(l.Accounts, account)
		}
	}
	return l
}
