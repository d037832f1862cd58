// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"sort"
	"strings"
	"time"
)

// finding is a grant together with the request of its witness.
type finding struct {
	Grant
	request *Request
}

// grantBuilder turns the hits of one Allow statement into grants: one for each
// audience, access class and scope.
type grantBuilder struct {
	an        *analysis
	statement int
	rows      []*row
	granted   map[Audience]*actionSet
}

// row is a grant in the making.
type row struct {
	finding
	actions actionSet
	hit     *hit
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
	first := &an.list[g.actions[0]]
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
	for _, i := range g.actions {
		set.add(i)
		a := &an.list[i]
		unsettled := base.Unsettled
		if i >= an.known {
			unsettled = addText(slices.Clone(unsettled), "the action "+a.name+" is not in the catalogue")
		}
		r := byAccess[a.access]
		if r == nil || !slices.Equal(r.Unsettled, unsettled) {
			r = &row{finding: base, hit: h}
			r.Access, r.Unsettled = []Access{a.access}, unsettled
			if len(unsettled) == 0 {
				r.Witness, r.request = an.witness(h, a)
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
func (b *grantBuilder) grants() []finding {
	var merged []*row
	index := map[string]*row{}
	for _, r := range b.rows {
		key := r.key() + "|" + strings.Join(r.Principals, ",")
		if m := index[key]; m != nil {
			for i := range r.actions {
				m.actions[i] |= r.actions[i]
			}
			continue
		}
		index[key] = r
		merged = append(merged, r)
	}
	var out []*row
	index = map[string]*row{}
	for _, r := range merged {
		key := r.key() + "|" + fmt.Sprint(r.actions)
		if m := index[key]; m != nil {
			for _, p := range r.Principals {
				m.Principals = addText(slices.Clip(m.Principals), p)
			}
			continue
		}
		index[key] = r
		out = append(out, r)
	}
	findings := make([]finding, 0, len(out))
	for _, r := range out {
		r.Actions = b.names(r)
		sort.Strings(r.Principals)
		findings = append(findings, r.finding)
	}
	return findings
}

func (r *row) key() string {
	until := ""
	if r.Until != nil {
		until = r.Until.Format(time.RFC3339)
	}
	return fmt.Sprintf("%s|%v|%q|%q|%q|%q|%s|%d|%t", r.Audience, r.Access, r.Scope.Include, r.Scope.Exclude,
		r.Guards, r.Unsettled, until, r.Addresses, r.UnsignedOnly)
}

// names lists the actions of a row, in the catalogue's spelling; a pattern of
// the statement stands for its actions where the audience has all of them.
func (b *grantBuilder) names(r *row) []string {
	an := b.an
	st := &an.doc.Statements[b.statement]
	granted := b.granted[r.Audience]
	left := r.actions
	var out []string
	for _, p := range broadestFirst(st.Action, an.list) {
		set := matchActions(an.list, []string{p})
		if !b.complete(set, granted) {
			continue
		}
		use := false
		for i := range an.list {
			use = use || set.has(i) && left.has(i)
		}
		if use {
			out = addText(out, p)
		}
		for i := range left {
			left[i] &^= set[i]
		}
	}
	for i := range an.list {
		if left.has(i) {
			out = append(out, an.list[i].name)
		}
	}
	sort.Strings(out)
	return out
}

// broadestFirst gives the patterns with wildcards, those that match most first.
func broadestFirst(patterns []string, list []action) []string {
	var out []string
	for _, p := range patterns {
		if strings.ContainsAny(p, "*?") {
			out = addText(out, p)
		}
	}
	if len(out) < 2 {
		return out
	}
	size := func(p string) int {
		set := matchActions(list, []string{p})
		return bits.OnesCount64(set[0]) + bits.OnesCount64(set[1]) + bits.OnesCount64(set[2])
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(size(b), size(a)), cmp.Compare(a, b)) })
	return out
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
	for _, edge := range an.edges {
		if !edge.After(now) {
			continue
		}
		an.world.at = edge
		if _, a := an.solver.solve(h.query); a == impossible {
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
