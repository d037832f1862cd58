// SPDX-License-Identifier: Apache-2.0

// Package deflate unpacks deflate streams (RFC 1951) that lie in memory whole,
// into memory. It is half as fast again as a decoder that must be able to stop
// anywhere, and most log objects are small. It judges nothing: where a stream is
// damaged, cut off or longer than it should be it only says so, for a decoder
// that reads streams to find out why.
package deflate

const (
	maxLitCodes  = 288
	maxDistCodes = 32
	preCodes     = 19

	litBits  = 11
	distBits = 8
	preBits  = 7

	// What first and second tables take together at most ("enough" of zlib's
	// examples, for 288 codes of 15 bits with a first table of 11, and 32 with 8).
	litTableSize  = 2342
	distTableSize = 402
)

// Decoder holds the tables of a stream's codes. It is not safe for use by several
// goroutines at once.
type Decoder struct {
	literals  [litTableSize]entry
	distances [distTableSize]entry
	fixed     bool // the tables hold the fixed codes

	pre    [1 << preBits]entry
	lens   [maxLitCodes + maxDistCodes]uint8
	sorted [maxLitCodes]uint16
}

// Unpack unpacks the stream at the beginning of in into out and gives the numbers
// of bytes written and read. ok is false where the stream is damaged, ends early
// or does not fit; what is in out then means nothing.
func (d *Decoder) Unpack(out, in []byte) (written, read int, ok bool) {
	r := reader{in: in}
	for final := false; !final; {
		head, ok := r.take(3)
		if !ok {
			return 0, 0, false
		}
		final = head&1 == 1
		switch head >> 1 {
		case 0:
			written, ok = r.stored(out, written)
		case 1:
			if ok = d.setFixed(); ok {
				written, ok = d.block(&r, out, written)
			}
		case 2:
			if ok = d.readCodes(&r); ok {
				written, ok = d.block(&r, out, written)
			}
		default:
			ok = false
		}
		if !ok {
			return 0, 0, false
		}
	}
	return written, r.at - int(r.n/8), true
}

// reader is the input with the bits that were taken from it and not yet used.
type reader struct {
	in  []byte
	at  int
	buf uint64
	n   uint // bits in buf
}

func (r *reader) fill() {
	for r.n <= 56 && r.at < len(r.in) {
		r.buf |= uint64(r.in[r.at]) << r.n
		r.at++
		r.n += 8
	}
}

// take gives up to 32 bits; false where the input ends before them.
func (r *reader) take(n uint) (uint32, bool) {
	if r.fill(); r.n < n {
		return 0, false
	}
	v := uint32(r.buf & (1<<n - 1))
	r.drop(n)
	return v, true
}

func (r *reader) drop(n uint) {
	r.buf >>= n
	r.n -= n
}

// stored copies a block that is not packed.
func (r *reader) stored(out []byte, o int) (int, bool) {
	r.drop(r.n & 7)
	head, ok := r.take(32)
	n := int(uint16(head))
	if !ok || uint16(head) != ^uint16(head>>16) {
		return 0, false
	}
	from := r.at - int(r.n/8)
	if n > len(r.in)-from || n > len(out)-o {
		return 0, false
	}
	copy(out[o:], r.in[from:from+n])
	r.at, r.buf, r.n = from+n, 0, 0
	return o + n, true
}

func (d *Decoder) setFixed() bool {
	if d.fixed {
		return true
	}
	for i := range maxLitCodes {
		switch {
		case i < 144, i >= 280:
			d.lens[i] = 8
		case i < 256:
			d.lens[i] = 9
		default:
			d.lens[i] = 7
		}
	}
	for i := range maxDistCodes {
		d.lens[maxLitCodes+i] = 5
	}
	d.fixed = d.build(maxLitCodes, maxDistCodes)
	return d.fixed
}

func (d *Decoder) build(lits, dists int) bool {
	return build(d.literals[:], d.lens[:lits], &litEntries, litBits, &d.sorted) &&
		build(d.distances[:], d.lens[lits:lits+dists], &distEntries, distBits, &d.sorted)
}

// preOrder is the order in which a block tells the lengths of the code that packs
// the lengths of the others.
var preOrder = [preCodes]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the codes that stand before a block.
func (d *Decoder) readCodes(r *reader) bool {
	d.fixed = false
	head, ok := r.take(14)
	lits, dists, pres := int(head&31)+257, int(head>>5&31)+1, int(head>>10)+4
	if !ok || lits > 286 {
		return false
	}
	clear(d.lens[:preCodes])
	for _, at := range preOrder[:pres] {
		n, ok := r.take(3)
		if !ok {
			return false
		}
		d.lens[at] = uint8(n)
	}
	return build(d.pre[:], d.lens[:preCodes], &preEntries, preBits, &d.sorted) &&
		d.readLens(r, lits+dists) && d.lens[256] > 0 && d.build(lits, dists)
}

func (d *Decoder) readLens(r *reader, all int) bool {
	for i := 0; i < all; {
		e, ok := r.next(d.pre[:], preBits)
		if !ok {
			return false
		}
		value, times := uint8(e.value()), uint32(1)
		switch value {
		case 16:
			if i == 0 {
				return false
			}
			value = d.lens[i-1]
			times, ok = r.take(2)
			times += 3
		case 17:
			value = 0
			times, ok = r.take(3)
			times += 3
		case 18:
			value = 0
			times, ok = r.take(7)
			times += 11
		}
		if !ok || i+int(times) > all {
			return false
		}
		for range times {
			d.lens[i] = value
			i++
		}
	}
	return true
}
