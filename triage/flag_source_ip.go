// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/triage/intel"
)

// sourceIP weighs the address that the call came from (semantics E.3).
func sourceIP(r *ranker, a *Alert, e *evidence) {
	if a.OpenedBy == nil {
		e.lacks("the call that opened it was not seen")
		return
	}
	e.baseline = r.comparedWith(openedTime(a))
	addr, err := netip.ParseAddr(a.SourceIPAddress)
	addr = addr.Unmap().WithZone("")
	switch {
	case err != nil:
		r.notAnAddress(a, e)
	case !intel.Public(addr):
		e.weakNo("%s is no public address: %s", addr, privateWay(a))
		r.addressHabits(a, true, e)
	default:
		named := r.namedNetwork(a, addr, e)
		r.publicFacts(a, addr, named, e)
		r.addressHabits(a, named, e)
		r.neighbours(a, addr, e)
	}
}

// privateWay says how a call comes from an address that is not public.
func privateWay(a *Alert) string {
	if a.call != nil && a.call.VPCEndpointID != "" {
		return "the call came through the VPC endpoint " + a.call.VPCEndpointID
	}
	return "the call came through a VPC endpoint, a proxy of the console, or the log was rewritten"
}

// notAnAddress weighs what AWS writes where a service made the call.
func (r *ranker) notAnAddress(a *Alert, e *evidence) {
	switch text := a.SourceIPAddress; {
	case text == "":
		e.lacks("the record names no address")
	case (text == "AWS Internal" || strings.HasSuffix(text, ".amazonaws.com")) && a.OpenedBy.InvokedBy == "":
		e.lacks("where it came from: the record has %s for an address, but names no service that made the call", text)
	case text == "AWS Internal" || strings.HasSuffix(text, ".amazonaws.com"):
		if !r.behindService(a, e) {
			e.strongNo("an AWS service made the call for the caller (%s): no machine of a person shows", text)
		}
	default:
		e.lacks("%q is no address", text)
	}
}

// behindService weighs the addresses from which the caller himself first called
// within the hour before a service made the call for him: who has the service do
// it is not elsewhere for that. It reports whether one of them is strange.
func (r *ranker) behindService(a *Alert, e *evidence) bool {
	at, met := openedTime(a), r.habitOf(a).Counterparts()
	found := false
	for _, address := range slices.Sorted(maps.Keys(met)) {
		first := time.Unix(met[address].First, 0)
		addr, err := netip.ParseAddr(address)
		if err != nil || first.After(at) || at.Sub(first) > aroundSpan || !r.strange(a, address) {
			continue
		}
		found = true
		e.strongYes("%s made the call for the caller, who himself called from %s, %s", a.SourceIPAddress, address, seenSince(at.Sub(first)))
		r.publicFacts(a, addr.Unmap().WithZone(""), false, e)
	}
	return found
}

// namedNetwork looks the address up in the context file.
func (r *ranker) namedNetwork(a *Alert, addr netip.Addr, e *evidence) bool {
	n, ok := r.known.Context.Network(a.Account, addr)
	switch {
	case !ok:
		if r.known.Context == nil {
			e.lacks("no context file names your own networks (bucketlid context init)")
		}
		return false
	case n.Kind == "partner":
		e.weakNo("it lies in %s, a partner's network (context line %d)", n.Name, n.Line)
	default:
		e.strongNo("it lies in %s, a known network of yours: %s (context line %d)", n.Name, n.Kind, n.Line)
	}
	return true
}

// ownNetwork reports whether the context file names the network of an address,
// and it is no partner's.
func (r *ranker) ownNetwork(a *Alert, address string) bool {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	n, ok := r.known.Context.Network(a.Account, addr.Unmap().WithZone(""))
	return ok && n.Kind != "partner"
}

// hiding are the kinds of networks by which people hide where they are.
var hiding = []intel.Kind{intel.Tor, intel.VPN, intel.Proxy, intel.Anonymizer}

// publicFacts weighs what is publicly known. Of an address in a network of
// one's own, lists of VPNs and hosts say little.
func (r *ranker) publicFacts(a *Alert, addr netip.Addr, named bool, e *evidence) {
	at := openedTime(a)
	facts := r.known.Networks.Lookup(addr)
	for _, f := range facts.Found {
		if !named && (slices.Contains(hiding, f.Kind) || f.Kind == intel.Hosting || f.Kind == intel.Cloud) && e.listed == "" {
			e.listed = f.Evidence(at)
		}
		switch {
		case slices.Contains(hiding, f.Kind) && !named && !f.Source.Stale(at):
			e.strongYes("%s", f.Evidence(at))
			e.hides = true
			if f.Kind != intel.VPN { // which people use at work, as they do not use Tor
				e.signs++
				e.unseen = true
			}
		case slices.Contains(hiding, f.Kind):
			e.weakYes("%s", f.Evidence(at))
		case (f.Kind == intel.Hosting || f.Kind == intel.Cloud) && !named:
			e.weakYes("%s", f.Evidence(at))
			e.hides = true
		}
	}
	for _, source := range facts.Failed {
		e.lacks("%s could not be read for this address", source)
	}
	r.unassessed(a, e)
	r.country(a, facts, e)
}

// country weighs the country against the usual ones: of the context file, or
// else of the principal's other addresses.
func (r *ranker) country(a *Alert, facts intel.Facts, e *evidence) {
	here, ok := facts.Get(intel.Country)
	if !ok {
		return
	}
	switch r.known.Context.UsualCountry(a.Account, here.Value) {
	case Yes:
		e.weakNo("usual %s", here.Evidence(openedTime(a)))
		return
	case No:
		tell := e.strongYes
		if here.Source.Stale(openedTime(a)) {
			tell = e.weakYes
		}
		tell("not among your usual countries: %s", here.Evidence(openedTime(a)))
		return
	}
	seen, at := map[string]int{}, openedTime(a)
	for text, days := range r.habitOf(a).Worked() {
		n, _ := days.Before(at)
		if addr, err := netip.ParseAddr(text); n > 0 && err == nil && text != a.SourceIPAddress {
			if f, ok := r.known.Networks.Lookup(addr).Get(intel.Country); ok {
				seen[f.Value]++
			}
		}
	}
	if len(seen) > 0 && seen[here.Value] == 0 {
		e.weakYes("another country than all other addresses of the caller (%s): %s", strings.Join(slices.Sorted(maps.Keys(seen)), ", "), here.Evidence(openedTime(a)))
	}
}

// usualDays is on how many days before an opening somebody must have worked from
// an address, or made a call, for it to be usual. On one day a thief may call as
// often as he likes.
const usualDays = 3

// settledSpan is how long an address that one caller alone uses must have been
// his, where he worked from others before: a thief who knows that new addresses
// are looked at waits a few days.
const settledSpan = 7 * 24 * time.Hour

// worked is who worked from an address on days before an opening.
type worked struct {
	days, own replay.Days // by anybody of the organization, and by the caller
	people    int
	crowded   bool // there may be more
}

// workedFrom tells who of the alert's organization worked from an address before
// the day of the opening: with credentials, and with success. What failed, what
// strangers and other organizations did, and what came on that day or later does
// not make an address usual: whoever opened it may have done it.
func (r *ranker) workedFrom(a *Alert, address string) worked {
	at, w := openedTime(a), worked{}
	habit := r.baseline.Addresses[address]
	if habit == nil {
		return w
	}
	me := r.principalOf(a)
	w.crowded = habit.Crowded()
	of := maps.Clone(habit.Worked())
	if own := r.habitOf(a).Worked()[address]; own != nil && of[me] == nil {
		of[me] = own // an address of many people does not know them all
	}
	for principal, days := range of {
		n, _ := days.Before(at)
		if n == 0 || principal != me && !r.ofOwn(a, principal) {
			continue
		}
		w.people++
		w.days.Merge((*days)[:n])
		if principal == me {
			w.own = (*days)[:n]
		}
	}
	return w
}

// ofOwn reports whether a principal, by its key, is of the organization of an
// alert's account: as the context file lists them, or, where it lists neither,
// because its own trail was read.
func (r *ranker) ofOwn(a *Alert, principal string) bool {
	parts := strings.SplitN(principal, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return false
	}
	account := parts[4]
	mine, listed := r.known.Context.Account(a.Account)
	its, known := r.known.Context.Account(account)
	if account == a.Account || !listed && !known {
		return account == a.Account || r.ownAccounts[account]
	}
	return listed && known && mine.Organization == its.Organization
}

// addressHabits weighs on how many days the address was used before, and by
// whom. That an address of a network of one's own is new says little.
func (r *ranker) addressHabits(a *Alert, named bool, e *evidence) {
	at := openedTime(a)
	if at.IsZero() || r.baseline.Addresses[a.SourceIPAddress] == nil {
		return
	}
	w := r.workedFrom(a, a.SourceIPAddress)
	who := count(w.people, "principal", w.crowded)
	switch n, own := len(w.days), len(w.own); {
	case n == 0:
		r.newAddress(a, named, e)
	case own == n && w.people == 1 && n > 1 && !named && r.unsettled(a, w.own.First()):
		e.unsettled = w.own.First()
		e.weakNo("the caller worked from it on %s, since %s", onDays(w.own), date(w.own.First()))
		e.weakYes("the caller alone works from it, and only since %s: until then he worked from other addresses, on %s", date(w.own.First()), count(r.elsewhere(a, w.own.First()), "day", false))
	case own >= usualDays:
		e.strongNo("the caller's own address: worked from on %s since %s; in all by %s of the organization", onDays(w.own), date(w.own.First()), who)
	case n >= usualDays:
		e.strongNo("worked from on %s since %s, by %s of the organization", onDays(w.days), date(w.days.First()), who)
	case n > 1:
		e.weakNo("worked from on %s since %s, by %s of the organization", onDays(w.days), date(w.days.First()), who)
	case own == n && w.people == 1 && !named && r.logged(at) >= minBaseline:
		e.weakYes("the caller worked from it on one day before, %s, and nobody else of the organization did, in %s of records", date(w.own.First()), span(r.logged(at)))
	case !named:
		e.lacks("worked from on one day before, %s, by %s of the organization: too little to call it usual or odd", date(w.days.First()), who)
	}
}

// unsettled reports whether the caller began only lately to work from an address,
// and was used to work from others.
func (r *ranker) unsettled(a *Alert, since time.Time) bool {
	return openedTime(a).Sub(since) < settledSpan && r.elsewhere(a, since) >= usualDays
}

// elsewhere counts the days before a time on which the caller worked, from
// whatever address.
func (r *ranker) elsewhere(a *Alert, before time.Time) int {
	var all replay.Days
	for _, days := range r.habitOf(a).Worked() {
		n, _ := days.Before(before)
		all.Merge((*days)[:n])
	}
	return len(all)
}

// newAddress weighs an address from which nobody of the organization worked
// before the day of the opening.
func (r *ranker) newAddress(a *Alert, named bool, e *evidence) {
	at, habit := openedTime(a), r.baseline.Addresses[a.SourceIPAddress]
	logged := r.logged(at)
	if t, ok := r.guest(a); ok {
		e.lacks("nobody of the organization worked from it before, but the caller is of %s, whom the context file trusts (line %d): which addresses are usual there, its own records tell", t.Name, t.Line)
		return
	}
	if logged < minBaseline {
		if !named {
			e.lacks("nobody of the organization worked from it before, but %s: too short to call it new", earlierDays(logged))
		}
		return
	}
	tell := e.strongYes
	if named {
		tell = e.weakYes
	}
	today := at.Truncate(24 * time.Hour)
	first := time.Unix(habit.Seen().First, 0)
	if !first.Before(today) {
		tell("the address was %s, in %s of records", seenSince(at.Sub(first)), span(logged))
		return
	}
	if r.objectsBefore(a, habit) {
		e.lacks("of the organization's principals it has requests for objects only, since %s: anybody who has a presigned URL makes such", date(first))
		return
	}
	tell("nobody of the organization worked from it before that day, in %s of records: what it has since %s failed, was unsigned, or is of others", span(logged), date(first))
}

// guest is the trust that people put in the account of a caller who is not of
// the organization. His addresses are new to it whoever he is.
func (r *ranker) guest(a *Alert) (TrustedAccount, bool) {
	caller := a.OpenedBy.AccountID
	if caller == "" || caller == a.Account || r.ownAccounts[caller] {
		return TrustedAccount{}, false
	}
	t, ok := r.known.Context.TrustedAccount(a.Account, caller)
	return t, ok && t.Holds(openedTime(a))
}

// objectsBefore reports whether an address has requests for objects by the
// organization's principals from before the day.
func (r *ranker) objectsBefore(a *Alert, habit *replay.Habit) bool {
	at := openedTime(a)
	own := false
	for principal, t := range habit.Counterparts() {
		own = own || r.ofOwn(a, principal) && t.First < at.Unix()/86400*86400
	}
	for _, name := range replay.DataEvents() {
		if days := habit.Succeeded()[name]; own && days != nil {
			if n, _ := days.Before(at); n > 0 {
				return true
			}
		}
	}
	return false
}

// neighbours weighs addresses in the same network from which the caller worked:
// lines at home get another address of the same provider now and then. Among
// rented servers and VPNs a neighbour is anybody.
func (r *ranker) neighbours(a *Alert, addr netip.Addr, e *evidence) {
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	around, err := addr.Prefix(bits)
	if err != nil {
		return
	}
	var all replay.Days
	n := 0
	for text, days := range r.habitOf(a).Worked() {
		other, err := netip.ParseAddr(text)
		before, _ := days.Before(openedTime(a))
		if err == nil && before > 0 && other.Unmap() != addr && around.Contains(other.Unmap()) {
			n++
			all.Merge((*days)[:before])
		}
	}
	switch text := count(n, "other address", false) + " of " + around.String() + " on " + onDays(all); {
	case len(all) >= usualDays && !e.hides:
		e.strongNo("the caller worked from %s", text)
	case len(all) > 1 || n > 0 && e.hides:
		e.weakNo("the caller worked from %s", text)
	}
}

// onDays counts days before an opening.
func onDays(d replay.Days) string {
	text := count(len(d), "day", len(d) == replay.EnoughDays)
	return text + " before"
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// principalOf is the baseline's key of who opened it.
func (r *ranker) principalOf(a *Alert) string {
	by := a.OpenedBy
	if by == nil {
		return ""
	}
	return replay.PrincipalKey(by.ARN, by.InvokedBy, by.AccountID, "")
}

var nobody = &replay.Habit{}

func (r *ranker) habitOf(a *Alert) *replay.Habit {
	if h := r.baseline.Principals[r.principalOf(a)]; h != nil {
		return h
	}
	return nobody
}
