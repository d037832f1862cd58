// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"slices"

	"github.com/bucketlid/bucketlid/bucket"
)

// What the live account adds to the evidence: that something is there now, and
// where it contradicts the log.

// unseenCall says of a grant that no call is known for how it is known.
func (f *finder) unseenCall() string {
	if at, live := f.t.Live(); live {
		return "; it was there when the account was read at " + stamp(at) + ", the call that made it was not seen"
	}
	return "; the call that made it was not seen"
}

// reading names a step at which the live account was read.
func (f *finder) reading(step int) string {
	for _, d := range f.t.Drifts() {
		if d.Step == step {
			return f.driftText(d)
		}
	}
	return Describe(f.t.Steps[step].Change)
}

func (f *finder) driftText(d bucket.Drift) string {
	text := fmt.Sprintf("drift: the live account, read at %s, shows another value of %s than the log", stamp(f.t.Steps[d.Step].Time), d.What)
	if d.Since >= 0 {
		text += ", in which " + f.event(d.Since)
	}
	return text + "; the change itself is not in the records read"
}

// drifts lists the contradictions that touch the steps from start to end.
func (f *finder) drifts(start, end int) []string {
	var out []string
	for _, d := range f.t.Drifts() {
		if d.Step >= start && (end < 0 || d.Step <= end) {
			out = append(out, f.driftText(d))
		}
	}
	return out
}

// recovered tells of grants that S3 hides while a guard holds, and the log does not.
func (f *finder) recovered(grants ...int) []string {
	for _, step := range f.readings {
		if c := f.t.Steps[step].Change; c.ACL != nil && c.ACL.Hidden != "" && c.PayloadLost == "" && f.isACL(grants) {
			return []string{"the grant is told by the log: " + c.ACL.Hidden}
		}
	}
	return nil
}

func (f *finder) isACL(grants []int) bool {
	return slices.ContainsFunc(grants, func(step int) bool {
		return step >= 0 && f.t.Steps[step].Change != nil && !f.t.Steps[step].Change.Reading && f.t.Steps[step].Change.ACL != nil
	})
}

// BeforeScan ends the unknown of an exposure of which only the live account tells.
const BeforeScan = "before the scan"

// before names the edge before which nothing is known.
func (f *finder) before() string {
	if f.t.LiveOnly() {
		return BeforeScan
	}
	return "before the first record"
}

// firstTold is the first step that tells of the bucket itself.
func (f *finder) firstTold() int {
	if !f.t.LiveOnly() {
		return 0
	}
	return max(0, slices.IndexFunc(f.t.Steps, func(s bucket.Step) bool { return s.Change != nil && s.Change.Bucket != "" }))
}

// unread says what of the live account could not be read, for what is open as
// far as the log tells.
func (f *finder) unread(end int) []string {
	if end != stillOpen {
		return nil
	}
	var out []string
	for _, why := range f.t.Unread {
		out = append(out, "what the live account holds now: "+why)
	}
	return out
}
