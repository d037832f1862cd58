// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"slices"
	"strings"
)

// maxNamed bounds the parties that one policy can name; a service that acts for
// several accounts counts for each.
const maxNamed = 1 << 12

// tier is a group of subjects that admit the same audience, widest tier first.
type tier struct {
	audience Audience
	subjects []*subject
}

// mentions says which condition keys and variables a policy uses, so that only
// the archetypes that it can tell apart are tried.
type mentions []string

func (m mentions) has(key string) bool {
	_, ok := slices.BinarySearch(m, key)
	return ok
}

func (m mentions) any(keys ...string) bool {
	return len(m) > 0 && slices.ContainsFunc(keys, m.has)
}

func (m mentions) prefix(p string) bool {
	at, _ := slices.BinarySearch(m, p)
	return at < len(m) && strings.HasPrefix(m[at], p)
}

func (m mentions) identity() bool {
	return m.any("aws:username", "aws:sourceidentity", "aws:principaltype", "aws:userid", "aws:principalarn",
		"aws:multifactorauthpresent", "aws:multifactorauthage", "aws:tokenissuetime", "aws:federatedprovider",
		"aws:chatbotsourcearn", "lambda:sourcefunctionarn", "ec2:sourceinstancearn") ||
		m.prefix("aws:principaltag/") || m.prefix("aws:ec2instance") ||
		slices.ContainsFunc(webProviders, func(p string) bool { return m.prefix(p + ":") })
}

func (m mentions) points() bool {
	return m.prefix("s3:dataaccesspoint") || m.has("s3:accesspointnetworkorigin")
}

func (m mentions) tls() bool { return m.any("aws:securetransport", "s3:tlsversion") }

func (m mentions) path() bool {
	return m.any("aws:sourceip", "aws:vpcsourceip", "aws:viaawsservice") || m.prefix("aws:sourcevpc") ||
		m.prefix("aws:vpce") || m.prefix("aws:calledvia")
}

// of collects the keys of conditions and variables, in the memory of m.
func (m mentions) of(d *Document) mentions {
	m = m[:0]
	for i := range d.Statements {
		s := &d.Statements[i]
		for _, c := range s.Conditions {
			m = append(m, lowKey(c.Key))
			for _, v := range c.Values {
				m.variables(v)
			}
		}
		for _, v := range s.Resource {
			m.variables(v)
		}
		for _, v := range s.NotResource {
			m.variables(v)
		}
	}
	return m.set()
}

// set sorts the keys and drops repetitions.
func (m mentions) set() mentions {
	slices.Sort(m)
	return slices.Compact(m)
}

func (m *mentions) variables(text string) {
	eachVariable(text, func(key, _ string) { *m = append(*m, key) })
}

// eachVariable goes through the policy variables of a text: the key in lower case
// and as it is written.
func eachVariable(text string, do func(key, spelt string)) {
	for {
		at := strings.Index(text, "${")
		if at < 0 {
			return
		}
		key, _, _, rest, ok := splitVariable(text[at:])
		if !ok {
			text = text[at+2:]
			continue
		}
		spelt, _, _ := strings.Cut(text[at+2:len(text)-len(rest)-1], ",")
		do(key, strings.TrimSpace(spelt))
		text = rest
	}
}

// tierCount is the number of tiers, empty ones included.
const tierCount = 8

// publicTiers is the number of tiers of requesters whom nobody names.
const publicTiers = 5

// tier gives the archetypes of semantics C.5 that the policy can tell apart; a
// tier of nobody has no subjects. They are made when first asked for.
func (an *analysis) tier(i int) tier {
	if an.only != nil {
		return an.only[i]
	}
	if an.kinds[i].audience == "" {
		an.kinds[i] = tierOf(i, &an.doc, &an.world, an.mentions)
	}
	return an.kinds[i]
}

// others says whether there are tiers beside the one of everybody.
func (an *analysis) others() bool {
	for i := 1; i < tierCount; i++ {
		if len(an.tier(i).subjects) > 0 {
			return true
		}
	}
	return false
}

func tierOf(i int, d *Document, w *world, m mentions) tier {
	switch i {
	case 0:
		if w.throughPoint() {
			// Access points never serve unsigned requests (semantics B.8 R1).
			return tier{Anyone, nil}
		}
		return tier{Anyone, w.onNetworks(w.nobody(), m, overInternet, overHTTP)}
	case 1:
		return tier{AnyAWSAccount, w.onNetworks(strangers(w, m), m, overInternet, overHTTP)}
	case 2, 3:
		return tier{AnyAWSAccount, onPaths(i, w, m)}
	case 4:
		return tier{WebIdentity, w.onNetworks(webIdentities(d, w), m, overInternet, overHTTP)}
	case 5:
		return tier{ServiceDeputy, deputies(d, w)}
	case 6:
		return tier{Organization, members(d, w)}
	}
	return tier{Account, namedSubjects(d, w)}
}

// subjectMemory is where the subjects of a policy lie.
type subjectMemory struct {
	subjects arena[subject]
	lists    arena[*subject]
	domains  arena[keyDomain]
	answers  arena[tri]
}

func (m *subjectMemory) reset() {
	m.subjects.reset()
	m.lists.reset()
	m.domains.reset()
	m.answers.reset()
}

func (m *subjectMemory) one(s subject) *subject {
	c := m.subjects.one()
	*c = s
	return c
}

func (w *world) nobody() []*subject { return w.list(subject{who: unsigned}) }

// list makes a list of one.
func (w *world) list(s subject) []*subject {
	out := w.memory.lists.take(1)
	out[0] = w.memory.one(s)
	return out
}

// onPaths gives strangers who come through an own VPC endpoint, or through a
// service or an access point that they made for the bucket in an own account (S3
// page "Creating access points for general purpose buckets").
func onPaths(i int, w *world, m mentions) []*subject {
	points := i == 3 && m.points() && !w.throughPoint()
	if !m.path() && !points {
		return nil
	}
	people := strangers(w, m)
	if i == 3 {
		var out []*subject
		if m.path() {
			out = w.onNetworks(people, m, throughService)
		}
		if points {
			out = append(out, w.onNetworks(people, m, throughOwnPoint, throughBoth)...)
		}
		return out
	}
	if !w.throughPoint() {
		people = append(w.nobody(), people...)
	}
	return w.onNetworks(people, m, throughEndpoint)
}

// onNetworks copies subjects to networks; plain http only where the policy
// looks at encryption in transit.
func (w *world) onNetworks(list []*subject, m mentions, networks ...network) []*subject {
	out := w.memory.lists.take(len(list) * len(networks))[:0]
	for _, n := range networks {
		if n == overHTTP && !m.tls() {
			continue
		}
		for _, s := range list {
			c := w.memory.one(*s)
			c.network = n
			out = append(out, c)
		}
	}
	return out
}

// strangerKinds are the archetypes of a signed stranger; the first stands for
// all where the policy does not look at who somebody is.
var strangerKinds = []who{user, roleSession, userMFA, root, federatedUser}

func strangers(w *world, m mentions) []*subject {
	kinds := strangerKinds
	if !m.identity() {
		kinds = kinds[:1]
	}
	accounts := w.strangerAccounts()
	out := w.memory.lists.take(len(accounts) * len(kinds))[:0]
	for _, account := range accounts {
		for _, k := range kinds {
			out = append(out, w.memory.one(subject{who: k, account: account}))
		}
	}
	return out
}

// maxAccounts bounds the accounts of strangers that are tried.
const maxAccounts = 4

// strangerAccounts lists the account ids to try: one that the policy does not
// name, and one for each pattern that leaves digits open.
func (w *world) strangerAccounts() []string {
	out := slices.Clone(w.attainable("aws:principalaccount", w.foreign.account, "", 11))
	for _, key := range []string{"s3:dataaccesspointaccount", "aws:vpceaccount"} {
		for _, id := range w.attainable(key, w.foreign.account, "", 11) {
			if len(out) < maxAccounts {
				out = addText(out, id)
			}
		}
	}
	for _, key := range []string{"aws:principalarn", "s3:dataaccesspointarn"} {
		for _, p := range w.tests[key] {
			part := accountPattern(p)
			if part == nil {
				continue
			}
			if id := issued(part, w.foreign.account); !part.match(w.foreign.account) && isAccountID(id) && len(out) < maxAccounts {
				out = addText(out, id)
			}
		}
	}
	return slices.DeleteFunc(out, func(id string) bool { return id == w.facts.Account || !isAccountID(id) })
}

// accountPattern is what a pattern of ARNs asks of the account; nil where it leaves
// nothing open.
func accountPattern(p *pattern) *pattern {
	parts := strings.SplitN(p.text, ":", 6)
	if len(parts) < 5 {
		return nil
	}
	account := parts[4]
	if at := strings.IndexByte(account, '*'); at >= 0 && len(parts) == 5 {
		account = account[:at+1] // this "*" takes the rest of the ARN too
	}
	if !strings.ContainsAny(account, "*?") {
		return nil
	}
	return newPattern(account)
}

func webIdentities(d *Document, w *world) []*subject {
	var out []*subject
	eachPrincipal(d, func(p *Principal) {
		for _, f := range p.Federated {
			if f != "" && !strings.HasPrefix(f, "arn:") && len(out) < maxNamed && !slices.ContainsFunc(out, func(s *subject) bool { return s.provider == f }) {
				out = append(out, w.memory.one(subject{who: webSession, account: w.foreign.account, provider: f, principal: f}))
			}
		}
	})
	return out
}

func deputies(d *Document, w *world) []*subject {
	names := []string{}
	add := func(s string) {
		if s != "" && s != "*" && !slices.Contains(names, s) && len(names) < maxNamed {
			names = append(names, s)
		}
	}
	eachPrincipal(d, func(p *Principal) {
		for _, s := range p.Service {
			add(s)
		}
	})
	for _, key := range []string{"aws:principalservicename", "aws:principalservicenameslist"} {
		for _, p := range w.tests[key] {
			if !p.wild {
				add(p.text)
			}
		}
	}
	out := w.memory.lists.take(len(names) + 1)[:0]
	out = append(out, w.memory.one(subject{who: service, service: "*", principal: "*"}))
	for _, s := range names {
		out = append(out, w.memory.one(subject{who: service, service: s, principal: s}))
	}
	return out
}

// members gives one subject for each organization that the policy names and
// that is not the owner's.
func members(d *Document, w *world) []*subject {
	var out []*subject
	var seen map[string]bool
	add := func(org string) {
		if org == "" || org == w.facts.Organization || seen[org] || strings.ContainsAny(org, "*?$") || len(out) >= maxNamed {
			return
		}
		if seen == nil {
			seen = map[string]bool{}
		}
		seen[org] = true
		out = append(out, w.memory.one(subject{who: member, account: w.foreign.account, org: org, principal: org}))
	}
	for _, key := range []string{"aws:principalorgid", "aws:vpceorgid"} {
		for _, p := range w.tests[key] {
			add(p.text)
		}
	}
	for _, key := range []string{"aws:principalorgpaths", "aws:vpceorgpaths"} {
		for _, p := range w.tests[key] {
			org, _, _ := strings.Cut(p.text, "/")
			add(org)
		}
	}
	for _, key := range []string{"aws:sourceorgid", "aws:sourceorgpaths"} {
		for _, p := range w.tests[key] {
			org, _, _ := strings.Cut(p.text, "/")
			if org == "" || org == w.facts.Organization || strings.ContainsAny(org, "*?$") || len(out) >= maxNamed {
				continue
			}
			for _, s := range deputies(d, w) {
				c := *s
				c.org, c.principal = org, org
				out = append(out, w.memory.one(c))
			}
		}
	}
	return out
}

// namedSubjects gives one subject for each foreign account that the policy
// names, by principal or by condition.
func namedSubjects(d *Document, w *world) []*subject {
	n := namer{d: d, w: w}
	eachPrincipal(d, func(p *Principal) {
		for _, a := range p.AWS {
			n.account(accountOf(a), a)
		}
		for _, f := range p.Federated {
			n.account(accountOf(f), "")
			n.federated(accountOf(f), f)
		}
		for _, id := range p.CanonicalUser {
			n.canonicalUser(id)
		}
	})
	for _, key := range []string{"aws:principalaccount", "aws:vpceaccount", "aws:sourcevpcarn", "s3:x-amz-server-side-encryption-aws-kms-key-id"} {
		for _, p := range w.tests[key] {
			n.account(accountOf(p.text), "")
		}
	}
	for _, key := range []string{"s3:dataaccesspointaccount", "s3:dataaccesspointarn"} {
		for _, p := range w.tests[key] {
			n.point(accountOf(p.text))
		}
	}
	for _, p := range w.tests["aws:federatedprovider"] {
		n.account(accountOf(p.text), "")
	}
	for _, p := range w.tests["aws:principalarn"] {
		n.account(accountOf(p.text), "")
	}
	for _, key := range []string{"aws:sourceaccount", "aws:sourceowner", "aws:sourcearn"} {
		for _, p := range w.tests[key] {
			n.behalf(accountOf(p.text))
		}
	}
	// The first that passes stands for its account: the order of the text must
	// not choose it.
	if len(n.list) < 2 {
		return n.list
	}
	slices.SortStableFunc(n.list, func(a, b *subject) int {
		return cmp.Or(strings.Compare(a.principal, b.principal), cmp.Compare(asInt(a.doubt != ""), asInt(b.doubt != "")), strings.Compare(a.arn, b.arn), strings.Compare(a.service, b.service),
			strings.Compare(a.provider, b.provider), cmp.Compare(a.network, b.network))
	})
	return n.list
}
