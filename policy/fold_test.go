// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLettersOutsideASCII: what hangs on how AWS compares them is never told as
// certain, nor as nobody.
func TestLettersOutsideASCII(t *testing.T) {
	const keyUnsure, foldUnsure = " ? no page of AWS says which condition key ", " ? no page of AWS says how "
	tags := `{"StringEquals":{"aws:PrincipalTag/Ä":"x"},"StringNotEquals":{"aws:PrincipalTag/ä":"x"}}`
	for _, c := range []struct {
		name, text string
		want       string // of the one grant, its beginning
		status     Status
	}{
		{"action", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetBuc` + "\u212a" + `etAcl","Resource":"arn:aws:s3:::b"}`),
			"anyone acl-read b ? the element Action is malformed", Unconfirmed},
		{"action pattern", statements(`{"Effect":"Allow","Principal":"*","Action":"s3:Lıst*t","Resource":"arn:aws:s3:::b"}`),
			"anyone list b ? the element Action is malformed", Unconfirmed},
		{"all but an action denied", statements(allowRead, `{"Effect":"Deny","Principal":"*","NotAction":"s3:GET*ſ","Resource":"*"}`),
			"anyone read b/* ? the element NotAction is malformed", Unconfirmed},
		{"key", statements(allow(`"*"`, `{"StringEquals":{"aws:ſourceVpce":"vpce-1"}}`)), "anyone read b/*" + keyUnsure, Unconfirmed},
		{"operator", statements(allow(`"*"`, `{"StringLi`+"\u212a"+`e":{"aws:Referer":"x"}}`)), "anyone read b/* ? the operator ", Unconfirmed},
		{"two tags, or one", statements(allow(`"*"`, tags)), "any-aws-account read b/*" + keyUnsure, Unconfirmed},
		{"one tag", statements(allow(`"*"`, `{"StringEquals":{"aws:PrincipalTag/Ä":"x"}}`)), "any-aws-account read b/*", Public},
		{"one value", statements(allow(`"*"`, `{"StringEqualsIgnoreCase":{"aws:Referer":"Ärger"}}`)), "anyone read b/*", Public},
		{"one value, in another case alone", statements(allow(`"*"`, `{"StringEqualsIgnoreCase":{"aws:Referer":"Ä"},"StringNotEquals":{"aws:Referer":"Ä"}}`)),
			"anyone read b/*" + foldUnsure, Unconfirmed},
		{"one value, and not in another case", statements(allow(`"*"`, `{"StringEqualsIgnoreCase":{"aws:Referer":"Ä"}}`), deny(`{"StringEqualsIgnoreCase":{"aws:Referer":"ä"}}`)),
			"anyone read b/*" + foldUnsure, Unconfirmed},
		{"a value that AWS sets", statements(allow(`"*"`, `{"StringEqualsIgnoreCase":{"aws:PrincipalType":"uſer"}}`)), "anyone read b/*" + foldUnsure, Unconfirmed},
		{"no boolean", statements(allowRead, deny(`{"Bool":{"aws:SecureTransport":"falſe"}}`)), "anyone read b/*", Public},
	} {
		d := parse(t, c.text)
		got := shorts(Analyse(d, testFacts).Grants)
		if len(got) != 1 || got[0] != c.want && (!strings.Contains(c.want, "?") || !strings.HasPrefix(got[0], c.want)) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if status := Classify(d, testFacts).Status; status != c.status {
			t.Errorf("%s: status %s, want %s", c.name, status, c.status)
		}
	}
}

// TestEvaluateLettersOutsideASCII: one request is judged alike.
func TestEvaluateLettersOutsideASCII(t *testing.T) {
	const kelvin = "\u212a"
	for _, c := range []struct {
		text    string
		request Request
		want    []string // the statements that are not settled
	}{
		{statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetBuc` + kelvin + `etAcl","Resource":"*"}`), Request{Action: "s3:GetBucketAcl", Resource: "arn:aws:s3:::b"}, []string{"Allow statement 0"}},
		{statements(allow(`"*"`, `{"StringEqualsIgnoreCase":{"aws:Referer":"K"}}`)), Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: map[string][]string{"aws:Referer": {kelvin}}}, []string{"Allow statement 0"}},
		{statements(allow(`"*"`, `{"StringEqualsIgnoreCase":{"aws:Referer":"K"}}`)), Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: map[string][]string{"AWS:Referer": {"k"}}}, nil},
	} {
		got := Evaluate(parse(t, c.text), c.request)
		if diff := cmp.Diff(c.want, got.Unsettled); diff != "" || (got.Outcome == Allowed) != (c.want == nil) {
			t.Errorf("%s: %+v %s", c.text, got, diff)
		}
	}
}
