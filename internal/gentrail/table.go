// SPDX-License-Identifier: Apache-2.0

package gentrail

import (
	"slices"
	"time"
)

const (
	textBlockedPolicy = `User is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::$bucket$\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`
	textBlockedACL    = `User is not authorized to perform: s3:PutBucketAcl on resource: \"arn:aws:s3:::$bucket$\" because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access.`

	statementPublicRead = `{"Sid":"Read","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::$bucket$/*"}`
	statementPublicAll  = `{"Sid":"Everything","Effect":"Allow","Principal":{"AWS":"*"},"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::$bucket$","arn:aws:s3:::$bucket$/*"]}`
	statementForeign    = `{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::$other$:root"},"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::$bucket$","arn:aws:s3:::$bucket$/*"]}`
	statementOwnOnly    = `{"Sid":"OwnOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::$bucket$","arn:aws:s3:::$bucket$/*"],"Condition":{"StringNotEquals":{"aws:PrincipalAccount":"$acct$"}}}`

	// aclsMaskedOnly holds back public ACLs that are there without refusing new ones.
	aclsMaskedOnly = `"publicAccessBlock":"","PublicAccessBlockConfiguration":{` + xmlns + `,"BlockPublicAcls":false,"IgnorePublicAcls":true,"BlockPublicPolicy":false,"RestrictPublicBuckets":false}`
	// policiesHeldOnly is the same for policies.
	policiesHeldOnly = `"publicAccessBlock":"","PublicAccessBlockConfiguration":{` + xmlns + `,"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":false,"RestrictPublicBuckets":true}`

	accountParams = `{"Host":"$acct$.s3-control.$region$.amazonaws.com",`
)

func at(minutes int) time.Duration { return time.Duration(minutes) * time.Minute }

// create is the console's way to make a bucket since April 2023: all guards on.
var create = step{name: "CreateBucket", params: bucketParams(`"x-amz-object-ownership":"BucketOwnerEnforced"$location$`)}

// blockOff and aclsOn take the guards of a new bucket away.
func blockOff(after time.Duration) step {
	return step{after: after, name: "PutBucketPublicAccessBlock", params: bucketParams(allOff)}
}

func aclsOn(after time.Duration) step {
	return step{after: after, name: "PutBucketOwnershipControls", params: bucketParams(ownership("ObjectWriter"))}
}

// scripts is the table of incidents: exposures first, then attempts and near misses.
func scripts() []script {
	return slices.Concat(aclScripts, policyScripts, guardScripts, harmlessScripts)
}

var aclScripts = []script{
	{id: "acl-body-list", title: "A bucket that was there before is opened by an ACL with a list of grants, and stays open",
		kind: "public", route: "bucket-acl", audience: "anyone", access: []string{"list", "acl-read"}, account: 0, region: 0, person: 1, start: 90, bucket: "harvest-exports",
		calls:   []step{{name: "PutBucketAcl", params: bucketParams(aclBody(`[` + ownerGrant + `,` + groupGrant("global/AllUsers", "READ") + `,` + groupGrant("global/AllUsers", "READ_ACP") + `]`))}},
		windows: [][2]int{{0, -1}}},
	{id: "acl-body-single", title: "An ACL with a single grant lets anyone write, until a private ACL closes it",
		kind: "public", route: "bucket-acl", audience: "anyone", access: []string{"write"}, account: 1, region: 1, person: 2, start: 130, bucket: "dropbox-inbound",
		calls: []step{
			{name: "PutBucketAcl", params: bucketParams(aclBody(groupGrant("global/AllUsers", "WRITE")))},
			{after: at(58), name: "PutBucketAcl", who: colleague, params: bucketParams(cannedACL("private"))}},
		windows: [][2]int{{0, 1}}},
	{id: "acl-canned-2019", title: "A canned ACL in the encoding of 2019",
		kind: "public", route: "bucket-acl", audience: "anyone", access: []string{"list"}, account: 0, region: 0, person: 5, era: "2019-06-14T09:12:31Z", bucket: "old-brochures",
		calls: []step{
			{name: "PutBucketAcl", params: `{"host":["old-brochures.s3.amazonaws.com"],"bucketName":"$bucket$","acl":[""],"x-amz-acl":["public-read"]}`},
			{after: at(190), name: "PutBucketAcl", who: colleague, params: `{"host":["old-brochures.s3.amazonaws.com"],"bucketName":"$bucket$","acl":[""],"x-amz-acl":["private"]}`}},
		windows: [][2]int{{0, 1}}},
	{id: "acl-canned", title: "A new bucket's guards are taken away and a canned ACL lets anyone list and write, until Block Public Access returns",
		kind: "public", route: "bucket-acl", audience: "anyone", access: []string{"list", "write"}, account: 2, region: 1, person: 3, start: 210, bucket: "campaign-uploads",
		calls: []step{create, blockOff(at(3)), aclsOn(at(4)),
			{after: at(6), name: "PutBucketAcl", params: bucketParams(cannedACL("public-read-write"))},
			{after: at(131), name: "PutBucketPublicAccessBlock", who: colleague, params: bucketParams(allOn)}},
		windows: [][2]int{{3, 4}}, event: 3},
	{id: "acl-grant-headers", title: "Grant headers open a bucket to every AWS account",
		kind: "public", route: "bucket-acl", audience: "any-aws-account", access: []string{"list"}, account: 0, region: 1, person: 6, start: 260, bucket: "supplier-feed",
		calls:   []step{{name: "PutBucketAcl", params: bucketParams(`"acl":"","accessControlList":{"x-amz-grant-read":"uri=\"http://acs.amazonaws.com/groups/global/AuthenticatedUsers\"","x-amz-grant-full-control":"id=\"$owner$\""}`)}},
		windows: [][2]int{{0, -1}}},
	{id: "object-acl", title: "One object is opened by its ACL and deleted later",
		kind: "public", route: "object-acl", audience: "anyone", access: []string{"read"}, account: 1, region: 0, person: 9, start: 300, bucket: "press-kits", key: "2026/autumn-menu.pdf",
		calls: []step{
			{name: "PutObjectAcl", params: objectParams(`,` + cannedACL("public-read"))},
			{after: at(95), name: "DeleteObject", params: objectParams("")}},
		windows: [][2]int{{0, 1}}},
	{id: "object-put-header", title: "An object is uploaded public",
		kind: "public", route: "object-acl", audience: "anyone", access: []string{"read"}, account: 0, region: 0, person: 10, start: 330, bucket: "build-artifacts", key: "nightly/app.tar.zst",
		calls:   []step{{name: "PutObject", params: objectParams(`,"x-amz-acl":"public-read"`)}},
		windows: [][2]int{{0, -1}}},
	{id: "object-multipart", title: "A multipart upload asks for a public ACL; the object is public from its completion",
		kind: "public", route: "object-acl", audience: "anyone", access: []string{"read"}, account: 2, region: 1, person: 13, start: 350, bucket: "video-masters", key: "spots/spring.mov",
		calls: []step{
			{name: "CreateMultipartUpload", params: objectParams(`,"uploads":"","x-amz-acl":"public-read"`)},
			{after: at(21), name: "CompleteMultipartUpload", params: objectParams(`,"uploadId":"EXAMPLEuploadIdOfSpringMov"`)}},
		windows: [][2]int{{1, -1}}, event: 1},
	{id: "object-acl-cross-account", title: "Another account opens an object that it owns; two records, one sharedEventID",
		kind: "public", route: "object-acl", audience: "anyone", access: []string{"read"}, account: 1, region: 0, start: 380, bucket: "partner-dropzone", key: "drops/list.csv",
		calls:   []step{{name: "PutObjectAcl", who: sister, params: objectParams(`,` + aclBody(groupGrant("global/AllUsers", "READ")))}},
		windows: [][2]int{{0, -1}}},
	{id: "create-2022", title: "A bucket is created public in 2022, when new buckets had no guards, and closed two days later",
		kind: "public", route: "bucket-acl", audience: "anyone", access: []string{"list"}, account: 0, region: 0, person: 14, era: "2022-11-08T13:40:05Z", bucket: "festival-photos",
		calls: []step{
			{name: "CreateBucket", params: bucketParams(`"x-amz-acl":"public-read"`)},
			{after: at(2 * 24 * 60), name: "PutBucketAcl", params: bucketParams(cannedACL("private"))}},
		windows: [][2]int{{0, 1}}},
}
