// SPDX-License-Identifier: Apache-2.0

package awslog

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// What Open finds missing.
var (
	ErrNoBucket = errors.New("no such bucket")
	ErrNoKeys   = errors.New("no key with this prefix")
	ErrBadName  = errors.New("not a bucket name")
)

// PermissionError says that AWS refused a call.
type PermissionError struct {
	Resource   string // s3://bucket or s3://bucket/key
	Permission string // the missing permission, as s3:ListBucket; empty when the sign-in itself failed
	Hint       string // what to do next
	Err        error  // the SDK's error
}

// Error names the resource, the permission and the next step.
func (e *PermissionError) Error() string {
	if e.Permission == "" {
		return fmt.Sprintf("%s: AWS sign-in failed (%s); %s", e.Resource, reason(e.Err), e.Hint)
	}
	return fmt.Sprintf("%s: access denied (%s); the permission %s is missing: %s", e.Resource, reason(e.Err), e.Permission, e.Hint)
}

// Unwrap returns the SDK's error.
func (e *PermissionError) Unwrap() error { return e.Err }

// signInCodes are the error codes with which AWS refuses who calls, not what is asked.
var signInCodes = map[string]bool{
	"InvalidAccessKeyId": true, "SignatureDoesNotMatch": true, "InvalidToken": true, "TokenRefreshRequired": true,
	"InvalidClientTokenId": true, "UnrecognizedClientException": true, "InvalidSecurity": true, "NotSignedUp": true,
	"ExpiredToken": true, "ExpiredTokenException": true, "RequestTimeTooSkewed": true, "AuthFailure": true,
}

// denyCodes are the error codes that a missing permission gives.
var denyCodes = map[string]bool{
	"AccessDenied": true, "AccessDeniedException": true, "AllAccessDisabled": true, "Forbidden": true, "UnauthorizedAccess": true,
}

// rePerform finds the action in AWS's own words, which may be another service's:
// an object encrypted with a key of KMS needs kms:Decrypt.
var rePerform = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:\w+)`)

const (
	hintSignIn = "sign in (aws sso login, AWS_PROFILE, AWS_ACCESS_KEY_ID) and see with: aws sts get-caller-identity"
	hintClock  = "set this machine's clock"
)

// refusal makes a *PermissionError of an SDK error that is one; others are
// returned as they are. permission is what the call needs.
func refusal(err error, resource, permission string) error {
	code, message := codeOf(err)
	switch {
	case code == "RequestTimeTooSkewed":
		return &PermissionError{Resource: resource, Hint: hintClock, Err: err}
	case signInCodes[code]:
		return &PermissionError{Resource: resource, Hint: hintSignIn, Err: err}
	case code == "InvalidObjectState":
		return fmt.Errorf("the object is archived and must be restored before it can be read (%w)", err)
	case denyCodes[code] || code == "" && status(err) == http.StatusForbidden:
		if m := rePerform.FindStringSubmatch(message); m != nil {
			permission = m[1]
		}
		return &PermissionError{Resource: resource, Permission: permission, Err: err,
			Hint: "ask for it in the policies of this identity, of the bucket and of its KMS key"}
	}
	return err
}

func codeOf(err error) (code, message string) {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode(), api.ErrorMessage()
	}
	return "", ""
}

func status(err error) int {
	var re *awshttp.ResponseError
	if errors.As(err, &re) {
		return re.HTTPStatusCode()
	}
	return 0
}

func header(err error, name string) string {
	var re *awshttp.ResponseError
	if errors.As(err, &re) && re.Response != nil && re.Response.Response != nil {
		return re.Response.Header.Get(name)
	}
	return ""
}

// reason is the short of an SDK error: its code where it has one.
func reason(err error) string {
	if code, message := codeOf(err); code != "" {
		if message == "" || message == code {
			return code
		}
		return code + ": " + message
	}
	return err.Error()
}
