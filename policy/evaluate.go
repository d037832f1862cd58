// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
)

// Caller is who makes a request. The zero value is an unsigned request.
type Caller struct {
	Account       string // account id of the caller
	ARN           string // ARN of the user or role, or the account's root ARN
	Session       string // ARN of the role session, if there is one
	Service       string // service principal, for a call by an AWS service itself
	Provider      string // web identity provider of the session
	CanonicalUser string // canonical user id of the caller's account
}

// Request is one concrete request to S3.
type Request struct {
	Caller   Caller
	Action   string              // such as "s3:GetObject"
	Resource string              // ARN of the bucket or object
	Context  map[string][]string // condition keys that are present, in any case
}

// Outcome is what a policy says of one request.
type Outcome string

// The outcomes (IAM page "Policy evaluation logic").
const (
	Allowed      Outcome = "allow"
	ExplicitDeny Outcome = "explicit-deny"
	ImplicitDeny Outcome = "implicit-deny"
)

// Decision is the outcome of one request and the statement that decides it.
type Decision struct {
	Outcome   Outcome
	Statement *StatementRef // nil for an implicit deny
	Unsettled []string      // statements whose conditions could not be judged
}

// truth is a three-valued answer: no, yes, or not to be told.
type truth int

const (
	no truth = iota
	yes
	maybe
)

// Evaluate judges one request by the policy alone: an explicit Deny wins, then
// an Allow, else the answer is an implicit deny (IAM page "Policy evaluation
// logic"). It reads the policy directly and shares no search with Analyse, so
// that each can check the other.
func Evaluate(d *Document, r Request) Decision {
	e := evaluation{request: r, variables: d.hasVariables(), context: make(map[string][]string, len(r.Context))}
	for k, v := range r.Context {
		e.context[strings.ToLower(k)] = v
	}
	out := Decision{Outcome: ImplicitDeny}
	for i := range d.Statements {
		s := &d.Statements[i]
		switch e.applies(s) {
		case maybe:
			out.Unsettled = append(out.Unsettled, s.Effect+" "+refText(s.Ref()))
			continue
		case no:
			continue
		}
		ref := s.Ref()
		if s.Effect == "Deny" && out.Outcome != ExplicitDeny {
			out.Outcome, out.Statement = ExplicitDeny, &ref
		}
		if s.Effect == "Allow" && out.Outcome == ImplicitDeny {
			out.Outcome, out.Statement = Allowed, &ref
		}
	}
	return out
}

type evaluation struct {
	request   Request
	context   map[string][]string
	variables bool
}

// applies says whether every element of a statement matches the request.
func (e *evaluation) applies(s *Statement) truth {
	if !e.principalApplies(s) || !e.actionApplies(s) {
		return no
	}
	void := false
	if !e.resourceApplies(s, &void) {
		return no
	}
	answer := yes
	for _, c := range s.Conditions {
		switch e.holds(c, &void) {
		case no:
			return no
		case maybe:
			answer = maybe
		}
	}
	if void {
		// A variable without a value: the statement matches nothing
		// (IAM page "IAM policy elements: Variables and tags").
		return no
	}
	return answer
}

func (e *evaluation) actionApplies(s *Statement) bool {
	matches := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			return matchGlyphs(glyphs(strings.ToLower(p)), strings.ToLower(e.request.Action))
		})
	}
	if s.Action == nil && s.NotAction == nil {
		return false
	}
	return (s.Action == nil || matches(s.Action)) && (s.NotAction == nil || !matches(s.NotAction))
}

func (e *evaluation) resourceApplies(s *Statement, void *bool) bool {
	matches := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			g, ok := e.expand(p)
			if !ok {
				*void = true
				return false
			}
			return matchGlyphs(g, e.request.Resource)
		})
	}
	if s.Resource == nil && s.NotResource == nil {
		return false
	}
	in := s.Resource == nil || matches(s.Resource)
	return in && (s.NotResource == nil || !matches(s.NotResource))
}

func (e *evaluation) principalApplies(s *Statement) bool {
	if s.Principal != nil && !lists(s.Principal, e.request.Caller) {
		return false
	}
	if s.NotPrincipal == nil {
		return s.Principal != nil
	}
	if s.Effect == "Deny" {
		return !spares(s.NotPrincipal, e.request.Caller)
	}
	return !lists(s.NotPrincipal, e.request.Caller)
}

// lists says whether a Principal element names the caller (IAM page "AWS JSON
// policy elements: Principal"; semantics C.3 N2, N3).
func lists(p *Principal, c Caller) bool {
	if p.Everyone() {
		return true
	}
	for _, a := range p.AWS {
		if c.Account != "" && (a == c.ARN || a == c.Session || (isWholeAccount(a) && accountOf(a) == c.Account)) {
			return true
		}
	}
	for _, s := range p.Service {
		if c.Service != "" && (s == c.Service || s == "*") {
			return true
		}
	}
	for _, f := range p.Federated {
		if c.Provider != "" && (f == c.Provider || f == "*") {
			return true
		}
	}
	for _, id := range p.CanonicalUser {
		if (c == Caller{} && id == anonymousCanonicalUser) || (c.CanonicalUser != "" && id == c.CanonicalUser) {
			return true
		}
	}
	return false
}

// spares says whether a Deny with NotPrincipal leaves the caller alone. Where
// users or roles of an account are listed beside its root, only they are
// spared; the root alone stands for the whole account (IAM page "AWS JSON
// policy elements: NotPrincipal"; semantics C.3 N4).
func spares(p *Principal, c Caller) bool {
	if !lists(p, c) {
		return false
	}
	if c.Account == "" || p.Everyone() {
		return true
	}
	whole, single, self := false, false, false
	for _, a := range p.AWS {
		if accountOf(a) != c.Account {
			continue
		}
		if isWholeAccount(a) {
			whole = true
		} else {
			single = true
		}
		if a == c.ARN || a == c.Session {
			self = true
		}
	}
	return whole && (self || !single)
}

func refText(r StatementRef) string {
	if r.Sid != "" {
		return "statement " + formatNumber(float64(r.Index)) + " (" + r.Sid + ")"
	}
	return "statement " + formatNumber(float64(r.Index))
}
