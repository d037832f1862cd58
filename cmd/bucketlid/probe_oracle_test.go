// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
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
