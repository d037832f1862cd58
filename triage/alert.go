// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"net/netip"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// Kind says what an alert is about.
type Kind string

// The five kinds.
const (
	KindPublic       Kind = "public"        // it is or was open
	KindLatent       Kind = "latent"        // granted, never open so far: a guard holds
	KindAttempt      Kind = "attempt"       // a denied call that would have opened it
	KindGuardRemoved Kind = "guard-removed" // nothing known open, but the lid came off
	KindShared       Kind = "shared"        // a named foreign account got access
)

// Severity ranks alerts.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Severities lists them, worst first.
var Severities = []Severity{Critical, High, Medium, Low, Info}

// Alert is one thing for a person to look at. Its JSON form is the `alert`
// message of the stream bucketlid/1.
type Alert struct {
	ID              string             `json:"id"`
	Kind            Kind               `json:"kind"`
	Severity        Severity           `json:"severity"`
	SeverityWhy     string             `json:"severity_why"`
	Confidence      string             `json:"confidence"` // high, medium, low
	Title           string             `json:"title"`
	UserName        string             `json:"userName"`
	SourceIPAddress string             `json:"sourceIPAddress"`
	BucketName      string             `json:"bucketName"`
	URI             string             `json:"URI"`
	Permission      string             `json:"Permission"`
	Statements      []string           `json:"statements,omitempty"` // of a policy: those that decide it
	Account         string             `json:"account"`
	Region          string             `json:"region"`
	Bucket          string             `json:"bucket"`
	Key             string             `json:"key,omitempty"`
	Objects         int                `json:"objects,omitempty"` // of a change set: how many, instead of key
	Keys            []string           `json:"keys,omitempty"`    // of a change set: the first 20 by name
	AccessPoint     string             `json:"access_point,omitempty"`
	Route           string             `json:"route"` // a route, or for guard-removed the guard
	Audience        policy.Audience    `json:"audience"`
	Principals      []string           `json:"principals,omitempty"`
	Access          []policy.Access    `json:"access"`
	Scope           policy.Scope       `json:"scope"`
	State           exposure.State     `json:"state"`
	Certainty       exposure.Certainty `json:"certainty"`
	BlockedBy       []string           `json:"blocked_by"`
	OpenedAt        *time.Time         `json:"opened_at"`
	ClosedAt        *time.Time         `json:"closed_at"`
	OpenedBy        *exposure.Actor    `json:"opened_by"`
	ClosedBy        *exposure.Actor    `json:"closed_by"`
	Segments        []exposure.Segment `json:"segments,omitempty"`
	Bounds          *exposure.Bounds   `json:"bounds,omitempty"`
	Witness         *policy.Witness    `json:"witness"`
	Reasons         []string           `json:"reasons"`
	Flags           []Flag             `json:"flags"` // always all four
	Suggestion      *Suggestion        `json:"suggestion"`
	AccessSeen      AccessSeen         `json:"access_seen"`
	Unknowns        []string           `json:"unknowns"`
	Exposures       []string           `json:"exposures"`     // ids of the exposures behind it
	Own             []Own              `json:"own,omitempty"` // calls with this program's mark, and whether its journal has them
	Probe           *Probe             `json:"probe,omitempty"`
	// Elsewhere are findings of other services about the same bucket.
	Elsewhere     []Elsewhere `json:"elsewhere,omitempty"`
	ElsewhereMore int         `json:"elsewhere_more,omitempty"` // beyond the first 50

	guards      []string       // conditions that hinder a stranger
	unseenGrant bool           // somebody came in, and no grant was seen
	escalated   bool           // a refused try went before
	signs       int            // of somebody at work who should not be
	hides       bool           // it came from a VPN, or from a rented server
	unseen      bool           // it came from Tor, a proxy or an anonymizer
	listed      string         // the list of hiding networks or hosts that names the address, stale or not
	linked      bool           // other identities did what thieves do, from the same new address
	offHours    bool           // it came at an hour at which the caller does not work
	remade      []time.Time    // when the bucket was made or deleted, in order
	website     string         // how it serves one; "" when it does not, or that is not known
	madeSite    bool           // it does only since who opened it did so for it
	prepared    string         // what the caller did before that a thief does
	unsettled   time.Time      // since when the caller alone works from this address; zero: for long, or others do too
	networks    []netip.Prefix // that the policy lists, of an alert whose audience is a network
	lets        lets           // whose the listed addresses are
	letsSelf    bool           // one of them is the caller\'s own address
	ownKey      bool           // all that is strongly unusual is that the caller works with a key that he made himself
	byWord      bool           // what speaks strongly for usual behaviour is the context file alone
	call        *bucket.Event  // that opened it; nil where its record is not known
	copySource  string         // what the object was copied from, "bucket/key", where the record that opened it tells
	brought     string         // that the opener made the bucket, and copied objects meanwhile
	tookItems   int64          // objects that the opener's own address took unsigned
}

// Flag is one of the four red flags: source-ip, user-behaviour, bucket-name, permission.
type Flag struct {
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Answer   Answer   `json:"answer"`
	Strong   bool     `json:"strong"` // decided by strong evidence
	For      []string `json:"for"`    // strong first
	Against  []string `json:"against"`
	Missing  []string `json:"missing"`            // what could not be looked at
	How      string   `json:"how"`                // how it is answered
	Baseline string   `json:"baseline,omitempty"` // what it was compared with
}

// Suggestion is a verdict that a person may accept; it decides nothing.
type Suggestion struct {
	Verdict    string   `json:"verdict"`
	Confidence string   `json:"confidence"`
	Reasons    []string `json:"reasons"`
	WrongIf    []string `json:"wrong_if"`
	Missing    []string `json:"missing"`
}

// AccessSeen is what strangers did through the opening, or why that cannot be known.
type AccessSeen struct {
	Verdict   string   `json:"verdict"` // confirmed, attempts-only, none-seen, cannot-be-known
	Why       string   `json:"why,omitempty"`
	Requests  int64    `json:"requests"`
	Denied    int64    `json:"denied"`
	Addresses int      `json:"addresses"`
	Accounts  []string `json:"accounts,omitempty"` // foreign accounts, at most 20
	Bytes     int64    `json:"bytes"`
	Objects   int64    `json:"objects"`        // distinct
	Keys      []string `json:"keys,omitempty"` // of objects: the first 20 by name, what sites are made of last
	ByACL     int64    `json:"by_acl"`         // of Requests: let in by an ACL; the others by a policy, or it is not told
	Sources   []string `json:"sources"`        // the logs that it rests on
	// Scanners are addresses that ask many buckets, or that only ask, by the name
	// of a known scanner; ScannerRequests are theirs, among Requests.
	Scanners        int   `json:"scanners"`
	ScannerRequests int64 `json:"scanner_requests"`
	// OwnRequests are unsigned requests from the opener's own address: a test, or
	// the reason for opening. They are not among Requests.
	OwnRequests int64           `json:"own_requests"`
	Strangers   []Stranger      `json:"strangers"` // the busiest, at most 20
	First       *time.Time      `json:"first"`
	Last        *time.Time      `json:"last"`
	Access      []policy.Access `json:"access,omitempty"`
}

// Stranger is one address, signed in to one account or to none, that used an
// opening.
type Stranger struct {
	SourceIPAddress string          `json:"sourceIPAddress"`
	Account         string          `json:"account"` // "anonymous" for unsigned requests
	Access          []policy.Access `json:"access"`
	Requests        int64           `json:"requests"`
	Denied          int64           `json:"denied"`
	Bytes           int64           `json:"bytes"`
	Objects         int64           `json:"objects"`
	Scanner         string          `json:"scanner,omitempty"` // why it is taken for one
	First           *time.Time      `json:"first"`
	Last            *time.Time      `json:"last"`
	Opener          bool            `json:"opener,omitempty"` // the address of who opened it
	Own             bool            `json:"own,omitempty"`    // in a network of the organization's own, as the context file says
}
