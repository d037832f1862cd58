// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxNear is how many near names are told.
const maxNear = 8

// near lists names in the logs that are like the subject's.
func (d *dossier) near() []string {
	if len(d.c.subjects) == 0 {
		return []string{} // of an alert that names no party
	}
	want := strings.ToLower(d.c.subjects[0].Text)
	type candidate struct {
		name string
		far  int
	}
	var found []candidate
	for _, name := range d.names() {
		bare := strings.ToLower(shortARN(name))
		far := distance(want, bare)
		for _, part := range strings.Split(bare, "/") {
			far = min(far, distance(want, part))
			if len(want) >= 3 && strings.Contains(part, want) || len(part) >= 3 && strings.Contains(want, part) {
				far = min(far, 1)
			}
		}
		if far <= 1+len(want)/4 {
			found = append(found, candidate{name, far})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.name, b.name)) })
	out := []string{}
	for _, c := range found[:min(len(found), maxNear)] {
		out = append(out, c.name)
	}
	return out
}

// names lists what the subject could have meant.
func (d *dossier) names() []string {
	switch d.Kind {
	case User:
		return slices.Sorted(maps.Keys(d.Baseline.Principals))
	case IP:
		return slices.Sorted(maps.Keys(d.Baseline.Addresses))
	}
	known := map[string]bool{}
	for _, c := range d.Ledger.Changes() {
		known[c.Bucket] = true
	}
	for _, u := range d.Ledger.Uses() {
		known[u.Bucket] = true
	}
	delete(known, "")
	return slices.Sorted(maps.Keys(known))
}

// maxWord bounds the words that are compared letter by letter.
const maxWord = 64

// distance is how many letters must change to make b of a.
func distance(a, b string) int {
	if len(a) > maxWord || len(b) > maxWord {
		return maxWord
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left, corner := i+1, i
		row[0] = left
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			left = min(cost, left+1, corner+1)
			row[j+1] = left
		}
	}
	return row[len(b)]
}

// notes say what the investigation leaves out.
func (d *dossier) notes() []string {
	var out []string
	for _, s := range d.c.subjects {
		if s.sampled() {
			out = append(out, fmt.Sprintf("%s %s made more calls than are kept: of about %d changes and failures %d are listed, of about %d reads %d, chosen evenly; counts are estimated from all",
				s.Kind, s.Text, s.changes.total(), len(s.changes.values), s.reads.total(), len(s.reads.values)))
		}
		if s.identities.dropped {
			out = append(out, fmt.Sprintf("%s matches about %d names; %d are listed", s.Text, s.identities.total(), len(s.identities.values)))
		}
		if s.ways.dropped {
			out = append(out, fmt.Sprintf("%s called in about %d ways; counts are of %d of them", s.Text, s.ways.total(), len(s.ways.values)))
		}
	}
	if n := d.c.undated.count(); n > 0 {
		out = append(out, fmt.Sprintf("%d records have an eventTime that is no date: they are in no timeline", n))
	}
	return out
}
