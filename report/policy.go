// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage"
)

// Explanation is one line of `explain -o jsonl`: exactly one field is set.
type Explanation struct {
	Policy *Policy `json:"policy,omitempty"`
	ACL    *ACL    `json:"acl,omitempty"`
	Event  *Event  `json:"event,omitempty"`
}

// UnknownReach is the reach of a policy that could not be read. It is none of
// policy's audiences, so that nothing takes it for nobody.
const UnknownReach policy.Audience = "unknown"

// Policy is the verdict on one policy document.
type Policy struct {
	ID         json.RawMessage  `json:"id"`         // as given; the file's name for a single document
	Classifier policy.Status    `json:"classifier"` // what GetBucketPolicyStatus says
	Reach      policy.Audience  `json:"reach"`      // anyone, any-aws-account, web-identity, network, none, or UnknownReach
	Audiences  []PolicyAudience `json:"audiences"`
	Witness    *policy.Witness  `json:"witness"` // of the widest audience
	Reasons    []string         `json:"reasons"` // per statement
	Later      []string         `json:"later"`   // what a Date condition opens or closes after the time of the verdict
	Problems   []string         `json:"problems"`
}

// GivenUp reports whether the search for some way in was given up.
func (p *Policy) GivenUp() bool {
	return slices.ContainsFunc(p.Audiences, func(a PolicyAudience) bool { return a.Grant.GivenUp() })
}

// PolicyAudience is one way in, with the lists of it never absent.
type PolicyAudience struct {
	policy.Grant
	Guards  []string        `json:"guards"`
	Witness *policy.Witness `json:"witness"`
}

// ACL is the verdict on one access control list.
type ACL struct {
	ID       string          `json:"id"`
	On       string          `json:"on"`   // "bucket" or "object"
	Form     string          `json:"form"` // how it was written: body, canned …, grant headers
	Public   bool            `json:"public"`
	Reach    policy.Audience `json:"reach"` // the widest audience, as for a policy
	Owner    string          `json:"owner"` // canonical user id; "" where the list does not tell
	Grants   []ACLGrant      `json:"grants"`
	Witness  *policy.Witness `json:"witness"` // of the widest audience
	Guards   []string        `json:"guards"`  // what would hold it shut and is not known from the list alone
	Problems []string        `json:"problems"`
}

// ACLGrant is one grant, in AWS's words and in plain ones.
type ACLGrant struct {
	Grantee    string          `json:"grantee"`
	Permission string          `json:"Permission"`
	Audience   policy.Audience `json:"audience"` // none: the owner, or an AWS service
	Public     bool            `json:"public"`
	Who        string          `json:"who"`
	May        string          `json:"may"`
	Access     []policy.Access `json:"access"`
	Actions    []string        `json:"actions"`
	Witness    *policy.Witness `json:"witness"`
}

// Event is what one CloudTrail record says and means.
type Event struct {
	Who     *exposure.Actor `json:"who"`
	Service string          `json:"eventSource"`
	Account string          `json:"account"`
	Region  string          `json:"region"`
	Bucket  string          `json:"bucket"`
	Key     string          `json:"key,omitempty"`
	// AccessPoint is set where the call is about one.
	AccessPoint string `json:"access_point,omitempty"`
	// Outcome is allowed, denied (refused), failed (for a fault in the call) or
	// unclear (after a fault of the service either may hold). Effects tells what an
	// allowed call changed, if anything.
	Outcome  string          `json:"outcome"`
	Error    string          `json:"error,omitempty"`
	Changes  []EventChange   `json:"changes"`
	Effects  []string        `json:"effects"` // what it opens or closes on its own
	Alerts   []EventAlert    `json:"alerts"`  // the kinds it can give
	Witness  *policy.Witness `json:"witness"`
	Unknowns []string        `json:"unknowns"`
	Problems []string        `json:"problems"`
}

// EventChange is one setting that a record changed, tried to change, or proves.
type EventChange struct {
	Setting string   `json:"setting"` // the slot: bucket-acl, bucket-policy, …
	To      string   `json:"to"`      // the value, in words
	Proves  []string `json:"proves,omitempty"`
}

// EventAlert is a kind of alert that a record can give, and when it does.
type EventAlert struct {
	Kind     triage.Kind     `json:"kind"`
	Certain  bool            `json:"certain"`            // the record alone gives it
	Severity triage.Severity `json:"severity,omitempty"` // by the record alone
	When     string          `json:"when"`
}

// EncodeExplanation appends one line to b. Text that would drive a terminal is
// written as \uXXXX.
func EncodeExplanation(b *bytes.Buffer, x Explanation) error {
	start := b.Len()
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(x); err != nil {
		b.Truncate(start)
		return fmt.Errorf("encoding an explanation: %w", err)
	}
	line := b.Bytes()[start:]
	if !visibleASCII(line) {
		safe := escapeJSON(line)
		b.Truncate(start)
		b.Write(safe)
	}
	return nil
}

func visibleASCII(line []byte) bool {
	for _, c := range line {
		if c >= 0x7f {
			return false
		}
	}
	return true
}

// until is the end of a grant in words; "" where the clock does not end it.
func until(t *time.Time) string {
	if t == nil {
		return ""
	}
	return "until " + stamp(t, "") + ", by a Date condition"
}
