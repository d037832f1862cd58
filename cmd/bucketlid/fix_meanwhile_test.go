// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What somebody else does to a bucket before, between and after our calls.

// setPolicy puts a policy of these statements, in which BUCKET is the bucket's name.
func setPolicy(t *testing.T, c *s3.Client, statements ...string) {
	t.Helper()
	text := `{"Version":"2012-10-17","Statement":[` + strings.ReplaceAll(strings.Join(statements, ","), "BUCKET", fixBucket) + `]}`
	_, err := c.PutBucketPolicy(context.Background(), &s3.PutBucketPolicyInput{Bucket: aws.String(fixBucket), Policy: &text})
	check(t, err)
}

const (
	anybodyWrites = `{"Sid":"Other","Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::BUCKET/*"}`
	partnerReads  = `{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222233334444:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::BUCKET/*"}`
	anybodyReadsX = `{"Sid":"Less","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::BUCKET/x/*"}`
)

// The whole bucket is evaluated again: what the plan closes, with what gives it now
// where that is another thing, and what the plan did not know of.
func TestFixEvaluatesTheWholeBucket(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	plan := planOf(t, fixBucket)
	must(t, "apply", plan, "--yes")
	for name, step := range map[string]struct {
		set   []string
		code  int
		wants []string
		never string
	}{
		"another opening, and a partner": {[]string{anybodyWrites, partnerReads}, exitFailed, []string{"closed  anyone may read fix-me-bucket/*",
			"OPEN    anyone may write fix-me-bucket/*, by bucket-policy, statement 0 (Other): this plan did not know of it",
			"new     account 222233334444 may read fix-me-bucket/*, by bucket-policy, statement 1 (Partner): this plan did not know of it, and is not about it",
			"open, or may be, by 1 exposure that this plan did not know of", "make a new plan: bucketlid fix plan fix-me-bucket"}, "OPEN    anyone may read"},
		"a part of it, by another statement": {[]string{partnerReads, anybodyReadsX}, exitFailed, []string{"OPEN    anyone may read fix-me-bucket/*, by bucket-policy, statement 0 (PublicRead)\n",
			"    now anyone may read fix-me-bucket/x/*, by bucket-policy, statement 1 (Less)\n", "1 of 1 exposures that the plan closes are open"}, "OPEN    anyone may read fix-me-bucket/x/*"},
		"a partner alone": {[]string{partnerReads}, exitDone, []string{"closed  anyone may read", "new     account 222233334444"}, "OPEN"},
	} {
		setPolicy(t, c, step.set...)
		t.Log(name)
		says(t, fix(t, "", "verify", plan), step.code, step.wants, step.never)
	}
	_, err := c.PutBucketAcl(context.Background(), &s3.PutBucketAclInput{Bucket: aws.String(fixBucket), ACL: types.BucketCannedACLPublicRead})
	check(t, err)
	says(t, fix(t, "", "verify", plan), exitFailed, []string{"OPEN    anyone may list fix-me-bucket, by bucket-acl: this plan did not know of it", "not looked at: the ACLs of its objects"})
}

// A policy that is put in the place of ours, before it is read back.
func TestFixPolicySwapped(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	plan := planOf(t, fixBucket)
	var ours, swapped atomic.Bool
	proxy(t, func(_ http.ResponseWriter, r *http.Request) bool {
		switch {
		case !r.URL.Query().Has("policy"):
		case r.Method == http.MethodPut:
			ours.Store(true)
		case ours.Load() && !swapped.Swap(true):
			setPolicy(t, c, anybodyWrites)
		}
		return false
	})
	says(t, fix(t, "", "apply", plan, "--yes"), exitFailed, []string{"step 1 of 1 done", "closed  anyone may read", "OPEN    anyone may write fix-me-bucket/*"})
}

// keepsVersionACLs stores the ACLs of versions that are written, and gives them back:
// moto sets that of the current version, whatever the id.
func keepsVersionACLs(t *testing.T) {
	t.Helper()
	var mu sync.Mutex
	stored := map[string][]byte{}
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		id := r.URL.Query().Get("versionId")
		if id == "" || !r.URL.Query().Has("acl") {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPut {
			body, err := io.ReadAll(r.Body)
			check(t, err)
			stored[id] = body
			return true
		}
		if stored[id] != nil {
			_, err := w.Write(stored[id])
			check(t, err)
		}
		return stored[id] != nil
	})
}

// A plan is for the version of an object that it saw: one that takes the name
// meanwhile neither shields it nor goes unseen.
func TestFixSupersededVersion(t *testing.T) {
	c := motoEnv(t)
	published(t, c)
	keepsVersionACLs(t)
	ctx, name, key := context.Background(), aws.String(fixBucket), aws.String("k")
	_, err := c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	check(t, err)
	put := func(acl types.ObjectCannedACL) string {
		out, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: key, ACL: acl, Body: strings.NewReader("x")})
		check(t, err)
		return *out.VersionId
	}
	first := put(types.ObjectCannedACLPublicRead)
	plan := planOf(t, fixBucket, "--object", "k", "--object", "k?versionId="+first)
	second := put(types.ObjectCannedACLPublicRead)
	says(t, fix(t, "", "apply", plan, "--yes", "--option", "object-acl-grants"), exitFailed, []string{"closed  anyone may read fix-me-bucket/k, by object-acl, object k?versionId=" + first,
		"OPEN    anyone may read fix-me-bucket/k, by object-acl, object k?versionId=" + second + ": this plan did not know of it"}, "step 2")
	put(types.ObjectCannedACLPrivate)
	says(t, fix(t, "", "verify", plan, "--option", "object-acl-grants"), exitDone, []string{"closed  anyone may read"}, "OPEN")
}

// Where a bucket begins to keep versions, a name alone does not say any more which
// object was meant.
func TestFixVersioningBegins(t *testing.T) {
	c := motoEnv(t)
	published(t, c)
	putPublic(t, c, "k")
	plan := planOf(t, fixBucket, "--object", "k")
	_, err := c.PutBucketVersioning(context.Background(), &s3.PutBucketVersioningInput{Bucket: aws.String(fixBucket), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	check(t, err)
	says(t, fix(t, "", "apply", plan, "--yes"), exitStale, []string{"versioning changed since it was made"})
}

// A change between two steps stops the run, tells what was made, and keeps nobody
// from taking that back: what somebody else set stays.
func TestFixStaleBetweenSteps(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	plan := planOf(t, fixBucket)
	proxy(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && r.URL.Query().Has("acl") {
			setPolicy(t, c, anybodyWrites)
		}
		return false
	})
	says(t, fix(t, "", "apply", plan, "--yes"), exitPartly, []string{"step 2 of 2, PutBucketPolicy, was not made: the plan is stale: the bucket policy changed since it was made; made before: PutBucketAcl",
		"take it back with: bucketlid fix rollback " + plan, "make a new plan for what is left"}, "--resume")
	if publicGrants(t, c) != 0 {
		t.Error("the first step was not made")
	}
	says(t, fix(t, "", "rollback", plan, "--yes"), exitDone, []string{"1 settings of bucket fix-me-bucket are as they were", "somebody else changed meanwhile, and it stays so: the bucket policy"})
	if publicGrants(t, c) != 1 || !strings.Contains(policyText(t, c), "Other") {
		t.Errorf("%d grants, policy %s", publicGrants(t, c), policyText(t, c))
	}
}

// What somebody else made of the setting itself is not overwritten by a way back.
func TestFixRollbackOverwritesNobody(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy")
	plan := planOf(t, fixBucket)
	must(t, "apply", plan, "--yes")
	setPolicy(t, c, partnerReads)
	says(t, fix(t, "", "rollback", plan, "--yes"), exitStale, []string{"the bucket policy changed since it was made", "nothing was changed"})
	if publicGrants(t, c) != 0 || !strings.Contains(policyText(t, c), "Partner") {
		t.Errorf("%d grants, policy %s", publicGrants(t, c), policyText(t, c))
	}
}

// A plan that was stale before its first call leaves nothing that has to be kept.
func TestFixPlansAgainAfterStale(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	plan := planOf(t, fixBucket)
	setPolicy(t, c, anybodyWrites)
	says(t, fix(t, "", "apply", plan, "--yes"), exitStale, []string{"the bucket policy changed"})
	must(t, "plan", fixBucket, "--out", plan, "--force")
	must(t, "apply", plan, "--yes")
	says(t, fix(t, "", "plan", fixBucket, "--out", plan, "--force"), exitUsage, []string{"calls of " + plan + " were made, or tried"})
	if _, err := os.Stat(journalName(plan)); err != nil {
		t.Error(err)
	}
}
