// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// valueWish asks of one value that it passes a test, or that it does not.
type valueWish struct {
	test *test
	pass bool
}

// choose gives a key a value that meets all wishes. The answer overrun means
// that the budget is spent or that the mix of operators is beyond the solver.
func choose(d *domain, wishes []wish, b *budget) (choice, answer) {
	b.nodes++
	if len(wishes) == 0 && !d.absent && d.ips == nil && len(d.values) > 0 {
		return choice{values: d.values[:1:1]}, found
	}
	for _, w := range wishes {
		b.work += w.test.cost() * max(1, len(d.values))
	}
	if b.spent() {
		return choice{}, overrun
	}
	if d.absent && !slices.ContainsFunc(wishes, func(w wish) bool {
		return w.test.holds(&choice{absent: true}) != w.want
	}) {
		return choice{absent: true}, found
	}
	var allBuf, existBuf [4]valueWish
	all, exist := allBuf[:0], existBuf[:0]
	for _, w := range wishes {
		if w.test.op.kind == opNull {
			if w.test.null(true) != w.want {
				return choice{}, impossible
			}
			continue
		}
		every := w.test.op.quantifier == forAllValues || (w.test.op.quantifier == plain && w.test.op.negated)
		if every == w.want {
			all = append(all, valueWish{w.test, w.want})
		} else {
			exist = append(exist, valueWish{w.test, w.want})
		}
	}
	if d.ips != nil {
		return chooseAddress(d, append(all, exist...), b)
	}
	if !d.multi || len(exist) == 0 {
		wanted := append(all, exist...)
		for i, v := range d.values {
			if meets(wanted, v) {
				return choice{values: d.values[i : i+1 : i+1]}, found
			}
		}
		v, a := chooseValue(d, wanted, b)
		return choice{values: b.list(v)}, a
	}
	return chooseSeveral(d, all, exist, b)
}

// cost is what asking whether a value passes is charged.
func (t *test) cost() int {
	if t.weight > 0 {
		return t.weight
	}
	t.weight = 1 + len(t.networks)/8 + len(t.dates)/4 + len(t.numbers)/4
	list := t.patterns
	if t.lookup = newLookup(list); t.lookup != nil {
		t.weight += t.lookup.cost()
		if list = t.lookup.rest; len(t.lookup.accounts) > 0 {
			t.weight += 8
		}
	}
	quick := 0
	for _, p := range list {
		if p.quick() {
			quick++
			continue
		}
		t.weight += 4 + len(p.body)/8
	}
	t.weight += quick / 8
	return t.weight
}

// chooseSeveral finds one value for each wish that some value must meet; all of
// them meet the wishes about every value.
func chooseSeveral(d *domain, all, exist []valueWish, b *budget) (choice, answer) {
	var c choice
	for _, e := range exist {
		v, a := chooseValue(d, append(slices.Clone(all), e), b)
		if a != found {
			return choice{}, a
		}
		if !slices.Contains(c.values, v) {
			c.values = append(c.values, v)
		}
	}
	return c, found
}

func meets(wishes []valueWish, v string) bool {
	for _, w := range wishes {
		if w.test.passes(v) != w.pass {
			return false
		}
	}
	return true
}

func chooseValue(d *domain, wishes []valueWish, b *budget) (string, answer) {
	for _, v := range d.values {
		if meets(wishes, v) {
			return v, found
		}
	}
	if d.numeric {
		return chooseNumber(wishes, b)
	}
	if !d.to.IsZero() {
		return chooseInstant(d, wishes, b)
	}
	if len(d.free) == 0 {
		return "", impossible
	}
	rules := []textRule{{patterns: d.free, want: true}}
	if len(d.barred) > 0 {
		rules = append(rules, textRule{patterns: d.barred})
	}
	text := len(wishes)
	for _, w := range wishes {
		if w.test.onText() {
			rules = append(rules, textRule{w.test.patterns, w.pass != w.test.op.negated, w.test.lookup})
			text--
		}
	}
	if text == 0 {
		return findKnown(d, wishes, rules, b)
	}
	for _, v := range samplesOf(wishes, b) {
		if obeysAll(rules, v, b) && !b.spent() && meets(wishes, v) {
			return v, found
		}
	}
	if text < len(wishes) || b.spent() {
		// Operators on text and on other types about one key: the samples may
		// miss a value.
		return "", overrun
	}
	return "", impossible
}

// chooseInstant tries the ends of the stretch and the instants around each bound:
// between two bounds all are alike.
func chooseInstant(d *domain, wishes []valueWish, b *budget) (string, answer) {
	cost := 0
	for _, w := range wishes {
		cost += 1 + len(w.test.dates)
	}
	value := ""
	fits := func(t time.Time) bool {
		if t.Before(d.from) || t.After(d.to) || b.spent() {
			return false
		}
		if b.work += cost; b.spent() {
			return false
		}
		value = t.UTC().Format(time.RFC3339)
		return meets(wishes, value)
	}
	if fits(d.to.Add(-time.Minute)) || fits(d.to) || fits(d.from) {
		return value, found
	}
	for _, w := range wishes {
		for _, t := range w.test.dates {
			if fits(t) || fits(t.Add(-time.Second)) || fits(t.Add(time.Second)) {
				return value, found
			}
		}
	}
	if b.spent() || slices.ContainsFunc(wishes, func(w valueWish) bool { return w.test.onText() }) {
		return "", overrun // which text an instant has is not settled
	}
	return "", impossible
}

// samplesOf lists values around every bound that the tests name: for operators
// that compare, one value of each interval between bounds is enough. There are none
// where the budget does not allow it.
func samplesOf(wishes []valueWish, b *budget) []string {
	var out []string
	var numbers []float64
	var dates []int64
	for _, w := range wishes {
		t := w.test
		if !b.charge(8 * (len(t.values) + 2*len(t.patterns) + 3*len(t.numbers) + 3*len(t.dates) + len(t.networks))) {
			return nil
		}
		out = append(out, t.values...)
		numbers = append(numbers, t.numbers...)
		for _, d := range t.dates {
			dates = append(dates, d.Unix())
		}
		for _, p := range t.patterns {
			out = append(out, p.sample(""), p.sample("k"))
		}
		if t.op.kind == opIP && len(t.networks) > 0 {
			out = append(out, t.networks.example())
		}
	}
	slices.Sort(numbers)
	for i, n := range numbers {
		out = append(out, formatNumber(n), formatNumber(n-1), formatNumber(n+1))
		if i > 0 {
			out = append(out, formatNumber((n+numbers[i-1])/2))
		}
	}
	slices.Sort(dates)
	for i, n := range dates {
		for _, x := range []int64{n, n - 1, n + 1} {
			out = append(out, time.Unix(x, 0).UTC().Format(time.RFC3339))
		}
		if i > 0 {
			out = append(out, time.Unix((n+dates[i-1])/2, 0).UTC().Format(time.RFC3339))
		}
	}
	return append(out, "true", "false", "k", "", "0", "198.51.100.77", "bm9uZSBvZiB0aGVt")
}

func chooseAddress(d *domain, wishes []valueWish, b *budget) (choice, answer) {
	set := d.ips
	for _, w := range wishes {
		hit, ok := addressesOf(w.test)
		if !ok {
			return choice{}, overrun
		}
		if w.pass != w.test.op.negated {
			set = set.and(hit)
		} else {
			set = set.minus(hit)
		}
		if !b.charge(8 * (len(set) + len(hit))) {
			return choice{}, overrun
		}
	}
	if len(set) == 0 {
		return choice{}, impossible
	}
	return choice{values: []string{set.example()}, ips: set}, found
}

// addressesOf gives the addresses whose text a test matches, before negation.
// An operator on text is understood where its patterns are whole addresses or
// whole octets.
func addressesOf(t *test) (addressSet, bool) {
	switch t.op.kind {
	case opIP:
		return t.networks, true
	case opString, opFold, opLike:
	default:
		return nil, t.op.kind != opNumeric
	}
	if t.octets == unasked {
		t.octets, t.networks = isSo, nil
		for _, p := range t.patterns {
			set, ok := octets(p)
			if !ok {
				t.octets, t.networks = isNot, nil
				return nil, false
			}
			t.networks = append(t.networks, set...)
		}
		t.networks = t.networks.normal()
	}
	return t.networks, t.octets == isSo
}

func octets(p *pattern) (addressSet, bool) {
	if !p.wild {
		a, err := netip.ParseAddr(p.sample(""))
		if err != nil {
			return nil, true // no address has this text
		}
		return prefixSetOf(netip.PrefixFrom(a, a.BitLen())), a.String() == p.sample("")
	}
	if p.everything() {
		return anywhere, true
	}
	toks := p.toks()
	for _, t := range toks[:len(toks)-1] {
		if t.kind != literal {
			return nil, false
		}
	}
	head, dotted := strings.CutSuffix(p.sample(""), ".")
	parts := strings.Split(head, ".")
	if !dotted || len(parts) > 3 || toks[len(toks)-1].kind != anyRun {
		return nil, false
	}
	var quad [4]byte
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || strconv.FormatUint(n, 10) != part {
			return nil, err != nil
		}
		quad[i] = byte(n)
	}
	return prefixSetOf(netip.PrefixFrom(netip.AddrFrom4(quad), 8*len(parts))), true
}

func prefixSetOf(p netip.Prefix) addressSet { return prefixSet([]netip.Prefix{p}) }
