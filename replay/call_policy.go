// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/trail"
)

func readPutBucketPolicy(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotPolicy)
	setPolicy(c, r, "bucketPolicy", "policy")
	c.Observed = policyObservations(r)
	return []*bucket.Change{c}
}

func readDeleteBucketPolicy(r *trail.Record) []*bucket.Change {
	c := newChange(r, bucket.SlotPolicy)
	c.Removed = true
	return []*bucket.Change{c}
}

// setPolicy reads the policy that a call put, under the first of names that
// holds one.
func setPolicy(c *bucket.Change, r *trail.Record, names ...string) {
	for _, name := range names {
		v, ok := trail.Leaf(r.RequestParameters, name)
		if !ok || v == nil || v == "" || emptyMarker(v) {
			continue
		}
		doc, err := parsePolicy(v)
		if err != nil {
			c.PayloadLost = fmt.Sprintf("the policy in the log cannot be read: %v", err)
			return
		}
		if len(doc.Statements) == 0 && len(doc.Problems) > 0 {
			c.PayloadLost = "the policy in the log cannot be read: " + strings.Join(doc.Problems, "; ")
			return
		}
		c.Policy = &bucket.PolicyText{Document: doc, Hash: doc.Hash()}
		return
	}
	c.PayloadLost = "the log does not hold the policy that " + r.EventName + " set"
}

// emptyMarker recognises the sub-resource marker `policy: [""]` (semantics A.1 A6).
func emptyMarker(v any) bool {
	l, ok := v.([]any)
	return ok && (len(l) == 0 || (len(l) == 1 && l[0] == ""))
}

func parsePolicy(v any) (*policy.Document, error) {
	if s, ok := v.(string); ok {
		return policy.Parse([]byte(s))
	}
	if l, ok := v.([]any); ok && len(l) == 1 {
		return parsePolicy(l[0])
	}
	return policy.ParseValue(v)
}

func policyObservations(r *trail.Record) []bucket.Observation {
	if outcome(r.ErrorCode) == bucket.Refused && strings.Contains(r.ErrorMessage, "BlockPublicPolicy") {
		return []bucket.Observation{{Kind: bucket.SeesEffectiveFlag, Flag: bucket.BlockPublicPolicy, Value: bucket.True,
			Why: r.EventName + " was refused by BlockPublicPolicy"}}
	}
	return nil
}
