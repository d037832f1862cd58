// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"time"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/replay"
)

// readTags is what a bucket's settings tell of its tags, for the flag that reads
// names. Tags decide nothing of who may reach a bucket.
func readTags(b *account.Settings) replay.Tagging {
	read := replay.Tagging{Time: b.Read.UTC().Truncate(time.Second), Name: "GetBucketTagging"}
	switch b.Tags.Status {
	case account.Absent:
		return read
	case account.Present:
		var body struct{ TagSet []replay.Tag }
		if err := json.Unmarshal([]byte(b.Tags.Text), &body); err != nil {
			read.Lost = "the reply to GetBucketTagging cannot be understood"
		}
		read.Set = body.TagSet
	default:
		read.Lost = b.Tags.Action + ": " + b.Tags.Problem
	}
	return read
}
