// SPDX-License-Identifier: Apache-2.0

package bucket

// A bucket's name outlives its owner, and its access points may belong to
// others. Block Public Access of an account counts only while that account owns
// the bucket.

// accountTracks are the settings of one account.
type accountTracks struct {
	block        [flagCount]Track[Tri]
	organization Track[string]
}

// everyAccount stands in a change for all accounts of an organization.
const everyAccount = "*"

func (t *Timeline) account(id string) *accountTracks {
	a, ok := t.accounts[id]
	if !ok {
		a = &accountTracks{}
		t.accounts[id] = a
	}
	return a
}

// accountAt is the account that owned the bucket at step i.
func (t *Timeline) accountAt(i int) *accountTracks {
	if len(t.owners) == 0 {
		return t.account("")
	}
	return t.account(t.owners[max(i, 0)])
}

// bound lists the accounts that a change of the organization binds.
func (t *Timeline) bound(c *Change) []*accountTracks {
	if c.Account != everyAccount {
		return []*accountTracks{t.account(c.Account)}
	}
	out := []*accountTracks{}
	for _, a := range t.accounts {
		out = append(out, a)
	}
	return out
}

// findOwners tells for each step who owned the bucket: who last changed a
// setting that only the owner can change, and before any such change, who did
// so first. Where there is none, the account named last by any other change.
func (t *Timeline) findOwners() {
	owner, weak := "", ""
	t.owners = make([]string, len(t.Steps))
	for i, s := range t.Steps {
		c := s.Change
		switch {
		case c == nil || c.Account == "" || c.Account == everyAccount:
		case c.ownersOwn():
			if owner == "" {
				for j := range i {
					t.owners[j] = c.Account
				}
			}
			owner = c.Account
		case c.AccessPoint != "" && weak != "": // may be another account's
		case c.Bucket != "" || t.Bucket == "":
			weak = c.Account
		}
		t.owners[i] = owner
	}
	t.Account = owner
	if owner == "" {
		t.Account = weak
		for i := range t.owners {
			t.owners[i] = weak
		}
	}
	for _, account := range t.owners {
		t.account(account)
	}
}

// ownersOwn reports whether only the bucket's owner can have made a change.
func (c *Change) ownersOwn() bool {
	switch c.Slot {
	case SlotBucket, SlotPolicy, SlotBlock, SlotOwnership, SlotPayer, SlotWebsite, SlotVersioning, SlotReplication, SlotInventory, SlotNotification:
		return c.Bucket != "" && c.Outcome == Done
	}
	return false
}
