// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/middleware"
)

// requestKey leads from a call's context to where the id of its request goes.
type requestKey struct{}

// keepsRequestID notes AWS's id of a request, of one that AWS refused too. It is
// the requestID of the call's record (AWS page "CloudTrail record contents").
func keepsRequestID(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("KeepsRequestID",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleInitialize(ctx, in)
			into, ok := ctx.Value(requestKey{}).(*string)
			if !ok {
				return out, metadata, err
			}
			var refused *awshttp.ResponseError
			if id, told := awsmiddleware.GetRequestIDMetadata(metadata); told {
				*into = id
			} else if errors.As(err, &refused) {
				*into = refused.ServiceRequestID()
			}
			return out, metadata, err
		}), middleware.Before)
}

// writing finds a call in the tables of those that plans make.
func writing(op Operation) (func(context.Context, *Writer, Call) error, bool) {
	if write, ok := writes[op]; ok {
		return write, true
	}
	write, ok := installs[op]
	return write, ok
}
