// SPDX-License-Identifier: Apache-2.0

package policy

import "strings"

// who is the kind of a requester.
type who int

const (
	unsigned who = iota
	user
	userMFA
	roleSession
	root
	federatedUser
	webSession
	service
	member // somebody of an organization that the policy names
	named  // somebody of an account that the policy names
)

// network is the way in which a request comes.
type network int

const (
	overInternet network = iota
	overHTTP
	throughEndpoint // the requester's own VPC endpoint
	throughService  // forward access session
	throughOwnPoint // an access point for the bucket in the requester's account
	throughBoth     // the same, through the requester's own VPC endpoint
)

// ownPoint says whether the request comes through an access point of the requester's.
func (n network) ownPoint() bool { return n == throughOwnPoint || n == throughBoth }

// private says whether it comes through a VPC endpoint of the requester's.
func (n network) private() bool { return n == throughEndpoint || n == throughBoth }

// subject is an archetype on a network: who makes the request and what its
// context can hold (semantics C.5, E1 and E2).
type subject struct {
	who       who
	network   network
	label     string // where name does not tell
	account   string // account id; empty for unsigned requests and services
	arn       string // the one ARN that the policy names, or empty
	canonical string // the one canonical user id that the policy names
	service   string // service principal; "*" for any
	provider  string // identity provider, of a session
	org       string // organization, for member
	behalf    string // account on whose behalf a service acts
	principal string // as reported in a grant
	doubt     string // why the grant is not certain

	naming  *naming            // lazily, of who has a name: see relevant
	meant   []tri              // lazily, by statement: see analysis.means
	domains []keyDomain        // those that were asked for first
	more    map[string]*domain // the others
	bound   map[string]*domain // keys that policy variables hold to one value
}

// keyDomain is a condition key and what it can be.
type keyDomain struct {
	key    string
	domain *domain
}

// name says in words who the subject is.
func (s *subject) name() string {
	out := s.label
	if out == "" {
		out = s.kind()
	}
	switch s.network {
	case overHTTP:
		out += " over plain http"
	case throughEndpoint:
		out += " through an own VPC endpoint"
	case throughService:
		out += " through an AWS service"
	case throughOwnPoint, throughBoth:
		out += " through an own access point"
	}
	return out
}

func (s *subject) kind() string {
	switch s.who {
	case unsigned:
		return "anonymous"
	case userMFA:
		return "any AWS account, IAM user with MFA"
	case roleSession:
		return "any AWS account, role"
	case root:
		return "any AWS account, root user"
	case federatedUser:
		return "any AWS account, federated user"
	case webSession:
		return "session from " + s.provider
	case member:
		return "member of organization " + s.org
	}
	switch {
	case s.behalf != "":
		return "AWS service for account " + s.behalf
	case s.who == service:
		return "AWS service for a stranger"
	case s.canonical != "":
		return "canonical user " + s.canonical
	case s.who == named:
		return "account " + s.account
	}
	return "any AWS account"
}

// open says whether every key that is not about the identity itself counts as
// free, because the policy names the requester and nothing is known about it.
func (s *subject) open() bool { return s.who == member || s.who == named }

// caller gives the requester for Evaluate.
func (s *subject) caller(context requestContext) Caller {
	c := Caller{Account: s.account, ARN: s.arn, Service: s.service, Provider: s.provider, CanonicalUser: s.canonical}
	if a, _ := context.first("aws:principalarn"); c.ARN == "" && a != "" {
		c.ARN = a
	}
	if s.who == unsigned {
		return Caller{}
	}
	return c
}

// named by a rule's principal element.
func (s *subject) matches(st *Statement) bool {
	if st.Principal != nil && !s.listed(st.Principal) {
		return false
	}
	if st.NotPrincipal == nil {
		return st.Principal != nil
	}
	if st.Effect == "Deny" {
		return !s.spared(st.NotPrincipal)
	}
	return !s.listed(st.NotPrincipal)
}

func (s *subject) listed(p *Principal) bool {
	if p.Everyone() {
		return true
	}
	switch {
	case s.who == unsigned:
		return contains(p.CanonicalUser, anonymousCanonicalUser)
	case s.who == service:
		return p.hasService("*") || s.service != "*" && p.hasService(s.service)
	case s.provider != "" && (contains(p.Federated, s.provider) || contains(p.Federated, "*")):
		return true
	case s.canonical != "" && contains(p.CanonicalUser, s.canonical):
		return true
	}
	for _, a := range p.of(s.account) {
		if s.arn != "" && a == s.arn || isAccount(a, s.account) {
			return true
		}
	}
	return false
}

// spared follows IAM's rule that the account must stand beside its users and
// roles in NotPrincipal; the account alone stands for all of it.
func (s *subject) spared(p *Principal) bool {
	if !s.listed(p) {
		return false
	}
	if s.account == "" || p.Everyone() {
		return true
	}
	account, others := false, false
	for _, a := range p.of(s.account) {
		switch {
		case !strings.Contains(a, s.account) || accountOf(a) != s.account:
		case isWholeAccount(a):
			account = true
		case a == s.arn:
			others = false
			if wholeListed(p, s.account) {
				return true
			}
		default:
			others = true
		}
	}
	return account && !others
}

// roll finds names in a Principal that has many.
type roll struct {
	everyone bool
	accounts map[string][]string // principals of type AWS by account
	services map[string]struct{}
}

// enroll makes the names ready to be looked up, where they are many.
func (p *Principal) enroll() {
	if len(p.AWS)+len(p.Service) <= manyTexts {
		return
	}
	r := &roll{everyone: contains(p.AWS, "*"), accounts: map[string][]string{}, services: map[string]struct{}{}}
	for _, a := range p.AWS {
		id := accountOf(a)
		r.accounts[id] = append(r.accounts[id], a)
	}
	for _, s := range p.Service {
		r.services[s] = struct{}{}
	}
	p.roll = r
}

// of gives the principals of type AWS among which those of an account are.
func (p *Principal) of(account string) []string {
	switch {
	case account == "":
		return nil
	case p.roll != nil:
		return p.roll.accounts[account]
	}
	return p.AWS
}

func (p *Principal) hasService(name string) bool {
	if p.roll == nil {
		return contains(p.Service, name)
	}
	_, ok := p.roll.services[name]
	return ok
}

// isAccount says whether an AWS principal stands for a whole account.
func isAccount(principal, account string) bool {
	if len(principal) == 12 {
		return principal == account && isAccountID(account)
	}
	return strings.HasSuffix(principal, ":root") && accountOf(principal) == account
}

func wholeListed(p *Principal, account string) bool {
	for _, a := range p.of(account) {
		if isAccount(a, account) {
			return true
		}
	}
	return false
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
