// SPDX-License-Identifier: Apache-2.0

package policy

import "time"

// ResourceKind says what a policy is attached to.
type ResourceKind int

// The kinds of resource that carry an S3 resource policy.
const (
	BucketPolicy ResourceKind = iota
	AccessPointPolicy
	MultiRegionAccessPointPolicy
)

// Facts is what is known about the resource that a policy is attached to.
// An empty field is unknown.
type Facts struct {
	Kind         ResourceKind
	Bucket       string // bucket name
	AccessPoint  string // access point name, for AccessPointPolicy
	Account      string // owner's account id
	Organization string // owner's organization id
	Region       string
	At           time.Time // the clock for Date conditions; zero is unknown
}

// Scope is a set of resources: what one of Include matches and none of Exclude.
// Entries are resource patterns without the ARN prefix: "b" for the bucket
// itself, "b/*" for its objects.
type Scope struct {
	Include []string `json:"include"`
	Exclude []string `json:"exclude,omitempty"`
}

// StatementRef names a statement of a policy by position and Sid.
type StatementRef struct {
	Index int    `json:"index"` // from 0
	Sid   string `json:"sid,omitempty"`
}

// Grant is one way in which a policy admits somebody from outside the owner's account.
type Grant struct {
	Audience   Audience     `json:"audience"`
	Principals []string     `json:"principals,omitempty"` // named accounts, organizations or services
	Addresses  uint64       `json:"addresses,omitempty"`  // number of IPv4 addresses, for Network
	Access     []Access     `json:"access"`
	Actions    []string     `json:"actions"` // concrete action names, or the pattern granted
	Scope      Scope        `json:"scope"`
	Guards     []string     `json:"guards,omitempty"`    // conditions that hinder but do not stop a stranger
	Until      *time.Time   `json:"until,omitempty"`     // when a Date condition ends it
	Unsettled  []string     `json:"unsettled,omitempty"` // what could not be decided: the grant is possible, not certain
	Statement  StatementRef `json:"statement"`
	Witness    *Witness     `json:"witness,omitempty"`

	// UnsignedOnly says that signed requests of strangers do not pass, only
	// unsigned ones do, such as where a Deny spares requests without a
	// principal. Under Requester Pays such a grant is worth nothing.
	UnsignedOnly bool `json:"unsigned_only,omitempty"`
}

// Witness is a concrete request that a grant lets through.
type Witness struct {
	Archetype string            `json:"archetype"` // "anonymous", "any AWS account", …
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers,omitempty"`
	Action    string            `json:"action"`
	Resource  string            `json:"resource"`
	Context   map[string]string `json:"context,omitempty"` // condition keys that matter
	Command   string            `json:"command,omitempty"` // the same as a curl or AWS CLI line
}

// Reach is everything that a policy admits from outside the owner's account.
type Reach struct {
	Grants []Grant
	Edges  []time.Time // instants at which a Date condition changes the answer, sorted

	// Delegations are statements that admit whoever an access point admits. No
	// direct request passes by them, so they are no grants, but every access
	// point of the accounts opens the bucket, now or later (semantics B.8 R6).
	Delegations []Delegation
}

// Delegation is an Allow statement that leaves the decision to access points
// (S3 page "Configuring IAM policies for using access points").
type Delegation struct {
	AccessPoints []string     `json:"access_points"` // account ids or access point ARNs, wildcards as written
	Statement    StatementRef `json:"statement"`
}

// Status is AWS's own classification of a policy, as GetBucketPolicyStatus gives it.
type Status string

// The three statuses; Unconfirmed means that AWS's text does not settle it.
const (
	Public      Status = "public"
	NotPublic   Status = "not-public"
	Unconfirmed Status = "unconfirmed"
)

// Classification is a Status with its reasons.
type Classification struct {
	Status  Status   `json:"status"`
	Reasons []string `json:"reasons"` // one per Allow statement, or the construct that is not settled
}

// ACLGrant is an ACL grant put as an Allow, so that Deny statements of the
// bucket policy can be subtracted from it.
type ACLGrant struct {
	Audience Audience // Anyone, AnyAWSAccount, or Account
	Account  string   // canonical user id or account id, for Account
	Actions  []string
	Scope    Scope
}
