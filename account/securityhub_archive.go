// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
)

// maxEarlier bounds the earlier findings of one Region that are looked at.
const maxEarlier = 10_000

// EarlierFinding is what an earlier run sent.
type EarlierFinding struct {
	ID          string
	GeneratorID string
	Bucket      string // "" where it is about none
}

// ArchiveFindings archives the active findings of one product, whose generator's
// id begins with a prefix, that stale picks. It gives the number archived. An
// account without Security Hub in the Region has none.
func (a *Account) ArchiveFindings(ctx context.Context, region, productARN, generator string, stale func(EarlierFinding) bool, at time.Time) (ImportedFindings, error) {
	client := a.hubIn(region)
	earlier, err := a.activeFindings(ctx, client, region, productARN, generator)
	var none *NoHubError
	if errors.As(err, &none) {
		return ImportedFindings{}, nil
	}
	var done ImportedFindings
	if err != nil {
		return done, err
	}
	var old []types.AwsSecurityFinding
	for _, f := range earlier {
		if stale(EarlierFinding{aws.ToString(f.Id), aws.ToString(f.GeneratorId), bucketName(f.Resources)}) {
			old = append(old, archived(f, at))
		}
	}
	for len(old) > 0 {
		n := min(len(old), archiveBatch)
		if err := a.importBatch(ctx, client, region, old[:n], &done); err != nil {
			return done, err
		}
		old = old[n:]
	}
	return done, nil
}

// archiveBatch is small enough that a batch of the largest findings, 240 KB
// each, stays below 6 MB.
const archiveBatch = 20

// archived is a finding as it is sent again: what a person works with in
// Security Hub is left out, since an import may not change it (API reference,
// "BatchImportFindings").
func archived(f types.AwsSecurityFinding, at time.Time) types.AwsSecurityFinding {
	f.RecordState = types.RecordStateArchived
	f.UpdatedAt = aws.String(at.UTC().Format(time.RFC3339))
	f.Note, f.UserDefinedFields, f.VerificationState, f.Workflow, f.ProcessedAt = nil, nil, "", nil, nil
	f.WorkflowState = "" //lint:ignore SA1019 Security Hub still gives it, and it may not be sent back
	return f
}

func bucketName(resources []types.Resource) string {
	for _, r := range resources {
		if d := r.Details; d != nil && d.AwsS3Bucket != nil {
			return aws.ToString(d.AwsS3Bucket.Name)
		}
	}
	return ""
}

func (a *Account) activeFindings(ctx context.Context, client *securityhub.Client, region, productARN, generator string) ([]types.AwsSecurityFinding, error) {
	equals := func(v string) []types.StringFilter {
		return []types.StringFilter{{Comparison: types.StringFilterComparisonEquals, Value: &v}}
	}
	pages := securityhub.NewGetFindingsPaginator(client, &securityhub.GetFindingsInput{MaxResults: aws.Int32(100), Filters: &types.AwsSecurityFindingFilters{
		ProductArn: equals(productARN), RecordState: equals(string(types.RecordStateActive)),
		GeneratorId: []types.StringFilter{{Comparison: types.StringFilterComparisonPrefix, Value: &generator}},
	}}, func(o *securityhub.GetFindingsPaginatorOptions) { o.StopOnDuplicateToken = true })
	var out []types.AwsSecurityFinding
	for pages.HasMorePages() && len(out) < maxEarlier {
		bounded, cancel := context.WithTimeout(ctx, callTimeout)
		page, err := pages.NextPage(bounded)
		cancel()
		if err != nil {
			return nil, a.hubError(ctx, err, region, "securityhub:GetFindings")
		}
		for _, f := range page.Findings { // a stand-in of AWS may not filter
			if aws.ToString(f.ProductArn) == productARN && f.RecordState == types.RecordStateActive && strings.HasPrefix(aws.ToString(f.GeneratorId), generator) {
				out = append(out, f)
			}
		}
	}
	return out, nil
}
