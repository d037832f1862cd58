// SPDX-License-Identifier: Apache-2.0

package account

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	control "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/smithy-go"

	"github.com/bucketlid/bucketlid/bucket"
)

// AgentName begins the mark in the user agent of every writing call:
// bucketlid/PLAN, by which logs show which plan made it.
var AgentName = strings.TrimSuffix(bucket.AgentMark, "/")

// conflicts are the codes with which S3 refuses a write because another one on
// the same bucket is not finished (API reference, "Error responses"): a later
// try succeeds.
var conflicts = []string{"OperationAborted", "ConflictException", "ConditionalRequestConflict"}

// Writer makes the calls of one plan.
type Writer struct {
	as       *Account
	patience time.Duration // how long an asynchronous change is waited for
}

// Writer gives a writer whose calls carry the plan's id in their user agent.
func (a *Account) Writer(plan string) *Writer {
	cfg := a.cfg.Copy()
	cfg.APIOptions = append(cfg.APIOptions, awsmiddleware.AddUserAgentKeyValue(AgentName, plan), keepsRequestID)
	cfg.Retryer = func() aws.Retryer {
		return retry.AddWithErrorCodes(standardRetryer(a.pause), conflicts...)
	}
	return &Writer{patience: patience, as: &Account{ID: a.ID, Caller: a.Caller, cfg: cfg, endpoint: a.endpoint,
		buckets: map[string]*s3.Client{}, control: map[string]*s3control.Client{}}}
}

// Do makes one call, again where S3 says that another change of the bucket is
// under way. The bucket must belong to the call's account: S3 compares
// (ExpectedBucketOwner). action is the IAM permission that the call needs; a
// *WriteDeniedError names it where it is missing. request is AWS's id of the
// last try, which CloudTrail writes as requestID; "" where AWS did not answer.
func (w *Writer) Do(ctx context.Context, c Call, action string) (request string, err error) {
	write, ok := writing(c.Operation)
	if !ok {
		return "", fmt.Errorf("%s is no call that a plan makes", c.Operation)
	}
	if w.as.ID != c.Account {
		return "", fmt.Errorf("signed in to account %s, but the plan is for account %s", w.as.ID, c.Account)
	}
	limit := callTimeout
	if c.Operation == PutMultiRegionPolicy {
		limit = w.patience
	}
	bounded, cancel := context.WithTimeout(context.WithValue(ctx, requestKey{}, &request), limit)
	defer cancel()
	err = write(bounded, w, c)
	var unfinished *UnfinishedError
	switch {
	case err == nil:
		return request, nil
	case errors.As(err, &unfinished):
		return request, err
	case errors.Is(err, errUnsent):
		return request, fmt.Errorf("%s on %s: %w", c.Operation, c.resource(), err)
	case ctx.Err() != nil, unanswered(err):
		return request, &NoAnswerError{Operation: c.Operation, Resource: c.resource(), Err: cmp.Or(ctx.Err(), err)}
	case signInCodes[codeFrom(err)], expiredCodes[codeFrom(err)]:
		return request, signInError("these credentials, in "+c.Region, err)
	case denied(err):
		return request, &WriteDeniedError{Action: action, Resource: c.resource(), Err: err}
	}
	return request, &RefusedError{Operation: c.Operation, Resource: c.resource(), Err: err}
}

// RefusedError says that AWS did not make a change, for another reason than a
// missing permission.
type RefusedError struct {
	Operation Operation
	Resource  string
	Err       error
}

// Error tells AWS's reason.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s on %s: AWS refused it: %s", e.Operation, e.Resource, shortened(e.Err))
}

// Unwrap returns the SDK's error.
func (e *RefusedError) Unwrap() error { return e.Err }

// NoAnswerError says that a change was sent and AWS did not tell what came of it:
// it may have been made, or may yet be.
type NoAnswerError struct {
	Operation Operation
	Resource  string
	Err       error
}

// Error tells what was sent.
func (e *NoAnswerError) Error() string {
	return fmt.Sprintf("%s on %s was sent and no answer came (%s)", e.Operation, e.Resource, shortened(e.Err))
}

// Unwrap returns what came instead of an answer.
func (e *NoAnswerError) Unwrap() error { return e.Err }

// unanswered reports whether an error leaves open what became of a request: no
// answer, or one by which S3 does not know itself (API reference, "Error
// responses": InternalError). SlowDown and ServiceUnavailable are refusals.
func unanswered(err error) bool {
	var sent *smithy.OperationError
	if !errors.As(err, &sent) {
		return false // what was found in an answer
	}
	status := statusOf(err)
	return codeFrom(err) == "" && status < http.StatusBadRequest || status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable
}

// WriteDeniedError says that AWS refused a change for want of a permission.
type WriteDeniedError struct {
	Action   string // such as s3:PutBucketPolicy
	Resource string
	Err      error
}

// Error names the permission.
func (e *WriteDeniedError) Error() string {
	return fmt.Sprintf("%s: access denied (%s); the permission %s is missing, or a policy denies it", e.Resource, shortened(e.Err), e.Action)
}

// Unwrap returns the SDK's error.
func (e *WriteDeniedError) Unwrap() error { return e.Err }

func (c Call) resource() string {
	switch {
	case c.Name != "":
		return c.Name + " in " + c.Region
	case c.AccessPoint != "":
		if c.Operation == PutMultiRegionPolicy {
			return "multi-Region access point " + c.AccessPoint
		}
		return "access point " + c.AccessPoint
	case c.Bucket == "":
		return "account " + c.Account
	case c.Key != "":
		return "s3://" + c.Bucket + "/" + c.Key
	}
	return "s3://" + c.Bucket
}

// decode reads the input of a call into the SDK's own type.
func decode[T any](c Call) (*T, error) {
	out := new(T)
	if err := json.Unmarshal([]byte(c.Input()), out); err != nil {
		return nil, fmt.Errorf("the plan's text cannot be read: %w", err)
	}
	return out, nil
}

var errUnsent = errors.New("nothing was sent")

// writes is the table of calls.
var writes = map[Operation]func(context.Context, *Writer, Call) error{
	PutBucketACL: func(ctx context.Context, w *Writer, c Call) error {
		acl, err := decode[types.AccessControlPolicy](c)
		if err != nil {
			return errors.Join(errUnsent, err)
		}
		_, err = w.as.bucketsIn(c.Region).PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: &c.Bucket, ExpectedBucketOwner: &c.Account, AccessControlPolicy: acl})
		return err
	},
	PutObjectACL: func(ctx context.Context, w *Writer, c Call) error {
		acl, err := decode[types.AccessControlPolicy](c)
		if err != nil {
			return errors.Join(errUnsent, err)
		}
		in := &s3.PutObjectAclInput{Bucket: &c.Bucket, Key: &c.Key, ExpectedBucketOwner: &c.Account, AccessControlPolicy: acl}
		if c.Version != "" {
			in.VersionId = &c.Version
		}
		_, err = w.as.bucketsIn(c.Region).PutObjectAcl(ctx, in)
		return err
	},
	PutBucketPolicy: func(ctx context.Context, w *Writer, c Call) error {
		_, err := w.as.bucketsIn(c.Region).PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &c.Bucket, ExpectedBucketOwner: &c.Account, Policy: &c.Text})
		return err
	},
	DeleteBucketPolicy: func(ctx context.Context, w *Writer, c Call) error {
		_, err := w.as.bucketsIn(c.Region).DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &c.Bucket, ExpectedBucketOwner: &c.Account})
		return err
	},
	PutPublicAccessBlock: func(ctx context.Context, w *Writer, c Call) error {
		block, err := decode[types.PublicAccessBlockConfiguration](c)
		if err != nil {
			return errors.Join(errUnsent, err)
		}
		_, err = w.as.bucketsIn(c.Region).PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &c.Bucket, ExpectedBucketOwner: &c.Account, PublicAccessBlockConfiguration: block})
		return err
	},
	DeletePublicAccessBlock: func(ctx context.Context, w *Writer, c Call) error {
		_, err := w.as.bucketsIn(c.Region).DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &c.Bucket, ExpectedBucketOwner: &c.Account})
		return err
	},
	PutBucketOwnershipControls: func(ctx context.Context, w *Writer, c Call) error {
		rules, err := decode[types.OwnershipControls](c)
		if err != nil {
			return errors.Join(errUnsent, err)
		}
		_, err = w.as.bucketsIn(c.Region).PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: &c.Bucket, ExpectedBucketOwner: &c.Account, OwnershipControls: rules})
		return err
	},
	DeleteBucketOwnershipControls: func(ctx context.Context, w *Writer, c Call) error {
		_, err := w.as.bucketsIn(c.Region).DeleteBucketOwnershipControls(ctx, &s3.DeleteBucketOwnershipControlsInput{Bucket: &c.Bucket, ExpectedBucketOwner: &c.Account})
		return err
	},
	PutAccountBlock: func(ctx context.Context, w *Writer, c Call) error {
		block, err := decode[control.PublicAccessBlockConfiguration](c)
		if err != nil {
			return errors.Join(errUnsent, err)
		}
		_, err = w.as.controlIn(c.Region).PutPublicAccessBlock(ctx, &s3control.PutPublicAccessBlockInput{AccountId: &c.Account, PublicAccessBlockConfiguration: block})
		return err
	},
	DeleteAccountBlock: func(ctx context.Context, w *Writer, c Call) error {
		_, err := w.as.controlIn(c.Region).DeletePublicAccessBlock(ctx, &s3control.DeletePublicAccessBlockInput{AccountId: &c.Account})
		return err
	},
	PutMultiRegionPolicy: putMultiRegionPolicy,
	PutAccessPointPolicy: func(ctx context.Context, w *Writer, c Call) error {
		_, err := w.as.controlIn(c.Region).PutAccessPointPolicy(ctx, &s3control.PutAccessPointPolicyInput{AccountId: &c.Account, Name: &c.AccessPoint, Policy: &c.Text})
		return err
	},
	DeleteAccessPointPolicy: func(ctx context.Context, w *Writer, c Call) error {
		_, err := w.as.controlIn(c.Region).DeleteAccessPointPolicy(ctx, &s3control.DeleteAccessPointPolicyInput{AccountId: &c.Account, Name: &c.AccessPoint})
		return err
	},
}
