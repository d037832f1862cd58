// SPDX-License-Identifier: Apache-2.0

// Package replay turns records into changes and keeps the ledger of changes of
// every bucket.
//
// Everything here is a function of the set of records: order, duplicates,
// splits and late arrival do not matter.
package replay

import (
	"bytes"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

// call is one row of the table of calls that matter: an event name as
// CloudTrail writes it, and what it means.
type call struct {
	name string
	// wants narrows which records are decoded whole, by header and raw bytes;
	// nil takes all. It exists for calls that are many and seldom matter.
	wants func(h *trail.Header, raw []byte) bool
	read  func(r *trail.Record) []*bucket.Change
}

// calls lists every call that can change exposure, or that proves a setting
// (semantics A.3). Names in rule sets that CloudTrail is not known to write are
// accepted as aliases.
var calls = []call{
	{"CreateBucket", nil, readCreateBucket},
	{"DeleteBucket", nil, readDeleteBucket},

	{"PutBucketAcl", nil, readPutBucketACL},
	{"PutObjectAcl", nil, readPutObjectACL},
	{"PutObject", carriesACL, readUpload},
	{"PostObject", carriesACL, readUpload},
	{"POST Object", carriesACL, readUpload},
	{"CopyObject", carriesACL, readUpload},
	{"CreateMultipartUpload", carriesACL, readStartUpload},
	{"InitiateMultipartUpload", carriesACL, readStartUpload},
	{"CompleteMultipartUpload", nil, readCompleteUpload},

	{"PutBucketPolicy", nil, readPutBucketPolicy},
	{"DeleteBucketPolicy", nil, readDeleteBucketPolicy},

	{"PutBucketPublicAccessBlock", nil, readPutBlock},
	{"PutPublicAccessBlock", nil, readPutBlock},
	{"DeleteBucketPublicAccessBlock", nil, readDeleteBlock},
	{"DeletePublicAccessBlock", nil, readDeleteBlock},
	{"PutAccountPublicAccessBlock", nil, readPutAccountBlock},
	{"DeleteAccountPublicAccessBlock", nil, readDeleteAccountBlock},

	{"PutBucketOwnershipControls", nil, readPutOwnership},
	{"DeleteBucketOwnershipControls", nil, readDeleteOwnership},

	{"CreateAccessPoint", nil, readCreateAccessPoint},
	{"DeleteAccessPoint", nil, readDeleteAccessPoint},
	{"PutAccessPointPolicy", nil, readPutAccessPointPolicy},
	{"DeleteAccessPointPolicy", nil, readDeleteAccessPointPolicy},
	{"CreateMultiRegionAccessPoint", nil, readCreateMultiRegion},
	{"DeleteMultiRegionAccessPoint", nil, readDeleteMultiRegion},
	{"PutMultiRegionAccessPointPolicy", nil, readPutMultiRegionPolicy},

	{"PutBucketRequestPayment", nil, readRequestPayment},
	{"PutBucketWebsite", nil, readPutWebsite},
	{"DeleteBucketWebsite", nil, readDeleteWebsite},
	{"PutBucketVersioning", nil, readVersioning},
	{"PutBucketEncryption", nil, readPutEncryption},
	{"DeleteBucketEncryption", nil, readDeleteEncryption},
	{"PutBucketReplication", nil, readPutReplication},
	{"DeleteBucketReplication", nil, readDeleteReplication},
	{"PutBucketInventoryConfiguration", nil, readPutInventory},
	{"PutInventoryConfiguration", nil, readPutInventory},
	{"DeleteBucketInventoryConfiguration", nil, readDeleteInventory},
	{"DeleteInventoryConfiguration", nil, readDeleteInventory},
	{"PutBucketNotification", nil, readPutNotification},
	{"PutBucketNotificationConfiguration", nil, readPutNotification},

	{"PutBucketTagging", nil, noChange}, // see tags.go
	{"DeleteBucketTagging", nil, noChange},
	{"PutObjectTagging", nil, noChange},
	{"DeleteObjectTagging", nil, noChange},
	{"TagResource", namesBucketARN, noChange},
	{"UntagResource", namesBucketARN, noChange},

	{"StopLogging", nil, readStopLogging},
	{"DeleteTrail", nil, readStopLogging},
	{"StartLogging", nil, readStartLogging},
	{"CreateTrail", nil, readStartLogging},

	{"AttachPolicy", nil, readAttachPolicy},
	{"DetachPolicy", nil, readDetachPolicy},
	{"CreatePolicy", nil, readOrganizationPolicy},
	{"UpdatePolicy", nil, readOrganizationPolicy},
	{"DisablePolicyType", nil, readDisablePolicyType},

	{"GetBucketPublicAccessBlock", nil, readGetBlock},
	{"GetAccountPublicAccessBlock", nil, readGetAccountBlock},
	{"GetBucketPolicy", provesAbsence, readGetPolicy},
	{"GetBucketPolicyStatus", nil, readGetPolicyStatus},
	{"GetBucketOwnershipControls", provesAbsence, readGetOwnership},
}

// sources are the services whose calls the table is about (semantics A.1 A1).
// s3express and s3-outposts are left out: their buckets cannot be reached from
// the internet.
var sources = []string{"cloudtrail.amazonaws.com", "organizations.amazonaws.com", "s3.amazonaws.com"}

// isSource reports whether the table may be about a record of a source. One that
// is no service name at all (redacted by whoever shared the log) does not hide a
// call that only S3 has.
func isSource(name []byte) bool {
	for _, s := range sources {
		if string(name) == s {
			return true
		}
	}
	return !bytes.HasSuffix(name, []byte(".amazonaws.com"))
}

var callByName = func() map[string]*call {
	m := make(map[string]*call, len(calls))
	for i := range calls {
		m[calls[i].name] = &calls[i]
	}
	return m
}()

// lookup finds the call of a record; nil where the table has none.
func lookup(source, name []byte) *call {
	if !isSource(source) {
		return nil
	}
	c := callByName[string(name)]
	if c == nil {
		return nil
	}
	if organizationCalls[c.name] && string(source) != "organizations.amazonaws.com" {
		return nil // iam.amazonaws.com has calls of the same names
	}
	return c
}

var organizationCalls = map[string]bool{
	"AttachPolicy": true, "DetachPolicy": true, "CreatePolicy": true, "UpdatePolicy": true, "DisablePolicyType": true,
}

// carriesACL tells an upload that sets a public or foreign ACL from the millions
// that do not. The names of headers stand in any letter case: a presigned URL has them as its maker wrote them.
func carriesACL(h *trail.Header, raw []byte) bool {
	raw = request(h, raw)
	if header(raw, '_') != nil {
		return true
	}
	for rest := header(raw, '-'); rest != nil; rest = header(rest, '-') {
		if startsFold(rest, "grant-") || startsFold(rest, "acl") && namesPublic(rest) {
			return true
		}
	}
	return false
}

// header is what stands behind the first x-amz- in any case, written with this
// dash; nil where there is none.
func header(raw []byte, dash byte) []byte {
	const name = "x-amz"
	for at := 0; ; at++ {
		next := bytes.IndexByte(raw[at:], dash)
		if next < 0 {
			return nil
		}
		at += next
		if at < len(name) || raw[at-1]|0x20 != 'z' {
			continue
		}
		if before := raw[at-len(name) : at]; before[1] == dash && before[0]|0x20 == 'x' && before[2]|0x20 == 'a' && before[3]|0x20 == 'm' {
			return raw[at+1:]
		}
	}
}

func startsFold(raw []byte, start string) bool {
	return len(raw) >= len(start) && bytes.EqualFold(raw[:len(start)], []byte(start))
}

func namesPublic(raw []byte) bool {
	return bytes.Contains(raw, []byte("public-read")) || bytes.Contains(raw, []byte("authenticated-read"))
}

// provesAbsence keeps reads that failed because there is nothing to read.
func provesAbsence(_ *trail.Header, raw []byte) bool {
	return bytes.Contains(raw, []byte("NoSuchBucketPolicy")) || bytes.Contains(raw, []byte("OwnershipControlsNotFoundError"))
}
