// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/binary"
	"slices"
)

// Rows are stretches of a file's rows, in order, each from its first row to
// before its second.
type Rows [][2]int64

// Filed finds the rows that were filed under a term, and may be rows of others.
// The error is an *IndexError.
func (x *Index) Filed(term uint64) (Rows, error) {
	return x.find(term%nearBit+1, 1)
}

// Near finds the blocks of rows near which a term was noted.
func (x *Index) Near(term uint64) (Rows, error) {
	return x.find(term%nearBit|nearBit, blockRows)
}

// find reads the shard of a term; each of its runs is of so many rows.
func (x *Index) find(term uint64, each int64) (Rows, error) {
	shard, err := x.read(x.dir.Shards[term>>(termBits-8)])
	if err != nil {
		return nil, err
	}
	r := varints{text: shard}
	var at uint64
	for len(r.text) > 0 && at < term && !r.bad {
		at += r.next()
		n := r.next()
		var rows Rows
		var end uint64
		for ; n > 0 && !r.bad; n-- {
			first := end + r.next()
			end = first + r.next()
			if at == term && first <= end && end < uint64(x.dir.Rows) && int64(first)*each < x.dir.Rows {
				rows = append(rows, [2]int64{int64(first) * each, min((int64(end)+1)*each, x.dir.Rows)})
			}
		}
		if at == term && !r.bad {
			return rows, nil
		}
	}
	if r.bad {
		return nil, &IndexError{x.path, errIndex}
	}
	return nil, nil
}

// varints reads numbers; bad tells that there was none.
type varints struct {
	text []byte
	bad  bool
}

func (r *varints) next() uint64 {
	v, n := binary.Uvarint(r.text)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.text = r.text[n:]
	return v
}

// Join is the rows of all.
func Join(all ...Rows) Rows {
	list := slices.Concat(all...)
	slices.SortFunc(list, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	out := list[:0]
	for _, one := range list {
		if n := len(out); n > 0 && one[0] <= out[n-1][1] {
			out[n-1][1] = max(out[n-1][1], one[1])
			continue
		}
		out = append(out, one)
	}
	return out
}

// Count is how many rows there are.
func (r Rows) Count() (n int64) {
	for _, one := range r {
		n += one[1] - one[0]
	}
	return n
}

// cut takes the rows before the end off, and gives them counted from start.
func (r *Rows) cut(start, end int64) (out Rows) {
	for len(*r) > 0 && (*r)[0][0] < end {
		one := (*r)[0]
		out = append(out, [2]int64{one[0] - start, min(one[1], end) - start})
		if one[1] > end {
			(*r)[0][0] = end
			break
		}
		*r = (*r)[1:]
	}
	return out
}
