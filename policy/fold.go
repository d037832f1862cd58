// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// AWS compares the names of actions, condition keys and operators without regard to
// case, and so does StringEqualsIgnoreCase. No page says what that means for letters
// outside ASCII, of which some have relatives in it. What depends on it is not
// settled.

// lower gives a text with its ASCII letters in lower case.
func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// lowerLoosely is the same, and puts ASCII letters for those that may stand for
// them.
func lowerLoosely(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return lower(asASCII.Replace(s))
}

// relatives are the letters outside ASCII that some way of folding takes for the
// ASCII letters behind them: the long s, the sign of the Kelvin, the i without a dot
// and the I with one.
var relatives = []string{"ſ", "s", "\u212a", "k", "ı", "i", "İ", "i"}

var asASCII = strings.NewReplacer(relatives...)

// relative gives the first such letter of a text, or "".
func relative(s string) string {
	if isASCII(s) {
		return ""
	}
	for i := 0; i < len(relatives); i += 2 {
		if strings.Contains(s, relatives[i]) {
			return relatives[i]
		}
	}
	return ""
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// hasOtherCase says whether a text has a letter outside ASCII that another letter is
// equal to without regard to case.
func hasOtherCase(s string) bool {
	return !isASCII(s) && strings.ContainsFunc(s, func(r rune) bool {
		return r > unicode.MaxASCII && (unicode.SimpleFold(r) != r || relative(string(r)) != "")
	})
}

// alikeKeys gives the keys of a policy that may be other spellings of each other.
func alikeKeys(keys mentions) (out map[string]bool) {
	if !slices.ContainsFunc(keys, func(k string) bool { return !isASCII(k) }) {
		return nil
	}
	first := map[string]string{}
	for _, key := range keys {
		folded := foldText(asASCII.Replace(key))
		one, known := first[folded]
		if !known {
			first[folded] = key
			continue
		}
		if out == nil {
			out = map[string]bool{}
		}
		out[one], out[key] = true, true
	}
	return out
}

// unsureFolds gives the conditions of a policy that compare without regard to case
// where the answer may hang on letters outside ASCII. A condition that is alone about
// its key does not: whoever passes can write the value as it stands, and whoever is
// to differ can differ by more than case.
func unsureFolds(d *Document) (out map[*Condition]bool) {
	var unsure []*Condition
	for i := range d.Statements {
		for j := range d.Statements[i].Conditions {
			c := &d.Statements[i].Conditions[j]
			if op, ok := parseOperator(c.Operator); ok && op.kind == opFold && slices.ContainsFunc(c.Values, hasOtherCase) {
				unsure = append(unsure, c)
			}
		}
	}
	if len(unsure) == 0 {
		return nil
	}
	uses := usesOf(d)
	for _, c := range unsure {
		if uses[lowKey(c.Key)] > 1 || slices.ContainsFunc(c.Values, func(v string) bool { return relative(v) != "" }) {
			if out == nil {
				out = map[*Condition]bool{}
			}
			out[c] = true
		}
	}
	return out
}

// usesOf counts the conditions and variables of each key.
func usesOf(d *Document) map[string]int {
	uses := map[string]int{}
	for i := range d.Statements {
		for _, c := range d.Statements[i].Conditions {
			uses[lowKey(c.Key)]++
		}
		for _, key := range variablesIn(&d.Statements[i]) {
			uses[key]++
		}
	}
	return uses
}
