// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/account"
)

// tools are the signs by which a tool that keeps buckets as code is known: of a
// user agent, or of a tag's name.
var tools = []struct{ sign, name string }{
	{"terraform", "Terraform"}, {"opentofu", "OpenTofu"}, {"pulumi", "Pulumi"}, {"cloudformation", "CloudFormation"},
	{"aws-cdk", "AWS CDK"}, {"serverless", "Serverless Framework"}, {"crossplane", "Crossplane"}, {"ansible", "Ansible"},
}

// drift tells which tool will put back what a fix removes.
func drift(r Request) []string {
	marks := slices.Clone(r.Marks)
	var stack string
	for name, value := range tags(r.State.Settings.Tags) {
		marks = append(marks, name)
		if name == "aws:cloudformation:stack-name" {
			stack = value
		}
	}
	var out []string
	for _, t := range tools {
		if !slices.ContainsFunc(marks, func(m string) bool { return strings.Contains(strings.ToLower(m), t.sign) }) {
			continue
		}
		text := "the bucket bears marks of " + t.name
		if stack != "" && t.name == "CloudFormation" {
			text += ", stack " + stack
		}
		out = append(out, text+": its next deployment puts the old setting back unless its code is changed too")
	}
	const unsure = "whether a tool keeps this bucket as code is not known: "
	switch status := r.State.Settings.Tags.Status; {
	case len(out) > 0 || status == account.Present:
	case status == account.Absent:
		out = append(out, unsure+"it has no tags")
	default:
		out = append(out, unsure+"its tags could not be read")
	}
	return out
}

// tags reads GetBucketTagging's output, which is a list of Key and Value.
func tags(s account.Setting) map[string]string {
	var body struct{ TagSet []struct{ Key, Value string } }
	out := map[string]string{}
	if json.Unmarshal([]byte(s.Text), &body) != nil {
		return out
	}
	for _, t := range body.TagSet {
		out[t.Key] = t.Value
	}
	return out
}
