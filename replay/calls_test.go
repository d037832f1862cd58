// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

const (
	own   = "111122223333"
	other = "444455556666"
	all   = bucket.AllUsers
)

var serial int

// record writes one record; members given in more stand over the others.
func record(name, params string, more ...string) []byte {
	serial++
	source := "s3.amazonaws.com"
	switch {
	case organizationCalls[name]:
		source = "organizations.amazonaws.com"
	case strings.HasSuffix(name, "Logging") || strings.HasSuffix(name, "Trail"):
		source = "cloudtrail.amazonaws.com"
	}
	members := append([]string{
		`"eventVersion":"1.08"`, `"eventTime":"2025-06-01T10:00:00Z"`, `"eventSource":"` + source + `"`, `"eventName":"` + name + `"`,
		`"awsRegion":"eu-west-1"`, `"sourceIPAddress":"203.0.113.7"`, `"userAgent":"aws-cli/2.17.0"`,
		`"userIdentity":{"type":"IAMUser","principalId":"AIDAANN","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333","userName":"ann"}`,
		`"requestParameters":` + params, `"requestID":"REQUEST"`,
		fmt.Sprintf(`"eventID":"a0261606-2833-41df-8006-%012d"`, serial), `"recipientAccountId":"111122223333"`,
	}, more...)
	return []byte("{" + strings.Join(members, ",") + "}")
}

func decoded(t testing.TB, raw []byte) *trail.Record {
	t.Helper()
	r, err := trail.Decode(raw, nil)
	if err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return r
}

// say writes what a change tells, in short.
func say(c *bucket.Change) string {
	words := []string{string(c.Slot), [...]string{"done", "refused", "unclear"}[c.Outcome]}
	add := func(name, value string) {
		if value != "" {
			words = append(words, name+value)
		}
	}
	add("", c.Bucket)
	if c.Key != "" {
		add("", c.Key+"@"+c.Version)
	}
	add("point=", c.AccessPoint)
	if c.Account != own {
		add("account=", c.Account+" ")
	}
	if c.Removed {
		add("", "removed")
	}
	if c.ACL != nil {
		for _, g := range c.ACL.Grants {
			who := strings.TrimPrefix(strings.TrimPrefix(g.Grantee.String(), "http://acs.amazonaws.com/groups/global/"), "http://acs.amazonaws.com/groups/s3/")
			if who != bucket.OwnerID {
				add(who+":", string(g.Permission))
			}
		}
		if c.ACL.Ambiguous {
			add("", "ambiguous")
		}
		if c.ACL.Partial != "" {
			add("", "partial")
		}
		words = append(words, "acl")
	}
	if c.Policy != nil {
		add("", "policy")
	}
	if c.Block != nil {
		add("", flagText(*c.Block))
	}
	if c.Point != nil {
		add("point-block=", flagText(c.Point.PublicAccessBlock))
		add("vpc=", c.Point.VPC)
	}
	if c.Create != nil {
		add("header=", string(c.Create.Ownership))
	}
	add("", string(c.Ownership))
	add("value=", c.Value)
	if e := c.Encryption; e != nil {
		add("encryption=", e.Algorithm)
		if e.AWSManaged {
			add("", "managed")
		}
	}
	add("", strings.Join(c.Details, ","))
	for _, o := range c.Observed {
		add("sees:", fmt.Sprint(o.Kind, " ", o.Flag, " ", o.Value, " ", o.Owner, map[bool]string{true: " exact"}[o.Exact]))
	}
	if c.PayloadLost != "" {
		add("", "lost")
	}
	return strings.Join(words, " ")
}

func flagText(b bucket.PublicAccessBlock) string {
	text := ""
	for _, v := range b {
		text += [...]string{"U", "F", "T"}[v]
	}
	return text
}

// read gives what the call of a record means, "; " between changes.
func read(t testing.TB, raw []byte) string {
	t.Helper()
	r := decoded(t, raw)
	c := lookup([]byte(r.EventSource), []byte(r.EventName))
	if c == nil {
		return "no call"
	}
	if c.wants != nil && !c.wants(&trail.Header{}, raw) {
		return "not wanted"
	}
	var out []string
	for _, change := range c.read(r) {
		out = append(out, say(change))
	}
	return strings.Join(out, "; ")
}

const (
	denied       = `"errorCode":"AccessDenied","errorMessage":"Access Denied"`
	blockedACL   = `"errorCode":"AccessDenied","errorMessage":"User is not authorized to perform: s3:PutBucketAcl because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access."`
	blockedText  = `"errorCode":"AccessDenied","errorMessage":"because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."`
	unsupported  = `"errorCode":"AccessControlListNotSupported","errorMessage":"The bucket does not allow ACLs"`
	failed       = `"errorCode":"Server.InternalError","errorMessage":"We encountered an internal error."`
	allUsersRead = `{"Grantee":{"xmlns:xsi":"x","xsi:type":"Group","URI":"http://acs.amazonaws.com/groups/global/AllUsers"},"Permission":"READ"}`
	public       = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`
	control      = `"Host":"111122223333.s3-control.eu-west-1.amazonaws.com"`
	allOn        = `"PublicAccessBlockConfiguration":{"xmlns":"x","BlockPublicAcls":true,"IgnorePublicAcls":"true","BlockPublicPolicy":"TRUE","RestrictPublicBuckets":1}`
	mixed        = `"PublicAccessBlockConfiguration":{"RestrictPublicBuckets":false,"BlockPublicPolicy":true,"IgnorePublicAcls":[true]}`
	ofOther      = `"resources":[{"type":"AWS::S3::Bucket","accountId":"444455556666","ARN":"arn:aws:s3:::b"}]`
)

func out(n string) string { return `"additionalEventData":{"bytesTransferredOut":` + n + `}` }

type callCase struct {
	name, params string
	more         []string
	want         string
}

func with(members ...string) []string { return members }

var aclCases = []callCase{
	{"PutBucketAcl", `{"bucketName":"b","acl":[""],"AccessControlPolicy":{"xmlns":"x","Owner":{"ID":"o"},"AccessControlList":{"Grant":` + allUsersRead + `}}}`, nil, "bucket-acl done b AllUsers:READ acl"},
	{"PutBucketAcl", `{"bucketName":"b","acl":"","AccessControlPolicy":{"Owner":{"ID":"o"},"AccessControlList":{"Grant":[` + allUsersRead + `,{"Grantee":{"ID":"o"},"Permission":"FULL_CONTROL"}]}}}`, nil, "bucket-acl done b AllUsers:READ acl"},
	{"PutBucketAcl", `{"bucketName":"b","acl":"","AccessControlPolicy":{"Owner":{"ID":"o"},"AccessControlList":""}}`, nil, "bucket-acl done b acl"},
	{"PutBucketAcl", `{"bucketName":"b","acl":"","AccessControlPolicy":{"AccessControlList":{"Grant":{"Grantee":{"xsi:type":"Group","URI":"http://acs.amazonaws.com/groups/s3/LogDelivery"},"Permission":"WRITE"}}}}`, nil, "bucket-acl done b LogDelivery:WRITE acl"},
	{"PutBucketAcl", `{"host":["b.s3.amazonaws.com"],"bucketName":"b","acl":[""],"x-amz-acl":["public-read"]}`, nil, "bucket-acl done b AllUsers:READ acl"},
	{"PutBucketAcl", `{"Host":"b.s3.amazonaws.com","bucketName":"b","acl":"","x-amz-acl":"public-read-write"}`, nil, "bucket-acl done b AllUsers:READ AllUsers:WRITE acl"},
	{"PutBucketAcl", `{"bucketName":"b","acl":"","x-amz-acl":"Public-Read"}`, nil, "bucket-acl done b partial acl lost"},
	{"PutBucketAcl", `{"bucketName":"b","acl":"","accessControlList":{"x-amz-grant-read":"uri=http://acs.amazonaws.com/groups/global/AllUsers","x-amz-grant-full-control":"id=\"o\", id=\"p\""}}`, nil, "bucket-acl done b AllUsers:READ o:FULL_CONTROL p:FULL_CONTROL acl"},
	{"PutBucketAcl", `{"bucketName":"b","acl":"","x-amz-grant-write":["uri=\"http://acs.amazonaws.com/groups/global/AuthenticatedUsers\""]}`, nil, "bucket-acl done b AuthenticatedUsers:WRITE acl"},
	{"PutBucketAcl", `{"bucketName":"b","AccessControlList":{"x_amz_grant_read":"uri=http://acs.amazonaws.com/groups/global/AllUsers"}}`, nil, "bucket-acl done b AllUsers:READ acl"},
	{"PutBucketAcl", `{"bucketName":"b","acl":"","x-amz-acl":"public-read","accessControlList":{"x-amz-grant-write":"garbage"}}`, nil, "bucket-acl done b AllUsers:READ ambiguous partial acl"},
	{"PutBucketAcl", `{"bucketName":"b","acl":"","x-amz-acl":"private","accessControlList":{"x-amz-grant-write":"garbage"}}`, nil, "bucket-acl done b ambiguous partial acl lost"},
	{"PutBucketAcl", `{"bucketName":"b","acl":""}`, nil, "bucket-acl done b lost"},
	{"PutBucketAcl", `{"bucketName":"b","acl":""}`, with(denied), "bucket-acl refused b"},
	{"PutBucketAcl", `null`, with(denied, ofOther), "bucket-acl refused b account=444455556666 "},
	{"PutBucketAcl", `{"bucketName":"b","x-amz-acl":"public-read"}`, with(blockedACL), "bucket-acl refused b AllUsers:READ acl sees:0 BlockPublicAcls true "},
	{"PutBucketAcl", `{"bucketName":"b","x-amz-acl":"public-read"}`, with(unsupported), "bucket-acl refused b AllUsers:READ acl sees:3 BlockPublicAcls unknown BucketOwnerEnforced"},
	{"PutBucketAcl", `{"bucketName":"b","x-amz-acl":"public-read"}`, with(failed), "bucket-acl unclear b AllUsers:READ acl"},
	{"PutBucketAcl", `{"bucketName":"b","x-amz-acl":"public-read"}`, with(`"errorCode":"NoSuchBucket"`), "bucket-acl refused b AllUsers:READ acl"},
	{"PutObjectAcl", `{"bucketName":"b","key":"k","acl":"","AccessControlPolicy":{"AccessControlList":{"Grant":{"Grantee":{"URI":"http://acs.amazonaws.com/groups/global/AllUsers"},"permission":"READ"}}}}`, nil, "object-acl done b k@ AllUsers:READ acl"},
	{"PutObjectAcl", `{"bucketName":"b","key":"k","acl":"","AccessControlPolicy":{"AccessControlList":{"Grant":[]}}}`, with(`"eventSource":"..."`), "object-acl done b k@ acl"},
	{"PutObjectAcl", `{"bucketName":"b","key":"k","versionId":"v","x-amz-acl":"private"}`, nil, "object-acl done b k@v acl"},
	{"PutObjectAcl", `{"bucketName":"b","x-amz-acl":"public-read"}`, with(`"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::b/folder/k"}]`), "object-acl done b folder/k@ AllUsers:READ acl"},
	{"PutObject", `{"bucketName":"b","key":"k","x-amz-acl":"public-read"}`, nil, "object done b k@ AllUsers:READ acl"},
	{"PutObject", `{"bucketName":"b","key":"k","x-amz-acl":["authenticated-read"]}`, with(`"responseElements":{"x-amz-version-id":"v"}`), "object done b k@v AuthenticatedUsers:READ acl"},
	{"PutObject", `{"bucketName":"b","key":"k","accessControlList":{"x-amz-grant-read":"id=p"}}`, nil, "object done b k@ p:READ acl"},
	{"PutObject", `{"bucketName":"b","key":"k","AccessControlList":{"x_amz_grant_read":"uri=http://acs.amazonaws.com/groups/global/AllUsers"}}`, with(`"responseElements":{"x-amz-server-side-encryption":"AES256"}`), "object done b k@ AllUsers:READ acl encryption=AES256"},
	{"PutObject", `{"bucketName":"b","key":"k","x-amz-acl":"private"}`, nil, "not wanted"},
	{"PutObject", `{"bucketName":"b","key":"k"}`, nil, "not wanted"},
	{"PutObject", `{"bucketName":"b","key":"k","x-amz-acl":"public-read"}`, with(unsupported), "object refused b k@ AllUsers:READ acl sees:3 BlockPublicAcls unknown BucketOwnerEnforced"},
	{"PutObject", `{"bucketName":"b","key":"k","X-Amz-Acl":"public-read","X-Amz-Algorithm":"AWS4-HMAC-SHA256","X-Amz-Expires":"900"}`, nil, "object done b k@ AllUsers:READ acl"},
	{"PutObject", `{"bucketName":"b","key":"k","X-Amz-Algorithm":"AWS4-HMAC-SHA256","X-AMZ-GRANT-READ":"id=p"}`, nil, "object done b k@ p:READ acl"},
	{"PutObject", `{"bucketName":"b","key":"k","accessControlList":{"x-amz-acl":"public-read"}}`, nil, "object done b k@ AllUsers:READ acl"},
	{"PutObject", `{"bucketName":"b","key":"k","headers":{"more":[{"X-Amz-Acl":["public-read"]}]}}`, nil, "object done b k@ AllUsers:READ acl"},
	{"PutObject", `{"bucketName":"b","key":"k","X_AMZ_ACL":"public-read"}`, nil, "object done b k@ AllUsers:READ acl"},
	{"PutObject", `{"bucketName":"b","key":"k","x-amz-acl":{"content":"public-read"}}`, nil, "object done b k@ partial acl"},
	{"PutObject", `{"bucketName":"b","key":"x-amz-","X-Amz-Algorithm":"AWS4-HMAC-SHA256","x-amz-storage-class":"STANDARD"}`, nil, "not wanted"},
	{"PutBucketAcl", `{"bucketName":"b","acl":"","x-amz-acl":5}`, nil, "bucket-acl done b partial acl lost"},
	{"PutBucketAcl", `{"bucketName":"b","acl":"","x-amz-grant-read":{"id":"p"}}`, nil, "bucket-acl done b partial acl lost"},
	{"PostObject", `{"bucketName":"b","key":"k","x-amz-acl":"public-read"}`, nil, "object done b k@ AllUsers:READ acl"},
	{"POST Object", `{"bucketName":"b","key":"k","x-amz-acl":"public-read"}`, nil, "object done b k@ AllUsers:READ acl"},
	{"CopyObject", `{"bucketName":"b","key":"k","x-amz-copy-source":"a/k","x-amz-acl":"public-read"}`, nil, "object done b k@ AllUsers:READ acl"},
	{"CreateMultipartUpload", `{"bucketName":"b","key":"k","x-amz-acl":"public-read"}`, with(`"responseElements":{"uploadId":"u"}`), "upload-started done b k@ AllUsers:READ acl value=u"},
	{"CreateMultipartUpload", `{"bucketName":"b","key":"k","x-amz-acl":"public-read"}`, with(blockedACL), "object refused b k@ AllUsers:READ acl sees:0 BlockPublicAcls true "},
	{"InitiateMultipartUpload", `{"bucketName":"b","key":"k","x-amz-acl":"public-read"}`, nil, "upload-started done b k@ AllUsers:READ acl"},
	{"CompleteMultipartUpload", `{"bucketName":"b","key":"k","uploadId":"u"}`, with(`"responseElements":{"x-amz-version-id":"v"}`), "upload-completed done b k@v value=u"},
	{"CompleteMultipartUpload", `{"bucketName":"b","key":"k","uploadId":"u"}`, with(denied), ""},
	{"CompleteMultipartUpload", `{"bucketName":"b","key":"k","uploadId":"u"}`, with(failed), "upload-completed unclear b k@ value=u"},
}

var settingCases = []callCase{
	{"CreateBucket", `{"bucketName":"b"}`, nil, "bucket done b"},
	{"CreateBucket", `{"bucketName":"b","Host":"b.s3.amazonaws.com","x-amz-acl":"private"}`, nil, "bucket done b acl"},
	{"CreateBucket", `{"bucketName":"b","x-amz-acl":"public-read","x-amz-object-ownership":"ObjectWriter"}`, nil, "bucket done b AllUsers:READ acl header=ObjectWriter"},
	{"CreateBucket", `null`, with(denied), "bucket refused"},
	{"CreateBucket", `{"bucketName":"b","x-amz-acl":"public-read"}`, with(`"errorCode":"InvalidBucketAclWithBlockPublicAccessError"`), "bucket refused b AllUsers:READ acl sees:0 BlockPublicAcls true "},
	{"DeleteBucket", `{"bucketName":"b"}`, nil, "bucket done b removed"},
	{"DeleteBucket", `{"bucketName":"b"}`, with(`"errorCode":"BucketNotEmpty"`), ""},
	{"PutBucketPolicy", `{"bucketName":"b","Host":"s3.amazonaws.com","policy":"","bucketPolicy":` + public + `}`, nil, "bucket-policy done b policy"},
	{"PutBucketPolicy", `{"bucketName":"b","policy":[""],"bucketPolicy":` + public + `}`, nil, "bucket-policy done b policy"},
	{"PutBucketPolicy", `{"bucketName":"b","policy":[""],"bucketPolicy":"{\"Statement\":[]}"}`, nil, "bucket-policy done b lost"},
	{"PutBucketPolicy", `{"bucketName":"b","bucketPolicy":"invalid-json-policy"}`, nil, "bucket-policy done b lost"},
	{"PutBucketPolicy", `{"bucketName":"b","policy":""}`, nil, "bucket-policy done b lost"},
	{"PutBucketPolicy", `null`, with(denied), "bucket-policy refused lost"},
	{"PutBucketPolicy", `{"bucketName":"b","bucketPolicy":` + public + `}`, with(blockedText), "bucket-policy refused b policy sees:0 BlockPublicPolicy true "},
	{"PutBucketPolicy", `{"bucketName":"b","bucketPolicy":` + public + `}`, with(failed), "bucket-policy unclear b policy"},
	{"DeleteBucketPolicy", `{"bucketName":"b","policy":[""]}`, nil, "bucket-policy done b removed"},
	{"DeleteBucketPolicy", `{"bucketName":"b","Host":"b.s3.amazonaws.com","policy":""}`, with(denied), "bucket-policy refused b removed"},
	{"PutBucketPublicAccessBlock", `{"bucketName":"b","host":["s3.amazonaws.com"],"publicAccessBlock":[""],` + allOn + `}`, nil, "block-public-access done b TTTT"},
	{"PutBucketPublicAccessBlock", `{"bucketName":"b","publicAccessBlock":"",` + mixed + `}`, nil, "block-public-access done b FTTF"},
	{"PutBucketPublicAccessBlock", `{"bucketName":"b","PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"blockpublicacls":false}}`, nil, "block-public-access done b FFFF"},
	{"PutBucketPublicAccessBlock", `{"bucketName":"b","publicAccessBlock":""}`, nil, "block-public-access done b lost"},
	{"PutPublicAccessBlock", `{"bucketName":"b",` + allOn + `}`, with(failed), "block-public-access unclear b TTTT"},
	{"DeleteBucketPublicAccessBlock", `{"bucketName":"b","host":"s3.amazonaws.com","publicAccessBlock":""}`, nil, "block-public-access done b removed FFFF"},
	{"DeletePublicAccessBlock", `{"bucketName":"b"}`, with(denied), "block-public-access refused b removed FFFF"},
	{"PutAccountPublicAccessBlock", `{"bucketName":"placeholder",` + control + `,` + allOn + `}`, nil, "account-block-public-access done TTTT"},
	{"PutAccountPublicAccessBlock", `{"Host":"444455556666.s3-control-fips.dualstack.us-east-1.amazonaws.com",` + allOn + `}`, nil, "account-block-public-access done account=444455556666  TTTT"},
	{"PutAccountPublicAccessBlock", `{"Host":"x.s3-control.us-east-1.amazonaws.com",` + allOn + `}`, nil, "account-block-public-access done TTTT"},
	{"DeleteAccountPublicAccessBlock", `{"host":["111122223333.s3-control.us-east-1.amazonaws.com"]}`, nil, "account-block-public-access done removed FFFF"},
	{"PutBucketOwnershipControls", `{"bucketName":"b","ownershipControls":"","OwnershipControls":{"xmlns":"x","Rule":{"ObjectOwnership":"ObjectWriter"}}}`, nil, "ownership-controls done b ObjectWriter"},
	{"PutBucketOwnershipControls", `{"bucketName":"b","OwnershipControls":{"Rule":[{"ObjectOwnership":"BucketOwnerEnforced"}]}}`, nil, "ownership-controls done b BucketOwnerEnforced sees:6 BlockPublicAcls unknown "},
	{"PutBucketOwnershipControls", `{"bucketName":"b","OwnershipControls":{"Rule":{"ObjectOwnership":"BucketOwnerEnforced"}}}`, with(`"errorCode":"InvalidBucketAclWithObjectOwnership"`), "ownership-controls refused b BucketOwnerEnforced"},
	{"PutBucketOwnershipControls", `{"bucketName":"b"}`, nil, "ownership-controls done b lost"},
	{"DeleteBucketOwnershipControls", `{"bucketName":"b"}`, nil, "ownership-controls done b removed none"},
	{"PutBucketRequestPayment", `{"bucketName":"b","RequestPaymentConfiguration":{"Payer":"Requester"}}`, nil, "requester-pays done b value=Requester"},
	{"PutBucketRequestPayment", `{"bucketName":"b","RequestPaymentConfiguration":{"Payer":"Requester"}}`, with(denied), ""},
	{"PutBucketWebsite", `{"bucketName":"b","WebsiteConfiguration":{"IndexDocument":{"Suffix":"index.html"}}}`, nil, "website done b value=index.html"},
	{"PutBucketWebsite", `{"bucketName":"b","WebsiteConfiguration":{"RedirectAllRequestsTo":{"HostName":"h"}}}`, nil, "website done b value=on"},
	{"DeleteBucketWebsite", `{"bucketName":"b"}`, nil, "website done b removed"},
	{"PutBucketVersioning", `{"bucketName":"b","VersioningConfiguration":{"Status":"Enabled"}}`, nil, "versioning done b value=Enabled"},
	{"PutBucketReplication", `{"bucketName":"b","ReplicationConfiguration":{"Rule":{"Destination":{"Bucket":"arn:aws:s3:::c","Account":444455556666}}}}`, nil, "replication done b value=444455556666 c 444455556666"},
	{"PutBucketReplication", `{"bucketName":"b","ReplicationConfiguration":{"Rule":[{"Destination":{"Bucket":"arn:aws:s3:::c","Account":"111122223333"}},{"Destination":{"Bucket":"arn:aws:s3:::d"}}]}}`, nil, "replication done b c 111122223333,d "},
	{"DeleteBucketReplication", `{"bucketName":"b"}`, nil, "replication done b removed"},
	{"PutBucketInventoryConfiguration", `{"bucketName":"b","inventory":"","id":"all","InventoryConfiguration":{"Id":"all","IsEnabled":true,"Destination":{"S3BucketDestination":{"AccountId":"444455556666","Bucket":"arn:aws:s3:::lists","Format":"CSV"}}}}`, nil, "inventory done b all@ value=444455556666 lists 444455556666"},
	{"PutInventoryConfiguration", `{"bucketName":"b","InventoryConfiguration":{"Id":"own","Destination":{"S3BucketDestination":{"AccountId":"111122223333","Bucket":"arn:aws:s3:::lists"}}}}`, nil, "inventory done b own@ lists 111122223333"},
	{"PutBucketInventoryConfiguration", `{"bucketName":"b","id":"off","InventoryConfiguration":{"IsEnabled":"false","Destination":{"S3BucketDestination":{"AccountId":"444455556666","Bucket":"arn:aws:s3:::lists"}}}}`, nil, "inventory done b off@ removed"},
	{"PutBucketInventoryConfiguration", `{"bucketName":"b","id":"all"}`, with(denied), ""},
	{"DeleteBucketInventoryConfiguration", `{"bucketName":"b","id":"all"}`, nil, "inventory done b all@ removed"},
	{"DeleteInventoryConfiguration", `{"bucketName":"b","id":"all"}`, nil, "inventory done b all@ removed"},
	{"PutBucketNotification", `{"bucketName":"b","notification":"","NotificationConfiguration":{"QueueConfiguration":[{"Queue":"arn:aws:sqs:eu-west-1:111122223333:own"},{"Queue":"arn:aws:sqs:eu-west-1:444455556666:theirs"}],"TopicConfiguration":{"Topic":"arn:aws:sns:eu-west-1:111122223333:t"}}}`, nil, "notification done b value=444455556666 arn:aws:sns:eu-west-1:111122223333:t 111122223333,arn:aws:sqs:eu-west-1:111122223333:own 111122223333,arn:aws:sqs:eu-west-1:444455556666:theirs 444455556666"},
	{"PutBucketNotificationConfiguration", `{"bucketName":"b","NotificationConfiguration":{"CloudFunctionConfiguration":{"CloudFunction":"arn:aws:lambda:eu-west-1:111122223333:function:f"}}}`, nil, "notification done b arn:aws:lambda:eu-west-1:111122223333:function:f 111122223333"},
	{"PutBucketNotification", `{"bucketName":"b","NotificationConfiguration":{"xmlns":"x"}}`, nil, "notification done b removed"},
}

var otherCases = []callCase{
	{"CreateAccessPoint", `{"name":"p",` + control + `,"CreateAccessPointRequest":{"Bucket":"b"}}`, nil, "access-point done b point=p point-block=TTTT"},
	{"CreateAccessPoint", `{"name":"p",` + control + `,"CreateAccessPointRequest":{"Bucket":"b","VpcConfiguration":{"VpcId":"vpc-1"},` + mixed + `}}`, nil, "access-point done b point=p point-block=FTTF vpc=vpc-1"},
	{"CreateAccessPoint", `{"name":"p"}`, with(denied), ""},
	{"DeleteAccessPoint", `{"name":"arn:aws:s3:eu-west-1:111122223333:accesspoint/p"}`, nil, "access-point done point=p removed"},
	{"PutAccessPointPolicy", `{"name":"p","PutAccessPointPolicyRequest":{"Policy":` + public + `}}`, nil, "access-point-policy done point=p policy"},
	{"PutAccessPointPolicy", `{"name":"arn:aws:s3:eu-west-1:111122223333:accesspoint:p","PutAccessPointPolicyRequest":{"Policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\"}]}"}}`, with(blockedText), "access-point-policy refused point=p policy sees:0 BlockPublicPolicy true "},
	{"DeleteAccessPointPolicy", `{"name":"p"}`, nil, "access-point-policy done point=p removed"},
	{"CreateMultiRegionAccessPoint", `{"CreateMultiRegionAccessPointRequest":{"ClientToken":"t","Details":{"Name":"m","Regions":{"Region":[{"Bucket":"b"},{"Bucket":"c","BucketAccountId":"444455556666"}]}}}}`, nil, "access-point done b point=m point-block=TTTT; access-point done c point=m point-block=TTTT"},
	{"CreateMultiRegionAccessPoint", `{"CreateMultiRegionAccessPointRequest":{"Details":{"Name":"m","PublicAccessBlock":{"BlockPublicAcls":true},"Regions":{"Region":{"Bucket":"b"}}}}}`, nil, "access-point done b point=m point-block=TFFF"},
	{"DeleteMultiRegionAccessPoint", `{"DeleteMultiRegionAccessPointRequest":{"Details":{"Name":"m"}}}`, nil, "access-point done point=m removed"},
	{"PutMultiRegionAccessPointPolicy", `{"PutMultiRegionAccessPointPolicyRequest":{"Details":{"Name":"m","Policy":` + public + `}}}`, nil, "access-point-policy done point=m policy"},
	{"StopLogging", `{"name":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"}`, nil, "logging done removed value=main"},
	{"StartLogging", `{"name":"main"}`, nil, "logging done value=main"},
	{"DeleteTrail", `{"name":"main"}`, nil, "logging done removed value=main"},
	{"CreateTrail", `{"name":"main"}`, nil, "logging done value=main"},
	{"StopLogging", `{"name":"main"}`, with(denied), ""},
	{"AttachPolicy", `{"policyId":"p-1","targetId":"r-1"}`, nil, "organization-attachment done p-1@ value=r-1"},
	{"AttachPolicy", `{"policyArn":"arn:aws:iam::aws:policy/x"}`, with(`"eventSource":"iam.amazonaws.com"`), "no call"},
	{"DetachPolicy", `{"policyId":"p-1","targetId":"111122223333"}`, nil, "organization-attachment done p-1@ removed value=111122223333"},
	{"DetachPolicy", `{"policyId":"p-1"}`, nil, ""},
	{"CreatePolicy", `{"content":"{\"s3_attributes\":{\"public_access_block_configuration\":{\"@@assign\":\"all\"}}}"}`, with(`"responseElements":{"policy":{"policySummary":{"id":"p-1"}}}`), "organization-policy done p-1@ value=all"},
	{"UpdatePolicy", `{"policyId":"p-1","content":"{ \"s3_attributes\" : { \"public_access_block_configuration\" : { \"@@assign\" : \"none\" } } }"}`, nil, "organization-policy done p-1@ value=none"},
	{"UpdatePolicy", `{"policyId":"p-1","content":"{\"s3_attributes\":{\"public_access_block_configuration\":{\"@@remove\":1}}}"}`, nil, "organization-policy done p-1@ value=unreadable"},
	{"CreatePolicy", `{"content":"{\"Version\":\"2012-10-17\"}"}`, nil, ""},
	{"DisablePolicyType", `{"policyType":"S3_POLICY"}`, nil, "organization-attachment done *@ removed value=*"},
	{"DisablePolicyType", `{"policyType":"TAG_POLICY"}`, nil, ""},
	{"GetBucketPublicAccessBlock", `{"bucketName":"b"}`, with(`"errorCode":"NoSuchPublicAccessBlockConfiguration"`), "observation done b sees:1 BlockPublicAcls false  exact"},
	{"GetBucketPublicAccessBlock", `{"bucketName":"b"}`, with(out("326")), "observation done b sees:1 BlockPublicAcls true "},
	{"GetBucketPublicAccessBlock", `{"bucketName":"b"}`, with(out("330.0")), "observation done b sees:1 BlockPublicAcls false "},
	{"GetBucketPublicAccessBlock", `{"bucketName":"b"}`, with(out("328")), ""},
	{"GetBucketPublicAccessBlock", `{"bucketName":"b"}`, with(out("-1e999")), ""},
	{"GetBucketPublicAccessBlock", `{"bucketName":"b"}`, with(out("326"), denied), ""},
	{"GetAccountPublicAccessBlock", `{"bucketName":"x",` + control + `}`, with(`"errorCode":"NoSuchPublicAccessBlockConfiguration"`), "observation done sees:2 BlockPublicAcls false  exact"},
	{"GetBucketPolicy", `{"bucketName":"b"}`, with(`"errorCode":"NoSuchBucketPolicy"`), "observation done b sees:4 BlockPublicAcls unknown  exact"},
	{"GetBucketPolicy", `{"bucketName":"b"}`, nil, "not wanted"},
	{"GetBucketPolicyStatus", `{"bucketName":"b"}`, with(out("141")), "observation done b sees:5 BlockPublicAcls true "},
	{"GetBucketPolicyStatus", `{"bucketName":"b"}`, with(out("142")), "observation done b sees:5 BlockPublicAcls false "},
	{"GetBucketPolicyStatus", `{"bucketName":"b"}`, nil, ""},
	{"GetBucketOwnershipControls", `{"bucketName":"b"}`, with(`"errorCode":"OwnershipControlsNotFoundError"`), "observation done b sees:3 BlockPublicAcls unknown none exact"},
	{"PutBucketPolicy", `{"bucketName":"b"}`, with(`"eventSource":"s3express.amazonaws.com"`), "no call"},
	{"PutBucketTagging", `{"bucketName":"b","Tagging":{"TagSet":{"Tag":{"Key":"pii","Value":true}}}}`, nil, ""},
	{"DeleteBucketTagging", `{"bucketName":"b","tagging":""}`, nil, ""},
	{"PutObjectTagging", `{"bucketName":"b","key":"k","Tagging":{"TagSet":{"Tag":{"Key":"pii","Value":true}}}}`, nil, ""},
	{"DeleteObjectTagging", `{"bucketName":"b","key":"k","tagging":""}`, nil, ""},
	{"TagResource", `{"resourceArn":"arn:aws:s3:::b","Tags":{"Tag":{"Key":"pii","Value":true}}}`, nil, ""},
	{"UntagResource", `{"resourceArn":"arn:aws:s3:::b","tagKeys":["pii"]}`, nil, ""},
	{"PutBucketEncryption", `{"bucketName":"b","encryption":"","ServerSideEncryptionConfiguration":{"xmlns":"x","Rule":{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms"},"BucketKeyEnabled":true}}}`, nil, "encryption done b value=aws:kms"},
	{"PutBucketEncryption", `{"bucketName":"b"}`, nil, "encryption done b lost"},
	{"PutBucketEncryption", `{"bucketName":"b"}`, []string{denied}, ""},
	{"DeleteBucketEncryption", `{"bucketName":"b","encryption":""}`, nil, "encryption done b removed value=AES256"},
	{"PutObject", `{"bucketName":"b","key":"k","x-amz-acl":"public-read","x-amz-server-side-encryption":"aws:kms"}`, nil, "object done b k@ AllUsers:READ acl encryption=aws:kms managed"},
	{"PutObject", `{"bucketName":"b","key":"k","x-amz-acl":"public-read","x-amz-server-side-encryption":"aws:kms","x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:eu-west-1:111122223333:key/1"}`, nil, "object done b k@ AllUsers:READ acl encryption=aws:kms"},
	{"PutObject", `{"bucketName":"b","key":"k","x-amz-acl":"public-read","x-amz-server-side-encryption-customer-algorithm":"AES256"}`, nil, "object done b k@ AllUsers:READ acl encryption=SSE-C"},
	{"PutObject", `{"bucketName":"b","key":"k","x-amz-acl":"public-read"}`, []string{`"responseElements":{"x-amz-server-side-encryption":"AES256"}`}, "object done b k@ AllUsers:READ acl encryption=AES256"},
	{"ListBuckets", `{}`, nil, "no call"},
}

func TestCalls(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range slices.Concat(aclCases, settingCases, otherCases) {
		tested[c.name] = true
		raw := record(c.name, c.params, c.more...)
		if got := read(t, raw); strings.TrimSpace(got) != strings.TrimSpace(c.want) {
			t.Errorf("%s\n%s", raw, cmp.Diff(c.want, got))
		}
	}
	for _, c := range calls {
		if !tested[c.name] {
			t.Errorf("no row for %s", c.name)
		}
	}
}

func TestOutcome(t *testing.T) {
	for code, want := range map[string]bucket.Outcome{
		"": bucket.Done, "AccessDenied": bucket.Refused, "Client.AccessDenied": bucket.Refused, "InternalError": bucket.Unclear,
		"Server.InternalError": bucket.Unclear, "Client.RequestTimeout": bucket.Unclear, "ServiceUnavailable": bucket.Unclear,
		"MethodNotAllowed": bucket.Refused, "MalformedPolicy": bucket.Refused, "OperationAborted": bucket.Refused, "\x00": bucket.Refused,
	} {
		if got := outcome(code); got != want {
			t.Errorf("%q: %v, want %v", code, got, want)
		}
	}
}

func TestBucketAndRegion(t *testing.T) {
	for _, c := range []struct{ params, more, want string }{
		{`{"bucketName":"b"}`, "", "b eu-west-1 111122223333"},
		{`{"bucketName":["b"],"host":["b.s3.us-west-2.amazonaws.com"]}`, "", "b us-west-2 111122223333"},
		{`{"Host":"b.s3.us-west-2.amazonaws.com"}`, "", "b us-west-2 111122223333"},
		{`{"Host":"b.s3-us-west-2.amazonaws.com"}`, "", "b us-west-2 111122223333"},
		{`{"Host":"b.s3.dualstack.us-west-2.amazonaws.com"}`, "", "b us-west-2 111122223333"},
		{`{"Host":"b.s3-fips.us-gov-west-1.amazonaws.com"}`, "", "b us-gov-west-1 111122223333"},
		{`{"Host":"b.s3-website-us-west-2.amazonaws.com"}`, "", "b us-west-2 111122223333"},
		{`{"Host":"b.s3-website.eu-central-1.amazonaws.com"}`, "", "b eu-central-1 111122223333"},
		{`{"Host":"b.s3-accelerate.amazonaws.com"}`, "", "b eu-west-1 111122223333"},
		{`{"Host":"b.s3.cn-north-1.amazonaws.com.cn"}`, "", "b cn-north-1 111122223333"},
		{`{"Host":"my.s3.bucket.s3.us-west-2.amazonaws.com"}`, "", "my.s3.bucket us-west-2 111122223333"},
		{`{"Host":"b.s3.amazonaws.com"}`, "", "b eu-west-1 111122223333"},
		{`{"Host":"s3.amazonaws.com"}`, "", " eu-west-1 111122223333"},
		{`{"Host":"s3-us-west-2.amazonaws.com"}`, "", " us-west-2 111122223333"},
		{`{"Host":"s3.us-west-2.amazonaws.com"}`, "", " us-west-2 111122223333"},
		{`{"Host":"111122223333.s3-control.us-west-2.amazonaws.com"}`, "", " eu-west-1 111122223333"},
		{`{"Host":"p-111122223333.s3-accesspoint.us-west-2.amazonaws.com"}`, "", " eu-west-1 111122223333"},
		{`{"Host":"b.example.com"}`, "", " eu-west-1 111122223333"},
		{`{"bucketName":"b","Host":"b.bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com"}`, "", "b eu-west-1 111122223333"},
		{`{"bucketName":"arn:aws-cn:s3:::b"}`, "", "b eu-west-1 111122223333"},
		{`{"bucketName":"p-abc-s3alias"}`, ofOther, "b eu-west-1 444455556666"},
		{`{"bucketName":"arn:aws:s3:eu-west-1:111122223333:accesspoint/p"}`, ofOther, "b eu-west-1 444455556666"},
		{`{}`, ofOther, "b eu-west-1 444455556666"},
		{`{"bucketName":"b"}`, `"resources":[{"type":"AWS::S3::AccessPoint","accountId":"444455556666"},{"type":"AWS::S3::Bucket","accountId":"","ARN":"arn:aws:s3:::b"}]`, "b eu-west-1 111122223333"},
		{`{"bucketName":"b"}`, `"resources":[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::b/"},{"type":"AWS::S3::Bucket","accountId":"444455556666"}]`, "b eu-west-1 444455556666"},
		{`{"bucketName":"b"}`, `"recipientAccountId":null`, "b eu-west-1 111122223333"},
		{`{"bucketName":"b"}`, `"recipientAccountId":null,"userIdentity":{"type":"AWSAccount","accountId":"anonymous"}`, "b eu-west-1 "},
		{`null`, `"resources":[]`, " eu-west-1 111122223333"},
	} {
		var more []string
		if c.more != "" {
			more = []string{c.more}
		}
		r := decoded(t, record("PutBucketAcl", c.params, more...))
		if got := bucketName(r) + " " + bucketRegion(r) + " " + ownerAccount(r); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.params, c.more, got, c.want)
		}
	}
}

func TestShown(t *testing.T) {
	for _, c := range []struct{ identity, want string }{
		{`{"type":"Root","accountId":"111122223333"}`, "root (111122223333)"},
		{`{"type":"IAMUser","userName":"ann"}`, "ann"},
		{`{"type":"IAMUser","arn":"arn:aws:iam::1:user/path/ann"}`, "ann"},
		{`{"type":"AWSService","invokedBy":"config.amazonaws.com"}`, "config.amazonaws.com"},
		{`{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/deploy/run","sessionContext":{"sessionIssuer":{"userName":"deploy"}}}`, "deploy/run"},
		{`{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/deploy/run"}`, "deploy/run"},
		{`{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/Admin/ann@example.com"}`, "ann@example.com"},
		{`{"type":"AssumedRole"}`, ""},
		{`{"type":"AWSAccount","accountId":"anonymous"}`, "anonymous"},
		{`{"type":"AWSAccount","accountId":"ANONYMOUS_PRINCIPAL"}`, "anonymous"},
		{`{"type":"AWSAccount","accountId":"444455556666","principalId":"AROA:sess"}`, "account 444455556666 · sess"},
		{`{"type":"IdentityCenterUser","onBehalfOf":{"userId":"u"}}`, "u"},
		{`{"type":"Unknown","principalId":"p"}`, "p"},
		{`{}`, "unknown"},
	} {
		if got := Shown(decoded(t, record("PutBucketAcl", `{}`, `"userIdentity":`+c.identity))); got != c.want {
			t.Errorf("%s: %q, want %q", c.identity, got, c.want)
		}
	}
}

// What a refused call asked for does not tell where the bucket is.
func TestRefusedCreateTellsNoRegion(t *testing.T) {
	const params = `{"bucketName":"b","CreateBucketConfiguration":{"LocationConstraint":"cn-north-1"}}`
	for _, c := range []struct{ want, more string }{{"cn-north-1", `"readOnly":false`}, {"eu-west-1", `"errorCode":"InvalidLocationConstraint"`}} {
		changes := readCreateBucket(decoded(t, record("CreateBucket", params, c.more)))
		if got := changes[0].Region; got != c.want {
			t.Errorf("%s: Region %q, want %q", c.more, got, c.want)
		}
	}
}
