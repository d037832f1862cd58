// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		kind       Kind
		text, want string // "" is an error
	}{
		{User, " alice ", "alice"},
		{User, "arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:user/alice"},
		{User, "", ""},
		{IP, "203.0.113.7", "203.0.113.7"},
		{IP, "::ffff:203.0.113.7", "203.0.113.7"},
		{IP, "2001:DB8:0:0::7", "2001:db8::7"},
		{IP, "[2001:db8::7]", "2001:db8::7"},
		{IP, "203.0.113.77/24", "203.0.113.0/24"},
		{IP, "::ffff:203.0.113.0/120", "203.0.113.0/24"},
		{IP, "2001:db8:42::1/48", "2001:db8:42::/48"},
		{IP, "1.2.3.400", ""},
		{IP, "fe80::1%eth0", ""},
		{IP, "cloudformation.amazonaws.com", ""},
		{Bucket, "my-bucket", "my-bucket"},
		{Bucket, "s3://my-bucket/a/b", "my-bucket"},
		{Bucket, "arn:aws:s3:::my-bucket/*", "my-bucket"},
		{Bucket, "arn:aws-cn:s3:::my-bucket", "my-bucket"},
		{Bucket, "My_Old.Bucket", "My_Old.Bucket"},
		{Bucket, "a b", ""},
		{Bucket, "s3://", ""},
		{Kind("pod"), "x", ""},
	}
	for _, tt := range tests {
		got, err := Parse(tt.kind, tt.text)
		var subject *SubjectError
		switch {
		case tt.want == "" && (!errors.As(err, &subject) || subject.Next == "" || subject.Error() == ""):
			t.Errorf("%s %q: error %v tells no next step", tt.kind, tt.text, err)
		case tt.want != "" && (err != nil || got.Text != tt.want):
			t.Errorf("%s %q: %q, %v; want %q", tt.kind, tt.text, got.Text, err, tt.want)
		}
	}
}

// callers are identities as CloudTrail writes them.
var callers = map[string]string{
	"user":      `{"type":"IAMUser","principalId":"AIDAALICE0000000000","arn":"arn:aws:iam::111122223333:user/team/Alice","accountId":"111122223333","accessKeyId":"AKIAALICE00000000000","userName":"Alice"}`,
	"session":   `{"type":"AssumedRole","principalId":"AROADEPLOY0000000000:gha-7","arn":"arn:aws:sts::111122223333:assumed-role/Deploy/gha-7","accountId":"111122223333","accessKeyId":"ASIADEPLOY0000000000","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/ci/Deploy","userName":"Deploy"}}}`,
	"person":    `{"type":"AssumedRole","principalId":"AROASSO:ann@example.com","arn":"arn:aws:sts::222233334444:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/ann@example.com","accountId":"222233334444"}`,
	"behind":    `{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Ops/x1","accountId":"111122223333","sessionContext":{"sourceIdentity":"Bob"}}`,
	"root":      `{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333"}`,
	"anonymous": `{"type":"AWSAccount","principalId":"","accountId":"anonymous"}`,
	"foreign":   `{"type":"AWSAccount","principalId":"AROAFOREIGN:worker","accountId":"999988887777"}`,
	"service":   `{"type":"AWSService","invokedBy":"config.amazonaws.com"}`,
	"center":    `{"type":"IdentityCenterUser","accountId":"111122223333","onBehalfOf":{"userId":"u-1234","identityStoreArn":"arn:x"}}`,
}

func TestUserMatches(t *testing.T) {
	tests := []struct{ text, want string }{ // "caller: how" of all that match
		{"alice", "user: user name"},
		{"AKIAALICE00000000000", "user: access key"},
		{"akiaalice00000000000", "user: access key"},
		{"AIDAALICE0000000000", "user: unique id"},
		{"arn:aws:iam::111122223333:user/team/Alice", "user: ARN"},
		{"arn:aws:iam::111122223333:user/team/Ali", ""},
		{"deploy", "session: role name"},
		{"Deploy/GHA-7", "session: session name"},
		{"gha-7", "session: session name"},
		{"AROADEPLOY0000000000", "session: unique id"},
		{"AROADEPLOY0000000000:gha-7", "session: unique id"},
		{"arn:aws:iam::111122223333:role/ci/Deploy", "session: role ARN"},
		{"arn:aws:sts::111122223333:assumed-role/Deploy", "session: role ARN"},
		{"arn:aws:iam::222233334444:role/aws-reserved/sso/AWSReservedSSO_Dev_0123456789abcdef", "person: role ARN"},
		{"arn:aws:iam::111122223333:role/AWSReservedSSO_Dev_0123456789abcdef", ""},
		{"Ann@Example.com", "person: session name"},
		{"ann", ""},
		{"bob", "behind: source identity"},
		{"root", "root: root user"},
		{"root (111122223333)", "root: root user"},
		{"anonymous", "anonymous: unsigned requests"},
		{"worker", "foreign: session name"},
		{"999988887777", "foreign: account"},
		{"config.amazonaws.com", "service: service"},
		{"u-1234", "center: Identity Center user"},
		{"nobody", ""},
	}
	for _, tt := range tests {
		s, err := Parse(User, tt.text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for name, identity := range callers {
			observe(t, []string{record(identity, "GetUser", "")}, func(h header, raw []byte) {
				if m, ok := s.matches(h, raw); ok {
					got = append(got, name+": "+m.how)
				}
			})
		}
		if text := strings.Join(got, ", "); text != tt.want {
			t.Errorf("%q matches %q, want %q", tt.text, text, tt.want)
		}
	}
}

func TestMentions(t *testing.T) {
	tests := []struct {
		text string
		want bool
	}{
		{`{"bucketName":"logs"}`, true},
		{`{"Host":"logs.s3.eu-west-1.amazonaws.com"}`, true},
		{`{"Host":"logs.example.com"}`, false},
		{`["arn:aws:s3:::logs/*","arn:aws:s3:::other"]`, true},
		{`{"bucketName":"logs-2"}`, false},
		{`{"bucketName":"my-logs"}`, false},
		{`{"bucketName":"my-logs","s3BucketName":"logs"}`, true},
		{`{"bucketName":"my.logs"}`, false},
		{``, false},
	}
	for _, tt := range tests {
		if got := mentions([]byte(tt.text), "logs"); got != tt.want {
			t.Errorf("%s: %v", tt.text, got)
		}
	}
}

func TestIPMatches(t *testing.T) {
	tests := []struct {
		subject, address string
		want             bool
	}{
		{"203.0.113.7", "203.0.113.7", true},
		{"203.0.113.7", "::ffff:203.0.113.7", true},
		{"203.0.113.0/24", "203.0.113.99", true},
		{"203.0.113.0/24", "203.0.114.1", false},
		{"2001:db8::7", "2001:0DB8:0::7", true},
		{"2001:db8::/32", "2001:db8:ffff::1", true},
		{"203.0.113.7", "s3.amazonaws.com", false},
		{"203.0.113.7", "", false},
	}
	for _, tt := range tests {
		s, err := Parse(IP, tt.subject)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := s.matches(&headerOf{Address: []byte(tt.address)}, nil); got != tt.want {
			t.Errorf("%s in %s: %v", tt.address, tt.subject, got)
		}
	}
}
