// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"strings"
	"unicode/utf8"
)

// maxText is the length in bytes to which a column's text is cut. Statistics in
// a file's footer hold whole values; raw holds what was cut.
const maxText = 4096

// maxInterned is how many texts are kept to be shared. What repeats soon comes
// back after the table was emptied.
const maxInterned = 1 << 15

// texts shares equal strings, since most columns repeat a few values.
type texts struct{ known map[string]string }

func newTexts() *texts { return &texts{known: make(map[string]string, 1024)} }

// share returns b as a string for a column: valid UTF-8, not longer than maxText.
func (t *texts) share(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if s, ok := t.known[string(b)]; ok {
		return s
	}
	s := columnText(string(b))
	if len(b) > maxText {
		return s
	}
	if len(t.known) >= maxInterned {
		clear(t.known)
	}
	t.known[string(b)] = s
	return s
}

// columnText makes s fit for a column.
func columnText(s string) string {
	if len(s) > maxText {
		cut := maxText
		for cut > maxText-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = strings.Clone(s[:cut])
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// block is how much memory is taken at once for texts that do not repeat.
const block = 64 << 10

// arena holds texts side by side, so that each is no allocation of its own.
type arena struct{ block *strings.Builder }

func (a *arena) keep(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > block/8 {
		return string(b)
	}
	if a.block == nil || a.block.Cap()-a.block.Len() < len(b) {
		a.block = new(strings.Builder)
		a.block.Grow(block)
	}
	start := a.block.Len()
	a.block.Write(b)
	return a.block.String()[start:]
}
