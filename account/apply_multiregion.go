// SPDX-License-Identifier: Apache-2.0

package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	control "github.com/aws/aws-sdk-go-v2/service/s3control/types"
)

// patience is how long a change that AWS makes after its answer is waited for.
// AWS names no bound for policies of multi-Region access points.
const patience = 30 * time.Minute

// How often AWS is asked whether it has made a change.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 30 * time.Second
)

// UnfinishedError says that AWS took a change and has not, as far as is known,
// made it yet.
type UnfinishedError struct {
	Operation Operation
	Resource  string
	Account   string
	Token     string // names the request to AWS
	Err       error  // why it was waited for no longer
}

// Error tells how to ask AWS what became of it.
func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("%s on %s: AWS took the change, and whether it is made is not known (%v); ask with: "+
		"aws s3control describe-multi-region-access-point-operation --account-id %s --request-token-arn %s --region %s",
		e.Operation, e.Resource, e.Err, e.Account, e.Token, MultiRegionHome)
}

// Unwrap returns why it was waited for no longer.
func (e *UnfinishedError) Unwrap() error { return e.Err }

// putMultiRegionPolicy replaces the policy of a multi-Region access point and
// waits until AWS has done so in every Region (API reference,
// PutMultiRegionAccessPointPolicy: the call is asynchronous).
func putMultiRegionPolicy(ctx context.Context, w *Writer, c Call) error {
	out, err := w.as.controlIn(MultiRegionHome).PutMultiRegionAccessPointPolicy(ctx, &s3control.PutMultiRegionAccessPointPolicyInput{
		AccountId: &c.Account, Details: &control.PutMultiRegionAccessPointPolicyInput{Name: &c.AccessPoint, Policy: &c.Text}})
	if err != nil {
		return err
	}
	return w.await(ctx, c, aws.ToString(out.RequestTokenARN))
}

// await asks for the outcome of an asynchronous change until there is one.
func (w *Writer) await(ctx context.Context, c Call, token string) error {
	asking := context.WithValue(ctx, requestKey{}, nil) // the id to keep is that of the change, not of the questions
	client := w.as.controlIn(MultiRegionHome)
	unfinished := func(why error) error {
		return &UnfinishedError{Operation: c.Operation, Resource: c.resource(), Account: c.Account, Token: token, Err: why}
	}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		out, err := client.DescribeMultiRegionAccessPointOperation(asking, &s3control.DescribeMultiRegionAccessPointOperationInput{
			AccountId: &c.Account, RequestTokenARN: &token})
		if err != nil {
			return unfinished(fmt.Errorf("asking for the outcome: %w", err))
		}
		if ended, err := ending(out.AsyncOperation); ended {
			return err
		}
		select {
		case <-ctx.Done():
			return unfinished(fmt.Errorf("waited %v", w.patience))
		case <-time.After(pause):
		}
	}
}

// ending reads the status of an asynchronous request. What is neither
// SUCCEEDED nor FAILED is under way: AWS lists no other values.
func ending(op *control.AsyncOperation) (ended bool, err error) {
	if op == nil {
		return false, nil
	}
	switch strings.ToUpper(aws.ToString(op.RequestStatus)) {
	case "SUCCEEDED":
		return true, nil
	case "FAILED":
		why := "AWS gave no reason"
		if d := op.ResponseDetails; d != nil && d.ErrorDetails != nil {
			why = cmp.Or(strings.Trim(aws.ToString(d.ErrorDetails.Code)+": "+aws.ToString(d.ErrorDetails.Message), ": "), why)
		}
		return true, errors.New("AWS took the change and then failed to make it: " + why)
	}
	return false, nil
}
