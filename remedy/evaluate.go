// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
)

// Opening is one exposure of a state: who outside can do what, or could but for
// a guard.
type Opening struct {
	Route       exposure.RouteID   `json:"route"`
	Audience    policy.Audience    `json:"audience"`
	Principals  []string           `json:"principals,omitempty"`
	Access      []policy.Access    `json:"access"`
	Scope       policy.Scope       `json:"scope"`
	Key         string             `json:"key,omitempty"`
	AccessPoint string             `json:"access_point,omitempty"`
	State       exposure.State     `json:"state"`
	Certainty   exposure.Certainty `json:"certainty"`
	BlockedBy   []string           `json:"blocked_by,omitempty"`
	Statements  []string           `json:"statements,omitempty"`
	Witness     *policy.Witness    `json:"witness,omitempty"`
	Unknowns    []string           `json:"unknowns,omitempty"`
}

// open reports whether the opening is, or may be, of use to somebody.
func (o Opening) open() bool { return o.State == exposure.Open || o.State == exposure.Unknown }

// Evaluate gives the exposures of a state, by the same evaluator that reads logs
// and scans: the settings are laid in as readings, and what holds at the end
// counts.
func Evaluate(s State) []Opening {
	t := bucket.Fold(s.Settings.Bucket, s.changes(), time.Time{})
	var out []Opening
	for _, e := range exposure.Find(t) {
		if e.State == exposure.Closed {
			continue
		}
		if e.Route == exposure.ObjectACL && !fits(e.Witness, e.Scope) {
			e.Witness = nil
		}
		out = append(out, Opening{e.Route, e.Audience, e.Principals, e.Access, e.Scope, e.Key, e.AccessPoint,
			e.State, e.Certainty, e.BlockedBy, e.Statements, e.Witness, e.Unknowns})
	}
	return out
}

// fits reports whether a witness asks for the very object of a scope: a key with
// "*" or "?" may have been taken for a pattern, and no request is better than one
// for another object.
func fits(w *policy.Witness, s policy.Scope) bool {
	return w != nil && slices.ContainsFunc(s.Include, func(name string) bool { return strings.HasSuffix(w.Resource, ":"+name) })
}

func (s State) changes() []*bucket.Change {
	at := s.Settings.Read.UTC().Truncate(time.Second)
	settings := s.Settings
	if settings.Policy.Status == account.Absent {
		// AWS has no verdict without a policy; radosgw gives one about the ACL.
		settings.PolicyStatus = account.Setting{Status: account.Absent, Action: settings.PolicyStatus.Action}
	}
	out := account.Changes(settings)
	out = append(out, account.AccountChange(s.Settings.Account, s.Settings.AccountBlock, at))
	for _, o := range s.Objects {
		if o.ACL.Status == account.Absent {
			continue // there is no such object
		}
		c := &bucket.Change{Event: &bucket.Event{Name: "GetObjectAcl", Time: at}, Slot: bucket.SlotObjectACL, Reading: true,
			Account: s.Settings.Account, Region: s.Settings.Region, Bucket: s.Settings.Bucket, Key: o.Key, Version: o.Version}
		switch acl, err := readACL(o.ACL.Text); {
		case !known(o.ACL):
			c.PayloadLost = "the ACL of " + objectName(o) + ": " + cmp.Or(o.ACL.Problem, "it was not read")
		case err != nil:
			c.PayloadLost = err.Error()
		default:
			c.ACL = acl.document()
		}
		out = append(out, c)
	}
	return out
}

// memberOf is a member of a JSON object or of the object that it wraps.
func memberOf(text, name string) any {
	for m := unwrapOnce(text); m != nil; {
		if v, ok := m[name]; ok {
			return v
		}
		m = onlyObject(m)
	}
	return nil
}

// blockOf reads a PublicAccessBlockConfiguration. Absent is all off; a flag that
// is not there is off (API reference, PublicAccessBlockConfiguration).
func blockOf(s account.Setting) bucket.PublicAccessBlock {
	out := bucket.AllFlags(bucket.Unknown)
	if !known(s) {
		return out
	}
	for _, f := range bucket.Flags {
		on, _ := memberOf(s.Text, f.String()).(bool)
		out[f] = bucket.TriOf(on && s.Status == account.Present)
	}
	return out
}

func ownershipOf(s account.Setting) bucket.ObjectOwnership {
	rules, _ := memberOf(s.Text, "Rules").([]any)
	if s.Status == account.Absent || len(rules) == 0 {
		return bucket.NoOwnershipControls
	}
	rule, _ := rules[0].(map[string]any)
	value, _ := rule["ObjectOwnership"].(string)
	return bucket.ObjectOwnership(value)
}

// split parts openings into those of use to strangers and the others.
func split(list []Opening, keep func(Opening) bool) (in, out []Opening) {
	for _, o := range list {
		if keep(o) {
			in = append(in, o)
		} else {
			out = append(out, o)
		}
	}
	return slices.Clip(in), slices.Clip(out)
}
