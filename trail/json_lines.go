// SPDX-License-Identifier: Apache-2.0

package trail

import "bytes"

// streamStep reads the next of values that follow each other, with or without
// line breaks or commas between them: JSON Lines, concatenated JSON, JSON text
// sequences.
func (s *scanner) streamStep(c byte) error {
	switch c {
	case ',':
		s.pos++
		return nil
	case ']', '}':
		if s.loose {
			s.pos++
			return nil
		}
	}
	return s.next(c)
}

// notJSON names what stands at pos, where a value should, and goes to where one
// may begin.
func (s *scanner) notJSON(c byte) {
	if s.frame() == inList {
		// A number, true, false or null is in its place, if of no use.
		if i, ok := s.literal(); ok {
			s.report(s.pos, "not an object where a record was expected")
			s.pos = i
			return
		}
	}
	reason := "not JSON"
	switch c {
	case '<':
		reason = "HTML or XML, not JSON"
	case 0:
		reason = "NUL bytes, not JSON"
	}
	s.report(s.pos, reason)
	s.resync(s.pos)
}

// literal finds the end of the number or word at pos.
func (s *scanner) literal() (int, bool) {
	const longest = 64
	for s.end-s.pos < longest && s.fill() {
	}
	b := s.data()
	i := literalEnd(b, s.pos)
	return i, i > s.pos && i-s.pos < longest && bytes.IndexByte([]byte(",] \t\r\n"), b[i]) >= 0
}
