// SPDX-License-Identifier: Apache-2.0

package bucket

import "slices"

// aclActions maps a permission to the S3 actions that it gives, on a bucket and
// on an object (AWS page "Access control list (ACL) overview", "Mapping of ACL
// permissions and access policy permissions"). WRITE on an object has no effect.
var aclActions = map[bool]map[Permission][]string{
	false: {
		Read:     {"s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"},
		Write:    {"s3:PutObject"},
		ReadACP:  {"s3:GetBucketAcl"},
		WriteACP: {"s3:PutBucketAcl"},
	},
	true: {
		Read:     {"s3:GetObject", "s3:GetObjectVersion"},
		ReadACP:  {"s3:GetObjectAcl", "s3:GetObjectVersionAcl"},
		WriteACP: {"s3:PutObjectAcl", "s3:PutObjectVersionAcl"},
	},
}

// Actions lists the S3 actions that a permission gives on a bucket, or on an
// object when onObject is set.
func (p Permission) Actions(onObject bool) []string {
	table := aclActions[onObject]
	if p == FullControl {
		return slices.Concat(table[Read], table[Write], table[ReadACP], table[WriteACP])
	}
	return slices.Clone(table[p])
}
