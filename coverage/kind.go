// SPDX-License-Identifier: Apache-2.0

// Package coverage tells what logs were seen and what was not: by account,
// Region, day and kind of log, with the trails that were started, stopped and
// changed, and whether the files are as CloudTrail delivered them.
package coverage

import (
	"bytes"

	"github.com/bucketlid/bucketlid/trail"
)

// Kind is a kind of log.
type Kind string

// The kinds. Who opened a bucket stands in the first, who used the opening in
// the other two.
const (
	Management Kind = "management"     // CloudTrail management events
	DataEvents Kind = "s3-data"        // CloudTrail data events of S3
	AccessLogs Kind = "s3-access-logs" // S3 server access logs
)

// Kinds lists them in the order of tables.
var Kinds = []Kind{Management, DataEvents, AccessLogs}

// dataEvents are the calls of S3 that are data events, for records of the years
// that do not say so ("CloudTrail events", Amazon S3 User Guide).
var dataEvents = map[string]bool{
	"AbortMultipartUpload": true, "CompleteMultipartUpload": true, "CopyObject": true, "CreateMultipartUpload": true,
	"DeleteObject": true, "DeleteObjects": true, "DeleteObjectTagging": true, "GetObject": true, "GetObjectAcl": true,
	"GetObjectAttributes": true, "GetObjectLegalHold": true, "GetObjectRetention": true,
	"GetObjectTagging": true, "GetObjectTorrent": true, "HeadBucket": true, "HeadObject": true, "ListMultipartUploads": true,
	"ListObjects": true, "ListObjectsV2": true, "ListObjectVersions": true, "ListParts": true, "PutObject": true, "PutObjectAcl": true,
	"PutObjectLegalHold": true, "PutObjectRetention": true, "PutObjectTagging": true, "RestoreObject": true,
	"SelectObjectContent": true, "UploadPart": true, "UploadPartCopy": true,
}

// kindOf is the kind of log that a record belongs to; ok is false for the data
// events of other services, which tell nothing of buckets.
func kindOf(h *trail.Header, raw []byte) (kind Kind, ok bool) {
	switch {
	case string(h.Source) == "s3.amazonaws.com" && dataEvents[string(h.Name)]:
		return DataEvents, true
	case bytes.Contains(raw, []byte(`"eventCategory":"Data"`)), bytes.Contains(raw, []byte(`"eventCategory":"NetworkActivity"`)):
		return "", false
	}
	return Management, true
}
