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
	forms     []*grantForm
	formOf    map[string]*grantForm // by key, where there are many
	shares    []*share
	shareOf   map[shareKey]*share      // see index
	granted   [audienceCount]actionSet // by rank of the audience
	patterns  []actionPattern
}

// grantForm is a grant without its principals and actions.
type grantForm struct {
	Grant
	key []byte
}

// share is what some principals have of a form. The witness comes from the first
// hit that gives it.
type share struct {
	form       *grantForm
	text       string // of principals
	principals []string
	actions    actionSet
	hit        *hit
	action     *action
	finding    *finding
}

// shareKey tells shares apart: in the making by their principals, then by their
// actions.
type shareKey struct {
	form    *grantForm
	text    string
	actions actionSet
}

func (b *grantBuilder) add(h *hit, g group) {
	an := b.an
	set := &b.granted[h.audience.rank()]
	base := b.base(h, &an.list[g.first])
	settled := base.Unsettled
	principals := b.principals(h)
	var own [accessCount]*share // by access class: of this hit
	for i := g.set.next(0); i >= 0; i = g.set.next(i + 1) {
		set.add(i)
		a := &an.list[i]
		class := a.access.rank()
		if i >= an.known {
			base.Unsettled = addText(slices.Clone(settled), "the action "+a.name+" is not in the catalogue")
			own[class] = nil
		}
		if own[class] == nil {
			base.Access = AccessOrder[class : class+1 : class+1]
			own[class] = b.share(b.form(&base), principals)
		}
		if s := own[class]; s.hit == nil {
			s.hit, s.action = h, a
		}
		own[class].actions.add(i)
	}
}

// form gives the form that is like this one.
func (b *grantBuilder) form(like *Grant) *grantForm {
	keys := b.an.memory.keys
	start := len(keys)
	keys = like.appendKey(keys)
	key := keys[start:]
	if known := b.known(key); known != nil {
		b.an.memory.keys = keys[:start]
		return known
	}
	b.an.memory.keys = keys
	f := b.an.memory.forms.one()
	*f = grantForm{*like, key}
	f.Access = slices.Clone(like.Access)
	if b.forms = append(b.forms, f); len(b.forms) > fewForms {
		if b.formOf == nil {
			b.formOf = map[string]*grantForm{}
			for _, f := range b.forms {
				b.formOf[string(f.key)] = f
			}
		}
		b.formOf[string(key)] = f
	}
	return f
}

// fewForms is the number of forms up to which they are compared with each other.
const fewForms = 8

func (b *grantBuilder) known(key []byte) *grantForm {
	if b.formOf != nil {
		return b.formOf[string(key)]
	}
	for _, f := range b.forms {
		if bytes.Equal(f.key, key) {
			return f
		}
	}
	return nil
}

// share gives the share of the form that the principals have.
func (b *grantBuilder) share(f *grantForm, principals []string) *share {
	text := ""
	if len(principals) > 0 {
		text = principals[0]
		if len(principals) > 1 {
			text = strings.Join(principals, "\x00")
		}
	}
	if len(b.shares) > fewForms {
		if s := b.index()[shareKey{form: f, text: text}]; s != nil {
			return s
		}
	} else if i := slices.IndexFunc(b.shares, func(s *share) bool { return s.form == f && s.text == text }); i >= 0 {
		return b.shares[i]
	}
	s := b.an.memory.shares.one()
	*s = share{form: f, text: text, principals: principals}
	b.shares = append(b.shares, s)
	if b.shareOf != nil {
		b.shareOf[shareKey{form: f, text: text}] = s
	}
	return s
}

// index finds shares in the making, where there are many.
func (b *grantBuilder) index() map[shareKey]*share {
	if b.shareOf == nil {
		b.shareOf = map[shareKey]*share{}
		for _, s := range b.shares {
			b.shareOf[shareKey{form: s.form, text: s.text}] = s
		}
	}
	return b.shareOf
}

// principals names whom a hit lets in: where any service would do, those that a
// condition holds it to.
func (b *grantBuilder) principals(h *hit) []string {
	if h.audience.Public() && h.audience != WebIdentity || h.subject.principal == "" && h.audience != WebIdentity {
		return nil
	}
	if k := h.serviceName(); k != nil {
		for _, w := range k.wishes {
			if w.want && !w.test.op.negated && w.test.op.kind == opString && !slices.ContainsFunc(w.test.patterns, (*pattern).open) {
				return w.test.values
			}
		}
	}
	return b.an.solver.budget.list(h.subject.principal)
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

// base gives what the grants of a hit have in common.
func (b *grantBuilder) base(h *hit, first *action) Grant {
	an := b.an
	out := Grant{
		Audience: h.audience, Scope: an.scopeOf(h), Guards: an.guards(h),
		Statement: an.doc.Statements[b.statement].Ref(), UnsignedOnly: h.lone,
	}
	if len(out.Scope.Include) == 0 {
		out.Scope.Include = []string{an.world.scopeText(an.world.wholeLevel(first.level), first.level)}
	}
	if h.audience == Network {
		out.Addresses, _ = h.addresses.count()
	}
	out.Unsettled = slices.Clone(h.unsettled)
	out.Until = an.until(h)
	if h.vague {
		out.Guards = append(out.Guards, vagueScope)
	}
	if out.Unsettled == nil && h.state == nil {
		out.Unsettled = []string{givenUp}
	}
	return out
}

// grants makes one grant of the shares of a form that have the same actions, and
// names the actions by the statement's own patterns where all that a pattern
// stands for is granted.
func (b *grantBuilder) grants(findings []*finding) []*finding {
	first := len(findings)
	var made map[shareKey]*share
	if len(b.shares) > fewForms {
		made = make(map[shareKey]*share, len(b.shares))
	}
	for i, s := range b.shares {
		if twin := b.twin(i, made); twin != nil {
			s.finding = twin.finding
		} else {
			s.finding = b.finding(s)
			findings = append(findings, s.finding)
		}
		s.finding.Principals = append(s.finding.Principals, s.principals...)
	}
	for _, f := range findings[first:] {
		if len(f.Principals) > 1 {
			slices.Sort(f.Principals)
			f.Principals = slices.Compact(f.Principals)
		}
	}
	return findings
}

// twin gives an earlier share of the same form with the same actions.
func (b *grantBuilder) twin(i int, made map[shareKey]*share) *share {
	s := b.shares[i]
	if made == nil {
		at := slices.IndexFunc(b.shares[:i], func(o *share) bool { return o.form == s.form && o.actions == s.actions })
		if at < 0 {
			return nil
		}
		return b.shares[at]
	}
	key := shareKey{form: s.form, actions: s.actions}
	twin := made[key]
	if twin == nil {
		made[key] = s
	}
	return twin
}

func (b *grantBuilder) finding(s *share) *finding {
	f := b.an.memory.found.one()
	*f = finding{Grant: s.form.Grant, hit: s.hit, action: s.action}
	f.Actions = b.names(f.Audience, s.actions)
	if len(f.Unsettled) == 0 {
		f.Witness = b.an.witness(s.hit, s.action)
	}
	return f
}

// appendKey tells forms apart.
func (g *Grant) appendKey(to []byte) []byte {
	to = append(append(to, g.Audience...), 0)
	for _, a := range g.Access {
		to = append(append(to, a...), 0)
	}
	to = appendTexts(appendTexts(to, g.Scope.Include), g.Scope.Exclude)
	to = appendTexts(appendTexts(to, g.Guards), g.Unsettled)
	if g.Until != nil {
		to = binary.LittleEndian.AppendUint64(to, uint64(g.Until.Unix()))
	}
	to = binary.LittleEndian.AppendUint64(append(to, 0), g.Addresses)
	return strconv.AppendBool(to, g.UnsignedOnly)
}

func appendTexts(to []byte, list []string) []byte {
	to = binary.AppendUvarint(to, uint64(len(list)))
	for _, s := range list {
		to = append(binary.AppendUvarint(to, uint64(len(s))), s...)
	}
	return to
}

// names lists the actions of a grant, in the catalogue's spelling; a pattern of
// the statement stands for its actions where the audience has all of them.
func (b *grantBuilder) names(to Audience, left actionSet) []string {
	an := b.an
	if b.patterns == nil {
		b.patterns = broadestFirst(an.doc.Statements[b.statement].Action, an.list)
	}
	granted := b.granted[to.rank()]
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
