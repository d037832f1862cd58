// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"slices"
	"strings"
)

// maxNamed bounds the principals that one policy can name; 20 KB, the size limit of
// S3, hold fewer account ids.
const maxNamed = 2048

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
		"aws:multifactorauthpresent", "aws:multifactorauthage", "aws:tokenissuetime", "aws:federatedprovider") ||
		m.prefix("aws:principaltag/")
}

func (m mentions) tls() bool { return m.any("aws:securetransport", "s3:tlsversion") }

func (m mentions) path() bool {
	return m.any("aws:sourceip", "aws:vpcsourceip", "aws:viaawsservice") || m.prefix("aws:sourcevpc") ||
		m.prefix("aws:vpce") || m.prefix("aws:calledvia")
}

// mentionsOf collects the keys of conditions and variables.
func mentionsOf(d *Document) mentions {
	var m mentions
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
		*m, text = append(*m, key), rest
	}
}

// tierCount is the number of tiers, empty ones included.
const tierCount = 8

// publicTiers is the number of tiers of requesters whom nobody names.
const publicTiers = 5

// tier gives the archetypes of semantics C.5 that the policy can tell apart; a
// tier of nobody has no subjects. They are made when first asked for.
func (an *analysis) tier(i int) tier {
	if an.kinds == nil {
		an.kinds = make([]tier, tierCount)
	}
	if an.kinds[i].audience == "" {
		an.kinds[i] = tierOf(i, an.doc, an.world, an.mentions)
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
		return tier{Anyone, onNetworks(nobody(), m, overInternet, overHTTP)}
	case 1:
		return tier{AnyAWSAccount, onNetworks(strangers(w, m), m, overInternet, overHTTP)}
	case 2, 3:
		return tier{AnyAWSAccount, onPaths(i, w, m)}
	case 4:
		return tier{WebIdentity, onNetworks(webIdentities(d, w), m, overInternet, overHTTP)}
	case 5:
		return tier{ServiceDeputy, deputies(d, w)}
	case 6:
		return tier{Organization, members(d, w)}
	}
	return tier{Account, namedSubjects(d, w)}
}

func nobody() []*subject { return []*subject{{who: unsigned, label: "anonymous"}} }

// onPaths gives strangers who come through an own VPC endpoint or a service.
func onPaths(i int, w *world, m mentions) []*subject {
	if !m.path() {
		return nil
	}
	people := strangers(w, m)
	if i == 3 {
		return onNetworks(people, m, throughService)
	}
	if !w.throughPoint() {
		people = append(nobody(), people...)
	}
	return onNetworks(people, m, throughEndpoint)
}

// onNetworks copies subjects to networks; plain http only where the policy
// looks at encryption in transit.
func onNetworks(list []*subject, m mentions, networks ...network) []*subject {
	block := make([]subject, 0, len(list)*len(networks))
	out := make([]*subject, 0, cap(block))
	for _, n := range networks {
		if n == overHTTP && !m.tls() {
			continue
		}
		for _, s := range list {
			block = append(block, *s)
			c := &block[len(block)-1]
			c.network = n
			switch n {
			case overHTTP:
				c.label += " over plain http"
			case throughEndpoint:
				c.label += " through an own VPC endpoint"
			case throughService:
				c.label += " through an AWS service"
			}
			out = append(out, c)
		}
	}
	return out
}

func strangers(w *world, m mentions) []*subject {
	kinds := []struct {
		who   who
		label string
	}{{user, "any AWS account"}, {userMFA, "any AWS account, IAM user with MFA"}, {roleSession, "any AWS account, role"},
		{root, "any AWS account, root user"}, {federatedUser, "any AWS account, federated user"}}
	if !m.identity() {
		kinds = kinds[:1]
	}
	var out []*subject
	for _, account := range w.strangerAccounts() {
		for _, k := range kinds {
			out = append(out, &subject{who: k.who, label: k.label, account: account})
		}
	}
	return out
}

// strangerAccounts lists the account ids to try: one that the policy does not
// name, and one for each pattern that leaves digits open.
func (w *world) strangerAccounts() []string {
	out := w.attainable("aws:principalaccount", w.foreign.account, "", 11)
	for _, p := range w.tests["aws:principalarn"] {
		parts := strings.SplitN(p.text, ":", 6)
		if len(parts) != 6 || !strings.ContainsAny(parts[4], "*?") {
			continue
		}
		part := newPattern(parts[4])
		if id := issued(part, w.foreign.account); !part.match(w.foreign.account) && isAccountID(id) && !slices.Contains(out, id) && len(out) < 4 {
			out = append(out, id)
		}
	}
	return slices.DeleteFunc(out, func(id string) bool { return id == w.facts.Account || !isAccountID(id) })
}

func webIdentities(d *Document, w *world) []*subject {
	var out []*subject
	eachPrincipal(d, func(p *Principal) {
		for _, f := range p.Federated {
			if f != "" && !strings.HasPrefix(f, "arn:") && len(out) < maxNamed && !slices.ContainsFunc(out, func(s *subject) bool { return s.provider == f }) {
				out = append(out, &subject{who: webSession, label: "session from " + f, account: w.foreign.account, provider: f, principal: f})
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
	out := []*subject{{who: service, label: "AWS service for a stranger", service: "*", principal: "*"}}
	for _, s := range names {
		out = append(out, &subject{who: service, label: "AWS service for a stranger", service: s, principal: s})
	}
	return out
}

// members gives one subject for each organization that the policy names and
// that is not the owner's.
func members(d *Document, w *world) []*subject {
	var out []*subject
	add := func(org string) {
		if org == "" || org == w.facts.Organization || strings.ContainsAny(org, "*?$") || len(out) >= maxNamed ||
			slices.ContainsFunc(out, func(s *subject) bool { return s.org == org }) {
			return
		}
		out = append(out, &subject{who: member, label: "member of organization " + org, account: w.foreign.account, org: org, principal: org})
	}
	for _, p := range w.tests["aws:principalorgid"] {
		add(p.text)
	}
	for _, p := range w.tests["aws:principalorgpaths"] {
		org, _, _ := strings.Cut(p.text, "/")
		add(org)
	}
	return out
}

// namedSubjects gives one subject for each foreign account that the policy
// names, by principal or by condition.
func namedSubjects(d *Document, w *world) []*subject {
	n := namer{w: w, seen: map[string]bool{}}
	eachPrincipal(d, func(p *Principal) {
		for _, a := range p.AWS {
			n.account(accountOf(a), a)
		}
		for _, f := range p.Federated {
			n.account(accountOf(f), "")
		}
		for _, id := range p.CanonicalUser {
			n.canonicalUser(id)
		}
	})
	for _, p := range w.tests["aws:principalaccount"] {
		n.account(accountOf(p.text), "")
	}
	for _, p := range w.tests["aws:principalarn"] {
		n.account(accountOf(p.text), "")
	}
	for _, key := range []string{"aws:sourceaccount", "aws:sourceowner", "aws:sourcearn"} {
		for _, p := range w.tests[key] {
			n.behalf(d, accountOf(p.text))
		}
	}
	// The first that passes stands for its account: the order of the text must
	// not choose it.
	slices.SortStableFunc(n.list, func(a, b *subject) int {
		return cmp.Or(strings.Compare(a.principal, b.principal), strings.Compare(a.arn, b.arn), strings.Compare(a.service, b.service))
	})
	return n.list
}

type namer struct {
	w    *world
	seen map[string]bool
	list []*subject
}

func (n *namer) add(key string, s *subject) {
	if n.seen[key] || len(n.list) >= maxNamed {
		return
	}
	n.seen[key] = true
	n.list = append(n.list, s)
}

func (n *namer) account(id, arn string) {
	if id == "" || id == n.w.facts.Account {
		return
	}
	s := &subject{who: named, label: "account " + id, account: id, principal: id}
	if !isWholeAccount(arn) {
		s.arn = arn
	}
	if n.w.facts.Account == "" {
		s.doubt = "the owner's account is not known: it may be " + id
	}
	n.add("account "+id+" "+s.arn, s)
}

// canonicalUser takes ids of accounts, which have 64 digits; those of CloudFront
// origin access identities are longer.
func (n *namer) canonicalUser(id string) {
	if len(id) != 64 || strings.Trim(id, "0123456789abcdef") != "" {
		return
	}
	n.add("canonical "+id, &subject{who: named, label: "canonical user " + id, canonical: id, principal: id,
		doubt: "the account of the canonical user " + id + " is not known: it may be the owner's"})
}

// behalf is a service that acts for an account that the policy names.
func (n *namer) behalf(d *Document, id string) {
	if id == "" || id == n.w.facts.Account || len(n.list) >= maxNamed || n.seen["behalf "+id] {
		return
	}
	n.seen["behalf "+id] = true
	for _, s := range deputies(d, n.w) {
		s.behalf, s.principal, s.label = id, id, "AWS service for account "+id
		n.add("behalf "+id+" "+s.service, s)
	}
}

func eachPrincipal(d *Document, do func(*Principal)) {
	for i := range d.Statements {
		if p := d.Statements[i].Principal; p != nil {
			do(p)
		}
		if p := d.Statements[i].NotPrincipal; p != nil {
			do(p)
		}
	}
}
