// SPDX-License-Identifier: Apache-2.0

package deflate

import "encoding/binary"

// Margin is how many bytes more than the stream unpacks to the output should hold:
// the fast loop stops so far before its end, for three literals, the longest match
// and the eight bytes of a step.
const Margin = 3 + 258 + 8

// inputMargin is how far before the end of the input it stops: it looks at two
// times eight bytes.
const inputMargin = 16

// block unpacks what follows the codes up to the end of the block.
func (d *Decoder) block(r *reader, out []byte, o int) (int, bool) {
	o, state := d.fast(r, out, o)
	if state != goOn {
		return o, state == ended
	}
	return d.careful(r, out, o)
}

type outcome int

const (
	goOn outcome = iota // near an end
	ended
	damaged
)

// fast unpacks as long as neither end is near.
func (d *Decoder) fast(r *reader, out []byte, o int) (int, outcome) {
	in, at, buf, n := r.in, r.at, r.buf, r.n
next:
	for at+inputMargin <= len(in) && o+Margin <= len(out) {
		buf |= binary.LittleEndian.Uint64(in[at:]) << (n & 63)
		at += int((63 - n) >> 3)
		n |= 56
		e := d.literals[buf&(1<<litBits-1)]
		for left := 3; e&isLiteral != 0; e = d.literals[buf&(1<<litBits-1)] {
			buf >>= e & 63
			n -= e.bits()
			out[o] = byte(e >> 16)
			o++
			if left--; left == 0 {
				continue next
			}
		}
		if e&isSpecial != 0 {
			if e&isSecond != 0 {
				buf >>= litBits
				n -= litBits
				e = d.literals[(e.value()+int(buf&(1<<e.codeBits()-1)))%litTableSize]
			}
			if e&(isSpecial|isLiteral) != 0 {
				buf >>= e & 63
				n -= e.bits()
				if e&isLiteral != 0 {
					out[o] = byte(e >> 16)
					o++
					continue
				}
				r.at, r.buf, r.n = at, buf&(1<<(n&63)-1), n
				return o, ending(e)
			}
		}
		length := e.value() + int(buf&(1<<e.bits()-1)>>e.codeBits())
		buf >>= e & 63
		n -= e.bits()
		buf |= binary.LittleEndian.Uint64(in[at:]) << (n & 63)
		at += int((63 - n) >> 3)
		n |= 56
		e = d.distances[buf&(1<<distBits-1)]
		if e&isSecond != 0 {
			buf >>= distBits
			n -= distBits
			e = d.distances[(e.value()+int(buf&(1<<e.codeBits()-1)))%distTableSize]
		}
		distance := e.value() + int(buf&(1<<e.bits()-1)>>e.codeBits())
		buf >>= e & 63
		n -= e.bits()
		if e&isSpecial != 0 || distance > o {
			return o, damaged
		}
		repeat(out, o, length, distance)
		o += length
	}
	r.at, r.buf, r.n = at, buf&(1<<(n&63)-1), n
	return o, goOn
}

func ending(e entry) outcome {
	if e&isEnd != 0 {
		return ended
	}
	return damaged
}

// repeat writes again what stands some bytes before o. It may write eight bytes
// too many.
func repeat(out []byte, o, length, distance int) {
	from, to := o-distance, o+length
	switch {
	case distance >= length && length > 64:
		copy(out[o:to], out[from:])
	case distance >= 8:
		for ; o < to; o, from = o+8, from+8 {
			binary.LittleEndian.PutUint64(out[o:], binary.LittleEndian.Uint64(out[from:]))
		}
	default:
		for ; o < to; o, from = o+1, from+1 {
			out[o] = out[from]
		}
	}
}

// careful unpacks near the end of input or output.
func (d *Decoder) careful(r *reader, out []byte, o int) (int, bool) {
	for {
		e, ok := r.next(d.literals[:], litBits)
		switch {
		case !ok || e&isLiteral != 0 && o == len(out):
			return 0, false
		case e&isLiteral != 0:
			out[o] = byte(e >> 16)
			o++
			continue
		case e&isEnd != 0:
			return o, true
		}
		length, ok1 := r.extra(e)
		e, ok2 := r.next(d.distances[:], distBits)
		distance, ok3 := r.extra(e)
		if !ok1 || !ok2 || !ok3 || distance > o || length > len(out)-o {
			return 0, false
		}
		for range length {
			out[o] = out[o-distance]
			o++
		}
	}
}

// next takes a code, without its extra bits, and gives its entry.
func (r *reader) next(table []entry, tableBits uint) (entry, bool) {
	r.fill()
	e := table[r.buf&(1<<tableBits-1)]
	if e&isSecond != 0 && r.n >= tableBits {
		r.drop(tableBits)
		e = table[e.value()+int(r.buf&(1<<e.codeBits()-1))]
	}
	n := e.codeBits()
	if n == 0 || n > r.n || e&isSecond != 0 || e&isSpecial != 0 && e&isEnd == 0 {
		return 0, false
	}
	r.drop(n)
	return e, true
}

// extra gives the base of an entry and the extra bits behind its code.
func (r *reader) extra(e entry) (int, bool) {
	v, ok := r.take(e.bits() - e.codeBits())
	return e.value() + int(v), ok
}
