// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"strings"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Whole reads one bucket with all that decides who may reach it: its settings,
// the account's block and its access points. region may be "": then S3 is
// asked. A bucket that is not there gives Settings that are Gone.
func (a *Account) Whole(ctx context.Context, name, region string, at time.Time) (Settings, error) {
	s, err := a.Bucket(ctx, name, region, Read{At: at, Tags: true})
	if err != nil || s.Gone {
		return s, err
	}
	if s.AccountBlock, err = a.accountBlock(ctx); err != nil {
		return s, err
	}
	here, err := newLister(a).in(ctx, s.Region)
	if err != nil {
		return s, err
	}
	s.Points, s.AccessPoints = here.list, here.bucket[name]
	wide, err := a.multiRegion(ctx)
	if err != nil {
		return s, err
	}
	s.MultiRegionPoints, s.AccessPoints = wide.list, append(s.AccessPoints, wide.bucket[name]...)
	return s, nil
}

// noVersion reports whether S3 says that there is no such version: an id that is
// none (InvalidArgument), or one of a delete marker, which has no ACL (S3 page
// "Working with delete markers").
func noVersion(err error) bool {
	switch code, message := codeOf(err); code {
	case "NoSuchVersion":
		return true
	case "InvalidArgument":
		return strings.Contains(strings.ToLower(message), "version id")
	}
	return headerOf(err, "X-Amz-Delete-Marker") == "true"
}

// ObjectACLs reads the ACL of each object version. One that is gone has the
// Status Absent.
func (a *Account) ObjectACLs(ctx context.Context, name, region string, like []ObjectACL) ([]ObjectACL, error) {
	var out []ObjectACL
	for _, o := range like {
		got, _, err := a.objectACL(ctx, name, region, o)
		if err != nil {
			return nil, err
		}
		out = append(out, ObjectACL{Key: o.Key, Version: o.Version, ACL: got, Only: o.Only})
	}
	return out, nil
}

// Pinned reads the same, and gives each object without a version the id of the one
// that answered: whoever uploads another object of its name makes that one the
// current one, and the one that was meant stays readable by its id (S3 page "How S3
// Versioning works"). The id is "" where the server tells none.
func (a *Account) Pinned(ctx context.Context, s Settings, like []ObjectACL) ([]ObjectACL, error) {
	var out []ObjectACL
	for _, o := range like {
		got, version, err := a.objectACL(ctx, s.Bucket, s.Region, o)
		if err != nil {
			return nil, err
		}
		one := ObjectACL{Key: o.Key, Version: o.Version, ACL: got}
		switch {
		case o.Version != "" || got.Status != Present:
		case !s.keepsVersions():
			one.Only = true
		case version != "":
			one.Version, one.ACL.Action = version, "s3:GetObjectVersionAcl"
		}
		out = append(out, one)
	}
	return out, nil
}

// objectACL reads one ACL. version is the id of the object that answered (header
// x-amz-version-id).
func (a *Account) objectACL(ctx context.Context, name, region string, o ObjectACL) (acl Setting, version string, err error) {
	in, action := &s3.GetObjectAclInput{Bucket: &name, Key: &o.Key, ExpectedBucketOwner: &a.ID}, "s3:GetObjectAcl"
	if o.Version != "" {
		in.VersionId, action = &o.Version, "s3:GetObjectVersionAcl"
	}
	missing := false
	acl, err = try(ctx, action, func(ctx context.Context) (string, error) {
		out, err := a.bucketsIn(region).GetObjectAcl(ctx, in)
		missing = noVersion(err)
		if err == nil {
			version = answeredVersion(out.ResultMetadata)
		}
		return shape(out, err)
	})
	if errors.Is(err, errGone) || err == nil && missing {
		return Setting{Status: Absent, Action: action}, "", nil
	}
	return acl, version, err
}

func answeredVersion(m middleware.Metadata) string {
	if r, ok := awsmiddleware.GetRawResponse(m).(*smithyhttp.Response); ok {
		return r.Header.Get("X-Amz-Version-Id")
	}
	return ""
}
