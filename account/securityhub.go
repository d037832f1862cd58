// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
)

// What one BatchImportFindings may carry (Security Hub partner guide,
// "Guidelines for using the BatchImportFindings API").
const (
	maxBatch      = 100
	maxBatchBytes = 5 << 20 // of 6 MB, with room for the request around them
)

// RefusedFinding is a finding that Security Hub did not take.
type RefusedFinding struct {
	ID     string
	Reason string // AWS's code and message
}

// ImportedFindings is what became of the findings of one Region.
type ImportedFindings struct {
	Taken   int
	Refused []RefusedFinding
}

// ImportFindings sends findings, each in the JSON form of the AWS Security
// Finding Format, to Security Hub of a Region of this account. A finding whose Id
// is known there is updated. An error tells that the rest was not sent; what was
// taken before stands in the answer. A *WriteDeniedError names the permission
// that is missing.
func (a *Account) ImportFindings(ctx context.Context, region string, findings [][]byte) (ImportedFindings, error) {
	client := a.hubIn(region)
	var done ImportedFindings
	for _, batch := range batches(findings) {
		in, err := decodeFindings(batch)
		if err != nil {
			return done, err
		}
		if err := a.importBatch(ctx, client, region, in, &done); err != nil {
			return done, err
		}
	}
	return done, nil
}

// hubIn is the Security Hub client of a Region.
func (a *Account) hubIn(region string) *securityhub.Client {
	return securityhub.NewFromConfig(a.cfg, func(o *securityhub.Options) {
		o.Region = region
		o.BaseEndpoint = override(a.endpoint, o.BaseEndpoint)
	})
}

// batches parts findings by number and by weight.
func batches(findings [][]byte) [][][]byte {
	var out [][][]byte
	start, weight := 0, 0
	for i, f := range findings {
		if i > start && (i-start == maxBatch || weight+len(f) > maxBatchBytes) {
			out = append(out, findings[start:i])
			start, weight = i, 0
		}
		weight += len(f)
	}
	if start < len(findings) {
		out = append(out, findings[start:])
	}
	return out
}

func decodeFindings(batch [][]byte) ([]types.AwsSecurityFinding, error) {
	out := make([]types.AwsSecurityFinding, len(batch))
	for i, f := range batch {
		if err := json.Unmarshal(f, &out[i]); err != nil {
			return nil, fmt.Errorf("a finding cannot be sent: %w", err)
		}
	}
	return out, nil
}

func (a *Account) importBatch(ctx context.Context, client *securityhub.Client, region string, batch []types.AwsSecurityFinding, done *ImportedFindings) error {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := client.BatchImportFindings(bounded, &securityhub.BatchImportFindingsInput{Findings: batch})
	if err != nil {
		return a.hubError(ctx, err, region, "securityhub:BatchImportFindings")
	}
	done.Taken += int(aws.ToInt32(out.SuccessCount))
	for _, f := range out.FailedFindings {
		done.Refused = append(done.Refused, RefusedFinding{aws.ToString(f.Id), aws.ToString(f.ErrorCode) + ": " + aws.ToString(f.ErrorMessage)})
	}
	return nil
}

func (a *Account) hubError(ctx context.Context, err error, region, action string) error {
	place := "Security Hub of account " + a.ID + ", " + region
	switch code, _ := codeOf(err); {
	case ctx.Err() != nil:
		return ctx.Err()
	case expiredCodes[code]:
		return signInError("account "+a.ID, err)
	case code == "InvalidAccessException":
		return &NoHubError{Account: a.ID, Region: region, Err: err}
	case denied(err):
		return &WriteDeniedError{Action: action, Resource: place, Err: err}
	}
	return fmt.Errorf("%s: %w", place, err)
}

// NoHubError says that Security Hub is not enabled where findings were sent.
type NoHubError struct {
	Account, Region string
	Err             error
}

// Error names the place and the next step.
func (e *NoHubError) Error() string {
	return fmt.Sprintf("Security Hub of account %s is not enabled in %s (%s); enable it with: aws securityhub enable-security-hub --region %s",
		e.Account, e.Region, shortened(e.Err), e.Region)
}

// Unwrap returns the SDK's error.
func (e *NoHubError) Unwrap() error { return e.Err }
