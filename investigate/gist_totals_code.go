// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"slices"
	"strings"
)

func comparePatterns(a, b pattern) int {
	return cmp.Or(cmp.Compare(a.principal, b.principal), cmp.Compare(a.address, b.address), cmp.Compare(a.name, b.name),
		cmp.Compare(a.agent, b.agent), cmp.Compare(a.region, b.region), cmp.Compare(order(a.failed), order(b.failed)))
}

func order(is bool) int { return map[bool]int{true: 1}[is] }

func compareNoted(a, b noted) int {
	return cmp.Or(cmp.Compare(a.principal, b.principal), cmp.Compare(a.name, b.name), cmp.Compare(a.err, b.err), cmp.Compare(a.hour, b.hour))
}

func compareScopes(a, b scope) int {
	return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.region, b.region), cmp.Compare(a.day, b.day))
}

// encode writes the totals, in the order of their words: that in which the file's
// records name them.
func (s *totals) encode() []byte {
	p := &pen{}
	p.list(len(s.texts), func(i int) { p.plain(s.texts[i]) })
	p.count(uint64(len(s.alike)))
	for k, a := range ordered(s.alike, comparePatterns) {
		for _, w := range [...]word{k.principal, k.address, k.name, k.agent, k.region} {
			p.count(uint64(w))
		}
		p.flag(k.failed)
		p.alike(a)
	}
	p.count(uint64(len(s.hours)))
	for who, of := range ordered(s.hours, cmp.Compare) {
		p.count(uint64(who))
		p.numbers(of[:])
	}
	p.count(uint64(len(s.covered)))
	for of, slots := range ordered(s.covered, compareScopes) {
		p.count(uint64(of.account))
		p.count(uint64(of.region))
		p.number(of.day)
		for _, bits := range slots {
			p.fixed(bits)
		}
	}
	p.count(uint64(len(s.noted)))
	for k, one := range ordered(s.noted, compareNoted) {
		for _, w := range [...]word{k.principal, k.name, k.err, one.address} {
			p.count(uint64(w))
		}
		p.number(k.hour)
		p.plain(one.id)
		p.alike(&one.alike)
	}
	p.count(uint64(len(s.keys)))
	for id, seconds := range ordered(s.keys, strings.Compare) {
		p.plain(id)
		p.number(seconds)
	}
	p.count(uint64(len(s.logged)))
	for bucket, at := range ordered(s.logged, strings.Compare) {
		p.plain(bucket)
		p.numbers(at[:])
	}
	return p.text
}

func (p *pen) alike(a *alike) {
	p.number(a.first)
	p.number(a.last - a.first)
	p.list(len(a.ids), func(i int) { p.fixed(a.ids[i]) })
	p.numbers(a.days)
}

func (r *reader) alike(into *alike) {
	into.first = r.number()
	into.last = into.first + r.number()
	into.ids, into.days = into.ids[:0], into.days[:0]
	r.list(func() { into.ids = append(into.ids, r.fixed()) })
	r.list(func() { into.days = append(into.days, r.number()) })
}

// translated are a file's words in those of all.
type translated []word

func (t translated) word(r *reader) word {
	n := r.count()
	if n >= uint64(len(t)) {
		r.fail()
		return 0
	}
	return t[n]
}

// merge adds the totals that encode wrote.
func (s *totals) merge(text []byte) error {
	r := &reader{text: text}
	var t translated
	r.list(func() { t = append(t, s.bytes(r.bytes())) })
	var one alike
	r.list(func() {
		k := pattern{t.word(r), t.word(r), t.word(r), t.word(r), t.word(r), r.flag()}
		if r.alike(&one); r.err == nil {
			s.mergeAlike(k, &one)
		}
	})
	r.list(func() {
		who, hour := t.word(r), 0
		r.list(func() {
			if seconds := r.number(); seconds > 0 && hour < 24 && r.err == nil {
				s.hour(who, seconds)
			}
			hour++
		})
	})
	r.list(func() {
		of := scope{t.word(r), t.word(r), r.number()}
		if of.day < 0 || r.err != nil {
			r.fail() // no record is from before 1970
			return
		}
		have, ok := s.covered[of]
		if !ok {
			have = &[3]uint64{}
			s.covered[of] = have
		}
		for i := range have {
			have[i] |= r.fixed()
		}
	})
	r.list(func() {
		k := noted{principal: t.word(r), name: t.word(r), err: t.word(r)}
		of := &notedSum{address: t.word(r)}
		k.hour, of.id = r.number(), r.plain()
		if r.alike(&of.alike); r.err == nil {
			s.noteSum(k, of)
		}
	})
	r.list(func() {
		id := r.plain()
		s.key(id, r.number())
	})
	r.list(func() {
		bucket := r.plain()
		r.list(func() { s.logAt(bucket, r.number()) })
	})
	return r.err
}

func (s *totals) mergeAlike(k pattern, one *alike) {
	if have, ok := s.alike[k]; ok {
		have.merge(one)
		return
	}
	s.alike[k] = &alike{one.first, one.last, slices.Clone(one.ids), slices.Clone(one.days)}
}

func (s *totals) logAt(bucket string, seconds int64) {
	if have, ok := s.logged[bucket]; ok {
		have[0], have[1] = min(have[0], seconds), max(have[1], seconds)
		return
	}
	s.logged[bucket] = &[2]int64{seconds, seconds}
}
