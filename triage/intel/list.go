// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/gaissmai/bart"
)

// Bounds of a list.
const (
	maxEntries  = 1 << 20
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
		return nil, fmt.Errorf("%s holds no network (%d lines could not be read%s)", s.File, s.Malformed, firstOf(s.Problems))
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

// malformed counts and names what could not be read; line 0 is no line.
func (l *list) malformed(line int, why string) {
	l.source.Malformed++
	if len(l.source.Problems) >= maxProblems {
		return
	}
	place := l.source.File
	if line > 0 {
		place = fmt.Sprintf("%s:%d", place, line)
	}
	l.source.Problems = append(l.source.Problems, place+": "+why)
}

// add takes one network or address in. Bits beyond the prefix are cut off, as
// the lists of AWS need it (page "Syntax for AWS IP address range JSON" shows
// 198.51.100.2/24).
func (l *list) add(text string, what label, line int) {
	prefix, err := parsePrefix(text)
	switch {
	case err != nil:
		l.malformed(line, fmt.Sprintf("%q is no network", shorten(text)))
		return
	case prefix.Addr().Is4() && prefix.Bits() < widest4, prefix.Addr().Is6() && prefix.Bits() < widest6:
		l.malformed(line, fmt.Sprintf("%s is too wide to tell anything", prefix))
		return
	case l.table.Size() >= maxEntries:
		l.malformed(line, fmt.Sprintf("the list has more than %d networks", maxEntries))
		return
	}
	l.table.Modify(prefix, func(before uint32, found bool) (uint32, bool) {
		if found {
			return l.intern(join(l.labels[before], what)), false
		}
		return l.intern(what), false
	})
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
	value := what.String()
	if value == "" {
		value = l.source.Title
	}
	facts.Found = append(facts.Found, Fact{Kind: l.kind, Value: value, Provider: what.provider, Service: what.service, Region: what.region,
		Prefix: prefix, Source: l.source})
}

// shorten keeps an error readable whatever stands in the file.
func shorten(s string) string {
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return s
}
