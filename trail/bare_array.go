// SPDX-License-Identifier: Apache-2.0

package trail

// listStep reads the next element of a list, compact or pretty-printed: a list
// of records by itself, or the one in a wrapper.
func (s *scanner) listStep(c byte) error {
	switch c {
	case ',':
		s.pos++
		return nil
	case ']':
		s.pos++
		s.pop()
		return nil
	case '}', ':':
		// Left over where the record before was not read whole.
		if s.loose {
			s.pos++
			return nil
		}
	}
	return s.next(c)
}
