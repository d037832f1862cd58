// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// Eight copies of one byte, for work on eight bytes at a time.
const (
	ones    = 0x0101010101010101
	twos    = 0x0202020202020202
	highs   = 0x8080808080808080
	slashes = 0x5c5c5c5c5c5c5c5c
	limits  = 0x2121212121212121
)

// stops marks the bytes of x at which a string may end: quotes, backslashes and
// control characters. The lowest bit that is set is the high bit of such a byte;
// higher ones mean nothing. Flipping the second bit takes the quote (0x22) to
// 0x20, next to the control characters, and nothing else below 0x21.
func stops(x uint64) uint64 {
	y, e := x^twos, x^slashes
	return ((y-limits)&^y | (e-ones)&^e) & highs
}

// stringEnd finds the end of the JSON string whose text begins at i. b[end] is
// the closing quote, or else the control byte that no string may hold (beyond
// the data: the padding). plain says that the text has neither escapes nor
// bytes beyond ASCII and can be used as it stands.
func stringEnd(b []byte, i int) (end int, plain bool) {
	var seen uint64
	plain = true
	for {
		p := b[i : i+16]
		x, y := binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint64(p[8:])
		s, t := stops(x), stops(y)
		seen |= x | y
		if s|t == 0 {
			i += 16
			continue
		}
		n := bits.TrailingZeros64(t)>>3 + 8
		if s != 0 {
			n = bits.TrailingZeros64(s) >> 3
		}
		i += n
		if b[i] != '\\' {
			return i, plain && seen&highs == 0
		}
		plain = false
		i += 2
	}
}

// skipString is stringEnd for a text that nobody wants.
func skipString(b []byte, i int) int {
	for {
		stop := stops(binary.LittleEndian.Uint64(b[i : i+8]))
		if stop == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(stop) >> 3
		if b[i] != '\\' {
			return i
		}
		i += 2
	}
}

// unquote appends the text of a JSON string (without its quotes) to dst. Like
// encoding/json it writes U+FFFD for bytes that are not UTF-8 and for halves of
// surrogate pairs. ok is false where an escape is malformed.
func unquote(dst, text []byte) (out []byte, ok bool) {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\\':
			var n int
			if dst, n = unescape(dst, text[i:]); n == 0 {
				return dst, false
			}
			i += n
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRune(text[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return dst, true
}

// unescape appends the character that the escape at the start of text stands
// for, and says how long the escape is; 0 means that it is malformed.
func unescape(dst, text []byte) ([]byte, int) {
	if len(text) < 2 {
		return dst, 0
	}
	switch c := text[1]; c {
	case '"', '\\', '/':
		return append(dst, c), 2
	case 'b':
		return append(dst, '\b'), 2
	case 'f':
		return append(dst, '\f'), 2
	case 'n':
		return append(dst, '\n'), 2
	case 'r':
		return append(dst, '\r'), 2
	case 't':
		return append(dst, '\t'), 2
	case 'u':
		return unescapeUnicode(dst, text)
	}
	return dst, 0
}

func unescapeUnicode(dst, text []byte) ([]byte, int) {
	r := hex4(text)
	if r < 0 {
		return dst, 0
	}
	if !utf16.IsSurrogate(r) {
		return utf8.AppendRune(dst, r), 6
	}
	if pair := utf16.DecodeRune(r, hex4(text[6:])); pair != utf8.RuneError {
		return utf8.AppendRune(dst, pair), 12
	}
	return utf8.AppendRune(dst, utf8.RuneError), 6
}

// hex4 reads \uXXXX; -1 means that it is something else.
func hex4(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range text[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}
