// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// weigh completes an alert: sentence, strangers' use, flags, severity with its
// reason, confidence and suggestion.
func (r *ranker) weigh(a *Alert) {
	a.Access = sortAccess(a.Access)
	a.AccessSeen = r.accessSeen(a)
	a.Flags = r.flags(a)
	a.Severity, a.SeverityWhy = severity(a, r.ownAccounts)
	a.Confidence = map[exposure.Certainty]string{exposure.Proven: "high", exposure.Inferred: "high", exposure.Assumed: "medium"}[a.Certainty]
	if a.State == exposure.Unknown {
		a.Confidence = "low"
	}
	a.Suggestion = suggest(a)
	a.Title = title(a)
	if a.Scope.Include == nil {
		a.Scope.Include = []string{}
	}
	a.Reasons, a.Unknowns = appendNew([]string{}, a.Reasons...), appendNew([]string{}, a.Unknowns...)
	if a.Segments == nil {
		a.Segments = []exposure.Segment{}
	}
	if a.Exposures == nil {
		a.Exposures = []string{}
	}
}

// severityRow is one row of the severity table; the first row that fits gives
// the level, which the adjustments then move by one.
type severityRow struct {
	kind     Kind
	audience func(policy.Audience) bool
	access   []policy.Access // any of these
	level    Severity
	why      string
}

func public(a policy.Audience) bool {
	return a == policy.Anyone || a == policy.AnyAWSAccount || a == policy.WebIdentity
}

func whoever(policy.Audience) bool { return true }

// severityTable is the whole rule (docs/severity.md tells it in words).
var severityTable = []severityRow{
	{KindPublic, public, []policy.Access{policy.ACLWrite, policy.ConfigWrite}, Critical, "strangers can take the bucket over"},
	{KindPublic, public, []policy.Access{policy.Write, policy.Delete}, Critical, "strangers can change what is stored"},
	{KindPublic, public, []policy.Access{policy.Read}, High, "strangers can read contents"},
	{KindPublic, public, []policy.Access{policy.List}, Medium, "strangers can list names"},
	{KindPublic, public, nil, Medium, "strangers can read settings"},
	{KindPublic, whoever, nil, Medium, "only listed addresses get in, but nobody is named"},
	{KindShared, whoever, []policy.Access{policy.ACLWrite, policy.ConfigWrite, policy.Write, policy.Delete}, High, "a foreign account can change what is stored"},
	{KindShared, whoever, nil, Medium, "a foreign account has access"},
	{KindLatent, whoever, nil, Low, "a guard holds, but its removal would open it"},
	{KindGuardRemoved, whoever, nil, Medium, "the next public grant will not be stopped"},
	{KindAttempt, whoever, nil, Low, "it was refused"},
}

// severity applies the table, then the adjustments.
func severity(a *Alert, own map[string]bool) (Severity, string) {
	level, why := Low, "no row of the table fits"
	for _, row := range severityTable {
		if row.kind == a.Kind && row.audience(a.Audience) && (row.access == nil || slices.ContainsFunc(row.access, func(x policy.Access) bool { return slices.Contains(a.Access, x) })) {
			level, why = row.level, row.why
			break
		}
	}
	for _, adjust := range adjustments {
		if adjust.fits(a, own) {
			level = move(level, adjust.by)
			why += "; " + adjust.why
		}
	}
	return level, why
}

// adjustment moves the level by one step: up is -1.
type adjustment struct {
	fits func(a *Alert, own map[string]bool) bool
	by   int
	why  string
}

var adjustments = []adjustment{
	{func(a *Alert, _ map[string]bool) bool { return a.flag("bucket-name") == Yes && a.Kind != KindAttempt }, -1, "the name tells of sensitive content"},
	{func(a *Alert, _ map[string]bool) bool {
		return a.Kind == KindPublic && a.AccessSeen.Verdict == "confirmed"
	}, -1, "strangers used it"},
	{func(a *Alert, _ map[string]bool) bool { return a.escalated }, -1, "it was tried before and refused"},
	{func(a *Alert, _ map[string]bool) bool {
		return (a.State == exposure.Closed && a.Kind != KindAttempt) || (a.State == exposure.Blocked && a.Kind == KindPublic)
	}, 1, "it is shut again"},
	{func(a *Alert, _ map[string]bool) bool {
		return a.Key != "" && a.Kind == KindPublic && a.flag("bucket-name") != Yes
	}, 1, "one object only"},
	{func(a *Alert, _ map[string]bool) bool {
		return a.flag("bucket-name") == No && a.Kind == KindPublic && readOnly(a)
	}, 1, "the name looks meant for the public"},
	{func(a *Alert, own map[string]bool) bool {
		return a.Kind == KindShared && len(a.Principals) > 0 && !slices.ContainsFunc(a.Principals, func(p string) bool { return !own[p] })
	}, 2, "the account's own trail is among the logs read"},
	{func(a *Alert, _ map[string]bool) bool {
		return a.Kind == KindGuardRemoved && a.Bucket != ""
	}, 1, "of one bucket only"},
}

func readOnly(a *Alert) bool {
	return !slices.ContainsFunc(a.Access, func(x policy.Access) bool {
		return x != policy.Read && x != policy.List && x != policy.ACLRead && x != policy.ConfigRead
	})
}

func move(s Severity, by int) Severity {
	i := slices.Index(Severities, s) + by
	return Severities[max(0, min(i, len(Severities)-1))]
}

func (a *Alert) flag(id string) Answer {
	for _, f := range a.Flags {
		if f.ID == id {
			return f.Answer
		}
	}
	return Cannot
}

// compareAlerts sorts worst first: severity, then still open, then newest.
func compareAlerts(a, b Alert) int {
	return cmp.Or(
		cmp.Compare(slices.Index(Severities, a.Severity), slices.Index(Severities, b.Severity)),
		cmp.Compare(stateOrder(a.State), stateOrder(b.State)),
		compareTimes(when(&b), when(&a)),
		cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID))
}

func stateOrder(s exposure.State) int {
	return slices.Index([]exposure.State{exposure.Open, exposure.Unknown, exposure.Blocked, exposure.Closed}, s)
}

func when(a *Alert) *time.Time {
	if a.OpenedAt == nil && a.OpenedBy != nil {
		return a.OpenedBy.EventTime
	}
	return a.OpenedAt
}

func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return a.Compare(*b)
}

// suggest proposes a verdict. It decides nothing, and says what would make it
// wrong.
func suggest(a *Alert) *Suggestion {
	s := &Suggestion{Verdict: "cannot-tell", Confidence: "low", Reasons: []string{}, Missing: missing(a)}
	for _, f := range a.Flags {
		if f.Answer == Yes && len(f.For) > 0 {
			s.Reasons = append(s.Reasons, f.ID+": "+f.For[0])
		}
	}
	switch {
	case a.escalated && a.flag("source-ip") == Yes && a.flag("user-behaviour") == Yes:
		s.Verdict, s.Confidence = "malicious", "medium"
		s.WrongIf = []string{"the caller is known to work from this address, and was working around a refusal for a reason"}
	case a.Kind == KindPublic && a.flag("bucket-name") == Yes:
		s.Verdict, s.Confidence = "unintended", "medium"
		s.WrongIf = []string{"the owner publishes this content on purpose; the name misleads"}
	case a.Kind == KindPublic && a.flag("bucket-name") == No && readOnly(a) && a.flag("source-ip") != Yes:
		s.Verdict, s.Confidence = "intended", "medium"
		s.Reasons = append(s.Reasons, againstOf(a, "bucket-name")...)
		s.WrongIf = []string{"the bucket also holds what is not for the public"}
		if a.State == exposure.Closed && a.ClosedBy != nil && strings.EqualFold(a.ClosedBy.ARN, arnOf(a.OpenedBy)) && shortLived(a) {
			s.Verdict = "test"
			s.Reasons = append(s.Reasons, "the same caller closed it within a day")
		}
	default:
		s.WrongIf = []string{}
	}
	s.Reasons = s.Reasons[:min(3, len(s.Reasons))]
	return s
}

func arnOf(by *exposure.Actor) string {
	if by == nil {
		return ""
	}
	return by.ARN
}

func shortLived(a *Alert) bool {
	return a.OpenedAt != nil && a.ClosedAt != nil && a.ClosedAt.Sub(*a.OpenedAt) < 24*time.Hour
}

func againstOf(a *Alert, id string) []string {
	for _, f := range a.Flags {
		if f.ID == id {
			return f.Against
		}
	}
	return nil
}

func missing(a *Alert) []string {
	out := []string{}
	if a.AccessSeen.Verdict == "cannot-be-known" {
		out = append(out, "S3 data events or access logs of the bucket, to know who used it")
	}
	for _, f := range a.Flags {
		if f.Answer == Cannot && len(f.Against) == 0 && len(f.For) == 0 {
			out = append(out, "evidence for the flag "+f.ID)
		}
	}
	return out
}
