// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parse(t testing.TB, text string) *Document {
	t.Helper()
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return d
}

func TestParseShapes(t *testing.T) {
	want := parse(t, `{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":["1"]},"Action":["s3:GetObject"],
		"Resource":["arn:aws:s3:::b/*"],"Condition":{"Bool":{"aws:SecureTransport":["true"]}}}]}`)
	if len(want.Problems) > 0 {
		t.Fatal(want.Problems)
	}
	for name, text := range map[string]string{
		"scalars": `{"Version":"2012-10-17","Statement":{"Sid":"a","Effect":"Allow","Principal":{"AWS":"1"},"Action":"s3:GetObject",
			"Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}`,
		"boolean":      `{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":"1"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":true}}}]}`,
		"member order": `{"Statement":[{"Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":true}},"Action":"s3:GetObject","Principal":{"AWS":1},"Effect":"Allow","Sid":"a"}],"Version":"2012-10-17"}`,
		"case":         `{"version":"2012-10-17","STATEMENT":{"sid":"a","effect":"allow","principal":{"aws":"1"},"action":"s3:GetObject","resource":"arn:aws:s3:::b/*","condition":{"Bool":{"aws:SecureTransport":"true"}}}}`,
		"twice":        `{"Version":"x","Version":"2012-10-17","Statement":{"Sid":"a","Effect":"Allow","Principal":{"AWS":"1"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}`,
		"mark":         "\xef\xbb\xbf" + string(want.Canonical()),
		"in a string":  string(must(json.Marshal(string(want.Canonical())))),
	} {
		d := parse(t, text)
		if diff := cmp.Diff(string(want.Canonical()), string(d.Canonical())); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if d.Hash() != want.Hash() {
			t.Errorf("%s: another hash", name)
		}
		quirk := slices.Contains([]string{"case", "twice", "mark", "in a string"}, name)
		if (len(d.Problems) > 0) != quirk {
			t.Errorf("%s: problems %q", name, d.Problems)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestParseValue(t *testing.T) {
	dec := json.NewDecoder(strings.NewReader(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*",
		"Condition":{"NumericLessThan":{"s3:max-keys":10}}}}`))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	d, err := ParseValue(v)
	if err != nil {
		t.Fatal(err)
	}
	want := []Condition{{Operator: "NumericLessThan", Key: "s3:max-keys", Values: []string{"10"}, Scalar: true}}
	if diff := cmp.Diff(want, d.Statements[0].Conditions); diff != "" {
		t.Error(diff)
	}
	if s, err := ParseValue(string(d.Canonical())); err != nil || s.Hash() != d.Hash() {
		t.Errorf("as a string: %v", err)
	}
	if _, err := ParseValue([]any{"x"}); err == nil {
		t.Error("a list is no policy")
	}
	deep := any("x")
	for range 100 {
		deep = map[string]any{"Statement": deep}
	}
	if _, err := ParseValue(deep); err == nil {
		t.Error("deep nesting passes")
	}
}

func TestParseErrors(t *testing.T) {
	for name, text := range map[string]string{
		"empty":      "",
		"space":      "  \n",
		"null":       "null",
		"list":       "[]",
		"number":     "7",
		"string":     `"hello"`,
		"half":       `{"Statement":[{"Effect":"Al`,
		"open":       `{"Statement":[`,
		"trailing":   `{} {}`,
		"not json":   `Statement: []`,
		"deep":       strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40),
		"deep lists": strings.Repeat("[", 100000),
		"large":      `{"Id":"` + strings.Repeat("x", 1<<20) + `"}`,
		"gzip":       "\x1f\x8b\x08\x00",
		"utf-16":     "\xff\xfe{\x00}\x00",
	} {
		if d, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: no error, got %+v", name, d)
		}
	}
}

func TestParseProblems(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "no Statement",
		`{"Version":"2013-01-01","Statement":[]}`:                                    "does not exist",
		`{"Statement":["x"]}`:                                                        "is a string, not an object",
		`{"Statement":{"Principal":"*","Action":"s3:*","Resource":"*"}}`:             "no Effect",
		`{"Statement":{"Effect":"Permit","Principal":"*"}}`:                          "does not exist",
		`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`:            "no Principal",
		`{"Statement":{"Effect":"Allow","Principal":"*","Resource":"*"}}`:            "no Action",
		`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*"}}`:           "no Resource",
		`{"Statement":{"Effect":"Allow","Principal":"*","Action":[]}}`:               "is empty",
		`{"Statement":{"Effect":"Allow","Principal":"*","NotPrincipal":"*"}}`:        "both Principal and NotPrincipal",
		`{"Statement":{"Effect":"Allow","Principal":{"Aws":"*"}}}`:                   "is spelt",
		`{"Statement":{"Effect":"Allow","Principal":{"User":"*"}}}`:                  "principal type",
		`{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:*"}}}`:    "wildcard inside",
		`{"Statement":{"Effect":"Allow","Principal":"everybody"}}`:                   "neither",
		`{"Statement":{"Effect":"Allow","Condition":"x"}}`:                           "Condition is a string",
		`{"Statement":{"Effect":"Allow","Condition":{"Bool":"x"}}}`:                  "not an object",
		`{"Statement":{"Effect":"Allow","Condition":{"Bool":{"a":{"b":"c"}}}}}`:      "not a scalar",
		`{"Statement":{"Effect":"Allow","Condition":{"StringIsh":{"a":"b"}}}}`:       "does not exist",
		`{"Statement":{"Effect":"Allow","Resource":{"a":"b"}}}`:                      "not a string",
		`{"Statement":{"Effect":"Allow","Colour":"red"}}`:                            "unknown element",
		`{"Colour":"red","Statement":[]}`:                                            "unknown element",
		`{"Statement":{"Effect":"Allow","Effect":"Deny"}}`:                           "stands twice",
		`{"Statement":{"Effect":"Allow","Sid":"\udfff"}}`:                            "not whole UTF-8",
		"{\"Statement\":{\"Effect\":\"Allow\",\"Sid\":\"\xff\"}}":                    "not whole UTF-8",
		`{"Statement":{"Effect":"Allow","Condition":{"NullIfExists":{"a":"true"}}}}`: "does not exist",
	} {
		d := parse(t, text)
		if !slices.ContainsFunc(d.Problems, func(p string) bool { return strings.Contains(p, want) }) {
			t.Errorf("%s: problems %q lack %q", text, d.Problems, want)
		}
		again := parse(t, string(d.Canonical()))
		if !bytes.Equal(again.Canonical(), d.Canonical()) {
			t.Errorf("%s: %s becomes %s", text, d.Canonical(), again.Canonical())
		}
	}
}

// TestMalformedIsNotUnconditional: what cannot be read never makes a grant
// certain, and never makes it vanish.
func TestMalformedIsNotUnconditional(t *testing.T) {
	for _, condition := range []string{`"x"`, `{"Bool":"x"}`, `{"Bool":{"aws:SecureTransport":{"a":1}}}`, `{"StringIsh":{"aws:Referer":"x"}}`} {
		d := parse(t, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":`+condition+`}}`)
		grants := Analyse(d, testFacts).Grants
		if len(grants) != 1 || len(grants[0].Unsettled) == 0 || grants[0].Audience != Anyone {
			t.Errorf("%s: %s", condition, describe(grants))
		}
	}
}

func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("testdata/examples.json")
	if err != nil {
		f.Fatal(err)
	}
	var list []struct{ Policy json.RawMessage }
	if err := json.Unmarshal(text, &list); err != nil {
		f.Fatal(err)
	}
	for _, e := range list {
		f.Add([]byte(e.Policy))
	}
	f.Add([]byte(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"${aws:username,'x'}*","Condition":{"ForAllValues:StringLikeIfExists":{"aws:userid":["*","?"]}}}}`))
	f.Add([]byte(`{"Statement":[{"Action":"*******B*C**C","Effect":"Allow","Principal":"*"}]}`))
	f.Add([]byte(`{"Statement":[{"Action":"*B*","Effect":"Allow","Principal":{"Service":""},"Resource":"*"}]}`))
	f.Add([]byte(`{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":["*"]},"NotAction":"?","NotResource":"***"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(d.Canonical())
		if err != nil {
			t.Fatalf("%v in %s", err, d.Canonical())
		}
		if !bytes.Equal(again.Canonical(), d.Canonical()) {
			t.Fatalf("%s becomes %s", d.Canonical(), again.Canonical())
		}
		Classify(d, testFacts)
		for _, found := range newAnalysis(d, testFacts).run() {
			checkWitness(t, d, *found)
		}
	})
}
