// SPDX-License-Identifier: Apache-2.0

package trail

import "fmt"

// passOver goes past the value at pos without holding it in memory, however
// large or deep it is.
func (s *scanner) passOver() {
	if s.pos >= s.end && !s.fill() {
		return
	}
	switch s.buf[s.pos] {
	case '{', '[':
		s.passContainer()
	case '"':
		s.pos++
		s.passString()
	default:
		s.passLiteral()
	}
}

func (s *scanner) passContainer() {
	depth := 0
	for {
		i, left := s.passBrackets(depth)
		depth, s.pos = left, i
		switch {
		case depth == 0:
			return
		case i >= s.end:
			if !s.fill() {
				s.cut = true // the value has been reported
				return
			}
		case s.buf[i] == '"':
			s.pos++
			if !s.passString() {
				return
			}
		default:
			s.malformed()
			return
		}
	}
}

// passBrackets counts brackets from pos on up to a string, the last closing
// bracket, the end of the data or what cannot stand there.
func (s *scanner) passBrackets(depth int) (i, left int) {
	b := s.data()
	for i = s.pos; ; i++ {
		switch class[b[i]] {
		case classOther:
		case classOpen:
			depth++
		case classClose:
			depth--
			if depth == 0 {
				return i + 1, 0
			}
		default:
			return i, depth
		}
	}
}

// passString goes past the rest of a string and reports whether it ended well.
func (s *scanner) passString() bool {
	for {
		i := skipString(s.data(), s.pos)
		if i < s.end {
			s.pos = i + 1
			if s.buf[i] == '"' {
				return true
			}
			s.pos = i
			s.malformed()
			return false
		}
		escaped := i > s.end // the data ended with a backslash
		s.pos = s.end
		if !s.fill() {
			s.cut = true
			return false
		}
		if escaped {
			s.pos++
		}
	}
}

func (s *scanner) passLiteral() {
	for any := false; ; any = true {
		i := literalEnd(s.data(), s.pos)
		any = any || i > s.pos
		s.pos = i
		if i < s.end {
			if !any {
				s.malformed()
			}
			return
		}
		if !s.fill() {
			return
		}
	}
}

// malformed gives up a value that was passed over.
func (s *scanner) malformed() {
	s.report(s.pos, fmt.Sprintf("malformed JSON at offset %d", s.offset(s.pos)))
	if s.frame() == inWrapper {
		s.pop()
	}
	s.resync(s.pos)
}
