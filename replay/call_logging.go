// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

func readStopLogging(r *trail.Record) []*bucket.Change  { return loggingChange(r, true) }
func readStartLogging(r *trail.Record) []*bucket.Change { return loggingChange(r, false) }

// loggingChange keeps that a trail stopped or started: between the two, what
// was set before may have changed unseen (semantics A.8).
func loggingChange(r *trail.Record, stopped bool) []*bucket.Change {
	c := newChange(r, bucket.SlotLogging)
	c.Bucket, c.Account, c.Region, c.Removed = "", r.RecipientAccountID, r.AWSRegion, stopped
	c.Value = tail(first(r.Param("name")), "/") // a name or an ARN
	return succeeded(c)
}
