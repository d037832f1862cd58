// SPDX-License-Identifier: Apache-2.0

package policy

import "slices"

const (
	maxSearchNodes = 1 << 16 // for one analysis (semantics C.5)
	maxSearchWork  = 3 << 18 // steps of patterns and of what else takes long
	maxTextNodes   = 1 << 13 // for one text
	maxSamples     = 16
)

// budget bounds the work of one analysis, whatever the policy says.
type budget struct {
	nodes int
	work  int
	texts arena[string] // where the texts that were found lie
	known knownTexts
}

// reset begins a new analysis.
func (b *budget) reset() {
	b.texts.reset()
	*b = budget{texts: b.texts}
}

// list makes a list of one text.
func (b *budget) list(s string) []string {
	one := b.texts.take(1)
	one[0] = s
	return one
}

func (b *budget) spent() bool { return b.nodes > maxSearchNodes || b.work > maxSearchWork }

// charge pays for work of a known cost before it is done; false means that the
// budget does not allow it.
func (b *budget) charge(cost int) bool {
	b.work = min(b.work+cost+1, maxSearchWork+1)
	return !b.spent()
}

// anyMatch says whether some pattern of the rule matches the text, false where the
// budget does not allow to look.
func (b *budget) anyMatch(r *textRule, s string) bool {
	if r.lookup == nil {
		return b.oneMatches(r.patterns, s)
	}
	b.work += r.lookup.cost()
	if r.lookup.known(s) {
		return !b.spent()
	}
	one, other := r.lookup.left(s)
	return b.oneMatches(one, s) || b.oneMatches(other, s)
}

func (b *budget) oneMatches(list []*pattern, s string) bool {
	quick := 0 // comparisons that take little
	for _, p := range list {
		if p.quick() {
			quick += 1 + len(p.head)/64
		} else if !b.charge(p.cost(s)) {
			return false
		}
		if p.match(s) {
			b.work += quick / 4
			return !b.spent()
		}
	}
	b.work += quick / 4
	return false
}

// textRule asks of a text that one of the patterns matches it, or that none does.
type textRule struct {
	patterns []*pattern
	want     bool
	lookup   *lookup // of patterns; nil where they are few
}

func (r *textRule) holds(s string, b *budget) bool {
	return b.anyMatch(r, s) == r.want
}

type answer int

const (
	impossible answer = iota
	found
	overrun
)

// findText gives a short text that obeys all rules. It tries samples of the
// patterns first and then walks the product of the patterns' automata breadth
// first, which finds a shortest text or proves that there is none.
func findText(rules []textRule, b *budget) (string, answer) {
	for _, r := range rules {
		if r.want && len(r.patterns) == 0 {
			return "", impossible
		}
	}
	if b.spent() {
		return "", overrun
	}
	if r := fewest(rules); r != nil {
		return oneOfTexts(r, rules, b)
	}
	if s, ok := sampleText(rules, b); ok && !b.spent() {
		return s, found
	}
	if apart(rules, b) || contradicts(rules, b) {
		return "", impossible
	}
	if s, ok := crossedText(rules, b); ok && !b.spent() {
		return s, found
	}
	if b.spent() {
		return "", overrun
	}
	w, ok := newWalk(rules, b)
	if !ok {
		return "", overrun
	}
	return w.run()
}

// fewest gives the wanted rule that has only texts without wildcards, the one with
// the fewest; nil where there is none.
func fewest(rules []textRule) *textRule {
	var out *textRule
	for i := range rules {
		r := &rules[i]
		if r.want && (out == nil || len(r.patterns) < len(out.patterns)) && !open(r.patterns) {
			out = r
		}
	}
	return out
}

// oneOfTexts tries all texts of a rule without wildcards.
func oneOfTexts(r *textRule, rules []textRule, b *budget) (string, answer) {
	if r.lookup != nil {
		at := slices.IndexFunc(rules, func(o textRule) bool { return o.want && o.lookup != r.lookup })
		if at >= 0 {
			for p := range r.lookup.among(r.patterns, rules[at].patterns) {
				if s, a := tryText(p, rules, b); a != impossible {
					return s, a
				}
			}
			return "", impossible
		}
	}
	for _, p := range r.patterns {
		if s, a := tryText(p, rules, b); a != impossible {
			return s, a
		}
	}
	return "", impossible
}

// tryText tries the text of a pattern without wildcards.
func tryText(p *pattern, rules []textRule, b *budget) (string, answer) {
	s := p.example(0)
	ok := obeysAll(rules, s, b)
	switch {
	case b.spent():
		return "", overrun
	case ok:
		return s, found
	}
	return "", impossible
}

func sampleText(rules []textRule, b *budget) (string, bool) {
	for i := range rules {
		if !rules[i].want {
			continue
		}
		for n, p := range rules[i].patterns {
			if n == maxSamples || b.spent() {
				break
			}
			for fill := range fills {
				s := p.example(fill)
				if obeysAll(rules, s, b) {
					return s, true
				}
				if !p.wild {
					break
				}
			}
		}
	}
	return "", false
}

// crossedText tries texts that begin as one wanted pattern does and end as another:
// the usual way in which two patterns meet.
func crossedText(rules []textRule, b *budget) (string, bool) {
	tried := 0
	for i := range rules {
		for j := range rules {
			if i == j || !rules[i].want || !rules[j].want {
				continue
			}
			for _, p := range rules[i].patterns {
				if !p.tail || p.fold {
					continue
				}
				for _, q := range rules[j].patterns {
					if q.fold {
						continue
					}
					if tried++; tried > maxCrossed || b.spent() {
						return "", false
					}
					s := q.example(1)
					if s = p.head + s[common(p.head, s):]; obeysAll(rules, s, b) {
						return s, true
					}
				}
			}
		}
	}
	return "", false
}

// maxCrossed bounds the pairs of patterns whose texts are crossed.
const maxCrossed = 64

// common is the length of the beginning that two texts share.
func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

func obeysAll(rules []textRule, s string, b *budget) bool {
	for i := range rules {
		if !rules[i].holds(s, b) {
			return false
		}
	}
	return true
}

// apart finds quickly that two wanted rules have no beginning in common.
func apart(rules []textRule, b *budget) bool {
	for i, r := range rules {
		if !r.want {
			continue
		}
		for _, o := range rules[:i] {
			if o.want && len(o.patterns) == 1 && !anyBegins(r.patterns, o.patterns[0], b) {
				return true
			}
		}
	}
	return false
}

// open says whether some pattern stands for more than one text.
func open(list []*pattern) bool {
	return slices.ContainsFunc(list, (*pattern).open)
}

func anyBegins(list []*pattern, q *pattern, b *budget) bool {
	for _, p := range list {
		b.work += len(p.head)/16 + 1
		if p.begins(q) {
			return true
		}
	}
	return false
}

// contradicts finds quickly that every wanted pattern of one rule is covered by
// an unwanted one: the usual way in which a Deny takes all.
func contradicts(rules []textRule, b *budget) bool {
	for _, r := range rules {
		if r.want && allUnwanted(rules, r.patterns, b) {
			return true
		}
	}
	return false
}

func allUnwanted(rules []textRule, list []*pattern, b *budget) bool {
	for _, p := range list {
		if !unwanted(rules, p, b) {
			return false
		}
	}
	return true
}

func unwanted(rules []textRule, p *pattern, b *budget) bool {
	for i := range rules {
		r := &rules[i]
		if r.want {
			continue
		}
		list := r.patterns
		if r.lookup != nil && (p.single() || p.tail && !p.fold) {
			if b.work += r.lookup.cost(); p.single() && r.lookup.known(p.body) || p.tail && r.lookup.begins(p.head) {
				return !b.spent()
			}
			list = r.lookup.rest
		}
		for _, q := range list {
			if !b.charge(q.coverCost(p)) {
				return false
			}
			if q.covers(p) {
				return true
			}
		}
	}
	return false
}
