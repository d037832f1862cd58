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
		notAnAddress(a, e)
	case !intel.Public(addr):
		e.weakNo("%s is no public address: the call came through a VPC endpoint, a proxy of the console, or the log was rewritten", addr)
		r.addressHabits(a, true, e)
	default:
		named := r.namedNetwork(a, addr, e)
		r.publicFacts(a, addr, named, e)
		r.addressHabits(a, named, e)
		r.neighbours(a, addr, e)
	}
}

// notAnAddress weighs what AWS writes where a service made the call.
func notAnAddress(a *Alert, e *evidence) {
	switch text := a.SourceIPAddress; {
	case text == "":
		e.lacks("the record names no address")
	case text == "AWS Internal" || strings.HasSuffix(text, ".amazonaws.com"):
		e.strongNo("an AWS service made the call for the caller (%s): no machine of a person shows", text)
	default:
		e.lacks("%q is no address", text)
	}
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

// hiding are the kinds of networks by which people hide where they are.
var hiding = []intel.Kind{intel.Tor, intel.VPN, intel.Proxy, intel.Anonymizer}

// publicFacts weighs what is publicly known. Of an address in a network of
// one's own, lists of VPNs and hosts say little.
func (r *ranker) publicFacts(a *Alert, addr netip.Addr, named bool, e *evidence) {
	at := openedTime(a)
	facts := r.known.Networks.Lookup(addr)
	for _, f := range facts.Found {
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
	if len(r.known.Networks.Knows(intel.VPN)) == 0 {
		e.lacks("no list of VPN and Tor addresses is installed (bucketlid intel update)")
	}
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
		e.strongYes("not among your usual countries: %s", here.Evidence(openedTime(a)))
		return
	}
	seen := map[string]int{}
	for text := range r.habitOf(a).Counterparts() {
		if addr, err := netip.ParseAddr(text); err == nil && text != a.SourceIPAddress {
			if f, ok := r.known.Networks.Lookup(addr).Get(intel.Country); ok {
				seen[f.Value]++
			}
		}
	}
	if len(seen) > 0 && seen[here.Value] == 0 {
		e.weakYes("another country than all other addresses of the caller (%s): %s", strings.Join(slices.Sorted(maps.Keys(seen)), ", "), here.Evidence(openedTime(a)))
	}
}

// addressHabits weighs how often the address was seen before, and with whom.
// That an address of a network of one's own is new says little.
func (r *ranker) addressHabits(a *Alert, named bool, e *evidence) {
	at := openedTime(a)
	habit := r.baseline.Addresses[a.SourceIPAddress]
	if habit == nil || at.IsZero() {
		return
	}
	all, people := habit.Seen(), habit.Counterparts()
	before, logged := at.Sub(time.Unix(all.First, 0)), r.logged(at)
	seen := "seen " + amount(all) + " times by " + count(len(people), "principal", habit.Crowded()) + ", from " + day(all.First) + " to " + day(all.Last)
	own := people[r.principalOf(a)]
	switch {
	case before < freshSpan && logged >= minBaseline && named:
		e.weakYes("%s; %s", seenSince(before), seen)
	case before < freshSpan && logged >= minBaseline:
		e.strongYes("%s, in %s of records; %s", seenSince(before), span(logged), seen)
	case own != nil && own.Count() >= commonCount && at.Sub(time.Unix(own.First, 0)) >= freshSpan:
		e.strongNo("the caller's own address: used %s times since %s; %s", amount(*own), day(own.First), seen)
	case all.Count() >= commonCount && before >= freshSpan:
		e.strongNo("%s", seen)
	case before >= minBaseline:
		e.weakNo("%s", seen)
	default:
		e.lacks("%s: too little to call it usual or odd", seen)
	}
}

// neighbours weighs addresses of the caller in the same network: lines at home
// get another address of the same provider now and then. Among rented servers
// and VPNs a neighbour is anybody.
func (r *ranker) neighbours(a *Alert, addr netip.Addr, e *evidence) {
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	around, err := addr.Prefix(bits)
	if err != nil {
		return
	}
	at, n := openedTime(a).Unix(), 0
	for text, t := range r.habitOf(a).Counterparts() {
		other, err := netip.ParseAddr(text)
		if err == nil && other != addr && around.Contains(other.Unmap()) && t.First < at-int64(freshSpan.Seconds()) {
			n++
		}
	}
	switch text := count(n, "other address", false); {
	case n > 0 && e.hides:
		e.weakNo("the caller used %s of %s before", text, around)
	case n > 0:
		e.strongNo("the caller used %s of %s before", text, around)
	}
}

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
