// SPDX-License-Identifier: Apache-2.0

package trail

import "math/bits"

// isRecord reports whether an object with these members is a CloudTrail record:
// it has an eventName and at least two more of the members that records have.
// No single one of those is certain; old and re-written records lack some.
func isRecord(seen fields) bool {
	return seen&(1<<fieldName) != 0 && bits.OnesCount32(uint32(seen&telling)) >= 2
}
