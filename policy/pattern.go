// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	literal tokenKind = iota
	anyOne            // "?"
	anyRun            // "*"
	partOne           // "?" of an ARN part: not a colon
	partRun           // "*" of an ARN part: no colons
)

type token struct {
	kind tokenKind
	r    rune
}

// pattern is a compiled text with wildcards.
type pattern struct {
	tokens []token
	fold   bool   // compare without regard to case
	text   string // as shown: variables that the requester chooses are "*"
	wild   bool   // has a wildcard
}

// newPattern compiles a text whose "*" and "?" are wildcards.
func newPattern(s string) *pattern {
	p := &pattern{text: s}
	p.add(s, true)
	return p
}

// newLiteral compiles a text that stands for itself.
func newLiteral(s string) *pattern {
	p := &pattern{text: s}
	p.add(s, false)
	return p
}

func (p *pattern) add(s string, wildcards bool) {
	if p.tokens == nil {
		p.tokens = make([]token, 0, len(s))
	}
	for _, r := range s {
		switch {
		case wildcards && r == '*':
			p.wild = true
			if n := len(p.tokens); n == 0 || p.tokens[n-1].kind != anyRun {
				p.tokens = append(p.tokens, token{kind: anyRun})
			}
		case wildcards && r == '?':
			p.wild = true
			p.tokens = append(p.tokens, token{kind: anyOne})
		default:
			p.tokens = append(p.tokens, token{r: r})
		}
	}
}

// asARN makes the wildcards of the first five parts stop at colons. A pattern
// without six parts matches nothing, except "*" alone; then nil comes back.
func (p *pattern) asARN() *pattern {
	if len(p.tokens) == 1 && p.tokens[0].kind == anyRun {
		return p
	}
	parts := 0
	out := make([]token, len(p.tokens))
	for i, t := range p.tokens {
		switch {
		case t.kind == literal && t.r == ':':
			parts++
		case parts < 5 && t.kind == anyOne:
			t.kind = partOne
		case parts < 5 && t.kind == anyRun:
			t.kind = partRun
		}
		out[i] = t
	}
	if parts < 5 {
		return nil
	}
	return &pattern{tokens: out, fold: p.fold, text: p.text, wild: p.wild}
}

func (t token) run() bool { return t.kind == anyRun || t.kind == partRun }

// takes says whether the token can consume the character.
func (t token) takes(r rune, fold bool) bool {
	switch t.kind {
	case literal:
		return t.r == r || (fold && foldRune(t.r) == foldRune(r))
	case partOne, partRun:
		return r != ':'
	}
	return true
}

// foldRune gives the least character that equals r without regard to case.
func foldRune(r rune) rune {
	if r < unicode.MaxASCII {
		// "k" and "s" have relatives outside ASCII; the least one is ASCII.
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// match says whether the pattern matches the whole text. The cost is at most
// the product of both lengths.
func (p *pattern) match(s string) bool {
	for i := range p.tokens {
		if p.tokens[i].kind == partRun {
			return p.simulate(len(p.tokens), []rune(s))
		}
	}
	return p.greedy(s)
}

// greedy matches where "*" takes any character: on a mismatch it goes back to
// the last "*" and lets that take one character more.
func (p *pattern) greedy(s string) bool {
	t, at := 0, 0
	star, back := -1, 0
	for at < len(s) {
		r, size := rune(s[at]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[at:])
		}
		switch {
		case t < len(p.tokens) && p.tokens[t].kind == anyRun:
			star, back = t, at
			t++
		case t < len(p.tokens) && p.tokens[t].takes(r, p.fold):
			t++
			at += size
		case star >= 0:
			_, size = utf8.DecodeRuneInString(s[back:])
			back += size
			t, at = star+1, back
		default:
			return false
		}
	}
	for t < len(p.tokens) && p.tokens[t].kind == anyRun {
		t++
	}
	return t == len(p.tokens)
}

func (p *pattern) simulate(n int, text []rune) bool {
	at := make([]bool, n+1)
	at[0] = true
	for i := 0; i < n && p.tokens[i].run(); i++ {
		at[i+1] = true
	}
	for _, r := range text {
		alive := false
		// From the end, so that a position moves once for each character.
		for i := n; i >= 0; i-- {
			stay := i < n && at[i] && p.tokens[i].run() && p.tokens[i].takes(r, p.fold)
			come := i > 0 && at[i-1] && !p.tokens[i-1].run() && p.tokens[i-1].takes(r, p.fold)
			at[i] = stay || come
			alive = alive || at[i]
		}
		if !alive {
			return false
		}
		for i := 0; i < n; i++ {
			if at[i] && p.tokens[i].run() {
				at[i+1] = true
			}
		}
	}
	return at[n]
}

// begins says whether the texts before the first wildcards agree.
func (p *pattern) begins(q *pattern) bool {
	for i := range p.tokens {
		if i >= len(q.tokens) {
			return p.tokens[i].run()
		}
		a, b := p.tokens[i], q.tokens[i]
		if a.run() || b.run() {
			return true
		}
		if a.kind == literal && b.kind == literal && !a.takes(b.r, p.fold || q.fold) {
			return false
		}
	}
	return len(p.tokens) == len(q.tokens) || q.tokens[len(p.tokens)].run()
}

// covers says, when true, that the pattern matches whatever q matches. It may
// say false although that is so; it is a quick test before the automaton.
func (p *pattern) covers(q *pattern) bool {
	n := len(p.tokens)
	at := make([]bool, n+1)
	at[0] = true
	for i := 0; i < n && p.tokens[i].run(); i++ {
		at[i+1] = true
	}
	for _, t := range q.tokens {
		for i := n; i >= 0; i-- {
			stay := i < n && at[i] && p.tokens[i].run() && p.tokens[i].absorbs(t, p.fold, q.fold)
			come := i > 0 && at[i-1] && !p.tokens[i-1].run() && p.tokens[i-1].absorbs(t, p.fold, q.fold)
			at[i] = stay || come
		}
		for i := 0; i < n; i++ {
			if at[i] && p.tokens[i].run() {
				at[i+1] = true
			}
		}
	}
	return at[n]
}

func (t token) absorbs(other token, fold, otherFold bool) bool {
	switch {
	case other.kind == literal:
		return t.takes(other.r, fold) && (t.kind != literal || fold || !otherFold)
	case other.run() && !t.run():
		return false
	case t.kind == literal:
		return false
	case t.kind == partOne || t.kind == partRun:
		return other.kind == partOne || other.kind == partRun
	}
	return true
}

// sample gives a text that the pattern matches, with fill in place of "*".
func (p *pattern) sample(fill string) string {
	var b strings.Builder
	b.Grow(len(p.tokens) + len(fill))
	for _, t := range p.tokens {
		switch {
		case t.kind == literal:
			b.WriteRune(t.r)
		case t.run():
			b.WriteString(fill)
		default:
			b.WriteByte('k')
		}
	}
	return b.String()
}

func anyMatch(list []*pattern, s string) bool {
	for _, p := range list {
		if p.match(s) {
			return true
		}
	}
	return false
}
