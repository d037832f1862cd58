// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"
	"testing"
)

// hostile builds policies that are made to cost time.
func hostile() map[string]string {
	stars := strings.Repeat("*a", 400) + "*"
	var globs, denies, accounts []string
	for i := range 40 {
		globs = append(globs, fmt.Sprintf("%q", "*"+strings.Repeat("a?", i)+"*b*"+strings.Repeat("?c", 40-i)+"*"))
	}
	for i := range 60 {
		denies = append(denies, deny(fmt.Sprintf(`{"StringNotLike":{"aws:Referer":"*%d*"},"StringLike":{"aws:UserAgent":"*%d*"},"StringNotEquals":{"aws:PrincipalTag/t":"%d"}}`, i, i, i)))
	}
	for i := range 3000 {
		accounts = append(accounts, fmt.Sprintf(`"%012d"`, 444400000000+i))
	}
	var many []string
	for i := range 4000 {
		many = append(many, fmt.Sprintf(`{"Effect":"%s","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/%d*"}`, []string{"Allow", "Deny"}[i%2], i))
	}
	var cidrs []string
	for i := range 20000 {
		cidrs = append(cidrs, fmt.Sprintf(`"%d.%d.%d.0/30"`, 11+i%100, i/100%200, i%7*30))
	}
	return map[string]string{
		"stars":        statements(allow(`"*"`, `{"StringLike":{"aws:Referer":"`+stars+`"},"StringNotLike":{"aws:Referer":["`+stars+`b","`+stars+`c*"]}}`)),
		"product":      statements(allow(`"*"`, `{"StringLike":{"aws:Referer":[`+strings.Join(globs, ",")+`]},"StringNotLike":{"aws:Referer":[`+strings.Join(globs[1:], ",")+`]}}`)),
		"denies":       statements(append([]string{allowRead}, denies...)...),
		"accounts":     statements(allow(`{"AWS":[`+strings.Join(accounts, ",")+`]}`, `{}`)),
		"statements":   statements(many...),
		"cidrs":        statements(allow(`"*"`, `{"IpAddress":{"aws:SourceIp":[`+strings.Join(cidrs, ",")+`]}}`), deny(`{"NotIpAddress":{"aws:SourceIp":[`+strings.Join(cidrs[1:], ",")+`]}}`)),
		"variables":    statements(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/` + strings.Repeat("${aws:PrincipalTag/x,'y'}${aws:username}${aws:userid}${aws:SourceIp}${aws:Referer}${aws:UserAgent}*", 50) + `"}`),
		"long pattern": statements(allow(`"*"`, `{"StringLike":{"aws:Referer":"`+strings.Repeat("*?x", 100000)+`"}}`), deny(`{"StringLike":{"aws:Referer":"`+strings.Repeat("*x", 100000)+`"}}`)),
		"resources":    statements(`{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:PutObject"],"Resource":[`+strings.Join(globsOn("arn:aws:s3:::b/", 8000), ",")+`]}`, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":[`+strings.Join(globsOn("arn:aws:s3:::b/x", 8000), ",")+`]}`),
		"many stars":   statements(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":[`+strings.Repeat(`"arn:aws:s3:::b/`+strings.Repeat("*a", 100)+`",`, 1000)+`"*"]}`, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":[`+strings.Repeat(`"arn:aws:s3:::b/`+strings.Repeat("*a", 90)+`?*",`, 1000)+`"x"]}`),
		"actions":      statements(`{"Effect":"Allow","Principal":"*","Action":["` + strings.Repeat(`s3:`+strings.Repeat("*a", 100)+`","`, 3000) + `x"],"Resource":"*"}`),
	}
}

func globsOn(prefix string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%q", fmt.Sprintf("%s%d*%d", prefix, i, i)))
	}
	return out
}

// TestHostilePolicies: no policy below the size limit takes more than the budget,
// and one that is given up is reported, not dropped.
func TestHostilePolicies(t *testing.T) {
	for name, text := range hostile() {
		if len(text) > maxText {
			t.Fatalf("%s: %d bytes", name, len(text))
		}
		d := parse(t, text)
		an := newAnalysis(d, testFacts)
		r := Analyse(d, testFacts)
		Classify(d, testFacts)
		an.run()
		if b := an.solver.budget; b.nodes > 2*maxSearchNodes || b.work > 2*maxSearchWork {
			t.Errorf("%s: the budget was passed by far: %+v", name, b)
		}
		if len(r.Grants) == 0 && name != "actions" {
			t.Errorf("%s: no grants, not even an unsettled one", name)
		}
	}
}
