// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"strings"
)

type namer struct {
	d        *Document
	deputies []*subject // services that act for others; lazily
	w        *world
	seen     map[seenName]bool
	list     []*subject
}

// seenName tells the subjects that were added apart.
type seenName struct {
	account, arn, canonical, behalf, service, provider string
	network                                            network
}

func (n *namer) add(s subject) {
	key := seenName{s.account, s.arn, s.canonical, s.behalf, s.service, s.provider, s.network}
	if n.seen[key] {
		return
	}
	if len(n.list) >= maxNamed {
		n.w.crowded = true
		return
	}
	if n.seen == nil {
		n.seen = map[seenName]bool{}
	}
	n.seen[key] = true
	n.list = append(n.list, n.w.memory.one(s))
}

func (n *namer) account(id, arn string) {
	if id == "" || id == n.w.facts.Account {
		return
	}
	s := n.of(id)
	if !isWholeAccount(arn) {
		s.arn = arn
		s.doubt = cmp.Or(s.doubt, n.sparedRole(arn))
	}
	n.add(s)
}

// sparedRole says what is not settled of a role that a Deny with NotPrincipal names:
// its sessions have ARNs of their own, and the page tells to name them too, since
// AWS "might" ask for those (IAM page "AWS JSON policy elements: NotPrincipal").
func (n *namer) sparedRole(arn string) string {
	if !strings.Contains(arn, ":role/") {
		return ""
	}
	for i := range n.d.Statements {
		s := &n.d.Statements[i]
		if s.Effect == "Deny" && s.NotPrincipal != nil && contains(s.NotPrincipal.AWS, arn) {
			return "AWS's text leaves open whether NotPrincipal spares sessions of " + arn + " that it does not name"
		}
	}
	return ""
}

// of is somebody of an account.
func (n *namer) of(id string) subject {
	s := subject{who: named, account: id, principal: id}
	if n.w.facts.Account == "" {
		s.doubt = "the owner's account is not known: it may be the named one" // the same for all, so that they are told together
	}
	return s
}

// federated is a session that an identity provider of the account vouches for.
func (n *namer) federated(id, provider string) {
	if id == "" || id == n.w.facts.Account {
		return
	}
	s := n.of(id)
	s.provider = provider
	n.add(s)
}

// point is whoever comes through an access point of the account, which decides
// whom it lets in (semantics B.8 R6).
func (n *namer) point(id string) {
	if !isAccountID(id) || id == n.w.facts.Account || n.w.throughPoint() {
		return
	}
	s := n.of(id)
	for _, way := range []network{throughOwnPoint, throughBoth} {
		s.network = way
		n.add(s)
	}
}

// canonicalUser takes ids of accounts, which have 64 digits; those of CloudFront
// origin access identities are longer.
func (n *namer) canonicalUser(id string) {
	if len(id) != 64 || strings.Trim(id, "0123456789abcdef") != "" {
		return
	}
	n.add(subject{who: named, canonical: id, principal: id,
		doubt: "the account of the canonical user " + id + " is not known: it may be the owner's"})
}

// behalf is a service that acts for an account that the policy names.
func (n *namer) behalf(id string) {
	if id == "" || id == n.w.facts.Account || n.seen[seenName{behalf: id, service: "*"}] {
		return
	}
	if n.deputies == nil {
		n.deputies = deputies(n.d, n.w)
	}
	for _, s := range n.deputies {
		c := *s
		c.behalf, c.principal, c.doubt = id, id, n.of(id).doubt
		n.add(c)
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
