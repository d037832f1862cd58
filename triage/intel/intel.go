// SPDX-License-Identifier: Apache-2.0

// Package intel tells what is publicly known of a network address: country and
// city, autonomous system, cloud provider, and whether VPNs, Tor or hosts of
// servers use it. It reads local files only; Updater fetches them beforehand.
//
// Every fact names its source, the source's licence and its date. What no
// source covers is not told at all: an address on no list of VPNs is no proof
// that it is none, and Database.Knows says whether there was a list to look in.
package intel

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Kind is a kind of fact.
type Kind string

// The kinds.
const (
	Country    Kind = "country"    // ISO 3166-1 alpha-2
	City       Kind = "city"       // English name
	ASN        Kind = "asn"        // autonomous system and who runs it
	Cloud      Kind = "cloud"      // provider, service, region
	Hosting    Kind = "hosting"    // machines, hardly people
	VPN        Kind = "vpn"        // commercial VPN
	Tor        Kind = "tor"        // Tor exit
	Proxy      Kind = "proxy"      // open or residential proxy
	Anonymizer Kind = "anonymizer" // some way of hiding, unspecified
)

// Kinds lists the kinds in the order in which facts are told.
var Kinds = []Kind{Country, City, ASN, Cloud, Hosting, VPN, Tor, Proxy, Anonymizer}

// Source is where facts come from.
type Source struct {
	Name    string
	Title   string
	Kinds   []Kind
	File    string // base name in the data directory
	Licence string
	URL     string // without user, query and fragment
	// Date is the last day for which the data is known to be the newest: when a
	// database was built, or when a list was last asked for.
	Date    time.Time
	MaxAge  time.Duration // beyond which the data is stale
	Entries int
	// Malformed counts lines that could not be read; Problems names the first.
	Malformed int
	Problems  []string
}

// Age is the time between the data and a moment, on whichever side it lies.
func (s *Source) Age(at time.Time) time.Duration { return at.Sub(s.Date).Abs() }

// Stale reports whether the data is too far from a moment to speak for it.
func (s *Source) Stale(at time.Time) bool { return s.MaxAge > 0 && s.Age(at) > s.MaxAge }

// Fact is one thing that a source says of an address.
type Fact struct {
	Kind     Kind
	Value    string // as it is shown: "DE", "AS64500 Example AG", "AWS EC2 eu-west-1"
	Number   uint32 // of an autonomous system
	Provider string
	Service  string
	Region   string
	Prefix   netip.Prefix // the network that the source names
	Source   *Source
}

// Evidence is the fact as one sentence, with source, licence, date, and how far
// the date lies from the moment that is judged.
func (f Fact) Evidence(at time.Time) string {
	s := f.Source
	text := fmt.Sprintf("%s: %s (%s in %s, %s; of %s", f.Kind, f.Value, f.Prefix, s.Title, s.Licence, s.Date.UTC().Format(time.DateOnly))
	days := int(s.Age(at).Hours() / 24)
	side := "before"
	if s.Date.After(at) {
		side = "after"
	}
	if days > 0 && !at.IsZero() {
		text += ", " + Days(days) + " " + side
	}
	if s.Stale(at) && !at.IsZero() {
		text += ": stale, the address may have changed hands"
	}
	return text + ")"
}

// Days is a number of days in words.
func Days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// Facts is all that the sources say of one address.
type Facts struct {
	Addr   netip.Addr
	Public bool // only public addresses are looked up
	Found  []Fact
	// Failed names sources whose data on this address could not be read: of their
	// kinds nothing is known.
	Failed []string
}

// Get is the first fact of a kind. Databases come before lists, in the order of
// Database.Sources.
func (f Facts) Get(kind Kind) (Fact, bool) {
	i := slices.IndexFunc(f.Found, func(fact Fact) bool { return fact.Kind == kind })
	if i < 0 {
		return Fact{}, false
	}
	return f.Found[i], true
}

// Has reports whether any source says something of a kind.
func (f Facts) Has(kind Kind) bool { _, ok := f.Get(kind); return ok }

// Database answers look-ups from the files of one directory. A nil Database
// knows nothing. Concurrent look-ups are safe.
type Database struct {
	unused  []Unused
	sources []*Source
	lists   []*list
	geo     []*geo
}

// Sources lists the sources that answer, databases first, then by name.
func (d *Database) Sources() []*Source {
	if d == nil {
		return nil
	}
	return d.sources
}

// Knows lists the sources that could tell facts of a kind. Without any, the
// absence of a fact says nothing.
func (d *Database) Knows(kind Kind) []*Source {
	var out []*Source
	for _, s := range d.Sources() {
		if slices.Contains(s.Kinds, kind) {
			out = append(out, s)
		}
	}
	return out
}

// Unused is a source that is there, or was, and could not be used.
type Unused struct {
	Name  string // of the source, or of the file
	Kinds []Kind // nil: only the file could tell
	Why   string
}

// Unused lists the sources that could not be used and might have told facts of
// one of the kinds.
func (d *Database) Unused(kinds ...Kind) []Unused {
	if d == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.unused), func(u Unused) bool {
		return u.Kinds != nil && !slices.ContainsFunc(u.Kinds, func(k Kind) bool { return slices.Contains(kinds, k) })
	})
}

// Miss notes that a source does not answer, where it does not, and reports
// whether that is news. It is not for concurrent use.
func (d *Database) Miss(row Row, why string) bool {
	if slices.ContainsFunc(d.sources, func(s *Source) bool { return s.Name == row.Name }) ||
		slices.ContainsFunc(d.unused, func(u Unused) bool { return u.Name == row.Name }) {
		return false
	}
	d.unused = append(d.unused, Unused{row.Name, kindsOf(row.Kind), why})
	return true
}

var carrierGrade = netip.MustParsePrefix("100.64.0.0/10")

// Public reports whether an address is one of the public internet's: others
// stand for different machines in every network.
func Public(addr netip.Addr) bool {
	addr = addr.Unmap()
	return addr.IsGlobalUnicast() && !addr.IsPrivate() && !carrierGrade.Contains(addr)
}

// Lookup tells what is known of an address. Zones and the IPv6 form of IPv4
// are taken off first.
func (d *Database) Lookup(addr netip.Addr) Facts {
	addr = addr.Unmap().WithZone("")
	facts := Facts{Addr: addr, Public: Public(addr)}
	if d == nil || !facts.Public {
		return facts
	}
	for _, g := range d.geo {
		g.lookup(addr, &facts)
	}
	for _, l := range d.lists {
		l.lookup(addr, &facts)
	}
	return facts
}
