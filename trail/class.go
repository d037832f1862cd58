// SPDX-License-Identifier: Apache-2.0

package trail

// What a byte means outside of strings.
const (
	classBad   = iota // cannot stand there; NUL, and so the padding, among them
	classOther        // blanks, commas, colons, numbers and true, false, null
	classQuote
	classOpen
	classClose
)

var class = classes()

func classes() (t [256]uint8) {
	for _, c := range []byte(" \t\r\n,:0123456789+-.eEtrufalsn") {
		t[c] = classOther
	}
	t['"'] = classQuote
	t['{'], t['['] = classOpen, classOpen
	t['}'], t[']'] = classClose, classClose
	return t
}

// blank are the bytes between JSON values. The record separator of JSON text
// sequences (RFC 7464) is none inside a record, but may stand between records.
var blank = [256]bool{' ': true, '\t': true, '\r': true, '\n': true, 0x1e: true}

// literal are the bytes of numbers and of true, false and null.
var literal = literals()

func literals() (t [256]bool) {
	for _, c := range []byte("0123456789+-.eEtrufalsn") {
		t[c] = true
	}
	return t
}

func space(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r' {
		i++
	}
	return i
}

func literalEnd(b []byte, i int) int {
	for literal[b[i]] {
		i++
	}
	return i
}
