// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

// S3 policies of AWS Organizations set Block Public Access for member accounts
// (semantics A.9). A policy's content stands in Create and Update, the accounts
// that it binds in Attach and Detach; the ledger joins them by policy id.

const slotOrganizationPolicy bucket.Slot = "organization-policy"

// SlotOrganizationAttach is the slot of a policy's attachment, in AWS
// Organizations, to what Change.Value names: an account, a unit, or the root.
const SlotOrganizationAttach bucket.Slot = "organization-attachment"

func readOrganizationPolicy(r *trail.Record) []*bucket.Change {
	c := organizationChange(r, slotOrganizationPolicy)
	c.Key = policyID(r)
	c.Value = blockContent(first(r.Param("content")))
	if c.Value == "" {
		return nil
	}
	return succeeded(c)
}

func readAttachPolicy(r *trail.Record) []*bucket.Change { return attachment(r, false) }
func readDetachPolicy(r *trail.Record) []*bucket.Change { return attachment(r, true) }

func attachment(r *trail.Record, removed bool) []*bucket.Change {
	c := organizationChange(r, SlotOrganizationAttach)
	c.Key, c.Value, c.Removed = first(r.Param("policyId")), first(r.Param("targetId")), removed
	if c.Key == "" || c.Value == "" {
		return nil
	}
	return succeeded(c)
}

func readDisablePolicyType(r *trail.Record) []*bucket.Change {
	if first(r.Param("policyType")) != "S3_POLICY" {
		return nil
	}
	c := organizationChange(r, SlotOrganizationAttach)
	c.Key, c.Value, c.Removed = "*", "*", true
	return succeeded(c)
}

func organizationChange(r *trail.Record, slot bucket.Slot) *bucket.Change {
	c := newChange(r, slot)
	c.Bucket, c.Account, c.Region = "", r.RecipientAccountID, r.AWSRegion
	return c
}

// policyID is the id of the policy that a Create or Update answered with.
func policyID(r *trail.Record) string {
	if id := first(r.Param("policyId")); id != "" {
		return id
	}
	summary, _ := trail.Leaf(r.ResponseElements, "policySummary")
	m, _ := summary.(map[string]any)
	return textOf(m, "id")
}

// blockContent reads the setting of an S3 policy's content:
// {"s3_attributes":{"public_access_block_configuration":{"@@assign":"all"}}}.
func blockContent(content string) string {
	flat := strings.Join(strings.Fields(content), "")
	_, rest, ok := strings.Cut(flat, `"public_access_block_configuration":{`)
	if !ok {
		return ""
	}
	switch {
	case strings.HasPrefix(rest, `"@@assign":"all"`):
		return "all"
	case strings.HasPrefix(rest, `"@@assign":"none"`):
		return "none"
	}
	return unreadable
}
