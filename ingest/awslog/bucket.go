// SPDX-License-Identifier: Apache-2.0

// Package awslog reads log objects from Amazon S3. It lists and downloads, and
// leaves to its caller what a key means.
package awslog

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"
)

// Config says which keys to read and where.
type Config struct {
	Bucket   string
	Prefix   string
	Endpoint string // overrides the address of S3; empty leaves it to the environment
}

// Bucket is a bucket that could be listed.
type Bucket struct {
	name   string
	client *s3.Client
}

// Key is one object of a bucket.
type Key struct {
	Name string
	Size int64  // bytes
	ETag string // as listed, with its quotes
}

// fallbackRegion is asked where a bucket lies when no region is set.
const fallbackRegion = "us-east-1"

// reBucket takes names of buckets, the old ones with capitals too, and of access points.
var reBucket = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$`)

// Open signs in with the default chain of the AWS SDK, finds the bucket's
// region and lists one key to see that the listing is allowed. It returns
// ErrNoBucket, ErrNoKeys, ErrBadName, a *PermissionError or the SDK's error.
func Open(ctx context.Context, c Config) (*Bucket, error) {
	if !reBucket.MatchString(c.Bucket) {
		return nil, ErrBadName
	}
	// What the SDK would log comes back as an error too.
	cfg, err := config.LoadDefaultConfig(ctx, config.WithLogger(logging.Nop{}))
	var noProfile config.SharedConfigProfileNotExistError
	if errors.As(err, &noProfile) {
		return nil, &PermissionError{Resource: "s3://" + c.Bucket, Hint: hintSignIn, Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		cfg.Region = fallbackRegion
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &PermissionError{Resource: "s3://" + c.Bucket, Hint: hintSignIn, Err: err}
	}
	b := &Bucket{name: c.Bucket, client: newClient(cfg, c.Endpoint)}
	err = b.probe(ctx, c.Prefix)
	if region := b.regionFrom(ctx, err); region != "" && region != cfg.Region {
		cfg.Region = region
		b.client = newClient(cfg, c.Endpoint)
		err = b.probe(ctx, c.Prefix)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

func newClient(cfg aws.Config, endpoint string) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		// A server of one's own has no name for each bucket.
		o.UsePathStyle = o.BaseEndpoint != nil
		// Many log objects were written without a checksum; a line for
		// each would be noise.
		o.DisableLogOutputChecksumValidationSkipped = true
	})
}

// Name returns the bucket's name.
func (b *Bucket) Name() string { return b.name }

// probe lists one key.
func (b *Bucket) probe(ctx context.Context, prefix string) error {
	out, err := b.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket: &b.name, Prefix: &prefix, MaxKeys: aws.Int32(1)})
	var none *types.NoSuchBucket
	switch code, _ := codeOf(err); {
	case errors.As(err, &none) || code == "NoSuchBucket":
		return ErrNoBucket
	case code == "InvalidBucketName":
		return ErrBadName
	case err != nil:
		return refusal(err, "s3://"+b.name, "s3:ListBucket")
	}
	if prefix != "" && len(out.Contents) == 0 {
		return ErrNoKeys
	}
	return nil
}

// regionFrom learns from a failed call where the bucket lies, "" when the
// failure has nothing to do with it. S3 names the region in a header of its
// redirects ("Making requests using the REST API", Amazon S3 API Reference).
func (b *Bucket) regionFrom(ctx context.Context, err error) string {
	code, _ := codeOf(err)
	switch {
	case err == nil:
		return ""
	case status(err) == http.StatusMovedPermanently, status(err) == http.StatusTemporaryRedirect,
		code == "PermanentRedirect", code == "AuthorizationHeaderMalformed", code == "IllegalLocationConstraintException":
	default:
		return ""
	}
	const name = "X-Amz-Bucket-Region"
	if region := header(err, name); region != "" {
		return region
	}
	out, err := b.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name})
	if err != nil {
		return header(err, name)
	}
	return aws.ToString(out.BucketRegion)
}

// decodeKey undoes the encoding that keys are listed in, which keeps control
// characters out of the XML.
func decodeKey(s string, enc types.EncodingType) string {
	if enc != types.EncodingTypeUrl || !strings.ContainsAny(s, "%+") {
		return s
	}
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}
