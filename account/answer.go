// SPDX-License-Identifier: Apache-2.0

package account

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/bucketlid/bucketlid/policy"
)

// Answers are not trusted to be AWS's: a proxy may answer a page of its own with
// status 200, and the SDK takes an answer without any member that it knows for an
// empty one. An ACL without grants would then pass for a shut bucket.

// maxStorageAnswer bounds an answer of Amazon S3 or S3 Control, maxAnswer one of
// the other services. The longest that are asked for are 1,000 keys of 1,024
// bytes, and 100 findings of 240 KB.
const (
	maxStorageAnswer = 8 << 20
	maxAnswer        = 32 << 20
)

// answerError says that an answer is none that the service gives.
type answerError struct{ problem string }

func (e *answerError) Error() string { return e.problem }

// roots are the root elements of answers, by service and operation (API
// references of Amazon S3 and S3 Control, response syntax). Other servers name
// them after the operation. GetBucketRequestPayment is left out: what is no answer
// to it counts as a bucket whose owner pays, which is the more open reading.
var roots = map[string]map[string]string{
	"S3": {
		"ListBuckets": "ListAllMyBucketsResult", "ListObjectsV2": "ListBucketResult", "ListObjectVersions": "ListVersionsResult",
		"GetPublicAccessBlock": "PublicAccessBlockConfiguration", "GetBucketOwnershipControls": "OwnershipControls",
		"GetBucketPolicyStatus": "PolicyStatus", "GetBucketAcl": "AccessControlPolicy", "GetObjectAcl": "AccessControlPolicy",
		"GetBucketWebsite":    "WebsiteConfiguration",
		"GetBucketEncryption": "ServerSideEncryptionConfiguration", "GetBucketVersioning": "VersioningConfiguration",
		"GetBucketTagging": "Tagging", "GetBucketLocation": "LocationConstraint",
	},
	"S3 Control": {
		"GetPublicAccessBlock": "PublicAccessBlockConfiguration", "ListAccessPoints": "ListAccessPointsResult",
		"GetAccessPoint": "GetAccessPointResult", "GetAccessPointPolicy": "GetAccessPointPolicyResult",
		"ListMultiRegionAccessPoints": "ListMultiRegionAccessPointsResult", "GetMultiRegionAccessPointPolicy": "GetMultiRegionAccessPointPolicyResult",
	},
}

// rootOfRadosgw is what Ceph's Object Gateway calls the answer to GetPublicAccessBlock.
const rootOfRadosgw = "BlockPublicAccessBlockConfiguration"

// checkAnswers looks at every answer before the SDK reads it.
func checkAnswers(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("CheckAnswers",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			response, ok := out.RawResponse.(*smithyhttp.Response)
			if err != nil || !ok || response.Body == nil {
				return out, metadata, err
			}
			service := awsmiddleware.GetServiceID(ctx)
			operation := middleware.GetOperationName(ctx)
			root, ok := roots[service][operation], response.StatusCode/100 == 2
			text := ok && operation == "GetBucketPolicy" // JSON as it is stored
			body := bufio.NewReaderSize(limited(response.Body, service, text), rootWithin)
			if root != "" && ok {
				if err := checkRoot(body, root, operation+"Result", operation+"Response", rootOfRadosgw); err != nil {
					_ = response.Body.Close()
					return out, metadata, err
				}
			}
			response.Body = readCloser{body, response.Body}
			return out, metadata, nil
		}), middleware.After)
}

// limited bounds an answer by its length and, where it is XML, its depth.
func limited(body io.Reader, service string, text bool) io.Reader {
	limit := int64(maxAnswer)
	if roots[service] != nil {
		limit = maxStorageAnswer
	}
	short := &bounded{r: body, left: limit, limit: limit}
	if text || roots[service] == nil && service != "STS" {
		return short
	}
	return &shallow{r: short}
}

type readCloser struct {
	io.Reader
	io.Closer
}

// bounded fails where an answer goes on beyond its limit.
type bounded struct {
	r           io.Reader
	left, limit int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, &answerError{fmt.Sprintf("the answer is longer than %d MiB", b.limit>>20)}
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}

// rootWithin is where the root element must begin.
const rootWithin = 4 << 10

// reRoot finds the first element behind instructions, without its prefix, as soon
// as its name is read to the end.
var reRoot = regexp.MustCompile(`^(?:\x{FEFF}|\s|<\?[^>]*>)*<(?:[\w.-]+:)?([\w.-]+)[\s/>]`)

// checkRoot fails where an answer does not begin with the element of that name,
// or of another that it may have.
func checkRoot(body *bufio.Reader, name string, others ...string) error {
	var head []byte
	var err error
	var m [][]byte
	for m == nil && err == nil && len(head) < rootWithin { // what comes slowly is judged by what came
		_, err = body.Peek(len(head) + 1)
		head, _ = body.Peek(body.Buffered())
		m = reRoot.FindSubmatch(head)
	}
	if m != nil {
		if string(m[1]) == name || slices.Contains(others, string(m[1])) {
			return nil
		}
		return &answerError{fmt.Sprintf("the answer is no %s, but begins with <%s>: does a proxy answer in the place of AWS?", name, m[1][:min(len(m[1]), 40)])}
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case len(bytes.TrimSpace(head)) == 0:
		return &answerError{"the answer is empty instead of a " + name}
	}
	return &answerError{"the answer is no XML instead of a " + name + ": does a proxy answer in the place of AWS?"}
}

// errRepeats says that a list has no end.
var errRepeats = &answerError{"the list repeats itself, or has no end: a page names one that was read before, or there are more pages than AWS has"}

// cycle notices pages that lead back to one that was read, keeping one token:
// that of a page whose number is a power of two (Brent's algorithm).
type cycle struct {
	kept  string
	pages int
	most  int // pages; 0 is maxPages
}

// maxPages bounds a list of objects, 1,000 on a page; mostPages one of buckets,
// accounts, access points or rules, of which an account has at most a million
// (AWS General Reference, "Amazon S3 endpoints and quotas").
const (
	maxPages  = 1_000_000
	mostPages = 10_000
)

func (c *cycle) closes(token string) bool {
	if token == "" {
		return false
	}
	if c.pages > 0 && token == c.kept || c.pages == cmp.Or(c.most, maxPages) {
		return true
	}
	if c.pages++; c.pages&(c.pages-1) == 0 {
		c.kept = token
	}
	return false
}

// policyText gives a policy back that was answered as one. S3 keeps none that it
// could not read or that has no statement, so that such an answer is none of S3's.
func policyText(text string) (string, error) {
	doc, err := policy.Parse([]byte(text))
	switch {
	case err != nil:
		return "", &answerError{fmt.Sprintf("the answer is no policy: %v", err)}
	case len(doc.Statements) == 0:
		return "", &answerError{"the answer is no policy: it has no statement"}
	}
	return text, nil
}
