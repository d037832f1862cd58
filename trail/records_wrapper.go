// SPDX-License-Identifier: Apache-2.0

package trail

import "fmt"

// wrapperStep goes on with the members of a wrapper after its list: there may
// be another list, or more about the records that is not needed.
func (s *scanner) wrapperStep(c byte) {
	switch c {
	case ',':
		s.pos++
		return
	case '}':
		s.pos++
		s.pop()
		return
	}
	for {
		key, i, st := s.key(s.data(), s.pos)
		switch {
		case st == statusSyntax, min(i, s.end)-s.pos > s.opts.MaxRecord:
			s.skip(s.pos, fmt.Sprintf("malformed JSON at offset %d", s.offset(min(i, s.pos+s.opts.MaxRecord))))
			s.pop()
			s.resync(min(i, s.pos+s.opts.MaxRecord))
			return
		case st == statusOK && i < s.end:
			s.wrapperMember(key, i)
			return
		case !s.fill():
			s.truncated(s.end)
			return
		}
	}
}

func (s *scanner) wrapperMember(key []byte, i int) {
	if recordField(key) == fieldList && s.buf[i] == '[' {
		s.pos = i
		s.enterList(i + 1)
		return
	}
	s.pos = i
	s.passOver()
}

// openRecords reads a wrapper with one object instead of a list, and one that
// has members of a record beside its list.
func openRecords(s *scanner, o *object) (bool, error) {
	value := o.get("Records")
	if value == nil {
		return false, nil
	}
	if value[0] != '{' && value[0] != '[' {
		return string(value) == "null", nil
	}
	return true, s.inner(value, o.at(value), nil)
}
