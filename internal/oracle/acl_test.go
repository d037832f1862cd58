// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// aclDenies are the policies beside which each ACL is tried. "" is none.
var aclDenies = []string{
	"",
	`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b"}}`,
	`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/k"}}`,
	`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}}`,
}

var groups = map[string]policy.Audience{bucket.AllUsers: policy.Anyone, bucket.AuthenticatedUsers: policy.AnyAWSAccount}

// judgeACLs compares the server with AnalyseACL: each permission to each public
// group, on a bucket and on an object, beside each policy.
func (l *lab) judgeACLs(t *testing.T) {
	l.privateACL = accessControlPolicy(l.ownerID(), "")
	part := l.tally.part("ACLs of buckets and objects")
	permissions := []bucket.Permission{bucket.Read, bucket.Write, bucket.ReadACP, bucket.WriteACP, bucket.FullControl}
	for _, key := range []string{"", "k"} {
		for uri, audience := range groups {
			for _, permission := range permissions {
				for i, denies := range aclDenies {
					where := fmt.Sprintf("%s-%s-%s", map[string]string{"": "bucket", "k": "object"}[key], uri[strings.LastIndex(uri, "/")+1:], permission)
					part.cases++
					l.judgeACL(t, part, where, key, byURI(uri)+"<Permission>"+string(permission)+"</Permission>", audience, permission, i, denies)
				}
			}
		}
	}
}

func (l *lab) judgeACL(t *testing.T, part *part, where, key, grant string, audience policy.Audience, permission bucket.Permission, variant int, denies string) {
	name := l.newBucket(t, standingKeys...)
	var doc *policy.Document
	if denies != "" {
		var text []byte
		text, doc = renamed(t, []byte(denies), name)
		if ok, why := l.setPolicy(t, name, text); !ok {
			t.Fatalf("policy %d: %s", variant, why)
		}
	}
	body := accessControlPolicy(l.ownerID(), "<Grant>"+grant+"</Grant>")
	install := func() { l.must(t, call{method: "PUT", bucket: name, key: key, query: "acl", body: body, as: l.owner}) }
	facts := policy.Facts{Bucket: name, Account: OwnerAccount, At: time.Now()}
	grants := policy.AnalyseACL(aclGrants(name, key, audience, permission), doc, facts)
	for _, user := range []string{"", "mallory", "partner"} {
		for _, p := range aclProbes(user) {
			install()
			want := admitted(t, grants, name, p)
			if doc != nil && policy.Evaluate(doc, p.request(l, name)).Outcome == policy.ExplicitDeny {
				want = false // a Deny for one account leaves the group's grant to the others
			}
			part.requests++
			switch got := l.try(t, p, name); {
			case got && !want:
				l.tally.differs(part, where+"-"+strings.TrimPrefix(p.action, "s3:"), allows, p.String())
			case !got && want:
				l.tally.differs(part, where+"-"+strings.TrimPrefix(p.action, "s3:"), refuses, p.String())
			}
		}
	}
}

// aclProbes are the calls that some permission gives. The objects that they
// write are new: WRITE does not let a stranger replace what others own.
func aclProbes(user string) []*probe {
	return []*probe{
		{action: "s3:ListBucket", user: user}, {action: "s3:GetObject", key: "k", user: user}, {action: "s3:GetObject", key: "public/k", user: user},
		{action: "s3:PutObject", key: "new", user: user}, {action: "s3:DeleteObject", key: "private/x", user: user},
		{action: "s3:GetBucketAcl", user: user}, {action: "s3:GetObjectAcl", key: "k", user: user}, {action: "s3:GetBucketLocation", user: user},
		{action: "s3:PutBucketAcl", user: user}, {action: "s3:PutObjectAcl", key: "k", user: user},
	}
}

// aclGrants puts a permission as the actions that it gives, apart by what they
// act on.
func aclGrants(name, key string, audience policy.Audience, permission bucket.Permission) []policy.ACLGrant {
	var out []policy.ACLGrant
	for _, action := range permission.Actions(key != "") {
		scope := name
		switch {
		case key != "":
			scope = name + "/" + key
		case action == "s3:PutObject":
			scope = name + "/*"
		}
		out = append(out, policy.ACLGrant{Audience: audience, Actions: []string{action}, Scope: policy.Scope{Include: []string{scope}}})
	}
	return out
}

// admitted says whether grants hold a request.
func admitted(t *testing.T, grants []policy.Grant, name string, p *probe) bool {
	t.Helper()
	resource := name
	if p.key != "" {
		resource += "/" + p.key
	}
	covers := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			head, wild := strings.CutSuffix(pattern, "*")
			if strings.ContainsAny(head, "*?") {
				t.Fatalf("scope %q: only a last * is expected", pattern)
			}
			return pattern == resource || wild && strings.HasPrefix(resource, head)
		})
	}
	return slices.ContainsFunc(grants, func(g policy.Grant) bool {
		reaches := g.Audience == policy.Anyone && (!g.UnsignedOnly || p.user == "") || g.Audience == policy.AnyAWSAccount && p.user != ""
		return reaches && slices.Contains(g.Actions, p.action) && covers(g.Scope.Include) && !covers(g.Scope.Exclude)
	})
}
