// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"time"

	"github.com/bucketlid/bucketlid/bucket"
)

// AddReadings takes in what a live read of the account showed: changes with
// Reading set, each given once. Like records they are a set; they count as no
// call.
func (l *Ledger) AddReadings(changes ...*bucket.Change) {
	l.readings = append(l.readings, changes...)
}

// AddTagging takes in what a live read showed of a bucket's tags: all that were
// set then, or, in Lost, why that is not known.
func (l *Ledger) AddTagging(bucketName string, read Tagging) {
	read.Whole = read.Lost == ""
	read.settle()
	if len(read.Set) > 0 || read.Lost != "" {
		l.tags.add(bucketName, read)
		return
	}
	l.readUntagged(bucketName, read.Time)
}

// readUntagged keeps buckets without tags aside: they are many, and must not
// crowd out the others.
func (l *Ledger) readUntagged(bucketName string, at time.Time) {
	if l.untagged == nil {
		l.untagged = map[string]time.Time{}
	}
	l.untagged[bucketName] = at
}
