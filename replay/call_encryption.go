// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

func readPutEncryption(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotEncryption)
	if c.Value = first(r.Param("SSEAlgorithm")); c.Value == "" && c.Outcome == bucket.Done {
		c.PayloadLost = "the call names no SSEAlgorithm"
	}
	return succeeded(c)
}

// readDeleteEncryption: the default becomes SSE-S3 (API reference,
// DeleteBucketEncryption).
func readDeleteEncryption(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotEncryption)
	c.Removed, c.Value = true, "AES256"
	return succeeded(c)
}

// encryptionOf is what an upload says of the new object's encryption: in its
// headers, or in those of the answer. Without the id of a key it is the one that
// AWS manages for S3 (API reference, PutObject,
// x-amz-server-side-encryption-aws-kms-key-id).
func encryptionOf(r *trail.Record) *bucket.Encryption {
	if first(r.Param("x-amz-server-side-encryption-customer-algorithm")) != "" {
		return &bucket.Encryption{Algorithm: bucket.SSEC}
	}
	if asked := first(r.Param("x-amz-server-side-encryption")); asked != "" {
		key := first(r.Param("x-amz-server-side-encryption-aws-kms-key-id"))
		return &bucket.Encryption{Algorithm: asked, AWSManaged: strings.HasPrefix(asked, "aws:kms") && (key == "" || strings.HasSuffix(key, "alias/aws/s3"))}
	}
	used := ""
	if v, ok := trail.Leaf(r.ResponseElements, "x-amz-server-side-encryption"); ok {
		used = first(scalars(v))
	}
	return &bucket.Encryption{Algorithm: used}
}
