// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode"
)

const (
	maxSearchNodes = 1 << 16 // for one analysis (semantics C.5)
	maxSearchWork  = 1 << 22 // steps of patterns and of what else takes long
	maxTextNodes   = 1 << 13 // for one text
	maxSamples     = 16
)

// budget bounds the work of one analysis, whatever the policy says.
type budget struct {
	nodes int
	work  int
	texts arena[string] // where the texts that were found lie
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

// anyMatch says whether some pattern matches the text, false where the budget
// does not allow to look.
func (b *budget) anyMatch(list []*pattern, s string) bool {
	for _, p := range list {
		if !b.charge(p.cost(s)) {
			return false
		}
		if p.match(s) {
			return true
		}
	}
	return false
}

// textRule asks of a text that one of the patterns matches it, or that none does.
type textRule struct {
	patterns []*pattern
	want     bool
}

func (r *textRule) holds(s string, b *budget) bool {
	return b.anyMatch(r.patterns, s) == r.want
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
	if s, ok := sampleText(rules, b); ok && !b.spent() {
		return s, found
	}
	if apart(rules, b) || contradicts(rules, b) {
		return "", impossible
	}
	if b.spent() {
		return "", overrun
	}
	return newWalk(rules, b).run()
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

func obeysAll(rules []textRule, s string, b *budget) bool {
	for i := range rules {
		if !rules[i].holds(s, b) {
			return false
		}
	}
	return true
}

// apart finds quickly that two wanted rules have no beginning in common, or that
// a rule has only texts without wildcards, all of which were tried as samples.
func apart(rules []textRule, b *budget) bool {
	for i, r := range rules {
		if !r.want {
			continue
		}
		if len(r.patterns) <= maxSamples && !open(r.patterns) && !b.spent() {
			return true
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
	for _, p := range list {
		if p.wild || p.fold {
			return true
		}
	}
	return false
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
	for _, r := range rules {
		if r.want {
			continue
		}
		for _, q := range r.patterns {
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

// walk is the breadth-first search through the product automaton. A state
// holds one bit for each position of each pattern.
type walk struct {
	rules    []textRule
	budget   *budget
	offsets  [][]int // by rule and pattern: first word of its bits
	words    int
	alphabet []rune
	seen     map[string]struct{}
	states   [][]uint64
	from     []int
	via      []rune
	key      []byte   // a state as text, to look it up
	spare    []uint64 // a state that was not kept
}

func newWalk(rules []textRule, b *budget) *walk {
	w := &walk{rules: rules, budget: b, seen: map[string]struct{}{}}
	for _, r := range rules {
		var off []int
		for _, p := range r.patterns {
			off = append(off, w.words)
			w.words += len(p.toks())/64 + 1
		}
		w.offsets = append(w.offsets, off)
	}
	w.alphabet = alphabetOf(rules)
	return w
}

// alphabetOf lists the characters that the patterns tell apart, and one that
// none of them names.
func alphabetOf(rules []textRule) []rune {
	set := map[rune]bool{}
	for _, r := range rules {
		for _, p := range r.patterns {
			for _, t := range p.toks() {
				addRune(set, t, p.fold)
			}
		}
	}
	list := make([]rune, 0, len(set)+1)
	for r := range set {
		list = append(list, r)
	}
	slices.Sort(list)
	for _, fresh := range "kz9qxjwvyhgmupfbdnatrlocsie0123456785" {
		if !set[fresh] {
			return append([]rune{fresh}, list...)
		}
	}
	fresh := 'À'
	for set[fresh] {
		fresh++
	}
	return append([]rune{fresh}, list...)
}

func addRune(set map[rune]bool, t token, fold bool) {
	switch t.kind {
	case literal:
		set[t.r] = true
		if fold {
			for f := unicode.SimpleFold(t.r); f != t.r; f = unicode.SimpleFold(f) {
				set[f] = true
			}
		}
	case partOne, partRun:
		set[':'] = true
	}
}

func (w *walk) run() (string, answer) {
	start := make([]uint64, w.words)
	w.eachPattern(func(p *pattern, off int) {
		start[off] |= 1
		closeRuns(p, start[off:])
	})
	w.push(start, -1, 0)
	for i := 0; i < len(w.states); i++ {
		if w.accepts(w.states[i]) {
			return w.text(i), found
		}
		if w.budget.nodes++; w.budget.spent() || i > maxTextNodes {
			return "", overrun
		}
		for _, r := range w.moves(w.states[i]) {
			if next, alive := w.step(w.states[i], r); !alive || !w.push(next, i, r) {
				w.spare = next
			}
			if w.budget.spent() || len(w.states) > 4*maxTextNodes {
				return "", overrun
			}
		}
	}
	return "", impossible
}

func (w *walk) eachPattern(do func(p *pattern, off int)) {
	for i, r := range w.rules {
		for j, p := range r.patterns {
			do(p, w.offsets[i][j])
		}
	}
}

// push keeps a state that is new.
func (w *walk) push(state []uint64, from int, via rune) bool {
	w.key = w.key[:0]
	for _, x := range state {
		w.key = binary.LittleEndian.AppendUint64(w.key, x)
	}
	if _, ok := w.seen[string(w.key)]; ok {
		return false
	}
	w.seen[string(w.key)] = struct{}{}
	w.states = append(w.states, state)
	w.from = append(w.from, from)
	w.via = append(w.via, via)
	return true
}

// blank is a state without positions.
func (w *walk) blank() []uint64 {
	state := w.spare
	w.spare = nil
	if state == nil {
		return make([]uint64, w.words)
	}
	clear(state)
	return state
}

func (w *walk) text(i int) string {
	var out []rune
	for ; w.from[i] >= 0; i = w.from[i] {
		out = append(out, w.via[i])
	}
	slices.Reverse(out)
	return string(out)
}

func (w *walk) accepts(state []uint64) bool {
	for i, r := range w.rules {
		matched := false
		for j, p := range r.patterns {
			n := len(p.toks())
			matched = matched || state[w.offsets[i][j]+n/64]&(1<<(n%64)) != 0
		}
		if matched != r.want {
			return false
		}
	}
	return true
}

// moves gives the characters worth trying: where a wanted rule can only go on
// with certain characters, no others.
func (w *walk) moves(state []uint64) []rune {
	best := w.alphabet
	for i, r := range w.rules {
		if !r.want {
			continue
		}
		if only, ok := w.forced(state, i, r); ok && len(only) < len(best) {
			best = only
		}
	}
	return best
}

func (w *walk) forced(state []uint64, rule int, r textRule) ([]rune, bool) {
	var only []rune
	for j, p := range r.patterns {
		if p.fold {
			return nil, false
		}
		toks := p.toks()
		for pos := range positions(state[w.offsets[rule][j]:], len(toks)) {
			if pos == len(toks) {
				continue
			}
			t := toks[pos]
			if t.kind != literal {
				return nil, false
			}
			if !slices.Contains(only, t.r) {
				only = append(only, t.r)
			}
		}
	}
	return only, true
}

// step moves every pattern by one character; it is not alive when a wanted rule
// can no longer be met.
func (w *walk) step(state []uint64, r rune) ([]uint64, bool) {
	next := w.blank()
	for i, rule := range w.rules {
		alive := !rule.want
		for j, p := range rule.patterns {
			off, toks := w.offsets[i][j], p.toks()
			for pos := range positions(state[off:], len(toks)) {
				w.budget.work++
				if pos == len(toks) || !toks[pos].takes(r, p.fold) {
					continue
				}
				to := pos + 1
				if toks[pos].run() {
					to = pos
				}
				next[off+to/64] |= 1 << (to % 64)
				alive = true
			}
			w.budget.work++
			closeRuns(p, next[off:])
		}
		if !alive {
			return next, false
		}
	}
	return next, true
}

// closeRuns lets a position in front of a "*" also stand behind it.
func closeRuns(p *pattern, state []uint64) {
	toks := p.toks()
	for pos := range positions(state, len(toks)) {
		for ; pos < len(toks) && toks[pos].run(); pos++ {
			state[(pos+1)/64] |= 1 << ((pos + 1) % 64)
		}
	}
}

// positions lists the bits that are set, up to and including last.
func positions(state []uint64, last int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for word := 0; word <= last/64; word++ {
			for x := state[word]; x != 0; x &= x - 1 {
				if !yield(word*64 + bits.TrailingZeros64(x)) {
					return
				}
			}
		}
	}
}
