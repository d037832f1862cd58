// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/bucketlid/bucketlid/policy"
)

// ACLSheet is an access control list with what was taken for granted.
type ACLSheet struct {
	ACL
	Assumed []string
}

// WriteACL writes the list for a person: whether it is public, then who can do
// what.
func WriteACL(w io.Writer, a *ACLSheet, o Options) error {
	s := &sheet{o: o}
	s.headline(aclHeadline(&a.ACL))
	shown := min(len(a.Grants), maxListed)
	for i := range a.Grants[:shown] {
		s.grant(i+1, &a.Grants[i])
	}
	if more := len(a.Grants) - shown; more > 0 {
		s.title(fmt.Sprintf("and %d more grants (-o jsonl has all)", more))
	}
	s.part("Not known from the list alone", a.Guards)
	s.part("Problems", a.Problems)
	s.part("Taken for granted", a.Assumed)
	s.b.WriteString("\n" + s.o.apply(paintFaint, "Next: bucketlid explain route "+a.On+"-acl") + "\n")
	return s.writeTo(w)
}

func aclHeadline(a *ACL) string {
	text := "Not public: nothing is granted to AllUsers or AuthenticatedUsers"
	switch {
	case a.Public && a.Reach == policy.None:
		text = "Public by AWS's meaning, but what it grants strangers has no effect on " + article(a.On)
	case a.Public:
		text = "Public. True reach: " + string(a.Reach) + ", " + reachWords[a.Reach]
	case a.Reach != policy.None:
		text = "Not public by AWS's meaning. True reach: " + string(a.Reach) + ", " + reachWords[a.Reach]
	}
	if len(a.Problems) > 0 {
		text += "; see the problems below"
	}
	return text + ". It is the list of " + article(a.On) + ", " + a.Form + "."
}

func article(on string) string {
	if on == "object" {
		return "an object"
	}
	return "a bucket"
}

func (s *sheet) grant(n int, g *ACLGrant) {
	s.title(fmt.Sprintf("%d. %s", n, upperFirst(g.Who)))
	s.line("may", g.May)
	s.line("grant", g.Permission+" to "+g.Grantee)
	s.line("actions", strings.Join(g.Actions, ", "))
	if g.Audience.Public() {
		s.witness(g.Witness, policy.Scope{})
		s.line("change", "take this grant out, or set IgnorePublicAcls or BucketOwnerEnforced")
	}
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
