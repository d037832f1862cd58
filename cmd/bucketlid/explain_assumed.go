// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/report"
)

// endpointsTaken tells that VPCs and VPC endpoints which a policy holds to are
// taken for the owner's: the policy does not say whose they are.
func endpointsTaken(d *policy.Document) []string {
	var out []string
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Effect != "Allow" {
			continue
		}
		for _, c := range s.Conditions {
			key, operator := strings.ToLower(c.Key), strings.ToLower(c.Operator)
			if key != "aws:sourcevpce" && key != "aws:sourcevpc" || strings.Contains(operator, "not") || strings.HasPrefix(operator, "null") {
				continue
			}
			fixed := slices.DeleteFunc(slices.Clone(c.Values), func(v string) bool { return strings.ContainsAny(v, "*?$") })
			if len(fixed) > 0 {
				out = addNew(out, c.Key+" "+shortList(fixed, "", nil)+" is the owner's own: whoever may send through it can use "+report.StatementName(s.Ref()))
			}
		}
	}
	return firstFew(out)
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
	case f.Kind == policy.BucketPolicy && strings.Contains(f.Bucket, "."):
		return []string{"the bucket is in us-east-1: for another Region S3 answers with a redirect, since the name's dots keep it out of the host (--region)"}
	}
	return nil
}
