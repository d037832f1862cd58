// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"iter"
	"slices"
	"strings"
)

// manyTexts is the number of texts from which on they are looked up, not gone
// through.
const manyTexts = 16

// lookup finds whether one of many patterns matches a text without going through
// all of them.
type lookup struct {
	texts    map[string]struct{}   // patterns without wildcards
	folded   map[string]struct{}   // those that are compared without regard to case
	heads    map[string]struct{}   // of patterns whose one "*" is their end
	lengths  []int                 // of heads
	accounts map[string][]*pattern // patterns of ARNs by an account that has no wildcard
	rest     []*pattern
	inOrder  bool // all are texts, sorted
}

// newLookup makes many patterns ready; nil where they are few.
func newLookup(list []*pattern) *lookup {
	if len(list) <= manyTexts {
		return nil
	}
	x := &lookup{texts: map[string]struct{}{}, folded: map[string]struct{}{}, heads: map[string]struct{}{}, accounts: map[string][]*pattern{}}
	for _, p := range list {
		x.add(p)
	}
	for h := range x.heads {
		if !slices.Contains(x.lengths, len(h)) {
			x.lengths = append(x.lengths, len(h))
		}
	}
	slices.Sort(x.lengths)
	x.inOrder = len(x.texts) == len(list) && slices.IsSortedFunc(list, compareBodies)
	return x
}

func compareBodies(p, q *pattern) int { return strings.Compare(p.body, q.body) }

func (x *lookup) add(p *pattern) {
	switch {
	case p.single():
		x.texts[p.body] = struct{}{}
	case p.fold && !p.wild && !p.mixed:
		x.folded[foldText(p.body)] = struct{}{}
	case p.tail && !p.fold:
		x.heads[p.head] = struct{}{}
	default:
		if id := p.fixedAccount(); id != "" {
			x.accounts[id] = append(x.accounts[id], p)
			return
		}
		x.rest = append(x.rest, p)
	}
}

// fixedAccount gives the account of an ARN's pattern; "" where it has wildcards or
// there is none.
func (p *pattern) fixedAccount() string {
	if !p.arn || p.mixed {
		return ""
	}
	if id := accountPart(p.body); !strings.ContainsAny(id, "*?") {
		return id
	}
	return ""
}

// accountPart is the fifth part of an ARN.
func accountPart(arn string) string {
	for range 4 {
		at := strings.IndexByte(arn, ':')
		if at < 0 {
			return ""
		}
		arn = arn[at+1:]
	}
	id, _, ok := strings.Cut(arn, ":")
	if !ok {
		return ""
	}
	return id
}

// foldText gives one text for all that are equal without regard to case.
func foldText(s string) string { return strings.Map(foldRune, s) }

// known says whether a text or the beginning of one matches, which takes no more
// than looking it up.
func (x *lookup) known(s string) bool {
	if _, ok := x.texts[s]; ok || x.begins(s) {
		return true
	}
	if len(x.folded) == 0 {
		return false
	}
	_, ok := x.folded[foldText(s)]
	return ok
}

// begins says whether the text begins as one of the patterns with a "*" at their
// end does.
func (x *lookup) begins(s string) bool {
	for _, n := range x.lengths {
		if n > len(s) {
			break
		}
		if _, ok := x.heads[s[:n]]; ok {
			return true
		}
	}
	return false
}

// left are the patterns that must be tried on a text.
func (x *lookup) left(s string) (one, other []*pattern) {
	if len(x.accounts) > 0 {
		one = x.accounts[accountPart(s)]
	}
	return one, x.rest
}

func (x *lookup) match(s string) bool {
	if x.known(s) {
		return true
	}
	one, other := x.left(s)
	return anyMatch(one, s) || anyMatch(other, s)
}

// cost is what known is charged.
func (x *lookup) cost() int { return 1 + len(x.lengths)/2 }

// among goes through the texts that begin as one of some patterns does, in their
// order; through the whole list where that cannot be told.
func (x *lookup) among(list, begin []*pattern) iter.Seq[*pattern] {
	if !x.inOrder || len(begin) > manyTexts || slices.ContainsFunc(begin, func(p *pattern) bool { return p.fold || p.head == "" }) {
		return slices.Values(list)
	}
	heads := make([]string, 0, manyTexts)
	for _, p := range begin {
		heads = append(heads, p.head)
	}
	slices.Sort(heads)
	return func(yield func(*pattern) bool) {
		i := 0
		for _, head := range heads {
			from, _ := slices.BinarySearchFunc(list, head, func(q *pattern, head string) int { return strings.Compare(q.body, head) })
			for i = max(i, from); i < len(list) && strings.HasPrefix(list[i].body, head); i++ {
				if !yield(list[i]) {
					return
				}
			}
		}
	}
}
