// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// maxProofs bounds the events listed behind an answer.
	maxProofs = 50
	// maxNamed bounds the names in one sentence.
	maxNamed = 5
)

// answer asks one question. What is not known from the logs alone is said with
// every answer that says no.
func (d *dossier) answer(q *Question) Answer {
	f := q.find(d)
	a := Answer{ID: q.ID, Question: q.Ask, Verdict: f.verdict, Text: f.text, Events: f.events, Caveats: []string{}, SQL: d.sql(q)}
	if len(a.Events) > maxProofs {
		a.Events, a.More = a.Events[:maxProofs:maxProofs], len(a.Events)-maxProofs
	}
	if a.Events == nil {
		a.Events = []Proof{}
	}
	for _, caveat := range append(f.caveats, q.Caveat) {
		if caveat != "" && !slices.Contains(a.Caveats, caveat) {
			a.Caveats = append(a.Caveats, caveat)
		}
	}
	return a
}

// beginning says from when on there are logs.
func (d *dossier) beginning() string {
	if d.c.span.first == 0 {
		return "there are no logs"
	}
	return "logs begin on " + unix(d.c.span.first).Format("2006-01-02 15:04Z")
}

// proof is an entry as an event behind an answer.
func proof(e *Entry) Proof {
	text := e.UserName + " called " + e.Name
	if on := e.On(); on != "" {
		text += " on " + on
	}
	if e.Address != "" && e.Address != e.UserName {
		text += " from " + e.Address
	}
	if e.Failed() {
		text += ": " + cmp.Or(e.Error, e.ErrorMessage)
	}
	return Proof{e.Time, e.ID, text}
}

func proofs(list []*Entry) []Proof {
	out := make([]Proof, len(list))
	for i, e := range list {
		out[i] = proof(e)
	}
	return out
}

// On is what a call was about: the bucket, with the key or whatever else it names.
func (e *Entry) On() string {
	switch {
	case e.Bucket == "":
		return e.Target
	case e.Target == "":
		return e.Bucket
	}
	return e.Bucket + "/" + e.Target
}

// pick lists the entries for which want is true.
func pick(list []*Entry, want func(*Entry) bool) []*Entry {
	var out []*Entry
	for _, e := range list {
		if want(e) {
			out = append(out, e)
		}
	}
	return out
}

// some is a list in words, cut after a few.
func some(names []string) string {
	if len(names) > maxNamed {
		return strings.Join(names[:maxNamed], ", ") + fmt.Sprintf(" and %d more", len(names)-maxNamed)
	}
	return strings.Join(names, ", ")
}

// unique is a list without repeats, in its order.
func unique(names []string) []string {
	var out []string
	known := map[string]bool{}
	for _, name := range names {
		if name != "" && !known[name] {
			known[name] = true
			out = append(out, name)
		}
	}
	return out
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// tally counts calls by name: "CreateUser ×2, PutUserPolicy (2 refused)".
func tally(list []*Entry) string {
	done, failed := map[string]int{}, map[string]int{}
	var names []string
	for _, e := range list {
		if e.Failed() {
			failed[e.Name]++
		} else {
			done[e.Name]++
		}
		names = append(names, e.Name)
	}
	names = unique(names)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(done[b]+failed[b], done[a]+failed[a]) })
	for i, name := range names {
		text := name
		if done[name] > 1 {
			text += fmt.Sprintf(" ×%d", done[name])
		}
		if failed[name] > 0 {
			text += fmt.Sprintf(" (%d refused or failed)", failed[name])
		}
		names[i] = text
	}
	return some(names)
}
