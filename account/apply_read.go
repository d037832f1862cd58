// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
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

// ObjectACLs reads the ACL of each object version. One that is gone has the
// Status Absent.
func (a *Account) ObjectACLs(ctx context.Context, name, region string, like []ObjectACL) ([]ObjectACL, error) {
	var out []ObjectACL
	for _, o := range like {
		in := &s3.GetObjectAclInput{Bucket: &name, Key: &o.Key, ExpectedBucketOwner: &a.ID}
		if o.Version != "" {
			in.VersionId = &o.Version
		}
		got, err := try(ctx, "s3:GetObjectAcl", func(ctx context.Context) (string, error) {
			return shape(a.bucketsIn(region).GetObjectAcl(ctx, in))
		})
		if errors.Is(err, errGone) {
			got, err = Setting{Status: Absent, Action: "s3:GetObjectAcl"}, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, ObjectACL{Key: o.Key, Version: o.Version, ACL: got})
	}
	return out, nil
}
