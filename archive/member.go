// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
)

// eachMember calls f with the name, as written between its quotes, and the
// place of the value, of every member of the JSON object b, until f returns
// false. b is an object whose brackets and strings the scanner has found to
// match; what is malformed ends the walk. jump may tell how long a value is, and
// so save passing over it; 0 where it does not know.
func eachMember(b []byte, jump func(at int) int, f func(name []byte, from, to int) bool) {
	i := blank(b, 0)
	if i >= len(b) || b[i] != '{' {
		return
	}
	i = blank(b, i+1)
	for i < len(b) && b[i] == '"' {
		end := textEnd(b, i)
		if end < 0 {
			return
		}
		name := b[i+1 : end-1]
		i = blank(b, end)
		if i >= len(b) || b[i] != ':' {
			return
		}
		i = blank(b, i+1)
		size := 0
		if jump != nil && i < len(b) {
			size = jump(i)
		}
		if size == 0 {
			if size = valueSize(b[i:]); size <= 0 {
				return
			}
		}
		if !f(name, i, i+size) {
			return
		}
		i = blank(b, i+size)
		if i >= len(b) || b[i] != ',' {
			return
		}
		i = blank(b, i+1)
	}
}

func blank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// textEnd is the index after the string that begins at i; negative without end.
func textEnd(b []byte, i int) int {
	for i++; i+8 <= len(b); {
		stop := quotes(binary.LittleEndian.Uint64(b[i:]))
		if stop == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(stop) >> 3
		if b[i] == '"' {
			return i + 1
		}
		i += 2
	}
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return -1
}

// quotes marks the quotes and backslashes among the eight bytes of x, of which
// the first is the lowest bit that is set; higher ones mean nothing.
func quotes(x uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	q, s := x^('"'*ones), x^('\\'*ones)
	return ((q-ones)&^q | (s-ones)&^s) & highs
}

// valueSize is the length of the value that b begins with; 0 for none.
func valueSize(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '"':
		return max(0, textEnd(b, 0))
	case '{', '[':
		return nestedSize(b)
	}
	i := 0
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] > ' ' {
		i++
	}
	return i
}

func nestedSize(b []byte) int {
	depth := 0
	for i := 0; i < len(b); {
		switch b[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			end := textEnd(b, i)
			if end < 0 {
				return 0
			}
			i = end
			continue
		}
		i++
	}
	return 0
}

// text is what a string, a number, true or false says; nil for null and for
// objects. Of a list of one value, that value: so old records wrap headers.
func text(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	switch value[0] {
	case '"':
		if len(value) < 2 {
			return nil
		}
		if bytes.IndexByte(value, '\\') < 0 {
			return value[1 : len(value)-1]
		}
		var s string
		if json.Unmarshal(value, &s) != nil {
			return nil
		}
		return []byte(s)
	case '[':
		var list []json.RawMessage
		if json.Unmarshal(value, &list) != nil || len(list) != 1 || list[0][0] == '[' {
			return nil
		}
		return text(list[0])
	case '{', 'n':
		return nil
	}
	return value
}
