// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"slices"
	"unicode"
)

// walk is the breadth-first search through the product automaton. A state holds
// one bit for each position of each pattern, so that a step moves all of them at
// once, a machine word at a time.
type walk struct {
	machine
	budget *budget
	blocks [][]uint64     // states one after the other, blockStates in each
	steps  []stepTo       // by state
	newest map[uint64]int // by hash: the state found last
	key    []byte         // a state as bytes, to hash it
	next   []uint64       // the state at hand
	alive  []int          // characters worth trying, at hand
}

// stepTo is how the search came to a state.
type stepTo struct {
	from  int  // the state before; -1 at the start
	via   rune // the character between them
	older int  // the state before this one with the same hash; -1 where there is none
}

// machine is the product automaton of all patterns of some rules.
type machine struct {
	rules    []textRule
	spans    [][2]int // by rule: its words, from and to
	wanted   [][2]int // those of rules that must match
	words    int
	alphabet []rune
	low      [unicode.MaxASCII + 1]int // places in alphabet
	takes    []uint64                  // by character: positions that can consume it
	runs     []uint64                  // positions that consume and stay
	accepts  []uint64                  // positions behind the last token
	sinks    []uint64                  // positions of a "*" at the end: whatever follows, the pattern matches
	start    []uint64
	adjacent int // most runs side by side
}

// newWalk makes ready to search; false where the budget does not allow it.
func newWalk(rules []textRule, b *budget) (*walk, bool) {
	w := &walk{budget: b}
	w.rules = rules
	w.measure()
	w.alphabet = alphabetOf(rules)
	for i, r := range w.alphabet[1:] {
		if r <= unicode.MaxASCII {
			w.low[r] = i + 1
		}
	}
	if !b.charge(w.words * (len(w.alphabet) + 4) / 4) {
		return nil, false
	}
	w.build()
	w.newest, w.next = map[uint64]int{}, make([]uint64, w.words)
	return w, true
}

// measure lays out the bits: those of one rule lie in words of its own.
func (m *machine) measure() {
	m.spans = make([][2]int, len(m.rules))
	for i, r := range m.rules {
		bits := 0
		for _, p := range r.patterns {
			bits += len(p.toks()) + 1
		}
		m.spans[i] = [2]int{m.words, m.words + (bits+63)/64}
		m.words = m.spans[i][1]
		if r.want {
			m.wanted = append(m.wanted, m.spans[i])
		}
	}
}

func (m *machine) build() {
	m.takes = make([]uint64, m.words*len(m.alphabet))
	masks := make([]uint64, 6*m.words)
	part := func(i int) []uint64 { return masks[i*m.words : (i+1)*m.words] }
	m.runs, m.accepts, m.start, m.sinks = part(0), part(1), part(2), part(3)
	anything, noColon := part(4), part(5)
	for i, r := range m.rules {
		bit := 64 * m.spans[i][0]
		for _, p := range r.patterns {
			m.place(p, bit, anything, noColon)
			bit += len(p.toks()) + 1
		}
	}
	for c, r := range m.alphabet {
		take := m.taking(c)
		for i := range take {
			take[i] |= anything[i]
			if r != ':' {
				take[i] |= noColon[i]
			}
		}
	}
	m.close(m.start)
}

// place enters the positions of one pattern, from a bit on.
func (m *machine) place(p *pattern, bit int, anything, noColon []uint64) {
	set(m.start, bit)
	adjacent := 0
	toks := p.toks()
	if n := len(toks); n > 0 && toks[n-1].kind == anyRun {
		set(m.sinks, bit+n-1)
	}
	for _, t := range toks {
		switch t.kind {
		case literal:
			m.placeLiteral(t, p.fold, bit)
		case partOne, partRun:
			set(noColon, bit)
		default:
			set(anything, bit)
		}
		if adjacent++; t.run() {
			set(m.runs, bit)
			m.adjacent = max(m.adjacent, adjacent)
		} else {
			adjacent = 0
		}
		bit++
	}
	set(m.accepts, bit)
}

func (m *machine) placeLiteral(t token, fold bool, bit int) {
	set(m.taking(m.letter(t.r)), bit)
	if !fold {
		return
	}
	for f := unicode.SimpleFold(t.r); f != t.r; f = unicode.SimpleFold(f) {
		set(m.taking(m.letter(f)), bit)
	}
}

// letter gives the place of a character in the alphabet.
func (m *machine) letter(r rune) int {
	if r <= unicode.MaxASCII {
		return m.low[r]
	}
	at, _ := slices.BinarySearch(m.alphabet[1:], r)
	return at + 1
}

func set(words []uint64, bit int) { words[bit/64] |= 1 << (bit % 64) }

func (m *machine) taking(c int) []uint64 { return m.takes[c*m.words : (c+1)*m.words] }

// close lets a position in front of a "*" also stand behind it.
func (m *machine) close(state []uint64) {
	for range m.adjacent {
		carry := uint64(0)
		for i, x := range state {
			x &= m.runs[i]
			state[i] |= x<<1 | carry
			carry = x >> 63
		}
	}
}

// step moves every pattern by one character.
func (m *machine) step(state, next []uint64, c int) {
	take, carry := m.taking(c), uint64(0)
	for i, x := range state {
		x &= take[i]
		stay := x & m.runs[i]
		x ^= stay
		next[i] = stay | x<<1 | carry
		carry = x >> 63
	}
	m.close(next)
}

// runeSet is a set of characters, of which most are ASCII.
type runeSet struct {
	low  [unicode.MaxASCII + 1]bool
	high map[rune]bool
}

func (s *runeSet) add(r rune) {
	if r <= unicode.MaxASCII {
		s.low[r] = true
		return
	}
	if s.high == nil {
		s.high = map[rune]bool{}
	}
	s.high[r] = true
}

func (s *runeSet) has(r rune) bool {
	if r <= unicode.MaxASCII {
		return s.low[r]
	}
	return s.high[r]
}

// sorted lists the characters behind the first place, which is left free.
func (s *runeSet) sorted() []rune {
	list := make([]rune, 1, 64+len(s.high))
	for r, in := range s.low {
		if in {
			list = append(list, rune(r))
		}
	}
	for r := range s.high {
		list = append(list, r)
	}
	slices.Sort(list[1:])
	return list
}

// alphabetOf lists the characters that the patterns tell apart in order, and
// before them one that none of them names.
func alphabetOf(rules []textRule) []rune {
	var set runeSet
	for _, r := range rules {
		for _, p := range r.patterns {
			for _, t := range p.toks() {
				set.addToken(t, p.fold)
			}
		}
	}
	list := set.sorted()
	list[0] = 'À'
	for _, fresh := range "kz9qxjwvyhgmupfbdnatrlocsie0123456785" {
		if !set.has(fresh) {
			list[0] = fresh
			break
		}
	}
	for set.has(list[0]) {
		list[0]++
	}
	return list
}

func (s *runeSet) addToken(t token, fold bool) {
	switch t.kind {
	case literal:
		s.add(t.r)
		if fold {
			for f := unicode.SimpleFold(t.r); f != t.r; f = unicode.SimpleFold(f) {
				s.add(f)
			}
		}
	case partOne, partRun:
		s.add(':')
	}
}

func (w *walk) run() (string, answer) {
	copy(w.next, w.start)
	w.push(-1, 0)
	for i := range maxTextNodes {
		if i == len(w.steps) {
			return "", impossible
		}
		state := w.state(i)
		if w.accepted(state) {
			return w.text(i), found
		}
		w.budget.nodes++
		if !w.budget.charge(w.words*len(w.alphabet)/64) || len(w.steps) > 4*maxTextNodes {
			return "", overrun
		}
		w.findAlive(state)
		for _, c := range w.alive {
			if !w.budget.charge(stepCost + w.words/3) {
				return "", overrun
			}
			w.step(state, w.next, c)
			w.push(i, w.alphabet[c])
		}
	}
	return "", overrun
}

// stepCost is what one step costs at least, in steps of the budget.
const stepCost = 8

// blockStates is the number of states of one block.
const blockStates = 64

func (w *walk) state(i int) []uint64 {
	at := i % blockStates * w.words
	return w.blocks[i/blockStates][at : at+w.words]
}

// push keeps the state at hand where it is new and may lead to a text.
func (w *walk) push(from int, via rune) {
	if !w.settle() {
		return
	}
	w.key = w.key[:0]
	for _, x := range w.next {
		w.key = binary.LittleEndian.AppendUint64(w.key, x)
	}
	hash, older := maphash.Bytes(hashSeed, w.key), -1
	if at, ok := w.newest[hash]; ok {
		for older = at; at >= 0; at = w.steps[at].older {
			if slices.Equal(w.state(at), w.next) {
				return
			}
		}
	}
	n := len(w.steps)
	if n%blockStates == 0 {
		w.blocks = append(w.blocks, make([]uint64, blockStates*w.words))
	}
	w.newest[hash] = n
	w.steps = append(w.steps, stepTo{from, via, older})
	copy(w.state(n), w.next)
}

var hashSeed = maphash.MakeSeed()

// settle says whether the state at hand may lead to a text: not where an
// unwanted pattern matches whatever follows. Where a wanted one does, the other
// positions of its rule no longer matter.
func (w *walk) settle() bool {
	for i, r := range w.rules {
		from, to := w.spans[i][0], w.spans[i][1]
		for at := from; at < to; at++ {
			x := w.next[at] & w.sinks[at]
			if x == 0 {
				continue
			}
			if !r.want {
				return false
			}
			clear(w.next[from:to])
			sink := 64*at + bits.TrailingZeros64(x)
			set(w.next, sink)
			set(w.next, sink+1)
			break
		}
	}
	return true
}

func (w *walk) text(i int) string {
	var out []rune
	for ; w.steps[i].from >= 0; i = w.steps[i].from {
		out = append(out, w.steps[i].via)
	}
	slices.Reverse(out)
	return string(out)
}

func (w *walk) accepted(state []uint64) bool {
	for i, r := range w.rules {
		if meet(state, w.accepts, w.spans[i]) != r.want {
			return false
		}
	}
	return true
}

// findAlive lists the characters with which every wanted rule can go on.
func (w *walk) findAlive(state []uint64) {
	w.alive = w.alive[:0]
	for c := range w.alphabet {
		take := w.taking(c)
		if !slices.ContainsFunc(w.wanted, func(span [2]int) bool { return !meet(state, take, span) }) {
			w.alive = append(w.alive, c)
		}
	}
}

// meet says whether two sets of positions have one in common.
func meet(a, b []uint64, span [2]int) bool {
	for i := span[0]; i < span[1]; i++ {
		if a[i]&b[i] != 0 {
			return true
		}
	}
	return false
}
