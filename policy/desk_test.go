// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// question is one thing to ask of a policy.
type question struct {
	document *Document
	facts    Facts
}

var someFacts = []Facts{testFacts, {Bucket: "b"}, {Bucket: "b", Account: "444455556666", Organization: "o-own", At: testFacts.At},
	{Kind: AccessPointPolicy, Bucket: "b", AccessPoint: "p", Account: "111122223333", Region: "eu-west-1"},
	{Bucket: "b", Account: "111122223333", Region: "eu-west-1", At: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}}

// drawQuestions gives questions about few policies, so that they repeat.
func drawQuestions(t *rapid.T) []question {
	documents := rapid.SliceOfN(rapid.Custom(drawDocument), 1, 3).Draw(t, "documents")
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) question {
		return question{rapid.SampledFrom(documents).Draw(t, "document"), rapid.SampledFrom(someFacts).Draw(t, "facts")}
	}), 1, 8).Draw(t, "questions")
}

type answers struct {
	Reach  Reach
	Class  Classification
	Grants []Grant
}

var everyACL = []ACLGrant{{Audience: Anyone, Actions: []string{"s3:ListBucket"}, Scope: Scope{Include: []string{"b"}}},
	{Audience: Account, Account: "444455556666", Actions: []string{"s3:GetObject"}, Scope: Scope{Include: []string{"b/*"}, Exclude: []string{"b/private/*"}}}}

func (k *desk) answer(q question) answers {
	return answers{k.analyse(q.document, q.facts), k.classify(q.document, q.facts), k.analyseACL(everyACL, q.document, q.facts)}
}

// TestDeskForgets: an answer does not depend on the questions before it, and
// stays as it was after those that follow.
func TestDeskForgets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		used := &desk{}
		var got, want []answers
		for _, q := range drawQuestions(t) {
			got = append(got, used.answer(q))
			want = append(want, (&desk{}).answer(q))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("a desk that was used says something else:\n%s", diff)
		}
	})
}

// TestDeskForgetsEffort: where the search is given up does not depend on what was
// worked out before.
func TestDeskForgetsEffort(t *testing.T) {
	used := &desk{}
	for name, text := range worst() {
		q := question{parse(t, text), testFacts}
		want := (&desk{}).analyse(q.document, q.facts)
		for range 2 {
			if diff := cmp.Diff(want, used.analyse(q.document, q.facts)); diff != "" {
				t.Errorf("%s: a desk that was used says something else:\n%.2000s", name, diff)
			}
		}
	}
}

// TestDeskSeesChanges: a document that its owner changes in place is another
// policy.
func TestDeskSeesChanges(t *testing.T) {
	d := parse(t, statements(allowRead))
	k := &desk{}
	if got := widest(k.analyse(d, testFacts).Grants); got != Anyone {
		t.Fatalf("%s, want anyone", got)
	}
	changes := []func(s *Statement){
		func(s *Statement) { s.Resource[0] = "arn:aws:s3:::c/*" },
		func(s *Statement) { s.Principal.Any, s.Principal.AWS = false, []string{"111122223333"} },
		func(s *Statement) { s.Action[0] = "s3:PutBucketPolicy" },
		func(s *Statement) { s.Effect = "Deny" },
		func(s *Statement) {
			s.Conditions = []Condition{{Operator: "StringEquals", Key: "aws:SourceVpce", Values: []string{"vpce-0aa"}}}
		},
	}
	for i, change := range changes {
		d = parse(t, statements(allowRead))
		k.analyse(d, testFacts)
		change(&d.Statements[0])
		if got := widest(k.analyse(d, testFacts).Grants); got != None {
			t.Errorf("change %d: %s, want none", i, got)
		}
	}
}

// TestAtOnce: several goroutines may judge the same document.
func TestAtOnce(t *testing.T) {
	list := examples(t)
	documents := make([]*Document, len(list))
	want := make([]answers, len(list))
	for i, e := range list {
		documents[i] = e.document(t)
		want[i] = (&desk{}).answer(question{documents[i], e.facts()})
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i, e := range list {
				got := answers{Analyse(documents[i], e.facts()), Classify(documents[i], e.facts()), AnalyseACL(everyACL, documents[i], e.facts())}
				if diff := cmp.Diff(want[i], got); diff != "" {
					t.Errorf("%s: %s", e.ID, diff)
				}
			}
		})
	}
	all.Wait()
}
