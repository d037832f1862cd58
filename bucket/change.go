// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"fmt"

	"github.com/bucketlid/bucketlid/policy"
)

// Outcome says what became of a call.
type Outcome int8

// Done: no errorCode, so the change was committed. Refused: nothing changed.
// Unclear: an error of the service's own, after which either may hold.
const (
	Done Outcome = iota
	Refused
	Unclear
)

// Slot names the setting that a change is about.
type Slot string

// The slots (semantics B.1).
const (
	SlotBucket            Slot = "bucket" // created or deleted
	SlotACL               Slot = "bucket-acl"
	SlotPolicy            Slot = "bucket-policy"
	SlotBlock             Slot = "block-public-access"
	SlotAccountBlock      Slot = "account-block-public-access"
	SlotOrganizationBlock Slot = "organization-block-public-access"
	SlotOwnership         Slot = "ownership-controls"
	SlotObject            Slot = "object" // written, overwritten or deleted
	SlotObjectACL         Slot = "object-acl"
	SlotAccessPoint       Slot = "access-point" // created or deleted
	SlotAccessPointPolicy Slot = "access-point-policy"
	SlotPayer             Slot = "requester-pays"
	SlotWebsite           Slot = "website"
	SlotVersioning        Slot = "versioning"
	SlotReplication       Slot = "replication"
	SlotInventory         Slot = "inventory"     // lists of the bucket's objects, sent to a bucket
	SlotNotification      Slot = "notification"  // messages about objects, sent to a topic, queue or function
	SlotLogging           Slot = "logging"       // a trail stopped or started
	SlotObservation       Slot = "observation"   // a read that tells a setting
	SlotEncryption        Slot = "encryption"    // the default for new objects
	SlotAccessPointList   Slot = "access-points" // a reading: Details names all of the account's
)

// Change is what one call did, tried, or proved about the settings of a bucket,
// an account or an organization. The payload field that Slot calls for is set.
type Change struct {
	Event   *Event
	Outcome Outcome
	Slot    Slot

	Account     string // owner of what is changed; "" when the record does not tell
	Region      string
	Bucket      string
	Key         string
	Version     string
	AccessPoint string
	MultiRegion bool // AccessPoint is a multi-Region access point

	Removed     bool // the setting was deleted
	Create      *Creation
	ACL         *ACL
	Policy      *PolicyText
	Block       *PublicAccessBlock
	Ownership   ObjectOwnership
	Point       *AccessPoint
	Value       string      // payer, versioning status, website's index document, account that copies, lists or messages go to, default encryption
	Encryption  *Encryption // of an uploaded object; nil where the record does not tell
	CopySource  string      // of a copied object: "bucket/key" of the other, decoded
	Details     []string    // further facts worth a line in evidence
	Observed    []Observation
	PayloadLost string // why the payload could not be read; the slot is then unknown
	// Reading says that no call set this: a live read of the account showed that
	// the setting holds it at the time of Event. PayloadLost then says why it
	// could not be read.
	Reading bool
}

// fingerprint is a text of all that a change says, to order those that nothing
// else orders. A setting of every account comes before that of one ("*" before
// the digits), which stands over it.
func (c *Change) fingerprint() string {
	text := fmt.Sprintf("%s\x00%s\x00%q %v %v %q %v %q %q %v", c.Slot, c.Account,
		[]string{c.Bucket, c.Key, c.Version, c.AccessPoint, c.Region}, c.MultiRegion, c.Removed, c.Ownership, c.Outcome, c.Value, c.PayloadLost, c.Observed)
	if c.ACL != nil {
		text += fmt.Sprintf(" %+v", *c.ACL)
	}
	if c.Policy != nil {
		text += " " + c.Policy.Hash
	}
	if c.Block != nil {
		text += fmt.Sprint(" ", *c.Block)
	}
	if c.Point != nil {
		text += fmt.Sprintf(" %+v", *c.Point)
	}
	if c.Create != nil {
		text += " " + string(c.Create.Ownership)
	}
	if c.Encryption != nil {
		text += fmt.Sprintf(" %+v", *c.Encryption)
	}
	return text + fmt.Sprintf(" %+v", *c.Event)
}

// Creation is what a CreateBucket call asked for.
type Creation struct {
	ACL       *ACL // nil: private
	Ownership ObjectOwnership
}

// PolicyText is a resource policy as it was put.
type PolicyText struct {
	Document *policy.Document
	Hash     string
}

// Observation is a fact that a call's outcome proves about the state just
// before it (semantics A.5, A.7, B.6).
type Observation struct {
	Kind  ObservationKind
	Flag  Flag
	Value Tri
	Owner ObjectOwnership
	Exact bool   // AWS said so in as many words; else an outcome implies it
	Why   string // the evidence in a few words
}

// grade is how sure an observation makes.
func (o Observation) grade() Grade {
	if o.Exact {
		return Seen
	}
	return InferredGrade
}

// ObservationKind says which setting an observation tells.
type ObservationKind int8

// The kinds of observation.
const (
	SeesEffectiveFlag ObservationKind = iota // bucket, account and organization together
	SeesBucketBlock                          // all four flags of the bucket at Value
	SeesAccountBlock                         // all four flags of the account at Value
	SeesOwnership
	SeesNoPolicy
	SeesPolicyStatus // Value True: AWS calls the policy in force public
	SeesNoOutsideACL
)
