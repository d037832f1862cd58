// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bucketlid/bucketlid/internal/mototest"
)

// What tests of fix, guard and scan share: commands run in this process, against
// a stand-in for AWS.

// fixed is what a command printed and how it ended.
type fixed struct {
	code     int
	out, err string
}

// entered runs a command with something on its standard input.
func entered(stdin string, args ...string) fixed {
	var out, errs bytes.Buffer
	code := run(args, strings.NewReader(stdin), &out, &errs)
	return fixed{code, out.String(), errs.String()}
}

// done runs a command that must end well.
func done(t *testing.T, args ...string) fixed {
	t.Helper()
	f := entered("", args...)
	if f.code != exitDone {
		t.Fatalf("%v: exit %d\n%s%s", args, f.code, f.out, f.err)
	}
	return f
}

func fix(t *testing.T, stdin string, args ...string) fixed {
	t.Helper()
	return entered(stdin, append([]string{"fix"}, args...)...)
}

// must is a fix that ends well.
func must(t *testing.T, args ...string) fixed {
	t.Helper()
	return done(t, append([]string{"fix"}, args...)...)
}

func guardDo(t *testing.T, stdin string, args ...string) fixed {
	t.Helper()
	return entered(stdin, append([]string{"guard"}, args...)...)
}

// guardMust is a guard that ends well.
func guardMust(t *testing.T, args ...string) fixed {
	t.Helper()
	return done(t, append([]string{"guard"}, args...)...)
}

// says compares what a command printed with what it must and must not say.
func says(t *testing.T, f fixed, code int, wants []string, never ...string) {
	t.Helper()
	if f.code != code {
		t.Errorf("exit %d, not %d\n%s%s", f.code, code, f.out, f.err)
	}
	for _, want := range wants {
		if !strings.Contains(f.out+f.err, want) {
			t.Errorf("does not say %q:\n%s%s", want, f.out, f.err)
		}
	}
	for _, not := range never {
		if strings.Contains(f.out+f.err, not) {
			t.Errorf("says %q:\n%s%s", not, f.out, f.err)
		}
	}
}

// planOf is a plan's file.
func planOf(t *testing.T, args ...string) string {
	t.Helper()
	plan := filepath.Join(t.TempDir(), "plan.json")
	must(t, append([]string{"plan", "--out", plan}, args...)...)
	return plan
}

const (
	fixBucket = "fix-me-bucket"
	motoID    = "123456789012"
	allUsers  = "http://acs.amazonaws.com/groups/global/AllUsers"
	mixed     = `{"Version":"2012-10-17",  "Statement":[
  {"Sid":"PublicRead","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::fix-me-bucket/*"},
  {"Sid":"DenyHTTP","Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::fix-me-bucket/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}
]}`
)

// client talks to the stand-in as a deployment would.
func client(t *testing.T) *s3.Client {
	t.Helper()
	conf, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s3.NewFromConfig(conf, func(o *s3.Options) { o.UsePathStyle = true })
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// published makes a bucket public in several ways.
func published(t *testing.T, c *s3.Client, parts ...string) {
	t.Helper()
	ctx, name := context.Background(), aws.String(fixBucket)
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name})
	check(t, err)
	for _, part := range parts {
		switch part {
		case "acl":
			_, err = c.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: name, ACL: types.BucketCannedACLPublicRead})
		case "policy":
			_, err = c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String(mixed)})
		case "website":
			_, err = c.PutBucketWebsite(ctx, &s3.PutBucketWebsiteInput{Bucket: name, WebsiteConfiguration: &types.WebsiteConfiguration{IndexDocument: &types.IndexDocument{Suffix: aws.String("index.html")}}})
		}
		check(t, err)
	}
}

func motoEnv(t *testing.T) *s3.Client {
	t.Helper()
	moto := mototest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL", moto.URL)
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // where buckets are held for a run
	t.Setenv("AWS_REGION", "us-east-1")
	waiting := pauses
	t.Cleanup(func() { pauses = waiting })
	pauses.retry = func(int) time.Duration { return time.Millisecond }
	pauses.settle = pauses.retry
	return client(t)
}

func policyText(t *testing.T, c *s3.Client) string {
	t.Helper()
	out, err := c.GetBucketPolicy(context.Background(), &s3.GetBucketPolicyInput{Bucket: aws.String(fixBucket)})
	check(t, err)
	return *out.Policy
}

func publicGrants(t *testing.T, c *s3.Client) int {
	t.Helper()
	out, err := c.GetBucketAcl(context.Background(), &s3.GetBucketAclInput{Bucket: aws.String(fixBucket)})
	check(t, err)
	n := 0
	for _, g := range out.Grants {
		if g.Grantee != nil && aws.ToString(g.Grantee.URI) == allUsers {
			n++
		}
	}
	return n
}

// proxy stands between the program and the stand-in. meet may answer a request
// itself.
func proxy(t *testing.T, meet func(http.ResponseWriter, *http.Request) bool) {
	t.Helper()
	target, err := url.Parse(os.Getenv("AWS_ENDPOINT_URL"))
	check(t, err)
	onward := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !meet(w, r) {
			onward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
}

func fault(w http.ResponseWriter, status int, code string) bool {
	w.WriteHeader(status)
	_, _ = w.Write([]byte("<Error><Code>" + code + "</Code><Message>m</Message></Error>"))
	return true
}
