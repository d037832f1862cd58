// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

var (
	ten    = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	eleven = ten.Add(time.Hour)
	ann    = &exposure.Actor{UserName: "ann", ARN: "arn:aws:iam::111122223333:user/ann", AccountID: "111122223333",
		SourceIPAddress: "203.0.113.7", EventName: "PutBucketPolicy", EventID: "6f1f9f5e-0000-4000-8000-000000000001", EventTime: &ten}
	bob = &exposure.Actor{UserName: "bob", ARN: "arn:aws:iam::111122223333:user/bob", AccountID: "111122223333", EventTime: &eleven}
)

// alert is a plain public alert, changed as the case needs.
func alert(change func(*Alert)) *Alert {
	a := &Alert{Kind: KindPublic, Account: "111122223333", Bucket: "acme-data", Route: "bucket-policy", Audience: policy.Anyone,
		Access: []policy.Access{policy.Read}, Scope: policy.Scope{Include: []string{"acme-data/*"}}, State: exposure.Open,
		Certainty: exposure.Proven, OpenedAt: &ten, OpenedBy: ann, SourceIPAddress: ann.SourceIPAddress}
	if change != nil {
		change(a)
	}
	return a
}

func closed(a *Alert) { a.State, a.ClosedAt, a.ClosedBy = exposure.Closed, &eleven, bob }

func TestTitle(t *testing.T) {
	for _, test := range []struct {
		change func(*Alert)
		want   string
	}{
		{nil, "ann let anyone on the internet read objects of bucket acme-data by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 and it is still open."},
		{func(a *Alert) { a.Certainty = exposure.Assumed },
			"ann let anyone on the internet read objects of bucket acme-data by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 and it is still open, as far as the log tells."},
		{func(a *Alert) {
			a.Certainty, a.OpenedBy, a.OpenedAt = exposure.Assumed, nil, nil
			a.Bounds, a.Unknowns = &exposure.Bounds{OpenedLatest: &ten}, []string{"when it was opened and by whom: before the scan"}
		}, "Anyone on the internet could read objects of bucket acme-data by bucket-policy already at 2026-03-02 10:00:00Z and it is still open, as far as could be read."},
		{closed, "ann let anyone on the internet read objects of bucket acme-data by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 until 2026-03-02 11:00:00Z, when bob closed it."},
		{func(a *Alert) { closed(a); a.ClosedBy = nil },
			"ann let anyone on the internet read objects of bucket acme-data by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 until 2026-03-02 11:00:00Z."},
		{func(a *Alert) {
			closed(a)
			a.State, a.BlockedBy = exposure.Blocked, []string{"RestrictPublicBuckets (account)"}
		},
			"ann let anyone on the internet read objects of bucket acme-data by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 until 2026-03-02 11:00:00Z, held by RestrictPublicBuckets (account)."},
		{func(a *Alert) { a.OpenedBy, a.OpenedAt = nil, nil },
			"Anyone on the internet could read objects of bucket acme-data by bucket-policy already before the first record and it is still open."},
		{func(a *Alert) { a.OpenedBy = nil; closed(a); a.ClosedBy = nil },
			"Anyone on the internet could read objects of bucket acme-data by bucket-policy from 2026-03-02 10:00:00Z until 2026-03-02 11:00:00Z."},
		{func(a *Alert) {
			a.State, a.OpenedBy, a.OpenedAt, a.Access = exposure.Unknown, nil, nil, nil
			a.Bounds = &exposure.Bounds{OpenedLatest: &eleven}
		}, "Anyone on the internet could do what its policy says with bucket acme-data by bucket-policy already at 2026-03-02 11:00:00Z."},
		{func(a *Alert) { a.OpenedBy, a.OpenedAt = &exposure.Actor{UserName: "ann"}, nil },
			"ann let anyone on the internet read objects of bucket acme-data by bucket-policy at a time that cannot be read and it is still open."},
		{func(a *Alert) { a.OpenedBy = &exposure.Actor{EventTime: &ten} },
			"An unnamed caller let anyone on the internet read objects of bucket acme-data by bucket-policy at 2026-03-02 10:00:00Z and it is still open."},
		{func(a *Alert) { a.Route, a.Key = "object-acl", "minutes.pdf" },
			"ann let anyone on the internet read object acme-data/minutes.pdf by object-acl at 2026-03-02 10:00:00Z from 203.0.113.7 and it is still open."},
		{func(a *Alert) {
			a.Route, a.Key, a.Access = "object-acl", "minutes.pdf", []policy.Access{policy.ACLRead, policy.ACLWrite}
		}, "ann let anyone on the internet read ACLs and change ACLs of object acme-data/minutes.pdf by object-acl at 2026-03-02 10:00:00Z from 203.0.113.7 and it is still open."},
		{func(a *Alert) { a.Access = []policy.Access{policy.List, policy.Read, policy.Write, policy.Delete} },
			"ann let anyone on the internet list object names, read objects, write objects and delete objects of bucket acme-data by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 and it is still open."},
		{func(a *Alert) {
			a.Route, a.AccessPoint, a.Audience = "access-point-policy", "shop", policy.AnyAWSAccount
		}, "ann let any AWS account read objects of bucket acme-data through access point shop by access-point-policy at 2026-03-02 10:00:00Z from 203.0.113.7 and it is still open."},
		{func(a *Alert) { a.Audience = policy.Network },
			"ann let anyone at the listed addresses read objects of bucket acme-data by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 and it is still open."},
		{func(a *Alert) { a.Audience = policy.WebIdentity },
			"ann let anyone with a sign-in of a public identity provider read objects of bucket acme-data by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 and it is still open."},
		{func(a *Alert) {
			a.Kind, a.Audience, a.Principals = KindShared, policy.Account, []string{"444455556666"}
		},
			"ann let account 444455556666 read objects of bucket acme-data by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 and it is still open."},
		{func(a *Alert) {
			a.Kind, a.Audience, a.Principals = KindShared, policy.Account, []string{"444455556666"}
			closed(a)
		}, "ann let account 444455556666 read objects of bucket acme-data by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 until 2026-03-02 11:00:00Z, when bob closed it."},
		{func(a *Alert) {
			a.Kind, a.State, a.BlockedBy = KindLatent, exposure.Blocked, []string{"IgnorePublicAcls (bucket)", "policy-deny"}
		}, "ann granted anyone on the internet to read objects of bucket acme-data by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 but it stayed shut, held by IgnorePublicAcls (bucket) and policy-deny."},
		{func(a *Alert) {
			a.Kind, a.State, a.BlockedBy = KindAttempt, exposure.Blocked, []string{"BlockPublicPolicy"}
		},
			"ann tried to make bucket acme-data public by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 and was refused, held by BlockPublicPolicy."},
		{func(a *Alert) { a.Kind, a.State = KindAttempt, exposure.Closed },
			"ann tried to make bucket acme-data public by bucket-policy at 2026-03-02 10:00:00Z from 203.0.113.7 and was refused."},
		{func(a *Alert) {
			a.Kind, a.Audience, a.Permission, a.State = KindAttempt, policy.None, "DeleteBucketPublicAccessBlock", exposure.Closed
		}, "ann tried DeleteBucketPublicAccessBlock on bucket acme-data at 2026-03-02 10:00:00Z from 203.0.113.7 and was refused."},
		{func(a *Alert) {
			a.Kind, a.Audience, a.Permission, a.State, a.Bucket = KindAttempt, policy.None, "DeleteAccountPublicAccessBlock", exposure.Closed, ""
		}, "ann tried DeleteAccountPublicAccessBlock on account 111122223333 at 2026-03-02 10:00:00Z from 203.0.113.7 and was refused."},
		{func(a *Alert) { a.Kind, a.Audience, a.Permission = KindGuardRemoved, policy.None, "BlockPublicAcls" },
			"ann switched off BlockPublicAcls for bucket acme-data at 2026-03-02 10:00:00Z from 203.0.113.7 and it is still off."},
		{func(a *Alert) {
			a.Kind, a.Audience, a.Permission, a.Bucket = KindGuardRemoved, policy.None, "BlockPublicAcls", ""
			closed(a)
		}, "ann switched off BlockPublicAcls for account 111122223333 at 2026-03-02 10:00:00Z from 203.0.113.7 and it was put back at 2026-03-02 11:00:00Z."},
	} {
		if got := title(alert(test.change)); got != test.want {
			t.Errorf("title is\n%s\nwant\n%s", got, test.want)
		}
	}
}
