// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bucketlid/bucketlid/internal/mototest"
	"github.com/bucketlid/bucketlid/internal/oracle"
)

// enforced puts the services that a server of S3 alone lacks before it: whose
// account it is, and the account's settings, of which there are none.
// accountID is the account as the server compares it with the expected owner.
func enforced(t *testing.T, s *oracle.Server, accountID string) *s3.Client {
	t.Helper()
	mototest.Isolate(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("AWS_ENDPOINT_URL", s.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", s.Owner.Access)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Owner.Secret)
	t.Setenv("AWS_REGION", "us-east-1")
	target, err := url.Parse(s.URL)
	check(t, err)
	onward := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/" && r.Method == http.MethodPost:
			_, _ = w.Write([]byte(`<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::` + accountID + `:user/owner</Arn><Account>` + accountID + `</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`))
		case strings.HasSuffix(r.URL.Path, "/configuration/publicAccessBlock"):
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`<ErrorResponse><Error><Code>NoSuchPublicAccessBlockConfiguration</Code></Error></ErrorResponse>`))
		case strings.HasPrefix(r.URL.Path, "/v20180820/"):
			_, _ = w.Write([]byte(`<ListAccessPointsResult/>`))
		default:
			onward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	return client(t)
}

// answered is how the server answers a request without a signature.
func answered(t *testing.T, s *oracle.Server, key, query string) int {
	t.Helper()
	resp, err := s.Client(nil).Get(s.URL + s.Path(fixBucket, key) + query)
	check(t, err)
	check(t, resp.Body.Close())
	return resp.StatusCode
}

// thereAndBack sees that a request succeeds before the fix, fails after, and
// succeeds again after the rollback.
func thereAndBack(t *testing.T, ask func() int, option string, planned ...string) {
	t.Helper()
	plan := planOf(t, append([]string{fixBucket}, planned...)...)
	before := ask()
	must(t, "apply", plan, "--yes", "--option", option)
	after := ask()
	must(t, "rollback", plan, "--yes")
	if again := ask(); before != 200 || after != 403 || again != 200 {
		t.Errorf("%s: %d before, %d after, %d after the rollback", option, before, after, again)
	}
}

// versitygw enforces policies.
func TestFixAgainstVersity(t *testing.T) {
	s := oracle.StartVersity(t)
	c := enforced(t, s, s.Owner.Access)
	ctx, name := context.Background(), aws.String(fixBucket)
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name})
	check(t, err)
	_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: aws.String("k"), Body: strings.NewReader("x")})
	check(t, err)
	text := strings.Replace(mixed, `"Resource":"arn:aws:s3:::fix-me-bucket/*","Condition"`, `"Resource":"arn:aws:s3:::fix-me-bucket/secret/*","Condition"`, 1)
	text = strings.Replace(text, `"Condition":{"Bool":{"aws:SecureTransport":"false"}}`, `"Condition":{"StringLike":{"aws:Referer":"*"}}`, 1)
	_, err = c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: &text})
	check(t, err)
	thereAndBack(t, func() int { return answered(t, s, "k", "") }, "policy-statement")
}

// radosgw enforces ACLs, policies and IgnorePublicAcls.
func TestFixAgainstRadosgw(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes half a minute to start")
	}
	s := oracle.StartRadosgw(t)
	c := enforced(t, s, oracle.OwnerAccount)
	ctx, name := context.Background(), aws.String(fixBucket)
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name, ACL: types.BucketCannedACLPublicRead})
	check(t, err)
	_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: aws.String("k"), ACL: types.ObjectCannedACLPublicRead, Body: strings.NewReader("x")})
	check(t, err)
	list := func() int { return answered(t, s, "", "?list-type=2") }
	read := func() int { return answered(t, s, "k", "") }
	thereAndBack(t, list, "bucket-acl-grants")
	thereAndBack(t, list, "ignore-public-acls")
	thereAndBack(t, read, "object-acl-grants", "--object", "k")
	thereAndBack(t, read, "ignore-public-acls", "--object", "k")
	_, err = c.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: name, ACL: types.BucketCannedACLPrivate})
	check(t, err)
	_, err = c.PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: name, Key: aws.String("k"), ACL: types.ObjectCannedACLPrivate})
	check(t, err)
	_, err = c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String(strings.Replace(mixed, `"aws:SecureTransport":"false"`, `"aws:SecureTransport":"none"`, 1))})
	check(t, err)
	thereAndBack(t, read, "policy-statement")
}
