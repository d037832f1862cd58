// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// randomText writes JSON text with every liberty that JSON gives.
type randomText struct {
	t *rapid.T
	strings.Builder
}

func (w *randomText) pick(n int, label string) int { return rapid.IntRange(0, n-1).Draw(w.t, label) }

func (w *randomText) blank() {
	if w.pick(4, "blank") == 0 {
		w.WriteString([]string{" ", "\n", "\t", "\r\n", "\n    "}[w.pick(5, "which blank")])
	}
}

var hostileTexts = []string{"", "x", "é", "\x1b[31m", `}]}`, `{"eventVersion":"1.08"`, `{"Records":[`, `\`, `"`, "\x00", "\u2028", "a\nb", "𝄞", "\xff\xfe", strings.Repeat("long ", 40)}

// str writes a string, each character plain or escaped.
func (w *randomText) str(text string) {
	w.WriteByte('"')
	escapes := w.pick(3, "escapes")
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			w.WriteString(`\` + string(c))
		case c < 0x20 || c < 0x80 && escapes == 0:
			fmt.Fprintf(w, `\u%04x`, c)
		default:
			w.WriteByte(c)
		}
	}
	if w.pick(20, "odd escape") == 0 {
		w.WriteString([]string{`\ud834\udd1e`, `\ud834`, `\udd1ex`, `\/\b\f\n\r\t`, `\ud834\u0041`}[w.pick(5, "which escape")])
	}
	w.WriteByte('"')
}

// value writes any value.
func (w *randomText) value(depth int) {
	switch n := w.pick(9, "kind"); {
	case n < 3 || depth > 4:
		w.str(hostileTexts[w.pick(len(hostileTexts), "text")])
	case n == 3:
		w.WriteString([]string{"0", "-1.5e+10", "123456789012", "1E-3"}[w.pick(4, "number")])
	case n == 4:
		w.WriteString([]string{"true", "false", "null"}[w.pick(3, "word")])
	case n < 7:
		w.WriteByte('[')
		for i := range w.pick(4, "elements") {
			if i > 0 {
				w.WriteByte(',')
			}
			w.blank()
			w.value(depth + 1)
			w.blank()
		}
		w.blank()
		w.WriteByte(']')
	default:
		w.object(depth, []string{"a", "eventName", "arn", "Records", "requestParameters", `q"`}, w.pick(4, "members"))
	}
}

// object writes n members with names out of keys, so that they may repeat.
func (w *randomText) object(depth int, keys []string, n int) {
	w.WriteByte('{')
	for i := range n {
		if i > 0 {
			w.WriteByte(',')
		}
		w.member(depth, keys[w.pick(len(keys), "key")], keys)
	}
	w.blank()
	w.WriteByte('}')
}

var identityKeys = []string{"type", "principalId", "arn", "accountId", "userName", "invokedBy", "sessionContext", "accessKeyId", "x"}

func (w *randomText) member(depth int, key string, keys []string) {
	w.blank()
	w.str(key)
	w.blank()
	w.WriteByte(':')
	w.blank()
	if w.pick(8, "any value") > 0 {
		switch key {
		case "userIdentity":
			w.object(depth+1, identityKeys, w.pick(8, "members"))
			return
		case "sessionContext":
			w.object(depth+1, []string{"sessionIssuer", "attributes", "arn"}, w.pick(4, "members"))
			return
		case "sessionIssuer":
			w.object(depth+1, []string{"arn", "type", "x"}, w.pick(4, "members"))
			return
		}
		if len(keys) > 8 {
			w.str(hostileTexts[w.pick(len(hostileTexts), "text")])
			return
		}
	}
	w.value(depth + 1)
}

var recordKeys = []string{
	"eventVersion", "eventTime", "@timestamp", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "errorCode",
	"eventID", "sharedEventID", "recipientAccountId", "userIdentity", "requestParameters", "responseElements", "resources", "readOnly", "x",
}

// record writes an object that counts as a record.
func (w *randomText) record() {
	w.WriteString(`{"eventVersion":"1","awsRegion":"r","eventName":"n"`)
	for range w.pick(12, "members") {
		w.WriteByte(',')
		w.member(1, recordKeys[w.pick(len(recordKeys), "key")], recordKeys)
	}
	w.blank()
	w.WriteByte('}')
}

// TestHeaderAgreesWithDecode: for any record, the header has what decoding it by
// encoding/json gives, in every field; and one is refused where the other is,
// for the same field.
func TestHeaderAgreesWithDecode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := randomText{t: t}
		w.record()
		text := w.String()
		if !json.Valid([]byte(text)) {
			t.Fatalf("the test wrote %q, which is not JSON", text)
		}
		got := collect(strings.NewReader(text), Options{})
		r, err := Decode([]byte(text), nil)
		var fault *DecodeError
		if errors.As(err, &fault) && fault.Field != "requestParameters" {
			if len(got.Skips) != 1 || !strings.HasSuffix(got.Skips[0].Reason, " has the wrong type") {
				t.Fatalf("%s: decoding says %v, the scan %+v", text, err, got.Skips)
			}
			return
		}
		if strings.HasPrefix(r.source(), "aws:") {
			return
		}
		if len(got.Raw) != 1 || got.Raw[0] != text {
			t.Fatalf("%s: %+v", text, got)
		}
		if err != nil {
			return
		}
		_, err = Scan(strings.NewReader(text), Options{}, func(h *Header, raw []byte) error {
			agree(t, h, r)
			return nil
		}, nil)
		if err != nil || t.Failed() {
			t.Fatalf("%s: %v", text, err)
		}
	})
}

func (r *Record) source() string {
	if r == nil {
		return ""
	}
	return r.EventSource
}

// pieces reads a text in pieces of random sizes.
type pieces struct {
	text  string
	sizes []int
	at    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.text) == 0 {
		return 0, io.EOF
	}
	n := min(len(b), len(p.text), p.sizes[p.at%len(p.sizes)])
	p.at++
	copy(b, p.text[:n])
	p.text = p.text[n:]
	if len(p.text) == 0 && p.at%2 == 0 {
		return n, io.EOF // some readers say so at once
	}
	return n, nil
}

// stream writes records in a random encoding, with damage now and then.
func (w *randomText) stream() string {
	for range rapid.IntRange(0, 6).Draw(w.t, "values") {
		switch w.pick(10, "form") {
		case 0:
			w.WriteString(`{"x":[],"Records":[`)
			w.record()
			w.WriteString(`,`)
			w.record()
			w.WriteString(`]}`)
		case 1:
			w.WriteString(`[`)
			w.record()
			w.WriteString(`]`)
		case 2:
			inner := randomText{t: w.t}
			inner.record()
			w.WriteString(`{"body":`)
			w.str(inner.String())
			w.WriteString(`}`)
		case 3:
			w.WriteString(`{"account":"1","detail":`)
			w.record()
			w.WriteString(`}`)
		case 4:
			w.value(0)
		case 5:
			w.WriteString([]string{"junk", "\x00", "{", "]", `"`, `{"a":`, "\n"}[w.pick(7, "junk")])
		default:
			w.record()
		}
		w.WriteString([]string{"", "\n", "\r\n", ",", " "}[w.pick(5, "separator")])
	}
	text := w.String()
	if w.pick(3, "cut") == 0 {
		text = text[:w.pick(len(text)+1, "cut at")]
	}
	return text
}

// TestScanSplits: however the stream is cut into reads, and however small the
// buffer, the result is the same.
func TestScanSplits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := randomText{t: t}
		text := w.stream()
		opts := Options{MaxRecord: rapid.SampledFrom([]int{50, 300, 1 << 20}).Draw(t, "MaxRecord"), MaxDepth: rapid.SampledFrom([]int{2, 4, 512}).Draw(t, "MaxDepth")}
		whole := collect(strings.NewReader(text), opts)
		sizes := rapid.SliceOfN(rapid.IntRange(1, 200), 1, 8).Draw(t, "sizes")
		opts.bufSize = rapid.IntRange(1, 600).Draw(t, "bufSize")
		cut := collect(&pieces{text: text, sizes: sizes}, opts)
		if d := cmp.Diff(whole, cut); d != "" {
			t.Fatalf("%q: %s", text, d)
		}
		if whole.Stats.Bytes != int64(len(text)) {
			t.Fatalf("%d bytes of %d", whole.Stats.Bytes, len(text))
		}
	})
}

// TestScanFindsAll: of records that are whole, in any encoding, none is lost.
func TestScanFindsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.IntRange(0, 8).Draw(t, "records")
		forms := []string{"%s\n", "%s", "%s,", "[%s]", `{"Records":[%s]}`, `{"a":{"b":[]},"Records":[%s],"c":1}`, `{"detail":%s}`, `{"eventData":%s} `, `[[%s]]`}
		var text strings.Builder
		for i := range want {
			w := randomText{t: t}
			w.WriteString(`{"eventVersion":"1","eventTime":"x",`)
			w.member(2, "requestParameters", nil)
			fmt.Fprintf(&w, `,"eventName":"%d"}`, i)
			fmt.Fprintf(&text, rapid.SampledFrom(forms).Draw(t, "form"), w.String())
		}
		got := collect(strings.NewReader(text.String()), Options{bufSize: 128})
		if len(got.Raw) != want || len(got.Skips) != 0 {
			t.Fatalf("%q: %d records of %d, skipped %+v", text.String(), len(got.Raw), want, got.Skips)
		}
		for i, h := range got.Headers {
			if h["Name"] != fmt.Sprint(i) {
				t.Fatalf("record %d is %q", i, h["Name"])
			}
		}
	})
}
