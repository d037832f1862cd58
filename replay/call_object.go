// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"net/url"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

// readUpload reads an upload that sets an ACL; uploads without one are kept as
// bare rewrites (see rewrites.go).
func readUpload(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotObject)
	c.Key = objectKey(r)
	c.Version = newVersion(r)
	c.ACL = readACL(r.RequestParameters)
	if c.ACL == nil {
		c.ACL = bucket.Canned("private")
	}
	c.Observed = aclObservations(c, r)
	c.CopySource, c.Encryption = copySource(r), encryptionOf(r)
	return []*bucket.Change{c}
}

// copySource is "bucket/key" of what a CopyObject copies: the record has the
// header, which is URL-encoded and may begin with "/" and end with a version
// (Amazon S3 API Reference, "CopyObject").
func copySource(r *trail.Record) string {
	text, _, _ := strings.Cut(first(r.Param("x-amz-copy-source")), "?versionId=")
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	return strings.TrimPrefix(text, "/")
}

func newVersion(r *trail.Record) string {
	if v, ok := trail.Leaf(r.ResponseElements, "x-amz-version-id"); ok {
		return versionID(first(scalars(v)))
	}
	return ""
}

// versionID is "" for the version "null", which an upload without versioning
// replaces.
func versionID(id string) string {
	if id == "null" {
		return ""
	}
	return id
}

// readStartUpload keeps the ACL of a multipart upload under its upload id: it
// takes effect when the upload completes (semantics A.3 rows 15 and 16). The
// ledger joins the two.
func readStartUpload(r *trail.Record) []*bucket.Change {
	c := readUpload(r)[0]
	c.Value = uploadID(r)
	if c.Outcome == bucket.Done {
		c.Slot = slotStartUpload
	}
	return []*bucket.Change{c}
}

func readCompleteUpload(r *trail.Record) []*bucket.Change {
	c := newChange(r, slotCompleteUpload)
	c.Key, c.Version, c.Value = objectKey(r), newVersion(r), uploadID(r)
	return succeeded(c)
}

func uploadID(r *trail.Record) string {
	if id := first(r.Param("uploadId")); id != "" {
		return id
	}
	if v, ok := trail.Leaf(r.ResponseElements, "uploadId"); ok {
		return first(scalars(v))
	}
	return ""
}

// The two halves of a multipart upload, joined by the ledger before folding.
const (
	slotStartUpload    bucket.Slot = "upload-started"
	slotCompleteUpload bucket.Slot = "upload-completed"
)
