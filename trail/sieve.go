// SPDX-License-Identifier: Apache-2.0

package trail

// status says how the reading of a value ended.
type status uint8

const (
	statusOK     status = iota
	statusMore          // the data ended inside the value
	statusSyntax        // not JSON
	statusDeep          // nested deeper than Options.MaxDepth
	statusList          // a wrapper: its list of records begins
)

// stop is the status for an unexpected byte at i: beyond the data it is the
// padding.
func (s *scanner) stop(i int) (int, status) {
	if i >= s.end {
		return i, statusMore
	}
	return i, statusSyntax
}

// object reads the object at i, which the sieve takes for a record until the
// end shows otherwise: it fills the header, and notes in seen which members of
// a record there were and in wrong which had a type that they cannot have. With
// statusList the index is that of the list's first element.
func (s *scanner) object(b []byte, i int) (int, status) {
	s.h = Header{}
	s.stamp = nil
	s.seen, s.wrong = 0, 0
	s.scratch = s.scratch[:0]
	s.kinds[1] = '}'
	i = space(b, i+1)
	if b[i] == '}' {
		return i + 1, statusOK
	}
	for {
		key, next, st := s.key(b, i)
		if st != statusOK {
			return next, st
		}
		i, st = s.member(b, next, key)
		if st != statusOK {
			return i, st
		}
		c := b[i]
		if c != ',' && c != '}' {
			i = space(b, i)
			c = b[i]
		}
		i++
		if c == '}' {
			return i, statusOK
		}
		if c != ',' {
			return s.stop(i - 1)
		}
	}
}

// key reads a member's name and the colon. The index is that of the value.
func (s *scanner) key(b []byte, i int) ([]byte, int, status) {
	if b[i] != '"' {
		i = space(b, i)
		if b[i] != '"' {
			i, st := s.stop(i)
			return nil, i, st
		}
	}
	start := i + 1
	end, plain := stringEnd(b, start)
	if b[end] != '"' {
		i, st := s.stop(end)
		return nil, i, st
	}
	key := b[start:end]
	if !plain {
		var ok bool
		if key, ok = s.unquoted(key); !ok {
			return nil, end, statusSyntax
		}
	}
	i = end + 1
	if b[i] != ':' {
		i = space(b, i)
		if b[i] != ':' {
			i, st := s.stop(i)
			return nil, i, st
		}
	}
	i++
	if b[i] <= ' ' {
		i = space(b, i)
	}
	return key, i, statusOK
}

// member reads the value at i of a record's member.
func (s *scanner) member(b []byte, i int, key []byte) (int, status) {
	switch f := recordField(key); f {
	case fieldNone:
		return s.value(b, i)
	case fieldUserIdentity:
		s.seen |= 1 << fieldUserIdentity
		return s.identity(b, i)
	case fieldVersion, fieldInsight:
		s.seen |= 1 << f
		return s.value(b, i)
	case fieldRequest:
		return s.span(b, i, &s.h.Request)
	case fieldResponse:
		return s.span(b, i, &s.h.Response)
	case fieldResources:
		return s.span(b, i, &s.h.Resources)
	case fieldAdditional:
		return s.span(b, i, &s.h.Additional)
	case fieldList:
		if b[i] == '[' && s.seen == 0 {
			return i + 1, statusList
		}
		return s.value(b, i)
	default:
		s.seen |= 1 << f
		return s.scalar(b, i, s.target(f), f)
	}
}

// value passes over the value at i.
func (s *scanner) value(b []byte, i int) (int, status) {
	switch class[b[i]] {
	case classQuote:
		i = skipString(b, i+1)
		if b[i] != '"' {
			return s.stop(i)
		}
		return i + 1, statusOK
	case classOpen:
		return s.nested(b, i, 1)
	}
	end := literalEnd(b, i)
	if end == i || end >= s.end {
		return s.stop(end)
	}
	return end, statusOK
}

// span passes over the value at i and keeps where it stands.
func (s *scanner) span(b []byte, i int, dst *[]byte) (int, status) {
	end, st := s.value(b, i)
	if st == statusOK {
		*dst = b[i:end:end]
	}
	return end, st
}

// nested passes over the object or list at i, which lies within depth others.
func (s *scanner) nested(b []byte, i, depth int) (int, status) {
	kinds := s.kinds
	outer := depth
	for {
		c := b[i]
		switch class[c] {
		case classQuote:
			i = skipString(b, i+1)
			if b[i] != '"' {
				return s.stop(i)
			}
			i++
		case classOther:
			i++
		case classOpen:
			if depth > outer && !opens(b, i, kinds[depth]) {
				return s.stop(i)
			}
			depth++
			if depth > s.opts.MaxDepth {
				return i, statusDeep
			}
			kinds[depth] = c + 2 // '{'+2 is '}', '['+2 is ']'
			i++
		case classClose:
			if kinds[depth] != c {
				return s.stop(i)
			}
			depth--
			i++
			if depth == outer {
				return i, statusOK
			}
		default:
			return s.stop(i)
		}
	}
}

// opens reports whether an object or list may begin at i, inside a bracket that
// kind closes: after a colon in an object, after a comma or the bracket in a
// list. A record whose end was lost runs into the next one; this finds it out.
func opens(b []byte, i int, kind byte) bool {
	i--
	for blank[b[i]] {
		i--
	}
	switch b[i] {
	case ':':
		return kind == '}'
	case ',', '[':
		return kind == ']'
	}
	return false
}

// unquoted returns the text of a string that needs work, in the scratch space.
func (s *scanner) unquoted(text []byte) ([]byte, bool) {
	n := len(s.scratch)
	out, ok := unquote(s.scratch, text)
	s.scratch = out
	return out[n:len(out):len(out)], ok
}
