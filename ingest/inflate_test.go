// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	stdgzip "compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"
)

func gz(parts ...string) []byte {
	var b bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(p))
		_ = w.Close()
	}
	return b.Bytes()
}

func zst(s string) []byte {
	w, _ := zstd.NewWriter(nil, zstd.WithEncoderCRC(true))
	defer w.Close()
	return w.EncodeAll([]byte(s), nil)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// records is text that looks and packs like log records.
func records(n int, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	b.WriteString(`{"Records":[`)
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"eventVersion":"1.08","eventTime":"2024-03-05T10:%02d:%02dZ","eventSource":"s3.amazonaws.com","eventName":"GetObject","sourceIPAddress":"198.51.100.%d","requestID":"%016X","eventID":"%016x","readOnly":true},`,
			i/60%60, i%60, r.IntN(256), r.Uint64(), r.Uint64())
	}
	return b.String()[:n]
}

func TestInflate(t *testing.T) {
	zeros := func(n int) []byte { return make([]byte, n) }
	long := records(300_000, 1)
	tests := []struct {
		name   string
		in     []byte
		want   string
		reason string // of the CorruptError, "" when there is none
	}{
		{"empty", nil, "", ""},
		{"plain", []byte(`{"Records":[]}`), `{"Records":[]}`, ""},
		{"plain, long", []byte(long), long, ""},
		{"one byte", []byte("{"), "{", ""},
		{"nine bytes", []byte("123456789"), "123456789", ""},
		{"gzip", gz("abc"), "abc", ""},
		{"gzip of nothing", gz(""), "", ""},
		{"gzip, long", gz(long), long, ""},
		{"members", gz("abc", "", "def", long), "abcdef" + long, ""},
		{"zero padding", join(gz("abc"), zeros(1)), "abc", ""},
		{"much zero padding", join(gz("abc"), zeros(200_000)), "abc", ""},
		{"member behind padding", join(gz("abc"), zeros(512), gz("def")), "abcdef", ""},
		{"gzip in gzip", gz(string(gz("abc", "def"))), "abcdef", ""},
		{"gzip in gzip, long, padded", join(gz(string(join(gz(long), zeros(99)))), zeros(7)), long, ""},
		{"zstd", zst("abc"), "abc", ""},
		{"zstd, long", zst(long), long, ""},
		{"zstd frames", join(zst("abc"), zst("def")), "abcdef", ""},
		{"zstd behind a skippable frame", join([]byte("\x50\x2a\x4d\x18\x02\x00\x00\x00xx"), zst("abc")), "abc", ""},
		{"zstd in gzip", gz(string(zst("abc"))), "abc", ""},
		{"gzip in zstd", zst(string(gz("abc"))), "abc", ""},

		{"gzip three times", gz(string(gz(string(gz("abc"))))), "", "packed more than twice; unpack first"},
		{"garbage behind", join(gz("abc"), []byte("def")), "abc", "something that is not gzip follows the last gzip member"},
		{"half magic behind", join(gz("abc"), []byte("\x1f\x8b")), "abc", "gzip content is cut off"},
		{"one byte of magic", []byte("\x1f"), "", "gzip content is cut off"},
		{"header cut off", gz("abc")[:9], "", "gzip content is cut off"},
		{"trailer cut off", gz("abc")[:len(gz("abc"))-1], "abc", "gzip content is cut off"},
		{"checksum", func() []byte { b := gz("abc"); b[len(b)-5] ^= 1; return b }(), "abc", "gzip checksum does not match"},
		{"header flags", []byte("\x1f\x8b\x08\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), "", "gzip header is damaged"},
		{"deflate damaged", append(gz("")[:10], 0xff, 0xff, 0xff), "", "gzip content is damaged"},
		{"zstd cut off", zst(long)[:3], "", "zstd content is cut off"},
		{"zip", []byte("PK\x03\x04..."), "", "zip archives are not read; unpack first"},
		{"tar", append(append([]byte("logs/"), zeros(252)...), "ustar\x0000"...), "", "tar archives are not read; unpack first"},
		{"tar in gzip", gz(string(append(append([]byte("logs/"), zeros(252)...), "ustar\x0000"...))), "", "tar archives are not read; unpack first"},
		{"bzip2", []byte("BZh91AY&SY...."), "", "bzip2 archives are not read; unpack first"},
		{"xz", []byte("\xfd7zXZ\x00..."), "", "xz archives are not read; unpack first"},
		{"parquet", []byte("PAR1...."), "", "parquet archives are not read; unpack first"},
	}
	for _, tt := range tests {
		for _, way := range []struct {
			name string
			wrap func(io.Reader) io.Reader
		}{
			{"whole", func(r io.Reader) io.Reader { return r }},
			{"bytewise", iotest.OneByteReader},
			{"error with data", iotest.DataErrReader},
		} {
			t.Run(tt.name+"/"+way.name, func(t *testing.T) {
				r := Inflate(way.wrap(bytes.NewReader(tt.in)), 0)
				defer r.Close()
				got, err := io.ReadAll(r)
				if string(got) != tt.want {
					t.Errorf("got %d bytes, want %d: %.40q", len(got), len(tt.want), got)
				}
				checkCorrupt(t, err, tt.reason, int64(len(tt.want)))
				if r.Unpacked() != int64(len(got)) {
					t.Errorf("Unpacked() = %d, read %d", r.Unpacked(), len(got))
				}
				if err == nil && r.Packed() != int64(len(tt.in)) {
					t.Errorf("Packed() = %d, want %d", r.Packed(), len(tt.in))
				}
				if n, again := r.Read(make([]byte, 9)); n != 0 || again == nil {
					t.Errorf("read after the end: %d, %v", n, again)
				}
			})
		}
	}
}

func checkCorrupt(t *testing.T, err error, reason string, offset int64) {
	t.Helper()
	if reason == "" {
		if err != nil {
			t.Errorf("unexpected error: %v", err)
		}
		return
	}
	var bad *CorruptError
	if !errors.As(err, &bad) {
		t.Fatalf("got error %v, want CorruptError %q", err, reason)
	}
	if bad.Reason != reason || bad.Offset != offset {
		t.Errorf("got %q at %d, want %q at %d", bad.Reason, bad.Offset, reason, offset)
	}
}

func TestInflateClosed(t *testing.T) {
	r := Inflate(bytes.NewReader(gz("abc")), 0)
	_, _ = io.ReadAll(r)
	packed := r.Packed()
	_ = r.Close()
	if err := r.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read after Close: %v", err)
	}
	if r.Packed() != packed || r.Unpacked() != 3 {
		t.Errorf("after Close: packed %d, unpacked %d", r.Packed(), r.Unpacked())
	}
}

// A failing source is not damage of the content.
func TestInflateSourceFails(t *testing.T) {
	broken := errors.New("line is dead")
	text := records(100_000, 2)
	for name, in := range map[string][]byte{"plain": []byte(text), "gzip": gz(text), "zstd": zst(text)} {
		for _, at := range []int{0, 1, 2, 5, 12, 300, len(in) / 2, len(in) - 1, len(in)} {
			t.Run(fmt.Sprintf("%s/%d", name, at), func(t *testing.T) {
				r := Inflate(io.MultiReader(bytes.NewReader(in[:at]), iotest.ErrReader(broken)), 0)
				defer r.Close()
				got, err := io.ReadAll(r)
				if !errors.Is(err, broken) {
					t.Errorf("got error %v", err)
				}
				if at > 1 && !strings.HasPrefix(text, string(got)) {
					t.Errorf("not the first bytes: %.40q", got)
				}
			})
		}
	}
}

// Bytes in any chunks give the same content, by readers from the pool too.
func TestInflateSplits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want strings.Builder
		var in []byte
		for i := range rapid.IntRange(1, 4).Draw(t, "members") {
			s := records(rapid.IntRange(0, 5000).Draw(t, "size"), uint64(i))
			want.WriteString(s)
			in = append(in, gz(s)...)
			in = append(in, make([]byte, rapid.SampledFrom([]int{0, 0, 1, 600}).Draw(t, "padding"))...)
		}
		if rapid.Bool().Draw(t, "nested") {
			in = gz(string(in))
		}
		r := Inflate(&chunks{in: in, size: func() int { return rapid.IntRange(1, 700).Draw(t, "chunk") }}, 0)
		defer r.Close()
		var got strings.Builder
		buf := make([]byte, 4096)
		for {
			n, err := r.Read(buf[:rapid.IntRange(1, len(buf)).Draw(t, "read")])
			got.Write(buf[:n])
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if got.String() != want.String() {
			t.Fatalf("got %d bytes, want %d", got.Len(), want.Len())
		}
	})
}

type chunks struct {
	in   []byte
	size func() int
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.in) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), c.size())], c.in)
	c.in = c.in[n:]
	return n, nil
}

// A file cut off anywhere gives what the standard library gives of it, then a
// CorruptError at that offset. The decoder here looks two codes ahead, each of
// which may stand for 258 bytes.
func TestInflateTruncated(t *testing.T) {
	text := records(20_000, 3)
	in := gz(text)
	rapid.Check(t, func(t *rapid.T) {
		cut := in[:rapid.IntRange(1, len(in)-1).Draw(t, "cut")]
		r := Inflate(bytes.NewReader(cut), 0)
		defer r.Close()
		got, err := io.ReadAll(r)
		var bad *CorruptError
		if !errors.As(err, &bad) || bad.Offset != int64(len(got)) {
			t.Fatalf("%d bytes, error %v", len(got), err)
		}
		if !strings.HasPrefix(text, string(got)) {
			t.Fatalf("not the first bytes")
		}
		if std, err := stdgzip.NewReader(bytes.NewReader(cut)); err == nil {
			if want, _ := io.ReadAll(std); len(want)-len(got) > 2*258 {
				t.Fatalf("the standard library gives %d bytes, we %d", len(want), len(got))
			}
		}
	})
}

// A changed byte anywhere never gives other content without an error.
func TestInflateDamaged(t *testing.T) {
	text := records(5_000, 4)
	in := gz(text)
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(in)
		// Time and system in the header bear on nothing.
		at := rapid.IntRange(10, len(in)-1).Draw(t, "at")
		b[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		r := Inflate(bytes.NewReader(b), 0)
		defer r.Close()
		got, err := io.ReadAll(r)
		var bad *CorruptError
		if string(got) != text && !errors.As(err, &bad) {
			t.Fatalf("byte %d: %d bytes, error %v", at, len(got), err)
		}
	})
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func gzZeros(n int64) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	_, _ = io.CopyN(w, zeroReader{}, n)
	_ = w.Close()
	return b.Bytes()
}

func TestInflateCap(t *testing.T) {
	text := records(100_000, 5)
	for name, in := range map[string][]byte{"gzip": gz(text), "gzip in gzip": gz(string(gz(text))), "zstd": zst(text)} {
		for _, limit := range []int64{1, 1000, int64(len(text)) - 1} {
			r := Inflate(bytes.NewReader(in), limit)
			got, err := io.ReadAll(r)
			var bomb *BombError
			if !errors.As(err, &bomb) || bomb.Limit != limit || string(got) != text[:limit] {
				t.Errorf("%s, cap %d: %d bytes, %v", name, limit, len(got), err)
			}
			_ = r.Close()
		}
		r := Inflate(bytes.NewReader(in), int64(len(text)))
		if got, err := io.ReadAll(r); err != nil || string(got) != text {
			t.Errorf("%s: an object that just fits: %d bytes, %v", name, len(got), err)
		}
		_ = r.Close()
	}
	r := Inflate(strings.NewReader(text), 10)
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != text {
		t.Errorf("plain content is not capped: %d bytes, %v", len(got), err)
	}
}

func TestInflateBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("unpacks some hundred megabytes")
	}
	zeros := gzZeros(200 << 20)
	huge := zst(strings.Repeat("\x00", 80<<20))
	tests := []struct {
		name string
		in   []byte
	}{
		{"zstd beyond the ratio", huge},
		{"gzip in gzip beyond the ratio", gz(string(zeros))},
		{"padding of an inner gzip", zst(string(gz("abc")) + strings.Repeat("\x00", 80<<20))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Inflate(bytes.NewReader(tt.in), 100<<20)
			defer r.Close()
			n, err := io.Copy(io.Discard, r)
			var bomb *BombError
			if !errors.As(err, &bomb) || n > 100<<20 {
				t.Fatalf("%d bytes, %v", n, err)
			}
		})
	}
}

func FuzzInflate(f *testing.F) {
	text := records(3_000, 6)
	for _, seed := range [][]byte{nil, []byte("{}"), gz("abc", "def"), gz(text), gz(text)[:200], gz(string(gz(text))), zst(text), zst(text)[:50],
		join(gz("a"), make([]byte, 20), gz("b")), []byte("PK\x03\x04"), []byte("\x1f\x8b"), []byte("\x28\xb5\x2f\xfd"), []byte("\x50\x2a\x4d\x18\xff\xff\xff\xff")} {
		f.Add(seed, int64(1<<20))
	}
	f.Fuzz(func(t *testing.T, in []byte, limit int64) {
		limit = 1 + limit&(1<<20-1)
		read := func(src io.Reader) ([]byte, error) {
			r := Inflate(src, limit)
			defer r.Close()
			return io.ReadAll(r)
		}
		a, errA := read(bytes.NewReader(in))
		b, errB := read(iotest.HalfReader(bytes.NewReader(in)))
		if !bytes.Equal(a, b) || (errA == nil) != (errB == nil) {
			t.Fatalf("the way of reading matters: %d bytes %v, %d bytes %v", len(a), errA, len(b), errB)
		}
		var bad *CorruptError
		var bomb *BombError
		if errA != nil && !errors.As(errA, &bad) && !errors.As(errA, &bomb) {
			t.Fatalf("error of another kind: %v", errA)
		}
	})
}

func smallFiles() (files [][]byte, unpacked int64) {
	for i := range 64 {
		s := records(30_000+i*7_000, uint64(i))
		files = append(files, gz(s))
		unpacked += int64(len(s))
	}
	return files, unpacked
}

func BenchmarkInflate(b *testing.B) {
	files, unpacked := smallFiles()
	buf := make([]byte, 64<<10)
	b.SetBytes(unpacked)
	b.ReportAllocs()
	src := bytes.NewReader(nil)
	for b.Loop() {
		for _, f := range files {
			src.Reset(f)
			r := Inflate(src, 0)
			if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, buf); err != nil {
				b.Fatal(err)
			}
			_ = r.Close()
		}
	}
}

// BenchmarkInflateRaw is the same by klauspost's reader alone, kept and reset.
func BenchmarkInflateRaw(b *testing.B) {
	files, unpacked := smallFiles()
	buf := make([]byte, 64<<10)
	b.SetBytes(unpacked)
	b.ReportAllocs()
	src := bytes.NewReader(nil)
	z := new(gzip.Reader)
	for b.Loop() {
		for _, f := range files {
			src.Reset(f)
			if err := z.Reset(src); err != nil {
				b.Fatal(err)
			}
			if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{z}, buf); err != nil {
				b.Fatal(err)
			}
		}
	}
}
