// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/bucketlid/bucketlid/triage"
)

func (c *cloud) hub() []types.AwsSecurityFinding {
	c.t.Helper()
	conf, err := config.LoadDefaultConfig(c.t.Context())
	c.must(err)
	out, err := securityhub.NewFromConfig(conf).GetFindings(c.t.Context(), &securityhub.GetFindingsInput{})
	c.must(err)
	return out.Findings
}

// Alerts are sent once and updated then; what is shut is archived.
func TestScanSendsToSecurityHub(t *testing.T) {
	c := newCloud(t)
	c.bucket("by-acl")
	c.acl("by-acl", s3types.BucketCannedACLPublicRead)
	c.bucket("by-policy")
	c.policy("by-policy", publicRead("by-policy"))
	if r := runScan(t, "-q"); r.code != exitDone || len(c.hub()) > 0 {
		t.Fatalf("sent unasked: %v\n%s", c.hub(), r.stderr)
	}
	r := runScan(t, "-q", "--send", "security-hub")
	if r.code != exitDone || !strings.Contains(r.stderr, "Sent to Security Hub: 2 of 2 alerts\n  2 of 2 to account 123456789012, us-east-1\n") {
		t.Fatalf("exit %d\n%s", r.code, r.stderr)
	}
	found := map[string]types.AwsSecurityFinding{}
	for _, f := range c.hub() {
		found[*f.Id] = f
	}
	for way, a := range r.alerts {
		f, sent := found[a.ID]
		if !sent || f.RecordState != types.RecordStateActive || string(f.Severity.Label) != strings.ToUpper(string(a.Severity)) ||
			*f.Resources[0].Details.AwsS3Bucket.Name != a.Bucket || !strings.HasSuffix(*f.ProductArn, ":product/123456789012/default") || *f.Region != "us-east-1" {
			t.Errorf("%s: %+v", way, f)
		}
	}
	if again := runScan(t, "-q", "--send", "security-hub"); again.code != exitDone || len(c.hub()) != 2 {
		t.Errorf("sent twice: %d findings, exit %d", len(c.hub()), again.code)
	}
}

// What is closed, or gone, between two runs is archived; what this run did not
// look at stays.
func TestScanArchivesWhatIsGone(t *testing.T) {
	c := newCloud(t)
	for _, name := range []string{"closed", "deleted", "open", "unread"} {
		c.bucket(name)
		c.acl(name, s3types.BucketCannedACLPublicRead)
	}
	c.bucket("object")
	c.put("object", "k", s3types.ObjectCannedACLPublicRead)
	first := runScan(t, "-q", "--send", "security-hub", "--objects", "all")
	c.acl("closed", s3types.BucketCannedACLPrivate)
	c.acl("unread", s3types.BucketCannedACLPrivate)
	name := "deleted"
	_, err := c.s3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &name})
	c.must(err)
	r := runScan(t, "-q", "--send", "security-hub", "--bucket", "closed,open,object")
	if r.code != exitDone || !strings.Contains(r.stderr, "2 of earlier runs archived") {
		t.Fatalf("exit %d\n%s", r.code, r.stderr)
	}
	states := map[string]types.RecordState{}
	for _, f := range c.hub() {
		states[*f.Resources[0].Details.AwsS3Bucket.Name] = f.RecordState
	}
	for bucket, want := range map[string]types.RecordState{"closed": "ARCHIVED", "deleted": "ARCHIVED", "open": "ACTIVE", "unread": "ACTIVE", "object": "ACTIVE"} {
		if states[bucket] != want {
			t.Errorf("%s is %s, want %s (of %d alerts)", bucket, states[bucket], want, len(first.alerts))
		}
	}
}

func TestSettingsTell(t *testing.T) {
	for generator, want := range map[string]bool{
		"bucketlid/public bucket-acl": true, "bucketlid/latent bucket-policy": true, "bucketlid/shared access-point-policy": true,
		"bucketlid/public object-acl": false, "bucketlid/attempt bucket-acl": false, "bucketlid/guard-removed block-public-access": false, "bucketlid/alert": false, "": false,
	} {
		if settingsTell(generator) != want {
			t.Errorf("%s: %t", generator, !want)
		}
	}
}

// What Security Hub does not take is named, and so is what is of no account that
// was signed in to; the report is written in any case.
func TestScanSendFails(t *testing.T) {
	c := newCloud(t)
	c.bucket("by-acl")
	c.acl("by-acl", s3types.BucketCannedACLPublicRead)
	behind, err := url.Parse(os.Getenv("AWS_ENDPOINT_URL"))
	c.must(err)
	proxy := httputil.NewSingleHostReverseProxy(behind)
	kind := ""
	edge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/findings/import" {
			proxy.ServeHTTP(w, r)
			return
		}
		w.Header().Set("X-Amzn-ErrorType", kind)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"Message":"no"}`))
	}))
	defer edge.Close()
	t.Setenv("AWS_ENDPOINT_URL", edge.URL)
	for _, tt := range []struct {
		kind string
		code int
		text string
	}{
		{"AccessDeniedException", exitPermission, "the permission securityhub:BatchImportFindings is missing"},
		{"InvalidAccessException", exitFailed, "aws securityhub enable-security-hub --region us-east-1"},
	} {
		kind = tt.kind
		r := runScan(t, "-q", "--send", "security-hub")
		if r.code != tt.code || len(r.alerts) != 1 || r.summary == nil || !strings.Contains(r.stderr, tt.text) || !strings.Contains(r.stderr, "Sent to Security Hub: 0 of 1 alerts") {
			t.Errorf("%s: exit %d, %d alerts\n%s", tt.kind, r.code, len(r.alerts), r.stderr)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", behind.String())
	log := filepath.Join(t.TempDir(), "log.json")
	foreign := strings.ReplaceAll(record("01", "2026-05-01T10:00:00Z", "PutBucketPolicy", `{"bucketName":"elsewhere","bucketPolicy":`+publicRead("elsewhere")+`}`), motoAccount, "999988887777")
	c.must(os.WriteFile(log, []byte(foreign), 0o600))
	r := runScan(t, "-q", "--send", "security-hub", "--with", log)
	if r.code != exitPartly || !strings.Contains(r.stderr, "Sent to Security Hub: 1 of 2 alerts") || !strings.Contains(r.stderr, ": account 999988887777 was not signed in to") {
		t.Errorf("exit %d\n%s", r.code, r.stderr)
	}
}

// Findings of other services meet the live account.
func TestScanWithFindings(t *testing.T) {
	c := newCloud(t)
	c.bucket("by-acl")
	c.acl("by-acl", s3types.BucketCannedACLPublicRead)
	c.bucket("shut")
	finding := func(id, bucket string) string {
		return `{"id":"` + id + `","isPublic":true,"principal":{"AWS":"*"},"resource":"arn:aws:s3:::` + bucket + `","resourceOwnerAccount":"` + motoAccount +
			`","resourceType":"AWS::S3::Bucket","status":"ACTIVE","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","analyzedAt":"2099-01-01T00:00:00Z"}`
	}
	name := filepath.Join(t.TempDir(), "found.json")
	c.must(os.WriteFile(name, []byte("["+finding("x1", "by-acl")+","+finding("x2", "shut")+","+finding("x3", "deleted")+"]"), 0o600))
	r := runScan(t, "-q", "--findings", name)
	if r.code != exitDone || len(r.summary.SaidElsewhere) != 2 {
		t.Fatalf("exit %d, %+v\n%s", r.code, r.summary, r.stderr)
	}
	if a := r.alerts["by-acl bucket-acl"]; a == nil || len(a.Elsewhere) != 1 || a.Elsewhere[0].Agrees != triage.Yes {
		t.Errorf("%+v", a)
	}
	for i, want := range []string{"has no bucket of that name now", "DISAGREEMENT: the live account, read at "} {
		if !strings.Contains(r.summary.SaidElsewhere[i].Why, want) {
			t.Errorf("%+v", r.summary.SaidElsewhere[i])
		}
	}
}
