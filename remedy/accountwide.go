// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/bucket"
)

// AccountBlockCall switches all four flags of an account's own Block Public
// Access on. ok is false where they are on already.
func AccountBlockCall(id, region string, now account.Setting) (c account.Call, later []string, ok bool) {
	s := State{Settings: account.Settings{Account: id, Region: region, AccountBlock: now}}
	d := s.blockDraft(account.PutAccountBlock, now, "the account's Block Public Access", bucket.Flags...)
	if len(d.steps) == 0 {
		return account.Call{}, nil, false
	}
	return d.steps[0].call, d.later, true
}

// UnderAccountBlock proves what an account's Block Public Access does to one of
// its buckets: what closes, held grants left out, and who loses access, named
// accounts and CloudFront origins too.
func UnderAccountBlock(s State, c account.Call) Proof {
	p := Prove(s, []account.Call{c}, nil)
	open, _ := split(p.Before, func(o Opening) bool { return o.Audience.Public() && o.open() })
	p.Remaining, p.Closed = split(open, func(o Opening) bool { return !closed(o, p.After) })
	p.ClosesAll = len(p.Remaining) == 0
	if len(p.Loses) > 0 {
		p.Loses = sortLosers(append(p.Loses, s.identities("RestrictPublicBuckets holds while the policy is public")...))
	}
	return p
}

// HiddenObjects says why objects may be public that a state does not show; ""
// where none can be.
func HiddenObjects(s State) string {
	b := s.Settings
	if ownershipOf(b.Ownership) == bucket.BucketOwnerEnforced && known(b.Ownership) || s.flag(bucket.IgnorePublicAcls) {
		return ""
	}
	switch {
	case b.ObjectList.Status == account.Denied, b.ObjectList.Status == account.Failed:
		return "ACLs of its objects: the objects could not be listed"
	case b.ObjectList.Status == account.Present:
		return "ACLs of objects beyond those that were chosen, and of old versions"
	}
	return "ACLs of its objects: they were not read"
}
