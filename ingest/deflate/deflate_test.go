// SPDX-License-Identifier: Apache-2.0

package deflate

import (
	"bytes"
	"compress/flate"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// pack is what the standard library makes of a text.
func pack(t testing.TB, text []byte, level int) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	// Several writes and flushes make several blocks.
	for len(text) > 0 {
		n := min(len(text), 1+len(text)*2/3)
		_, _ = w.Write(text[:n])
		if level%2 == 0 {
			_ = w.Flush()
		}
		text = text[n:]
	}
	_ = w.Close()
	return b.Bytes()
}

// texts are of kinds that make all sorts of codes and matches.
func texts() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 100_000)
	skewed := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for i := range skewed { // geometric: codes of up to 15 bits
		skewed[i] = byte(min(r.ExpFloat64()*4, 255))
	}
	var json strings.Builder
	for i := range 3000 {
		json.WriteString(`{"eventVersion":"1.08","eventName":"GetObject","requestID":"` + hex.EncodeToString(noise[8*i:8*i+8]) + `"},`)
	}
	return map[string][]byte{
		"empty": nil, "one": []byte("a"), "zeros": make([]byte, 70_000), "pairs": bytes.Repeat([]byte("ab"), 40_000),
		"sevens": bytes.Repeat([]byte("abcdefg"), 4000), "far": append(append(bytes.Clone(noise[:32768]), noise[:300]...), noise[5:32768]...),
		"noise": noise, "skewed": skewed, "json": []byte(json.String()),
	}
}

func TestUnpack(t *testing.T) {
	var d Decoder
	for name, text := range texts() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 2, 5, 6, 9} {
			packed := pack(t, text, level)
			for _, more := range []int{0, 1, Margin, 1000} {
				out := make([]byte, len(text)+more)
				n, read, ok := d.Unpack(out, append(bytes.Clone(packed), "behind"...))
				if !ok || read != len(packed) || !bytes.Equal(out[:n], text) {
					t.Errorf("%s, level %d, %d bytes more: %d of %d bytes, read %d of %d, %t", name, level, more, n, len(text), read, len(packed), ok)
				}
			}
			if len(text) > 0 {
				if _, _, ok := d.Unpack(make([]byte, len(text)-1), packed); ok {
					t.Errorf("%s, level %d: fits into too little", name, level)
				}
			}
			if _, _, ok := d.Unpack(make([]byte, len(text)+Margin), packed[:len(packed)-1]); ok {
				t.Errorf("%s, level %d: complete without its last byte", name, level)
			}
		}
	}
}

// agree fails where the decoder takes what the standard library refuses, or the
// other way round.
func agree(t *testing.T, packed []byte, room int) {
	t.Helper()
	in := bytes.NewReader(packed)
	want, err := io.ReadAll(io.LimitReader(flate.NewReader(in), int64(room)+1))
	fits := err == nil && len(want) <= room
	out := make([]byte, room)
	n, read, ok := new(Decoder).Unpack(out, packed)
	switch {
	case ok != fits:
		t.Fatalf("%x: %t, the standard library %t: %v", packed, ok, fits, err)
	case ok && !bytes.Equal(out[:n], want):
		t.Fatalf("%x: %x, want %x", packed, out[:n], want)
	case ok && read != len(packed)-in.Len():
		t.Fatalf("%x: read %d, the standard library %d", packed, read, len(packed)-in.Len())
	}
}

// TestDamage changes bytes of streams.
func TestDamage(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, text := range texts() {
		text = text[:min(len(text), 3000)]
		for _, level := range []int{0, 1, 6, flate.HuffmanOnly} {
			packed := pack(t, text, level)
			for range 300 {
				bad := bytes.Clone(packed)
				for range 1 + r.IntN(3) {
					bad[r.IntN(min(len(bad), 1+r.IntN(len(bad))))] ^= 1 << r.IntN(8)
				}
				agree(t, bad[:len(bad)-r.IntN(2)], len(text)+r.IntN(2)*Margin)
			}
		}
		_ = name
	}
}

// FuzzUnpack: whatever the input, the standard library says the same.
func FuzzUnpack(f *testing.F) {
	for _, text := range texts() {
		for _, level := range []int{0, 1, 6, flate.HuffmanOnly} {
			f.Add(pack(f, text[:min(len(text), 500)], level))
		}
	}
	for _, s := range []string{
		"4b4c040000ffff",                 // fixed codes
		"0500",                           // a kind of block that does not exist: none
		"07",                             // the third kind
		"05e0810800000000207febc71ac1",   // one distance code
		"ed c0 81 00 00 00 00 80 20 7f",  // cut off
		"010000ffff", "0100010000", "00", // stored
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, packed []byte) { agree(t, packed, 1<<16) })
}
