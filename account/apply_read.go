// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
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
		in, action := &s3.GetObjectAclInput{Bucket: &name, Key: &o.Key, ExpectedBucketOwner: &a.ID}, "s3:GetObjectAcl"
		if o.Version != "" {
			in.VersionId, action = &o.Version, "s3:GetObjectVersionAcl"
		}
		missing := false
		got, err := try(ctx, action, func(ctx context.Context) (string, error) {
			out, err := a.bucketsIn(region).GetObjectAcl(ctx, in)
			missing = noVersion(err)
			return shape(out, err)
		})
		if errors.Is(err, errGone) || err == nil && missing {
			got, err = Setting{Status: Absent, Action: action}, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, ObjectACL{Key: o.Key, Version: o.Version, ACL: got})
	}
	return out, nil
}
