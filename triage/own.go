// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
)

// OwnCall is one call that this program made, as its journal tells.
type OwnCall struct {
	Plan        string
	Operation   string // the API's name, or CloudTrail's
	Account     string
	Bucket      string // "" for an account's own settings
	Key         string
	AccessPoint string
	// RequestID is AWS's id of the request; "" where the journal has none: a
	// process that ended on its way, or a service that tells none.
	RequestID string
	From, To  time.Time // when it was on its way
	Rollback  bool
	Journal   string // the file's name
}

// Own is a call behind an alert that bears this program's mark.
type Own struct {
	What     string `json:"what"` // opened_by or closed_by
	Plan     string `json:"plan"` // as the mark says
	Verified bool   `json:"verified"`
	Rollback bool   `json:"rollback,omitempty"`
	Why      string `json:"why"` // by what the journal's call is known for it, or why it is not
}

// markOf is the mark of a user agent.
var markOf = regexp.MustCompile(`(?:^|[ \[])bucketlid/((?:fix|guard)-[0-9a-f]{12})(?:[ \]]|$)`)

// clockDrift is how far the clock of whoever ran the program may differ from
// AWS's, which refuses requests beyond 15 minutes (AWS page "Authenticating
// requests"): well kept clocks are within seconds.
const clockDrift = time.Minute

// ours tells whether the calls behind an alert are this program's own. The user
// agent alone proves nothing: anybody can send it. What is ours and left nothing
// open is not worth an alert; what is open stays as bad as it is.
func (r *ranker) ours(a *Alert) {
	for _, by := range []struct {
		what  string
		actor *exposure.Actor
	}{{"opened_by", a.OpenedBy}, {"closed_by", a.ClosedBy}} {
		if by.actor == nil {
			continue
		}
		m := markOf.FindStringSubmatch(by.actor.UserAgent)
		if m == nil {
			continue
		}
		own := r.proveOwn(a, by.actor, Own{What: by.what, Plan: m[1]})
		a.Own = append(a.Own, own)
		if !own.Verified {
			a.Unknowns = append(a.Unknowns, own.Why)
			continue
		}
		a.Reasons = append(a.Reasons, own.Why)
		if own.What == "opened_by" {
			r.expectOwn(a, own)
		}
	}
}

// expectOwn says that the alert's call is ours.
func (r *ranker) expectOwn(a *Alert, own Own) {
	whose := "fix"
	if own.Rollback {
		whose = "rollback"
	}
	whose = fmt.Sprintf("bucketlid's own %s, plan %s", whose, own.Plan)
	a.Title = strings.TrimSuffix(a.Title, ".") + " (" + whose + ")."
	a.SeverityWhy += "; it is " + whose
	if a.Kind != KindPublic && a.Kind != KindShared {
		a.Severity = Info
	}
	if a.Suggestion != nil {
		a.Suggestion.Verdict, a.Suggestion.Confidence = Intended, "medium"
		a.Suggestion.Reasons = []string{own.Why}
		a.Suggestion.WrongIf = []string{"whoever ran bucketlid was not entitled to, or somebody else can write its journal"}
	}
}

// proveOwn looks the call up in the journals.
func (r *ranker) proveOwn(a *Alert, by *exposure.Actor, own Own) Own {
	call := "the user agent of " + by.EventName + " names bucketlid's plan " + own.Plan
	for i := range r.known.Journals {
		c := &r.known.Journals[i]
		if c.Plan != own.Plan || !c.about(a, by) {
			continue
		}
		switch {
		case c.RequestID != "" && by.RequestID != "":
			if c.RequestID == by.RequestID {
				own.Verified, own.Rollback = true, c.Rollback
				own.Why = call + ", and " + c.Journal + " has the call, with AWS's id of the request"
				return own
			}
		case c.during(by.EventTime):
			own.Verified, own.Rollback = true, c.Rollback
			own.Why = call + ", and " + c.Journal + " has the call at that time, without AWS's id of the request"
		}
	}
	if own.Verified {
		return own
	}
	own.Why = call + ", but no journal was given (--journal): anybody can send that user agent"
	if len(r.known.JournalNames) > 0 {
		own.Why = call + ", but none of the journals given has that call: anybody can send that user agent"
	}
	return own
}

// about reports whether a call of the journal may be the actor's by name and
// place.
func (c *OwnCall) about(a *Alert, by *exposure.Actor) bool {
	same := func(mine, its string) bool { return mine == "" || its == "" || mine == its }
	keys := c.Key == "" || c.Key == a.Key || slices.Contains(a.Keys, c.Key) || a.Objects > len(a.Keys)
	return apiName(c.Operation) == apiName(by.EventName) && same(c.Account, a.Account) && same(c.Bucket, a.Bucket) && same(c.AccessPoint, a.AccessPoint) && keys
}

func (c *OwnCall) during(at *time.Time) bool {
	return at != nil && !at.Before(c.From.Add(-clockDrift)) && !at.After(c.To.Add(clockDrift))
}

// apiName is the API's name of a call that CloudTrail writes otherwise.
func apiName(event string) string {
	switch event {
	case "PutBucketPublicAccessBlock":
		return "PutPublicAccessBlock"
	case "DeleteBucketPublicAccessBlock":
		return "DeletePublicAccessBlock"
	}
	return event
}
