// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/internal/mototest"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

// moto's own account.
const motoAccount = "123456789012"

// cloud is one account of a moto server, to build what a scan is to find.
type cloud struct {
	t       *testing.T
	account string
	s3      *s3.Client
	control *s3control.Client
	org     *organizations.Client
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	moto := mototest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL", moto.URL)
	return cloudOf(t, motoAccount, moto.URL)
}

func cloudOf(t *testing.T, account, url string, opts ...func(*config.LoadOptions) error) *cloud {
	t.Helper()
	// S3 Control puts the account before the host's name, which has no address.
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(url, "http://"))
	}
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.DialContext = dial })
	conf, err := config.LoadDefaultConfig(t.Context(), append(opts, config.WithHTTPClient(client))...)
	if err != nil {
		t.Fatal(err)
	}
	return &cloud{t: t, account: account, control: s3control.NewFromConfig(conf), org: organizations.NewFromConfig(conf),
		s3: s3.NewFromConfig(conf, func(o *s3.Options) { o.UsePathStyle = true })}
}

func (c *cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *cloud) bucket(name string) {
	c.t.Helper()
	_, err := c.s3.CreateBucket(c.t.Context(), &s3.CreateBucketInput{Bucket: &name, ObjectOwnership: s3types.ObjectOwnershipObjectWriter})
	c.must(err)
}

func (c *cloud) acl(name string, acl s3types.BucketCannedACL) {
	c.t.Helper()
	_, err := c.s3.PutBucketAcl(c.t.Context(), &s3.PutBucketAclInput{Bucket: &name, ACL: acl})
	c.must(err)
}

func (c *cloud) policy(name, text string) {
	c.t.Helper()
	_, err := c.s3.PutBucketPolicy(c.t.Context(), &s3.PutBucketPolicyInput{Bucket: &name, Policy: &text})
	c.must(err)
}

func (c *cloud) put(name, key string, acl s3types.ObjectCannedACL) {
	c.t.Helper()
	_, err := c.s3.PutObject(c.t.Context(), &s3.PutObjectInput{Bucket: &name, Key: &key, ACL: acl, Body: strings.NewReader("x")})
	c.must(err)
}

func (c *cloud) block(name string, on bool) {
	c.t.Helper()
	_, err := c.s3.PutPublicAccessBlock(c.t.Context(), &s3.PutPublicAccessBlockInput{Bucket: &name, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
		BlockPublicAcls: &on, IgnorePublicAcls: &on, BlockPublicPolicy: &on, RestrictPublicBuckets: &on}})
	c.must(err)
}

func (c *cloud) accountBlock(on bool) {
	c.t.Helper()
	_, err := c.control.PutPublicAccessBlock(c.t.Context(), &s3control.PutPublicAccessBlockInput{AccountId: &c.account, PublicAccessBlockConfiguration: blockOf(on)})
	c.must(err)
}

func blockOf(on bool) *controltypes.PublicAccessBlockConfiguration {
	return &controltypes.PublicAccessBlockConfiguration{BlockPublicAcls: &on, IgnorePublicAcls: &on, BlockPublicPolicy: &on, RestrictPublicBuckets: &on}
}

func (c *cloud) point(name, bucket string) {
	c.t.Helper()
	_, err := c.control.CreateAccessPoint(c.t.Context(), &s3control.CreateAccessPointInput{AccountId: &c.account, Name: &name, Bucket: &bucket,
		PublicAccessBlockConfiguration: blockOf(false)})
	c.must(err)
	text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject","Resource":"arn:aws:s3:us-east-1:%s:accesspoint/%s/object/*"}]}`, c.account, name)
	_, err = c.control.PutAccessPointPolicy(c.t.Context(), &s3control.PutAccessPointPolicyInput{AccountId: &c.account, Name: &name, Policy: &text})
	c.must(err)
}

func publicRead(bucket string) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"PublicRead","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + bucket + `/*"}]}`
}

func delegated(bucket string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*","Resource":["arn:aws:s3:::` + bucket + `","arn:aws:s3:::` + bucket +
		`/*"],"Condition":{"StringEquals":{"s3:DataAccessPointAccount":"` + motoAccount + `"}}}]}`
}

// result is what one run wrote.
type result struct {
	code    int
	stderr  string
	config  *report.Config
	alerts  map[string]*triage.Alert // by bucket and route; of several the open one
	skipped []report.Skipped
	summary *report.Summary
}

func runScan(t *testing.T, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	r := result{alerts: map[string]*triage.Alert{}}
	r.code = run(append([]string{"scan", "-o", "jsonl"}, args...), strings.NewReader(""), &out, &errs)
	r.stderr = errs.String()
	for d := json.NewDecoder(&out); d.More(); {
		var m report.Message
		if err := d.Decode(&m); err != nil {
			t.Fatal(err)
		}
		switch {
		case m.Config != nil:
			r.config = m.Config
		case m.Alert != nil:
			if way := m.Alert.Bucket + " " + m.Alert.Route; r.alerts[way] == nil || m.Alert.State == exposure.Open {
				r.alerts[way] = m.Alert
			}
		case m.Skipped != nil:
			r.skipped = append(r.skipped, *m.Skipped)
		case m.Summary != nil:
			r.summary = m.Summary
		}
	}
	return r
}

// Buckets opened in five ways, and what holds them when the account's lid is on.
func TestScanFindsFiveWays(t *testing.T) {
	c := newCloud(t)
	c.bucket("by-acl")
	c.acl("by-acl", s3types.BucketCannedACLPublicRead)
	c.bucket("by-object")
	c.put("by-object", "list.csv", s3types.ObjectCannedACLPublicRead)
	c.put("by-object", "own.csv", s3types.ObjectCannedACLPrivate)
	c.bucket("by-policy")
	c.policy("by-policy", publicRead("by-policy"))
	c.bucket("by-point")
	c.policy("by-point", delegated("by-point"))
	c.point("wide", "by-point")
	c.bucket("held")
	c.policy("held", publicRead("held"))
	c.block("held", true)
	c.bucket("shut")

	ways := map[string]string{ // by bucket and route: the witness's command begins so
		"by-acl bucket-acl":            "curl -sS 'https://by-acl.",
		"by-object object-acl":         "curl -sS https://by-object.",
		"by-policy bucket-policy":      "curl -sS https://by-policy.",
		"by-point access-point-policy": "aws s3api get-object --bucket",
	}
	open := runScan(t, "--objects", "all", "-q")
	if open.code != exitDone || open.summary.Buckets != 6 || len(open.skipped) > 0 {
		t.Fatalf("exit %d, %+v, %+v\n%s", open.code, open.summary, open.skipped, open.stderr)
	}
	for way, command := range ways {
		a := open.alerts[way]
		if a == nil || a.State != exposure.Open || a.Certainty != exposure.Proven || a.OpenedBy != nil || a.OpenedAt != nil || a.Witness == nil {
			t.Errorf("%s: %+v", way, a)
			continue
		}
		if !strings.HasPrefix(a.Witness.Command, command) || !slices.Contains(a.Unknowns, "when it was opened and by whom: before the scan") {
			t.Errorf("%s: %q, %q", way, a.Witness.Command, a.Unknowns)
		}
	}
	if a := open.alerts["held bucket-policy"]; a == nil || a.State != exposure.Blocked || !slices.Equal(a.BlockedBy, []string{"RestrictPublicBuckets (bucket)"}) {
		t.Errorf("held: %+v", a)
	}
	if len(open.alerts) != len(ways)+1 {
		t.Errorf("alerts: %v", slices.Sorted(maps.Keys(open.alerts)))
	}

	// The fifth: all of it is held by the account's lid, and open without it.
	c.accountBlock(true)
	shut := runScan(t, "--objects", "all", "-q")
	for way := range ways {
		if a := shut.alerts[way]; a == nil || a.State != exposure.Blocked || !strings.Contains(strings.Join(a.BlockedBy, " "), "(account)") {
			t.Errorf("%s under the account's lid: %+v", way, a)
		}
	}
}

func record(id, at, event, params string) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","eventTime":%q,"eventSource":"s3.amazonaws.com","eventName":%q,"awsRegion":"us-east-1","sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2.17.0",`+
		`"userIdentity":{"type":"IAMUser","principalId":"AIDAANNXXXXXXXXXXXXX","arn":"arn:aws:iam::123456789012:user/ann","accountId":"123456789012","userName":"ann"},`+
		`"requestParameters":%s,"eventID":"00000000-0000-4000-8000-0000000000%s","recipientAccountId":"123456789012","eventCategory":"Management","managementEvent":true}`, at, event, params, id)
}

// Logs say who opened what is open now; where they disagree with the account,
// the alert says so.
func TestScanWithLogs(t *testing.T) {
	c := newCloud(t)
	for _, name := range []string{"told", "reopened", "closed", "keyed"} {
		c.bucket(name)
	}
	c.policy("told", publicRead("told"))
	c.policy("reopened", publicRead("reopened"))
	c.put("keyed", "k.csv", s3types.ObjectCannedACLPublicRead)
	policyParams := func(bucket string) string {
		return fmt.Sprintf(`{"bucketName":%q,"Host":"s3.amazonaws.com","bucketPolicy":%s}`, bucket, publicRead(bucket))
	}
	log := filepath.Join(t.TempDir(), "log.json")
	lines := []string{
		record("01", "2026-05-01T10:00:00Z", "PutBucketPolicy", policyParams("told")),
		record("02", "2026-05-01T10:00:00Z", "PutBucketPolicy", policyParams("reopened")),
		record("03", "2026-05-01T11:00:00Z", "DeleteBucketPolicy", `{"bucketName":"reopened"}`),
		record("04", "2026-05-01T10:00:00Z", "PutBucketPolicy", policyParams("closed")),
		record("05", "2026-05-01T10:00:00Z", "PutBucketPolicy", policyParams("vanished")),
		record("06", "2026-05-01T10:00:00Z", "PutObjectAcl", `{"bucketName":"keyed","key":"k.csv","x-amz-acl":"public-read"}`),
	}
	if err := os.WriteFile(log, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	r := runScan(t, "--with", log)
	if r.code != exitDone || !slices.Equal(r.config.Sources, []string{log}) || r.summary.Records != 6 || r.summary.Buckets != 4 {
		t.Fatalf("exit %d, %+v, %+v\n%s", r.code, r.config, r.summary, r.stderr)
	}
	if a := r.alerts["told bucket-policy"]; a == nil || a.State != exposure.Open || a.Certainty != exposure.Proven || a.OpenedBy == nil || a.UserName != "ann" {
		t.Errorf("told: %+v", a)
	}
	if a := r.alerts["keyed object-acl"]; a == nil || a.State != exposure.Open || a.UserName != "ann" {
		t.Errorf("an object that the log names: %+v", a)
	}
	for _, tt := range []struct {
		bucket string
		state  exposure.State
		closed bool
	}{{"reopened", exposure.Open, false}, {"closed", exposure.Closed, true}, {"vanished", exposure.Closed, true}} {
		a := r.alerts[tt.bucket+" bucket-policy"]
		if a == nil || a.State != tt.state || (a.ClosedAt != nil) != tt.closed || a.ClosedBy != nil {
			t.Errorf("%s: %+v", tt.bucket, a)
			continue
		}
		if !strings.Contains(strings.Join(a.Reasons, "\n"), "drift: the live account, read at ") {
			t.Errorf("%s: no drift in %q", tt.bucket, a.Reasons)
		}
	}
}

// member makes an organization of which c's account is the management account, and
// gives another account of it. moto gives each assumed account its own buckets.
func (c *cloud) member() *cloud {
	c.t.Helper()
	ctx := c.t.Context()
	_, err := c.org.CreateOrganization(ctx, &organizations.CreateOrganizationInput{})
	c.must(err)
	made, err := c.org.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String("two"), Email: aws.String("two@example.com")})
	c.must(err)
	id := *made.CreateAccountStatus.AccountId
	return cloudOf(c.t, id, os.Getenv("AWS_ENDPOINT_URL"), config.WithCredentialsProvider(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return c.audits(id), nil
	})))
}

// audits are credentials of another account, by its role audit.
func (c *cloud) audits(id string) aws.Credentials {
	c.t.Helper()
	conf, err := config.LoadDefaultConfig(c.t.Context())
	c.must(err)
	role, err := sts.NewFromConfig(conf).AssumeRole(c.t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + id + ":role/audit"), RoleSessionName: aws.String("test")})
	c.must(err)
	return aws.Credentials{AccessKeyID: *role.Credentials.AccessKeyId, SecretAccessKey: *role.Credentials.SecretAccessKey, SessionToken: *role.Credentials.SessionToken}
}

func TestScanOrganization(t *testing.T) {
	c := newCloud(t)
	two := c.member()
	member := two.account
	c.bucket("of-one")
	two.bucket("of-two")
	two.acl("of-two", s3types.BucketCannedACLPublicRead)

	r := runScan(t, "--organization", "--role-name", "audit", "-q")
	if r.code != exitDone || r.summary.Buckets != 2 || !slices.Contains(r.config.Accounts, member) || len(r.config.Accounts) != 2 {
		t.Fatalf("exit %d, %+v, %+v\n%s", r.code, r.config, r.summary, r.stderr)
	}
	if a := r.alerts["of-two bucket-acl"]; a == nil || a.Account != member {
		t.Errorf("%+v", r.alerts)
	}
	if only := runScan(t, "--organization", "--role-name", "audit", "-q", "--account", member); only.summary.Buckets != 1 || len(only.alerts) != 1 {
		t.Errorf("%+v", only.summary)
	}
}

// Each profile is an account; two of the same account are one. A profile that is
// not there ends the scan before anything is read.
func TestScanProfiles(t *testing.T) {
	c := newCloud(t)
	two := c.member()
	c.bucket("of-one")
	two.bucket("of-two")
	two.acl("of-two", s3types.BucketCannedACLPublicRead)
	member := c.audits(two.account)
	file := filepath.Join(t.TempDir(), "credentials")
	c.must(os.WriteFile(file, fmt.Appendf(nil, "[one]\naws_access_key_id=testing\naws_secret_access_key=testing\n[again]\naws_access_key_id=testing\naws_secret_access_key=testing\n"+
		"[two]\naws_access_key_id=%s\naws_secret_access_key=%s\naws_session_token=%s\n", member.AccessKeyID, member.SecretAccessKey, member.SessionToken), 0o600))
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "") // restores what was
		c.must(os.Unsetenv(name))
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	r := runScan(t, "--profile", "one,two,again", "-q")
	if want := slices.Sorted(slices.Values([]string{motoAccount, two.account})); r.code != exitDone || r.summary.Buckets != 2 || !slices.Equal(r.config.Accounts, want) {
		t.Fatalf("exit %d, %+v, %+v\n%s", r.code, r.config, r.summary, r.stderr)
	}
	if a := r.alerts["of-two bucket-acl"]; a == nil || a.Account != two.account {
		t.Errorf("%+v", r.alerts)
	}
	says(t, guardDo(t, "", "status", "--profile", "two,one"), exitDone, []string{"Account " + motoAccount, "Account " + two.account})
	says(t, entered("", "scan", "--profile", "one,nobody"), exitPermission, []string{"sign-in failed with profile nobody", "aws configure list-profiles"})
}

// What AWS refuses is named with its permission and never taken for shut: a
// server made up at the edge of HTTP refuses some reads of one bucket.
func TestScanDenied(t *testing.T) {
	c := newCloud(t)
	c.bucket("seen")
	c.bucket("unseen")
	c.acl("unseen", s3types.BucketCannedACLPublicRead)
	behind, err := url.Parse(os.Getenv("AWS_ENDPOINT_URL"))
	c.must(err)
	proxy := httputil.NewSingleHostReverseProxy(behind)
	edge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); r.URL.Path == "/unseen" && (q.Has("policy") || q.Has("policyStatus") || q.Has("publicAccessBlock")) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer edge.Close()
	t.Setenv("AWS_ENDPOINT_URL", edge.URL)
	r := runScan(t, "--strict")
	if r.code != exitIncomplete || r.summary.Skipped["access denied"] != 3 {
		t.Fatalf("exit %d, %+v\n%s", r.code, r.summary, r.stderr)
	}
	reasons := fmt.Sprint(r.skipped)
	for _, permission := range []string{"s3:GetBucketPolicyStatus", "s3:GetBucketPolicy ", "s3:GetBucketPublicAccessBlock"} {
		if !strings.Contains(reasons, permission) {
			t.Errorf("%s is not named: %s", permission, reasons)
		}
	}
	if !strings.Contains(r.stderr, "scan --print-iam-policy") {
		t.Errorf("no way on: %s", r.stderr)
	}
	a := r.alerts["unseen bucket-acl"]
	if a == nil || a.State != exposure.Open || a.Certainty != exposure.Assumed || !strings.Contains(strings.Join(a.Unknowns, "\n"), "s3:GetBucketPublicAccessBlock") {
		t.Errorf("%+v", a)
	}
}
