// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"
)

// Bounds of a list.
const (
	maxEntries  = 1 << 20
	maxPlaces   = 1 << 22 // of a list that tells countries or systems of the whole internet
	maxLine     = 4096
	maxProblems = 10
	// A list that names wider networks than these says the same of strangers: an
	// error, or an attempt to make every address look alike.
	widest4, widest6 = 8, 16
)

// label is what a list says of a network beyond its kind.
type label struct{ provider, service, region string }

func (l label) String() string {
	return strings.Join(strings.Fields(l.provider+" "+l.service+" "+l.region), " ")
}

// nowhere is the region of a network of which a list of countries says that it
// lies in none, or that this is not known.
const nowhere = "-"

// list is one list of networks. Its table finds the longest prefix.
type list struct {
	source *Source
	kind   Kind
	table  bart.Table[uint32] // index into labels
	labels []label
	index  map[label]uint32 // while reading
}

// newList reads the text of a list in a format. Lines that cannot be read are
// counted in the source; a text that is no such list at all is an error.
func newList(s *Source, row *Row, text []byte) (*list, error) {
	l := &list{source: s, kind: row.Kind, index: map[label]uint32{}}
	format, ok := formatOf(row.Format)
	if !ok || format.read == nil {
		return nil, fmt.Errorf("%s: no list format is called %q", row.Name, row.Format)
	}
	if err := format.read(l, label{provider: row.Provider}, text); err != nil {
		return nil, fmt.Errorf("%s is not %s: %w", s.File, format.What, err)
	}
	s.Entries = l.table.Size()
	if s.Entries == 0 {
		return nil, fmt.Errorf("%s holds no network (unreadable lines: %d%s)", s.File, s.Malformed, firstOf(s.Problems))
	}
	l.index = nil
	return l, nil
}

func firstOf(problems []string) string {
	if len(problems) == 0 {
		return ""
	}
	return ", the first: " + problems[0]
}

// place is a line of a list, counted from 1; below 0 the entry of a JSON file.
type place int

// malformed counts and names what could not be read; place 0 is none.
func (l *list) malformed(line place, why string) {
	l.source.Malformed++
	if len(l.source.Problems) >= maxProblems {
		return
	}
	where := l.source.File
	switch {
	case line > 0:
		where = fmt.Sprintf("%s:%d", where, line)
	case line < 0:
		where = fmt.Sprintf("%s: entry %d", where, -line)
	}
	l.source.Problems = append(l.source.Problems, where+": "+why)
}

// add takes one network, address or range in. Bits beyond the prefix are cut
// off, as the lists of AWS need it (page "Syntax for AWS IP address range JSON"
// shows 198.51.100.2/24).
func (l *list) add(text string, what label, line place) {
	prefixes, err := parseNetworks(text)
	if err != nil {
		l.malformed(line, fmt.Sprintf("%q %v", shorten(text), err))
		return
	}
	l.addAll(prefixes, text, what, line)
}

// addAll takes the networks of one entry in, all or none.
func (l *list) addAll(prefixes []netip.Prefix, text string, what label, line place) {
	what = label{brief(what.provider), brief(what.service), brief(what.region)}
	switch {
	case !l.tellsAll() && slices.ContainsFunc(prefixes, tooWide), slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Bits() == 0 }):
		l.malformed(line, fmt.Sprintf("%s is too wide to tell anything", shorten(text)))
		return
	case l.table.Size()+len(prefixes) > l.room():
		l.malformed(line, fmt.Sprintf("the list has more than %d networks", l.room()))
		return
	}
	for _, prefix := range prefixes {
		l.table.Modify(prefix, func(before uint32, found bool) (uint32, bool) {
			if found {
				return l.intern(join(l.labels[before], what)), false
			}
			return l.intern(what), false
		})
	}
}

// tellsAll reports whether the list tells something of every address, and not
// which ones are of a kind.
func (l *list) tellsAll() bool { return l.kind == Country || l.kind == ASN }

func (l *list) room() int {
	if l.tellsAll() {
		return maxPlaces
	}
	return maxEntries
}

func tooWide(p netip.Prefix) bool {
	return p.Addr().Is4() && p.Bits() < widest4 || p.Addr().Is6() && p.Bits() < widest6
}

func (l *list) intern(what label) uint32 {
	i, ok := l.index[what]
	if !ok {
		i = uint32(len(l.labels))
		l.index[what] = i
		l.labels = append(l.labels, what)
	}
	return i
}

// maxServices bounds the services that are told of one network.
const maxServices = 8

// join is what two entries for one network say together. AWS lists each network
// under AMAZON too, which tells less than the service.
func join(a, b label) label {
	if a == b {
		return a
	}
	out := label{provider: a.provider, region: a.region}
	if out.region == "" || out.region == "GLOBAL" {
		out.region = b.region
	}
	var services []string
	for _, s := range append(strings.Split(a.service, ","), b.service) {
		if s != "" && s != "AMAZON" && len(services) < maxServices && !strings.Contains(","+strings.Join(services, ",")+",", ","+s+",") {
			services = append(services, s)
		}
	}
	out.service = strings.Join(services, ",")
	if out.service == "" {
		out.service = a.service
	}
	return out
}

// parsePrefix reads a network or an address, without zone, in its IPv4 form
// where it has one.
func parsePrefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, err
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

func (l *list) lookup(addr netip.Addr, facts *Facts) {
	i, ok := l.table.Lookup(addr)
	if !ok {
		return
	}
	prefix, _, _ := l.table.LookupPrefixLPM(netip.PrefixFrom(addr, addr.BitLen()))
	what := l.labels[i]
	if l.kind == Country && what.region == nowhere {
		return
	}
	value := what.String()
	if value == "" {
		value = l.source.Title
	}
	fact := Fact{Kind: l.kind, Value: value, Provider: what.provider, Service: what.service, Region: what.region, Prefix: prefix, Source: l.source}
	if l.kind == ASN {
		_, _ = fmt.Sscanf(value, "AS%d", &fact.Number)
	}
	facts.Found = append(facts.Found, fact)
}

// maxValue bounds what a source says of a network.
const maxValue = 200

// brief cuts a value that is longer than any that is meant.
func brief(s string) string {
	if len(s) > maxValue {
		return shorten(s)
	}
	return s
}

// shorten keeps an error readable whatever stands in the file.
func shorten(s string) string {
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return s
}
