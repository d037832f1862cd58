// SPDX-License-Identifier: Apache-2.0

package gentrail

// random is the splitmix64 generator. It is written out here because its
// sequence must never change: it decides the bytes of every generated file.
type random struct{ state uint64 }

// newRandom gives the stream that belongs to a seed and a path of numbers, so
// that files can be made in any order by any number of workers.
func newRandom(seed uint64, path ...uint64) *random {
	r := &random{state: seed}
	for _, p := range path {
		r.state = r.next() ^ (p+1)*0x9e3779b97f4a7c15
	}
	r.next()
	return r
}

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// intn returns a number from 0 to n-1.
func (r *random) intn(n int) int {
	return int((r.next() >> 32) * uint64(n) >> 32)
}

// between returns a number from low to high, both included.
func (r *random) between(low, high int) int { return low + r.intn(high-low+1) }

// perMille is true n times in a thousand.
func (r *random) perMille(n int) bool { return r.intn(1000) < n }

func pick[T any](r *random, from []T) T { return from[r.intn(len(from))] }

const (
	hexDigits    = "0123456789abcdef"
	upperDigits  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	alnumDigits  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ABCD" // 64 signs, of which 62 differ
)

// appendSigns appends n signs of an alphabet whose size is 1<<bits at least.
func (r *random) appendSigns(b []byte, n int, alphabet string, bits uint) []byte {
	mask := uint64(1)<<bits - 1
	var pool uint64
	left := uint(0)
	for range n {
		if left < bits {
			pool, left = r.next(), 64
		}
		b = append(b, alphabet[pool&mask])
		pool >>= bits
		left -= bits
	}
	return b
}

func (r *random) appendHex(b []byte, n int) []byte    { return r.appendSigns(b, n, hexDigits, 4) }
func (r *random) appendUpper(b []byte, n int) []byte  { return r.appendSigns(b, n, upperDigits, 5) }
func (r *random) appendBase64(b []byte, n int) []byte { return r.appendSigns(b, n, base64Digits, 6) }
func (r *random) appendAlnum(b []byte, n int) []byte  { return r.appendSigns(b, n, alnumDigits, 6) }

// appendUUID appends a version 4 UUID, the form of an eventID.
func (r *random) appendUUID(b []byte) []byte {
	at := len(b)
	b = r.appendHex(b, 8)
	b = append(b, '-')
	b = r.appendHex(b, 4)
	b = append(b, '-')
	b = r.appendHex(b, 4)
	b = append(b, '-')
	b = r.appendHex(b, 4)
	b = append(b, '-')
	b = r.appendHex(b, 12)
	b[at+14] = '4'
	b[at+19] = "89ab"[r.intn(4)]
	return b
}

func (r *random) uuid() string { return string(r.appendUUID(nil)) }
