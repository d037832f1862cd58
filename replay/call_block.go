// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

func readPutBlock(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotBlock)
	setBlock(c, r)
	return []*bucket.Change{c}
}

func readDeleteBlock(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotBlock)
	off := bucket.AllFlags(bucket.False)
	c.Removed, c.Block = true, &off
	return []*bucket.Change{c}
}

func readPutAccountBlock(r *trail.Record) []*bucket.Change {
	c := newAccountChange(r)
	setBlock(c, r)
	return []*bucket.Change{c}
}

func readDeleteAccountBlock(r *trail.Record) []*bucket.Change {
	c := newAccountChange(r)
	off := bucket.AllFlags(bucket.False)
	c.Removed, c.Block = true, &off
	return []*bucket.Change{c}
}

// newAccountChange starts a change of the account's own settings. A bucketName
// in such a record is a placeholder (semantics A.2).
func newAccountChange(r *trail.Record) *bucket.Change {
	c := newChange(r, bucket.SlotAccountBlock)
	c.Bucket, c.Account, c.Region = "", controlAccount(r), r.AWSRegion
	return c
}

func setBlock(c *bucket.Change, r *trail.Record) {
	body, ok := trail.Leaf(r.RequestParameters, "PublicAccessBlockConfiguration")
	m, isMap := body.(map[string]any)
	if !ok || !isMap {
		if c.Outcome == bucket.Done {
			c.PayloadLost = "the log does not hold the settings that " + r.EventName + " set"
		}
		return
	}
	block := readBlock(m)
	c.Block = &block
}

// readBlock reads the four flags; one that is missing, or is told twice and once
// off, is off (semantics A.4).
func readBlock(m map[string]any) bucket.PublicAccessBlock {
	block := bucket.AllFlags(bucket.False)
	for _, f := range bucket.Flags {
		told, on := false, true
		for name, v := range m {
			if strings.EqualFold(name, f.String()) {
				told, on = true, on && truth(v)
			}
		}
		block[f] = bucket.TriOf(told && on)
	}
	return block
}

// truth reads a flag in the forms of semantics A.1 A5: true, "TRUE", 1.
func truth(v any) bool {
	switch x := v.(type) {
	case bool:
		return x
	case []any:
		return len(x) == 1 && truth(x[0])
	case map[string]any:
		return truth(x["content"])
	case nil:
		return false
	case interface{ String() string }: // json.Number
		return x.String() == "1"
	case string:
		return strings.EqualFold(x, "true") || x == "1"
	}
	return false
}

func readPutOwnership(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotOwnership)
	c.Ownership = bucket.ObjectOwnership(first(r.Param("ObjectOwnership")))
	switch {
	case c.Ownership == "" && c.Outcome == bucket.Done:
		c.PayloadLost = "the log does not hold the setting that " + r.EventName + " set"
	case c.Ownership == bucket.BucketOwnerEnforced && c.Outcome == bucket.Done:
		c.Observed = []bucket.Observation{{Kind: bucket.SeesNoOutsideACL, Why: "BucketOwnerEnforced was accepted, which S3 refuses while the bucket ACL admits others"}}
	}
	return []*bucket.Change{c}
}

func readDeleteOwnership(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotOwnership)
	c.Removed, c.Ownership = true, bucket.NoOwnershipControls
	return []*bucket.Change{c}
}
