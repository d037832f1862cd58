// SPDX-License-Identifier: Apache-2.0

package deflate

import "math/bits"

// entry says what the next bits of the input mean:
//
//	bits 0 to 5    the bits that it takes, with the extra bits behind the code
//	bits 8 to 11   the bits of the code alone
//	bits 16 to 30  the literal, or the base of the length or distance
//
// In an entry that leads to a second table bits 8 to 11 are the bits of that
// table's index, and bits 16 to 30 are where it begins.
type entry uint32

const (
	isLiteral entry = 1 << 31
	isSpecial entry = 1 << 15 // any of the next two, or a code that does not exist
	isSecond  entry = 1 << 14
	isEnd     entry = 1 << 13 // of the block
)

func (e entry) value() int     { return int(e >> 16 & 0x7fff) }
func (e entry) bits() uint     { return uint(e & 63) }
func (e entry) codeBits() uint { return uint(e >> 8 & 15) }

// taking is the entry with a code of n bits.
func (e entry) taking(n uint) entry { return (e + entry(n)) | entry(n)<<8 }

// The entries of all symbols, without their codes (RFC 1951, section 3.2.5).
var (
	litEntries  = makeLitEntries()
	distEntries = makeDistEntries()
	preEntries  = makePreEntries()
)

func makeLitEntries() (list [maxLitCodes]entry) {
	for i := range 256 {
		list[i] = isLiteral | entry(i)<<16
	}
	list[256] = isSpecial | isEnd
	base, extra := 3, 0
	for i := 257; i < 285; i++ {
		if i >= 265 && (i-261)%4 == 0 {
			extra++
		}
		list[i] = entry(base<<16 | extra)
		base += 1 << extra
	}
	list[285] = 258 << 16
	list[286], list[287] = isSpecial, isSpecial
	return list
}

func makeDistEntries() (list [maxLitCodes]entry) {
	base, extra := 1, 0
	for i := range 30 {
		if i >= 4 && i%2 == 0 {
			extra++
		}
		list[i] = entry(base<<16 | extra)
		base += 1 << extra
	}
	list[30], list[31] = isSpecial, isSpecial
	return list
}

func makePreEntries() (list [maxLitCodes]entry) {
	for i := range preCodes {
		list[i] = entry(i) << 16
	}
	return list
}

const maxBits = 15

// build fills a table for symbols with these code lengths. It is false where they
// make no complete code; none at all and a single one of one bit are allowed, as
// encoders write them for distances.
func build(table []entry, lens []uint8, entries *[maxLitCodes]entry, tableBits uint, sorted *[maxLitCodes]uint16) bool {
	var count [maxBits + 1]int
	for _, n := range lens {
		count[n]++
	}
	used := len(lens) - count[0]
	count[0] = 0
	space, at := 0, 0
	var offset [maxBits + 1]int
	for n := 1; n <= maxBits; n++ {
		space = space<<1 + count[n]
		offset[n] = at
		at += count[n]
	}
	for sym, n := range lens {
		if n > 0 {
			sorted[offset[n]] = uint16(sym)
			offset[n]++
		}
	}
	if space == 1<<maxBits {
		return fillTable(table, sorted[:used], &count, entries, tableBits)
	}
	if used > 1 || used != count[1] {
		return false
	}
	for i := range table[:1<<tableBits] {
		table[i] = isSpecial
		if used == 1 && i&1 == 0 {
			table[i] = entries[sorted[0]].taking(1)
		}
	}
	return true
}

// fillTable enters the symbols in the order of their codes. The table of codes of
// up to n bits is twice that of n-1 bits, with the codes of n bits entered.
func fillTable(table []entry, sorted []uint16, count *[maxBits + 1]int, entries *[maxLitCodes]entry, tableBits uint) bool {
	code := uint16(0)
	for n := uint(1); n <= tableBits; n++ {
		copy(table[1<<(n-1):1<<n], table[:1<<(n-1)])
		code <<= 1
		for _, sym := range sorted[:count[n]] {
			table[bits.Reverse16(code)>>(16-n)] = entries[sym].taking(n)
			code++
		}
		sorted = sorted[count[n]:]
	}
	return len(sorted) == 0 || fillSecond(table, sorted, code, count, entries, tableBits)
}

// fillSecond enters the codes that are longer than the first table's index, each
// beginning with a table of its own.
func fillSecond(table []entry, sorted []uint16, code uint16, count *[maxBits + 1]int, entries *[maxLitCodes]entry, tableBits uint) bool {
	begin, size, beginning := 0, 1<<tableBits, -1
	indexBits := uint(0)
	for n := tableBits + 1; n <= maxBits; n++ {
		code <<= 1
		for i, sym := range sorted[:count[n]] {
			reversed := int(bits.Reverse16(code) >> (16 - n))
			code++
			if first := reversed & (1<<tableBits - 1); first != beginning {
				beginning, begin = first, size
				indexBits = secondBits(count, n, count[n]-i, tableBits)
				if size += 1 << indexBits; size > len(table) {
					return false
				}
				table[first] = isSpecial | isSecond | entry(begin)<<16 | entry(indexBits)<<8 | entry(tableBits)
			}
			e := entries[sym].taking(n - tableBits)
			for j := reversed >> tableBits; j < 1<<indexBits; j += 1 << (n - tableBits) {
				table[begin+j] = e
			}
		}
		sorted = sorted[count[n]:]
	}
	return true
}

// secondBits is the size that a second table needs which begins with codes of n
// bits, of which some are left.
func secondBits(count *[maxBits + 1]int, n uint, left int, tableBits uint) uint {
	for left < 1<<(n-tableBits) && n < maxBits {
		n++
		left = left<<1 + count[n]
	}
	return n - tableBits
}
