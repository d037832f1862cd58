// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"math"
	"slices"
)

// sample counts distinct things in bounded memory. Things are known by a hash
// of their id, so that a repeated record counts once. Above its size only those
// are kept whose hash falls in an ever smaller part of the range, and counts
// are scaled up: which ones depends on the set alone, not on its order. With a
// size of n the error is about 1/√n.
type sample struct {
	list     []valued // by id
	halvings uint8
}

type valued struct {
	id    uint64
	value int64
}

func (s *sample) add(id uint64, value int64, size int) {
	if s.halvings > 0 && id>>(64-s.halvings) != 0 {
		return
	}
	at, known := slices.BinarySearchFunc(s.list, id, func(v valued, id uint64) int { return cmp.Compare(v.id, id) })
	if known {
		s.list[at].value = max(s.list[at].value, value) // copies of one record may tell less
		return
	}
	s.list = slices.Insert(s.list, at, valued{id, value})
	for len(s.list) > size {
		s.halve()
	}
}

func (s *sample) halve() {
	s.halvings++
	s.list = slices.DeleteFunc(s.list, func(v valued) bool { return v.id>>(64-s.halvings) != 0 })
}

func (s *sample) merge(other *sample, size int) {
	for s.halvings < other.halvings {
		s.halve()
	}
	for _, v := range other.list {
		s.add(v.id, v.value, size)
	}
}

func (s *sample) has(id uint64) bool {
	_, known := slices.BinarySearchFunc(s.list, id, func(v valued, id uint64) int { return cmp.Compare(v.id, id) })
	return known
}

func (s *sample) count() int64 { return int64(len(s.list)) << s.halvings }

func (s *sample) sum() int64 {
	var n int64
	for _, v := range s.list {
		n += v.value
	}
	return n << s.halvings
}

// idSample is a sample of bare ids in a short list: the smallest hashes seen. It is the form for the many counters of the baseline.
type idSample struct {
	ids      []uint64
	halvings uint8
}

const idSampleSize = 24

func (s *idSample) add(id uint64) {
	if s.halvings > 0 && id>>(64-s.halvings) != 0 {
		return
	}
	for _, have := range s.ids {
		if have == id {
			return
		}
	}
	s.ids = append(s.ids, id)
	for len(s.ids) > idSampleSize {
		s.halve()
	}
}

func (s *idSample) halve() {
	s.halvings++
	kept := s.ids[:0]
	for _, id := range s.ids {
		if id>>(64-s.halvings) == 0 {
			kept = append(kept, id)
		}
	}
	s.ids = kept
}

func (s *idSample) merge(other *idSample) {
	for s.halvings < other.halvings {
		s.halve()
	}
	for _, id := range other.ids {
		s.add(id)
	}
}

// Count is the number of distinct ids: exact while no halving was needed.
func (s *idSample) Count() int64 { return int64(len(s.ids)) << s.halvings }

// Exact reports whether Count is counted and not estimated.
func (s *idSample) Exact() bool { return s.halvings == 0 }

// Bounds are between what the number of distinct ids lies: the same number where
// it is exact, and else a span that holds it in 19 of 20 cases, in two figures.
// Of n ids kept the square root is off by a half or less in two of three cases,
// and by one in 19 of 20, as that of any rare thing that is counted.
func (s *idSample) Bounds() (low, high int64) {
	if s.Exact() {
		return s.Count(), s.Count()
	}
	root, scale := math.Sqrt(float64(len(s.ids))), float64(int64(1)<<s.halvings)
	below := max(idSampleSize+1, (max(root, 1)-1)*(max(root, 1)-1)*scale)
	return twoFigures(below, math.Floor), twoFigures((root+1)*(root+1)*scale, math.Ceil)
}

// twoFigures rounds to two figures.
func twoFigures(n float64, round func(float64) float64) int64 {
	unit := math.Pow(10, max(0, math.Floor(math.Log10(n))-1))
	return int64(round(n/unit) * unit)
}
