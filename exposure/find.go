// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// Find reports every exposure of a timeline: its windows, open or closed, and
// the grants that a guard held throughout (State Blocked). They come sorted by
// opening step and identity.
func Find(t *bucket.Timeline) []Exposure {
	f := &finder{t: t, cache: &analyses{reach: map[string]policy.Reach{}, acl: map[string][]policy.Grant{}}, settings: t.SettingSteps()}
	for i, s := range t.Steps {
		if s.Change != nil && s.Change.Reading {
			f.readings = append(f.readings, i)
		}
	}
	if len(t.Objects()) > 0 {
		f.views = make([]*view, len(f.settings)+1)
	}
	out := f.settle(f.sweepSettings())
	if len(t.Objects()) == 0 {
		return out
	}
	guards := f.guardSteps()
	for _, id := range t.Objects() {
		out = append(out, f.settle(f.sweepObject(id, guards))...)
	}
	return out
}

type finder struct {
	t        *bucket.Timeline
	cache    *analyses
	settings []int
	readings []int // steps that are readings of the live account
	// views are kept where objects ask for them again: by position in settings,
	// shifted by one, [0] is before the first step.
	views []*view
}

// view is the timeline as of step: the settings after the last setting step.
func (f *finder) view(step int) *view {
	n, found := slices.BinarySearch(f.settings, step)
	if !found {
		n--
	}
	if f.views == nil {
		return f.look(n)
	}
	if f.views[n+1] == nil {
		f.views[n+1] = f.look(n)
	}
	v := *f.views[n+1]
	v.step = step
	return &v
}

// look reads the state after the n-th setting step; -1 is before the first.
func (f *finder) look(n int) *view {
	at := -1
	if n >= 0 {
		at = f.settings[n]
	}
	v := &view{t: f.t, step: at, state: f.t.State(at), cache: f.cache}
	if at >= 0 {
		v.at = f.t.Steps[at].Time
	} else if len(f.t.Steps) > 0 {
		v.at = f.t.Steps[0].Time
	}
	return v
}

func gone(v *view) bool { return v.state.Exists.Known && !v.state.Exists.Value }

func (f *finder) sweepSettings() *sweep {
	s := newSweep(f.t)
	for _, step := range visits(f.settings, nil) {
		v := f.view(step)
		var all []holding
		if !gone(v) {
			for _, r := range Routes {
				if r.find != nil {
					all = append(all, r.find(v)...)
				}
			}
		}
		s.visit(step, all)
	}
	return s
}

// guardSteps are the setting steps at which something changed that can hold an
// object's ACL shut: the only ones that every object must be looked at again.
func (f *finder) guardSteps() []int {
	var out []int
	last := f.view(-1).guardState()
	for _, step := range f.settings {
		now := f.view(step).guardState()
		if now != last || f.t.Steps[step].Change == nil {
			out = append(out, step)
		}
		last = now
	}
	return out
}

// guardState is everything outside of an object that decides on its ACL.
func (v *view) guardState() string {
	s := v.state
	hash := ""
	if s.Policy.Value != nil {
		hash = s.Policy.Value.Hash
	}
	return fmt.Sprint(gone(v), s.Flag(bucket.IgnorePublicAcls), s.Flag(bucket.RestrictPublicBuckets),
		s.Ownership.Value, s.Ownership.Known, s.Ownership.Grade, s.Payer.Value,
		s.Policy.Known, s.Policy.Grade, s.Policy.Step, hash, s.PolicyStatus, s.GapSince, s.GapUntil)
}

func (f *finder) sweepObject(id bucket.ObjectID, guards []int) *sweep {
	s := newSweep(f.t)
	for _, step := range visits(guards, f.t.ObjectSteps(id)) {
		v := f.view(step)
		var all []holding
		if !gone(v) {
			all = objectACL(v, id)
		}
		s.visit(step, all)
	}
	return s
}

// settle turns runs into exposures: those that differ in nothing but their
// access class become one.
func (f *finder) settle(s *sweep) []Exposure {
	var out []Exposure
	index := map[string]int{}
	add := func(key string, e Exposure) {
		if i, ok := index[key]; ok {
			merge(&out[i], e)
			return
		}
		index[key] = len(out)
		out = append(out, e)
	}
	for _, r := range dropCovered(s.runs) {
		add(f.runKey(r), f.fromRun(r))
	}
	for _, l := range s.neverOpen() {
		add(f.latentKey(l), f.fromLatent(s, l))
	}
	for i := range out {
		finish(&out[i])
	}
	return out
}

func (f *finder) runKey(r *run) string {
	return fmt.Sprint(r.start, r.end, r.segments, r.id.audience, r.id.principal, r.id.key, r.id.point, r.first.uri, r.now.uri, r.undecided)
}

func (f *finder) latentKey(l *latentRun) string {
	return fmt.Sprint("latent", l.start, l.end, l.key.route, l.key.grant, l.key.id.audience, l.key.id.principal,
		l.key.id.key, l.key.id.point, l.last.blockedBy, l.last.uri)
}

func (f *finder) fromRun(r *run) Exposure {
	e := f.base(r.first)
	if r.now.route == r.first.route {
		e.URI = r.now.uri // who has it, where a wider grant gave way to a narrower one
	}
	e.Audience = r.id.audience
	e.OpenedAt, e.OpenedBy, e.Found = timeAt(f.t, r.start), f.actor(r.start), f.read(r.start)
	e.State, e.Certainty = Open, certainty(r.grade)
	if r.undecided {
		e.State = Unknown
	}
	if r.end != stillOpen {
		e.ClosedAt, e.ClosedBy = timeAt(f.t, r.end), f.actor(r.end)
		e.State = Closed
		if len(r.after) > 0 {
			e.State, e.BlockedBy = Blocked, r.after
		}
	}
	for i, seg := range r.segments {
		part := Segment{From: timeAt(f.t, seg.from), Routes: seg.routes, To: e.ClosedAt}
		if i+1 < len(r.segments) {
			part.To = timeAt(f.t, r.segments[i+1].from)
		}
		e.Segments = append(e.Segments, part)
	}
	e.Uncertain = f.bounds(r)
	e.Reasons = f.reasons(r)
	if f.readSince(r) {
		e.Certainty = certainty(r.now.grade)
		e.Unknowns = append(e.Unknowns, r.now.unseen...)
		for _, u := range r.unseen {
			if !slices.Contains(r.now.unseen, u) {
				e.Unknowns = append(e.Unknowns, "before it was read: "+u)
			}
		}
	} else {
		e.Unknowns = append(e.Unknowns, r.unseen...)
	}
	e.Unknowns = append(e.Unknowns, f.doubts(r)...)
	return e
}

// readSince reports whether the live account was read while a window that is still
// open was: then the reading says how sure it is that it is open, and what was not
// seen before it makes only the time before it unsure.
func (f *finder) readSince(r *run) bool {
	return r.end == stillOpen && len(f.readings) > 0 && f.readings[len(f.readings)-1] >= r.start
}

func (f *finder) fromLatent(s *sweep, l *latentRun) Exposure {
	e := f.base(l.last)
	e.State, e.Certainty, e.BlockedBy = Blocked, certainty(l.last.grade), l.last.blockedBy
	e.OpenedBy, e.Found = f.actor(l.key.grant), f.read(l.key.grant)
	e.OpenedAt = timeAt(f.t, l.key.grant)
	if next := s.stepAfter(l.end); next >= 0 {
		e.State, e.ClosedAt, e.ClosedBy = Closed, timeAt(f.t, next), f.actor(next)
	}
	e.Reasons = append(f.grantReason(grantOf(l.last, l.key.grant)), "held shut by "+joinNames(l.last.blockedBy))
	e.Reasons = append(e.Reasons, f.drifts(l.start, l.end)...)
	e.Reasons = append(e.Reasons, f.recovered(l.key.grant)...)
	e.Unknowns = append(e.Unknowns, l.last.unseen...)
	e.Latent = true
	return e
}

// stepAfter is the step visited after step, at which a latent grant was gone;
// -1 when it lasted.
func (s *sweep) stepAfter(step int) int {
	for _, next := range s.steps {
		if next > step {
			return next
		}
	}
	return -1
}

func (f *finder) base(h holding) Exposure {
	e := Exposure{
		Account: f.t.Account, Region: f.t.Region, Bucket: f.t.Bucket, Key: h.key, AccessPoint: h.point,
		Route: h.route, Audience: h.audience, Access: []policy.Access{h.access}, Scope: h.scope,
		URI: h.uri, Permission: h.permission, Guards: h.guards, Witness: h.witness,
		BlockedBy: []string{}, Segments: []Segment{},
	}
	if h.statement != "" {
		e.Statements = []string{h.statement}
	}
	if h.principal != "" {
		e.Principals = []string{h.principal}
	}
	if h.access == "" {
		e.Access = []policy.Access{}
	}
	if h.until != nil {
		e.Guards = append(e.Guards, "until "+stamp(*h.until)+", by a Date condition")
	}
	return e
}

func certainty(g bucket.Grade) Certainty {
	return map[bucket.Grade]Certainty{bucket.Seen: Proven, bucket.InferredGrade: Inferred, bucket.NeverSeen: Assumed}[g]
}

func (f *finder) actor(step int) *Actor {
	if step < 0 || f.t.Steps[step].Change == nil || f.t.Steps[step].Change.Slot == bucket.SlotObservation || f.t.Steps[step].Change.Reading {
		return nil
	}
	return ActorOf(f.t.Steps[step].Change.Event)
}

// read reports whether a step is a reading of the live account.
func (f *finder) read(step int) bool {
	return step >= 0 && f.t.Steps[step].Change != nil && f.t.Steps[step].Change.Reading
}

// Key tells a call apart: by its eventID, or, where that is a placeholder
// ("redacted"), by all that is told of it.
func (a *Actor) Key() string {
	if len(a.EventID) >= minIDLength {
		return a.EventID
	}
	at := ""
	if a.EventTime != nil {
		at = stamp(*a.EventTime)
	}
	return strings.Join([]string{a.EventID, at, a.EventName, a.ARN, a.UserName, a.SourceIPAddress, a.UserAgent}, "\x00")
}

// minIDLength is the length below which an id is taken for a placeholder.
const minIDLength = 12

// ActorOf is an event as an actor.
func ActorOf(e *bucket.Event) *Actor {
	a := &Actor{
		UserName: e.UserName, ARN: e.ARN, Type: e.Type, AccountID: e.AccountID, SourceIPAddress: e.SourceIPAddress,
		UserAgent: e.UserAgent, EventName: e.Name, EventID: e.ID, InvokedBy: e.InvokedBy, AccessKeyID: e.AccessKeyID,
		SourceIdentity: e.SourceIdentity, RequestID: e.RequestID, IssuerARN: e.IssuerARN,
	}
	if !e.Time.IsZero() {
		at := e.Time
		a.EventTime = &at
	}
	return a
}

// merge joins two exposures that differ in access and scope only. The scope of
// a joined exposure is what either reaches.
func merge(e *Exposure, other Exposure) {
	e.Access = append(e.Access, other.Access...)
	e.Scope.Include = append(slices.Clone(e.Scope.Include), other.Scope.Include...)
	e.Scope.Exclude = append(slices.Clone(e.Scope.Exclude), other.Scope.Exclude...)
	if !slices.Contains(splitList(e.Permission), other.Permission) && e.Permission != other.Permission {
		e.Permission = joinNames(append(splitList(e.Permission), splitList(other.Permission)...))
	}
	e.Statements = append(e.Statements, other.Statements...)
	e.Guards = append(e.Guards, other.Guards...)
	e.Reasons = append(e.Reasons, other.Reasons...)
	e.Unknowns = append(e.Unknowns, other.Unknowns...)
	if e.Witness == nil {
		e.Witness = other.Witness
	}
	e.Certainty = leastSure(e.Certainty, other.Certainty)
}

func leastSure(a, b Certainty) Certainty {
	for _, c := range []Certainty{Assumed, Inferred} {
		if a == c || b == c {
			return c
		}
	}
	return Proven
}

// finish sorts and drops repeats, and gives the exposure its id.
func finish(e *Exposure) {
	slices.SortFunc(e.Access, func(a, b policy.Access) int {
		return cmp.Compare(slices.Index(policy.AccessOrder, a), slices.Index(policy.AccessOrder, b))
	})
	e.Access = slices.Compact(e.Access)
	e.Scope.Include = slices.Compact(slices.Sorted(slices.Values(e.Scope.Include)))
	e.Scope.Exclude = slices.Compact(slices.Sorted(slices.Values(e.Scope.Exclude)))
	e.Permission = joinNames(unique(splitList(e.Permission)))
	e.Guards, e.Reasons, e.Unknowns, e.Statements = unique(e.Guards), unique(e.Reasons), unique(e.Unknowns), unique(e.Statements)
	e.ID = ID("x", e.Account, e.Bucket, e.Key, e.AccessPoint, string(e.Route), string(e.Audience), joinNames(e.Principals),
		fmt.Sprint(e.Access, e.Scope), e.Opening())
}

// Opening tells the openings of one bucket apart: by the id of the call, or by
// the time where no call opened it, such as a Date condition. What a reading of
// the account found has no time that the next reading would not move.
func (e *Exposure) Opening() string {
	switch {
	case e.OpenedBy != nil:
		return e.OpenedBy.Key()
	case e.Found:
		return "found"
	case e.OpenedAt != nil:
		return stamp(*e.OpenedAt)
	}
	return ""
}

// ID is a short stable name made of what tells a thing apart.
func ID(prefix string, parts ...string) string {
	d := xxhash.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(d, "%d:%s", len(p), p)
	}
	return fmt.Sprintf("%s-%012x", prefix, d.Sum64()>>16)
}
