// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

// describeEffects says what the record opens or closes on its own.
func describeEffects(e *report.Event, changes []*bucket.Change, found triage.Result, uses []*replay.Use) {
	for i := range found.Exposures {
		x := &found.Exposures[i]
		e.Effects = addNew(e.Effects, openingWords(x))
		for _, text := range x.Unknowns {
			e.Unknowns = addNew(e.Unknowns, text)
		}
		if e.Witness == nil && x.Audience.Public() && x.State == exposure.Open {
			e.Witness = x.Witness
		}
	}
	for _, c := range changes {
		if text := closingWords(c, len(found.Exposures) > 0); text != "" {
			e.Effects = addNew(e.Effects, text)
		}
	}
	for _, u := range uses {
		e.Effects = addNew(e.Effects, useWords(u))
	}
	for _, c := range changes {
		if c.Policy != nil && c.Outcome == bucket.Done {
			for _, text := range later(c.Policy.Document, changeFacts(c), new(judge(c.Policy.Document, changeFacts(c)))) {
				e.Effects = addNew(e.Effects, "opens or closes later, by a Date condition: "+text)
			}
		}
	}
}

func openingWords(x *exposure.Exposure) string {
	who := string(x.Audience)
	if len(x.Principals) > 0 {
		who += " " + shortList(x.Principals, "", nil)
	}
	var access []string
	for _, a := range x.Access {
		access = append(access, string(a))
	}
	scope := slices.DeleteFunc(slices.Clone(x.Scope.Include), func(s string) bool { return s == "" || s[0] == '/' })
	where := cmp.Or(shortList(scope, "", nil), "what lies behind the access point")
	what := who + " gets " + strings.Join(access, ", ") + " on " + where + " by " + string(x.Route)
	switch {
	case x.Latent || x.State == exposure.Blocked:
		return "grants, but held shut by " + strings.Join(x.BlockedBy, ", ") + ": " + what
	case x.State == exposure.Unknown:
		return "may open: " + what
	}
	return "opens: " + what
}

// closing are what a change ends or puts up, by its setting, where it was done.
var closing = map[bucket.Slot]func(c *bucket.Change) string{
	bucket.SlotACL: func(c *bucket.Change) string { return replacedACL(c, "bucket") },
	bucket.SlotObjectACL: func(c *bucket.Change) string {
		return replacedACL(c, "object")
	},
	bucket.SlotPolicy: func(c *bucket.Change) string {
		if c.Removed {
			return "ends what the policy allowed; its Deny statements end too, which may have held a public ACL shut"
		}
		return "ends what the former policy allowed, and its Deny statements"
	},
	bucket.SlotAccessPointPolicy: func(*bucket.Change) string { return "ends what the access point's former policy allowed" },
	bucket.SlotBlock:             func(c *bucket.Change) string { return guardWords(c, "the bucket") },
	bucket.SlotAccountBlock:      func(c *bucket.Change) string { return guardWords(c, "every bucket of the account") },
	bucket.SlotOrganizationBlock: func(*bucket.Change) string {
		return "sets Block Public Access for the accounts of the organization that it is attached to"
	},
	bucket.SlotOwnership: func(c *bucket.Change) string {
		if c.Ownership == bucket.BucketOwnerEnforced {
			return "closes: ACLs have no effect from now on; they stay stored"
		}
		return "takes a guard off: ACLs count again, those that were stored before too"
	},
	bucket.SlotBucket: func(c *bucket.Change) string {
		if c.Removed {
			return "closes: everything that the bucket exposed ends"
		}
		return "starts a bucket: since April 2023 with Block Public Access on and ACLs off, where the call does not say otherwise"
	},
	bucket.SlotAccessPoint: func(c *bucket.Change) string {
		if c.Removed {
			return "closes: the way in through the access point ends"
		}
		return "opens nothing by itself: the access point's policy and the bucket's decide"
	},
	bucket.SlotReplication: func(c *bucket.Change) string {
		if c.Removed {
			return "ends copying to another bucket; what was copied stays there"
		}
		return "copies new objects to another bucket, which has its own settings"
	},
	bucket.SlotInventory: func(c *bucket.Change) string {
		if c.Removed {
			return "ends the lists of this inventory; those that were delivered stay where they are"
		}
		return "sends lists of the bucket's objects, with their sizes and dates, to a bucket" + sentTo(c)
	},
	bucket.SlotNotification: func(c *bucket.Change) string {
		if c.Removed {
			return "tells no topic, queue or function of objects any more"
		}
		return "tells topics, queues or functions the names of objects as they change" + sentTo(c)
	},
	bucket.SlotPayer: func(c *bucket.Change) string {
		if c.Value == "Requester" {
			return "closes to unsigned requests: they are refused under Requester Pays; signed ones of any account pass"
		}
		return "lets unsigned requests pass again, where another setting permits them"
	},
	bucket.SlotWebsite:    func(*bucket.Change) string { return "opens nothing by itself: a website serves what is public already" },
	bucket.SlotVersioning: func(*bucket.Change) string { return "opens nothing by itself: former versions keep their own ACLs" },
	bucket.SlotEncryption: func(c *bucket.Change) string {
		if strings.HasPrefix(c.Value, "aws:kms") {
			return "closes new objects to unsigned requests: they are under a KMS key; what is there stays as it is"
		}
		return "opens nothing by itself: it is the default for new objects"
	},
	bucket.SlotLogging: func(*bucket.Change) string { return "changes what later logs can tell, not who gets in" },
	bucket.SlotObservation: func(*bucket.Change) string {
		return "none: it reads a setting, which tells what held at that moment"
	},
}

func closingWords(c *bucket.Change, opens bool) string {
	switch {
	case c.Outcome == bucket.Refused && c.Slot != bucket.SlotObservation:
		return "none: it was refused, so that nothing changed"
	case c.Outcome == bucket.Unclear:
		return "not known: after this error either the former or the new value may hold"
	}
	if f := closing[c.Slot]; f != nil {
		text := f(c)
		if opens && strings.HasPrefix(text, "none") {
			return ""
		}
		return text
	}
	return ""
}

func replacedACL(c *bucket.Change, what string) string {
	if c.ACL != nil && !c.ACL.Public() {
		return "closes: every public grant that the " + what + "'s former ACL had ends"
	}
	return "replaces the whole ACL that the " + what + " had"
}

// guardWords says what flags of Block Public Access hold from now on, or hold
// no more.
func guardWords(c *bucket.Change, of string) string {
	if c.Block == nil {
		return ""
	}
	holds := map[bucket.Flag]string{
		bucket.BlockPublicAcls: "new public ACLs are refused", bucket.IgnorePublicAcls: "public ACLs have no effect",
		bucket.BlockPublicPolicy: "new public policies are refused", bucket.RestrictPublicBuckets: "a public policy lets no stranger in",
	}
	var on, off []string
	for _, f := range bucket.Flags {
		if c.Block[f] == bucket.True {
			on = append(on, holds[f])
		} else {
			off = append(off, f.String())
		}
	}
	var parts []string
	if len(on) > 0 {
		parts = append(parts, "closes for "+of+": "+strings.Join(on, ", "))
	}
	if len(off) > 0 {
		parts = append(parts, "not held for "+of+" from now on, as far as this setting goes: "+strings.Join(off, ", "))
	}
	return strings.Join(parts, "; ")
}

func useWords(u *replay.Use) string {
	who := "somebody without credentials"
	if u.Account != "anonymous" {
		who = "account " + u.Account
	}
	if u.Denied {
		return "none: " + who + " was refused " + string(u.Access)
	}
	return "none: but it proves that " + who + " had " + string(u.Access) + " at that moment"
}

// describeAlerts lists the kinds of alert that the record gives by itself, and
// those that it can give together with others.
func describeAlerts(e *report.Event, changes []*bucket.Change, found triage.Result) {
	for i := range found.Alerts {
		a := &found.Alerts[i]
		if hasKind(e, a.Kind) {
			continue
		}
		e.Alerts = append(e.Alerts, report.EventAlert{Kind: a.Kind, Certain: true, Severity: a.Severity, When: "by this record alone: " + a.SeverityWhy})
		for _, text := range a.Unknowns {
			e.Unknowns = addNew(e.Unknowns, text)
		}
	}
	for _, row := range withOthers {
		if !isCertain(e, row.kind) && row.fits(e, changes) {
			e.Alerts = append(e.Alerts, report.EventAlert{Kind: row.kind, When: row.when})
		}
	}
	if len(changes) > 0 && changes[0].Slot != bucket.SlotObservation {
		e.Unknowns = addNew(e.Unknowns, "what was set before and after: hunt puts the records of a bucket together")
	}
}

func hasKind(e *report.Event, kind triage.Kind) bool {
	return slices.ContainsFunc(e.Alerts, func(a report.EventAlert) bool { return a.Kind == kind })
}

func isCertain(e *report.Event, kind triage.Kind) bool {
	return slices.ContainsFunc(e.Alerts, func(a report.EventAlert) bool { return a.Kind == kind && a.Certain })
}

// withOthers are the kinds that depend on other records too.
var withOthers = []struct {
	kind triage.Kind
	fits func(e *report.Event, changes []*bucket.Change) bool
	when string
}{
	{triage.KindLatent, func(e *report.Event, changes []*bucket.Change) bool {
		return hasKind(e, triage.KindPublic) && len(changes) > 0
	}, "instead of public, where a guard held it all the time: Block Public Access, Object Ownership or a Deny"},
	{triage.KindGuardRemoved, func(_ *report.Event, changes []*bucket.Change) bool { return anyDone(changes, exposure.IsGuardDown) },
		"where the guard was on before"},
	{triage.KindPublic, func(_ *report.Event, changes []*bucket.Change) bool { return anyDone(changes, exposure.IsGuardDown) },
		"where a public grant was waiting behind the guard, or follows"},
	{triage.KindPublic, func(_ *report.Event, changes []*bucket.Change) bool { return anyDone(changes, replacesPolicy) },
		"where a Deny of the former policy, which the new one lacks, held a public ACL shut"},
	{triage.KindPublic, func(_ *report.Event, changes []*bucket.Change) bool {
		return anyDone(changes, func(c *bucket.Change) bool { return c.PayloadLost != "" })
	}, "where the new value, which the record does not hold, lets strangers in"},
	{triage.KindPublic, func(e *report.Event, _ []*bucket.Change) bool { return hasKind(e, triage.KindAttempt) },
		"where the same caller opens it within a day: the refused call is then told with the opening"},
	{triage.KindPublic, func(_ *report.Event, changes []*bucket.Change) bool {
		return anyDone(changes, func(c *bucket.Change) bool { return c.Slot == bucket.SlotPayer && c.Value != "Requester" })
	}, "where only Requester Pays kept unsigned requests out"},
}

func replacesPolicy(c *bucket.Change) bool { return c.Slot == bucket.SlotPolicy }

func anyDone(changes []*bucket.Change, is func(*bucket.Change) bool) bool {
	return slices.ContainsFunc(changes, func(c *bucket.Change) bool { return c.Outcome == bucket.Done && is(c) })
}

// sentTo names the foreign account that something goes to, if one is named.
func sentTo(c *bucket.Change) string {
	if c.Value == "" {
		return ""
	}
	return " of account " + c.Value
}
