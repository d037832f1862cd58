// SPDX-License-Identifier: Apache-2.0

package findings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/bucketlid/bucketlid/internal/golden"
	"github.com/bucketlid/bucketlid/triage"
)

// outcome is what Read made of one input, in order.
type outcome struct {
	found []triage.Elsewhere
	skips []Skip
	aside []string
}

func read(t testing.TB, r io.Reader) (o outcome, n int64, err error) {
	t.Helper()
	n, err = Read(r, Sink{
		Found: func(list []triage.Elsewhere) { o.found = append(o.found, list...) },
		Skip:  func(s Skip) { o.skips = append(o.skips, s) },
		Aside: func(e *NoEvidenceError) { o.aside = append(o.aside, e.Error()) },
	})
	return o, n, err
}

func (o *outcome) text() string {
	var b strings.Builder
	for _, e := range o.found {
		line, _ := json.Marshal(e)
		b.Write(append(line, '\n'))
	}
	for _, a := range o.aside {
		b.WriteString("aside: " + a + "\n")
	}
	for _, s := range o.skips {
		fmt.Fprintf(&b, "skipped at %d: %s\n", s.Offset, s.Reason)
	}
	return b.String()
}

// Every format has its samples, and every sample its golden answer.
func TestFormats(t *testing.T) {
	for _, f := range Formats {
		t.Run(f.ID, func(t *testing.T) {
			samples, err := txtar.ParseFile("testdata/" + f.ID + ".txtar")
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			found := 0
			for _, sample := range samples.Files {
				o, n, err := read(t, bytes.NewReader(sample.Data))
				if err != nil || n != int64(len(sample.Data)) {
					t.Errorf("%s: %d of %d bytes, %v", sample.Name, n, len(sample.Data), err)
				}
				found += len(o.found)
				fmt.Fprintf(&b, "== %s\n%s", sample.Name, o.text())
			}
			if found < 3 {
				t.Errorf("only %d findings in the samples", found)
			}
			golden.Check(t, "testdata/"+f.ID+".golden", []byte(b.String()))
		})
	}
}

const one = `{"AccountId":"111122223333","Id":"g","Type":"Policy:S3/BucketPublicAccessGranted","Resource":{"S3BucketDetails":[{"Name":"b"}]},"Service":{}}`

func TestReadShapes(t *testing.T) {
	indented := strings.ReplaceAll(one, ",", ",\n  ")
	tests := []struct {
		name, in string
		found    int
		skips    string // of all, joined
	}{
		{"empty", "", 0, ""},
		{"blank", " \n\t ", 0, ""},
		{"one", one, 1, ""},
		{"byte order mark", "\uFEFF" + one + "\n", 1, ""},
		{"lines", one + "\n\n" + one + "\r\n" + one, 3, ""},
		{"a bad line costs no other", one + "\n{bad}\n[1]\n\"x\"\n" + one + "\n", 2, "no JSON object|no JSON object|no JSON object"},
		{"one over several lines", indented, 1, ""},
		{"several over several lines", indented + "\n" + indented, 2, ""},
		{"a list", "[" + one + "," + one + "]", 2, ""},
		{"a list over several lines", "[\n" + one + ",\n" + one + "\n]\n", 2, ""},
		{"pages one after the other", `{"Findings":[` + one + `],"NextToken":"x"}` + "\n" + `{"Findings":[` + one + `]}`, 2, ""},
		{"pages over several lines", "{\"NextToken\":\n\"x\",\"Findings\":[" + one + "]}\n{\"findings\":\n[]}", 1, ""},
		{"findings null", "{\n\"findings\": null}", 0, ""},
		{"findings no list", "{\n\"findings\": 7}", 0, "neither an object nor a list"},
		{"cut off", "[" + one + "," + one[:40], 1, "unexpected EOF"},
		{"cut off behind an element", "[" + one, 1, "unexpected EOF"},
		{"trailing garbage", "[" + one + "] x", 1, "invalid character"},
		{"not JSON", "HELLO\nWORLD\n", 0, "invalid character"},
		{"a number", "7", 0, "neither an object nor a list"},
		{"elements that are none", `[null, 7, "x", []]`, 0, "unknown shape|no JSON object|no JSON object|no JSON object"},
		{"unknown shape", `{"a":1}`, 0, "unknown shape"},
		{"wrong types", `{"ProductArn":7,"Resources":[{"Id":7}]}`, 0, "not readable as a finding of securityhub"},
		{"a CloudTrail record", `{"Records":[{"eventVersion":"1.11"}]}`, 0, "unknown shape"},
		{"envelopes in envelopes", strings.Repeat(`{"detail-type":"x","detail":`, 9) + one + strings.Repeat("}", 9), 0, "envelopes in envelopes"},
		{"deep", strings.Repeat("[", 100_000), 0, "not a list of findings"},
		{"deep in an object", "{\"a\":\n" + strings.Repeat("[", 100_000), 0, "exceeded max depth"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, _, err := read(t, strings.NewReader(tt.in))
			if err != nil || len(o.found) != tt.found {
				t.Errorf("%d found, %v: %s", len(o.found), err, o.text())
			}
			want := strings.Split(tt.skips, "|")
			if tt.skips == "" {
				want = nil
			}
			if !slices.EqualFunc(o.skips, want, func(s Skip, part string) bool { return strings.Contains(s.Reason, part) }) {
				t.Errorf("skipped %v, want %q", o.skips, want)
			}
			for _, s := range o.skips {
				if s.Offset < 0 || s.Offset > int64(len(tt.in)) {
					t.Errorf("offset %d of %d", s.Offset, len(tt.in))
				}
			}
		})
	}
}

// The offset leads to the finding, in every shape.
func TestOffsets(t *testing.T) {
	for _, in := range []string{one + "\n" + one, "[\n " + one + ",\n" + one + "]", "{\"x\":1,\n\"findings\":[" + one + ", " + one + "]}", "\uFEFF" + one + "\n" + one} {
		o, _, err := read(t, strings.NewReader(in))
		if err != nil || len(o.found) != 2 {
			t.Fatalf("%d found, %v", len(o.found), err)
		}
		for _, e := range o.found {
			if !strings.HasPrefix(in[e.Offset:], `{"AccountId"`) {
				t.Errorf("offset %d of %q is %.20q", e.Offset, in, in[e.Offset:])
			}
		}
	}
}

func TestReadersErrorIsTold(t *testing.T) {
	broken := errors.New("broken")
	for _, head := range []string{one + "\n", "[" + one + ","} {
		o, _, err := read(t, io.MultiReader(strings.NewReader(head), errReader{broken}))
		if !errors.Is(err, broken) || len(o.found) != 1 {
			t.Errorf("%.5q: %d found, %v, %v", head, len(o.found), err, o.skips)
		}
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// endless gives text for ever, up to a bound that no test may reach.
type endless struct {
	text []byte
	at   int
	left int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	e.left -= int64(n)
	return n, nil
}

// Memory does not grow with what is read: neither with one finding that never
// ends, nor with many.
func TestMemoryIsBounded(t *testing.T) {
	long := strings.Repeat("x", 8_000)
	for _, tt := range []struct {
		name, head, text string
		size             int64
	}{
		{"an element without end", `[{"a":"`, long, 256 << 20},
		{"a field without end", "{\n\"a\":\"", long, 256 << 20},
		{"a line without end", one + "\n" + `{"a":"`, long, 256 << 20},
		{"many elements", "[", `{"a":"` + long + `"},`, 170 << 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			skips := 0
			_, err := Read(io.MultiReader(strings.NewReader(tt.head), &endless{text: []byte(tt.text), left: tt.size}),
				Sink{Found: func([]triage.Elsewhere) {}, Skip: func(Skip) { skips++ }, Aside: func(*NoEvidenceError) {}})
			runtime.ReadMemStats(&after)
			if err != nil || skips == 0 {
				t.Errorf("%d skips, %v", skips, err)
			}
			if held := int64(after.HeapSys) - int64(before.HeapSys); held > 150<<20 {
				t.Errorf("the heap grew by %d MB", held>>20)
			}
		})
	}
}

func TestTextIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	in := `{"AccountId":"111122223333","Id":"` + long + `","Title":"` + long + `","Type":"Policy:S3/BucketPublicAccessGranted","Resource":{"S3BucketDetails":[` +
		strings.TrimSuffix(strings.Repeat(`{"Name":"b"},`, 1000), ",") + `]},"Service":{}}`
	o, _, err := read(t, strings.NewReader(in))
	if err != nil || len(o.found) != 1 {
		t.Fatal(err, o.skips)
	}
	if size := len(o.text()); size > 20_000 {
		t.Errorf("%d bytes kept", size)
	}
}

func FuzzRead(f *testing.F) {
	for _, format := range Formats {
		samples, err := txtar.ParseFile("testdata/" + format.ID + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		for _, s := range samples.Files {
			f.Add(s.Data)
		}
	}
	f.Add([]byte(one + "\n{"))
	f.Fuzz(func(t *testing.T, in []byte) {
		o, n, err := read(t, bytes.NewReader(in))
		if err != nil || n != int64(len(in)) && len(o.skips) == 0 {
			t.Fatalf("%d of %d bytes, %v", n, len(in), err)
		}
		for _, e := range o.found {
			if e.Service == "" || e.Says == "" || e.Status == "" || e.Bucket == "" && e.Account == "" || e.Offset < 0 || e.Offset >= int64(len(in)) {
				t.Fatalf("%+v", e)
			}
		}
	})
}
