// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// pattern is a glob: "*" stands for any run of characters, also none and also
// "/" and ":"; "?" for one.
type pattern struct {
	text         string
	fold         bool // letter case does not matter
	arn          bool
	head, tail   string // before the first wildcard, and behind the last
	literals     int
	wildcards    int
	organization string
	index        int // of the entry that it belongs to
}

func newPattern(text string, fold bool) pattern {
	p := pattern{text: text, fold: fold, arn: strings.HasPrefix(strings.ToLower(text), "arn:")}
	if fold {
		p.text = strings.ToLower(text)
	}
	p.head = p.text[:wildcardIn(p.text)]
	p.tail = p.text[strings.LastIndexAny(p.text, "*?")+1:]
	p.wildcards = strings.Count(text, "*") + strings.Count(text, "?")
	p.literals = utf8.RuneCountInString(text) - p.wildcards
	return p
}

func wildcardIn(text string) int {
	if i := strings.IndexAny(text, "*?"); i >= 0 {
		return i
	}
	return len(text)
}

// match compares without recursion, in time of at most the product of both
// lengths: the last "*" alone is ever taken back to.
func (p *pattern) match(name string) bool {
	if p.fold {
		name = strings.ToLower(name)
	}
	if !strings.HasPrefix(name, p.head) || !strings.HasSuffix(name, p.tail) {
		return false // as nearly all patterns of a long file do
	}
	glob, star, resume := p.text, -1, 0
	g, n := 0, 0
	for n < len(name) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, resume = g, n
			g++
		case g < len(glob) && glob[g] == '?':
			_, size := utf8.DecodeRuneInString(name[n:])
			g, n = g+1, n+size
		case g < len(glob) && glob[g] == name[n]:
			g, n = g+1, n+1
		case star >= 0:
			resume++
			g, n = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(glob[g:], "*") == ""
}

// patternIndex holds patterns, the most telling first.
type patternIndex []pattern

// order sorts by literal characters, then by fewer wildcards, then by place in
// the file.
func (x patternIndex) order() {
	slices.SortFunc(x, func(a, b pattern) int {
		return cmp.Or(cmp.Compare(b.literals, a.literals), cmp.Compare(a.wildcards, b.wildcards), cmp.Compare(a.index, b.index))
	})
}

// find returns the entry of the first pattern that holds for an organization
// and fits, or -1.
func (x patternIndex) find(organization string, fits func(*pattern) bool) int {
	for i := range x {
		p := &x[i]
		if (p.organization == "" || p.organization == organization) && fits(p) {
			return p.index
		}
	}
	return -1
}
