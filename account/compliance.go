// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	config "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	queue "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Evaluation is what AWS Config said of one resource by one rule.
type Evaluation struct {
	Region     string    `json:"region"`
	Rule       string    `json:"rule"`
	Identifier string    `json:"identifier"` // of AWS's managed rule
	Type       string    `json:"type"`       // such as AWS::S3::Bucket
	Resource   string    `json:"resource"`
	Compliance string    `json:"compliance"` // COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE, INSUFFICIENT_DATA
	At         time.Time `json:"at"`
	Annotation string    `json:"annotation,omitempty"`
}

// maxEvaluations bounds what is kept of one rule.
const maxEvaluations = 100_000

// Compliance reads what AWS Config said by one rule. The setting tells whether
// it could be read: Absent where the rule has evaluated nothing yet.
func (a *Account) Compliance(ctx context.Context, region, rule string) ([]Evaluation, Setting, error) {
	var out []Evaluation
	s, err := try(ctx, "config:GetComplianceDetailsByConfigRule", func(ctx context.Context) (string, error) {
		pages := configservice.NewGetComplianceDetailsByConfigRulePaginator(a.configIn(region),
			&configservice.GetComplianceDetailsByConfigRuleInput{ConfigRuleName: &rule, Limit: 100})
		round := cycle{most: mostPages}
		for pages.HasMorePages() && len(out) < maxEvaluations {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return "", err
			}
			if round.closes(aws.ToString(page.NextToken)) {
				return "", errRepeats
			}
			for _, r := range page.EvaluationResults {
				out = append(out, evaluation(region, rule, r))
			}
		}
		return "", nil
	})
	if s.Status == Present && len(out) >= maxEvaluations {
		s.Status, s.Problem = Failed, fmt.Sprintf("there are more than %d evaluations, and the others were not read", maxEvaluations)
	}
	return out, emptied(s, len(out) == 0), err
}

func evaluation(region, rule string, r config.EvaluationResult) Evaluation {
	e := Evaluation{Region: region, Rule: rule, Compliance: string(r.ComplianceType), At: aws.ToTime(r.ResultRecordedTime).UTC(), Annotation: aws.ToString(r.Annotation)}
	if id := r.EvaluationResultIdentifier; id != nil && id.EvaluationResultQualifier != nil {
		e.Type, e.Resource = aws.ToString(id.EvaluationResultQualifier.ResourceType), aws.ToString(id.EvaluationResultQualifier.ResourceId)
	}
	return e
}

// Recorded is one state of a bucket that AWS Config kept.
type Recorded struct {
	At     time.Time `json:"at"`
	Status string    `json:"status"` // such as OK, ResourceDeleted
	// Policy and ACL are as AWS Config keeps them; "" where it has none.
	Policy string `json:"policy,omitempty"`
	ACL    string `json:"acl,omitempty"`
	Block  string `json:"block_public_access,omitempty"`
}

// maxRecorded bounds the states of one bucket that are read, newest first.
const maxRecorded = 100

// History reads the newest states of a bucket that AWS Config kept.
func (a *Account) History(ctx context.Context, region, bucket string) ([]Recorded, Setting, error) {
	var out []Recorded
	s, err := try(ctx, "config:GetResourceConfigHistory", func(ctx context.Context) (string, error) {
		page, err := a.configIn(region).GetResourceConfigHistory(ctx, &configservice.GetResourceConfigHistoryInput{
			ResourceId: &bucket, ResourceType: config.ResourceTypeBucket, Limit: maxRecorded})
		if err != nil {
			return "", err
		}
		for _, item := range page.ConfigurationItems {
			more := item.SupplementaryConfiguration
			out = append(out, Recorded{At: aws.ToTime(item.ConfigurationItemCaptureTime).UTC(), Status: string(item.ConfigurationItemStatus),
				Policy: more["BucketPolicy"], ACL: more["AccessControlList"], Block: more["PublicAccessBlockConfiguration"]})
		}
		return "", nil
	})
	return out, emptied(s, len(out) == 0), err
}

// Waiting counts the events in a queue, roughly (API reference,
// GetQueueAttributes: ApproximateNumberOfMessages). Absent: there is no queue.
func (a *Account) Waiting(ctx context.Context, region, name string) (int, Setting, error) {
	n := 0
	s, err := orAbsent(try(ctx, "sqs:GetQueueAttributes", func(ctx context.Context) (string, error) {
		c := a.queuesIn(region)
		url, err := c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
		if err != nil {
			return "", err
		}
		out, err := c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl,
			AttributeNames: []queue.QueueAttributeName{queue.QueueAttributeNameApproximateNumberOfMessages}})
		if err != nil {
			return "", err
		}
		n, err = strconv.Atoi(out.Attributes[string(queue.QueueAttributeNameApproximateNumberOfMessages)])
		return "", err
	}))
	return n, s, err
}

// ConfigRules reads AWS's managed rules about S3 in a Region, by name. The
// setting says whether they could be listed.
func (a *Account) ConfigRules(ctx context.Context, region string) (Setting, map[string]Setting, error) {
	return a.rules(ctx, region)
}
