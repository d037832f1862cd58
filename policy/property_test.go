// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func text(d *Document) string { return string(d.Canonical()) }

// TestWitnessPasses: every witness is let through by the direct evaluator.
func TestWitnessPasses(t *testing.T) {
	for _, e := range examples(t) {
		d := e.document(t)
		for _, f := range newAnalysis(d, e.facts()).run() {
			checkWitness(t, d, *f)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		for _, f := range newAnalysis(d, testFacts).run() {
			checkWitness(t, d, *f)
		}
	})
}

func checkWitness(t rapid.TB, d *Document, f finding) {
	t.Helper()
	if len(f.Unsettled) > 0 {
		return
	}
	if f.Witness == nil {
		t.Fatalf("a settled grant has no witness: %s\n%s", describe([]Grant{f.Grant}), text(d))
	}
	if got := Evaluate(d, *f.request()); got.Outcome != Allowed {
		t.Fatalf("the witness gets %v: %s\ncontext %v\n%s", got, describe([]Grant{f.Grant}), f.request().Context, text(d))
	}
}

// TestNothingMissed: a request of a stranger that the direct evaluator lets
// through is held by some grant.
func TestNothingMissed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		grants := Analyse(d, testFacts).Grants
		for range 20 {
			o := drawOutsider(t)
			if Evaluate(d, o.request).Outcome == Allowed && !o.admitted(grants) {
				t.Fatalf("%+v passes, but no grant holds it: %s\n%s", o.request, describe(grants), text(d))
			}
		}
	})
}

// TestNobodySurvives: where the table says that no stranger passes, thousands of
// random requests are refused; elsewhere the grants hold those that pass.
func TestNobodySurvives(t *testing.T) {
	docs := map[string]*Document{}
	grants := map[string][]Grant{}
	list := examples(t)
	for _, e := range list {
		docs[e.ID] = e.document(t)
		grants[e.ID] = Analyse(docs[e.ID], e.facts()).Grants
	}
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			o := drawOutsider(t)
			for _, e := range list {
				if e.ID == "P71" {
					continue
				}
				passes := Evaluate(docs[e.ID], o.request).Outcome == Allowed
				if passes && (e.Class == "NONE" || e.Class == "DEPUTY") {
					t.Fatalf("%s: %+v passes", e.ID, o.request)
				}
				if passes && !o.admitted(grants[e.ID]) {
					t.Fatalf("%s: %+v passes, but no grant holds it: %s", e.ID, o.request, describe(grants[e.ID]))
				}
			}
		}
	})
}

// ranks gives the widest audience for each access class on each kind of scope.
func ranks(grants []Grant) map[string]int {
	out := map[string]int{}
	for _, g := range grants {
		if g.Audience == Account || g.Audience == Organization {
			continue
		}
		key := string(g.Access[0])
		if r, ok := out[key]; !ok || g.Audience.rank() < r {
			out[key] = g.Audience.rank()
		}
	}
	return out
}

// narrower fails where the second set of grants admits more than the first.
func narrower(t rapid.TB, wide, narrow []Grant, d *Document) {
	t.Helper()
	before := ranks(wide)
	for access, r := range ranks(narrow) {
		if b, ok := before[access]; !ok || r < b {
			t.Fatalf("%s: wider than before\nbefore %s\nafter %s\n%s", access, describe(wide), describe(narrow), text(d))
		}
	}
}

func with(d *Document, s Statement) *Document {
	more := *d
	more.Statements = append(slices.Clone(d.Statements), s)
	renumber(&more)
	return &more
}

func TestDenyNeverWidens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		more := with(d, drawStatement(t, "Deny"))
		narrower(t, Analyse(d, testFacts).Grants, Analyse(more, testFacts).Grants, more)
	})
}

func TestAllowNeverNarrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		more := with(d, drawStatement(t, "Allow"))
		narrower(t, Analyse(more, testFacts).Grants, Analyse(d, testFacts).Grants, more)
	})
}

// TestOrderDoesNotMatter: statements and values may stand in any order.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		mixed := *d
		mixed.Statements = rapid.Permutation(d.Statements).Draw(t, "order")
		for i := range mixed.Statements {
			s := &mixed.Statements[i]
			s.Action, s.Resource = turn(s.Action), turn(s.Resource)
			s.Conditions = turn(s.Conditions)
			for j := range s.Conditions {
				s.Conditions[j].Values = turn(s.Conditions[j].Values)
			}
		}
		renumber(&mixed)
		if diff := cmp.Diff(summary(d), summary(&mixed)); diff != "" {
			t.Fatalf("order matters:\n%s\n%s", diff, text(d))
		}
		if a, b := Classify(d, testFacts).Status, Classify(&mixed, testFacts).Status; a != b {
			t.Fatalf("order changes the status from %s to %s\n%s", a, b, text(d))
		}
	})
}

func turn[T any](l []T) []T {
	l = slices.Clone(l)
	slices.Reverse(l)
	return l
}

func summary(d *Document) []string {
	var out []string
	for _, g := range Analyse(d, testFacts).Grants {
		out = append(out, fmt.Sprintf("%s %v %v %v %v %d %q %t", g.Audience, g.Principals, g.Access, g.Actions, g.Scope, g.Addresses, g.Unsettled, g.UnsignedOnly))
	}
	slices.Sort(out)
	return out
}

func TestCanonicalRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		again, err := Parse(d.Canonical())
		if err != nil {
			t.Fatal(err)
		}
		if text(again) != text(d) || again.Hash() != d.Hash() {
			t.Fatalf("%s\n%s", text(d), text(again))
		}
		if len(again.Problems) > 0 {
			t.Fatalf("problems %q in %s", again.Problems, text(d))
		}
	})
}

// TestPublicHasAudience: where AWS calls a policy public and no Deny nor
// condition speaks against it, somebody without a name gets something.
func TestPublicHasAudience(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		for i := range d.Statements {
			d.Statements[i].Conditions = nil
		}
		// By the letter an Allow to all but everybody is public too (semantics
		// C.2), though it admits nobody.
		d.Statements = slices.DeleteFunc(d.Statements, func(s Statement) bool { return s.Effect == "Deny" || s.NotPrincipal.Everyone() })
		renumber(d)
		grants := Analyse(d, testFacts).Grants
		public := widest(grants) != None || slices.ContainsFunc(grants, func(g Grant) bool { return g.Audience == ServiceDeputy })
		if c := Classify(d, testFacts); c.Status == Public && !public && !ownerOnlyPolicy(d) {
			t.Fatalf("%+v, but nobody gets anything: %s\n%s", c, describe(grants), text(d))
		}
	})
}

// ownerOnlyPolicy says whether a policy names only actions that S3 keeps for the
// owner, whatever it says.
func ownerOnlyPolicy(d *Document) bool {
	return !slices.ContainsFunc(d.Statements, func(s Statement) bool {
		return ruleActions(&s, catalogue).minus(nothingAlone) != (actionSet{})
	})
}
