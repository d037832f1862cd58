// SPDX-License-Identifier: Apache-2.0

package account

import (
	"fmt"
	"io"
)

// maxDepth is how deep elements of an answer may lie in each other; the deepest
// that are asked for lie eight deep. A decoder keeps every element that is open.
const maxDepth = 64

// shallow fails where the XML that it passes on is deeper than maxDepth, or holds
// a declaration (<!…>), which no answer of S3 has and behind which tags can hide.
type shallow struct {
	r       io.Reader
	depth   int
	state   xmlState
	quote   byte // inside a tag: the quotation mark that is open
	closing bool // inside a tag: it began with </
	last    byte
}

type xmlState int8

const (
	inText xmlState = iota
	afterAngle
	inTag
	inInstruction
)

func (s *shallow) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	for i, c := range p[:n] {
		if problem := s.next(c); problem != "" {
			return i, &answerError{problem}
		}
	}
	return n, err
}

func (s *shallow) next(c byte) string {
	last := s.last
	s.last = c
	switch s.state {
	case inText:
		if c == '<' {
			s.state = afterAngle
		}
	case afterAngle:
		s.closing, s.quote, s.state = c == '/', 0, inTag
		switch c {
		case '!':
			return "the answer holds a declaration (<!), which no answer of S3 does: does a proxy answer in the place of AWS?"
		case '?':
			s.state = inInstruction
		}
	case inInstruction:
		if c == '>' && last == '?' {
			s.state = inText
		}
	case inTag:
		return s.tag(c, last)
	}
	return ""
}

func (s *shallow) tag(c, last byte) string {
	switch {
	case s.quote != 0:
		if c == s.quote {
			s.quote = 0
		}
		return ""
	case c == '"' || c == '\'':
		s.quote = c
		return ""
	case c != '>':
		return ""
	}
	s.state = inText
	switch {
	case s.closing:
		s.depth = max(0, s.depth-1)
	case last != '/':
		s.depth++
	}
	if s.depth > maxDepth {
		return fmt.Sprintf("the answer's elements lie more than %d deep in each other", maxDepth)
	}
	return ""
}
