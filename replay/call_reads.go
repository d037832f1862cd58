// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"encoding/json"
	"fmt"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

// Reads made by others tell settings: an error that says there is nothing, or
// the exact length of the reply (semantics A.5, A.7).

func seen(r *trail.Record, o bucket.Observation) []*bucket.Change {
	c := newChange(r, bucket.SlotObservation)
	c.Outcome = bucket.Done
	if o.Kind == bucket.SeesAccountBlock {
		c.Bucket, c.Account = "", controlAccount(r)
	}
	c.Observed = []bucket.Observation{o}
	return []*bucket.Change{c}
}

func readGetBlock(r *trail.Record) []*bucket.Change {
	return readBlockReply(r, bucket.SeesBucketBlock)
}

func readGetAccountBlock(r *trail.Record) []*bucket.Change {
	return readBlockReply(r, bucket.SeesAccountBlock)
}

func readBlockReply(r *trail.Record, kind bucket.ObservationKind) []*bucket.Change {
	if r.ErrorCode == "NoSuchPublicAccessBlockConfiguration" {
		return seen(r, bucket.Observation{Kind: kind, Value: bucket.False, Exact: true,
			Why: r.EventName + " found no configuration"})
	}
	if r.ErrorCode != "" {
		return nil
	}
	switch n := bytesOut(r); n {
	case 326:
		return seen(r, bucket.Observation{Kind: kind, Value: bucket.True, Why: replyLength(r, n, "all four flags on")})
	case 330:
		return seen(r, bucket.Observation{Kind: kind, Value: bucket.False, Why: replyLength(r, n, "all four flags off")})
	}
	return nil
}

func readGetPolicy(r *trail.Record) []*bucket.Change {
	if r.ErrorCode != "NoSuchBucketPolicy" {
		return nil
	}
	return seen(r, bucket.Observation{Kind: bucket.SeesNoPolicy, Exact: true, Why: "GetBucketPolicy found no policy"})
}

func readGetPolicyStatus(r *trail.Record) []*bucket.Change {
	if r.ErrorCode != "" {
		return nil
	}
	switch n := bytesOut(r); n {
	case 141:
		return seen(r, bucket.Observation{Kind: bucket.SeesPolicyStatus, Value: bucket.True, Why: replyLength(r, n, "IsPublic TRUE")})
	case 142:
		return seen(r, bucket.Observation{Kind: bucket.SeesPolicyStatus, Value: bucket.False, Why: replyLength(r, n, "IsPublic FALSE")})
	}
	return nil
}

func readGetOwnership(r *trail.Record) []*bucket.Change {
	if r.ErrorCode != "OwnershipControlsNotFoundError" {
		return nil
	}
	return seen(r, bucket.Observation{Kind: bucket.SeesOwnership, Owner: bucket.NoOwnershipControls, Exact: true,
		Why: "GetBucketOwnershipControls found none"})
}

func replyLength(r *trail.Record, n int, means string) string {
	return fmt.Sprintf("the reply to %s had %d bytes, the length of %s", r.EventName, n, means)
}

// bytesOut is additionalEventData.bytesTransferredOut, written as an integer or
// as a float; -1 when absent.
func bytesOut(r *trail.Record) int {
	n, ok := r.AdditionalEventData["bytesTransferredOut"].(json.Number)
	if !ok {
		return -1
	}
	f, err := n.Float64()
	if err != nil || f < 0 || f > 1e15 {
		return -1
	}
	return int(f)
}
