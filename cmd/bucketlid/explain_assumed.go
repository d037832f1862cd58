// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/report"
)

// ownKeys are the condition keys whose values name something of somebody's, without
// whose it is being told: it is taken for the owner's.
var ownKeys = []string{"aws:sourcevpce", "aws:sourcevpc", "aws:sourcearn", "s3:x-amz-server-side-encryption-aws-kms-key-id"}

// takenForOwn tells what a policy holds requesters to, or names, that is the
// owner's only as far as anybody can tell from the text.
func takenForOwn(d *policy.Document, owner string) []string {
	var out []string
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Effect != "Allow" {
			continue
		}
		who := ": whoever may use it can use " + report.StatementName(s.Ref())
		for _, c := range s.Conditions {
			operator := strings.ToLower(c.Operator)
			if !slices.Contains(ownKeys, strings.ToLower(c.Key)) || strings.Contains(operator, "not") || strings.HasPrefix(operator, "null") {
				continue
			}
			fixed := slices.DeleteFunc(slices.Clone(c.Values), func(v string) bool { return strings.ContainsAny(v, "*?$") || tellsAccount(v, owner) })
			if len(fixed) > 0 {
				out = addNew(out, c.Key+" "+shortList(fixed, "", nil)+" is the owner's own"+who)
			}
		}
		if s.Principal == nil {
			continue
		}
		for _, name := range slices.Concat(s.Principal.AWS, s.Principal.CanonicalUser) {
			if isOriginAccessIdentity(name) {
				out = addNew(out, "the CloudFront origin access identity "+name+" is the owner's own"+who)
			}
		}
	}
	return firstFew(out)
}

// tellsAccount says whether an ARN itself tells whose it is, as far as the owner's
// account is known.
func tellsAccount(text, owner string) bool {
	parts := strings.SplitN(text, ":", 6)
	return len(parts) == 6 && owner != "" && parts[4] != ""
}

// isOriginAccessIdentity knows both forms of the name (CloudFront page "Restricting
// access to an Amazon S3 origin"): its canonical id has 96 digits, an account's 64.
func isOriginAccessIdentity(name string) bool {
	return strings.Contains(name, ":iam::cloudfront:user/") || len(name) == 96
}

// regionTaken tells what an unknown Region means for a witness. Only a host of
// the form BUCKET.s3.amazonaws.com finds every Region's buckets (S3 page "Methods
// for accessing a general purpose bucket").
func regionTaken(f policy.Facts, v *report.Policy) []string {
	shown := slices.ContainsFunc(v.Audiences, func(a report.PolicyAudience) bool { return a.Witness != nil && a.Witness.URL != "" })
	switch {
	case f.Region != "" || !shown:
		return nil
	case f.Kind == policy.AccessPointPolicy:
		return []string{"the access point's Region is not known, and its address lacks it (--region)"}
	case slices.ContainsFunc(v.Audiences, func(a report.PolicyAudience) bool {
		return a.Witness != nil && strings.Contains(a.Witness.URL, "s3.dualstack.")
	}):
		return []string{"the bucket is in us-east-1: S3's addresses for IPv6 name a Region (--region)"}
	case f.Kind == policy.BucketPolicy && strings.Contains(f.Bucket, "."):
		return []string{"the bucket is in us-east-1: for another Region S3 answers with a redirect, since the name's dots keep it out of the host (--region)"}
	}
	return nil
}
