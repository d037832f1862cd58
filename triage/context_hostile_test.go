// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Any bytes give a Context, or problems that lie in the file; never a panic.
func FuzzReadContext(f *testing.F) {
	for _, doc := range documents(f) {
		f.Add(doc.Data)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ReadContext("f", text)
		var bad *ContextError
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("an error of another kind: %v", err)
		}
		if (c == nil) == (err == nil) || (bad != nil && len(bad.Problems) == 0) {
			t.Fatalf("Context %v, error %v", c, err)
		}
		var problems []Problem
		if bad != nil {
			problems = bad.Problems
		}
		lines := strings.Count(string(text), "\n") + strings.Count(string(text), "\r") + 2
		for _, p := range append(problems, c.Warnings(time.Time{})...) {
			if p.Line > lines || p.What == "" || p.Next == "" {
				t.Errorf("problem %+v in a file of %d lines", p, lines)
			}
		}
	})
}

// What would make the parser recurse without end, or compare without end, is
// turned down before.
func TestContextBombs(t *testing.T) {
	keys := strings.Builder{}
	for i := range 200000 {
		fmt.Fprintf(&keys, "k%d: v\n", i)
	}
	for name, text := range map[string]string{
		"too big":       strings.Repeat("#", maxContextBytes+1),
		"too many":      "usual: [" + strings.Repeat("x,", maxContextTokens/2) + "x]",
		"flow lists":    strings.Repeat("[", 1<<20),
		"flow mappings": strings.Repeat("{a: ", 1<<18),
		"entries":       strings.Repeat("- ", 1<<18) + "x",
		"stairs":        stairs(200),
		"keys":          keys.String(),
		"flow keys":     "usual: {" + strings.ReplaceAll(keys.String(), "\n", ", ") + "}",
		"anchors":       strings.Repeat("&a ", 1<<18),
		"laughs":        "a: &a [x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n",
		"tags":          strings.Repeat("!!a ", 1<<18),
		"not UTF-8":     "a: \xff",
		"NUL":           "a: \x00",
	} {
		c, err := ReadContext("bomb.yaml", []byte(text))
		var bad *ContextError
		if !errors.As(err, &bad) || c != nil || len(bad.Problems) == 0 || len(bad.Problems) > maxProblems {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is no text is told with its place.
func TestContextBytesHaveAPlace(t *testing.T) {
	for text, want := range map[string]string{
		"buckets:\n  - {match: caf\xe9}\n": "f.yaml:2:16: the byte 0xe9 is not UTF-8; save the file as UTF-8",
		"\xff\xfea\x00":                    "f.yaml:1:1: the byte 0xff is not UTF-8; save the file as UTF-8",
		"# äöü\n# é\xc3":                   "f.yaml:2:4: the byte 0xc3 is not UTF-8; save the file as UTF-8",
		"a: \ufffd\x00":                    "f.yaml:1:5: a NUL byte stands there; give a YAML file",
	} {
		if _, err := ReadContext("f.yaml", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func stairs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// A hundred problems are told, the rest counted.
func TestContextProblemsAreBounded(t *testing.T) {
	_, err := ReadContext("many.yaml", []byte("networks:\n"+strings.Repeat("  - {x: 1}\n", 1000)))
	var bad *ContextError
	if !errors.As(err, &bad) || len(bad.Problems) != maxProblems || len(bad.Problems)+bad.More != 4000 {
		t.Fatalf("%d problems and %d more", len(bad.Problems), bad.More)
	}
	if !strings.HasSuffix(err.Error(), "and 3900 more problems") {
		t.Error(err)
	}
}

// A big file is good.
func TestContextOfManyCustomers(t *testing.T) {
	var b strings.Builder
	b.WriteString("organizations:\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "  - name: Customer %d\n    accounts:\n      - {id: \"%012d\", alias: c%d}\n", i, i, i)
	}
	b.WriteString("networks:\n")
	for i := range 20000 {
		fmt.Fprintf(&b, "  - {name: N%d, kind: office, organization: Customer %d, cidrs: [10.%d.%d.0/24]}\n", i, i%2000, i>>8&255, i&255)
	}
	c, err := ReadContext("big.yaml", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Organizations) != 2000 || len(c.Networks) != 20000 {
		t.Errorf("%d organizations, %d networks", len(c.Organizations), len(c.Networks))
	}
}
