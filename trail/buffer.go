// SPDX-License-Identifier: Apache-2.0

package trail

import "io"

const (
	// padding is the number of NUL bytes that always follow the data in the
	// buffer. They stop every loop of the sieve, and let it load sixteen bytes
	// at any place of the data, so the loops need no check of their own.
	padding = 32

	// lookBehind is how much before the current place stays in the buffer, to
	// tell in which column of a line a record began.
	lookBehind = 80

	maxEmptyReads = 100
)

// scanner holds the state of one Scan, or of the text inside a wrapper (then it
// is the child of another and has no reader).
type scanner struct {
	r       io.Reader
	buf     []byte // buf[pos:end] is unread, padding follows end
	pos     int
	end     int
	base    int64 // offset in the stream of buf[0]
	shifted bool  // buf[0] is not the first byte
	eof     bool
	readErr error

	opts   Options
	stats  *Stats
	visit  func(h *Header, raw []byte) error
	onSkip func(Skip)

	stack []frame
	cut   bool // the end was reported as truncated
	loose bool // scanning was resynchronised: stray brackets are expected
	junk  bool // junk was reported and nothing better came since

	wasted int // bytes read in vain since the last good record
	mark   []byte

	// The object being read.
	h       Header
	stamp   []byte // @timestamp
	seen    fields
	wrong   fields
	scratch []byte // unescaped header texts
	kinds   []byte // the brackets that are open, by depth

	// Wrappers.
	child   *scanner
	account []byte   // of the enclosing envelope
	pinned  bool     // offsets inside this text are the offset of the whole
	level   int      // wrappers around this text
	strings int      // of these, strings that hold JSON
	list    []member // of the object at hand
	table   []Encoding
}

// data is the unread and the kept bytes with their padding.
func (s *scanner) data() []byte { return s.buf[:s.end+padding] }

func (s *scanner) offset(i int) int64 {
	if s.pinned {
		return s.base
	}
	return s.base + int64(i)
}

// fill reads more input and keeps everything from pos on. It reports whether
// there is more than before; what was at index i is now at i - (old pos - new
// pos). The buffer is filled up before anything is looked at, so that the
// result never depends on how the reader cuts the stream.
func (s *scanner) fill() bool {
	if s.eof {
		return false
	}
	if keep := s.pos - lookBehind; keep > 0 {
		copy(s.buf, s.buf[keep:s.end])
		s.base += int64(keep)
		s.shifted = true
		s.pos -= keep
		s.end -= keep
	}
	if s.end >= len(s.buf)-padding {
		bigger := make([]byte, 2*len(s.buf))
		copy(bigger, s.buf[:s.end])
		s.buf = bigger
	}
	before := s.end
	s.read()
	s.stats.Bytes += int64(s.end - before)
	clear(s.buf[s.end : s.end+padding])
	return s.end > before
}

func (s *scanner) read() {
	limit := len(s.buf) - padding
	for empty := 0; s.end < limit; {
		n, err := s.r.Read(s.buf[s.end:limit])
		if n < 0 || n > limit-s.end {
			n, err = 0, io.ErrNoProgress
		}
		s.end += n
		if err != nil {
			s.eof = true
			if err != io.EOF {
				s.readErr = err
			}
			return
		}
		if n > 0 {
			empty = 0
			continue
		}
		if empty++; empty >= maxEmptyReads {
			s.eof, s.readErr = true, io.ErrNoProgress
			return
		}
	}
}

// peek returns the next byte that is not a blank; it is then at pos.
func (s *scanner) peek() (byte, bool) {
	for {
		b := s.data()
		i := s.pos
		for i < s.end && blank[b[i]] {
			i++
		}
		s.pos = i
		if i < s.end {
			return b[i], true
		}
		if !s.fill() {
			return 0, false
		}
	}
}

func (s *scanner) skip(i int, reason string) {
	s.stats.Skipped++
	if s.onSkip != nil {
		s.onSkip(Skip{Offset: s.offset(i), Reason: reason})
	}
}
