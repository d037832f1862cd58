// SPDX-License-Identifier: Apache-2.0

package account

import (
	"bytes"
	"encoding/json"
	"slices"
)

// statement is one statement of an IAM policy.
type statement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource string
}

// Permissions are actions that one purpose needs beside reading settings.
type Permissions struct {
	Sid     string
	Actions []string
}

// IAMPolicy is the identity policy that lets a scan read everything it asks
// for, and nothing else. role is the role that it assumes in the accounts of an
// organization; "" is none. more are further permissions that are asked for.
func IAMPolicy(s *Scanner, role string, more ...Permissions) string {
	read := []string{
		"s3:GetAccountPublicAccessBlock", "s3:GetBucketLocation", "s3:ListAllMyBuckets",
		"s3:ListAccessPoints", "s3:GetAccessPoint", "s3:GetAccessPointPolicy",
		"s3:ListMultiRegionAccessPoints", "s3:GetMultiRegionAccessPointPolicy",
	}
	for _, row := range settings {
		if !row.aside || s.Tags {
			read = append(read, row.action)
		}
	}
	slices.Sort(read)
	list := []statement{{"BucketlidReadSettings", "Allow", read, "*"}}
	switch {
	case s.Objects.Kind == "all", s.Objects.Kind == "prefix":
		list = append(list, statement{"BucketlidReadObjectACLs", "Allow", []string{"s3:GetObjectAcl", "s3:GetObjectVersionAcl", "s3:ListBucket", "s3:ListBucketVersions"}, "*"})
	case s.Objects.Kind != "":
		list = append(list, statement{"BucketlidReadObjectACLs", "Allow", []string{"s3:GetObjectAcl", "s3:ListBucket"}, "*"})
	case s.Keys != nil:
		list = append(list, statement{"BucketlidReadObjectACLs", "Allow", []string{"s3:GetObjectAcl"}, "*"})
	}
	for _, p := range more {
		if len(p.Actions) > 0 {
			list = append(list, statement{p.Sid, "Allow", p.Actions, "*"})
		}
	}
	if role != "" {
		list = append(list, statement{"BucketlidListAccounts", "Allow", []string{"organizations:ListAccounts"}, "*"},
			statement{"BucketlidAssumeRole", "Allow", []string{"sts:AssumeRole"}, "arn:aws:iam::*:role/" + role})
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(struct { // of strings only: cannot fail
		Version   string
		Statement []statement
	}{"2012-10-17", list})
	return out.String()
}
