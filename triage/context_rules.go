// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"slices"
	"strings"
	"time"
)

// principals reads who is who.
func (b *contextBuilder) principals(list []fileValue) {
	seen := firsts{}
	for i, v := range list {
		p := Principal{Match: v.keys["match"].text, Role: v.keys["role"].text, Team: v.keys["team"].text, Contact: v.keys["contact"].text,
			Organization: b.scope(v), ChangesS3: Cannot, Line: v.at.line}
		if changes := v.keys["changes_s3"]; changes.set {
			p.ChangesS3 = map[string]Answer{"true": Yes, "false": No}[changes.text]
		}
		b.specific(v, "caller")
		b.matchableCaller(v.keys["match"])
		if before, twice := seen.again(p.Organization, strings.ToLower(p.Match), v); twice {
			b.twice(v, before, list, "principals")
		}
		if near := nearest(p.Role, KnownRoles); near != "" && near != p.Role {
			b.warn(v.keys["role"].at, "known roles count; others are shown as written", "role %q: did you mean %q?", p.Role, near)
		}
		match := withoutPath(p.Match)
		if _, rest, isRole := strings.Cut(match, ":role/"); isRole && strings.Contains(rest, "/") {
			b.warn(v.keys["match"].at, "name the roles, or match *:role/name", "a session's ARN does not tell its role's path, so %q may match none", p.Match)
		}
		glob := newPattern(match, true)
		glob.index, glob.organization = i, p.Organization
		b.out.principals = append(b.out.principals, glob)
		b.out.Principals = append(b.out.Principals, p)
	}
}

// withoutPath drops the path of a role's ARN, which the ARN of its sessions
// does not tell. A role's name is unique in its account whatever the path (IAM
// page "IAM identifiers"), so that nothing else is meant by it; but not a
// pattern of names, which would hold for roles of every path.
func withoutPath(arn string) string {
	head, rest, ok := strings.Cut(arn, ":role/")
	name := rest[strings.LastIndexByte(rest, '/')+1:]
	if !ok || strings.ContainsAny(name, "*?") {
		return arn
	}
	return head + ":role/" + name
}

// twice tells of a pattern that stands on two entries: an error where they
// differ.
func (b *contextBuilder) twice(v, before fileValue, list []fileValue, what string) {
	first := list[slices.IndexFunc(list, func(o fileValue) bool { return o.at == before.at })]
	for _, name := range union(v.keys, first.keys) {
		if v.keys[name].text != first.keys[name].text && name != "match" {
			b.problem(v.keys["match"].at, "keep one entry", "%s: the pattern %q stands on lines %d and %d with different values of %s",
				what, v.keys["match"].text, before.at.line, v.at.line, name)
			return
		}
	}
	b.warn(v.keys["match"].at, "drop one", "%s: the pattern %q stands twice (first on line %d)", what, v.keys["match"].text, before.at.line)
}

// union lists the keys of both, sorted.
func union(a, b map[string]fileValue) []string {
	return slices.Compact(slices.Sorted(func(yield func(string) bool) {
		for _, m := range []map[string]fileValue{a, b} {
			for name := range m {
				if !yield(name) {
					return
				}
			}
		}
	}))
}

// bucketRules reads what buckets are for.
func (b *contextBuilder) bucketRules(list []fileValue) {
	seen := firsts{}
	for i, v := range list {
		r := BucketRule{Match: v.keys["match"].text, Owner: v.keys["owner"].text, DataClass: v.keys["data_class"].text, Organization: b.scope(v),
			Public: Publicness(v.keys["public"].text), Until: b.until(v), Why: v.keys["why"].text, Line: v.at.line}
		b.specific(v, "bucket")
		b.matchableBucket(v.keys["match"])
		if before, twice := seen.again(r.Organization, r.Match, v); twice {
			b.twice(v, before, list, "buckets")
		}
		b.publicness(v, r)
		if near := nearest(r.DataClass, KnownDataClasses); near != "" && near != r.DataClass {
			b.warn(v.keys["data_class"].at, "known classes count; others are shown as written", "data_class %q: did you mean %q?", r.DataClass, near)
		}
		glob := newPattern(r.Match, false)
		glob.index, glob.organization = i, r.Organization
		b.out.buckets = append(b.out.buckets, glob)
		b.out.Buckets = append(b.out.Buckets, r)
	}
}

// publicness checks what a bucket's entry says of being public against itself.
func (b *contextBuilder) publicness(v fileValue, r BucketRule) {
	switch {
	case r.Public == PublicExpected && r.Why == "":
		b.problem(v.keys["public"].at, "add why: …", "public: expected on %q gives no reason", r.Match)
	case r.Public == PublicExpected && !v.keys["until"].set:
		b.warn(v.keys["public"].at, "add until: a day on which someone looks again", "public: expected on %q never ends", r.Match)
	case r.Public != PublicExpected && v.keys["until"].set:
		b.problem(v.keys["until"].at, "drop it, or add public: expected", "until on %q ends nothing", r.Match)
	case r.Public == PublicNever && r.DataClass == "public":
		b.problem(v.keys["public"].at, "change one of them", "%q holds public data, but is never public", r.Match)
	}
	if r.Public == PublicExpected && slices.Contains([]string{"confidential", "personal", "health", "payment", "secret"}, r.DataClass) {
		b.warn(v.keys["public"].at, "see that this is meant", "%q holds %s data and is expected to be public", r.Match, r.DataClass)
	}
}

// Warnings lists what is odd but not wrong, in the order of the file, with what
// has ended at a time.
func (c *Context) Warnings(now time.Time) []Problem {
	if c == nil {
		return nil
	}
	out := slices.Clone(c.warnings)
	ended := func(line int, until time.Time, what string) {
		if !until.IsZero() && !now.Before(until) {
			out = append(out, Problem{c.File, line, 1, what + " ended on " + until.AddDate(0, 0, -1).Format(time.DateOnly), "drop it, or set a later day"})
		}
	}
	for _, b := range c.Buckets {
		ended(b.Line, b.Until, "public: expected on "+b.Match)
	}
	for _, t := range c.Trusted {
		ended(t.Line, t.Until, "the trust in account "+t.ID)
	}
	slices.SortStableFunc(out, comparePlaces)
	return out
}
