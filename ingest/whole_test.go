// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	stdgzip "compress/gzip"
	"io"
	"strings"
	"testing"
)

// TestWhole: which objects are unpacked at once. The others go the long way, and
// what both give is tested with Inflate.
func TestWhole(t *testing.T) {
	text := records(5000, 7)
	headed := func(h stdgzip.Header) []byte {
		var b bytes.Buffer
		w := stdgzip.NewWriter(&b)
		w.Header = h
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		return b.Bytes()
	}
	flipped := func(at int) []byte {
		b := gz(text)
		b[(len(b)+at)%len(b)] ^= 1
		return b
	}
	for _, c := range []struct {
		name  string
		in    []byte
		limit int64
		want  bool
	}{
		{"one member", gz(text), 1 << 20, true},
		{"with a name", headed(stdgzip.Header{Name: "x.json"}), 1 << 20, true},
		{"nothing in it", gz(""), 1 << 20, true},
		{"just within the cap", gz(text), int64(len(text)), true},
		{"above the cap", gz(text), int64(len(text)) - 1, false},
		{"with a comment", headed(stdgzip.Header{Comment: "c"}), 1 << 20, false},
		{"with a field", headed(stdgzip.Header{Extra: []byte("ab")}), 1 << 20, false},
		{"two members", gz(text, text), 1 << 20, false},
		{"zeros behind it", append(gz(text), 0, 0, 0, 0, 0, 0, 0, 0, 0), 1 << 20, false},
		{"packed twice", gz(string(gz(text))), 1 << 20, false},
		{"a wrong checksum", flipped(-8), 1 << 20, false},
		{"a wrong length", flipped(-4), 1 << 20, false},
		{"damaged", flipped(40), 1 << 20, false},
		{"cut off", gz(text)[:100], 1 << 20, false},
		{"a header alone", gz(text)[:10], 1 << 20, false},
		{"plain", []byte(text), 1 << 20, false},
		{"more than is unpacked at once", gz(strings.Repeat(text, 1000)), 1 << 30, false},
	} {
		for _, room := range []int{1, 100, 1 << 20} {
			r := Inflate(bytes.NewReader(c.in), c.limit)
			p := make([]byte, room)
			n, ok := r.m.whole(p, c.limit)
			if ok != c.want || !ok && n > 0 {
				t.Errorf("%s: %d, %t", c.name, n, ok)
			}
			if ok {
				rest, err := io.ReadAll(r)
				if got := string(p[:n]) + string(rest); err != nil || c.in[3] == 0 && got != "" && got != text {
					t.Errorf("%s: %d bytes, %v", c.name, len(got), err)
				}
			}
			_ = r.Close()
		}
	}
}
