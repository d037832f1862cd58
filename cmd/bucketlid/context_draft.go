// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/triage"
	"github.com/bucketlid/bucketlid/triage/intel"
)

// draft is what logs suggest for a context file.
type draft struct {
	accounts      []string
	organizations []draftOrganization
	networks      []draftNetwork
	principals    []draftPrincipal
	foreign       []draftForeign
	buckets       []draftBucket
	odd           int // principals whose names AWS does not allow
	seldom        int // networks that are used too seldom, or by one principal alone
	last          time.Time
	first         time.Time
}

// draftNetwork is a network that own principals come from.
type draftNetwork struct {
	prefix      netip.Prefix
	addresses   int
	seen        int64
	first, last int64
	own         bool     // an own principal was seen there
	days        int      // on which calls of own principals succeeded
	principals  []string // whose calls succeeded
	opened      []string // addresses of it from which an alert's call came
}

// draftPrincipal is one who changed S3 settings.
type draftPrincipal struct {
	match       string
	calls       int
	buckets     map[string]bool
	first, last time.Time
}

// draftForeign is a foreign account that was given access.
type draftForeign struct {
	id      string
	buckets []string
}

// draftBucket is a bucket whose name tells something.
type draftBucket struct {
	name                string
	sensitive, harmless []string
	public              bool // an alert says that it is or was open
}

// Bounds of a draft: a person is to read it.
const (
	maxDraftNetworks   = 50
	maxDraftPrincipals = 100
	maxDraftBuckets    = 200
	maxDraftForeign    = 100
	// usualCount is how many calls make an address worth a suggestion, and
	// usualDays on how many days some must have succeeded.
	usualCount = 10
	usualDays  = 3
)

// newDraft drafts from what was read; places are the accounts by the id of the
// organization whose trail logs them.
func newDraft(l *replay.Ledger, b *replay.Baseline, result triage.Result, places map[string]map[string]bool) *draft {
	d := &draft{}
	d.first, d.last, _ = b.Span()
	for account := range b.Accounts() {
		if len(account) == 12 && strings.Trim(account, "0123456789") == "" {
			d.accounts = append(d.accounts, account)
		}
	}
	slices.Sort(d.accounts)
	changes := l.Changes()
	d.findOrganizations(b, changes, places)
	d.findNetworks(b, result.Alerts)
	d.findPrincipals(changes)
	d.findForeign(result.Alerts)
	d.findBuckets(changes, result.Alerts)
	return d
}

// own reports whether a baseline's key of a principal is of an account whose
// own trail was read.
func (d *draft) own(principal string) bool {
	parts := strings.SplitN(principal, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && slices.Contains(d.accounts, parts[4])
}

// findNetworks groups the public addresses that own principals use: IPv4 by
// /24 where more than one is seen, IPv6 by /64. What one principal alone uses,
// or on a day or two, or where most calls fail, may be anybody's.
func (d *draft) findNetworks(b *replay.Baseline, alerts []triage.Alert) {
	groups := map[netip.Prefix][]netip.Addr{}
	for text := range b.Addresses {
		addr, err := netip.ParseAddr(text)
		if err != nil || !intel.Public(addr) || addr.String() != text {
			continue // the log's text was another spelling of the address
		}
		bits := 64
		if addr.Unmap().Is4() {
			bits = 24
		}
		if group, err := addr.Unmap().WithZone("").Prefix(bits); err == nil {
			groups[group] = append(groups[group], addr)
		}
	}
	opened := map[string]bool{}
	for i := range alerts {
		opened[alerts[i].SourceIPAddress] = true
	}
	for prefix, addrs := range groups {
		n, ok := d.network(prefix, addrs, b)
		switch {
		case !ok && n.own:
			d.seldom++
		case ok:
			n.opened = slices.DeleteFunc(slices.Sorted(slices.Values(n.opened)), func(a string) bool { return !opened[a] })
			d.networks = append(d.networks, n)
		}
	}
	slices.SortFunc(d.networks, func(a, b draftNetwork) int {
		return cmp.Or(cmp.Compare(b.seen, a.seen), a.prefix.Addr().Compare(b.prefix.Addr()))
	})
}

// network sums up what own principals did from the addresses of a network; ok
// reports whether it is worth a suggestion.
func (d *draft) network(prefix netip.Prefix, addrs []netip.Addr, b *replay.Baseline) (n draftNetwork, ok bool) {
	n.prefix, n.addresses = prefix, len(addrs)
	if len(addrs) == 1 && addrs[0].Unmap().Is4() {
		n.prefix = netip.PrefixFrom(addrs[0].Unmap(), 32)
	}
	var failed, all int64
	var worked replay.Days
	names := map[string]bool{}
	for _, addr := range addrs {
		h := b.Addresses[addr.String()]
		bad, seen := h.Failed(), h.Seen()
		failed, all = failed+bad.Count(), all+seen.Count()
		for principal, days := range h.Worked() {
			if d.own(principal) && len(*days) > 0 {
				names[principal] = true
				worked.Merge(*days)
			}
		}
		for principal, t := range h.Counterparts() {
			if d.own(principal) {
				n.add(t)
			}
		}
		n.opened = append(n.opened, addr.String())
	}
	n.principals, n.days = slices.Sorted(maps.Keys(names)), len(worked)
	return n, n.seen >= usualCount && n.days >= usualDays && len(n.principals) > 1 && failed*2 < all
}

// add counts what one own principal did.
func (n *draftNetwork) add(t *replay.Tally) {
	n.own = true
	n.seen += t.Count()
	if n.first == 0 || t.First < n.first {
		n.first = t.First
	}
	n.last = max(n.last, t.Last)
}

// settings are the slots whose change is a change of an S3 setting.
var settings = map[bucket.Slot]bool{
	bucket.SlotBucket: true, bucket.SlotACL: true, bucket.SlotPolicy: true, bucket.SlotBlock: true, bucket.SlotAccountBlock: true,
	bucket.SlotOwnership: true, bucket.SlotObjectACL: true, bucket.SlotAccessPoint: true, bucket.SlotAccessPointPolicy: true,
	bucket.SlotWebsite: true, bucket.SlotReplication: true, bucket.SlotInventory: true, bucket.SlotNotification: true, bucket.SlotPayer: true, bucket.SlotVersioning: true, bucket.SlotEncryption: true,
}

func (d *draft) findPrincipals(changes []*bucket.Change) {
	found, odd := map[string]*draftPrincipal{}, map[string]bool{}
	for _, c := range changes {
		if c.Outcome != bucket.Done || !settings[c.Slot] || !d.own(c.Event.ARN) {
			continue
		}
		match := principalPattern(c.Event.ARN)
		if !nameOfAWS(match) {
			odd[match] = true
			continue
		}
		p, ok := found[match]
		if !ok {
			p = &draftPrincipal{match: match, buckets: map[string]bool{}, first: c.Event.Time, last: c.Event.Time}
			found[match] = p
		}
		p.calls++
		if c.Bucket != "" {
			p.buckets[c.Bucket] = true
		}
		if p.first.IsZero() || c.Event.Time.Before(p.first) && !c.Event.Time.IsZero() {
			p.first = c.Event.Time
		}
		if c.Event.Time.After(p.last) {
			p.last = c.Event.Time
		}
	}
	d.odd = len(odd)
	for _, match := range slices.Sorted(maps.Keys(found)) {
		d.principals = append(d.principals, *found[match])
	}
	slices.SortStableFunc(d.principals, func(a, b draftPrincipal) int { return cmp.Compare(b.calls, a.calls) })
}

// principalPattern is the pattern that names a caller: for a session the role,
// or, where the session is named like a person, the session.
func principalPattern(arn string) string {
	head, rest, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		return arn
	}
	role, session, _ := strings.Cut(rest, "/")
	if strings.Contains(session, "@") {
		return arn
	}
	return strings.Replace(head, ":sts:", ":iam:", 1) + ":role/" + role
}

// nameOfAWS reports whether a name has only characters that IAM allows in ARNs.
// Others would say more in a pattern than was seen.
func nameOfAWS(name string) bool {
	return len(name) <= 512 && strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_+=,.@-:/", r))
	}) < 0
}

func (d *draft) findForeign(alerts []triage.Alert) {
	given := map[string]map[string]bool{}
	for i := range alerts {
		if alerts[i].Kind != triage.KindShared {
			continue
		}
		for _, id := range alerts[i].Principals {
			if len(id) != 12 || strings.Trim(id, "0123456789") != "" || slices.Contains(d.accounts, id) {
				continue
			}
			if given[id] == nil {
				given[id] = map[string]bool{}
			}
			given[id][alerts[i].Bucket] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(given)) {
		d.foreign = append(d.foreign, draftForeign{id, slices.Sorted(maps.Keys(given[id]))})
	}
}

func (d *draft) findBuckets(changes []*bucket.Change, alerts []triage.Alert) {
	public := map[string]bool{}
	for i := range alerts {
		if alerts[i].Kind == triage.KindPublic {
			public[alerts[i].Bucket] = true
		}
	}
	names := maps.Clone(public)
	for _, c := range changes {
		names[c.Bucket] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		b := draftBucket{name: name, public: public[name]}
		b.sensitive, b.harmless = triage.NameTells(name)
		told := b.public || len(b.sensitive) > 0 || len(b.harmless) > 0
		if told && bucketName(name) {
			d.buckets = append(d.buckets, b)
		}
	}
	slices.SortStableFunc(d.buckets, func(a, b draftBucket) int { return cmp.Compare(order(a), order(b)) })
}

// order puts buckets that were open first.
func order(b draftBucket) int {
	if b.public {
		return 0
	}
	return 1
}

// bucketName reports whether a name is one that S3 allows or allowed (AWS page
// "General purpose bucket naming rules").
func bucketName(name string) bool {
	return len(name) >= 3 && len(name) <= 255 && strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r))
	}) < 0
}
