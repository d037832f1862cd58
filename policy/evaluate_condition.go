// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/base64"
	"strings"
)

// glyph is one character of a pattern; meta marks "*" and "?" that stand for
// other characters.
type glyph struct {
	r    rune
	meta bool
}

func glyphs(s string) []glyph {
	out := make([]glyph, 0, len(s))
	for _, r := range s {
		out = append(out, glyph{r, r == '*' || r == '?'})
	}
	return out
}

// expand replaces the policy variables of a text; false means that one has no
// value and no default.
func (e *evaluation) expand(s string) ([]glyph, bool) {
	if !e.variables {
		return glyphs(s), true
	}
	var out []glyph
	for s != "" {
		at := strings.Index(s, "${")
		if at < 0 {
			return append(out, glyphs(s)...), true
		}
		out = append(out, glyphs(s[:at])...)
		key, def, hasDef, rest, ok := splitVariable(s[at:])
		if !ok {
			out = append(out, glyphs("${")...)
			s = s[at+2:]
			continue
		}
		s = rest
		text := key
		if key != "*" && key != "?" && key != "$" {
			values := e.context[key]
			switch {
			case len(values) == 1:
				text = values[0]
			case hasDef:
				text = def
			default:
				return nil, false
			}
		}
		for _, r := range text {
			out = append(out, glyph{r: r})
		}
	}
	return out, true
}

// matchGlyphs matches by a table of prefixes, so that no pattern takes more
// than the product of both lengths.
func matchGlyphs(pattern []glyph, text string) bool {
	runes := []rune(text)
	row := make([]bool, len(runes)+1)
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

func plainText(g []glyph) string {
	var b strings.Builder
	for _, x := range g {
		b.WriteRune(x.r)
	}
	return b.String()
}

// holds judges one condition of the statement (semantics C.4).
func (e *evaluation) holds(c Condition, void *bool) truth {
	op, ok := parseOperator(c.Operator)
	if !ok {
		return maybe
	}
	have, present := e.context[lowKey(c.Key)]
	present = present && len(have) > 0
	if op.kind == opNull {
		return nullHolds(c.Values, present)
	}
	want := make([][]glyph, 0, len(c.Values))
	for _, v := range c.Values {
		g, ok := e.expand(v)
		if !ok {
			*void = true
			continue
		}
		want = append(want, g)
	}
	if !present {
		return absentHolds(op)
	}
	matched := 0
	for _, h := range have {
		if anyMatches(op, want, h) != op.negated {
			matched++
		}
	}
	return asTruth(quantified(op, matched, len(have)))
}

// quantified combines the answers for the values of one key: all of them, any
// of them, and without a quantifier any for a positive operator and all for a
// negated one.
func quantified(op operator, matched, total int) bool {
	if op.quantifier == forAllValues || (op.quantifier == plain && op.negated) {
		return matched == total
	}
	return matched > 0
}

func nullHolds(values []string, present bool) truth {
	for _, v := range values {
		if strings.EqualFold(v, "true") && !present || strings.EqualFold(v, "false") && present {
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

func anyMatches(op operator, want [][]glyph, have string) bool {
	for _, w := range want {
		if valueMatches(op, w, have) {
			return true
		}
	}
	return false
}

func valueMatches(op operator, want []glyph, have string) bool {
	switch op.kind {
	case opLike:
		return matchGlyphs(want, have)
	case opARN:
		return arnMatches(want, have)
	}
	text := plainText(want)
	switch op.kind {
	case opString:
		return text == have
	case opFold:
		return strings.EqualFold(text, have)
	case opBool:
		return (strings.EqualFold(text, "true") || strings.EqualFold(text, "false")) && strings.EqualFold(text, have)
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
func arnMatches(want []glyph, have string) bool {
	if len(want) == 1 && want[0] == (glyph{'*', true}) {
		return true
	}
	parts := strings.SplitN(have, ":", 6)
	var patterns [][]glyph
	start := 0
	for i, g := range want {
		if g.r == ':' && len(patterns) < 5 {
			patterns = append(patterns, want[start:i])
			start = i + 1
		}
	}
	patterns = append(patterns, want[start:])
	if len(parts) != 6 || len(patterns) != 6 {
		return false
	}
	for i := range parts {
		if !matchGlyphs(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}
