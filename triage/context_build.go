// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gaissmai/bart"
)

// contextBuilder turns a checked tree into a Context, and finds what entries
// say against each other.
type contextBuilder struct {
	*contextReader
	out   *Context
	names map[string]bool // of the organizations
}

func (b *contextBuilder) warn(at filePlace, next, what string, args ...any) {
	b.out.warnings = append(b.out.warnings, Problem{b.file, at.line, at.column, fmt.Sprintf(what, args...), next})
}

func (b *contextBuilder) build(root fileValue) {
	c := b.out
	c.accounts, c.usual = map[string]OwnAccount{}, map[string]Usual{}
	c.tables, c.trusted = map[string]*bart.Table[int]{}, map[scoped]int{}
	b.organizations(root.keys["organizations"].list)
	b.networks(root.keys["networks"].list)
	b.principals(root.keys["principals"].list)
	b.trustedAccounts(root.keys["trusted_accounts"].list)
	b.bucketRules(root.keys["buckets"].list)
	b.words(root)
	if usual := root.keys["usual"]; usual.set {
		c.Usual = b.usual(usual)
	}
	if c.Empty() {
		b.warn(filePlace{1, 1}, "fill it in, or draft it from logs: bucketlid context init LOGS", "the file says nothing")
	}
	c.principals.order()
	c.buckets.order()
}

// firsts remembers where each key stood first.
type firsts map[scoped]fileValue

// again reports where a key of a scope stood before, and notes it otherwise.
func (f firsts) again(scope, name string, v fileValue) (fileValue, bool) {
	k := scoped{scope, name}
	if before, ok := f[k]; ok {
		return before, true
	}
	f[k] = v
	return v, false
}

func (b *contextBuilder) organizations(list []fileValue) {
	names, places := firsts{}, map[string]filePlace{}
	for _, v := range list {
		o := Organization{Name: v.keys["name"].text}
		if before, twice := names.again("", o.Name, v); twice {
			b.problem(v.keys["name"].at, "give each its own name, or put all accounts under one", "two organizations are called %q (the first on line %d)", o.Name, before.at.line)
		}
		for _, a := range v.keys["accounts"].list {
			own := OwnAccount{ID: a.keys["id"].text, Alias: a.keys["alias"].text, Organization: o.Name}
			if before, twice := places[own.ID]; twice {
				b.problem(a.keys["id"].at, "keep it where it belongs", "account %s stands twice (first on line %d, in %q)", own.ID, before.line, b.out.accounts[own.ID].Organization)
				continue
			}
			places[own.ID], b.out.accounts[own.ID] = a.at, own
			o.Accounts = append(o.Accounts, own)
		}
		if usual := v.keys["usual"]; usual.set {
			u := b.usual(usual)
			o.Usual, b.out.usual[o.Name] = &u, u
		}
		b.names[o.Name] = true
		b.out.Organizations = append(b.out.Organizations, o)
	}
}

// scope is the organization that an entry names; it must be listed.
func (b *contextBuilder) scope(v fileValue) string {
	name := v.keys["organization"].text
	if name == "" {
		return ""
	}
	if b.names[name] {
		return name
	}
	known := make([]string, len(b.out.Organizations))
	for i, o := range b.out.Organizations {
		known[i] = o.Name
	}
	next := "list it under organizations"
	if near := nearest(name, known); near != "" {
		next = fmt.Sprintf("did you mean %q?", near)
	}
	b.problem(v.keys["organization"].at, next, "no organization is called %q", name)
	return name
}

func (b *contextBuilder) networks(list []fileValue) {
	names, prefixes, all := firsts{}, map[string]map[netip.Prefix]fileValue{}, map[string][]placed{}
	defer func() { b.together(all) }()
	for i, v := range list {
		n := Network{Name: v.keys["name"].text, Kind: v.keys["kind"].text, Note: v.keys["note"].text, Organization: b.scope(v), Line: v.at.line}
		if before, twice := names.again(n.Organization, n.Name, v); twice {
			b.problem(v.keys["name"].at, "put all cidrs under one", "two networks are called %q (the first on line %d)", n.Name, before.at.line)
		}
		if b.out.tables[n.Organization] == nil {
			b.out.tables[n.Organization], prefixes[n.Organization] = &bart.Table[int]{}, map[netip.Prefix]fileValue{}
		}
		if len(v.keys["cidrs"].list) == 0 {
			b.problem(v.at, "list at least one under cidrs", "the network %q has no addresses", n.Name)
		}
		for _, c := range v.keys["cidrs"].list {
			p, ok := b.prefix(c)
			if !ok {
				continue
			}
			before, twice := prefixes[n.Organization][p]
			if !twice {
				prefixes[n.Organization][p] = c
				b.out.tables[n.Organization].Insert(p, i)
				n.Prefixes = append(n.Prefixes, p)
				all[n.Organization] = append(all[n.Organization], placed{p, c.at})
				continue
			}
			if j, _ := b.out.tables[n.Organization].Get(p); j != i {
				b.problem(c.at, "keep it in one of them", "%s on line %d (network %q) stands on line %d too (network %q)", p, c.at.line, n.Name, before.at.line, b.out.Networks[j].Name)
			} else {
				b.warn(c.at, "drop one", "%s stands twice (first on line %d)", p, before.at.line)
			}
		}
		b.out.Networks = append(b.out.Networks, n)
	}
}

// prefix reads a network or an address. Bits set beyond its length are an
// error: whether the one address or the whole network is meant decides who is
// trusted.
func (b *contextBuilder) prefix(v fileValue) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(v.text); err == nil {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	p, err := netip.ParsePrefix(v.text)
	switch {
	case err != nil:
		b.problem(v.at, "write a network such as 203.0.113.0/24, or one address", "%q is no network", v.text)
		return p, false
	case p.Bits() == 0:
		b.problem(v.at, "list the networks that are yours", "%s is every address there is", p)
		return p, false
	case p != p.Masked():
		b.problem(v.at, fmt.Sprintf("write %s for the network, or %s for the one address", p.Masked(), p.Addr()), "%s has bits set beyond its length", p)
		return p, false
	case p.Addr().Is4In6() && p.Bits() < 96:
		b.problem(v.at, "write it as an IPv4 network", "%s is more than all of IPv4", p)
		return p, false
	case p.Addr().Is4In6():
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		if p.Bits() == 0 {
			b.problem(v.at, "list the networks that are yours", "%q is every IPv4 address there is", v.text)
			return p, false
		}
	}
	if slices.Contains(tunnels, p) {
		b.warn(v.at, "see that all of it is yours", "%s stands for all of IPv4", p)
	}
	if p.Bits() < veryWide(p.Addr().Is4()) {
		b.warn(v.at, "see that all of it is yours", "%s is very wide", p)
	}
	return p, true
}

func (b *contextBuilder) trustedAccounts(list []fileValue) {
	seen := firsts{}
	for i, v := range list {
		t := TrustedAccount{ID: v.keys["id"].text, Name: v.keys["name"].text, Why: v.keys["why"].text, Organization: b.scope(v),
			Until: b.until(v), Line: v.at.line}
		if before, twice := seen.again(t.Organization, t.ID, v); twice {
			b.problem(v.keys["id"].at, "keep one", "trusted account %s stands twice (first on line %d)", t.ID, before.at.line)
		}
		if own, ok := b.out.accounts[t.ID]; ok && (t.Organization == "" || own.Organization == t.Organization) {
			b.problem(v.keys["id"].at, "drop it here, or from organizations", "account %s is trusted as foreign, but belongs to %q", t.ID, own.Organization)
		}
		b.out.trusted[scoped{t.Organization, t.ID}] = i
		b.out.Trusted = append(b.out.Trusted, t)
	}
}

// until is the first moment after the day under until.
func (b *contextBuilder) until(v fileValue) time.Time {
	day := v.keys["until"]
	if !day.set {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, day.text)
	if err != nil {
		b.problem(day.at, "write a day of the calendar, such as 2027-01-31", "%q is no date", day.text)
		return time.Time{}
	}
	return t.AddDate(0, 0, 1)
}

func (b *contextBuilder) usual(v fileValue) Usual {
	var u Usual
	for _, country := range v.keys["countries"].list {
		u.Countries = append(u.Countries, country.text)
	}
	for _, h := range v.keys["hours"].list {
		u.Hours = append(u.Hours, b.hours(h))
	}
	return u
}

func (b *contextBuilder) hours(v fileValue) Hours {
	h := Hours{Zone: time.UTC}
	if zone, ok := loadZone(v.keys["zone"].text); ok {
		h.Zone = zone
	} else {
		b.problem(v.keys["zone"].at, "write an IANA zone, such as Europe/Berlin or UTC", "no zone is called %q", v.keys["zone"].text)
	}
	days := workdays
	if named := v.keys["days"]; named.set {
		days = nil
		for _, d := range named.list {
			days = append(days, d.text)
		}
		if len(named.list) == 0 {
			b.problem(named.at, "list at least one, or leave days out for Monday to Friday", "the hours are of no day")
		}
	}
	for _, d := range days {
		for i, word := range dayWords {
			if word == d {
				h.Days = append(h.Days, time.Weekday(i))
			}
		}
	}
	from, _ := clockTime(v.keys["from"].text)
	to, _ := clockTime(v.keys["to"].text)
	if from == to || from == 24*time.Hour {
		b.problem(v.keys["from"].at, `write 00:00 to 24:00 for the whole day`, "the hours %s to %s are empty", v.keys["from"].text, v.keys["to"].text)
	}
	h.From, h.To = from, to
	if len(h.Days) == 7 && from == 0 && to == 24*time.Hour {
		b.warn(v.keys["from"].at, "leave them out, or write when people work", "all hours are usual, so that none is odd")
	}
	return h
}

func (b *contextBuilder) words(root fileValue) {
	c := b.out
	c.Sensitive, c.sensitive = b.wordList(root.keys["sensitive_words"].list)
	c.Harmless, c.harmless = b.wordList(root.keys["harmless_words"].list)
	for _, v := range root.keys["harmless_words"].list {
		if _, both := c.sensitive[wordToken(v.keys["word"].text)]; both {
			b.problem(v.keys["word"].at, "drop it from one list", "%q is sensitive and harmless", v.keys["word"].text)
		}
	}
}

// wordToken is a word as tokens makes it of a bucket's name; "" when tokens
// would take it apart.
func wordToken(word string) string {
	parts := tokens(word)
	if len(parts) != 1 {
		return ""
	}
	return parts[0]
}

func (b *contextBuilder) wordList(list []fileValue) ([]Word, map[string]string) {
	words, index, seen := []Word{}, map[string]string{}, firsts{}
	for _, v := range list {
		w := Word{wordToken(v.keys["word"].text), v.keys["means"].text}
		if w.Word == "" {
			b.problem(v.keys["word"].at, "write its parts as words of their own", "%q is more than one word", v.keys["word"].text)
			continue
		}
		if before, twice := seen.again("", w.Word, v); twice {
			b.problem(v.keys["word"].at, "keep one", "%q stands twice (first on line %d)", v.keys["word"].text, before.at.line)
		}
		if strings.Trim(v.keys["word"].text, "0123456789") == "" {
			b.problem(v.keys["word"].at, "add letters", "%q is a number, which names many things", v.keys["word"].text)
		}
		index[w.Word] = w.Means
		words = append(words, w)
	}
	return words, index
}
