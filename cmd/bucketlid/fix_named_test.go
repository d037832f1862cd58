// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	control "github.com/aws/aws-sdk-go-v2/service/s3control/types"
)

// partners lets two accounts in, and the own one.
const partners = `{"Version":"2012-10-17","Statement":[
  {"Sid":"Partners","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::222233334444:root","arn:aws:iam::333344445555:role/reader"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::fix-me-bucket/*"},
  {"Sid":"Writer","Effect":"Allow","Principal":{"AWS":"222233334444"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::fix-me-bucket/in/*"}
]}`

// sharedAlerts are alerts as hunt writes them of accounts that the policy, an
// ACL and a replication rule name.
const sharedAlerts = `{"config":{"schema":"bucketlid/1","version":"dev","command":"hunt","sources":["x"]}}
{"alert":{"id":"a-0123456789aa","kind":"shared","severity":"medium","bucket":"fix-me-bucket","account":"123456789012","region":"us-east-1","route":"bucket-policy","audience":"account","principals":["222233334444"],"state":"open","flags":[],"access_seen":{"verdict":"confirmed","requests":3,"strangers":[{"sourceIPAddress":"198.51.100.7","account":"222233334444","requests":3}]}}}
{"alert":{"id":"a-0123456789ab","kind":"shared","severity":"medium","bucket":"fix-me-bucket","account":"123456789012","region":"us-east-1","route":"bucket-acl","audience":"account","principals":["2222222222222222222222222222222222222222222222222222222222222222"],"state":"open","flags":[],"access_seen":{"verdict":"none-seen"}}}
{"alert":{"id":"a-0123456789ac","kind":"shared","severity":"medium","bucket":"fix-me-bucket","account":"123456789012","region":"us-east-1","route":"replication","audience":"account","principals":["222233334444"],"state":"open","flags":[],"access_seen":{"verdict":"none-seen"}}}
{"summary":{}}
`

const trusting = `organizations:
  - name: us
    accounts:
      - id: "123456789012"
trusted_accounts:
  - id: "222233334444"
    name: Books Ltd
    why: they read our invoices
`

// sharedBucket is a bucket that two accounts may use, beside the public.
func sharedBucket(t *testing.T, c *s3.Client) (alerts, trust string) {
	t.Helper()
	ctx, name := context.Background(), aws.String(fixBucket)
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name})
	check(t, err)
	_, err = c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String(partners)})
	check(t, err)
	acl, err := c.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: name})
	check(t, err)
	grants := acl.Grants
	for _, id := range []string{strings.Repeat("2", 64), strings.Repeat("3", 64)} {
		grants = append(grants, types.Grant{Permission: types.PermissionRead, Grantee: &types.Grantee{Type: types.TypeCanonicalUser, ID: aws.String(id)}})
	}
	_, err = c.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: name, AccessControlPolicy: &types.AccessControlPolicy{Owner: acl.Owner, Grants: grants}})
	check(t, err)
	dir := t.TempDir()
	alerts, trust = filepath.Join(dir, "hunt.jsonl"), filepath.Join(dir, "context.yaml")
	check(t, os.WriteFile(alerts, []byte(sharedAlerts), 0o600))
	check(t, os.WriteFile(trust, []byte(trusting), 0o600))
	return alerts, trust
}

// A named account is taken out of every statement, alone, and comes back.
func TestFixNamedAccount(t *testing.T) {
	c := motoEnv(t)
	alerts, trust := sharedBucket(t, c)
	plan := filepath.Join(t.TempDir(), "plan.json")
	if f := fix(t, "", "plan", "a-0123456789aa", "--alerts", alerts, "--context", trust); f.code != exitUsage || !strings.Contains(f.err, "Books Ltd") {
		t.Errorf("a trusted account: %+v", f)
	}
	if f := must(t, "plan", "a-0123456789aa", "--alerts", alerts, "--context", trust, "--grantee", "222233334444"); !strings.Contains(f.out, "removes statement 1 (Writer)") {
		t.Errorf("a trusted account, asked for: %+v", f)
	}
	shown := must(t, "plan", "a-0123456789aa", "--alerts", alerts, "--out", plan)
	for _, want := range []string{"* policy-statement: take them out of the bucket policy", "takes 222233334444 out of statement 0 (Partners), removes statement 1 (Writer)",
		"222233334444 uses it: 3 requests"} {
		if !strings.Contains(shown.out, want) {
			t.Errorf("the plan does not say %q:\n%s", want, shown.out)
		}
	}
	if strings.Contains(shown.out, "loses    333344445555") || strings.Contains(shown.out, "block-public-access") {
		t.Errorf("somebody else loses:\n%s", shown.out)
	}
	must(t, "apply", plan, "--yes")
	if got := policyText(t, c); strings.Contains(got, "222233334444") || !strings.Contains(got, `{"AWS":["arn:aws:iam::333344445555:role/reader"]}`) {
		t.Errorf("policy after: %s", got)
	}
	must(t, "verify", plan)
	must(t, "rollback", plan, "--yes")
	if policyText(t, c) != partners {
		t.Errorf("the policy did not come back: %s", policyText(t, c))
	}
}

func TestFixNamedGrantee(t *testing.T) {
	c := motoEnv(t)
	alerts, _ := sharedBucket(t, c)
	plan := filepath.Join(t.TempDir(), "plan.json")
	must(t, "plan", "a-0123456789ab", "--alerts", alerts, "--out", plan)
	must(t, "apply", plan, "--yes")
	out, err := c.GetBucketAcl(context.Background(), &s3.GetBucketAclInput{Bucket: aws.String(fixBucket)})
	check(t, err)
	for _, g := range out.Grants {
		if aws.ToString(g.Grantee.ID) == strings.Repeat("2", 64) {
			t.Error("the grant is there")
		}
	}
	if len(out.Grants) != 2 {
		t.Errorf("%d grants are left", len(out.Grants))
	}
	must(t, "rollback", plan, "--yes")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"which fix does not close", []string{"plan", "a-0123456789ac", "--alerts", alerts}},
		{"no account id", []string{"plan", fixBucket, "--grantee", "arn:aws:iam::333344445555:role/reader"}},
	} {
		if f := fix(t, "", c.args...); f.code != exitUsage || !strings.Contains(f.err, c.want) {
			t.Errorf("%v: %+v", c.args, f)
		}
	}
	says(t, fix(t, "", "plan", fixBucket, "--grantee", "333344445555"), exitDone, []string{"1 to close", "Stays: account " + strings.Repeat("2", 64), "Stays: account 222233334444 may read"}, "What strangers may do")
	for _, own := range []string{motoID, ownerOf(t, c)} {
		says(t, fix(t, "", "plan", fixBucket, "--grantee", own), exitUsage, []string{"--grantee: " + own + " owns bucket fix-me-bucket"})
	}
	if f := must(t, "plan", fixBucket, "--grantee", "444455556666"); !strings.Contains(f.out, "444455556666 may have access") {
		t.Errorf("%+v", f)
	}
}

func ownerOf(t *testing.T, c *s3.Client) string {
	t.Helper()
	out, err := c.GetBucketAcl(context.Background(), &s3.GetBucketAclInput{Bucket: aws.String(fixBucket)})
	check(t, err)
	return aws.ToString(out.Owner.ID)
}

// What strangers may do, a named account may do too: the plan says so.
func TestFixNamedBesideStrangers(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	says(t, fix(t, "", "plan", fixBucket, "--grantee", "222233334444"), exitDone, []string{"Stays: anyone may list fix-me-bucket, by bucket-acl", "Stays: anyone may read fix-me-bucket/*",
		"What strangers may do, 222233334444 may do too: see how to close that with: bucketlid fix plan fix-me-bucket"}, "Nothing to do")
}

const widePoint = "wide"

// publicMultiRegion is a bucket that leaves the decision to access points, and a
// multi-Region one that lets everybody in.
func publicMultiRegion(t *testing.T, c *s3.Client) (points *s3control.Client, policy string) {
	t.Helper()
	ctx, name := context.Background(), aws.String(fixBucket)
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name})
	check(t, err)
	_, err = c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*",` +
		`"Resource":["arn:aws:s3:::fix-me-bucket","arn:aws:s3:::fix-me-bucket/*"],"Condition":{"StringEquals":{"s3:DataAccessPointAccount":"123456789012"}}}]}`)})
	check(t, err)
	conf, err := config.LoadDefaultConfig(ctx)
	check(t, err)
	conf.HTTPClient = plainHosts{http.DefaultClient}
	points = s3control.NewFromConfig(conf, func(o *s3control.Options) { o.Region = "us-west-2" })
	off := aws.Bool(false)
	_, err = points.CreateMultiRegionAccessPoint(ctx, &s3control.CreateMultiRegionAccessPointInput{AccountId: aws.String(motoID),
		Details: &control.CreateMultiRegionAccessPointInput{Name: aws.String(widePoint), Regions: []control.Region{{Bucket: name}},
			PublicAccessBlock: &control.PublicAccessBlockConfiguration{BlockPublicAcls: off, BlockPublicPolicy: off, IgnorePublicAcls: off, RestrictPublicBuckets: off}}})
	check(t, err)
	point, err := points.GetMultiRegionAccessPoint(ctx, &s3control.GetMultiRegionAccessPointInput{AccountId: aws.String(motoID), Name: aws.String(widePoint)})
	check(t, err)
	policy = fmt.Sprintf(`{"Version":"2012-10-17", "Statement":[{"Sid":"Wide","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3::%s:accesspoint/%s/object/*"}]}`,
		motoID, aws.ToString(point.AccessPoint.Alias))
	_, err = points.PutMultiRegionAccessPointPolicy(ctx, &s3control.PutMultiRegionAccessPointPolicyInput{AccountId: aws.String(motoID),
		Details: &control.PutMultiRegionAccessPointPolicyInput{Name: aws.String(widePoint), Policy: &policy}})
	check(t, err)
	return points, policy
}

// plainHosts takes the account id off the host name: moto has no name for each.
type plainHosts struct{ *http.Client }

// Do sends a request to the host itself.
func (p plainHosts) Do(r *http.Request) (*http.Response, error) {
	r.URL.Host = strings.TrimPrefix(r.URL.Host, motoID+".")
	return p.Client.Do(r)
}

func widePolicyText(t *testing.T, c *s3control.Client) string {
	t.Helper()
	out, err := c.GetMultiRegionAccessPointPolicy(context.Background(), &s3control.GetMultiRegionAccessPointPolicyInput{AccountId: aws.String(motoID), Name: aws.String(widePoint)})
	check(t, err)
	return aws.ToString(out.Policy.Established.Policy)
}

// The policy of a multi-Region access point goes there and back, with a change
// that AWS has not made yet in between: that is exit 7, and --resume ends it.
// moto makes changes at once; the answer that it takes longer is the proxy's.
func TestFixMultiRegionAccessPoint(t *testing.T) {
	c := motoEnv(t)
	points, policy := publicMultiRegion(t, c)
	var found, notes bytes.Buffer
	if code := run([]string{"scan", "-o", "jsonl"}, strings.NewReader(""), &found, &notes); code != exitDone {
		t.Fatalf("scan: exit %d\n%s", code, notes.String())
	}
	for _, want := range []string{`"access_point":"wide"`, `"route":"multi-region-access-point-policy"`, `"certainty":"proven"`} {
		if !strings.Contains(found.String(), want) {
			t.Errorf("the scan does not say %s:\n%s", want, found.String())
		}
	}
	plan := filepath.Join(t.TempDir(), "plan.json")
	shown := must(t, "plan", fixBucket, "--out", plan)
	for _, want := range []string{"any-aws-account may read fix-me-bucket/*, by multi-region-access-point-policy", "* multi-region-access-point-policy",
		"the statement names account 123456789012 alone instead", "aws s3control put-multi-region-access-point-policy"} {
		if !strings.Contains(shown.out, want) {
			t.Errorf("the plan does not say %q:\n%s", want, shown.out)
		}
	}
	var slow atomic.Bool
	slow.Store(true)
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		return slow.Load() && strings.Contains(r.URL.Path, "/async-requests/mrap/arn") && fault(w, 403, "AccessDenied")
	})
	if f := fix(t, "", "apply", plan, "--yes"); f.code != exitPartly || !strings.Contains(f.err, "describe-multi-region-access-point-operation") || !strings.Contains(f.err, "--resume") {
		t.Fatalf("a change without an end: %+v", f)
	}
	slow.Store(false)
	must(t, "apply", plan, "--yes", "--resume")
	if got, want := widePolicyText(t, points), strings.Replace(policy, `"Principal":"*"`, `"Principal":{"AWS":"arn:aws:iam::123456789012:root"}`, 1); got != want {
		t.Errorf("the policy is %s", got)
	}
	must(t, "verify", plan)
	must(t, "rollback", plan, "--yes")
	if got := widePolicyText(t, points); got != policy {
		t.Errorf("the policy came back as %s", got)
	}
}
