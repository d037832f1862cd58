// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// Whom are those whom a plan takes out: foreign accounts by their id, and
// grantees of ACLs by canonical user id or mail address. Nobody named means
// strangers, whom nothing names.
type Whom []string

// has reports whether a principal of a policy, of an exposure or of an ACL is one
// of those named: users and roles of a named account are.
func (w Whom) has(principal string) bool {
	if principal == "" {
		return false
	}
	if strings.HasPrefix(principal, "arn:") {
		principal = pointOwner(principal)
	}
	return slices.Contains(w, principal)
}

// grant reports whether a grant is to be dropped.
func (w Whom) grant(g aclGrant) bool {
	if len(w) == 0 {
		return g.who.Public()
	}
	return w.has(g.who.ID) || w.has(g.who.EmailAddress)
}

// part is what of an exposure a plan is about. ok is false where it is nothing.
func (w Whom) part(o Opening) (part Opening, ok bool) {
	if len(w) == 0 {
		return o, o.Audience.Public()
	}
	var mine []string
	for _, p := range o.Principals {
		if w.has(p) {
			mine = append(mine, p)
		}
	}
	o.Principals = mine
	return o, o.Audience == policy.Account && len(mine) > 0
}

// rest is what of an exposure a plan leaves that is about part of it.
func (w Whom) rest(o, part Opening, some bool) (Opening, bool) {
	if !some {
		return o, true
	}
	var others []string
	for _, p := range o.Principals {
		if !slices.Contains(part.Principals, p) {
			others = append(others, p)
		}
	}
	o.Principals = others
	return o, len(others) > 0
}

// Owner is one of those named who owns the bucket; "" where none does. Nobody
// takes an owner out.
func (w Whom) Owner(s State) string {
	acl, err := readACL(s.Settings.ACL.Text)
	for _, name := range w {
		if name == s.Settings.Account || err == nil && name == acl.OwnerID {
			return name
		}
	}
	return ""
}

// statement is the first statement of a policy that lets one of them in, or
// leaves it to their access points; -1 where none does.
func (w Whom) statement(d *policy.Document, f policy.Facts) int {
	first := -1
	found := func(i int) {
		if first < 0 || i < first {
			first = i
		}
	}
	reach := policy.Analyse(d, f)
	for _, g := range reach.Grants {
		if w.admits(g) {
			found(g.Statement.Index)
		}
	}
	for _, del := range reach.Delegations {
		if slices.ContainsFunc(del.AccessPoints, func(p string) bool {
			return len(w) == 0 && anyAccount(p) || w.has(pointOwner(p))
		}) {
			found(del.Statement.Index)
		}
	}
	for i := range d.Statements {
		if len(w) > 0 && d.Statements[i].Effect == "Allow" && w.named(&d.Statements[i]) {
			found(i)
		}
	}
	return first
}

// admits reports whether a grant lets one of them in. Those whom a statement
// names are found by their names: a canonical id has no account by which a
// condition could be judged.
func (w Whom) admits(g policy.Grant) bool {
	if len(w) == 0 {
		return g.Audience.Public()
	}
	return g.Audience == policy.Account && slices.ContainsFunc(g.Principals, func(p string) bool { return len(p) == accountDigits && w.has(p) })
}

// accountDigits is the length of an account id.
const accountDigits = 12

// named reports whether a statement's Principal names one of them.
func (w Whom) named(s *policy.Statement) bool {
	return s.Principal != nil && (slices.ContainsFunc(s.Principal.AWS, w.has) || slices.ContainsFunc(s.Principal.CanonicalUser, w.has))
}

// narrowed is a statement's text without them. done is false where nobody would
// be left, so that the statement must go.
func (w Whom) narrowed(s *policy.Statement, text string) (out string, done bool, err error) {
	switch {
	case len(w) == 0 && s.Principal.Everyone():
		out, done = withoutNames(text, isEveryone)
		return out, done, nil
	case len(w) == 0:
		return "", false, nil
	case w.named(s):
		out, done = withoutNames(text, w.raw)
		return out, done, nil
	}
	return w.withoutValues(s, text)
}

// raw is has for a JSON text.
func (w Whom) raw(raw string) bool {
	var s string
	return json.Unmarshal([]byte(raw), &s) == nil && w.has(s)
}

// accountKeys are the condition keys whose values name accounts, by id or in an
// ARN (Service Authorization Reference and IAM page "AWS global condition
// context keys").
var accountKeys = []string{"aws:PrincipalAccount", "aws:PrincipalArn", "s3:DataAccessPointAccount", "s3:DataAccessPointArn"}

// withoutValues cuts accounts out of the values of the condition that names
// them. It must be one that a value less makes narrower.
func (w Whom) withoutValues(s *policy.Statement, text string) (out string, done bool, err error) {
	for _, c := range s.Conditions {
		names := slices.ContainsFunc(accountKeys, func(k string) bool { return strings.EqualFold(k, c.Key) })
		if !names || !narrowing(c.Operator) || !slices.ContainsFunc(c.Values, w.has) {
			continue
		}
		if !slices.ContainsFunc(c.Values, func(v string) bool { return !w.has(v) }) {
			return "", false, nil
		}
		if out, ok := w.withoutIn(text, c); ok {
			return out, true, nil
		}
	}
	return "", false, fmt.Errorf("%s lets %s in by what cannot be taken apart: change it by hand", statementName(s), strings.Join(w, ", "))
}

// narrowing reports whether a condition operator holds for each of its values
// alone.
func narrowing(operator string) bool {
	op := strings.TrimPrefix(strings.ToLower(operator), "foranyvalue:")
	return slices.Contains([]string{"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}, strings.TrimSuffix(op, "ifexists"))
}

// withoutIn cuts the values out of one condition of a statement's text.
func (w Whom) withoutIn(text string, c policy.Condition) (string, bool) {
	at := span{0, len(text)}
	for _, name := range []string{"Condition", c.Operator, c.Key} {
		members, ok := elements(text, at)
		if !ok {
			return "", false
		}
		i := slices.IndexFunc(members, func(m element) bool { return strings.EqualFold(m.name, name) })
		if i < 0 {
			return "", false
		}
		at = members[i].value
	}
	if text[at.from] != '[' {
		return "", false
	}
	list, ok := elements(text, at)
	if !ok {
		return "", false
	}
	cuts, left := goneIn(text, list, w.raw)
	out := without(text, cuts)
	return out, len(cuts) > 0 && left > 0 && json.Valid([]byte(out))
}

// own is a policy of one statement, made out to an account alone: what is left
// of a policy that cannot be deleted. Who else it names is let in no more.
func own(text, account string) (string, error) {
	d, err := policy.Parse([]byte(text))
	if err != nil || len(d.Statements) != 1 || d.Statements[0].End == 0 {
		return "", fmt.Errorf("the policy cannot be made out to account %s alone: change it by hand", account)
	}
	s := d.Statements[0]
	statement := text[s.Start:s.End]
	members, _ := elements(statement, span{0, len(statement)})
	for _, m := range members {
		if strings.EqualFold(m.name, "Principal") || strings.EqualFold(m.name, "NotPrincipal") {
			return text[:s.Start] + statement[:m.from] + `"Principal":{"AWS":"arn:aws:iam::` + account + `:root"}` + statement[m.value.to:] + text[s.End:], nil
		}
	}
	return "", fmt.Errorf("the policy's statement has no Principal that could be made out to account %s alone: change it by hand", account)
}

func isEveryone(raw string) bool {
	var s string
	return json.Unmarshal([]byte(raw), &s) == nil && (s == "*" || s == bucket.AnonymousID)
}
