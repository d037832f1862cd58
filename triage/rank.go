// SPDX-License-Identifier: Apache-2.0

// Package triage turns exposures into alerts that a person can weigh: what
// happened in one sentence, how bad it is and why, four red flags with their
// evidence, and what could not be known.
package triage

import (
	"cmp"
	"slices"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/replay"
)

// Result is everything that one run found.
type Result struct {
	Exposures []exposure.Exposure
	Alerts    []Alert // worst first
}

// Rank finds the exposures of every timeline and the alerts that follow from
// them, from refused calls, from removed guards and from strangers' requests.
// It is a pure function of ledger, baseline and what is known beside them.
func Rank(l *replay.Ledger, b *replay.Baseline, k Known) Result {
	if k.Context.Empty() {
		k.Context = nil
	}
	r := &ranker{baseline: b, known: k, deeds: newDeeds(l), days: b.Days(), entries: l.Logged, taggings: l.Taggings, ownAccounts: b.Accounts(), told: map[string]bool{}}
	r.layUses(l.Uses())
	_, until, _ := b.Span()
	homes := map[string]home{}
	for t := range l.Timelines(until, l.Gaps(b)) {
		homes[t.Bucket] = r.homeOf(t)
		if t.Bucket != "" {
			r.bucket(t)
		} else {
			r.account(t)
		}
	}
	r.unexplained(homes)
	for i := range r.out.Alerts {
		r.weigh(&r.out.Alerts[i])
	}
	slices.SortFunc(r.out.Alerts, compareAlerts)
	slices.SortFunc(r.out.Exposures, func(a, b exposure.Exposure) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), compareTimes(a.OpenedAt, b.OpenedAt), cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID))
	})
	return r.out
}

type ranker struct {
	baseline    *replay.Baseline
	known       Known
	deeds       deeds
	days        []int64 // that have records, since 1970
	uses        map[string][]*replay.Use
	scans       map[string]string // by address: why it is taken for a scanner
	entries     func(bucket string, source replay.Sources) (first, last time.Time, ok bool)
	taggings    func(bucket, key string) (list []replay.Tagging, missing string)
	ownAccounts map[string]bool
	rules       map[[2]string]saidRule // by account and bucket, as they are asked for
	out         Result
	// openers are the events that opened something, by id: a guard's removal
	// that opened a window is told with the window.
	openers map[string]bool
	blinded []blinding // filled when first asked for
	// told are the refused tries, by event id, that an opening's alert tells of.
	told map[string]bool
}

// bucket adds the exposures and alerts of one bucket.
func (r *ranker) bucket(t *bucket.Timeline) {
	found := exposure.Find(t)
	r.out.Exposures = append(r.out.Exposures, found...)
	alerts := changeSets(group(found))
	r.noteOpeners(found)
	alerts = append(alerts, r.attempts(t, alerts)...)
	alerts = append(alerts, r.guards(t, alerts)...)
	alerts = append(alerts, copies(t)...)
	site, remade := websiteOf(t), remadeOf(t)
	noteCalls(t, alerts)
	for i := range alerts {
		a := &alerts[i]
		a.remade = remade
		a.copySource = copySourceOf(t, a)
		a.networks = listedNetworks(t, a)
		if a.madeSite = r.madeFor(a, site); site != nil && !a.madeSite {
			a.website = exposure.Describe(site)
		}
	}
	r.out.Alerts = append(r.out.Alerts, alerts...)
}

// noteCalls keeps of the calls that opened something what only their records tell.
func noteCalls(t *bucket.Timeline, alerts []Alert) {
	if len(alerts) == 0 {
		return
	}
	events := map[string]*bucket.Event{}
	for _, s := range t.Steps {
		if c := s.Change; c != nil && c.Event != nil && c.Event.ID != "" {
			events[c.Event.ID] = c.Event
		}
	}
	for i := range alerts {
		if by := alerts[i].OpenedBy; by != nil && events[by.EventID] != nil {
			alerts[i].call = events[by.EventID]
		}
	}
}

// copySourceOf is what the object was copied from by the call that opened it.
func copySourceOf(t *bucket.Timeline, a *Alert) string {
	if a.OpenedBy == nil || a.OpenedBy.EventName != "CopyObject" {
		return ""
	}
	for _, s := range t.Steps {
		if c := s.Change; c != nil && c.CopySource != "" && c.Event != nil && c.Event.ID == a.OpenedBy.EventID {
			return c.CopySource
		}
	}
	return ""
}

// websiteOf is the change by which a bucket came to serve a website, nil when it
// is not known to.
func websiteOf(t *bucket.Timeline) *bucket.Change {
	for _, s := range slices.Backward(t.Steps) {
		if c := s.Change; c != nil && c.Slot == bucket.SlotWebsite && c.Outcome == bucket.Done && !c.Removed && c.Value != "" {
			return c
		}
	}
	return nil
}

// madeFor reports whether who opened a bucket had it serve a website not long
// before, or once it was open, although he did not make the bucket: then that
// tells nothing of what is in it.
func (r *ranker) madeFor(a *Alert, site *bucket.Change) bool {
	from := openedTime(a).Add(-stagingSpan)
	if site == nil || site.Event == nil || a.OpenedBy == nil || site.Event.Time.Before(from) || !sameCaller(a.OpenedBy, exposure.ActorOf(site.Event)) {
		return false
	}
	return !r.created(a, from)
}

// remadeOf lists when the bucket was made or deleted: tags do not outlive it.
func remadeOf(t *bucket.Timeline) []time.Time {
	var out []time.Time
	for _, s := range t.Steps {
		if c := s.Change; c != nil && c.Slot == bucket.SlotBucket && c.Outcome == bucket.Done && !c.Reading {
			out = append(out, s.Time)
		}
	}
	return out
}

// account adds the alerts of one account's own settings, or of the access
// points whose bucket was never seen.
func (r *ranker) account(t *bucket.Timeline) {
	alerts := append(r.attempts(t, nil), r.guards(t, nil)...)
	if points := exposure.Find(t); len(points) > 0 {
		r.out.Exposures = append(r.out.Exposures, points...)
		alerts = append(alerts, group(points)...)
	}
	noteCalls(t, alerts)
	r.out.Alerts = append(r.out.Alerts, alerts...)
}

// ofAccount reports whether a timeline is an account's own: others hold the
// account's changes too, as guards.
func ofAccount(t *bucket.Timeline) bool {
	return t.Bucket == "" && !slices.ContainsFunc(t.Steps, func(s bucket.Step) bool { return s.Change != nil && s.Change.AccessPoint != "" })
}

func (r *ranker) noteOpeners(found []exposure.Exposure) {
	if r.openers == nil {
		r.openers = map[string]bool{}
	}
	for _, e := range found {
		if e.OpenedBy != nil && !e.Latent {
			r.openers[e.OpenedBy.Key()] = true
		}
	}
}

// kindOf says what kind of alert an exposure is worth; "" is none.
func kindOf(e *exposure.Exposure) Kind {
	switch {
	case e.Audience == policy.Account && e.Latent:
		return ""
	case e.Audience == policy.Account:
		return KindShared
	case !e.Audience.Public():
		return ""
	case e.Latent:
		return KindLatent
	}
	return KindPublic
}

// group makes one alert of the exposures that one call opened by one route.
func group(found []exposure.Exposure) []Alert {
	index := map[string]int{}
	var out []Alert
	for i := range found {
		e := &found[i]
		kind := kindOf(e)
		if kind == "" {
			continue
		}
		a := fromExposure(kind, e)
		part := a.ID + "\x00" + string(a.Audience) + "\x00" + stretchOf(&a)
		if at, ok := index[part]; ok {
			join(&out[at], a)
			continue
		}
		index[part] = len(out)
		out = append(out, a)
	}
	return nameParts(out)
}

// stretchOf tells until when an alert's access lasts.
func stretchOf(a *Alert) string {
	if a.ClosedAt == nil {
		return string(a.State)
	}
	return string(a.State) + a.ClosedAt.Format(time.RFC3339)
}

// nameParts gives the alerts of one opening ids of their own: what one call opened
// to several audiences, or until several times, is as many alerts. The one that
// weighs most keeps the opening's id, so that it stays when another part ends.
func nameParts(alerts []Alert) []Alert {
	first := map[string]int{}
	for i := range alerts {
		if at, ok := first[alerts[i].ID]; !ok || speaksFor(alerts[i], alerts[at]) {
			first[alerts[i].ID] = i
		}
	}
	for i := range alerts {
		if a := &alerts[i]; first[a.ID] != i {
			a.ID = exposure.ID("a", a.ID, a.Exposures[0])
		}
	}
	return alerts
}

func fromExposure(kind Kind, e *exposure.Exposure) Alert {
	a := Alert{
		Kind: kind, Account: e.Account, Region: e.Region, Bucket: e.Bucket, BucketName: e.Bucket, Key: e.Key,
		AccessPoint: e.AccessPoint, Route: string(e.Route), Audience: e.Audience, Principals: e.Principals,
		Access: slices.Clone(e.Access), Scope: e.Scope, State: e.State, Certainty: e.Certainty, BlockedBy: e.BlockedBy,
		OpenedAt: e.OpenedAt, ClosedAt: e.ClosedAt, OpenedBy: e.OpenedBy, ClosedBy: e.ClosedBy, Segments: e.Segments,
		Bounds: e.Uncertain, Witness: e.Witness, Reasons: slices.Clone(e.Reasons), Unknowns: slices.Clone(e.Unknowns),
		URI: e.URI, Permission: e.Permission, Statements: slices.Clone(e.Statements), Exposures: []string{e.ID}, guards: slices.Clone(e.Guards),
	}
	if e.OpenedBy != nil {
		a.UserName, a.SourceIPAddress = e.OpenedBy.UserName, e.OpenedBy.SourceIPAddress
	}
	a.ID = exposure.ID("a", string(kind), e.Account, e.Bucket, e.Key, e.AccessPoint, string(e.Route), e.Opening(), sharedWith(kind, e))
	return a
}

// sharedWith tells the alerts of one policy apart that name different accounts.
func sharedWith(kind Kind, e *exposure.Exposure) string {
	if kind != KindShared || len(e.Principals) == 0 {
		return ""
	}
	return e.Principals[0]
}

// join takes a further exposure of the same opening into an alert, to the same
// audience and until the same time.
func join(a *Alert, b Alert) {
	a.Access = append(a.Access, b.Access...)
	slices.SortFunc(a.Access, func(x, y policy.Access) int {
		return cmp.Compare(slices.Index(policy.AccessOrder, x), slices.Index(policy.AccessOrder, y))
	})
	a.Access = slices.Compact(a.Access)
	a.Permission = joinLists(a.Permission, b.Permission)
	a.Statements = appendNew(a.Statements, b.Statements...)
	a.Reasons = appendNew(a.Reasons, b.Reasons...)
	a.Unknowns = appendNew(a.Unknowns, b.Unknowns...)
	a.guards = appendNew(a.guards, b.guards...)
	a.Exposures = append(a.Exposures, b.Exposures...)
}

// speaksFor tells which of two alerts of one opening weighs more: what is open,
// then what is wider, then what lasted longer.
func speaksFor(a, b Alert) bool {
	if (a.State == exposure.Open) != (b.State == exposure.Open) {
		return a.State == exposure.Open
	}
	if a.Audience != b.Audience {
		return a.Audience.Wider(b.Audience)
	}
	return b.ClosedAt != nil && (a.ClosedAt == nil || a.ClosedAt.After(*b.ClosedAt))
}

func appendNew(list []string, more ...string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}
