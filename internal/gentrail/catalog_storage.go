// SPDX-License-Identifier: Apache-2.0

package gentrail

import "strings"

// bucketParams is the requestParameters of a bucket call in the encoding of
// 2021 and later, with more members before the closing brace.
func bucketParams(more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"bucketName":"$bucket$","Host":"$bucket$.s3.$region$.amazonaws.com"` + more + `}`
}

// objectParams is the same for an object.
func objectParams(more string) string { return bucketParams(`"key":"$key$"` + more) }

const (
	bucketResource = `[{"accountId":"$acct$","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$bucket$"}]`
	objectResource = `[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::$bucket$/$key$"},{"accountId":"$acct$","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$bucket$"}]`
	listResource   = `[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::$bucket$/"},{"accountId":"$acct$","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$bucket$"}]`

	xmlns  = `"xmlns":"http://s3.amazonaws.com/doc/2006-03-01/"`
	allOn  = `"publicAccessBlock":"","PublicAccessBlockConfiguration":{` + xmlns + `,"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}`
	allOff = `"publicAccessBlock":"","PublicAccessBlockConfiguration":{` + xmlns + `,"BlockPublicAcls":false,"IgnorePublicAcls":false,"BlockPublicPolicy":false,"RestrictPublicBuckets":false}`

	ownerElement = `"Owner":{"ID":"$owner$"}`
	ownerGrant   = `{"Grantee":{"xmlns:xsi":"http://www.w3.org/2001/XMLSchema-instance","xsi:type":"CanonicalUser","ID":"$owner$"},"Permission":"FULL_CONTROL"}`
	groupURI     = "http://acs.amazonaws.com/groups/"
)

func groupGrant(group, permission string) string {
	return `{"Grantee":{"xmlns:xsi":"http://www.w3.org/2001/XMLSchema-instance","xsi:type":"Group","URI":"` + groupURI + group + `"},"Permission":"` + permission + `"}`
}

// aclBody is an ACL sent as XML; grants is the JSON of Grant, list or object.
func aclBody(grants string) string {
	return `"acl":"","AccessControlPolicy":{` + xmlns + `,` + ownerElement + `,"AccessControlList":{"Grant":` + grants + `}}`
}

func policyBody(statements string) string {
	return `"policy":"","bucketPolicy":{"Version":"2012-10-17","Statement":[` + statements + `]}`
}

func cannedACL(name string) string { return `"acl":"","x-amz-acl":"` + name + `"` }

func ownership(value string) string {
	return `"ownershipControls":"","OwnershipControls":{` + xmlns + `,"Rule":{"ObjectOwnership":"` + value + `"}}`
}

// Sizes of S3's answers, by which a reader can tell what they said.
const (
	sizeOwnerOnlyACL = 480
	sizeAllBlocked   = 326
)

const (
	logsBucket   = "$acct$-$region$-access-logs"
	ledgerBucket = "$acct$-$region$-ledger"
	assetsBucket = "$acct$-$region$-assets"
)

// on names another bucket in a template.
func on(bucket, template string) string {
	return strings.ReplaceAll(template, "$bucket$", bucket)
}

func read(name string, weight int, who callers, more string, fails ...failure) row {
	return row{source: "s3", name: name, weight: weight, who: who, readOnly: true, params: bucketParams(more), resources: bucketResource, fails: fails}
}

var storageRows = []row{
	{source: "s3", name: "ListBuckets", weight: 12, who: people | pipelines, readOnly: true, params: `{"Host":"s3.$region$.amazonaws.com"}`, fails: []failure{denied}},
	read("GetBucketAcl", 24, people|pipelines, `"acl":""`),
	{source: "s3", name: "GetBucketAcl", weight: 60, who: services, by: "cloudtrail.amazonaws.com", readOnly: true, params: `{"bucketName":"$logs$","Host":"$logs$.s3.$region$.amazonaws.com","acl":""}`,
		resources: `[{"accountId":"$acct$","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$logs$"}]`},
	read("GetBucketPublicAccessBlock", 10, people|pipelines, `"publicAccessBlock":""`),
	read("GetBucketPolicy", 10, people|pipelines, `"policy":""`, failure{1000, "NoSuchBucketPolicy", "The bucket policy does not exist"}),
	read("GetBucketVersioning", 8, people|pipelines, `"versioning":""`),
	read("GetBucketLocation", 8, people|pipelines, `"location":""`, failure{10, "AccessDenied", "Access Denied"}),
	read("GetBucketTagging", 8, people|pipelines, `"tagging":""`, failure{200, "NoSuchTagSet", "The TagSet does not exist"}),
	read("GetBucketWebsite", 5, people|pipelines, `"website":""`, failure{1000, "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"}),
	read("GetBucketEncryption", 8, people|pipelines, `"encryption":""`),
	read("GetBucketLogging", 7, people|pipelines, `"logging":""`),
	read("GetBucketCors", 4, people|pipelines, `"cors":""`, failure{1000, "NoSuchCORSConfiguration", "The CORS configuration does not exist"}),
	{source: "s3", name: "GetObject", weight: 110, who: machines | pipelines, readOnly: true, params: objectParams(""), resources: objectResource,
		fails: []failure{{20, "NoSuchKey", "The specified key does not exist."}, {6, "AccessDenied", "Access Denied"}}},
	{source: "s3", name: "PutObject", weight: 60, who: machines | pipelines, params: objectParams(`,"x-amz-server-side-encryption":"AES256"`), resources: objectResource},
	{source: "s3", name: "PutObject", weight: 50, who: services, by: "cloudtrail.amazonaws.com", resources: `[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::$logs$/AWSLogs/$acct$/CloudTrail/$region$/$tag$.json.gz"},{"accountId":"$acct$","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$logs$"}]`,
		params: `{"bucketName":"$logs$","Host":"$logs$.s3.$region$.amazonaws.com","key":"AWSLogs/$acct$/CloudTrail/$region$/$tag$.json.gz","x-amz-acl":"bucket-owner-full-control","x-amz-server-side-encryption":"aws:kms"}`},
	{source: "s3", name: "ListObjects", weight: 30, who: machines | people | pipelines, readOnly: true, params: bucketParams(`"list-type":"2","prefix":"exports/","max-keys":"1000"`), resources: listResource},
	{source: "s3", name: "HeadObject", weight: 24, who: machines | pipelines, readOnly: true, params: objectParams(""), resources: objectResource,
		fails: []failure{{60, "NoSuchKey", "The specified key does not exist."}}},
	{source: "s3", name: "DeleteObject", weight: 6, who: machines, params: objectParams(""), resources: objectResource},
	{source: "s3", name: "HeadBucket", weight: 3, who: outsiders, readOnly: true, params: bucketParams(""), resources: bucketResource,
		fails: []failure{{1000, "AccessDenied", "Access Denied"}}},
	{source: "s3", name: "ListObjects", weight: 2, who: outsiders, readOnly: true, params: bucketParams(""), resources: listResource,
		fails: []failure{{1000, "AccessDenied", "Access Denied"}}},
}

// nearMisses look like an exposure to a reader of strings. They have buckets of
// their own, so that no other record contradicts them.
var nearMisses = []row{
	{source: "s3", name: "PutBucketAcl", weight: 1, who: pipelines, resources: on(logsBucket, bucketResource),
		params: on(logsBucket, bucketParams(aclBody(`[`+ownerGrant+`,`+groupGrant("s3/LogDelivery", "WRITE")+`,`+groupGrant("s3/LogDelivery", "READ_ACP")+`]`)))},
	{source: "s3", name: "PutBucketPolicy", weight: 1, who: pipelines, resources: on(ledgerBucket, bucketResource),
		params: on(ledgerBucket, bucketParams(policyBody(`{"Sid":"TlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::$bucket$","arn:aws:s3:::$bucket$/*"],"Condition":{"Bool":{"aws:SecureTransport":false}}}`)))},
	{source: "s3", name: "PutBucketPolicy", weight: 1, who: pipelines, resources: on(assetsBucket, bucketResource),
		params: on(assetsBucket, bucketParams(policyBody(`{"Sid":"Cdn","Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::$bucket$/*","Condition":{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::$acct$:distribution/EDFDVBD6EXAMPLE"}}}`)))},
	{source: "s3", name: "PutBucketPublicAccessBlock", weight: 1, who: pipelines, resources: bucketResource, params: bucketParams(allOn)},
	{source: "s3", name: "PutBucketPolicy", weight: 1, who: people, resources: on(ledgerBucket, bucketResource),
		params: on(ledgerBucket, bucketParams(policyBody(`{"Sid":"Readers","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::$acct$:role/analytics"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::$bucket$/*"}`))),
		fails:  []failure{{1000, "AccessDenied", "User is not authorized to perform: s3:PutBucketPolicy on resource: \\\"arn:aws:s3:::$acct$-$region$-ledger\\\" because no identity-based policy allows the s3:PutBucketPolicy action"}}},
	{source: "s3", name: "CreateBucket", weight: 1, who: pipelines, params: `{"bucketName":"$bucket$-$tag$","Host":"$bucket$-$tag$.s3.$region$.amazonaws.com","x-amz-acl":"private"$location$}`},
}
