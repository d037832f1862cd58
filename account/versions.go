// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// keepsVersions reports whether a bucket may hold old versions of objects: its
// versioning is or was switched on, or that could not be read. Each keeps the ACL
// that it was given, and is read by its id also where the object was deleted (AWS
// page "Retrieving object versions from a versioning-enabled bucket").
func (s Settings) keepsVersions() bool {
	var v struct{ Status string }
	switch s.Versioning.Status {
	case Absent:
		return false
	case Present:
		return json.Unmarshal([]byte(s.Versioning.Text), &v) != nil || v.Status != ""
	}
	return true
}

// OldUnseen reports whether old versions may be open by ACLs of their own that
// nobody looked at: objects were looked at, and these not.
func (s Settings) OldUnseen() bool {
	return s.ObjectList.Status == Present && s.VersionList.Status == Absent && s.ObjectsCount() && s.keepsVersions()
}

// ObjectsCount reports whether ACLs of objects have an effect in the bucket.
func (s Settings) ObjectsCount() bool {
	return !s.Gone && controls(s.Ownership.Text) != ownerEnforced
}

// old reads the ACLs of old versions below a prefix.
func (r *objectReader) old(ctx context.Context, prefix string) error {
	in := &s3.ListObjectVersionsInput{Bucket: &r.into.Bucket, EncodingType: types.EncodingTypeUrl}
	if prefix != "" {
		in.Prefix = &prefix
	}
	var round cycle
	for {
		page, err := r.versions(ctx, in)
		if err != nil {
			return err
		}
		for _, v := range page.Versions {
			if aws.ToBool(v.IsLatest) {
				continue // read with the objects
			}
			if err := r.acl(ctx, decodeKey(v.Key, page.EncodingType), aws.ToString(v.VersionId), false); err != nil {
				return err
			}
		}
		next, id := decodeKey(page.NextKeyMarker, page.EncodingType), aws.ToString(page.NextVersionIdMarker)
		switch {
		case !aws.ToBool(page.IsTruncated):
			return nil
		case next == "" || round.closes(next+"\x00"+id):
			return errRepeats
		}
		in.KeyMarker, in.VersionIdMarker = &next, nil
		if id != "" {
			in.VersionIdMarker = &id
		}
	}
}

func (r *objectReader) versions(ctx context.Context, in *s3.ListObjectVersionsInput) (*s3.ListObjectVersionsOutput, error) {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return r.client.ListObjectVersions(bounded, in)
}

// Name is the key, and where it is an old version its id as in a request's URL.
func (o Object) Name() string {
	if o.Version == "" {
		return o.Key
	}
	return o.Key + "?versionId=" + o.Version
}
