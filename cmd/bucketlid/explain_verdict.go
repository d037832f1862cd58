// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/report"
)

// judge puts both answers about a policy together: AWS's own classification and
// what strangers can really do (semantics C.1).
func judge(d *policy.Document, f policy.Facts) report.Policy {
	v := judgeNow(d, f)
	v.Later = later(d, f, &v)
	return v
}

// judgeNow is the same without what the passing of time changes.
func judgeNow(d *policy.Document, f policy.Facts) report.Policy {
	reach, class := policy.Analyse(d, f), policy.Classify(d, f)
	v := report.Policy{
		Classifier: class.Status, Reach: policy.None,
		Audiences: make([]report.PolicyAudience, 0, len(reach.Grants)),
		Problems:  problemTexts(d),
	}
	for _, g := range reach.Grants {
		if f.Kind != policy.BucketPolicy && g.Audience == policy.Anyone {
			// An access point refuses unsigned requests, whatever its policy says.
			g.Audience, g.Witness = policy.AnyAWSAccount, nil
		}
		a := report.PolicyAudience{Grant: g, Guards: g.Guards, Witness: g.Witness}
		if a.Guards == nil {
			a.Guards = []string{}
		}
		v.Audiences = append(v.Audiences, a)
		for _, why := range g.Unsettled {
			if !g.Audience.Public() {
				break // it does not touch the reach, and stands under the audience
			}
			v.Problems = addNew(v.Problems, report.StatementName(g.Statement)+": "+why+"; "+string(g.Audience)+" is possible, not certain")
		}
	}
	if reach.Crowded {
		v.Problems = append(v.Problems, "more parties are named than are judged one by one: some of them stand under no audience")
	}
	v.Reach, v.Witness = widest(v.Audiences)
	v.Reasons = statementReasons(d, &v, class, reach.Delegations)
	return v
}

// maxLater bounds the instants of Date conditions that are tried.
const maxLater = 16

// later says what the passing of time changes in a policy: at each instant at which
// a Date condition changes its answer, who gets in then and not before.
func later(d *policy.Document, f policy.Facts, now *report.Policy) []string {
	out := []string{}
	reach := now.Reach
	edges := policy.Edges(d)
	tried := 0
	for i, at := range edges {
		if f.At.IsZero() || !at.After(f.At) {
			continue
		}
		if tried++; tried > maxLater || now.GivenUp() {
			return append(out, fmt.Sprintf("%d more instants of Date conditions were not tried", len(edges)-i))
		}
		then := f
		then.At = at
		next := policy.Analyse(d, then)
		wide := policy.None
		for _, g := range next.Grants {
			if g.Audience.Public() && g.Audience.Wider(wide) {
				wide = g.Audience
			}
		}
		if wide != reach {
			out = append(out, "from "+at.Format(time.RFC3339)+": reach "+string(wide))
		}
		reach = wide
	}
	return out
}

// problemTexts are the problems of a document, with their places.
func problemTexts(d *policy.Document) []string {
	out := make([]string, 0, len(d.Details))
	for _, p := range d.Details {
		out = append(out, p.String())
	}
	return out
}

// widest is the reach, with its witness: a settled grant's where one of that
// audience has one.
func widest(list []report.PolicyAudience) (policy.Audience, *policy.Witness) {
	reach := policy.None
	var witness *policy.Witness
	for i := range list {
		a := &list[i]
		switch {
		case !a.Audience.Public():
		case a.Audience.Wider(reach):
			reach, witness = a.Audience, a.Witness
		case a.Audience == reach && witness == nil:
			witness = a.Witness
		}
	}
	return reach, witness
}

// statementReasons says of each statement what it does, in the order of the
// text, and then what leaves AWS's verdict open.
func statementReasons(d *policy.Document, v *report.Policy, class policy.Classification, delegated []policy.Delegation) []string {
	granted := make(map[int][]string, len(v.Audiences))
	for i := range v.Audiences {
		a := &v.Audiences[i]
		granted[a.Statement.Index] = append(granted[a.Statement.Index], grantPhrase(a))
	}
	for _, p := range delegated {
		granted[p.Statement.Index] = append(granted[p.Statement.Index],
			"leaves the decision to access points of "+strings.Join(p.AccessPoints, ", ")+", now and later")
	}
	classes := class.Reasons
	out := make([]string, 0, len(d.Statements)+1)
	for i := range d.Statements {
		s := &d.Statements[i]
		name := report.StatementName(s.Ref())
		if s.Effect != "Allow" {
			out = append(out, name+" "+denyPhrase(s))
			continue
		}
		text := name
		if len(classes) > 0 && strings.HasPrefix(classes[0], name+" ") {
			text, classes = classes[0], classes[1:]
		}
		out = append(out, text+": "+allowPhrase(s, granted[s.Index]))
	}
	return append(out, classes...)
}

func allowPhrase(s *policy.Statement, granted []string) string {
	if len(granted) == 0 {
		text := "nobody from outside gets in by it"
		if why := ownersOnly(s); why != "" {
			return text + "; " + why
		}
		for i, c := range s.Conditions {
			text += cmp.Or(map[bool]string{true: "; it holds when "}[i == 0], " and ") + conditionPhrase(c)
		}
		return text
	}
	if why := ownersOnly(s); why != "" {
		granted = append(granted, why)
	}
	return strings.Join(append(granted, holes(s)...), "; ")
}

// ownersOnly tells of actions that a statement names and that give outsiders
// nothing.
func ownersOnly(s *policy.Statement) string {
	var texts []string
	for _, action := range s.Action {
		if why := policy.OwnersAlone(action); why != "" {
			texts = append(texts, action+" gives outsiders nothing: "+why)
		}
	}
	return strings.Join(firstFew(texts), "; ")
}

// identities are the users and roles that a statement names, without their
// account; none where it names a whole account too.
func identities(s *policy.Statement) []string {
	if s.Principal == nil {
		return nil
	}
	var out []string
	for _, arn := range s.Principal.AWS {
		parts := strings.SplitN(arn, ":", 6)
		if len(parts) < 6 || parts[5] == "root" {
			return nil
		}
		out = append(out, parts[5])
	}
	return out
}

func conditionPhrase(c policy.Condition) string {
	return c.Key + " " + c.Operator + " " + shortList(c.Values, "", nil)
}

// holes are the conditions of an Allow that are true where the request lacks
// the key, so that they stop nobody who leaves it out (semantics C.4; IAM page
// "IAM JSON policy elements: Condition operators").
func holes(s *policy.Statement) []string {
	var out []string
	for _, c := range s.Conditions {
		operator := strings.ToLower(c.Operator)
		switch {
		case strings.HasSuffix(operator, "ifexists"), strings.HasPrefix(operator, "forallvalues:"):
			out = append(out, conditionPhrase(c)+" is also true for requests without that key")
		case strings.Contains(operator, "not"):
			out = append(out, conditionPhrase(c)+" is true for all others, and for requests without that key")
		}
	}
	return out
}

func grantPhrase(a *report.PolicyAudience) string {
	text := string(a.Audience)
	if len(a.Principals) > 0 {
		text += " " + strings.Join(a.Principals[:min(3, len(a.Principals))], ", ")
	}
	text += " gets " + string(a.Access[0]) + " on " + strings.Join(a.Scope.Include[:min(3, len(a.Scope.Include))], ", ")
	if len(a.Unsettled) > 0 {
		text += " (possible, not certain)"
	}
	return text
}

// denyPhrase tells what a Deny takes away, or why a statement does nothing.
func denyPhrase(s *policy.Statement) string {
	if s.Effect != "Deny" {
		return fmt.Sprintf("has the effect %q and does nothing", s.Effect)
	}
	text := "denies " + shortList(s.Action, "everything but ", s.NotAction) + " on " + shortList(s.Resource, "everything but ", s.NotResource) +
		" to " + principalPhrase(s)
	for i, c := range s.Conditions {
		text += cmp.Or(map[bool]string{true: ", when "}[i == 0], " and ") + conditionPhrase(c)
	}
	return text
}

func principalPhrase(s *policy.Statement) string {
	switch {
	case s.NotPrincipal != nil:
		return "everybody but " + namesOf(s.NotPrincipal)
	case s.Principal != nil && s.Principal.Everyone():
		return "everybody"
	case s.Principal == nil:
		return "nobody it names"
	}
	return namesOf(s.Principal)
}

func namesOf(p *policy.Principal) string {
	return shortList(slices.Concat(p.AWS, p.Service, p.Federated, p.CanonicalUser), "", nil)
}

func shortList(list []string, not string, others []string) string {
	if list == nil && others != nil {
		return not + shortList(others, "", nil)
	}
	if len(list) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), len(list)-3)
	}
	return strings.Join(list, ", ")
}

func addNew(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

const (
	// maxCounterfactuals bounds how many Deny statements are tried one by one.
	maxCounterfactuals = 24
	// maxTriedPolicy bounds the policies for which that is done: S3's 20 KB hold
	// about as many statements.
	maxTriedPolicy = 400
)

// denyHolds says what each Deny holds shut, by judging the policy without it.
func denyHolds(d *policy.Document, f policy.Facts, v *report.Policy) []string {
	if len(d.Statements) > maxTriedPolicy {
		return []string{fmt.Sprintf("the policy has %d statements: what each Deny holds was not tried", len(d.Statements))}
	}
	var out []string
	tried := 0
	tooMuch := v.GivenUp()
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Effect != "Deny" {
			continue
		}
		if tooMuch {
			return append(out, "the policy is too intricate for trying each Deny by itself")
		}
		if tried++; tried > maxCounterfactuals {
			return append(out, fmt.Sprintf("the Deny statements after the first %d were not tried one by one", maxCounterfactuals))
		}
		without := *d
		without.Statements = slices.Delete(slices.Clone(d.Statements), i, i+1)
		other := judgeNow(&without, f)
		tooMuch = other.GivenUp()
		out = append(out, report.StatementName(s.Ref())+" (Deny): "+difference(v, other))
	}
	return out
}

// difference says what more is admitted by the second verdict.
func difference(with *report.Policy, without report.Policy) string {
	have := map[string]*report.PolicyAudience{}
	for i := range with.Audiences {
		have[grantPhrase(&with.Audiences[i])] = &with.Audiences[i]
	}
	var more, wider []string
	for i := range without.Audiences {
		a := &without.Audiences[i]
		phrase := grantPhrase(a)
		b := have[phrase]
		if b == nil {
			more = append(more, strings.Replace(phrase, " gets ", " would get ", 1))
			continue
		}
		for _, scope := range missing(b.Scope.Exclude, a.Scope.Exclude) {
			wider = addNew(wider, string(a.Audience)+" would also reach "+scope)
		}
		for _, action := range missing(a.Actions, b.Actions) {
			wider = addNew(wider, string(a.Audience)+" would also have "+action)
		}
		for _, guard := range missing(b.Guards, a.Guards) {
			wider = addNew(wider, string(a.Audience)+" would no longer be held to: "+guard)
		}
	}
	switch {
	case len(more) > 0 || len(wider) > 0:
		return "without it " + strings.Join(firstFew(append(more, wider...)), "; ")
	case len(without.Audiences) != len(with.Audiences):
		return "without it strangers would get in by other ways, not by more"
	}
	return "it holds no stranger: without it the answer is the same"
}

// missing lists what stands in the first list and not in the second.
func missing(list, other []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(other, s) {
			out = append(out, s)
		}
	}
	return out
}

// firstFew keeps a sentence readable.
func firstFew(list []string) []string {
	if len(list) <= 4 {
		return list
	}
	return append(list[:4:4], fmt.Sprintf("and %d more", len(list)-4))
}
