// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
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
	granted   [audienceCount]actionSet // by rank of the audience
	patterns  []actionPattern
}

// row is a grant in the making.
type row struct {
	finding
	actions actionSet
	owned   bool // the list of principals is its own
	key     []byte
}

func (b *grantBuilder) add(h *hit, g group) {
	an := b.an
	set := &b.granted[h.audience.rank()]
	base := b.base(h, &an.list[g.first])
	before := len(b.rows)
	for i := g.set.next(0); i >= 0; i = g.set.next(i + 1) {
		set.add(i)
		a := &an.list[i]
		unsettled := base.Unsettled
		if i >= an.known {
			unsettled = addText(slices.Clone(unsettled), "the action "+a.name+" is not in the catalogue")
		}
		r := lastWith(b.rows[before:], a.access)
		if r == nil || !slices.Equal(r.Unsettled, unsettled) {
			r = an.memory.rows.one()
			r.finding = base
			r.hit, r.action = h, a
			r.Access, r.Unsettled = []Access{a.access}, unsettled
			if len(unsettled) == 0 {
				r.Witness = an.witness(h, a)
			}
			b.rows = append(b.rows, r)
		}
		r.actions.add(i)
	}
}

// principals names whom a hit lets in: where any service would do, those that a
// condition holds it to.
func (h *hit) principals() []string {
	if k := h.serviceName(); k != nil {
		for _, w := range k.wishes {
			if w.want && !w.test.op.negated && w.test.op.kind == opString && !slices.ContainsFunc(w.test.patterns, (*pattern).open) {
				return slices.Clone(w.test.values)
			}
		}
	}
	return []string{h.subject.principal}
}

// serviceName is the key with the service's name; nil where any may call or one
// is named as principal.
func (h *hit) serviceName() *keyState {
	if h.state == nil || h.subject.principal != "*" || h.subject.who != service {
		return nil
	}
	if k := h.state.find("aws:principalservicename"); k != nil {
		return k
	}
	return h.state.find("aws:principalservicenameslist")
}

// lastWith gives the newest row of an access class.
func lastWith(rows []*row, access Access) *row {
	for i := len(rows) - 1; i >= 0; i-- {
		if rows[i].Access[0] == access {
			return rows[i]
		}
	}
	return nil
}

// base gives what the grants of a hit have in common.
func (b *grantBuilder) base(h *hit, first *action) finding {
	an := b.an
	out := finding{Grant: Grant{
		Audience: h.audience, Scope: an.scopeOf(h), Guards: an.guards(h),
		Statement: an.doc.Statements[b.statement].Ref(), UnsignedOnly: h.lone,
	}}
	if len(out.Scope.Include) == 0 {
		out.Scope.Include = []string{an.world.scopeText(an.world.wholeLevel(first.level), first.level)}
	}
	if h.subject.principal != "" && !h.audience.Public() || h.audience == WebIdentity {
		out.Principals = h.principals()
	}
	if h.audience == Network {
		out.Addresses, _ = h.addresses.count()
	}
	out.Unsettled = slices.Clone(h.unsettled)
	out.Until = an.until(h)
	if out.Unsettled == nil && h.state == nil {
		out.Unsettled = []string{givenUp}
	}
	return out
}

// grants merges rows that differ in nothing but their actions or principals,
// and names the actions by the statement's own patterns where all that a
// pattern stands for is granted.
func (b *grantBuilder) grants(findings []*finding) []*finding {
	merged := b.merge(b.rows, func(key []byte, r *row) []byte { return appendTexts(key, r.Principals) },
		func(into, r *row) { into.actions = into.actions.or(r.actions) })
	out := b.merge(merged, func(key []byte, r *row) []byte {
		for _, word := range r.actions {
			key = binary.LittleEndian.AppendUint64(key, word)
		}
		return key
	}, (*row).takePrincipals)
	for _, r := range out {
		r.Actions = b.names(r)
		if len(r.Principals) > 1 {
			slices.Sort(r.Principals)
			r.Principals = slices.Compact(r.Principals)
		}
		findings = append(findings, &r.finding)
	}
	return findings
}

// fewRows is the number of rows up to which they are compared with each other.
const fewRows = 8

// merge joins rows that have the same key, in place, and keeps the order of the
// first.
func (b *grantBuilder) merge(rows []*row, more func([]byte, *row) []byte, join func(into, r *row)) []*row {
	if len(rows) < 2 {
		return rows
	}
	var index map[string]*row
	if len(rows) > fewRows {
		index = make(map[string]*row, len(rows))
	}
	out := rows[:0]
	keys := b.an.memory.keys[:0]
	for _, r := range rows {
		start := len(keys)
		keys = more(r.appendKey(keys), r)
		r.key = keys[start:]
		if m := sameRow(out, index, r.key); m != nil {
			join(m, r)
			keys = keys[:start]
			continue
		}
		if index != nil {
			index[string(r.key)] = r
		}
		out = append(out, r)
	}
	b.an.memory.keys = keys
	return out
}

func sameRow(rows []*row, index map[string]*row, key []byte) *row {
	if index != nil {
		return index[string(key)]
	}
	for _, r := range rows {
		if bytes.Equal(r.key, key) {
			return r
		}
	}
	return nil
}

func (r *row) takePrincipals(other *row) {
	if !r.owned {
		r.Principals, r.owned = slices.Clone(r.Principals), true
	}
	r.Principals = append(r.Principals, other.Principals...)
}

// appendKey tells rows apart, apart from actions and principals.
func (r *row) appendKey(to []byte) []byte {
	to = append(append(to, r.Audience...), 0)
	for _, a := range r.Access {
		to = append(append(to, a...), 0)
	}
	to = appendTexts(appendTexts(to, r.Scope.Include), r.Scope.Exclude)
	to = appendTexts(appendTexts(to, r.Guards), r.Unsettled)
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
	granted := b.granted[r.Audience.rank()]
	left := r.actions
	out := make([]string, 0, 2)
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
func (b *grantBuilder) complete(set, granted actionSet) bool {
	an := b.an
	reached := actionSet{}
	for _, onLevel := range []actionSet{an.lower, firstActions(len(an.list)).minus(an.lower)} {
		if granted.and(onLevel) != (actionSet{}) {
			reached = reached.or(onLevel)
		}
	}
	return set.and(reached).minus(granted).minus(nothingAlone).minus(replications) == (actionSet{})
}

// until gives the instant at which the passing of time ends the grant.
func (an *analysis) until(h *hit) *time.Time {
	if len(an.edges) == 0 || an.world.at.IsZero() || h.state == nil {
		return nil
	}
	now := an.world.at
	defer func() { an.world.at = now }()
	for _, edge := range an.edges {
		if !edge.After(now) {
			continue
		}
		if an.solver.budget.work += nodeCost; an.solver.budget.spent() {
			return nil
		}
		an.world.at = edge
		if an.solver.ask(h.query) == impossible {
			return &edge
		}
	}
	return nil
}

func sortFindings(list []*finding) {
	if len(list) < 2 {
		return
	}
	slices.SortStableFunc(list, func(a, b *finding) int {
		return cmp.Or(
			cmp.Compare(a.Audience.rank(), b.Audience.rank()),
			cmp.Compare(len(a.Unsettled), len(b.Unsettled)),
			cmp.Compare(a.Statement.Index, b.Statement.Index),
			cmp.Compare(a.Access[0].rank(), b.Access[0].rank()),
			slices.Compare(a.Scope.Include, b.Scope.Include),
			slices.Compare(a.Principals, b.Principals),
		)
	})
}
