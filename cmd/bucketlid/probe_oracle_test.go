// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bucketlid/bucketlid/internal/oracle"
	"github.com/bucketlid/bucketlid/triage"
)

// Against a server that enforces policies, what is told to be open is served to
// the probe, and the object that it asks for is one that exists.
func TestProbeAgainstVersity(t *testing.T) {
	s := oracle.StartVersity(t)
	c := enforced(t, s, s.Owner.Access)
	ctx := context.Background()
	for name, action := range map[string]string{"open-to-read": "s3:GetObject", "open-to-list": "s3:ListBucket", "shut": ""} {
		_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
		check(t, err)
		_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: aws.String("real.csv"), Body: strings.NewReader("x")})
		check(t, err)
		if action == "" {
			continue
		}
		resource := "arn:aws:s3:::" + name
		if action == "s3:GetObject" {
			resource += "/*"
		}
		_, err = c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &name, Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"` + action + `","Resource":"` + resource + `"}]}`)})
		check(t, err)
	}
	r := runScan(t, "-q", "--probe")
	for way, path := range map[string]string{"open-to-read bucket-policy": "/open-to-read/real.csv", "open-to-list bucket-policy": "/open-to-list/?list-type=2&max-keys=1"} {
		a := r.alerts[way]
		if a == nil || a.Probe == nil || a.Probe.Status != 200 || a.Probe.Agrees != triage.Yes || !strings.HasSuffix(a.Probe.URL, path) {
			t.Errorf("%s: %+v\n%s", way, a, r.stderr)
		}
	}
}

// oddKeys are keys that a URL or a pattern would change.
var oddKeys = []string{"a?b", "a*b", "q?versionId=x", "sp ace", "pl+us", "per%25cent", "per%2Fslash", "emo😀ji", "new\nline", "hash#x", "semi;x&y=z", "back\\slash", "[br]", "%", "quo\"te'"}

// Of each key exactly that object is asked for: beside it lie those that a
// mangled name would meet, which are shut.
func TestProbeOfOddKeys(t *testing.T) {
	s := oracle.StartVersity(t)
	c := enforced(t, s, s.Owner.Access)
	ctx := context.Background()
	for i, key := range oddKeys {
		name := fmt.Sprintf("odd-%d", i)
		_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name})
		check(t, err)
		_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: aws.String("pub/" + key), Body: strings.NewReader("x")})
		check(t, err)
		_, err = c.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &name, Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + name + `/pub/*"}]}`)})
		check(t, err)
	}
	r := runScan(t, "-q", "--probe")
	found := 0
	for _, a := range r.alerts {
		key := ""
		for i, k := range oddKeys {
			if a.Bucket == fmt.Sprintf("odd-%d", i) {
				key, found = k, found+1
			}
		}
		if a.Probe == nil || a.Probe.Status != 200 || a.Probe.Agrees != triage.Yes || !strings.HasSuffix(a.Probe.URL, "/pub/"+encodedKey(key)) {
			t.Errorf("%q: %+v", key, a.Probe)
		}
	}
	if found != len(oddKeys) {
		t.Errorf("%d of %d keys: %s", found, len(oddKeys), r.stderr)
	}
}
