// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// sameMeaning compares documents apart from places and problems.
var sameMeaning = cmp.Options{
	cmp.AllowUnexported(Document{}, Statement{}, Principal{}),
	cmpopts.IgnoreFields(Document{}, "Problems", "Details"),
	cmpopts.IgnoreFields(Statement{}, "Start", "End"),
}

func checkRoundTrip(t rapid.TB, d *Document) {
	t.Helper()
	out, err := d.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(out)
	if err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if diff := cmp.Diff(d, again, sameMeaning); diff != "" {
		t.Fatalf("%s\n%s", diff, out)
	}
	if d.Hash() != again.Hash() {
		t.Fatalf("another hash: %s", out)
	}
}

func TestMarshalKeepsForms(t *testing.T) {
	text := `{
  "Version": "2012-10-17",
  "Id": "x",
  "Colour": [
    1.50
  ],
  "Statement": {
    "Sid": "a&b",
    "Effect": "Allow",
    "Shade": {
      "deep": null
    },
    "Principal": {
      "AWS": [
        "1"
      ],
      "Service": "s"
    },
    "Action": [
      "s3:GetObject"
    ],
    "Resource": "*",
    "Condition": {
      "Bool": {
        "aws:SecureTransport": "true"
      },
      "StringLike": {
        "aws:Referer": [
          "a",
          "b"
        ]
      }
    }
  }
}`
	got, err := parse(t, text).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var compact, want bytes.Buffer
	if err := json.Compact(&compact, got); err != nil {
		t.Fatal(err)
	}
	if err := json.Compact(&want, []byte(text)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), compact.String()); diff != "" {
		t.Error(diff)
	}
}

func TestMarshalRoundTrip(t *testing.T) {
	for _, e := range examples(t) {
		checkRoundTrip(t, e.document(t))
	}
	for _, text := range []string{`{}`, `{"Statement":["x",{"Effect":"Allow"}]}`, `{"Statement":{"Action":[1,{"a":2}],"Principal":["*"],"Condition":{"Bool":7}}}`,
		`{"Statement":{"Principal":{"AWS":{"a":1},"Odd":"x"},"NotPrincipal":"bob","Condition":{"Bool":{"a":[true]},"Null":{"b":[[]]}}}}`} {
		checkRoundTrip(t, parse(t, text))
	}
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		if i := slices.IndexFunc(d.Statements, repeats); i >= 0 {
			if out, err := d.Marshal(); err == nil {
				t.Fatalf("statement %d repeats a condition in %s", i, out)
			}
			return
		}
		out, err := d.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		// Reading puts conditions in order; from then on nothing changes.
		again, err := Parse(out)
		if err != nil || again.Hash() != d.Hash() || len(again.Problems) > 0 {
			t.Fatalf("%v, %q in %s", err, again.Problems, out)
		}
		checkRoundTrip(t, again)
	})
}

// repeats says whether a statement has one condition twice.
func repeats(s Statement) bool {
	seen := map[string]bool{}
	for _, c := range s.Conditions {
		if seen[c.Operator+" "+c.Key] {
			return true
		}
		seen[c.Operator+" "+c.Key] = true
	}
	return false
}

// spaces are what JSON allows between its parts.
func spaces(t *rapid.T) string {
	return rapid.StringOfN(rapid.SampledFrom([]rune(" \t\n\r")), 0, 3, -1).Draw(t, "space")
}

// TestWithout: cutting leaves every byte of the other statements, and a policy
// that has just those.
func TestWithout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		var text strings.Builder
		text.WriteString(spaces(t) + `{"Version":"2012-10-17",` + spaces(t) + `"Statement":[`)
		for i := range d.Statements {
			if i > 0 {
				text.WriteString(spaces(t) + ",")
			}
			one, err := json.Marshal(d.Statements[i].value())
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&text, "%s%s", spaces(t), one)
		}
		text.WriteString(spaces(t) + `],"Id":"ü"}` + spaces(t))
		full, err := Parse([]byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		cut := rapid.SliceOfNDistinct(rapid.IntRange(0, len(full.Statements)-1), 0, len(full.Statements), func(i int) int { return i }).Draw(t, "cut")
		out, err := Without([]byte(text.String()), cut...)
		if len(cut) == len(full.Statements) {
			if err == nil {
				t.Fatalf("nothing is left of %s: %s", text.String(), out)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		checkCut(t, []byte(text.String()), out, full, cut)
	})
}

func checkCut(t rapid.TB, text, out []byte, full *Document, cut []int) {
	t.Helper()
	left, err := Parse(out)
	if err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	n := 0
	for i, s := range full.Statements {
		if slices.Contains(cut, i) {
			continue
		}
		one := left.Statements[n]
		if !bytes.Equal(text[s.Start:s.End], out[one.Start:one.End]) {
			t.Fatalf("statement %d: %s became %s", i, text[s.Start:s.End], out[one.Start:one.End])
		}
		n++
	}
	if n != len(left.Statements) || left.ID != full.ID || left.Version != full.Version {
		t.Fatalf("%s became %s", text, out)
	}
	if len(cut) == 0 && !bytes.Equal(text, out) {
		t.Fatalf("cutting nothing changes %s into %s", text, out)
	}
}

func TestWithoutErrors(t *testing.T) {
	inner, err := json.Marshal(statements(allowRead))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		cut  []int
		want string
	}{
		"no such statement": {statements(allowRead), []int{1}, "there is no statement 1"},
		"negative":          {statements(allowRead), []int{-1}, "there is no statement -1"},
		"all":               {statements(allowRead), []int{0}, "delete the policy instead"},
		"single object":     {`{"Statement":{"Effect":"Allow"}}`, []int{0}, "delete the policy instead"},
		"in a string":       {string(inner), nil, "inside a JSON string"},
		"no JSON":           {`{`, nil, "ends in the middle"},
	} {
		if out, err := Without([]byte(c.text), c.cut...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s %v, want %q", name, out, err, c.want)
		}
	}
}

// TestProblemPlaces: each problem has its kind and stands where it says.
func TestProblemPlaces(t *testing.T) {
	text := "\xef\xbb\xbf{\"Version\":\"2012-10-17\",\n \"Statement\":[\n  {\"Sid\":\"ü\",\"Effect\":\"Allow \",\"effect\":\"deny\",\"Principal\":\"*\",\"Action\":\"x\",\"Action\":\"s3:*\",\"Resource\":[]},\n  7]}"
	d := parse(t, text)
	var got []string
	for _, p := range d.Details {
		at := text[p.Position.Offset:]
		got = append(got, fmt.Sprintf("%d:%d %s %d %s at %.9q", p.Position.Line, p.Position.Column, p.Kind, p.Statement, p.Sid, at))
	}
	want := []string{
		"1:1 encoding -1  at \"\\ufeff{\\\"Versio\"",
		"3:64 duplicate-element -1  at \"\\\"Action\\\":\"",
		"3:23 spelling 0 ü at \"\\\"Allow \\\",\"",
		"3:32 spelling 0 ü at \"\\\"effect\\\":\"",
		"3:32 duplicate-element 0 ü at \"\\\"effect\\\":\"",
		"3:41 spelling 0 ü at \"\\\"deny\\\",\\\"P\"",
		"3:104 empty-element 0 ü at \"[]},\\n  7]\"",
		"4:3 wrong-shape 1  at \"7]}\"",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(d.Problems) != len(d.Details) || d.Statements[0].Effect != "Deny" || d.Statements[0].Action[0] != "s3:*" {
		t.Errorf("%q, %+v", d.Problems, d.Statements[0])
	}
	for i, p := range d.Details {
		if p.Text != d.Problems[i] || p.String() == p.Text {
			t.Errorf("%q beside %q", p.String(), d.Problems[i])
		}
	}
}

// TestLargePolicy: above S3's limit a policy is judged all the same.
func TestLargePolicy(t *testing.T) {
	text := statements(allowRead) + strings.Repeat(" ", maxPolicy)
	d := parse(t, text)
	if len(d.Details) != 1 || d.Details[0].Kind != TooLarge || !d.Details[0].Kind.Harmless() {
		t.Errorf("%+v", d.Details)
	}
	if widest(Analyse(d, testFacts).Grants) != Anyone {
		t.Error("a large policy is not judged")
	}
}

// TestParseBounds: what is beyond any policy is refused, with the reason.
func TestParseBounds(t *testing.T) {
	for want, text := range map[string]string{
		"above the limit of 1048576; S3 takes at most 20480": `{"Id":"` + strings.Repeat("x", 20<<20) + `"}`,
		"nesting is deeper than 32 levels":                   strings.Repeat(`{"a":[`, 100_000),
		"more than 262144 values":                            "[" + strings.Repeat("1,", 300_000) + "1]",
		"line 3, column 2 (byte 4): \"x\" is no JSON value":  "{\"\n\n x",
	} {
		if strings.HasPrefix(want, "line") {
			text = "[\n\n x"
		}
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	many := make([]string, 9000)
	for i := range many {
		many[i] = `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/` + fmt.Sprint(i) + `"}`
	}
	if d := parse(t, statements(many...)); len(d.Statements) != len(many) || d.Details[0].Kind != TooLarge {
		t.Errorf("%d statements, problems %q", len(d.Statements), d.Problems)
	}
}

// FuzzJSON: this reader and encoding/json agree on what is JSON and what it says.
func FuzzJSON(f *testing.F) {
	text, err := os.ReadFile("testdata/examples.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text[:2000])
	for _, s := range []string{`{"a":[1,-0.5e+7,true,null,"\u00e9\ud83d\ude00\ud800x"],"a":{}}`, `[1,]`, `{"a":1,}`, `01`, `"` + "\x80" + `"`, "\"\x1f\"", `[] x`, `nul`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := jsonReader{src: string(text)}
		n, err := r.value(0)
		if r.space(); err == nil && r.at < len(r.src) {
			err = fmt.Errorf("trailing")
		}
		if err == errDeep || err == errMany {
			return
		}
		if valid := json.Valid(text); valid != (err == nil) {
			t.Fatalf("valid %t, but %v", valid, err)
		}
		if err != nil {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.UseNumber()
		var want any
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, n.value()); diff != "" {
			t.Fatal(diff)
		}
	})
}
