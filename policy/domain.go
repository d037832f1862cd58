// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/base64"
	"slices"
	"strconv"
	"time"
)

// domain is what a condition key can be in the requests of one subject
// (semantics C.5).
type domain struct {
	absent  bool       // the request may lack the key
	values  []string   // it may be one of these
	free    []*pattern // it may be any text that one of these matches
	barred  []*pattern // but none of these
	ips     addressSet // it may be one of these addresses
	numeric bool       // it may be any number from 0
	from    time.Time  // it may be any instant from this
	to      time.Time  // to this one; zero where it is no instant
	multi   bool       // it may hold several values at once
	unknown bool       // nothing is known about the key
	fixed   bool       // a constant of the bucket or the clock
}

func constant(v string) *domain  { return &domain{values: []string{v}, fixed: true} }
func oneOf(v ...string) *domain  { return &domain{values: v} }
func never() *domain             { return alwaysAbsent }
func optional(d *domain) *domain { d.absent = true; return d }
func several(d *domain) *domain  { d.multi = true; return d }

func texts(globs ...string) *domain {
	d := &domain{}
	for _, g := range globs {
		d.free = append(d.free, newPattern(g))
	}
	return d
}

// arns is texts of ARNs: their parts keep their places.
func arns(globs ...string) *domain {
	d := texts(globs...)
	for i, p := range d.free {
		d.free[i] = p.asARN()
	}
	return d
}

// These are shared and never changed.
var (
	alwaysAbsent = &domain{absent: true}
	isTrue       = &domain{values: []string{"true"}}
	isFalse      = &domain{values: []string{"false"}}
	fromInternet = &domain{ips: internet}
)

// unknownKey lets a key be anything; whoever rests on it is unsettled.
func unknownKey() *domain {
	d := optional(several(texts("*")))
	d.unknown = true
	return d
}

// wish asks of a test that it holds, or that it does not.
type wish struct {
	test *test
	want bool
}

// choice is the value that the solver gives a key.
type choice struct {
	absent bool
	values []string
	ips    addressSet // every address that would do, for address domains
}

// holds says whether a test is met by a choice. A test that cannot be judged
// must not come here.
func (t *test) holds(c *choice) bool {
	if t.op.kind == opNull {
		return t.null(!c.absent)
	}
	if c.absent {
		return t.absentHolds()
	}
	if len(c.values) == 1 {
		return t.passes(c.values[0])
	}
	n := 0
	for _, v := range c.values {
		if t.passes(v) {
			n++
		}
	}
	if t.op.quantifier == forAllValues || (t.op.quantifier == plain && t.op.negated) {
		return n == len(c.values)
	}
	return n > 0
}

func (t *test) null(present bool) bool {
	for _, v := range t.values {
		if b, err := strconv.ParseBool(lower(v)); err == nil && len(v) > 1 && b != present {
			return true
		}
	}
	return false
}

func (t *test) absentHolds() bool {
	switch t.op.quantifier {
	case forAllValues:
		return true
	case forAnyValue:
		return t.op.ifExists
	}
	return t.op.negated || t.op.ifExists
}

// passes says whether one value satisfies the operator, negation included.
func (t *test) passes(v string) bool { return t.matches(v) != t.op.negated }

func (t *test) onText() bool { return t.op.onText() }

func (t *test) matches(v string) bool {
	if t.onText() {
		if t.lookup != nil {
			return t.lookup.match(v)
		}
		return anyMatch(t.patterns, v)
	}
	switch t.op.kind {
	case opIP:
		p, ok := parsePrefix(v)
		return ok && len(prefixSetOf(p).minus(t.networks)) == 0
	case opNumeric:
		n, ok := parseNumber(v)
		if ok && t.op.compare == equal {
			_, ok = slices.BinarySearch(t.numbers, n)
			return ok
		}
		return ok && slices.ContainsFunc(t.numbers, func(w float64) bool { return compareOrder(t.op.compare, n, w) })
	case opDate:
		d, ok := parseDate(v)
		return ok && slices.ContainsFunc(t.dates, func(w time.Time) bool {
			return compareOrder(t.op.compare, float64(d.Unix()), float64(w.Unix()))
		})
	case opBool:
		return slices.ContainsFunc(t.values, func(w string) bool {
			w = lower(w)
			return (w == "true" || w == "false") && w == lower(v)
		})
	case opBinary:
		have, err := base64.StdEncoding.DecodeString(v)
		return err == nil && slices.ContainsFunc(t.values, func(w string) bool {
			want, err := base64.StdEncoding.DecodeString(w)
			return err == nil && slices.Equal(have, want)
		})
	}
	return false
}

func compareOrder(c comparison, a, b float64) bool {
	return c == equal && a == b || c == less && a < b || c == lessEqual && a <= b ||
		c == greater && a > b || c == greaterEqual && a >= b
}
