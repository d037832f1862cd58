// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// finding is a grant together with what its witness came from.
type finding struct {
	Grant
	hit    *hit
	action *action
}

// grantBuilder turns the hits of one Allow statement into grants: one for each
// audience, access class and scope.
type grantBuilder struct {
	an        *analysis
	statement int
	rows      []*row
	granted   map[Audience]*actionSet
	patterns  []actionPattern
}

// row is a grant in the making.
type row struct {
	finding
	actions actionSet
	owned   bool // the list of principals is its own
}

func (b *grantBuilder) add(h *hit, g group) {
	an := b.an
	if b.granted == nil {
		b.granted = map[Audience]*actionSet{}
	}
	set := b.granted[h.audience]
	if set == nil {
		set = &actionSet{}
		b.granted[h.audience] = set
	}
	first := &an.list[g.first]
	scope := an.scopeOf(h)
	base := finding{Grant: Grant{
		Audience: h.audience, Scope: scope, Guards: an.guards(h),
		Statement: an.doc.Statements[b.statement].Ref(), UnsignedOnly: h.lone,
	}}
	if len(base.Scope.Include) == 0 {
		base.Scope.Include = []string{an.world.scopeText(an.world.wholeLevel(first.level), first.level)}
	}
	if h.subject.principal != "" && !h.audience.Public() || h.audience == WebIdentity {
		base.Principals = []string{h.subject.principal}
	}
	if h.audience == Network {
		base.Addresses, _ = h.addresses.count()
	}
	base.Unsettled = slices.Clone(h.unsettled)
	base.Until = an.until(h)
	if base.Unsettled == nil && h.state == nil {
		base.Unsettled = []string{givenUp}
	}
	byAccess := map[Access]*row{}
	for i := g.set.next(0); i >= 0; i = g.set.next(i + 1) {
		set.add(i)
		a := &an.list[i]
		unsettled := base.Unsettled
		if i >= an.known {
			unsettled = addText(slices.Clone(unsettled), "the action "+a.name+" is not in the catalogue")
		}
		r := byAccess[a.access]
		if r == nil || !slices.Equal(r.Unsettled, unsettled) {
			r = &row{finding: base}
			r.hit, r.action = h, a
			r.Access, r.Unsettled = []Access{a.access}, unsettled
			if len(unsettled) == 0 {
				r.Witness = an.witness(h, a)
			}
			byAccess[a.access] = r
			b.rows = append(b.rows, r)
		}
		r.actions.add(i)
	}
}

// grants merges rows that differ in nothing but their actions or principals,
// and names the actions by the statement's own patterns where all that a
// pattern stands for is granted.
func (b *grantBuilder) grants(findings []finding) []finding {
	merged := merge(b.rows, func(key []byte, r *row) []byte { return appendTexts(key, r.Principals) },
		func(into, r *row) { into.actions = into.actions.or(r.actions) })
	out := merge(merged, func(key []byte, r *row) []byte {
		for _, word := range r.actions {
			key = binary.LittleEndian.AppendUint64(key, word)
		}
		return key
	}, (*row).takePrincipals)
	findings = slices.Grow(findings, len(out))
	for _, r := range out {
		r.Actions = b.names(r)
		slices.Sort(r.Principals)
		r.Principals = slices.Compact(r.Principals)
		findings = append(findings, r.finding)
	}
	return findings
}

// merge joins rows that have the same key, and keeps the order of the first.
func merge(rows []*row, more func([]byte, *row) []byte, join func(into, r *row)) []*row {
	if len(rows) < 2 {
		return rows
	}
	index := make(map[string]*row, len(rows))
	out := make([]*row, 0, len(rows))
	var key []byte
	for _, r := range rows {
		key = more(r.key(key[:0]), r)
		if m := index[string(key)]; m != nil {
			join(m, r)
			continue
		}
		index[string(key)] = r
		out = append(out, r)
	}
	return out
}

func (r *row) takePrincipals(other *row) {
	if !r.owned {
		r.Principals, r.owned = slices.Clone(r.Principals), true
	}
	r.Principals = append(r.Principals, other.Principals...)
}

// key tells rows apart, apart from actions and principals.
func (r *row) key(to []byte) []byte {
	to = append(append(to, r.Audience...), 0)
	for _, a := range r.Access {
		to = append(append(to, a...), 0)
	}
	for _, list := range [][]string{r.Scope.Include, r.Scope.Exclude, r.Guards, r.Unsettled} {
		to = appendTexts(to, list)
	}
	if r.Until != nil {
		to = binary.LittleEndian.AppendUint64(to, uint64(r.Until.Unix()))
	}
	to = binary.LittleEndian.AppendUint64(append(to, 0), r.Addresses)
	return strconv.AppendBool(to, r.UnsignedOnly)
}

func appendTexts(to []byte, list []string) []byte {
	to = binary.AppendUvarint(to, uint64(len(list)))
	for _, s := range list {
		to = append(binary.AppendUvarint(to, uint64(len(s))), s...)
	}
	return to
}

// names lists the actions of a row, in the catalogue's spelling; a pattern of
// the statement stands for its actions where the audience has all of them.
func (b *grantBuilder) names(r *row) []string {
	an := b.an
	if b.patterns == nil {
		b.patterns = broadestFirst(an.doc.Statements[b.statement].Action, an.list)
	}
	granted := b.granted[r.Audience]
	left := r.actions
	var out []string
	for _, p := range b.patterns {
		if p.set.and(left) == (actionSet{}) || !b.complete(p.set, granted) {
			continue
		}
		out = append(out, p.text)
		left = left.minus(p.set)
	}
	for i := left.next(0); i >= 0; i = left.next(i + 1) {
		out = append(out, an.list[i].name)
	}
	sort.Strings(out)
	return out
}

// actionPattern is a pattern with wildcards and what it stands for.
type actionPattern struct {
	text string
	set  actionSet
}

// broadestFirst gives the patterns with wildcards, those that match most first,
// without those that match nothing.
func broadestFirst(patterns []string, list []action) []actionPattern {
	var out []actionPattern
	for _, p := range patterns {
		if !strings.ContainsAny(p, "*?") {
			continue
		}
		if set := matchActions(list, []string{p}); set != (actionSet{}) {
			out = append(out, actionPattern{p, set})
		}
	}
	slices.SortFunc(out, func(a, b actionPattern) int {
		return cmp.Or(cmp.Compare(b.set.len(), a.set.len()), strings.Compare(a.text, b.text))
	})
	return slices.CompactFunc(out, func(a, b actionPattern) bool { return a.text == b.text })
}

// complete says whether an audience has every action of a pattern that an
// outsider can have on the levels that the statement reaches.
func (b *grantBuilder) complete(set actionSet, granted *actionSet) bool {
	an := b.an
	var levels [2]bool
	for i := range an.list {
		levels[an.list[i].level] = levels[an.list[i].level] || granted.has(i)
	}
	for i := range an.list {
		a := &an.list[i]
		if set.has(i) && levels[a.level] && !granted.has(i) && !ownerOnly(a.name) {
			return false
		}
	}
	return true
}

// until gives the instant at which the passing of time ends the grant.
func (an *analysis) until(h *hit) *time.Time {
	if an.world.at.IsZero() || h.state == nil {
		return nil
	}
	now := an.world.at
	defer func() { an.world.at = now }()
	for _, edge := range Edges(an.doc) {
		if !edge.After(now) {
			continue
		}
		an.world.at = edge
		if an.solver.ask(h.query) == impossible {
			return &edge
		}
	}
	return nil
}

func sortFindings(list []finding) {
	class := map[Access]int{}
	for i, a := range AccessOrder {
		class[a] = i
	}
	slices.SortStableFunc(list, func(a, b finding) int {
		return cmp.Or(
			cmp.Compare(audienceOrder[a.Audience], audienceOrder[b.Audience]),
			cmp.Compare(len(a.Unsettled), len(b.Unsettled)),
			cmp.Compare(a.Statement.Index, b.Statement.Index),
			cmp.Compare(class[a.Access[0]], class[b.Access[0]]),
			slices.Compare(a.Scope.Include, b.Scope.Include),
			slices.Compare(a.Principals, b.Principals),
		)
	})
}
