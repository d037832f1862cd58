// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"time"

	"github.com/bucketlid/bucketlid/policy"
)

// RouteID names a way in.
type RouteID string

// The routes.
const (
	BucketACL                   RouteID = "bucket-acl"
	ObjectACL                   RouteID = "object-acl"
	BucketPolicyRoute           RouteID = "bucket-policy"
	AccessPointPolicyRoute      RouteID = "access-point-policy"
	MultiRegionAccessPointRoute RouteID = "multi-region-access-point-policy"
)

// State says whether an exposure can be used.
type State string

// The states of DESIGN: open, closed, blocked by a named guard, or unknown
// because the grant itself was not seen.
const (
	Open    State = "open"
	Closed  State = "closed"
	Blocked State = "blocked"
	Unknown State = "unknown"
)

// Certainty says how sure a state is.
type Certainty string

// Proven: every guard is known. Inferred: a call that succeeded, or the size of
// a reply, proves it. Assumed: a guard was never seen.
const (
	Proven   Certainty = "proven"
	Inferred Certainty = "inferred"
	Assumed  Certainty = "assumed"
)

// Actor is who made a call and from where, under CloudTrail's own names.
type Actor struct {
	UserName        string     `json:"userName"`
	ARN             string     `json:"arn"`
	Type            string     `json:"type"`
	AccountID       string     `json:"accountId,omitempty"`
	SourceIPAddress string     `json:"sourceIPAddress"`
	UserAgent       string     `json:"userAgent"`
	EventName       string     `json:"eventName"`
	EventID         string     `json:"eventID"`
	EventTime       *time.Time `json:"eventTime"`
	InvokedBy       string     `json:"invokedBy,omitempty"`
	AccessKeyID     string     `json:"accessKeyId,omitempty"`
	SourceIdentity  string     `json:"sourceIdentity,omitempty"` // who stands behind a role's session, where he had to say so
	RequestID       string     `json:"-"`                        // see bucket.Event
	IssuerARN       string     `json:"-"`                        // the role of a session, with its path; "" where the record does not tell
}

// Segment is a stretch of a window in which the same routes gave the access.
type Segment struct {
	From   *time.Time `json:"from"`
	To     *time.Time `json:"to"` // nil: still open
	Routes []RouteID  `json:"routes"`
}

// Exposure is who outside can do what, by which route, from when to when.
type Exposure struct {
	ID          string          `json:"id"`
	Account     string          `json:"account"`
	Region      string          `json:"region"`
	Bucket      string          `json:"bucket"`
	Key         string          `json:"key,omitempty"`
	AccessPoint string          `json:"access_point,omitempty"`
	Route       RouteID         `json:"route"`
	Audience    policy.Audience `json:"audience"`
	Principals  []string        `json:"principals,omitempty"`
	Access      []policy.Access `json:"access"`
	Scope       policy.Scope    `json:"scope"`
	State       State           `json:"state"`
	Certainty   Certainty       `json:"certainty"`
	BlockedBy   []string        `json:"blocked_by"`
	OpenedAt    *time.Time      `json:"opened_at"` // nil: before the first record
	OpenedBy    *Actor          `json:"opened_by"`
	ClosedAt    *time.Time      `json:"closed_at"` // nil: not seen to close
	ClosedBy    *Actor          `json:"closed_by"`
	Uncertain   *Bounds         `json:"bounds,omitempty"` // where an edge is not exact
	Segments    []Segment       `json:"segments"`
	URI         string          `json:"URI"`                  // group, principal or "*" that was granted
	Permission  string          `json:"Permission"`           // ACL permission or policy actions
	Statements  []string        `json:"statements,omitempty"` // of a policy: those that decide it
	Guards      []string        `json:"guards,omitempty"`
	Witness     *policy.Witness `json:"witness"`
	Reasons     []string        `json:"reasons"`
	Unknowns    []string        `json:"unknowns"`
	// Latent says that a guard held it throughout.
	Latent bool `json:"latent,omitempty"`

	// Found says that OpenedAt is only when a reading of the account found it.
	Found bool `json:"-"`
}

// Bounds are the earliest and latest instants at which an inexact window can
// have opened or closed. A nil edge is unbounded.
type Bounds struct {
	OpenedEarliest *time.Time `json:"opened_earliest"`
	OpenedLatest   *time.Time `json:"opened_latest"`
	ClosedEarliest *time.Time `json:"closed_earliest"`
	ClosedLatest   *time.Time `json:"closed_latest"`
}
