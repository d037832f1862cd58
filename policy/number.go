// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"math"
	"slices"
)

// stretch is a run of whole numbers, both ends included.
type stretch struct{ from, to float64 }

// maxWhole is the last whole number of which the next one is another number too.
const maxWhole = 1 << 53

// allNumbers are those that the keys of a request hold: ages, counts and days
// (service authorization page "Actions, resources, and condition keys for Amazon
// S3"; IAM page "AWS global condition context keys").
var allNumbers = stretch{0, maxWhole}

// narrow leaves the numbers that a bound lets through, or those that it does not.
func (s *stretch) narrow(c comparison, bound float64, pass bool) {
	if !pass {
		c = map[comparison]comparison{less: greaterEqual, lessEqual: greater, greater: lessEqual, greaterEqual: less}[c]
	}
	switch c {
	case less:
		s.to = min(s.to, math.Ceil(bound)-1)
	case lessEqual:
		s.to = min(s.to, math.Floor(bound))
	case greater:
		s.from = max(s.from, math.Floor(bound)+1)
	case greaterEqual:
		s.from = max(s.from, math.Ceil(bound))
	}
}

// numberSearch is what the wishes about a number come down to.
type numberSearch struct {
	stretch
	among  [][]float64 // sorted lists; the number is in each of them
	except [][]float64 // and in none of these
}

// read takes a wish; false means that no number meets it, or that it is not about
// numbers.
func (n *numberSearch) read(w valueWish) (met, numeric bool) {
	t := w.test
	if t.op.kind != opNumeric {
		return false, false
	}
	pass := w.pass != t.op.negated
	switch {
	case t.op.compare != equal && len(t.numbers) > 0:
		n.narrow(t.op.compare, t.numbers[0], pass)
	case t.op.compare != equal:
		return !pass, true
	case pass:
		n.among = append(n.among, t.numbers)
	default:
		n.except = append(n.except, t.numbers)
	}
	return true, true
}

func (n *numberSearch) fits(x float64) bool {
	if x < n.from || x > n.to || x != math.Trunc(x) {
		return false
	}
	has := func(list []float64) bool { _, ok := slices.BinarySearch(list, x); return ok }
	for _, list := range n.among {
		if !has(list) {
			return false
		}
	}
	return !slices.ContainsFunc(n.except, has)
}

// chooseNumber gives a whole number that meets the wishes.
func chooseNumber(wishes []valueWish, b *budget) (string, answer) {
	n := numberSearch{stretch: allNumbers}
	mixed := false
	for _, w := range wishes {
		met, numeric := n.read(w)
		if mixed = mixed || !numeric; numeric && !met {
			return "", impossible
		}
	}
	switch {
	case mixed:
		return n.chooseText(wishes, b)
	case len(n.among) > 0:
		fewest := slices.MinFunc(n.among, func(a, b []float64) int { return len(a) - len(b) })
		if !b.charge(n.cost() * len(fewest)) {
			return "", overrun
		}
		if i := slices.IndexFunc(fewest, n.fits); i >= 0 {
			return formatNumber(fewest[i]), found
		}
		return "", impossible
	case n.fits(1):
		return "1", found
	}
	for x := n.from; x <= n.to; x++ { // it ends behind the last number that is left out
		if n.fits(x) {
			return formatNumber(x), found
		}
		if !b.charge(n.cost()) {
			return "", overrun
		}
	}
	return "", impossible
}

func (n *numberSearch) cost() int { return 1 + len(n.among) + len(n.except) }

// maxMixed bounds the numbers that are tried where operators on text are about the
// key too.
const maxMixed = 256

// chooseText is for operators on numbers and on text about one key: a value that
// the tests name, or one of the numbers from the least on.
func (n *numberSearch) chooseText(wishes []valueWish, b *budget) (string, answer) {
	fits := func(v string) bool {
		x, ok := parseNumber(v)
		return ok && n.fits(x) && meets(wishes, v)
	}
	for _, v := range append([]string{"1"}, samplesOf(wishes, b)...) {
		if fits(v) && !b.spent() {
			return v, found
		}
	}
	if slices.ContainsFunc(wishes, valueWish.fixesText) {
		return "", impossible // all texts that it can be were tried
	}
	for x := n.from; x <= min(n.to, n.from+maxMixed) && b.charge(costOf(wishes)); x++ {
		if v := formatNumber(x); fits(v) {
			return v, found
		}
	}
	return "", overrun
}

// fixesText says whether the values of a test are all that can meet the wish.
func (w valueWish) fixesText() bool {
	return w.test.op.kind == opString && w.pass != w.test.op.negated
}

// costOf is what asking whether a value meets the wishes is charged.
func costOf(wishes []valueWish) int {
	cost := 0
	for _, w := range wishes {
		cost += w.test.cost()
	}
	return cost
}
