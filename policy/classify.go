// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Classify gives AWS's own verdict on a policy, as GetBucketPolicyStatus would:
// it decides what BlockPublicPolicy refuses and where RestrictPublicBuckets
// bites (semantics C.2; S3 page "Blocking public access to your Amazon S3
// storage", section 'The meaning of "public"'). Where AWS's text does not settle
// the matter the status is Unconfirmed and a reason names the construct.
//
// Evidence in f.Proven comes before the text: see Classification.Proved.
func Classify(d *Document, f Facts) Classification {
	return classify(d, f).Proved(f.Proven)
}

func classify(d *Document, f Facts) Classification {
	if d == nil {
		return Classification{Status: NotPublic, Reasons: []string{"there is no policy"}}
	}
	k := takeDesk()
	out := k.classify(d, f)
	k.give()
	return out
}

func (k *desk) classify(d *Document, f Facts) Classification {
	k.hold(d)
	out := k.status(f)
	out.Reasons = slices.Clone(out.Reasons) // the desk keeps its own
	return out
}

func (k *desk) status(f Facts) Classification {
	c := k.reading(f.Kind)
	switch {
	case c.allows == 0:
		return Classification{Status: NotPublic, Reasons: []string{"no statement allows anything"}}
	case len(c.open) == 0 && len(c.unclear) == 0:
		return Classification{Status: NotPublic, Reasons: c.reasons}
	case len(c.open) == 0:
		return Classification{Status: Unconfirmed, Reasons: slices.Concat(c.reasons, c.unclear)}
	case len(c.constructs) == 0:
		return k.matchesNothing(c, f)
	}
	return k.residual(c, f)
}

// reading is what AWS's rules about syntax say of a policy (semantics C.2, S1 to
// S4), on a bucket or elsewhere.
type reading struct {
	done       bool
	onBucket   bool // it is a bucket's policy
	allows     int
	reasons    []string
	open       []int    // the Allow statements that are not restricted to fixed values
	rest       Document // these and the Deny statements
	unclear    []string // fixed values that AWS may not take as such
	constructs []string // what AWS's text leaves open
}

// places is the number of readings: on buckets and elsewhere.
const places = 2

func (k *desk) reading(kind ResourceKind) *reading {
	c := &k.readings[0]
	if kind != BucketPolicy {
		c = &k.readings[1]
	}
	if c.done {
		return c
	}
	c.done, c.onBucket = true, kind == BucketPolicy
	d := &k.whole.doc
	for i := range d.Statements {
		c.statement(i, &d.Statements[i])
	}
	c.rest = Document{Version: d.Version, Statements: make([]Statement, 0, len(d.Statements))}
	for _, i := range c.open {
		c.rest.Statements = append(c.rest.Statements, d.Statements[i])
	}
	for i := range d.Statements {
		if d.Statements[i].Effect == "Deny" {
			c.rest.Statements = append(c.rest.Statements, d.Statements[i])
		}
	}
	return c
}

func (c *reading) statement(at int, s *Statement) {
	switch s.Effect {
	case "Deny":
		c.construct("a Deny statement")
		return
	case "Allow":
	default:
		return
	}
	c.allows++
	name := refText(s.Ref())
	if why, ok := fixedPrincipal(s); ok {
		c.reasons = append(c.reasons, name+" allows "+why)
		return
	}
	if why, doubt := c.restriction(s); why != "" {
		c.reasons = append(c.reasons, name+" is restricted by "+why)
		if doubt != "" {
			c.unclear = append(c.unclear, name+": "+doubt)
		}
		return
	}
	c.reasons = append(c.reasons, name+" allows everybody, and no condition that AWS counts holds it to fixed values")
	c.open = append(c.open, at)
	if s.Principal != nil && !s.Principal.Everyone() && contains(s.Principal.CanonicalUser, anonymousCanonicalUser) {
		c.construct("the canonical user of unsigned requests as principal")
	}
	for _, cond := range s.Conditions {
		c.condition(cond)
	}
}

// restriction gives the condition that holds a statement to fixed values, one
// without a doubt where there is one.
func (c *reading) restriction(s *Statement) (why, doubt string) {
	for _, cond := range s.Conditions {
		w, ok := c.trusted(cond)
		if !ok {
			continue
		}
		d := doubtful(cond)
		if d == "" {
			return w, ""
		}
		if why == "" {
			why, doubt = w, d
		}
	}
	return why, doubt
}

func (c *reading) construct(s string) { c.constructs = addText(c.constructs, s) }

// condition names the constructs that AWS's text does not describe.
func (c *reading) condition(cond Condition) {
	op, ok := parseOperator(cond.Operator)
	key := lowKey(cond.Key)
	switch {
	case !ok:
		c.construct("the operator " + cond.Operator)
	case relative(key) != "":
		c.construct("the letter " + relative(key) + " of " + cond.Key)
	case op.kind == opFold && slices.ContainsFunc(cond.Values, hasOtherCase):
		c.construct("letters outside ASCII (" + cond.Operator + " " + cond.Key + ")")
	case len(cond.Values) == 0:
		c.construct("a condition without values (" + cond.Operator + " " + cond.Key + ")")
	case op.kind == opNull:
		c.construct("the operator Null")
	case op.ifExists:
		c.construct("IfExists (" + cond.Operator + " " + cond.Key + ")")
	case op.quantifier != plain:
		c.construct("a set operator (" + cond.Operator + " " + cond.Key + ")")
	case op.negated:
		c.construct("a negated operator (" + cond.Operator + " " + cond.Key + ")")
	case key == "aws:userid":
		if slices.ContainsFunc(cond.Values, roleIDPattern) {
			c.construct("aws:userid with the pattern of one role's sessions")
		}
	case strings.HasPrefix(key, "aws:principalorg") && slices.ContainsFunc(cond.Values, func(v string) bool { return strings.HasSuffix(v, "/*") }):
		c.construct("an organization path that ends in a wildcard")
	}
}

// roleIDPattern is "AROLEID:*": AWS's page excepts it in words that can be read
// both ways.
func roleIDPattern(v string) bool {
	id, ok := strings.CutSuffix(v, ":*")
	return ok && fixedText(id) && id != ""
}

// fixedPrincipal says whether a statement names its principals.
func fixedPrincipal(s *Statement) (string, bool) {
	p := s.Principal
	if p == nil || s.NotPrincipal != nil || p.Everyone() {
		return "", false
	}
	var names []string
	for _, list := range [][]string{p.AWS, p.Service, p.Federated, p.CanonicalUser} {
		for _, v := range list {
			if strings.ContainsAny(v, "*?") || v == anonymousCanonicalUser {
				return "", false
			}
			names = append(names, v)
		}
	}
	for _, v := range p.Federated {
		if !strings.HasPrefix(v, "arn:") {
			return "", false
		}
	}
	if len(names) == 0 {
		return "nobody who can be told", len(p.Other) == 0
	}
	return "only " + list(names), true
}

func list(names []string) string {
	if len(names) > 3 {
		return strings.Join(names[:3], ", ") + fmt.Sprintf(" and %d more", len(names)-3)
	}
	return strings.Join(names, ", ")
}

// trusted says whether a condition restricts to fixed values of a key that AWS
// lists (semantics C.2, S1).
func (c *reading) trusted(cond Condition) (string, bool) {
	op, ok := parseOperator(cond.Operator)
	if !ok || op.negated || op.ifExists || op.quantifier == forAllValues || len(cond.Values) == 0 {
		return "", false
	}
	key := lowKey(cond.Key)
	var fixed func(string) bool
	switch key {
	case "aws:sourceip":
		if op.kind != opIP {
			return "", false
		}
		fixed = narrowBlock
	case "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn", "aws:sourcearn",
		"aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths",
		"aws:userid", "s3:x-amz-server-side-encryption-aws-kms-key-id":
		fixed = fixedText
	case "s3:dataaccesspointaccount":
		fixed = fixedText
	case "s3:dataaccesspointarn":
		if !c.onBucket {
			return "", false
		}
		fixed = fixedPoint
	default:
		return "", false
	}
	switch op.kind {
	case opString, opFold, opLike, opARN, opIP:
	default:
		return "", false
	}
	if !slices.ContainsFunc(cond.Values, func(v string) bool { return !fixed(v) }) {
		return cond.Key + " to " + list(cond.Values), true
	}
	return "", false
}

func fixedText(v string) bool {
	return !strings.ContainsAny(v, "*?") && !strings.Contains(v, "${")
}

// fixedPoint lets the name of an access point be wild where its account is fixed.
func fixedPoint(v string) bool {
	parts := strings.SplitN(v, ":", 6)
	return fixedText(v) || (len(parts) == 6 && isAccountID(parts[4]) && !strings.Contains(v, "${"))
}

// narrowBlock is AWS's test of breadth: at most an IPv4 /8 or an IPv6 /32, or
// private space.
func narrowBlock(v string) bool {
	p, ok := parsePrefix(v)
	if !ok {
		return fixedText(v)
	}
	if p.Addr().Is4() {
		return p.Bits() >= 8 || len(prefixSetOf(p).minus(privateIPv4)) == 0
	}
	return p.Bits() >= 32
}

// doubtful names fixed values that hold nobody out, so that AWS may see through
// them.
func doubtful(cond Condition) string {
	switch lowKey(cond.Key) {
	case "aws:principalaccount", "aws:userid":
		if slices.ContainsFunc(cond.Values, func(v string) bool { return lower(v) == "anonymous" }) {
			return cond.Key + " anonymous is a fixed value, but the one of unsigned requests"
		}
	case "aws:sourceip":
		var set addressSet
		for _, v := range cond.Values {
			if p, ok := parsePrefix(v); ok {
				set = append(set, prefixSetOf(p)...)
			}
		}
		if set.normal().and(internet).wide() {
			return "each block of aws:SourceIp is narrow, but together they are not"
		}
	}
	return ""
}

// matchesNothing is for policies that the syntax alone calls public. S3 refuses
// one whose actions and resources never meet, so that no status is known.
func (k *desk) matchesNothing(c *reading, f Facts) Classification {
	an := &k.whole
	an.settle(f)
	list, lower := an.list, an.lower
	foreign := len(list) > an.known
	if foreign {
		list, _ = actionsOf(&c.rest) // of actions that AWS does not have, only its own
		lower = bucketLevel(list)
	}
	for _, i := range c.open {
		s, set := &an.doc.Statements[i], an.sets[i]
		if foreign {
			set = ruleActions(s, list)
		}
		r := an.made(s, set, false, nil)
		for l, some := range [2]actionSet{set.and(lower), set.minus(lower)} {
			if some == (actionSet{}) {
				continue
			}
			rules := []textRule{an.world.whole[l], r.named(!r.except)}
			if _, a := findText(rules, &budget{}); a != impossible || strings.Contains(strings.Join(s.Resource, ""), "${") {
				return Classification{Status: Public, Reasons: c.reasons}
			}
		}
	}
	return Classification{Status: Unconfirmed, Reasons: append(slices.Clip(c.reasons), "no action applies to a resource of its statement: S3 refuses such a policy")}
}

// residual asks whether strangers get something that is not held to fixed
// values, as AWS's automated reasoning does (semantics C.2; the paper on Block
// Public Access at FSE 2020 tells of a check beyond syntax).
func (k *desk) residual(c *reading, f Facts) Classification {
	k.rest.hold(&c.rest)
	k.rest.settle(f)
	undecided := contains(c.constructs, "the canonical user of unsigned requests as principal")
	if !undecided && k.rest.public() {
		return Classification{Status: Public, Reasons: c.reasons}
	}
	return Classification{Status: Unconfirmed, Reasons: append(slices.Clip(c.reasons), "AWS's text does not say how it judges "+strings.Join(c.constructs, ", "))}
}

// public says whether some stranger passes who is not held to an address range
// that AWS takes for fixed. Where the search is given up nobody is certain to.
func (an *analysis) public() bool {
	for i := range an.doc.Statements {
		if an.doc.Statements[i].Effect != "Allow" {
			continue
		}
		for _, g := range an.groups[i] {
			for n := range publicTiers {
				if an.solver.budget.spent() {
					return false
				}
				if slices.ContainsFunc(an.tryTier(an.tier(n), i, &an.list[g.first], false), (*hit).unheld) {
					return true
				}
			}
		}
	}
	return false
}

// unheld says whether a hit is certain and not held to an address range.
func (h *hit) unheld() bool {
	return h.state != nil && len(h.unsettled) == 0 && h.audience != Network
}
