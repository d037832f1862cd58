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

	// Proven is what AWS itself is known to think of this very text: see Proof.
	Proven Proof
}

// Proof is evidence of AWS's own status of one policy text. It comes before any
// reading of the text (semantics C.2 S5).
type Proof struct {
	Status Status // empty where nothing is proved
	Why    string // what proves it, such as "BlockPublicPolicy refused it (eventID …)"
}

// ProofOfCall gives what the outcome of a call that put a policy proves about
// the policy's status, while BlockPublicPolicy was known to be on: a refusal
// that names the setting shows that AWS takes the policy for public, success
// that it does not (semantics B.6 K2, A.5). Why names the call for the reason.
func ProofOfCall(refused bool, why string) Proof {
	if refused {
		return Proof{Public, why}
	}
	return Proof{NotPublic, why}
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

	// Crowded says that the policy names more parties than are judged: some stand
	// in no grant.
	Crowded bool
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

	// Construct is the status that the text alone gives, where a Proof decided
	// Status; empty otherwise.
	Construct Status `json:"construct,omitempty"`
}

// Proved gives the classification that evidence about the same text leaves: the
// proof decides the status, and the first reason says so; what the text alone
// gives stays visible in Construct and the other reasons. An empty proof changes
// nothing.
func (c Classification) Proved(p Proof) Classification {
	if p.Status == "" {
		return c
	}
	own := c.Status
	if c.Construct != "" {
		own = c.Construct
	}
	first := "AWS takes this policy for " + string(p.Status) + ": " + p.Why
	if own != p.Status {
		first += "; the text alone reads as " + string(own)
	}
	return Classification{Status: p.Status, Construct: own, Reasons: append([]string{first}, c.Reasons...)}
}

// ACLGrant is an ACL grant put as an Allow, so that Deny statements of the
// bucket policy can be subtracted from it.
type ACLGrant struct {
	Audience Audience // Anyone, AnyAWSAccount, or Account
	Account  string   // canonical user id or account id, for Account
	Actions  []string
	Scope    Scope
	Exact    bool // Scope.Include holds names as they are, not patterns: an object's own ACL
}
