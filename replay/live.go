// SPDX-License-Identifier: Apache-2.0

package replay

import "github.com/bucketlid/bucketlid/bucket"

// AddReadings takes in what a live read of the account showed: changes with
// Reading set, each given once. Like records they are a set; they count as no
// call.
func (l *Ledger) AddReadings(changes ...*bucket.Change) {
	l.readings = append(l.readings, changes...)
}
