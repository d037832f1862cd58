// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strconv"
	"sync/atomic"
)

// knownTexts holds what was found of one key's values in a run: strangers of
// different kinds ask for the same.
type knownTexts map[string]knownText

type knownText struct {
	text   string
	answer answer
}

// fewPatterns is the number of patterns up to which it is quicker to search again.
const fewPatterns = 8

// findKnown is findText, which asks only once. An answer that the budget did not
// allow is asked for again.
func findKnown(d *domain, wishes []valueWish, rules []textRule, b *budget) (string, answer) {
	patterns := 0
	for i := range rules {
		patterns += len(rules[i].patterns)
	}
	if patterns <= fewPatterns {
		return findText(rules, b)
	}
	name := string(appendQuestion(nil, d, wishes))
	if known, ok := b.known[name]; ok {
		b.work += nodeCost
		return known.text, known.answer
	}
	text, a := findText(rules, b)
	if a != overrun {
		if b.known == nil {
			b.known = knownTexts{}
		}
		b.known[name] = knownText{text, a}
	}
	return text, a
}

// appendQuestion tells what is asked of a key apart.
func appendQuestion(to []byte, d *domain, wishes []valueWish) []byte {
	for _, list := range [][]*pattern{d.free, d.barred} {
		for _, p := range list {
			to = append(strconv.AppendBool(strconv.AppendBool(to, p.arn), p.mixed), p.text...)
			to = append(to, 0)
		}
		to = append(to, 1)
	}
	for _, w := range wishes {
		to = strconv.AppendBool(strconv.AppendInt(to, w.test.ownNumber(), 10), w.pass)
	}
	return to
}

// lastNumber is the number that a test was given last.
var lastNumber atomic.Int64

// ownNumber tells the test from all others.
func (t *test) ownNumber() int64 {
	if t.number == 0 {
		t.number = lastNumber.Add(1)
	}
	return t.number
}
