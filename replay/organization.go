// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/bucket"
)

// orgChanges are the calls about S3 policies of an organization.
type orgChanges []*bucket.Change

// everyAccount stands for all accounts of the organization.
const everyAccount = "*"

// unreadable is the content of an S3 policy that says neither all nor none.
const unreadable = "unreadable"

// changes replays which policy binds which account and tells it as changes of
// the accounts' organization-level block. A root binds every account, but what
// is attached to an account itself stands over it. Which accounts an
// organizational unit holds the log does not tell: the setting of every account
// is then unknown, while the unit is bound.
func (o orgChanges) changes() []*bucket.Change {
	slices.SortFunc(o, func(a, b *bucket.Change) int {
		return cmp.Or(a.Event.Time.Compare(b.Event.Time), cmp.Compare(a.Event.ID, b.Event.ID), strings.Compare(a.Key, b.Key),
			strings.Compare(a.Value, b.Value), boolOrder(a.Removed, b.Removed))
	})
	s := &orgState{content: map[string]string{}, targets: map[string]map[string]bool{}}
	for _, c := range o {
		switch {
		case c.Slot == slotOrganizationPolicy:
			s.content[c.Key] = c.Value
			s.tell(c, s.policyTargets(c.Key))
		case c.Key == everyAccount: // the policy type was disabled
			all := s.policyTargets("")
			clear(s.targets)
			s.tell(c, all)
		default:
			s.attach(c)
		}
	}
	return s.out
}

// orgState is what is attached to what after some calls.
type orgState struct {
	content map[string]string          // by policy id
	targets map[string]map[string]bool // by target: the policies bound to it
	out     []*bucket.Change
}

func (s *orgState) attach(c *bucket.Change) {
	bound := s.targets[c.Value]
	if c.Removed == !bound[c.Key] {
		return // attached twice, or detached without having been attached
	}
	if bound == nil {
		bound = map[string]bool{}
		s.targets[c.Value] = bound
	}
	if c.Removed {
		delete(bound, c.Key)
	} else {
		bound[c.Key] = true
	}
	if s.content[c.Key] != "" { // else it may be of another type
		s.tell(c, []string{c.Value})
	}
}

// policyTargets lists what a policy is bound to, or with "" what any S3 policy is.
func (s *orgState) policyTargets(id string) []string {
	var out []string
	for target := range s.targets {
		if (id != "" && s.targets[target][id]) || (id == "" && s.value(target) != "") {
			out = append(out, target)
		}
	}
	return out
}

// value is the setting of the S3 policies bound to a target; "" for none, and
// unreadable where they disagree.
func (s *orgState) value(target string) string {
	value := ""
	for id := range s.targets[target] {
		if v := s.content[id]; v != "" && value != "" && v != value {
			return unreadable
		} else if v != "" {
			value = v
		}
	}
	return value
}

// tell adds the changes that follow from new settings of targets.
func (s *orgState) tell(c *bucket.Change, targets []string) {
	everybody := false
	for _, target := range targets {
		switch {
		case isAccount(target):
			s.set(c, target)
		default: // a root or an organizational unit
			everybody = true
		}
	}
	if !everybody {
		return
	}
	s.set(c, everyAccount)
	for target := range s.targets {
		if isAccount(target) && s.value(target) != "" && !slices.Contains(targets, target) {
			s.set(c, target)
		}
	}
}

// set tells the setting of one account, or of all.
func (s *orgState) set(c *bucket.Change, account string) {
	one := *c
	one.Slot, one.Account, one.Key = bucket.SlotOrganizationBlock, account, ""
	one.Value = s.value(account)
	if one.Value == "" {
		one.Value, one.PayloadLost = s.inherited()
	}
	if one.Value == unreadable {
		one.PayloadLost = "an S3 policy of the organization cannot be read"
	}
	s.out = append(s.out, &one)
}

// inherited is the setting of an account to which nothing is attached.
func (s *orgState) inherited() (value, lost string) {
	unit := ""
	for target := range s.targets {
		v := s.value(target)
		switch {
		case v == "" || isAccount(target):
		case !strings.HasPrefix(target, "r-"):
			unit = max(unit, target)
		case value != "" && value != v:
			value = unreadable
		default:
			value = v
		}
	}
	if unit != "" {
		return "", "an S3 policy is attached to " + unit + ", whose accounts the log does not name"
	}
	return value, ""
}
