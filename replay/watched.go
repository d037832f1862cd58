// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"slices"
	"strings"
)

// Watched lists the services and calls that can open a bucket or take its lid
// off, for a feed that hands them on as they happen. Uploads are left out, since
// every one of them would be fed for the few that carry an ACL, and so are calls
// that only read.
func Watched() (services, names []string) {
	for _, c := range calls {
		if c.wants == nil && !strings.HasPrefix(c.name, "Get") && c.name != "CompleteMultipartUpload" {
			names = append(names, c.name)
		}
	}
	slices.Sort(names)
	return slices.Clone(sources), names
}
