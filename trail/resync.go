// SPDX-License-Identifier: Apache-2.0

package trail

import "bytes"

const (
	maxMark = 32 // longest beginning of a record that is looked for again
	lookFor = 64 // as much is looked at to judge a place
)

var (
	markVersion = []byte(`{"eventVersion"`)
	markRecords = []byte(`{"Records"`)
)

// resync looks, after the value at pos was found malformed at i, for the next
// place where a record may begin, and goes there:
//   - where an object begins as records do, or as the malformed one did;
//   - where a line begins with an object in the column where the malformed one
//     began its line, or in the first column.
//
// It begins right after the start of the malformed value, because a record that
// lost its end has run into others; unless that was done too often in vain,
// which only input made for the purpose brings about.
//
// Text inside strings is no danger: there a quote has a backslash before it.
func (s *scanner) resync(i int) {
	s.loose = true
	s.mark = appendMark(s.mark[:0], s.buf[s.pos:i])
	column := s.column(s.pos)
	s.wasted += i - s.pos
	if s.wasted > 4*s.opts.MaxRecord {
		s.pos = i
	}
	s.pos = min(s.pos+1, s.end)
	for {
		j := bytes.IndexByte(s.buf[s.pos:s.end], '{')
		if j < 0 {
			s.pos = s.end
			if !s.fill() {
				return
			}
			continue
		}
		s.pos += j
		for s.end-s.pos < lookFor && s.fill() {
		}
		if s.plausible(column) {
			return
		}
		s.pos++
	}
}

// appendMark copies the beginning of an object up to the end of its first
// member's name.
func appendMark(dst, b []byte) []byte {
	if len(b) < 3 || b[0] != '{' || b[1] != '"' {
		return dst
	}
	b = b[:min(len(b), maxMark)]
	if n := bytes.IndexByte(b[2:], '"'); n > 0 {
		return append(dst, b[:n+3]...)
	}
	return dst
}

// column tells how many blanks stand between the beginning of the line and i;
// -1 where there is something else.
func (s *scanner) column(i int) int {
	for j := i - 1; j >= 0 && i-j < lookBehind; j-- {
		switch s.buf[j] {
		case '\n':
			return i - 1 - j
		case ' ', '\t', '\r':
		default:
			return -1
		}
	}
	if !s.shifted && i < lookBehind {
		return i
	}
	return -1
}

// plausible judges the brace at pos.
func (s *scanner) plausible(column int) bool {
	here := s.buf[s.pos:s.end]
	c := s.column(s.pos)
	if c == 0 || bytes.HasPrefix(here, markRecords) {
		s.stack = s.stack[:0] // whatever was open belongs to what is lost
		return true
	}
	if c > 0 && c == column {
		return true
	}
	return bytes.HasPrefix(here, markVersion) || len(s.mark) > 0 && bytes.HasPrefix(here, s.mark)
}
