// SPDX-License-Identifier: Apache-2.0

package awslog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/smithy-go/logging"
)

// PublicKey is a key by which CloudTrail's digests are signed, as ListPublicKeys
// tells it.
type PublicKey struct {
	Value       []byte // DER
	Fingerprint string // hexadecimal MD5, as labelled
}

// maxKeyPages bounds the pages of one answer: a Region has a few keys a year.
const maxKeyPages = 100

// PublicKeys asks CloudTrail for the keys of a Region that were valid between
// two times ("ListPublicKeys", AWS CloudTrail API Reference). The keys are the
// same for every account. The error is a *PermissionError or the SDK's.
func PublicKeys(ctx context.Context, region string, from, to time.Time) ([]PublicKey, error) {
	resource := "CloudTrail in " + region
	cfg, err := config.LoadDefaultConfig(ctx, config.WithLogger(logging.Nop{}), config.WithRegion(region))
	var noProfile config.SharedConfigProfileNotExistError
	if errors.As(err, &noProfile) {
		return nil, &PermissionError{Resource: resource, Hint: hintSignIn, Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return nil, &PermissionError{Resource: resource, Hint: hintSignIn, Err: err}
	}
	client := cloudtrail.NewFromConfig(cfg)
	in := &cloudtrail.ListPublicKeysInput{StartTime: &from, EndTime: &to}
	var keys []PublicKey
	for range maxKeyPages {
		out, err := client.ListPublicKeys(ctx, in)
		if err != nil {
			return nil, refusal(err, resource, "cloudtrail:ListPublicKeys")
		}
		for _, k := range out.PublicKeyList {
			keys = append(keys, PublicKey{k.Value, aws.ToString(k.Fingerprint)})
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			return keys, nil
		}
	}
	return nil, fmt.Errorf("%s: the list of public keys does not end", resource)
}
