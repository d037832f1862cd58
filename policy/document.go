// SPDX-License-Identifier: Apache-2.0

package policy

import "strings"

// Document is a resource policy as S3 keeps it (IAM page "Grammar of the IAM
// JSON policy language"). Nothing of the text is dropped: members that the
// grammar does not know are kept in Other.
type Document struct {
	Version    string         // "2012-10-17", "2008-10-17" or empty, which means the older one
	ID         string         // the element Id
	Statements []Statement    // in the order of the text
	Other      map[string]any // members that the grammar does not know
	Problems   []string       // what S3 would refuse or what could not be understood
	Details    []Problem      // the same problems, with kinds and places

	single bool // Statement is one object, not a list
}

// Statement is one statement of a policy. A list element that is absent is nil;
// one that is present but empty is not nil.
type Statement struct {
	Index        int    // position in the text, from 0
	Sid          string // may be empty
	Effect       string // "Allow", "Deny", or what the text says instead
	Principal    *Principal
	NotPrincipal *Principal
	Action       []string
	NotAction    []string
	Resource     []string
	NotResource  []string
	Conditions   []Condition
	Other        map[string]any // members that the grammar does not know or whose shape is wrong

	// Start and End are the statement's bytes in the text: text[Start:End].
	// Both are 0 where the policy came decoded or inside a string.
	Start, End int

	scalars elementSet // elements whose value is one text, not a list
	exact   bool       // Resource holds ARNs as they are, not patterns: see ACLGrant
}

// Ref names the statement in reasons and grants.
func (s *Statement) Ref() StatementRef { return StatementRef{Index: s.Index, Sid: s.Sid} }

// Principal lists who a statement is about (IAM page "AWS JSON policy elements:
// Principal"). The text "*" alone is Any.
type Principal struct {
	Any           bool                // the text "*", without a type
	AWS           []string            // account ids, ARNs, unique ids, or "*"
	Service       []string            // service principals
	Federated     []string            // provider ARNs or bare web identity providers
	CanonicalUser []string            // canonical user ids
	Other         map[string][]string // types that the grammar does not know

	scalars elementSet // types whose value is one text, not a list
	roll    *roll      // of many names, in a form's copy
}

// Everyone reports whether the principal is "*" in one of its spellings:
// everybody, unsigned requests included (semantics C.3 N2).
func (p *Principal) Everyone() bool {
	if p == nil {
		return false
	}
	if p.Any {
		return true
	}
	if p.roll != nil {
		return p.roll.everyone
	}
	return contains(p.AWS, "*")
}

// Condition is one key of one operator; all conditions of a statement must
// hold (semantics C.3 N7).
type Condition struct {
	Operator string // as written, e.g. "ForAnyValue:StringLike"
	Key      string // as written, e.g. "aws:PrincipalOrgID"
	Values   []string
	Scalar   bool // the text gives one value and no list
}

// hasVariables says whether policy variables are replaced in this version of
// the language (IAM page "IAM policy elements: Variables and tags").
func (d *Document) hasVariables() bool { return d.Version == "2012-10-17" }

// malformed is the operator under which a condition of the wrong shape is kept,
// so that its statement counts as undecided and not as unconditional.
const malformed = "malformed"

const anonymousCanonicalUser = "65a011a29cdf8ec533ec3d1ccaae921c"

// accountOf gives the account of an AWS principal: a bare id or an ARN with one.
func accountOf(principal string) string {
	if isAccountID(principal) {
		return principal
	}
	rest, ok := strings.CutPrefix(principal, "arn:")
	for range 3 {
		at := strings.IndexByte(rest, ':')
		ok, rest = ok && at >= 0, rest[at+1:]
	}
	id, _, more := strings.Cut(rest, ":")
	if ok && more && isAccountID(id) {
		return id
	}
	return ""
}

func isAccountID(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// isWholeAccount says whether an AWS principal stands for an account: its id or
// its root ARN (IAM page "AWS JSON policy elements: Principal").
func isWholeAccount(principal string) bool {
	return isAccountID(principal) || (accountOf(principal) != "" && strings.HasSuffix(principal, ":root"))
}
