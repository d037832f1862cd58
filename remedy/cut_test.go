// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/policy"
)

func TestWithoutNames(t *testing.T) {
	for _, c := range []struct{ name, in, out string }{ // out "" is: the statement must go
		{"alone", `{"Principal":"*"}`, ""},
		{"alone in a map", `{"Principal":{"AWS":"*"}}`, ""},
		{"alone in a list", `{"Principal":{"AWS":["*"]}}`, ""},
		{"first of a list", `{"Principal":{"AWS":["*", "1"]}}`, `{"Principal":{"AWS":["1"]}}`},
		{"last of a list", "{\"Principal\":{\"AWS\":[\"1\" ,\n\"*\"]}}", `{"Principal":{"AWS":["1"]}}`},
		{"twice in a list", `{"Principal":{"AWS":["*","1","*","2"]}}`, `{"Principal":{"AWS":["1","2"]}}`},
		{"escaped", `{"Principal":{"AWS":["\u002a","1"]}}`, `{"Principal":{"AWS":["1"]}}`},
		{"beside a service", `{"Principal":{"AWS":"*","Service":"s"}}`, `{"Principal":{"Service":"s"}}`},
		{"behind a service", `{"Principal":{"Service":"s" , "AWS":["*"]}}`, `{"Principal":{"Service":"s"}}`},
		{"a user whose name holds one", `{"Principal":{"AWS":["arn:aws:iam::1:user/*"]}}`, ""},
		{"the action stays", `{"Action":"*","Principal":{"AWS":["1","*"]},"Resource":"*"}`, `{"Action":"*","Principal":{"AWS":["1"]},"Resource":"*"}`},
	} {
		out, ok := withoutNames(c.in, isEveryone)
		if ok != (c.out != "") || ok && out != c.out {
			t.Errorf("%s: %s became %s, %v", c.name, c.in, out, ok)
		}
	}
}

// Whatever the text, what is left is JSON that admits none of those who were
// taken out, and its statements are those of before, byte for byte, but for
// narrowed ones.
func FuzzCut(f *testing.F) {
	for _, s := range statements {
		f.Add(policyOf(s, statements[5]).Text, true)
		f.Add(policyOf(s, statements[5]).Text, false)
	}
	f.Add(pointPolicy, false)
	f.Add(`{"Statement":{"Effect":"Allow","Principal":{"AWS":["*","1"],"AWS":"*"},"Action":"*","Resource":"*"}}`, false)
	f.Add(`"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}"`, false)
	f.Fuzz(func(t *testing.T, text string, named bool) {
		var whom Whom
		if named {
			whom = Whom{"222233334444"}
		}
		facts := policy.Facts{Bucket: "b", Account: owner, Region: "eu-west-1", At: readAt}
		cut, err := cutOut(text, facts, whom)
		if err != nil || len(cut.removed)+len(cut.narrowed) == 0 {
			return
		}
		if cut.text == "" {
			if made, err := own(cut.final, owner); err == nil && !json.Valid([]byte(made)) {
				t.Fatalf("made out to the owner, it is no JSON: %s", made)
			}
			return
		}
		d, err := policy.Parse([]byte(cut.text))
		if err != nil || !json.Valid([]byte(cut.text)) {
			t.Fatalf("%s: %v", cut.text, err)
		}
		if at := whom.statement(d, facts); at >= 0 {
			t.Fatalf("statement %d lets them in: %s", at, cut.text)
		}
		if len(cut.narrowed) > 0 {
			return
		}
		before, _ := policy.Parse([]byte(text))
		for _, s := range d.Statements {
			same := func(b policy.Statement) bool { return text[b.Start:b.End] == cut.text[s.Start:s.End] }
			if !slices.ContainsFunc(before.Statements, same) || !strings.Contains(text, cut.text[s.Start:s.End]) {
				t.Fatalf("%s is no statement of %s", cut.text[s.Start:s.End], text)
			}
		}
	})
}
