// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

var audienceWords = map[policy.Audience]string{
	policy.Anyone:        "anyone on the internet",
	policy.AnyAWSAccount: "any AWS account",
	policy.WebIdentity:   "anyone with a sign-in of a public identity provider",
	policy.Network:       "anyone at the listed addresses",
}

var accessWords = map[policy.Access]string{
	policy.List: "list object names", policy.Read: "read objects", policy.Write: "write objects", policy.Delete: "delete objects",
	policy.ACLRead: "read ACLs", policy.ACLWrite: "change ACLs", policy.ConfigRead: "read settings", policy.ConfigWrite: "change settings",
}

// title is the alert in one plain sentence: who did what to which bucket, when
// and from where, and how it stands now.
func title(a *Alert) string {
	who, when := actorWords(a.OpenedBy)
	what := "bucket " + a.Bucket
	if a.Bucket == "" {
		what = "account " + a.Account
		if a.AccessPoint != "" {
			what = "a bucket not seen"
		}
	}
	if a.Key != "" {
		what = "object " + a.Bucket + "/" + a.Key
	}
	if a.Objects > 0 {
		what = fmt.Sprintf("%d objects of bucket %s", a.Objects, a.Bucket)
	}
	if a.AccessPoint != "" {
		what += " through access point " + a.AccessPoint
	}
	switch a.Kind {
	case KindAttempt:
		if a.Permission == "" && a.Audience == policy.None {
			return sentence(who, "tried to remove a guard of", what, when, "and was refused")
		}
		if a.Audience == policy.None {
			return sentence(who, "tried", a.Permission, "on", what, when, "and was refused")
		}
		return sentence(who, "tried to make", what, "public by", a.Route, when, "and was refused"+heldBy(a))
	case KindGuardRemoved:
		return sentence(who, "switched off", a.Permission, "for", what, when, guardNow(a))
	case KindShared:
		return sentence(who, "let account", strings.Join(a.Principals, ", "), doing(a), what, "by", a.Route, when, now(a))
	case KindLatent:
		return sentence(who, "granted", audienceWords[a.Audience], "to", doing(a), what, "by", a.Route, when, "but it stayed shut"+heldBy(a))
	}
	if a.OpenedBy == nil {
		return sentence(upper(audienceWords[a.Audience]), "could", doing(a), what, "by", a.Route, firstSeen(a), now(a))
	}
	return sentence(who, "let", audienceWords[a.Audience], doing(a), what, "by", a.Route, when, now(a))
}

func sentence(parts ...string) string {
	kept := slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(kept, " ") + "."
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func actorWords(by *exposure.Actor) (who, when string) {
	if by == nil {
		return "Somebody unseen", ""
	}
	who = by.UserName
	if who == "" {
		who = "An unnamed caller"
	}
	if by.EventTime != nil {
		when = "at " + by.EventTime.UTC().Format("2006-01-02 15:04:05Z")
	} else {
		when = "at a time that cannot be read"
	}
	if by.SourceIPAddress != "" {
		when += " from " + by.SourceIPAddress
	}
	return who, when
}

func firstSeen(a *Alert) string {
	if a.Bounds != nil && a.Bounds.OpenedLatest != nil {
		return "already at " + clock(a.Bounds.OpenedLatest)
	}
	if a.OpenedAt != nil { // a Date condition opened it
		return "from " + clock(a.OpenedAt)
	}
	return "already before the first record"
}

func doing(a *Alert) string {
	if len(a.Access) == 0 {
		return "do what its policy says with"
	}
	words := make([]string, len(a.Access))
	for i, access := range a.Access {
		words[i] = accessWords[access]
	}
	if (a.Key != "" || a.Objects > 0) && slices.Equal(a.Access, []policy.Access{policy.Read}) {
		return "read"
	}
	last := len(words) - 1
	text := strings.Join(words[:max(last, 0)], ", ")
	if text != "" {
		text += " and "
	}
	return text + words[last] + " of"
}

func now(a *Alert) string {
	switch {
	case a.State == exposure.Open:
		return "and it is still open" + how(a)
	case a.ClosedAt == nil:
		return ""
	case a.State == exposure.Blocked:
		return "until " + clock(a.ClosedAt) + heldBy(a)
	case a.ClosedBy != nil:
		return "until " + clock(a.ClosedAt) + ", when " + a.ClosedBy.UserName + " closed it"
	}
	return "until " + clock(a.ClosedAt)
}

func guardNow(a *Alert) string {
	if a.State == exposure.Closed {
		return "and it was put back at " + clock(a.ClosedAt)
	}
	return "and it is still off"
}

func how(a *Alert) string {
	switch {
	case a.Certainty != exposure.Assumed:
		return ""
	case a.LiveOnly():
		return ", as far as could be read"
	}
	return ", as far as the log tells"
}

// LiveOnly reports an alert of which only the settings of a live account tell, and
// no log.
func (a *Alert) LiveOnly() bool {
	return slices.ContainsFunc(a.Unknowns, func(u string) bool { return strings.HasSuffix(u, exposure.BeforeScan) })
}

func heldBy(a *Alert) string {
	if len(a.BlockedBy) == 0 {
		return ""
	}
	return ", held by " + strings.Join(a.BlockedBy, " and ")
}

func clock(t *time.Time) string {
	if t == nil {
		return "a time that is not known"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

func joinLists(a, b string) string {
	have := splitNames(a)
	return strings.Join(appendNew(have, splitNames(b)...), ", ")
}

func splitNames(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ", ")
}
