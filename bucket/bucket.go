// SPDX-License-Identifier: Apache-2.0

// Package bucket holds the settings that AWS keeps for a bucket, its objects,
// its access points and its account, and how a change moves them.
//
// Two doors lead to a [State]: the log (a [Timeline] folded from changes) and
// the live account. Nothing here reads a clock or a file.
package bucket

import "time"

// Event is the call behind a change, under CloudTrail's own names. It is what
// evidence points to: who, when, from where.
type Event struct {
	ID              string
	Time            time.Time // UTC, resolution one second; zero when the record has no readable time
	Name            string
	Region          string
	UserName        string // the name to show: see replay.Shown
	ARN             string
	Type            string
	PrincipalID     string
	AccountID       string // caller's account
	AccessKeyID     string
	InvokedBy       string
	SourceIPAddress string
	UserAgent       string
	ErrorCode       string
	ErrorMessage    string
	SourceIdentity  string
	IssuerARN       string // of a role's session: the role, with its path
	MFA             string
	VPCEndpointID   string
	RequestID       string // of calls that bear this program's mark only: its journal has it too
}

// AgentMark begins the mark in the user agent of every writing call of this
// program: bucketlid/PLAN. Anybody can send it.
const AgentMark = "bucketlid/"

// Tri is a three-valued truth: the zero value is unknown.
type Tri int8

// The three values.
const (
	Unknown Tri = iota
	False
	True
)

// TriOf turns a known bool into a Tri.
func TriOf(b bool) Tri {
	if b {
		return True
	}
	return False
}

// Or is Kleene's disjunction: one known True decides.
func (t Tri) Or(u Tri) Tri {
	switch {
	case t == True || u == True:
		return True
	case t == Unknown || u == Unknown:
		return Unknown
	}
	return False
}

func (t Tri) String() string { return [...]string{"unknown", "false", "true"}[t] }

// ObjectOwnership is the bucket's Object Ownership setting (AWS page
// "Controlling ownership of objects and disabling ACLs").
type ObjectOwnership string

// The settings. NoOwnershipControls behaves as ObjectWriter.
const (
	BucketOwnerEnforced  ObjectOwnership = "BucketOwnerEnforced"
	BucketOwnerPreferred ObjectOwnership = "BucketOwnerPreferred"
	ObjectWriter         ObjectOwnership = "ObjectWriter"
	NoOwnershipControls  ObjectOwnership = "none"
	// ACLsEnabled is what a call proves that could not have succeeded, or failed
	// as it did, under BucketOwnerEnforced.
	ACLsEnabled ObjectOwnership = "not BucketOwnerEnforced"
)

// Flag indexes the four settings of Block Public Access.
type Flag int

// The four, in the order of the AWS page "Blocking public access to your
// Amazon S3 storage". The Block ones stop future calls, the other two hold
// what is there.
const (
	BlockPublicAcls Flag = iota
	IgnorePublicAcls
	BlockPublicPolicy
	RestrictPublicBuckets
	flagCount
)

func (f Flag) String() string {
	return [...]string{"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}[f]
}

// Flags lists the four.
var Flags = []Flag{BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets}

// PublicAccessBlock is one PublicAccessBlockConfiguration.
type PublicAccessBlock [flagCount]Tri

// AllFlags is a PublicAccessBlock with the four flags at v.
func AllFlags(v Tri) PublicAccessBlock { return PublicAccessBlock{v, v, v, v} }

// AccessPoint is an access point of a bucket, as created.
type AccessPoint struct {
	Name              string
	Account           string // owner of the access point
	VPC               string // network origin; "" is the internet
	PublicAccessBlock PublicAccessBlock
}
