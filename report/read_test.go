// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/internal/golden"
	"github.com/bucketlid/bucketlid/triage"
)

// tester is what *testing.T and *rapid.T have in common here.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// write renders messages in a format.
func write(t tester, format string, o Options, messages ...Message) string {
	t.Helper()
	var b bytes.Buffer
	h := handler(t, format, &b, o)
	for _, m := range messages {
		if err := h.Handle(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func handler(t tester, format string, b *bytes.Buffer, o Options) Handler {
	t.Helper()
	for _, f := range Formats {
		if f.ID == format {
			return f.New(b, o)
		}
	}
	t.Fatalf("no format %s", format)
	return nil
}

// render reads a saved stream into a format.
func render(t tester, format, stream string, o Options) (string, error) {
	t.Helper()
	var b bytes.Buffer
	err := Read(strings.NewReader(stream), handler(t, format, &b, o))
	return b.String(), err
}

func fixture(t tester) string {
	t.Helper()
	stream, err := os.ReadFile("testdata/stream.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return string(stream)
}

func TestFixtureRoundTrip(t *testing.T) {
	got, err := render(t, "jsonl", fixture(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/stream.jsonl", []byte(got))
}

var zoneless = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[\d:.]+[^Z\d:.]`)

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := []Message{{Config: &Config{Schema: Schema}}}
		for _, m := range rapid.SliceOfN(messages(), 0, 4).Draw(t, "messages") {
			if m.Config == nil && m.Summary == nil {
				stream = append(stream, m)
			}
		}
		var summary Summary
		if m := messages().Draw(t, "last"); m.Summary != nil {
			summary = *m.Summary
		}
		stream = append(stream, Message{Summary: &summary})

		var first, second bytes.Buffer
		h := newJSONL(&first, Options{})
		for _, m := range stream {
			if err := h.Handle(m); err != nil {
				t.Fatal(err)
			}
		}
		if err := Read(bytes.NewReader(first.Bytes()), newJSONL(&second, Options{})); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("round trip differs:\n%q\n%q", first.String(), second.String())
		}
		if lines := strings.Count(first.String(), "\n"); lines != len(stream) {
			t.Fatalf("%d messages gave %d lines", len(stream), lines)
		}
		if m := zoneless.FindString(first.String()); m != "" {
			t.Fatalf("a time is not in UTC: %s", m)
		}
	})
}

// No format fails, hangs or lets anything through, whatever a message holds.
func TestEveryFormatTakesAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := rapid.SliceOfN(messages(), 0, 4).Draw(t, "messages")
		o := Options{Width: rapid.IntRange(0, 250).Draw(t, "width")}
		for _, f := range Formats {
			var b bytes.Buffer
			h := f.New(&b, o)
			for _, m := range stream {
				if err := h.Handle(m); err != nil {
					t.Fatalf("%s: %v", f.ID, err)
				}
			}
			if err := h.Close(); err != nil {
				t.Fatalf("%s: %v", f.ID, err)
			}
			text := strings.NewReplacer("\r\n", "", "\n", "").Replace(b.String())
			if r, found := dangerous(f.ID, text); found {
				t.Fatalf("%s: the output holds %U: %q", f.ID, r, b.String())
			}
		}
	})
}

// dangerous is drives, but jsonl and ocsf keep what is only odd.
func dangerous(format, text string) (rune, bool) {
	if format != "jsonl" && format != "ocsf" {
		return drives(text)
	}
	i := strings.IndexFunc(text, func(r rune) bool { return unicode.In(r, unicode.Cc, unsafeInJSON) })
	if i < 0 {
		return 0, false
	}
	r, _ := utf8.DecodeRuneInString(text[i:])
	return r, true
}

func TestListsAreNeverNull(t *testing.T) {
	got := write(t, "jsonl", Options{},
		Message{Config: &Config{Schema: Schema}}, Message{Alert: &triage.Alert{Flags: []triage.Flag{{}}, Suggestion: &triage.Suggestion{}}}, Message{Summary: &Summary{}})
	for line := range strings.Lines(got) {
		var m map[string]map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{`"sources":[]`, `"access":[]`, `"blocked_by":[]`, `"reasons":[]`, `"unknowns":[]`, `"exposures":[]`, `"scope":{"include":[]}`,
		`"for":[]`, `"against":[]`, `"wrong_if":[]`, `"missing":[]`, `"skipped":{}`, `"alerts_by_severity":{}`, `"gaps":[]`, `"top_buckets":[]`,
		`"opened_at":null`, `"witness":null`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
}

func TestHandleLeavesTheMessageAlone(t *testing.T) {
	when := time.Date(2026, 8, 3, 16, 0, 0, 0, time.FixedZone("CEST", 7200))
	a := &triage.Alert{Title: "bad \xff", OpenedAt: &when}
	got := write(t, "jsonl", Options{}, Message{Alert: a})
	if a.Title != "bad \xff" || a.Access != nil || a.OpenedAt.Location() == time.UTC {
		t.Errorf("the caller's alert was changed: %+v", a)
	}
	if !strings.Contains(got, `"opened_at":"2026-08-03T14:00:00Z"`) || !strings.Contains(got, "bad \uFFFD") {
		t.Errorf("got %s", got)
	}
}

func TestKeysThatBecomeOneAreAdded(t *testing.T) {
	got := write(t, "jsonl", Options{}, Message{Summary: &Summary{Skipped: map[string]int64{"a\xff": 1, "a\xfe": 2}}})
	if !strings.Contains(got, "\"skipped\":{\"a\uFFFD\":3}") {
		t.Errorf("got %s", got)
	}
}

func TestRead(t *testing.T) {
	const (
		config  = `{"config":{"schema":"bucketlid/1","version":"1","command":"hunt","sources":[]}}` + "\n"
		alert   = `{"alert":{"id":"a-1","kind":"public","severity":"high","title":"It is open."}}` + "\n"
		summary = `{"summary":{"records":1}}` + "\n"
	)
	tests := []struct{ name, in, err string }{
		{"whole", config + alert + summary, ""},
		{"no line feed at the end", config + alert + strings.TrimSpace(summary), ""},
		{"Windows", "\uFEFF" + strings.ReplaceAll(config+alert+summary, "\n", "\r\n") + "\r\n", ""},
		{"blank lines", "\n" + config + "\n" + alert + "\n" + summary + "\n\n", ""},
		{"unknown fields", config + `{"alert":{"id":"a-1","kind":"public","severity":"low","novel":[1,{}]},"novel":7}` + "\n" + summary, ""},
		{"unknown schema", strings.Replace(config, "bucketlid/1", "bucketlid/9", 1) + summary, `line 1: unknown schema "bucketlid/9"`},
		{"no schema", `{"config":{}}` + "\n" + summary, `line 1: unknown schema ""`},
		{"no config", alert + summary, "line 1: the first message must be config"},
		{"two configs", config + config + summary, "line 2: a second config"},
		{"after the summary", config + summary + alert, "line 3: a message after the summary"},
		{"cut off", config + alert, "the stream is cut off"},
		{"cut in a line", config + alert[:20], "line 2: not a message of bucketlid/1"},
		{"not JSON", config + "HELLO\n" + summary, "line 2: not a message"},
		{"wrong type", config + `{"alert":{"id":7}}` + "\n" + summary, "line 2: not a message"},
		{"no key", config + `{"novel":{}}` + "\n" + summary, "line 2: a message has exactly one"},
		{"null", config + `{"alert":null}` + "\n" + summary, "line 2: a message has exactly one"},
		{"two keys", config + `{"alert":{"id":"a-1","kind":"public","severity":"low"},"skipped":{}}` + "\n" + summary, "line 2: a message has exactly one"},
		{"empty", "", "the stream is empty"},
		{"deep", config + strings.Repeat("[", 1<<20) + "\n", "line 2: not a message"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := render(t, "table", tt.in, Options{})
			switch {
			case tt.err == "" && err != nil:
				t.Errorf("failed: %v", err)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("got %v, want %q", err, tt.err)
			}
		})
	}
}

// What a cut stream still holds is rendered, and the rendering says so itself.
func TestCutOffIsRendered(t *testing.T) {
	lines := strings.SplitAfter(fixture(t), "\n")
	for _, format := range []string{"table", "wide", "md", "csv", "jsonl"} {
		got, err := render(t, format, strings.Join(lines[:6], ""), Options{})
		if !errors.Is(err, ErrCutOff) {
			t.Errorf("%s: %v", format, err)
		}
		if !strings.Contains(got, "acme-exports") {
			t.Errorf("%s lacks the alert: %s", format, got)
		}
		if format != "csv" && format != "jsonl" && !strings.Contains(got, cutOff) {
			t.Errorf("%s does not say that it is cut off", format)
		}
	}
}

func TestHandlersRefuseNoMessage(t *testing.T) {
	for _, f := range Formats {
		var b bytes.Buffer
		h := f.New(&b, Options{})
		for _, m := range []Message{{}, {Config: &Config{}, Summary: &Summary{}}} {
			if err := h.Handle(m); err == nil {
				t.Errorf("%s took %+v", f.ID, m)
			}
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrorsAreTold(t *testing.T) {
	for _, f := range Formats {
		err := Read(strings.NewReader(fixture(t)), f.New(failing{}, Options{}))
		if err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s: %v", f.ID, err)
		}
	}
}

func TestCloseTwice(t *testing.T) {
	for _, f := range Formats {
		var b bytes.Buffer
		h := f.New(&b, Options{})
		if err := Read(strings.NewReader(fixture(t)), h); err != nil {
			t.Fatal(err)
		}
		n := b.Len()
		if err := h.Close(); err != nil || b.Len() != n {
			t.Errorf("%s: a second Close wrote %d bytes: %v", f.ID, b.Len()-n, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"config":{"schema":"bucketlid/1"}}` + "\n" + `{"summary":{}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var first, second bytes.Buffer
		if Read(bytes.NewReader(in), newJSONL(&first, Options{})) != nil {
			return
		}
		if err := Read(bytes.NewReader(first.Bytes()), newJSONL(&second, Options{})); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%q\n%q", first.String(), second.String())
		}
	})
}

func TestReadRefusesAnEmptyAlert(t *testing.T) {
	for _, alert := range []string{`{}`, `{"id":"a-1","kind":"public"}`, `{"kind":"public","severity":"high"}`} {
		text := `{"config":{"schema":"bucketlid/1"}}` + "\n" + `{"alert":` + alert + "}\n" + `{"summary":{}}` + "\n"
		if _, err := render(t, "md", text, Options{}); err == nil || !strings.Contains(err.Error(), "line 2: an alert without") {
			t.Errorf("%s: %v", alert, err)
		}
	}
}
