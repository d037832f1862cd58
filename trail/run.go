// SPDX-License-Identifier: Apache-2.0

package trail

import "fmt"

// frame says what kind of thing the scanner is inside of, between records.
type frame uint8

const (
	inStream  frame = iota // values one after another, the outermost
	inList                 // the values of a list
	inWrapper              // the members of an object, after the list in it
)

const (
	maxFrames = 16

	reasonTruncated = "truncated"
	reasonNested    = "lists or wrappers nested too deep"
)

func (s *scanner) frame() frame {
	if n := len(s.stack); n > 0 {
		return s.stack[n-1]
	}
	return inStream
}

func (s *scanner) pop() { s.stack = s.stack[:len(s.stack)-1] }

// run reads everything from pos to the end. The error is visit's.
func (s *scanner) run() error {
	for {
		c, ok := s.peek()
		if !ok {
			s.finish()
			return nil
		}
		var err error
		switch s.frame() {
		case inStream:
			err = s.streamStep(c)
		case inList:
			err = s.listStep(c)
		case inWrapper:
			s.wrapperStep(c)
		}
		if err != nil {
			return err
		}
	}
}

// finish reports an end that came too early.
func (s *scanner) finish() {
	if len(s.stack) > 0 && !s.cut {
		s.truncated(s.end)
	}
}

func (s *scanner) truncated(i int) {
	s.skip(i, reasonTruncated)
	s.cut = true
	s.pos = s.end
}

// next reads the value at pos, which begins with c.
func (s *scanner) next(c byte) error {
	switch c {
	case '{':
		return s.record()
	case '[':
		s.enterList(s.pos + 1)
		return nil
	case '"':
		return s.quoted()
	}
	s.notJSON(c)
	return nil
}

// enterList goes into a list whose first element is at i.
func (s *scanner) enterList(i int, around ...frame) {
	if len(s.stack)+len(around) >= maxFrames {
		s.skip(s.pos, reasonNested)
		s.passOver()
		return
	}
	s.stack = append(append(s.stack, around...), inList)
	s.pos = i
}

// record reads the object at pos and hands it on.
func (s *scanner) record() error {
	for {
		i, st := s.object(s.data(), s.pos)
		size := i - s.pos
		if st == statusMore {
			size = s.end - s.pos
		}
		switch {
		case size > s.opts.MaxRecord:
			s.skip(s.pos, fmt.Sprintf("record larger than %d bytes", s.opts.MaxRecord))
			s.passOver()
		case st == statusOK:
			start := s.pos
			s.pos = i
			return s.emit(start, i)
		case st == statusMore:
			if s.fill() {
				continue
			}
			s.truncated(s.pos)
		case st == statusDeep:
			s.skip(s.pos, fmt.Sprintf("nested deeper than %d levels", s.opts.MaxDepth))
			s.passOver()
		case st == statusList:
			s.junk = false
			s.enterList(i, inWrapper)
		default:
			s.skip(s.pos, fmt.Sprintf("malformed JSON at offset %d", s.offset(i)))
			s.resync(i)
		}
		return nil
	}
}

// emit hands on the complete object in buf[start:end].
func (s *scanner) emit(start, end int) error {
	s.junk = false
	s.wasted = 0
	h := &s.h
	switch {
	case !isRecord(s.seen):
		return s.unwrap(start, end)
	case s.wrong != 0:
		s.skip(start, wrongType(s.wrong))
		return nil
	case s.seen&(1<<fieldInsight) != 0:
		s.skip(start, reasonInsight)
		return nil
	case isNotification(h.Source):
		s.skip(start, notificationReason(h.Source))
		return nil
	}
	if len(h.Time) == 0 {
		h.Time = s.stamp
	}
	if len(h.RecipientAccountID) == 0 {
		h.RecipientAccountID = s.account
	}
	h.Offset = s.offset(start)
	s.stats.Records++
	return s.visit(h, s.buf[start:end:end])
}

// wrongType names the first field of those in wrong.
func wrongType(wrong fields) string {
	for f := range fieldNames {
		if wrong>>f&1 == 1 {
			return fieldNames[f] + " has the wrong type"
		}
	}
	return "wrong type"
}

// quoted reads the string at pos, which may hold JSON.
func (s *scanner) quoted() error {
	for {
		end, _ := stringEnd(s.data(), s.pos+1)
		switch {
		case min(end, s.end)-s.pos > s.opts.MaxRecord:
			s.report(s.pos, fmt.Sprintf("string larger than %d bytes", s.opts.MaxRecord))
			s.passOver()
			return nil
		case end < s.end:
			return s.text(s.pos, end)
		case !s.fill():
			s.notJSON('"')
			return nil
		}
	}
}

func (s *scanner) text(start, end int) error {
	if s.buf[end] != '"' {
		s.notJSON('"')
		return nil
	}
	value := s.buf[start : end+1]
	if !holdsJSON(value) {
		s.report(start, "a text where a record was expected")
		s.pos = end + 1
		return nil
	}
	s.junk = false
	s.pos = end + 1
	return s.inner(value, start, nil)
}

// report names junk, once for all of it until something better comes.
func (s *scanner) report(i int, reason string) {
	if !s.junk {
		s.skip(i, reason)
	}
	s.junk = true
}
