// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// SignInError says that AWS does not accept who calls.
type SignInError struct {
	Who  string // the profile or role
	Hint string // what to do next
	Err  error  // the SDK's error
}

// Error names who was refused and the next step.
func (e *SignInError) Error() string {
	return fmt.Sprintf("AWS sign-in failed with %s (%s); %s", e.Who, shortened(e.Err), e.Hint)
}

// Unwrap returns the SDK's error.
func (e *SignInError) Unwrap() error { return e.Err }

// DeniedError says that one permission is missing without which nothing can be read.
type DeniedError struct {
	Action   string // such as s3:ListAllMyBuckets
	Resource string
	Err      error
}

// Error names the permission and the next step.
func (e *DeniedError) Error() string {
	return fmt.Sprintf("%s: access denied (%s); the permission %s is missing: see all that a scan needs with bucketlid scan --print-iam-policy",
		e.Resource, shortened(e.Err), e.Action)
}

// Unwrap returns the SDK's error.
func (e *DeniedError) Unwrap() error { return e.Err }

// UnreadError says that a list is missing without which nothing can be said.
type UnreadError struct {
	What string
	Err  error
}

// Error names what could not be read, and why.
func (e *UnreadError) Error() string {
	return "listing " + e.What + ": " + shortened(e.Err)
}

// Unwrap returns the SDK's error.
func (e *UnreadError) Unwrap() error { return e.Err }

// signInCodes are the error codes with which AWS refuses who calls, not what is asked.
var signInCodes = map[string]bool{
	"InvalidAccessKeyId": true, "SignatureDoesNotMatch": true, "InvalidToken": true, "TokenRefreshRequired": true,
	"InvalidClientTokenId": true, "UnrecognizedClientException": true, "InvalidSecurity": true, "NotSignedUp": true,
	"RequestTimeTooSkewed": true, "AuthFailure": true, "IncompleteSignature": true, "MissingAuthenticationToken": true,
}

// expiredCodes end a scan wherever they appear; the other signInCodes only at
// the start: in a Region that the account has not enabled, S3 does not know
// anybody's credentials.
var expiredCodes = map[string]bool{"ExpiredToken": true, "ExpiredTokenException": true, "RequestExpired": true}

var denyCodes = map[string]bool{
	"AccessDenied": true, "AccessDeniedException": true, "AllAccessDisabled": true, "Forbidden": true,
	"UnauthorizedAccess": true, "UnauthorizedOperation": true,
	"MethodNotAllowed": true, // GetBucketPolicy by who is not of the owner's account (API reference)
}

// absentCodes say that a setting is not there (semantics A.5).
var absentCodes = map[string]bool{
	"NoSuchBucketPolicy": true, "NoSuchPublicAccessBlockConfiguration": true, "OwnershipControlsNotFoundError": true,
	"NoSuchWebsiteConfiguration": true, "ServerSideEncryptionConfigurationNotFoundError": true, "NoSuchTagSet": true,
	"NoSuchAccessPointPolicy": true, "NoSuchMultiRegionAccessPointPolicy": true,
	"ResourceNotFoundException": true, "AWS.SimpleQueueService.NonExistentQueue": true, "QueueDoesNotExist": true, // EventBridge, SQS
	"NoSuchConfigRuleException": true, "ResourceNotDiscoveredException": true, // AWS Config
}

// goneCodes say that what the setting belongs to is not there any more.
var goneCodes = map[string]bool{"NoSuchBucket": true, "NoSuchKey": true, "NoSuchVersion": true, "NoSuchAccessPoint": true, "NoSuchMultiRegionAccessPoint": true}

const (
	hintSignIn = "sign in (aws sso login, AWS_PROFILE, AWS_ACCESS_KEY_ID) and see with: aws sts get-caller-identity"
	hintClock  = "set this machine's clock"
)

func signInError(who string, err error) error {
	code, _ := codeOf(err)
	switch {
	case code == "RequestTimeTooSkewed":
		return &SignInError{Who: who, Hint: hintClock, Err: err}
	case signInCodes[code], expiredCodes[code]:
		return &SignInError{Who: who, Hint: hintSignIn, Err: err}
	case denied(err):
		return &DeniedError{Action: "sts:GetCallerIdentity", Resource: who, Err: err}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("asking AWS whose account %s are: %s: see whether the network, a proxy or --endpoint-url is at fault", who, noAnswer)
	}
	return fmt.Errorf("asking AWS whose account %s are: %w", who, err)
}

func denied(err error) bool {
	code, _ := codeOf(err)
	return denyCodes[code] || code == "" && statusOf(err) == http.StatusForbidden
}

func codeOf(err error) (code, message string) {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode(), api.ErrorMessage()
	}
	return "", ""
}

func codeFrom(err error) string {
	code, _ := codeOf(err)
	return code
}

func statusOf(err error) int {
	var re *awshttp.ResponseError
	if errors.As(err, &re) {
		return re.HTTPStatusCode()
	}
	return 0
}

// rePerform finds the action in AWS's own words.
var rePerform = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:\w+)`)

// maxProblem bounds what is kept of an error's text.
const maxProblem = 300

// shortened is the short of an SDK error: its code and message where it has them.
func shortened(err error) string {
	text := err.Error()
	var answer *answerError
	switch {
	case errors.As(err, &answer):
		if status := statusOf(err); status/100 != 2 && status != 0 {
			return fmt.Sprintf("HTTP status %d: %s", status, answer.problem)
		}
		return answer.problem
	case errors.Is(err, context.DeadlineExceeded):
		return noAnswer
	}
	if code, message := codeOf(err); code != "" {
		text = code
		if message != "" && message != code {
			text += ": " + message
		}
	}
	if len(text) > maxProblem {
		text = text[:maxProblem] + "…"
	}
	return text
}

// reBecause finds which kind of policy refused, in AWS's own words (IAM page
// "Troubleshoot access denied error messages").
var reBecause = regexp.MustCompile(` (because no [a-z -]+ policy allows|with an explicit deny in an? [a-z -]+ policy)`)

func because(message string) string {
	if m := reBecause.FindStringSubmatch(message); m != nil {
		return ", " + strings.Replace(m[1], "policy allows", "policy allows it", 1)
	}
	return ""
}

// noAnswer is the problem of a call that took too long.
var noAnswer = "no answer within " + callTimeout.String()

// outcome is the Setting that a failed read gives. gone is set where the bucket
// or access point is not there any more; fatal where the scan cannot go on.
func outcome(action string, err error) (s Setting, gone bool, fatal error) {
	code, message := codeOf(err)
	s = Setting{Action: action, Status: Failed}
	switch {
	case absentCodes[code]:
		s.Status = Absent
	case goneCodes[code]:
		s.Problem = "not there any more"
		return s, true, nil
	case denied(err):
		s.Status = Denied
		if m := rePerform.FindStringSubmatch(message); m != nil {
			s.Action = m[1]
		}
		s.Problem = "the permission " + s.Action + " is missing" + because(message)
	case expiredCodes[code]:
		return s, false, &SignInError{Who: "these credentials, which ended during the scan", Hint: hintSignIn, Err: err}
	case signInCodes[code]:
		s.Problem = "AWS does not accept these credentials there; is the Region enabled for the account? (" + shortened(err) + ")"
	default:
		s.Problem = shortened(err)
	}
	return s, false, nil
}

func headerOf(err error, name string) string {
	var re *awshttp.ResponseError
	if errors.As(err, &re) && re.Response != nil && re.Response.Response != nil {
		return re.Response.Header.Get(name)
	}
	return ""
}
