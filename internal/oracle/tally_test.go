// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// disagreement is a known difference between package policy and a server.
type disagreement struct {
	server string
	does   string // what the server does where package policy says otherwise: one of the words below
	where  string // the examples or cases in which it shows, apart by blanks
	finds  string // the cause
	text   string // what AWS's page says, and which
}

// What a server does.
const (
	allows         = "allows"          // what Evaluate or AnalyseACL denies
	refuses        = "refuses"         // what they allow
	refusesWitness = "refuses witness" // of Analyse
	rejects        = "rejects policy"
	classifies     = "classifies" // GetBucketPolicyStatus against Classify
)

// tally counts one server's comparisons and keeps what it disagreed about.
type tally struct {
	server string
	parts  []*part
	seen   map[string]bool     // known disagreements that showed
	fresh  map[string][]string // new ones, with the requests
	left   map[string][]string // what was not judged, by reason
}

// part is one kind of comparison.
type part struct {
	name                       string
	cases, requests, disagreed int
}

func newTally(server string) *tally {
	return &tally{server: server, seen: map[string]bool{}, fresh: map[string][]string{}, left: map[string][]string{}}
}

func (y *tally) part(name string) *part {
	p := &part{name: name}
	y.parts = append(y.parts, p)
	return p
}

// skip notes what cannot be judged, and why.
func (y *tally) skip(reason, what string) {
	if !slices.Contains(y.left[reason], what) {
		y.left[reason] = append(y.left[reason], what)
	}
}

// skipped says whether anything about an example was not judged.
func (y *tally) skipped(what string) bool {
	for _, list := range y.left {
		if slices.Contains(list, what) {
			return true
		}
	}
	return false
}

// differs notes a disagreement.
func (y *tally) differs(p *part, where, does, detail string) {
	p.disagreed++
	key := does + " " + where
	if y.known(key) {
		y.seen[key] = true
		return
	}
	y.fresh[key] = append(y.fresh[key], detail)
}

func (y *tally) known(key string) bool {
	return slices.Contains(y.expected(), key)
}

// expected lists the known disagreements of the server.
func (y *tally) expected() []string {
	var out []string
	for _, d := range disagreements {
		if d.server == y.server {
			for _, where := range strings.Fields(d.where) {
				out = append(out, d.does+" "+where)
			}
		}
	}
	return out
}

// settle fails for each disagreement that the table lacks, and for each row of
// the table that did not show.
func (y *tally) settle(t testing.TB) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(y.fresh)) {
		t.Errorf("new disagreement: %s %s, %d requests, the first: %s", y.server, key, len(y.fresh[key]), y.fresh[key][0])
	}
	for _, d := range disagreements {
		if d.where == "" || d.finds == "" || d.text == "" {
			t.Errorf("the table does not explain %+v", d)
		}
	}
	for _, key := range y.expected() {
		if !y.seen[key] {
			t.Errorf("disagreement vanished: %s %s: take it out of the table", y.server, key)
		}
	}
}

// documented fails where docs/oracle.md does not hold the summary as printed.
func (y *tally) documented(t testing.TB) {
	t.Helper()
	text, err := os.ReadFile("../../docs/oracle.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), y.String()) {
		t.Errorf("docs/oracle.md does not hold this summary of %s; if it is right, put it there:\n%s", y.server, y)
	}
}

func (y *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-36s %8s %9s %8s %10s\n", y.server, "cases", "requests", "agreed", "disagreed")
	for _, p := range y.parts {
		fmt.Fprintf(&b, "%-36s %8d %9d %8d %10d\n", p.name, p.cases, p.requests, p.requests-p.disagreed, p.disagreed)
	}
	for _, reason := range slices.Sorted(maps.Keys(y.left)) {
		fmt.Fprintf(&b, "not judged: %s: %s\n", reason, strings.Join(y.left[reason], " "))
	}
	return b.String()
}
