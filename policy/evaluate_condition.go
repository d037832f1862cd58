// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/base64"
	"slices"
	"strings"
)

// glyph is one character of a pattern; meta marks "*" and "?" that stand for
// other characters.
type glyph struct {
	r    rune
	meta bool
}

func appendGlyphs(to []glyph, s string) []glyph {
	for _, r := range s {
		to = append(to, glyph{r, r == '*' || r == '?'})
	}
	return to
}

// expand adds a text with its policy variables replaced; false means that one
// has no value and no default.
func (e *evaluation) expand(to []glyph, s string) ([]glyph, bool) {
	for s != "" {
		at := strings.Index(s, "${")
		if at < 0 || !e.variables {
			return appendGlyphs(to, s), true
		}
		to = appendGlyphs(to, s[:at])
		key, def, hasDef, rest, ok := splitVariable(s[at:])
		if !ok {
			to = appendGlyphs(to, "${")
			s = s[at+2:]
			continue
		}
		s = rest
		text := key
		if key != "*" && key != "?" && key != "$" {
			values := e.context(key)
			switch {
			case len(values) == 1:
				text = values[0]
			case hasDef:
				text = def
			default:
				return to, false
			}
		}
		for _, r := range text {
			to = append(to, glyph{r: r})
		}
	}
	return to, true
}

// matches compares by a table of prefixes, so that no pattern takes more than
// the product of both lengths.
func (e *evaluation) matches(pattern []glyph, text string) bool {
	runes := e.runes[:0]
	for _, r := range text {
		runes = append(runes, r)
	}
	row := e.row[:]
	if len(runes) >= len(row) {
		row = make([]bool, len(runes)+1)
	}
	row = row[:len(runes)+1]
	clear(row)
	row[0] = true
	for _, g := range pattern {
		if g.meta && g.r == '*' {
			for i := 1; i <= len(runes); i++ {
				row[i] = row[i] || row[i-1]
			}
			continue
		}
		for i := len(runes); i > 0; i-- {
			row[i] = row[i-1] && (g.meta || g.r == runes[i-1])
		}
		row[0] = false
	}
	return row[len(runes)]
}

// plainText gives a value as it stands, with its variables replaced.
func (e *evaluation) plainText(value string, g []glyph) string {
	if !e.variables || !strings.Contains(value, "${") {
		return value
	}
	var b strings.Builder
	for _, x := range g {
		b.WriteRune(x.r)
	}
	return b.String()
}

// holds judges one condition of the statement (semantics C.4). Nothing is equal
// to a value with a variable that has none, or like it, so that inverted operators
// match (IAM page "IAM policy elements: Variables and tags", "Policy variables
// with no value").
func (e *evaluation) holds(c *Condition) truth {
	op, ok := parseOperator(c.Operator)
	if !ok {
		return maybe
	}
	have := e.context(lowKey(c.Key))
	if op.kind == opNull {
		return nullHolds(c.Values, len(have) > 0)
	}
	if len(have) == 0 {
		return absentHolds(op)
	}
	answer := asTruth(e.quantified(op, c.Values, have))
	if op.kind != opFold {
		return answer
	}
	// No page says how letters outside ASCII compare: see lower.
	op.kind = opFoldASCII
	if asTruth(e.quantified(op, c.Values, have)) != answer {
		return maybe
	}
	return answer
}

// quantified combines the answers for the values of one key: all of them, any
// of them, and without a quantifier any for a positive operator and all for a
// negated one.
func (e *evaluation) quantified(op operator, want, have []string) bool {
	matched, total := 0, len(have)
	for _, h := range have {
		if e.anyMatches(op, want, h) != op.negated {
			matched++
		}
	}
	if op.quantifier == forAllValues || (op.quantifier == plain && op.negated) {
		return matched == total
	}
	return matched > 0
}

func nullHolds(values []string, present bool) truth {
	for _, v := range values {
		if lower(v) == "true" && !present || lower(v) == "false" && present {
			return yes
		}
	}
	return no
}

// absentHolds is the answer of an operator for a key that the request lacks
// (IAM pages "Condition operators" and "Multivalued context keys").
func absentHolds(op operator) truth {
	switch op.quantifier {
	case forAllValues:
		return yes
	case forAnyValue:
		return asTruth(op.ifExists)
	}
	return asTruth(op.ifExists || op.negated)
}

func asTruth(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (e *evaluation) anyMatches(op operator, want []string, have string) bool {
	for _, w := range want {
		if g, ok := e.expand(e.glyphs[:0], w); ok && e.valueMatches(op, w, g, have) {
			return true
		}
	}
	return false
}

func (e *evaluation) valueMatches(op operator, want string, g []glyph, have string) bool {
	switch op.kind {
	case opLike:
		return e.matches(g, have)
	case opARN:
		return e.arnMatches(g, have)
	}
	text := e.plainText(want, g)
	switch op.kind {
	case opString:
		return text == have
	case opFold:
		return strings.EqualFold(text, have)
	case opFoldASCII:
		return lower(text) == lower(have)
	case opBool:
		text = lower(text)
		return (text == "true" || text == "false") && text == lower(have)
	case opIP:
		w, ok := parsePrefix(text)
		h, ok2 := parsePrefix(have)
		return ok && ok2 && w.Contains(h.Addr()) && w.Bits() <= h.Bits()
	case opNumeric:
		w, ok := parseNumber(text)
		h, ok2 := parseNumber(have)
		return ok && ok2 && compares(op.compare, h, w)
	case opDate:
		w, ok := parseDate(text)
		h, ok2 := parseDate(have)
		return ok && ok2 && compares(op.compare, float64(h.Unix()), float64(w.Unix()))
	case opBinary:
		w, err := base64.StdEncoding.DecodeString(text)
		h, err2 := base64.StdEncoding.DecodeString(have)
		return err == nil && err2 == nil && string(w) == string(h)
	}
	return false
}

func compares(c comparison, have, want float64) bool {
	switch c {
	case less:
		return have < want
	case lessEqual:
		return have <= want
	case greater:
		return have > want
	case greaterEqual:
		return have >= want
	}
	return have == want
}

// arnMatches compares ARNs part by part; a wildcard does not cross a colon
// except in the last part. The pattern "*" alone matches every ARN.
func (e *evaluation) arnMatches(want []glyph, have string) bool {
	if len(want) == 1 && want[0] == (glyph{'*', true}) {
		return true
	}
	for range 5 {
		at := slices.IndexFunc(want, func(g glyph) bool { return g.r == ':' })
		part, rest, ok := strings.Cut(have, ":")
		if at < 0 || !ok || !e.matches(want[:at], part) {
			return false
		}
		want, have = want[at+1:], rest
	}
	return e.matches(want, have)
}
