// SPDX-License-Identifier: Apache-2.0

package policy

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
	e := evaluation{request: r, variables: d.hasVariables()}
	out := Decision{Outcome: ImplicitDeny}
	decides := -1
	for i := range d.Statements {
		s := &d.Statements[i]
		switch e.applies(s) {
		case maybe:
			out.Unsettled = append(out.Unsettled, s.Effect+" "+refText(s.Ref()))
			continue
		case no:
			continue
		}
		if s.Effect == "Deny" && out.Outcome != ExplicitDeny {
			out.Outcome, decides = ExplicitDeny, i
		}
		if s.Effect == "Allow" && out.Outcome == ImplicitDeny {
			out.Outcome, decides = Allowed, i
		}
	}
	if decides >= 0 {
		ref := d.Statements[decides].Ref()
		out.Statement = &ref
	}
	return out
}

// evaluation judges one request. What it works with lies in it, so that texts of
// the usual length need no further memory.
type evaluation struct {
	request   Request
	variables bool
	glyphs    [128]glyph
	runes     [128]rune
	row       [129]bool
}

// context gives the values of a condition key, which is in lower case.
func (e *evaluation) context(key string) []string {
	if v, ok := e.request.Context[key]; ok {
		return v
	}
	for k, v := range e.request.Context {
		if len(k) == len(key) && lower(k) == key {
			return v
		}
	}
	return nil
}

// applies says whether every element of a statement matches the request.
func (e *evaluation) applies(s *Statement) truth {
	if !e.principalApplies(s) || !e.actionApplies(s) {
		return no
	}
	if !e.resourceApplies(s) {
		return no
	}
	answer := yes
	for i := range s.Conditions {
		switch e.holds(&s.Conditions[i]) {
		case no:
			return no
		case maybe:
			answer = maybe
		}
	}
	return answer
}

func (e *evaluation) actionApplies(s *Statement) bool {
	if s.Action == nil && s.NotAction == nil {
		return false
	}
	return (s.Action == nil || e.namesAction(s.Action, lowerLoosely)) && (s.NotAction == nil || !e.namesAction(s.NotAction, lower))
}

// namesAction compares as fold has it: see lowerLoosely.
func (e *evaluation) namesAction(patterns []string, fold func(string) string) bool {
	action := fold(e.request.Action)
	for _, p := range patterns {
		if e.matches(appendGlyphs(e.glyphs[:0], fold(p)), action) {
			return true
		}
	}
	return false
}

// A resource with a variable that has no value matches nothing (IAM page "IAM
// policy elements: Variables and tags", "Policy variables with no value"). Of
// NotResource the page says nothing: then the statement matches nothing.
func (e *evaluation) resourceApplies(s *Statement) bool {
	if s.Resource == nil && s.NotResource == nil {
		return false
	}
	in := s.Resource == nil || e.namesResource(s.Resource)
	return in && (s.NotResource == nil || e.allKnown(s.NotResource) && !e.namesResource(s.NotResource))
}

func (e *evaluation) allKnown(patterns []string) bool {
	for _, p := range patterns {
		if _, ok := e.expand(e.glyphs[:0], p); !ok {
			return false
		}
	}
	return true
}

func (e *evaluation) namesResource(patterns []string) bool {
	for _, p := range patterns {
		if g, ok := e.expand(e.glyphs[:0], p); ok && e.matches(g, e.request.Resource) {
			return true
		}
	}
	return false
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
