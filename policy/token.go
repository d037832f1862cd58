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

// token is one position of a pattern.
type token struct {
	kind tokenKind
	r    rune
}

func appendTokens(tokens []token, s string, wildcards bool) []token {
	for _, r := range s {
		switch {
		case wildcards && r == '*':
			if n := len(tokens); n == 0 || tokens[n-1].kind != anyRun {
				tokens = append(tokens, token{kind: anyRun})
			}
		case wildcards && r == '?':
			tokens = append(tokens, token{kind: anyOne})
		default:
			tokens = append(tokens, token{r: r})
		}
	}
	return tokens
}

// arnTokens makes the wildcards of the first five parts stop at colons; nil
// where there are not six parts.
func arnTokens(tokens []token) []token {
	parts := 0
	out := make([]token, len(tokens))
	for i, t := range tokens {
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
	return out
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

// greedy matches where "*" takes any character: on a mismatch it goes back to
// the last "*" and lets that take one character more.
func greedy(tokens []token, fold bool, s string) bool {
	t, at := 0, 0
	star, back := -1, 0
	for at < len(s) {
		r, size := rune(s[at]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[at:])
		}
		switch {
		case t < len(tokens) && tokens[t].kind == anyRun:
			star, back = t, at
			t++
		case t < len(tokens) && tokens[t].takes(r, fold):
			t++
			at += size
		case star >= 0:
			back += runeLen(s, back)
			t, at = star+1, back
		default:
			return false
		}
	}
	for t < len(tokens) && tokens[t].kind == anyRun {
		t++
	}
	return t == len(tokens)
}

// simulate walks the positions that the text so far can stand at; advance moves
// them by what one step of the text asks of a token.
func simulate(tokens []token, fold bool, text string) bool {
	at := startPositions(tokens)
	for _, r := range text {
		if !advance(tokens, at, func(t token) bool { return t.takes(r, fold) }) {
			return false
		}
	}
	return at[len(tokens)]
}

// absorbsAll says whether each token of q fits into some way through p.
func absorbsAll(p, q []token, fold, otherFold bool) bool {
	at := startPositions(p)
	for _, other := range q {
		if !advance(p, at, func(t token) bool { return t.absorbs(other, fold, otherFold) }) {
			return false
		}
	}
	return at[len(p)]
}

func startPositions(tokens []token) []bool {
	at := make([]bool, len(tokens)+1)
	at[0] = true
	for i := 0; i < len(tokens) && tokens[i].run(); i++ {
		at[i+1] = true
	}
	return at
}

func advance(tokens []token, at []bool, fits func(token) bool) bool {
	alive, n := false, len(tokens)
	// From the end, so that a position moves once for each step.
	for i := n; i >= 0; i-- {
		stay := i < n && at[i] && tokens[i].run() && fits(tokens[i])
		come := i > 0 && at[i-1] && !tokens[i-1].run() && fits(tokens[i-1])
		at[i] = stay || come
		alive = alive || at[i]
	}
	for i := 0; i < n; i++ {
		if at[i] && tokens[i].run() {
			at[i+1] = true
		}
	}
	return alive
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

func sampleTokens(tokens []token, fill string) string {
	var b strings.Builder
	b.Grow(len(tokens) + len(fill))
	for _, t := range tokens {
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
