// SPDX-License-Identifier: Apache-2.0

package athena

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/smithy-go"

	"github.com/bucketlid/bucketlid/archive/remote"
)

const (
	hintSignIn = "sign in (aws sso login, AWS_PROFILE, AWS_ACCESS_KEY_ID) and see with: aws sts get-caller-identity"
	hintStore  = "who asks needs to read the table (glue:GetTable, glue:GetPartitions), its files (s3:GetObject, s3:ListBucket, kms:Decrypt) and to write the answers (s3:PutObject)"
	hintOutput = "the workgroup has no place for its answers: set one, or add ?output=s3://bucket/prefix/"
)

// signInCodes are the error codes with which AWS refuses who calls.
var signInCodes = map[string]bool{
	"UnrecognizedClientException": true, "InvalidSignatureException": true, "ExpiredTokenException": true, "ExpiredToken": true,
	"MissingAuthenticationTokenException": true, "IncompleteSignature": true, "InvalidClientTokenId": true,
}

// failed tells why a call of Athena's API failed.
func (c *client) failed(ctx context.Context, err error, permission, query, id string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	code := ""
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	where := c.address.String()
	switch {
	case signInCodes[code]:
		return &remote.PermissionError{Where: where, Reason: "AWS sign-in failed (" + short(err) + ")", Hint: hintSignIn}
	case strings.HasPrefix(code, "AccessDenied"):
		return &remote.PermissionError{Where: where, Reason: short(err), Hint: "the permission " + permission + " is missing"}
	case strings.Contains(strings.ToLower(short(err)), "output location"):
		return &remote.QueryError{Where: where, Reason: short(err) + ": " + hintOutput, Query: query}
	}
	return &remote.QueryError{Where: where, ID: id, Reason: short(err), Query: query}
}

// ended tells why a query ended without an answer.
func (p *pages) ended(status types.QueryExecutionStatus) error {
	reason := aws.ToString(status.StateChangeReason)
	if reason == "" {
		reason = "no reason is told"
	}
	where := p.client.address.String()
	if lower := strings.ToLower(reason); strings.Contains(lower, "access denied") || strings.Contains(lower, "not authorized") {
		return &remote.PermissionError{Where: where, Reason: reason + " (query " + p.id + ")", Hint: hintStore}
	}
	return &remote.QueryError{Where: where, ID: p.id, Reason: strings.ToLower(string(status.State)) + ": " + reason, Query: p.query}
}

func (p *pages) broken(err error) error {
	return &remote.QueryError{Where: p.client.address.String(), ID: p.id, Reason: "the answer cannot be understood: " + err.Error(), Query: p.query}
}

// short is an SDK error's code and message, without the request's ids.
func short(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}
