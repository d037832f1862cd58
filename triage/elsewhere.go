// SPDX-License-Identifier: Apache-2.0

package triage

import "time"

// Says is what a finding of another service says about a bucket.
type Says string

// What findings say.
const (
	SaysPublic    Says = "public"     // outsiders have access
	SaysNotPublic Says = "not-public" // a check for public access passed, or the finding was resolved
	SaysShared    Says = "shared"     // a named other account has access
	SaysExternal  Says = "external"   // somebody outside has access; whether everybody, is not told
	SaysGuardOff  Says = "guard-off"  // Block Public Access is off
	SaysGuardOn   Says = "guard-on"   // Block Public Access is on
	SaysSensitive Says = "sensitive"  // what is stored is sensitive
	SaysActivity  Says = "activity"   // somebody's requests are odd
	SaysOther     Says = "other"      // about the bucket, not about who may use it
)

// Elsewhere is a finding of another service, kept beside our own evidence. It
// changes no severity, flag or suggestion.
type Elsewhere struct {
	Service  string     `json:"service"` // GuardDuty, Security Hub, IAM Access Analyzer, Macie
	ID       string     `json:"id"`      // the service's own
	Type     string     `json:"type"`    // the service's own name of the finding, or the control's
	Title    string     `json:"title"`
	Severity string     `json:"severity,omitempty"` // the service's own word or number
	Status   string     `json:"status"`             // active, resolved, archived, unknown
	Says     Says       `json:"says"`
	Account  string     `json:"account,omitempty"`
	Region   string     `json:"region,omitempty"`
	Bucket   string     `json:"bucket,omitempty"` // empty: about the account
	Key      string     `json:"key,omitempty"`
	First    *time.Time `json:"first"`
	Last     *time.Time `json:"last"`
	Details  []string   `json:"details"` // principal, action, condition, address, kinds of sensitive data
	Agrees   Answer     `json:"agrees"`  // with the alert beside which it stands
	Why      string     `json:"why"`     // it agrees or not, or stands beside no alert
	Object   string     `json:"object"`  // the file it was read from
	Offset   int64      `json:"offset"`  // in the unpacked object
}
