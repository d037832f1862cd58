// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// constructCases put one construct each to the servers. allow and deny are the
// elements of a statement beside its effect; the principal is everybody and
// the resources are the bucket and its objects, unless they say otherwise.
var constructCases = []struct {
	name        string
	allow, deny string
	probes      []*probe
}{
	{name: "negated-several-values", allow: `"Action":"s3:GetObject","Condition":{"StringNotEquals":{"aws:Referer":["a","s3cr3t"]}}`, probes: referers("s3cr3t", "b")},
	{name: "negated-several-networks", allow: `"Action":"s3:GetObject","Condition":{"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24","10.0.0.0/8"]}}`,
		probes: []*probe{{from: "203.0.113.7"}, {}}},
	{name: "negated-absent", allow: `"Action":"s3:GetObject","Condition":{"StringNotEquals":{"aws:Referer":"a"}}`, probes: referers("")},
	{name: "negated-absent-IfExists", allow: `"Action":"s3:GetObject","Condition":{"StringNotEqualsIfExists":{"aws:Referer":"a"}}`, probes: referers("")},
	{name: "ForAnyValue-negated-absent", allow: `"Action":"s3:GetObject","Condition":{"ForAnyValue:StringNotEquals":{"aws:Referer":"a"}}`, probes: referers("")},
	{name: "ForAllValues-absent", allow: `"Action":"s3:GetObject","Condition":{"ForAllValues:StringEquals":{"aws:Referer":"a"}}`, probes: referers("", "b", "a")},
	{name: "max-keys-not-asked", allow: `"Action":"s3:ListBucket","Condition":{"NumericGreaterThan":{"s3:max-keys":"11"}}`, probes: []*probe{{action: "s3:ListBucket"}}},
	{name: "prefix-not-asked", allow: `"Action":"s3:ListBucket","Condition":{"StringEquals":{"s3:prefix":""}}`, probes: []*probe{{action: "s3:ListBucket"}}},
	{name: "Null-true", allow: `"Action":"s3:GetObject","Condition":{"Null":{"aws:Referer":"true"}}`, probes: referers("")},
	{name: "Null-true-present", allow: `"Action":"s3:GetObject","Condition":{"Null":{"aws:Referer":"true"}}`, probes: referers("a")},
	{name: "Null-false", allow: `"Action":"s3:GetObject","Condition":{"Null":{"aws:Referer":"false"}}`, probes: referers("")},
	{name: "Null-false-present", allow: `"Action":"s3:GetObject","Condition":{"Null":{"aws:Referer":"false"}}`, probes: referers("a")},
	{name: "SecureTransport-false", allow: `"Action":"s3:GetObject","Condition":{"Bool":{"aws:SecureTransport":"false"}}`, probes: []*probe{{}, {https: true}}},
	{name: "SecureTransport-IfExists", allow: `"Action":"s3:GetObject","Condition":{"BoolIfExists":{"aws:SecureTransport":"true"}}`, probes: []*probe{{}, {https: true}}},
	{name: "SecureTransport-write", allow: `"Action":"s3:PutObject","Condition":{"Bool":{"aws:SecureTransport":"true"}}`,
		probes: []*probe{{action: "s3:PutObject"}, {action: "s3:PutObject", https: true}}},
	{name: "StringLike-acl", allow: `"Action":"s3:PutObject","Condition":{"StringLike":{"s3:x-amz-acl":"*-full-control"}}`,
		probes: []*probe{{action: "s3:PutObject", headers: map[string]string{"x-amz-acl": "bucket-owner-full-control"}}, {action: "s3:PutObject"}}},
	{name: "StringLike-two-stars", allow: `"Action":"s3:GetObject","Condition":{"StringLike":{"aws:Referer":"*a-b*"}}`, probes: referers("a-a-b-c", "a-a-b", "xa-b", "a-c")},
	{name: "StringLike-case", allow: `"Action":"s3:GetObject","Condition":{"StringLike":{"aws:Referer":"A*"}}`, probes: referers("ab", "Ab")},
	{name: "StringEquals-star", allow: `"Action":"s3:GetObject","Condition":{"StringEquals":{"aws:Referer":"*"}}`, probes: referers("ab", "*")},
	{name: "two-keys", allow: `"Action":"s3:GetObject","Condition":{"StringEquals":{"aws:Referer":"a","aws:UserAgent":"oracle"}}`, probes: referers("a", "b")},
	{name: "action-case", allow: `"Action":"s3:GETobject"`, probes: []*probe{{}}},
	{name: "action-question-mark", allow: `"Action":"s3:?etObject"`, probes: []*probe{{}, {action: "s3:PutObject"}}},
	{name: "resource-star-over-slash", allow: `"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/p*k"`, probes: []*probe{{}, {key: "public/k"}, {key: "private/x"}}},
	{name: "resource-case", allow: `"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/K"`, probes: []*probe{{}}},
	{name: "deny-first", allow: `"Action":"s3:*"`, deny: `"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/private/*"`, probes: []*probe{{}, {key: "private/x"}}},
	{name: "NotAction-allow", allow: `"NotAction":"s3:Delete*"`, probes: []*probe{{}}},
	{name: "NotAction-deny", allow: `"Action":"s3:*"`, deny: `"NotAction":"s3:GetObject"`, probes: []*probe{{}, {action: "s3:PutObject"}}},
}

func referers(values ...string) []*probe {
	var out []*probe
	for _, v := range values {
		p := &probe{}
		if v != "" {
			p.headers = map[string]string{"Referer": v}
		}
		out = append(out, p)
	}
	return out
}

// judgeConstructs puts every case by an unsigned and a signed stranger.
func (l *lab) judgeConstructs(t *testing.T) {
	part := l.tally.part("single constructs")
	for _, c := range constructCases {
		bucket := l.newBucket(t, standingKeys...)
		list := []json.RawMessage{statement("Allow", c.allow)}
		if c.deny != "" {
			list = append(list, statement("Deny", c.deny))
		}
		body, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": list})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		text, d := renamed(t, body, bucket)
		if ok, why := l.setPolicy(t, bucket, text); !ok {
			if reason := found(l.refuses, d); reason != "" {
				l.tally.skip(reason, c.name)
			} else {
				l.tally.differs(part, c.name, rejects, why)
			}
			continue
		}
		if reason := found(l.cannotJudge, d); reason != "" {
			l.tally.skip(reason, c.name)
			continue
		}
		part.cases++
		for _, user := range []string{"", "mallory"} {
			for _, p := range c.probes {
				one := *p
				one.user = user
				if one.action == "" {
					one.action = "s3:GetObject"
				}
				if one.key == "" && operations[one.action].onObject {
					one.key = "k"
				}
				l.judgeProbe(t, part, c.name, bucket, d, &one)
			}
		}
	}
}

// statement completes the elements of a statement.
func statement(effect, elements string) json.RawMessage {
	resource := `"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],`
	if strings.Contains(elements, `"Resource"`) {
		resource = ""
	}
	return json.RawMessage(fmt.Sprintf(`{"Effect":%q,"Principal":"*",%s%s}`, effect, resource, elements))
}
