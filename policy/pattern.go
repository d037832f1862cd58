// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"unicode/utf8"
)

// pattern is a text with wildcards. Most are plain texts or a beginning with
// one "*" at the end; these are compared as they stand, and tokens are made only
// where the automaton needs them.
type pattern struct {
	text string // as shown: variables that the requester chooses are "*"
	body string // the text that is matched; wildcards count where glob says so
	head string // what every match begins with
	glob bool   // "*" and "?" of body are wildcards
	wild bool   // has a wildcard
	tail bool   // body is head and one "*" at its end
	more bool   // body is head and "?*" at its end
	arn  bool   // wildcards of the first five parts stop at colons
	fold bool   // compare without regard to case

	mixed  bool // has literal wildcards: only tokens tell
	tokens []token

	samples [3]string // by fill
}

// newPattern compiles a text whose "*" and "?" are wildcards.
func newPattern(s string) *pattern {
	p := &pattern{}
	p.setGlob(s)
	return p
}

// newLiteral compiles a text that stands for itself.
func newLiteral(s string) *pattern {
	p := &pattern{}
	p.setLiteral(s)
	return p
}

func (p *pattern) setGlob(s string) {
	*p = pattern{text: s, body: s, head: s, glob: true}
	if at := strings.IndexAny(s, "*?"); at >= 0 {
		p.wild, p.head = true, s[:at]
		p.tail, p.more = s[at:] == "*", s[at:] == "?*"
	}
}

func (p *pattern) setLiteral(s string) { *p = pattern{text: s, body: s, head: s} }

// add appends to a pattern that is put together of pieces with and without
// wildcards.
func (p *pattern) add(s string, wildcards bool) {
	if !p.wild {
		lead := len(s)
		if at := strings.IndexAny(s, "*?"); wildcards && at >= 0 {
			lead = at
		}
		p.head += s[:lead]
	}
	p.mixed = true
	p.tokens = appendTokens(p.tokens, s, wildcards)
	p.wild = p.wild || wildcards && strings.ContainsAny(s, "*?")
}

// settle makes a pattern of pieces a plain one where it has no wildcards.
func (p *pattern) settle() {
	if p.mixed && !p.wild {
		p.mixed, p.body, p.tokens = false, p.head, nil
	}
}

// toks are the pattern's tokens.
func (p *pattern) toks() []token {
	if p.tokens == nil && !p.mixed {
		p.tokens = appendTokens(make([]token, 0, len(p.body)), p.body, p.glob)
		if p.arn {
			p.tokens = arnTokens(p.tokens)
		}
	}
	return p.tokens
}

// quick says whether a match is a comparison of one text, or of a beginning.
func (p *pattern) quick() bool { return p.tail || p.more && !p.arn || !p.wild && !p.mixed }

// cost is what a match of the text is charged. A pattern with one "*" takes one
// pass; only several can take more.
func (p *pattern) cost(s string) int {
	switch {
	case p.quick():
		return len(p.head) / 16
	case !p.mixed && !p.fold && len(p.body)*len(s) < usualMatch:
		return (len(p.body) + len(s)) / 16 // it takes one pass or two
	case !p.mixed && !p.fold && strings.Count(p.body, "*") < 2:
		return (len(p.body) + len(s)) / 16
	}
	return max(len(p.body), len(p.tokens)) * len(s) / 16
}

// usualMatch is the size, as a product, up to which matching is taken to take one
// pass. However much goes back in it, it takes a few times as long.
const usualMatch = 1 << 12

// coverCost is what the question whether p covers q is charged.
func (p *pattern) coverCost(q *pattern) int {
	switch {
	case p.fold:
	case p.tail, len(q.head) < len(p.head), q.head[:len(p.head)] != p.head:
		return len(p.head) / 16
	case p.oneGlob(q):
		return p.cost(q.body)
	case !p.mixed && !q.mixed && !q.fold && p.letters() > q.letters():
		return len(p.body) / 16
	}
	return max(len(p.body), len(p.tokens)) * max(len(q.body), len(q.tokens)) / 8
}

// asARN makes the wildcards of the first five parts stop at colons. A pattern
// without six parts matches nothing, except "*" alone; then nil comes back.
func (p *pattern) asARN() *pattern {
	switch {
	case p.everything():
		return p
	case p.mixed:
		if p.tokens = arnTokens(p.tokens); p.tokens == nil {
			return nil
		}
	case strings.Count(p.body, ":") < 5:
		return nil
	}
	p.arn, p.tail = true, p.tail && strings.Count(p.head, ":") >= 5
	return p
}

// everything says whether the pattern is "*".
func (p *pattern) everything() bool {
	if p.mixed {
		return len(p.tokens) == 1 && p.tokens[0].kind == anyRun
	}
	return p.glob && p.body != "" && strings.Trim(p.body, "*") == ""
}

// open says whether the pattern may stand for more than one text.
func (p *pattern) open() bool { return p.wild || p.fold }

// single says whether the pattern stands for its body alone.
func (p *pattern) single() bool { return !p.wild && !p.mixed && !p.fold }

// match says whether the pattern matches the whole text. The cost is at most
// the product of both lengths.
func (p *pattern) match(s string) bool {
	switch {
	case p.fold:
		if !p.wild && !p.mixed {
			return strings.EqualFold(p.body, s)
		}
	case len(s) < len(p.head) || s[:len(p.head)] != p.head:
		return false
	case p.tail:
		return true
	case p.mixed:
	case !p.wild:
		return len(s) == len(p.head)
	case !p.arn:
		return matchGlob(p.body[len(p.head):], s[len(p.head):])
	default:
		return matchARN(p.body, s)
	}
	toks := p.toks()
	for i := range toks {
		if toks[i].kind == partRun {
			return simulate(toks, p.fold, s)
		}
	}
	return greedy(toks, p.fold, s)
}

// matchGlob matches "*" and "?": on a mismatch it goes back to the last "*" and
// lets that take one character more.
func matchGlob(glob, s string) bool {
	g, at := 0, 0
	star, back := -1, 0
	for at < len(s) {
		switch {
		case g < len(glob) && glob[g] == '*':
			g++
			if g == len(glob) {
				return true
			}
			star, back = g, at
		case g < len(glob) && glob[g] == '?':
			at += runeLen(s, at)
			g++
		case g < len(glob) && glob[g] == s[at]:
			g++
			at++
		case star >= 0:
			back += runeLen(s, back)
			if c := glob[star]; c < utf8.RuneSelf && c != '?' { // behind a "*" stands no other
				i := strings.IndexByte(s[back:], c)
				if i < 0 {
					return false
				}
				back += i
			}
			g, at = star, back
		default:
			return false
		}
	}
	for g < len(glob) && glob[g] == '*' {
		g++
	}
	return g == len(glob)
}

func runeLen(s string, at int) int {
	if s[at] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s[at:])
	return n
}

// matchARN matches part by part, so that the wildcards of the first five parts
// stay inside them.
func matchARN(glob, s string) bool {
	for range 5 {
		g, rest, ok := strings.Cut(glob, ":")
		part, more, ok2 := strings.Cut(s, ":")
		if !ok || !ok2 || !matchGlob(g, part) {
			return false
		}
		glob, s = rest, more
	}
	return matchGlob(glob, s)
}

// begins says whether the texts before the first wildcards agree.
func (p *pattern) begins(q *pattern) bool {
	if !p.fold && !q.fold {
		n := min(len(p.head), len(q.head))
		if p.head[:n] != q.head[:n] {
			return false
		}
	}
	a, b := p.toks(), q.toks()
	for i := range a {
		if i >= len(b) {
			return a[i].run()
		}
		if a[i].run() || b[i].run() {
			return true
		}
		if a[i].kind == literal && b[i].kind == literal && !a[i].takes(b[i].r, p.fold || q.fold) {
			return false
		}
	}
	return len(a) == len(b) || b[len(a)].run()
}

// covers says, when true, that the pattern matches whatever q matches. It may
// say false although that is so; it is a quick test before the automaton.
func (p *pattern) covers(q *pattern) bool {
	if !p.fold {
		switch {
		case q.fold && p.head != "", len(q.head) < len(p.head), q.head[:len(p.head)] != p.head:
			return false
		case p.tail:
			return true
		case q.single():
			return p.match(q.body)
		case !p.wild && !p.mixed:
			return !q.wild && p.body == q.body
		case p.more && !p.arn && len(q.head) > len(p.head):
			return true
		case p.more && !p.arn && q.tail:
			return false // q matches the head alone
		case p.oneGlob(q):
			// The texts between the "*" of p must stand in q's own text, where no
			// wildcard of q can take their place.
			return matchGlob(p.body, q.body)
		case !p.mixed && !q.mixed && !q.fold && p.letters() > q.letters():
			return false // each stands in q's own text
		}
	}
	return absorbsAll(p.toks(), q.toks(), p.fold, q.fold)
}

// letters is the number of bytes of the pattern that are no wildcards.
func (p *pattern) letters() int {
	if !p.wild {
		return len(p.body)
	}
	return len(p.body) - strings.Count(p.body, "*") - strings.Count(p.body, "?")
}

// oneGlob says whether p covers q where it matches the text of q.
func (p *pattern) oneGlob(q *pattern) bool {
	return !p.mixed && !p.arn && !q.mixed && !q.fold && strings.IndexByte(p.body, '?') < 0
}

// fills stand in place of "*" in samples.
var fills = [3]string{"", "k", "zz9/q"}

// example gives the text that the pattern matches with one of fills.
func (p *pattern) example(fill int) string {
	if !p.wild && !p.mixed {
		return p.body
	}
	if p.samples[fill] == "" {
		p.samples[fill] = p.sample(fills[fill])
	}
	return p.samples[fill]
}

// sample gives a text that the pattern matches, with fill in place of "*".
func (p *pattern) sample(fill string) string {
	switch {
	case !p.wild && !p.mixed:
		return p.body
	case p.tail && fill == "":
		return p.head
	case p.tail:
		return p.head + fill
	case p.mixed:
		return sampleTokens(p.tokens, fill)
	}
	out := make([]byte, 0, len(p.body)+len(fill))
	for i := 0; i < len(p.body); i++ {
		switch c := p.body[i]; {
		case c == '?':
			out = append(out, 'k')
		case c != '*':
			out = append(out, c)
		case i == 0 || p.body[i-1] != '*':
			out = append(out, fill...)
		}
	}
	return string(out)
}

func anyMatch(list []*pattern, s string) bool {
	for _, p := range list {
		if p.match(s) {
			return true
		}
	}
	return false
}
