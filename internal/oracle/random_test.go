// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/policy"
)

// How many random policies, how many requests on each, and the seed.
const (
	randomPolicies = 200
	randomRequests = 10
	randomSeed     = 20260601
)

// grammar is the part of the policy language that a server reads as AWS's pages
// say, so that a difference on it is news.
type grammar struct {
	principals []any
	conditions []condition
}

// condition is a key with the operators and values that go with it. only is the
// action that the key belongs to, if it is one of few.
type condition struct {
	key       string
	operators []string
	values    []string
	only      string
	single    bool // one value at a time
}

var (
	addresses = []string{"203.0.113.0/24", "203.0.113.7", "0.0.0.0/0", "8.8.8.8/32", "10.0.0.0/8", "2600::/16"}
	texts     = []string{"https://www.example.com/*", "https://*.example.com/?", "s3cr3t", "*", "oracle", "?racle", ""}
	dates     = []string{"2020-01-01T00:00:00Z", "2099-12-31T23:59:59Z", "1577836800"}

	positiveText  = []string{"StringEquals", "StringLike", "StringEqualsIgnoreCase"}
	negatedText   = []string{"StringNotEquals", "StringNotLike", "StringNotEqualsIgnoreCase"}
	ifExistsText  = []string{"StringEqualsIfExists", "StringLikeIfExists", "StringNotLikeIfExists", "StringNotEqualsIfExists"}
	setText       = []string{"ForAnyValue:StringLike", "ForAllValues:StringLike", "ForAllValues:StringEquals"}
	negatedSet    = []string{"ForAllValues:StringNotLike"}
	numbers       = []string{"NumericLessThan", "NumericLessThanEquals", "NumericEquals", "NumericGreaterThan", "NumericGreaterThanEquals"}
	addressChecks = []string{"IpAddress", "NotIpAddress", "IpAddressIfExists", "NotIpAddressIfExists"}
	dateChecks    = []string{"DateLessThan", "DateGreaterThan", "DateLessThanEquals", "DateGreaterThanEqualsIfExists", "DateNotEquals"}
)

var versityGrammar = grammar{
	principals: []any{"*", map[string]any{"AWS": "*"}, map[string]any{"AWS": []string{"*"}}},
	conditions: []condition{
		{"aws:SourceIp", addressChecks, addresses, "", false},
		{"aws:Referer", concat(positiveText, negatedText, ifExistsText, setText, negatedSet), texts, "", false},
		{"AWS:UserAgent", concat(positiveText, negatedText, ifExistsText, setText, negatedSet), texts, "", false},
		{"aws:SecureTransport", []string{"Bool", "BoolIfExists"}, []string{"true", "false"}, "", false},
		{"aws:Referer", []string{"Null"}, []string{"true", "false"}, "", false},
		{"aws:CurrentTime", dateChecks, dates, "", false},
		{"aws:EpochTime", []string{"NumericLessThan", "NumericGreaterThan", "DateGreaterThan"}, []string{"1577836800", "4102444799"}, "", false},
		{"s3:prefix", concat(positiveText, negatedText, ifExistsText), []string{"pub/*", "pub/k", "", "p?b/k"}, "s3:ListBucket", false},
		{"s3:max-keys", append(numbers, "NumericNotEquals", "NumericLessThanIfExists"), []string{"10", "11"}, "s3:ListBucket", false},
		{"s3:x-amz-acl", concat(positiveText, negatedText), []string{"bucket-owner-full-control", "*-full-control", "private"}, "s3:PutObject", false},
	},
}

var radosgwGrammar = grammar{
	principals: []any{"*", map[string]any{"AWS": "*"}, map[string]any{"AWS": []string{"arn:aws:iam::" + partnerAccount + ":root"}},
		map[string]any{"AWS": "arn:aws:iam::" + strangerAccount + ":user/mallory"},
		map[string]any{"AWS": []string{"arn:aws:iam::" + strangerAccount + ":user/bob", "arn:aws:iam::" + partnerAccount + ":user/partner"}}},
	conditions: []condition{
		{"aws:SourceIp", addressChecks, addresses, "", true},
		{"aws:Referer", concat(positiveText, ifExistsText), texts, "", true},
		{"aws:UserAgent", concat(positiveText, negatedText, ifExistsText), texts, "", true},
		{"aws:SecureTransport", []string{"Bool"}, []string{"true"}, "", false},
		{"aws:CurrentTime", dateChecks, dates, "", true},
		{"s3:prefix", concat(positiveText, ifExistsText), []string{"pub/*", "pub/k", "", "p?b/k"}, "s3:ListBucket", true},
		{"s3:max-keys", numbers[:3], []string{"10", "11"}, "s3:ListBucket", false},
		{"s3:x-amz-acl", positiveText, []string{"bucket-owner-full-control", "*-full-control", "private"}, "s3:PutObject", false},
	},
}

func concat(lists ...[]string) []string {
	var out []string
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// judgeRandom compares the server with Evaluate on random policies.
func (l *lab) judgeRandom(t *testing.T, g grammar) {
	part := l.tally.part("random policies")
	r := rand.New(rand.NewPCG(randomSeed, 1))
	bucket := l.newBucket(t, standingKeys...)
	for i := range randomPolicies {
		text := g.policy(t, r, bucket)
		d, err := policy.Parse(text)
		if err != nil || len(d.Problems) > 0 {
			t.Fatalf("%s: %v %q", text, err, d.Problems)
		}
		if ok, why := l.setPolicy(t, bucket, text); !ok {
			l.tally.differs(part, fmt.Sprintf("random-%03d", i), rejects, fmt.Sprintf("%s: %s", text, why))
			continue
		}
		part.cases++
		for range randomRequests {
			l.judgeProbe(t, part, fmt.Sprintf("random-%03d", i), bucket, d, randomProbe(r))
		}
	}
}

func (g *grammar) policy(t *testing.T, r *rand.Rand, bucket string) []byte {
	var statements []any
	for range 1 + r.IntN(2) {
		statements = append(statements, g.statement(r, "Allow", bucket))
	}
	for range r.IntN(3) {
		statements = append(statements, g.statement(r, "Deny", bucket))
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (g *grammar) statement(r *rand.Rand, effect, bucket string) map[string]any {
	actions := [][]string{{"s3:*"}, {"s3:GetObject"}, {"s3:GetObject", "s3:PutObject"}, {"s3:Get*", "s3:List*"}, {"s3:*Object"},
		{"s3:ListBucket", "s3:GetBucketLocation"}, {"s3:PutObject"}, {"s3:ListBucket"}, {"s3:Delete*", "s3:?etObject"}}
	arn := "arn:aws:s3:::" + bucket
	objects := []string{"/*", "/k", "/p*", "/public/*", "/*/k", "/private/?", "/shared/k"}
	s := map[string]any{"Effect": effect, "Principal": pick(r, g.principals), "Resource": []string{arn, arn + pick(r, objects), arn + pick(r, objects)}}
	action := pick(r, actions)
	conditions := map[string]map[string][]string{}
	for range r.IntN(3) {
		c := pick(r, g.conditions)
		if c.only != "" {
			action = []string{c.only}
		}
		op := pick(r, c.operators)
		if conditions[op] == nil {
			conditions[op] = map[string][]string{}
		}
		conditions[op][c.key] = []string{pick(r, c.values)}
		if r.IntN(3) == 0 && op != "Null" && !c.single {
			conditions[op][c.key] = append(conditions[op][c.key], pick(r, c.values))
		}
	}
	if len(conditions) > 0 {
		s["Condition"] = conditions
		action = fitting(action, conditions)
	}
	s["Action"] = action
	return s
}

// fitting keeps the rule that a key stands only beside actions that know it.
func fitting(action []string, conditions map[string]map[string][]string) []string {
	lists, puts := false, false
	for _, keys := range conditions {
		for key := range keys {
			lists = lists || key == "s3:prefix" || key == "s3:max-keys"
			puts = puts || key == "s3:x-amz-acl"
		}
	}
	switch {
	case lists && puts:
		return []string{"s3:*"}
	case lists:
		return []string{"s3:ListBucket"}
	case puts:
		return []string{"s3:PutObject"}
	}
	return action
}

func randomProbe(r *rand.Rand) *probe {
	p := &probe{user: pick(r, []string{"", "", "mallory", "bob", "partner"}), from: pick(r, []string{"", "203.0.113.7", "203.0.113.8"}), https: r.IntN(2) == 0,
		headers: map[string]string{}}
	p.action = pick(r, []string{"s3:GetObject", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:ListBucket", "s3:GetBucketLocation"})
	if v := pick(r, []string{"", "https://www.example.com/x", "s3cr3t", "http://other.example/"}); v != "" {
		p.headers["Referer"] = v
	}
	if v := pick(r, []string{"", "s3cr3t", "ORACLE"}); v != "" {
		p.headers["User-Agent"] = v
	}
	switch p.action {
	case "s3:ListBucket":
		p.query = map[string]string{}
		if v := pick(r, []string{"", "pub/", "pub/k", "x"}); v != "" {
			p.query["prefix"] = v
		}
		if v := pick(r, []string{"", "10", "11"}); v != "" {
			p.query["max-keys"] = v
		}
	case "s3:PutObject":
		if r.IntN(2) == 0 {
			p.headers["x-amz-acl"] = "bucket-owner-full-control"
		}
	}
	if strings.HasSuffix(p.action, "Object") {
		p.key = pick(r, standingKeys)
	}
	return p
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
