// SPDX-License-Identifier: Apache-2.0

package account

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// apartPartitions begin the names of Regions that the S3 API model does not list.
var apartPartitions = []string{"us-iso", "eu-iso", "eusc-"}

// KnownRegion reports whether a name is a Region of S3 as far as the SDK knows, which
// this program was built with: AWS may have opened others since.
func KnownRegion(name string) bool {
	if name == fallbackRegion || slices.ContainsFunc(apartPartitions, func(p string) bool { return strings.HasPrefix(name, p) }) {
		return true // us-east-1 is no LocationConstraint
	}
	return name != string(types.BucketLocationConstraintEu) && slices.Contains(types.BucketLocationConstraint("").Values(), types.BucketLocationConstraint(name))
}
