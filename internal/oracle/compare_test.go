// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/policy"
)

// TestVersity and TestRadosgw hold package policy against the two servers.
func TestVersity(t *testing.T) {
	if err := VersityMissing(); err != nil {
		t.Fatal(err)
	}
	plain, secure := StartVersity(t), StartVersityTLS(t)
	l := newLab(t, plain, secure)
	l.loopbackOnly = true
	l.sends = set("aws:SourceIp", "aws:SecureTransport", "aws:CurrentTime", "aws:EpochTime", "aws:UserAgent", "aws:Referer",
		"s3:prefix", "s3:delimiter", "s3:max-keys", "s3:x-amz-acl")
	l.lacks = map[string]bool{"s3:GetObjectAcl": true, "s3:PutObjectAcl": true, "s3:PutBucketAcl": true, "s3:PutAccelerateConfiguration": true}
	l.refuses, l.cannotJudge = versityRefuses, versityMisses
	t.Run("examples", l.judgeExamples)
	t.Run("constructs", l.judgeConstructs)
	t.Run("random policies", func(t *testing.T) { l.judgeRandom(t, versityGrammar) })
	l.tally.settle(t)
	l.tally.documented(t)
	t.Logf("%s %s\n%s", l.name, plain.Version, l.tally)
}

func TestRadosgw(t *testing.T) {
	if err := RadosgwMissing(); err != nil {
		t.Fatal(err)
	}
	s := StartRadosgw(t)
	l := newLab(t, s, s)
	l.sends = set("aws:SourceIp", "aws:SecureTransport", "aws:CurrentTime", "aws:EpochTime", "aws:UserAgent", "aws:Referer",
		"aws:username", "s3:prefix", "s3:delimiter", "s3:max-keys", "s3:x-amz-acl", "s3:ExistingObjectTag/", "s3:ExistingObjectTag/public")
	l.lacks = map[string]bool{"s3:PutAccelerateConfiguration": true}
	l.refuses, l.cannotJudge = radosgwRefuses, radosgwMisses
	t.Run("examples", l.judgeExamples)
	t.Run("constructs", l.judgeConstructs)
	t.Run("random policies", func(t *testing.T) { l.judgeRandom(t, radosgwGrammar) })
	l.owner = &s.Owner // whom block flags bind
	t.Run("ACLs", l.judgeACLs)
	t.Run("blocks", l.judgeBlocks)
	l.tally.settle(t)
	l.tally.documented(t)
	t.Logf("%s %s\n%s", l.name, s.Version, l.tally)
}

func newLab(t *testing.T, plain, secure *Server) *lab {
	l := &lab{name: plain.Name, plain: plain, secure: secure, owner: &plain.Admin, users: map[string]*User{},
		clients: map[string]*http.Client{}, tally: newTally(plain.Name)}
	for name, account := range accountOf {
		u := plain.AddUser(t, account, name)
		if secure != plain {
			u = secure.AddUser(t, account, name)
		}
		l.users[name] = &u
	}
	l.privateACL = accessControlPolicy(l.ownerID(), "")
	return l
}

// accessControlPolicy is an ACL that leaves the owner what he has.
func accessControlPolicy(owner, grants string) string {
	grants = "<Grant>" + byID(owner) + "<Permission>FULL_CONTROL</Permission></Grant>" + grants
	return `<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>` + owner + `</ID></Owner><AccessControlList>` +
		grants + `</AccessControlList></AccessControlPolicy>`
}

func byID(id string) string {
	return `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>` + id + `</ID></Grantee>`
}

func byURI(uri string) string {
	return `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>` + uri + `</URI></Grantee>`
}

func set(keys ...string) map[string]bool {
	out := map[string]bool{}
	for _, k := range keys {
		out[strings.ToLower(k)] = true
	}
	return out
}

// versityRefuses and radosgwRefuses are the constructs for which a server
// answers PutBucketPolicy with an error.
var versityRefuses = []construct{
	{"principals other than \"*\" or an access key", func(s *policy.Statement) bool {
		p := s.Principal
		return p != nil && (len(p.AWS) > 1 || (!p.Any && !slices.Contains(p.AWS, "*")))
	}},
	{"condition keys outside its list", conditioned(func(key string) bool { return !versityKeys[key] })},
	{"NotResource", func(s *policy.Statement) bool { return s.NotResource != nil }},
	{"actions that fit no resource: malformed, as on AWS", func(s *policy.Statement) bool {
		return len(s.Resource) == 1 && len(s.Action) == 1 && strings.Contains(s.Resource[0], "/") != operations[s.Action[0]].onObject
	}},
}

var versityKeys = set("aws:SourceIp", "aws:CurrentTime", "aws:EpochTime", "aws:SecureTransport", "aws:UserAgent", "aws:Referer",
	"aws:PrincipalArn", "aws:username", "aws:userid", "aws:MultiFactorAuthAge", "s3:prefix", "s3:delimiter", "s3:max-keys", "s3:x-amz-acl", "s3:VersionId")

// versityMisses are elements that it does not read at all.
var versityMisses = []construct{
	{"NotPrincipal", func(s *policy.Statement) bool { return s.NotPrincipal != nil }},
	{"NotAction", func(s *policy.Statement) bool { return s.NotAction != nil }},
	{"policy variables in Resource", variableResource},
}

var radosgwRefuses = []construct{
	{"ForAnyValue: with a negated operator", func(s *policy.Statement) bool {
		return slices.ContainsFunc(s.Conditions, func(c policy.Condition) bool {
			return strings.HasPrefix(c.Operator, "ForAnyValue:") && strings.Contains(c.Operator, "Not")
		})
	}},
	{"policy variables in Resource", variableResource},
}

var radosgwMisses = []construct{
	{"CanonicalUser principals", func(s *policy.Statement) bool { return s.Principal != nil && len(s.Principal.CanonicalUser) > 0 }},
}

// conditioned says whether a statement asks for a condition key, by name.
func conditioned(test func(key string) bool) func(*policy.Statement) bool {
	return func(s *policy.Statement) bool {
		for _, c := range s.Conditions {
			if test(strings.ToLower(c.Key)) {
				return true
			}
		}
		return false
	}
}

// variableResource says whether a resource holds what is a policy variable from
// version 2012-10-17 on.
func variableResource(s *policy.Statement) bool {
	return strings.Contains(strings.Join(s.Resource, " "), "${")
}
