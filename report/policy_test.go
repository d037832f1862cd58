// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/internal/golden"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage"
)

const evil = "\x1b[31mred\u202e\x07"

func samplePolicy() *PolicySheet {
	end := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	w := &policy.Witness{Archetype: "anonymous", Method: "GET", URL: "https://photos.s3.amazonaws.com/k", Action: "s3:GetObject",
		Resource: "arn:aws:s3:::photos/k", Command: "curl -sS https://photos.s3.amazonaws.com/k"}
	all := policy.Scope{Include: []string{"photos/*"}, Exclude: []string{"photos/private/*"}}
	grants := []PolicyAudience{
		{Grant: policy.Grant{Audience: policy.Anyone, Access: []policy.Access{policy.Read}, Actions: []string{"s3:GetObject"}, Scope: all,
			Until: &end, UnsignedOnly: true, Statement: policy.StatementRef{Index: 0, Sid: "PublicRead"}}, Guards: []string{"TLS only"}, Witness: w},
		{Grant: policy.Grant{Audience: policy.Network, Addresses: 16777216, Access: []policy.Access{policy.Write}, Actions: []string{"s3:PutObject"},
			Scope: all, Statement: policy.StatementRef{Index: 1}}, Guards: []string{}},
		{Grant: policy.Grant{Audience: policy.WebIdentity, Principals: []string{"graph.facebook.com"}, Access: []policy.Access{policy.List},
			Actions: []string{"s3:ListBucket"}, Scope: policy.Scope{Include: []string{"photos"}}, Statement: policy.StatementRef{Index: 2},
			Unsettled: []string{`the operator "StringSounds" is not known`}}, Guards: []string{}},
		{Grant: policy.Grant{Audience: policy.ServiceDeputy, Principals: []string{"cloudtrail.amazonaws.com"}, Access: []policy.Access{policy.Write},
			Actions: []string{"s3:PutObject"}, Scope: all, Statement: policy.StatementRef{Index: 3}}, Guards: []string{},
			Witness: &policy.Witness{Archetype: "cloudtrail.amazonaws.com", Method: "PUT", URL: "https://photos.s3.amazonaws.com/k"}},
		{Grant: policy.Grant{Audience: policy.Account, Principals: []string{"444455556666"}, Access: []policy.Access{policy.ConfigWrite},
			Actions: []string{"s3:PutBucketTagging"}, Scope: policy.Scope{Include: []string{"photos"}}, Statement: policy.StatementRef{Index: 4, Sid: evil}}, Guards: []string{}},
	}
	return &PolicySheet{
		Policy: Policy{ID: json.RawMessage(`"photos.json"`), Classifier: policy.Public, Reach: policy.Anyone, Audiences: grants, Witness: w,
			Later: []string{}, Reasons: []string{"statement 0 (PublicRead) allows everybody: anyone gets read on photos/*", "statement 4 (" + evil + ") allows only 444455556666"}, Problems: []string{`the member "Sid" stands twice; the last one counts`}},
		Route: "bucket-policy", Holds: []string{"statement 5 (Deny): it holds no stranger"}, Assumed: []string{"bucket photos, from the policy's resources (--bucket)"},
		Notes: map[int]StatementNotes{1: {Holes: []string{"aws:SourceIp NotIpAddress 10.0.0.0/8 is true for all others"}}, 4: {Identities: []string{"role/" + evil}}},
	}
}

func sampleACL() *ACLSheet {
	return &ACLSheet{
		ACL: ACL{ID: "acl.xml", On: "bucket", Form: "body", Public: true, Reach: policy.AnyAWSAccount, Owner: "o", Guards: []string{"Object Ownership: under BucketOwnerEnforced the list has no effect"},
			Problems: []string{"part of the list could not be understood: " + evil},
			Grants: []ACLGrant{
				{Grantee: "http://acs.amazonaws.com/groups/global/AuthenticatedUsers", Permission: "READ", Audience: policy.AnyAWSAccount, Public: true,
					Who: "any AWS account in the world, not only your own", May: "list the names of the objects, not read them", Access: []policy.Access{policy.List},
					Actions: []string{"s3:ListBucket"}, Witness: &policy.Witness{Command: "aws s3api list-objects-v2 --bucket bucket"}},
				{Grantee: evil, Permission: "WRITE", Audience: policy.Account, Who: "the AWS account with the canonical id " + evil, May: "create objects", Access: []policy.Access{policy.Write}, Actions: []string{"s3:PutObject"}},
			}},
		Assumed: []string{"it is a bucket's list (--object for an object's)"},
	}
}

func sampleEvent() *Event {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	return &Event{
		Who:     &exposure.Actor{UserName: "ann", Type: "IAMUser", ARN: "arn:aws:iam::111122223333:user/ann", SourceIPAddress: "203.0.113.7", UserAgent: evil, EventName: "PutBucketAcl", EventID: "e1", EventTime: &at},
		Service: "s3.amazonaws.com", Account: "111122223333", Region: "eu-west-1", Bucket: "payroll", Key: evil, Outcome: "denied", Error: "AccessDenied: " + evil,
		Changes: []EventChange{{Setting: "bucket-acl", To: "canned public-read: AllUsers READ", Proves: []string{"PutBucketAcl was refused by BlockPublicAcls"}}},
		Effects: []string{"none: it was refused, so that nothing changed"}, Unknowns: []string{"what was set before and after"}, Problems: []string{},
		Alerts: []EventAlert{{Kind: triage.KindAttempt, Certain: true, Severity: triage.Low, When: "by this record alone: it was refused"}, {Kind: triage.KindPublic, When: "where the same caller opens it within a day"}},
	}
}

func explained(t *testing.T, o Options) map[string]string {
	t.Helper()
	var p, a, e bytes.Buffer
	if err := WritePolicy(&p, samplePolicy(), o); err != nil {
		t.Fatal(err)
	}
	if err := WriteACL(&a, sampleACL(), o); err != nil {
		t.Fatal(err)
	}
	if err := WriteEvent(&e, sampleEvent(), o); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"policy": p.String(), "acl": a.String(), "event": e.String()}
}

func TestExplanationsAsTables(t *testing.T) {
	for name, text := range explained(t, Options{Width: 80}) {
		golden.Check(t, filepath.Join("testdata", "explain-"+name+"-80.txt"), []byte(text))
	}
	golden.Check(t, filepath.Join("testdata", "explain-policy-colour.txt"), []byte(explained(t, Options{Width: 120, Color: true})["policy"]))
}

// No escape of a document reaches the terminal, and only what is to be copied
// is wider than it.
func TestExplanationsAreHarmless(t *testing.T) {
	for _, width := range []int{0, 60, 80, 160} {
		for name, text := range explained(t, Options{Width: width}) {
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
					t.Errorf("%s at %d: %q", name, width, line)
				}
				if width > 0 && textWidth(line) > width && !strings.HasPrefix(line, "  try") {
					t.Errorf("%s at %d is %d wide: %q", name, width, textWidth(line), line)
				}
			}
		}
	}
}

func TestExplanationsAsLines(t *testing.T) {
	var b bytes.Buffer
	for _, x := range []Explanation{{Policy: &samplePolicy().Policy}, {ACL: &sampleACL().ACL}, {Event: sampleEvent()}} {
		if err := EncodeExplanation(&b, x); err != nil {
			t.Fatal(err)
		}
	}
	golden.Check(t, filepath.Join("testdata", "explain.jsonl"), b.Bytes())
	for line := range bytes.Lines(b.Bytes()) {
		if !json.Valid(line) || bytes.ContainsAny(line, "\x1b\x07\u202e") {
			t.Errorf("%q", line)
		}
	}
	if err := EncodeExplanation(&b, Explanation{Policy: &Policy{ID: json.RawMessage("{")}}); err == nil {
		t.Error("an id that is no JSON is encoded")
	}
}

// The headline never says more than is known.
func TestPolicyHeadline(t *testing.T) {
	possible := samplePolicy().Policy
	possible.Audiences = possible.Audiences[2:3]
	possible.Reach = policy.WebIdentity
	for _, c := range []struct {
		policy Policy
		want   string
	}{
		{Policy{Classifier: policy.Unconfirmed, Reach: UnknownReach}, "AWS says: unconfirmed. True reach: unknown, because the document could not be read."},
		{Policy{Classifier: policy.NotPublic, Reach: policy.None}, "AWS says: not public. True reach: none, no stranger gets in."},
		{possible, "AWS says: public. True reach: web-identity, with a sign-in of a public identity provider (list); possible, not certain."},
	} {
		if got := PolicyHeadline(&c.policy); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// The short way to encode a policy gives the bytes of the long one, whatever
// the texts.
func TestEncodePolicyAgreesWithTheEncoder(t *testing.T) {
	list := rapid.SliceOfN(rapid.String(), 0, 3)
	pairs := rapid.MapOfN(rapid.String(), rapid.String(), 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		sample := samplePolicy().Policy
		text := func(name string) string { return rapid.String().Draw(t, name) }
		id, _ := json.Marshal(text("id"))
		sample.ID, sample.Reasons, sample.Problems = rapid.SampledFrom([]json.RawMessage{id, nil, json.RawMessage("-1.5e3")}).Draw(t, "any id"), list.Draw(t, "reasons"), list.Draw(t, "problems")
		for i := range sample.Audiences {
			a := &sample.Audiences[i]
			a.Principals, a.Actions, a.Guards, a.Unsettled = list.Draw(t, "principals"), list.Draw(t, "actions"), list.Draw(t, "guards"), list.Draw(t, "unsettled")
			a.Scope.Include, a.Scope.Exclude, a.Statement.Sid = list.Draw(t, "include"), list.Draw(t, "exclude"), text("sid")
			a.Witness = rapid.SampledFrom([]*policy.Witness{nil, {Archetype: text("archetype"), URL: text("url"), Command: text("command"), Headers: pairs.Draw(t, "headers"), Context: pairs.Draw(t, "context")}}).Draw(t, "witness")
		}
		var short, long bytes.Buffer
		if err := EncodePolicy(&short, &sample); err != nil {
			t.Fatal(err)
		}
		if err := EncodeExplanation(&long, Explanation{Policy: &sample}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(short.Bytes(), long.Bytes()) {
			t.Fatalf("%s\nwant\n%s", short.Bytes(), long.Bytes())
		}
	})
	if err := EncodePolicy(new(bytes.Buffer), &Policy{ID: json.RawMessage("{")}); err == nil {
		t.Error("an id that is no JSON is encoded")
	}
}
