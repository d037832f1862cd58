// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// A plan for many objects looks at each of them as often as it must: all before
// the first step, and each before its own. What somebody else changed meanwhile is
// noticed there.
func TestManyObjects(t *testing.T) {
	s := closedBucket()
	for i := range 40 {
		s.Objects = append(s.Objects, account.ObjectACL{Key: fmt.Sprint("k", i), ACL: acl(grant("URI", "global/AllUsers", "READ"))})
	}
	plan := reread(t, Make(Request{State: s, Made: readAt}))
	o, err := plan.Option("object-acl-grants")
	if err != nil {
		t.Fatal(err)
	}
	m := &counted{model: newModel(s)}
	var journal []Entry
	if err := (&Run{Plan: plan, Option: o, Account: m, Record: kept(&journal)}).Apply(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if m.read > 40+3*40 {
		t.Errorf("%d ACLs were read for 40 objects", m.read)
	}
	m = &counted{model: newModel(s)}
	m.before = func(m *model) {
		if m.calls == 5 {
			m.state.Objects[30].ACL = acl(grant("ID", partner, "READ"))
		}
	}
	err = (&Run{Plan: plan, Option: o, Account: m, Record: kept(&journal)}).Apply(t.Context(), 0)
	if !errors.Is(err, ErrStale) || !strings.Contains(err.Error(), "step 31 of 40, PutObjectAcl, was not made") || !strings.Contains(err.Error(), "the ACL of object k30 changed since it was made; made before: 30 PutObjectAcl") {
		t.Errorf("%v", err)
	}
	for len(s.Objects) <= MaxObjects {
		s.Objects = append(s.Objects, account.ObjectACL{Key: fmt.Sprint("k", len(s.Objects)), ACL: acl(grant("URI", "global/AllUsers", "READ"))})
	}
	if d := objectACLGrants(s, nil); !strings.Contains(d.refused, "1001 objects are too many for one plan") {
		t.Errorf("%q", d.refused)
	}
}

// counted is a model that counts the ACLs of objects that are read of it, and
// gives those that were asked for.
type counted struct {
	*model
	read int
}

func (m *counted) Read(ctx context.Context, like State) (State, error) {
	out, err := m.model.Read(ctx, like)
	out.Objects = slices.DeleteFunc(out.Objects, func(o account.ObjectACL) bool {
		return !slices.ContainsFunc(like.Objects, func(l account.ObjectACL) bool { return l.Key == o.Key && l.Version == o.Version })
	})
	m.read += len(out.Objects)
	return out, err
}
