// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What was asked for and is not there is no green scan.
func TestScanAskedFor(t *testing.T) {
	c := newCloud(t)
	c.bucket("here")
	for _, tt := range []struct {
		args    []string
		code    int
		says    string // on standard error
		skipped string
	}{
		{[]string{"--bucket", "here"}, exitDone, "", ""},
		{[]string{"--bucket", "nosuch"}, exitUsage, "there is no bucket nosuch in 123456789012", ""},
		{[]string{"--bucket", "here,nosuch"}, exitUsage, "there is no bucket nosuch", "s3://nosuch not found: there is no such bucket in 123456789012"},
		{[]string{"--bucket", "here", "--region", "eu-west-1"}, exitUsage, "here lies in us-east-1, which --region leaves out", ""},
		{[]string{"--region", "us-east-1"}, exitDone, "", ""},
		{[]string{"--region", "mars-west-1"}, exitUsage, `"mars-west-1" is no Region`, ""},
		{[]string{"--region", "us-east-1,mars-west-1"}, exitUsage, `"mars-west-1" is no Region`, "Region mars-west-1 not found: AWS has no Region of that name, and no bucket lies there"},
		{[]string{"--region", "eu-west-9"}, exitUsage, "eu-west-9 is no Region that this version of bucketlid knows", ""},
		{[]string{"--region", "us-east-1,eu-west-9"}, exitUsage, "eu-west-9 is no Region", "Region eu-west-9 not found: this version of bucketlid knows no Region of that name, and no bucket lies there"},
		{[]string{"--region", "us-isob-east-1"}, exitDone, "", "Region us-isob-east-1 not found: no bucket of the scanned accounts lies there"},
		{[]string{"--region", "eu-west-3"}, exitDone, "", "Region eu-west-3 not found: no bucket of the scanned accounts lies there"},
		{[]string{"--region", "eu-west-3", "--strict"}, exitIncomplete, "", "Region eu-west-3 not found: no bucket of the scanned accounts lies there"},
		{[]string{"--account", "999999999999"}, exitUsage, "none of the accounts signed in to", ""},
		{[]string{"--account", motoAccount + ",999999999999"}, exitUsage, "999999999999 was not signed in to, only 123456789012", ""},
	} {
		r := runScan(t, tt.args...)
		var skipped []string
		for _, s := range r.skipped {
			skipped = append(skipped, s.Object+" "+s.Reason)
		}
		if r.code != tt.code || !strings.Contains(r.stderr, tt.says) || strings.Join(skipped, "\n") != tt.skipped {
			t.Errorf("%q: exit %d, skipped %q\n%s", tt.args, r.code, skipped, r.stderr)
		}
	}
}

// Old versions that anybody may read are found with all objects; where objects
// were not looked at, or a sample, that is said.
func TestScanOldVersions(t *testing.T) {
	c := newCloud(t)
	c.bucket("versioned")
	_, err := c.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: aws.String("versioned"), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	c.must(err)
	c.put("versioned", "covered.csv", s3types.ObjectCannedACLPublicRead)
	c.put("versioned", "covered.csv", s3types.ObjectCannedACLPrivate)
	c.put("versioned", "deleted+?.csv", s3types.ObjectCannedACLPublicRead)
	_, err = c.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("versioned"), Key: aws.String("deleted+?.csv")})
	c.must(err)
	for _, tt := range []struct {
		choice string
		open   bool
		not    string
	}{
		{"all", true, ""},
		{"prefix:deleted", true, "ACLs of objects beyond --objects prefix:deleted in 1 bucket (--objects all)"},
		{"sample", false, "ACLs of objects beyond --objects sample in 1 bucket (--objects all)\nACLs of old versions of objects in 1 bucket (--objects all)"},
		{"none", false, "ACLs of objects in 1 bucket where they have an effect (--objects all, or sample)"},
	} {
		r := runScan(t, "--objects", tt.choice, "--probe")
		if got := strings.Join(r.summary.NotLooked, "\n"); got != tt.not || !strings.Contains(r.stderr, tt.not[:min(len(tt.not), 40)]) {
			t.Errorf("%s: not looked at %q\n%s", tt.choice, got, r.stderr)
		}
		a := r.alerts["versioned object-acl"]
		if tt.open != (a != nil) {
			t.Fatalf("%s: %+v", tt.choice, a)
		}
		if a != nil && (!strings.Contains(a.Witness.URL, "?versionId=") || a.Probe == nil || a.Probe.Status != 200) {
			t.Errorf("%s: %+v, %+v", tt.choice, a.Witness, a.Probe)
		}
	}
}
