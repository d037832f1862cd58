// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// reasons is the chain behind an open window: the grant, what opened it if that
// was another call, and what closed it.
func (f *finder) reasons(r *run) []string {
	var out []string
	for _, g := range r.grants {
		out = append(out, f.grantReason(g)...)
	}
	if r.grantsCut > 0 {
		out = append(out, fmt.Sprintf("and more grants than the %d named here", maxGrants))
	}
	if r.start >= 0 && !r.setBy(r.start) {
		out = append(out, "it opened when "+f.event(r.start))
	}
	if r.start >= 0 && len(r.grants) == 1 && r.grants[0].step == r.start {
		out = append(out, f.enablers(r.start)...)
	}
	out = append(out, f.website(r)...)
	out = append(out, f.drifts(r.start, r.end)...)
	out = append(out, f.recovered(steps(r.grants)...)...)
	if r.end != stillOpen {
		closing := "it closed when " + f.event(r.end)
		if len(r.after) > 0 {
			closing += "; the grant is still there, held by " + joinNames(r.after)
		}
		out = append(out, closing)
	}
	return out
}

// website tells that an open bucket also serves a website: one more address
// for the same objects, by plain http.
func (f *finder) website(r *run) []string {
	last := len(f.t.Steps) - 1
	if r.end != stillOpen {
		last = r.end - 1
	}
	w := f.view(last).state.Website
	if r.id.audience != policy.Anyone || !w.Known || w.Value == "" {
		return nil
	}
	if at, live := f.t.Live(); live && w.Step < 0 {
		return []string{"the bucket serves a website, read from the live account at " + stamp(at)}
	}
	if w.Step < 0 {
		return nil
	}
	return []string{"the bucket serves a website: " + f.event(w.Step)}
}

// grantReason names the grant and the call that made it.
func (f *finder) grantReason(g grant) []string {
	what := fmt.Sprintf("%s grants %s to %s", g.route, g.permission, shortURI(g.uri))
	if g.statement != "" {
		what = fmt.Sprintf("%s, %s, allows %s to %s", g.route, g.statement, g.permission, shortURI(g.uri))
	}
	if g.step < 0 {
		return []string{what + f.unseenCall()}
	}
	out := []string{what + ": " + f.event(g.step)}
	if c := f.t.Steps[g.step].Change; c != nil {
		out = append(out, c.Details...)
	}
	return out
}

func steps(grants []grant) []int {
	out := make([]int, len(grants))
	for i, g := range grants {
		out[i] = g.step
	}
	return out
}

// shortURI is a group's name without the common head of all group URIs.
func shortURI(uri string) string {
	return strings.TrimPrefix(strings.TrimPrefix(uri, "http://acs.amazonaws.com/groups/"), "global/")
}

// enablers are the guards that were removed on the way to this opening, newest
// last, back to the last time that they were on.
func (f *finder) enablers(step int) []string {
	var out []string
	before, _ := slices.BinarySearch(f.settings, step)
	for _, i := range slices.Backward(f.settings[:before]) {
		c := f.t.Steps[i].Change
		if c == nil || c.Outcome != bucket.Done {
			continue
		}
		if isGuardUp(c) {
			break
		}
		if IsGuardDown(c) {
			out = append(out, "made possible when "+f.event(i))
		}
	}
	slices.Reverse(out)
	return out
}

// IsGuardDown reports whether a change took a guard off, as far as its own
// payload tells: Block Public Access off in some flag, or ACLs enabled.
func IsGuardDown(c *bucket.Change) bool {
	if c.Reading {
		return false
	}
	switch c.Slot {
	case bucket.SlotBlock, bucket.SlotAccountBlock:
		return c.Block != nil && slices.Contains(c.Block[:], bucket.False)
	case bucket.SlotOwnership:
		return c.Ownership != "" && c.Ownership != bucket.BucketOwnerEnforced
	}
	return false
}

func isGuardUp(c *bucket.Change) bool {
	return (c.Slot == bucket.SlotBlock || c.Slot == bucket.SlotAccountBlock) && c.Block != nil &&
		*c.Block == bucket.AllFlags(bucket.True)
}

// event names the call of a step: who did what when.
func (f *finder) event(step int) string {
	s := f.t.Steps[step]
	if s.Change == nil {
		return "a Date condition of the policy passed at " + stamp(s.Time)
	}
	if s.Change.Reading {
		return f.reading(step)
	}
	return Describe(s.Change)
}

// Describe names a change by its call: "ann called PutBucketAcl at … (eventID …)".
func Describe(c *bucket.Change) string {
	e := c.Event
	if c.Reading {
		return e.Name + " read it from the live account at " + stamp(e.Time)
	}
	var b strings.Builder
	b.WriteString(e.UserName)
	if e.SourceIdentity != "" {
		fmt.Fprintf(&b, " (sourceIdentity %s)", e.SourceIdentity)
	}
	b.WriteString(" called " + e.Name)
	if c.Slot == bucket.SlotAccountBlock {
		fmt.Fprintf(&b, " for account %s", c.Account)
	}
	if c.Block != nil && !c.Removed {
		b.WriteString(" " + flagsText(*c.Block))
	}
	if c.Ownership != "" && !c.Removed {
		fmt.Fprintf(&b, " (%s)", c.Ownership)
	}
	if e.Time.IsZero() {
		b.WriteString(" at a time that cannot be read")
	} else {
		b.WriteString(" at " + stamp(e.Time))
	}
	if e.SourceIPAddress != "" {
		b.WriteString(" from " + e.SourceIPAddress)
	}
	if e.ID != "" {
		fmt.Fprintf(&b, " (eventID %s)", e.ID)
	}
	if e.ErrorCode != "" {
		fmt.Fprintf(&b, " and got %s", e.ErrorCode)
	}
	return b.String()
}

func flagsText(b bucket.PublicAccessBlock) string {
	var on []string
	for _, f := range bucket.Flags {
		if b[f] == bucket.True {
			on = append(on, f.String())
		}
	}
	switch len(on) {
	case 0:
		return "(all four flags off)"
	case 4:
		return "(all four flags on)"
	}
	return "(on: " + joinNames(on) + "; the others off)"
}

// bounds gives the edges of a window whose opening was not itself seen.
func (f *finder) bounds(r *run) *Bounds {
	if r.start >= 0 && f.actor(r.start) != nil {
		return nil
	}
	if r.start >= 0 && f.t.Steps[r.start].Change == nil {
		return nil // a clock edge is exact
	}
	b := &Bounds{OpenedEarliest: timeAt(f.t, r.first.earliest)}
	if at := r.start; at >= 0 {
		b.OpenedLatest = timeAt(f.t, at)
	} else if len(f.t.Steps) > 0 {
		b.OpenedLatest = timeAt(f.t, f.firstTold())
	}
	if r.end != stillOpen {
		b.ClosedEarliest, b.ClosedLatest = timeAt(f.t, r.end), timeAt(f.t, r.end)
	}
	return b
}

// doubts are what the order of the log leaves open.
func (f *finder) doubts(r *run) []string {
	var out []string
	tied := func(step int) {
		if step >= 0 && f.t.Steps[step].Tied {
			out = append(out, "which of two changes in the second "+stamp(f.t.Steps[step].Time)+" came first")
		}
	}
	tied(r.start)
	if r.end != stillOpen {
		tied(r.end)
	}
	if r.reopened > 0 {
		out = append(out, fmt.Sprintf("when it was shut in between: it closed and opened again %d times, which is told as one window", r.reopened))
	}
	if r.start == -1 {
		out = append(out, "when it was opened and by whom: "+f.before())
	}
	out = append(out, f.encrypted(r)...)
	return append(out, f.unread(r.end)...)
}

func splitList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ", ")
}

// unique keeps the first of each, never nil.
func unique(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
