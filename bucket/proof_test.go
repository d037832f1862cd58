// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/policy"
)

// office is a text of which AWS's pages do not say whether it is public: what
// its Deny leaves is one network (semantics C.2 S4).
const office = everyone + `,{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`

func refusedByBlock(c *Change) {
	refused(c)
	sees(Observation{Kind: SeesEffectiveFlag, Flag: BlockPublicPolicy, Value: True, Why: refusal})(c)
}

// TestProofs: what outcomes of calls prove about a text comes before what the
// text says, as far as the outcome is certain.
func TestProofs(t *testing.T) {
	const point1 = SlotAccessPointPolicy
	cases := map[string]struct {
		text    string
		point   bool
		changes []*Change
		want    policy.Status
		why     string // a part of the first reason
	}{
		"no outcome":                   {office, false, []*Change{at(9, SlotPolicy, statement(office))}, policy.Unconfirmed, "statement 0"},
		"refused":                      {office, false, []*Change{at(9, SlotPolicy, statement(office), refusedByBlock)}, policy.Public, "was refused by BlockPublicPolicy (eventID event-"},
		"refused for all":              {private, false, []*Change{at(9, SlotPolicy, statement(private), refusedByBlock)}, policy.Public, "the text alone reads as not-public"},
		"refused, and why is not told": {office, false, []*Change{at(9, SlotPolicy, statement(office), refused)}, policy.Unconfirmed, ""},
		"refused first, accepted with the block off": {office, false, []*Change{at(1, SlotPolicy, statement(office), refusedByBlock),
			at(2, SlotBlock, flags(False)), at(3, SlotPolicy, statement(office))}, policy.Public, "was refused"},
		"accepted under the bucket's block": {office, false, []*Change{at(1, SlotBlock, flags(True)), at(2, SlotPolicy, statement(office))},
			policy.NotPublic, "accepted while BlockPublicPolicy (bucket) was on"},
		"accepted under the account's block": {office, false, []*Change{at(0, SlotBucket), at(0, SlotBlock, flags(False)), at(1, SlotAccountBlock, flags(True)), at(2, SlotPolicy, statement(office))},
			policy.NotPublic, "(account)"},
		"accepted under the block of a new bucket": {office, false, []*Change{at(0, SlotBucket), at(2, SlotPolicy, statement(office))}, policy.NotPublic, "(bucket)"},
		"accepted with the block off":              {office, false, []*Change{at(1, SlotBlock, flags(False)), at(2, SlotPolicy, statement(office))}, policy.Unconfirmed, ""},
		"the block is of the same second":          {office, false, []*Change{at(2, SlotBlock, flags(True)), at(2, SlotPolicy, statement(office))}, policy.Unconfirmed, ""},
		"the block went in the same second": {office, false, []*Change{at(1, SlotBlock, flags(True)), at(2, SlotPolicy, statement(office)),
			at(2, SlotBlock, flags(False))}, policy.Unconfirmed, ""},
		"the block is older than a gap in the log": {office, false, []*Change{at(1, SlotBlock, flags(True)), at(2, SlotLogging, removed), at(3, SlotLogging),
			at(4, SlotPolicy, statement(office))}, policy.Unconfirmed, ""},
		"the block shows only later": {office, false, []*Change{at(2, SlotPolicy, statement(office)), at(0, SlotBlock, flags(False)), at(1, SlotBlock, unclear),
			at(5, SlotPolicy, statement(everyone), refusedByBlock)}, policy.Unconfirmed, ""},
		"the outcome is unclear": {office, false, []*Change{at(1, SlotBlock, flags(True)), at(2, SlotPolicy, statement(office), unclear)}, policy.Unconfirmed, ""},
		"AWS's own words say public": {everyone, false, []*Change{at(1, SlotBlock, flags(True)), at(2, SlotPolicy, statement(everyone))},
			policy.Public, "statement 0 allows everybody"},
		"another text": {office, false, []*Change{at(9, SlotPolicy, statement(everyone), refusedByBlock)}, policy.Unconfirmed, ""},
		"a bucket's policy tells nothing of an access point's": {office, true, []*Change{at(9, SlotPolicy, statement(office), refusedByBlock)}, policy.Unconfirmed, ""},
		"an access point's is refused":                         {office, true, []*Change{at(9, point1, named("p"), statement(office), refusedByBlock)}, policy.Public, "was refused"},
		"accepted under the access point's block": {office, true, []*Change{at(1, SlotAccessPoint, point("p", True)), at(2, point1, named("p"), statement(office))},
			policy.NotPublic, "(access point)"},
		"accepted under the bucket's block, through an access point": {office, true, []*Change{at(0, SlotBucket), at(1, SlotAccessPoint, point("p", False)),
			at(2, point1, named("p"), statement(office))}, policy.NotPublic, "(bucket)"},
		"the access point is of another account": {office, true, []*Change{at(0, SlotBucket), at(1, SlotAccessPoint, by(other), point("p", False)),
			at(2, point1, by(other), named("p"), statement(office))}, policy.Unconfirmed, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			line := Fold("b", c.changes, time.Time{})
			var of Change
			statement(c.text)(&of)
			facts := policy.Facts{Bucket: "b", Account: own}
			got := line.Proved(of.Policy, c.point, policy.Classify(of.Policy.Document, facts))
			if got.Status != c.want || !strings.Contains(got.Reasons[0], c.why) {
				t.Errorf("%s with reasons %q, want %s with %q first", got.Status, got.Reasons, c.want, c.why)
			}
			if !c.point && line.Classify(of.Policy).Status != c.want {
				t.Errorf("Classify says %s, want %s", line.Classify(of.Policy).Status, c.want)
			}
		})
	}
}
