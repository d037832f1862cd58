// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/replay"
)

// draftOrganization is what logs show to belong together. Whatever they do not
// may be of two customers of one provider, whose offices must not vouch for each
// other.
type draftOrganization struct {
	accounts []string
	why      []string // they belong together
}

// organizationPath is the place of an organization trail's logs: AWSLogs, the
// organization's id, the account (AWS CloudTrail User Guide, "Finding your
// CloudTrail log files").
var organizationPath = regexp.MustCompile(`(?:^|/)AWSLogs/(o-[a-z0-9]{10,32})/([0-9]{12})/`)

// trailPlaces gathers by whose organization trail accounts are logged, from the
// names of what is read. Workers share it.
type trailPlaces struct {
	sync.Mutex
	of map[string]map[string]bool // accounts by organization's id
}

func (t *trailPlaces) see(object string) {
	m := organizationPath.FindStringSubmatch(object)
	if m == nil {
		return
	}
	t.Lock()
	defer t.Unlock()
	if t.of == nil {
		t.of = map[string]map[string]bool{}
	}
	if t.of[m[1]] == nil {
		t.of[m[1]] = map[string]bool{}
	}
	t.of[m[1]][m[2]] = true
}

// bond is a group of accounts that belong together, and why.
type bond struct {
	accounts []string
	why      string
}

// findOrganizations puts accounts together that one organization trail logs, to
// which one person of IAM Identity Center signs in, or one of which attached a
// policy of AWS Organizations to the other.
func (d *draft) findOrganizations(b *replay.Baseline, changes []*bucket.Change, places map[string]map[string]bool) {
	at := map[string]int{} // where each account's organization is
	for i, id := range d.accounts {
		at[id] = i
		d.organizations = append(d.organizations, draftOrganization{accounts: []string{id}})
	}
	bonds := slices.Concat(pathBonds(places), personBonds(b), policyBonds(changes))
	for _, one := range bonds {
		one.accounts = slices.DeleteFunc(one.accounts, func(id string) bool { _, ours := at[id]; return !ours })
		for _, id := range one.accounts {
			into, from := at[one.accounts[0]], at[id]
			if into == from {
				continue
			}
			to := &d.organizations[into]
			to.accounts, to.why = append(to.accounts, d.organizations[from].accounts...), appendOnce(append(to.why, d.organizations[from].why...), one.why)
			for _, moved := range d.organizations[from].accounts {
				at[moved] = into
			}
			d.organizations[from] = draftOrganization{}
		}
	}
	d.organizations = slices.DeleteFunc(d.organizations, func(o draftOrganization) bool { return len(o.accounts) == 0 })
	for i := range d.organizations {
		slices.Sort(d.organizations[i].accounts)
	}
}

func appendOnce(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func pathBonds(places map[string]map[string]bool) []bond {
	var out []bond
	for _, id := range slices.Sorted(maps.Keys(places)) {
		out = append(out, bond{slices.Sorted(maps.Keys(places[id])), "the trail of the organization " + id + " logs them"})
	}
	return out
}

// personBonds finds persons whom IAM Identity Center signs in to several
// accounts: it serves one organization, and names the sessions itself.
func personBonds(b *replay.Baseline) []bond {
	signsIn := map[string]map[string]bool{}
	for principal := range b.Principals {
		parts := strings.SplitN(principal, ":", 6)
		if len(parts) != 6 {
			continue
		}
		role := strings.Split(strings.TrimPrefix(parts[5], "assumed-role/"), "/")
		if len(role) != 2 || !replay.NamesSessions(role[0]) || !strings.Contains(role[1], "@") {
			continue
		}
		if signsIn[role[1]] == nil {
			signsIn[role[1]] = map[string]bool{}
		}
		signsIn[role[1]][parts[4]] = true
	}
	var out []bond
	for _, person := range slices.Sorted(maps.Keys(signsIn)) {
		if len(signsIn[person]) > 1 {
			out = append(out, bond{slices.Sorted(maps.Keys(signsIn[person])), fmt.Sprintf("IAM Identity Center signs %s in to several", person)})
		}
	}
	return out
}

func policyBonds(changes []*bucket.Change) []bond {
	var out []bond
	for _, c := range changes {
		if c.Slot == replay.SlotOrganizationAttach && c.Outcome == bucket.Done && len(c.Value) == 12 && c.Value != c.Account {
			out = append(out, bond{[]string{c.Account, c.Value}, fmt.Sprintf("%s attached a policy of AWS Organizations to %s", c.Account, c.Value)})
		}
	}
	return out
}
