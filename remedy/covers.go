// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// right is the unit in which states are compared: one kind of access of one
// audience to one pattern of resources.
type right struct {
	audience  policy.Audience
	principal string
	access    policy.Access
	pattern   string
	exclude   []string
	point     string
}

func (r right) String() string {
	text := fmt.Sprintf("%s %s %s %s", r.audience, r.principal, r.access, shownKey.Replace(r.pattern))
	if r.point != "" {
		text += " through access point " + r.point
	}
	return strings.Join(strings.Fields(text), " ")
}

// id is the same for rights that are the same.
func (r right) id() string {
	return fmt.Sprintf("%q %q %q %q %q %q", r.audience, r.principal, r.access, r.pattern, r.exclude, r.point)
}

// rights are what the openings of a list give that are of use to somebody.
func rights(list []Opening) []right {
	var out []right
	for _, o := range list {
		if !o.open() {
			continue
		}
		principals, access := o.Principals, o.Access
		if len(principals) == 0 {
			principals = []string{""}
		}
		if len(access) == 0 { // a grant whose kind was not seen may be any
			access = policy.AccessOrder
		}
		for _, p := range principals {
			for _, a := range access {
				for _, pattern := range o.Scope.Include {
					if o.Route == exposure.ObjectACL {
						pattern = literalKey.Replace(pattern)
					}
					if possible(a, pattern) {
						out = append(out, right{o.Audience, p, a, pattern, o.Scope.Exclude, o.AccessPoint})
					}
				}
			}
		}
	}
	return out
}

// literalKey keeps the characters of an object's own key from counting as
// wildcards: whoever uploads an object named "*" must not stand for all objects.
var (
	literalKey = strings.NewReplacer("*", "\x01", "?", "\x02")
	shownKey   = strings.NewReplacer("\x01", "*", "\x02", "?")
)

// possible leaves out what no request does: openings that were joined name the
// bucket and its objects beside access to either.
func possible(a policy.Access, pattern string) bool {
	onObjects, wild := strings.Contains(pattern, "/"), strings.ContainsAny(pattern, "*?")
	switch a {
	case policy.Read, policy.Write, policy.Delete:
		return onObjects || wild
	case policy.List, policy.ConfigRead, policy.ConfigWrite:
		return !onObjects || (wild && strings.IndexAny(pattern, "*?") < strings.Index(pattern, "/"))
	}
	return true
}

// widened lists the rights of after that before does not give: promise 8 says
// there must be none. Where patterns cannot be compared the answer errs towards
// refusing the remedy.
func widened(before, after []Opening) []string {
	had := rights(before)
	same := map[string]bool{}
	for _, h := range had {
		same[h.id()] = true
	}
	var out []string
	for _, r := range rights(after) {
		if !same[r.id()] && !slices.ContainsFunc(had, func(h right) bool { return h.covers(r) }) {
			out = append(out, r.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (r right) covers(s right) bool {
	if r.access != s.access || (r.point != s.point && r.point != "") || !within(s.pattern, r.pattern) {
		return false
	}
	if (r.audience != s.audience || r.principal != s.principal) && !r.takesIn(s) {
		return false
	}
	for _, out := range r.exclude {
		left := slices.ContainsFunc(s.exclude, func(e string) bool { return within(out, e) })
		if !left && !apart(out, s.pattern) {
			return false
		}
	}
	return true
}

// takesIn reports whether an audience holds another as a part. Addresses hold
// no accounts, and one account not another.
func (r right) takesIn(s right) bool {
	switch r.audience {
	case policy.Anyone:
		return true
	case policy.AnyAWSAccount:
		return s.audience == policy.Organization || s.audience == policy.Account || s.audience == policy.ServiceDeputy
	}
	return false
}

// within reports whether every text that the pattern narrow matches is matched
// by wide too. "*" in narrow counts as a text that only a "*" can match.
func within(narrow, wide string) bool {
	// back is where to go on when a star of wide has to take one more character.
	n, w, star, back := 0, 0, -1, 0
	for n < len(narrow) {
		switch {
		case w < len(wide) && wide[w] == '*':
			star, back = w, n
			w++
		case w < len(wide) && narrow[n] != '*' && (wide[w] == '?' || wide[w] == narrow[n]):
			n++
			w++
		case star >= 0:
			back++
			n, w = back, star+1
		default:
			return false
		}
	}
	return strings.Trim(wide[w:], "*") == ""
}

// apart reports whether two patterns surely have no text in common: what stands
// before their first wildcards differs.
func apart(a, b string) bool {
	a, b = literal(a), literal(b)
	n := min(len(a), len(b))
	return a[:n] != b[:n]
}

func literal(pattern string) string {
	if i := strings.IndexAny(pattern, "*?"); i >= 0 {
		return pattern[:i]
	}
	return pattern
}
