// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// AnyKey names one object of a bucket below a prefix, "" where there is none. It
// asks with the account's own credentials (s3:ListBucket).
func (a *Account) AnyKey(ctx context.Context, bucket, region, prefix string) (string, error) {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	in := &s3.ListObjectsV2Input{Bucket: &bucket, MaxKeys: aws.Int32(1), ExpectedBucketOwner: &a.ID, EncodingType: types.EncodingTypeUrl}
	if prefix != "" {
		in.Prefix = &prefix
	}
	out, err := a.bucketsIn(region).ListObjectsV2(bounded, in)
	switch {
	case err != nil && ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil && denied(err):
		return "", &DeniedError{Action: "s3:ListBucket", Resource: "s3://" + bucket, Err: err}
	case err != nil:
		return "", err
	case len(out.Contents) == 0:
		return "", nil
	}
	return decodeKey(out.Contents[0].Key, out.EncodingType), nil
}

// StorageEndpoint is the address of Amazon S3 that was set for this account, ""
// where it is AWS's own.
func (a *Account) StorageEndpoint(region string) string {
	return aws.ToString(a.bucketsIn(region).Options().BaseEndpoint)
}
