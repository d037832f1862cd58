// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"encoding/binary"
	"errors"
	"strings"
)

// ErrGist says that a gist does not hold what it should: its records are to be
// read instead.
var ErrGist = errors.New("an index does not hold what it should")

// pen writes numbers and texts. A word is a text that repeats: it is written
// once, and by its number after that.
type pen struct {
	text  []byte
	words map[string]uint64
}

func (p *pen) number(n int64)    { p.text = binary.AppendVarint(p.text, n) }
func (p *pen) count(n uint64)    { p.text = binary.AppendUvarint(p.text, n) }
func (p *pen) fixed(n uint64)    { p.text = binary.LittleEndian.AppendUint64(p.text, n) }
func (p *pen) plain(s string)    { p.count(uint64(len(s))); p.text = append(p.text, s...) }
func (p *pen) flag(is bool)      { p.count(map[bool]uint64{true: 1}[is]) }
func (p *pen) section(o *pen)    { p.count(uint64(len(o.text))); p.text = append(p.text, o.text...) }
func (p *pen) seen(s seen)       { p.number(s.first); p.number(s.last - s.first); p.plain(s.id) }
func (p *pen) numbers(a []int64) { p.list(len(a), func(i int) { p.number(a[i]) }) }

func (p *pen) list(n int, each func(i int)) {
	p.count(uint64(n))
	for i := range n {
		each(i)
	}
}

func (p *pen) word(s string) {
	if p.words == nil {
		p.words = map[string]uint64{}
	}
	if n, ok := p.words[s]; ok {
		p.count(n)
		return
	}
	p.words[s] = uint64(len(p.words) + 1)
	p.count(0)
	p.plain(s)
}

// reader reads what a pen wrote. After an error it gives zeros.
type reader struct {
	text  []byte
	words []string
	err   error
}

func (r *reader) fail() {
	r.err, r.text = ErrGist, nil
}

func (r *reader) count() uint64 {
	n, size := binary.Uvarint(r.text)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.text = r.text[size:]
	return n
}

func (r *reader) number() int64 {
	n, size := binary.Varint(r.text)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.text = r.text[size:]
	return n
}

func (r *reader) fixed() uint64 {
	if len(r.text) < 8 {
		r.fail()
		return 0
	}
	n := binary.LittleEndian.Uint64(r.text)
	r.text = r.text[8:]
	return n
}

func (r *reader) bytes() []byte {
	n := r.count()
	if n > uint64(len(r.text)) {
		r.fail()
		return nil
	}
	out := r.text[:n:n]
	r.text = r.text[n:]
	return out
}

func (r *reader) plain() string { return string(r.bytes()) }

func (r *reader) flag() bool { return r.count() == 1 }

func (r *reader) seen() seen {
	s := seen{first: r.number()}
	s.last = s.first + r.number()
	s.id = r.plain()
	return s
}

// list calls each as often as a number says that is not more than bytes are left.
func (r *reader) list(each func()) {
	n := r.count()
	if n > uint64(len(r.text)) {
		r.fail()
	}
	for ; n > 0 && r.err == nil; n-- {
		each()
	}
}

func (r *reader) word() string {
	n := r.count()
	switch {
	case r.err != nil:
	case n == 0:
		r.words = append(r.words, strings.Clone(r.plain()))
		return r.words[len(r.words)-1]
	case n <= uint64(len(r.words)):
		return r.words[n-1]
	default:
		r.fail()
	}
	return ""
}

// section reads a part that can be left before its end; its words are its own.
func (r *reader) section() *reader { return &reader{text: r.bytes()} }
