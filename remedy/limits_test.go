// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/account"
)

// An ACL of a thousand grants is more than S3 takes back, even without its
// public ones; the other ways stay.
func TestThousandGrants(t *testing.T) {
	grants := []string{grant("URI", "global/AllUsers", "READ")}
	for i := range 999 {
		grants = append(grants, grant("ID", fmt.Sprintf("%064x", i+1), "READ"))
	}
	s := closedBucket()
	s.Settings.ACL = acl(grants...)
	p := Make(Request{State: s, Made: readAt})
	o, err := p.Option("bucket-acl-grants")
	if err != nil || !strings.Contains(o.Refused, "the ACL has 1000 grants, and S3 takes 100") {
		t.Errorf("%v %+v", err, o)
	}
	if p.Use != "ignore-public-acls" {
		t.Errorf("use %s", p.Use)
	}
}

// A policy as long as S3 takes, of public statements and others between them:
// only the public ones go, and a step that would be too long is refused.
func TestLongestPolicy(t *testing.T) {
	var all, kept []string
	for i := 0; len(policyOf(all...).Text) < maxPolicy-400; i++ {
		public := strings.Replace(publicRead, "b/*", fmt.Sprintf("b/%d/*", i), 1)
		other := strings.Replace(statements[4], `"s3:GetObject","s3:ListBucket"`, fmt.Sprintf(`"s3:GetObject","s3:ListBucket","s3:Get%d"`, i), 1)
		all, kept = append(all, public, other), append(kept, other)
	}
	s := closedBucket()
	s.Settings.Policy = policyOf(all...)
	p := Make(Request{State: s, Made: readAt})
	o, err := p.Option("policy-statement")
	if err != nil || o.Refused != "" || len(o.Steps) != 1 || o.Steps[0].Call.Text != policyOf(kept...).Text || !o.Proof.ClosesAll {
		t.Errorf("%v: %s of %d statements", err, o.Refused, len(all))
	}
	if err := reread(t, p).Check(o); err != nil {
		t.Error(err)
	}
	longer := s.call(account.PutBucketPolicy)
	longer.Text = policyOf(append(all, kept...)...).Text
	if why := refusal(s, longer); !strings.Contains(why, "S3 takes 20480") {
		t.Errorf("a longer policy: %q", why)
	}
}
