// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/policy"
)

const publicPolicy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}`

// blockCases say what AWS does under one flag of Block Public Access (S3 page
// "Blocking public access to your Amazon S3 storage", section "Block public
// access settings"). before stands when the flag is set, then comes the call.
var blockCases = []struct {
	name, flag     string
	before         []call
	then           call
	user           string
	refused        bool
	withoutRefused bool // the answer without the flag
}{
	{name: "BlockPublicAcls-bucket", flag: "BlockPublicAcls", then: call{method: "PUT", query: "acl", headers: map[string]string{"x-amz-acl": "public-read"}}, user: "owner", refused: true},
	{name: "BlockPublicAcls-private", flag: "BlockPublicAcls", then: call{method: "PUT", query: "acl", headers: map[string]string{"x-amz-acl": "private"}}, user: "owner"},
	{name: "BlockPublicAcls-object", flag: "BlockPublicAcls", then: call{method: "PUT", key: "k", query: "acl", headers: map[string]string{"x-amz-acl": "authenticated-read"}}, user: "owner", refused: true},
	{name: "BlockPublicAcls-upload", flag: "BlockPublicAcls", then: call{method: "PUT", key: "new", headers: map[string]string{"x-amz-acl": "public-read"}}, user: "owner", refused: true},
	{name: "BlockPublicAcls-policy", flag: "BlockPublicAcls", then: call{method: "PUT", query: "policy", body: publicPolicy}, user: "owner"},
	{name: "BlockPublicAcls-earlier", flag: "BlockPublicAcls", before: []call{{method: "PUT", query: "acl", headers: map[string]string{"x-amz-acl": "public-read"}}}, then: call{method: "GET", query: "list-type=2"}},
	{name: "BlockPublicPolicy-policy", flag: "BlockPublicPolicy", then: call{method: "PUT", query: "policy", body: publicPolicy}, user: "owner", refused: true},
	{name: "BlockPublicPolicy-acl", flag: "BlockPublicPolicy", then: call{method: "PUT", query: "acl", headers: map[string]string{"x-amz-acl": "public-read"}}, user: "owner"},
	{name: "BlockPublicPolicy-earlier", flag: "BlockPublicPolicy", before: []call{{method: "PUT", query: "policy", body: publicPolicy}}, then: call{method: "GET", key: "k"}},
	{name: "IgnorePublicAcls-bucket", flag: "IgnorePublicAcls", before: []call{{method: "PUT", query: "acl", headers: map[string]string{"x-amz-acl": "public-read"}}}, then: call{method: "GET", query: "list-type=2"}, refused: true},
	{name: "IgnorePublicAcls-object", flag: "IgnorePublicAcls", before: []call{{method: "PUT", key: "k", query: "acl", headers: map[string]string{"x-amz-acl": "public-read"}}}, then: call{method: "GET", key: "k"}, refused: true},
	{name: "IgnorePublicAcls-authenticated", flag: "IgnorePublicAcls", before: []call{{method: "PUT", key: "k", query: "acl", headers: map[string]string{"x-amz-acl": "authenticated-read"}}}, then: call{method: "GET", key: "k"}, user: "mallory", refused: true},
	{name: "IgnorePublicAcls-put", flag: "IgnorePublicAcls", then: call{method: "PUT", query: "acl", headers: map[string]string{"x-amz-acl": "public-read"}}, user: "owner"},
	{name: "IgnorePublicAcls-policy", flag: "IgnorePublicAcls", before: []call{{method: "PUT", query: "policy", body: publicPolicy}}, then: call{method: "GET", key: "k"}},
	{name: "RestrictPublicBuckets-unsigned", flag: "RestrictPublicBuckets", before: []call{{method: "PUT", query: "policy", body: publicPolicy}}, then: call{method: "GET", key: "k"}, refused: true},
	{name: "RestrictPublicBuckets-stranger", flag: "RestrictPublicBuckets", before: []call{{method: "PUT", query: "policy", body: publicPolicy}}, then: call{method: "GET", key: "k"}, user: "mallory", refused: true},
	{name: "RestrictPublicBuckets-put", flag: "RestrictPublicBuckets", then: call{method: "PUT", query: "policy", body: publicPolicy}, user: "owner"},
	{name: "RestrictPublicBuckets-owner", flag: "RestrictPublicBuckets", before: []call{{method: "PUT", query: "policy", body: publicPolicy}}, then: call{method: "GET", key: "k"}, user: "owner"},
}

// judgeBlocks tries each flag alone, and each call without a flag, where it has
// to pass: else a refusal would prove nothing.
func (l *lab) judgeBlocks(t *testing.T) {
	part := l.tally.part("Block Public Access")
	for _, c := range blockCases {
		part.cases++
		for _, on := range []bool{false, true} {
			name := l.newBucket(t, "k")
			for _, b := range c.before {
				l.must(t, l.onto(b, name, "owner"))
			}
			if on {
				l.must(t, call{method: "PUT", bucket: name, query: "publicAccessBlock", as: l.owner,
					body: `<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><` + c.flag + `>true</` + c.flag + `></PublicAccessBlockConfiguration>`})
			}
			a := l.send(t, l.onto(c.then, name, c.user))
			passed := a.passed(t, c.name)
			part.requests++
			switch want := !(on && c.refused); {
			case passed && !want:
				l.tally.differs(part, c.name, allows, a.body)
			case !passed && want:
				l.tally.differs(part, c.name, refuses, a.body)
			}
		}
	}
	l.judgeStatus(t)
}

func (l *lab) onto(c call, name, user string) call {
	c.bucket, c.as = name, l.users[user]
	if user == "owner" {
		c.as = l.owner
	}
	c.body = strings.ReplaceAll(c.body, ":::b/", ":::"+name+"/")
	return c
}

// judgeStatus compares GetBucketPolicyStatus with Classify on the examples.
func (l *lab) judgeStatus(t *testing.T) {
	part := l.tally.part("policy status of examples")
	for _, e := range examples(t) {
		name := l.newBucket(t)
		text, d := renamed(t, e.Policy, name)
		if ok, _ := l.setPolicy(t, name, text); !ok {
			continue
		}
		want := policy.Classify(d, policy.Facts{Bucket: name, Account: e.Owner, Region: e.Region, At: time.Now()}).Status
		if want == policy.Unconfirmed {
			l.tally.skip("policy status that AWS's text does not settle", e.ID)
			continue
		}
		a := l.must(t, call{method: "GET", bucket: name, query: "policyStatus", as: l.owner})
		got := policy.NotPublic
		if slices.Contains([]string{"true", "TRUE"}, between(a.body, "<IsPublic>", "</IsPublic>")) {
			got = policy.Public
		}
		part.cases++
		part.requests++
		if got != want {
			l.tally.differs(part, e.ID, classifies, fmt.Sprintf("%s, want %s: %s", got, want, text))
		}
	}
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}
