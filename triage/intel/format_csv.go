// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// networkColumns are usual names of the column of networks.
var networkColumns = []string{"network", "cidr", "prefix", "ip_prefix", "ipprefix", "subnet", "ip", "address", "range", "ip_range"}

// rangeColumns are usual names of the columns of a range's first and last address.
var rangeColumns = [][2]string{
	{"start", "end"}, {"start_ip", "end_ip"}, {"ip_start", "ip_end"}, {"from", "to"}, {"ip_from", "ip_to"}, {"range_start", "range_end"}, {"first", "last"},
	{"first_ip", "last_ip"}, {"begin", "end"}, {"start_address", "end_address"}, {"network_start_ip", "network_last_ip"},
}

// Usual names of the columns of a country and of an autonomous system.
var (
	countryColumns = []string{"country", "country_code", "country_iso_code", "countrycode", "cc"}
	numberColumns  = []string{"asn", "as_number", "autonomous_system_number"}
	nameColumns    = []string{"as_name", "as_organization", "as", "name", "org", "organization", "autonomous_system_organization"}
)

// layout says which columns of a CSV file hold what; -1 is none.
type layout struct {
	network, first, last  int
	country, number, name int
}

// readCSV reads networks, or ranges of addresses. The names in the first line
// say which columns they are in; without any the first that holds a network
// there, or two that hold the ends of a range.
func readCSV(l *list, base label, text []byte) error {
	if err := noHTML(text); err != nil {
		return err
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	r.FieldsPerRecord, r.ReuseRecord, r.LazyQuotes, r.Comment = -1, true, true, '#'
	var in *layout
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			l.malformed(place(bad.Line), "no line of CSV")
			continue
		}
		line, _ := r.FieldPos(0)
		for i := range record {
			record[i] = strings.TrimSpace(record[i])
		}
		if in == nil {
			header := false
			if in, header, err = layoutOf(record, l.kind); err != nil {
				return err
			} else if header {
				continue
			}
		}
		in.read(l, base, record, place(line))
	}
}

// layoutOf reads the first line.
func layoutOf(record []string, kind Kind) (in *layout, header bool, err error) {
	in = &layout{-1, -1, -1, -1, -1, -1}
	in.places(record)
	header = in.network < 0 && in.first < 0
	if header {
		in.names(record)
	}
	switch {
	case in.network < 0 && in.first < 0:
		return nil, false, fmt.Errorf("no column of its first line holds networks or is called one of %s, nor do two hold the ends of a range, as %s and %s",
			strings.Join(networkColumns, ", "), rangeColumns[0][0], rangeColumns[0][1])
	case kind == Country && in.country < 0:
		return nil, false, fmt.Errorf("no column of its first line holds a country of two letters or is called one of %s", strings.Join(countryColumns, ", "))
	case kind == ASN && in.number < 0:
		return nil, false, fmt.Errorf("no column of its first line is called one of %s", strings.Join(numberColumns, ", "))
	}
	return in, header, nil
}

// places finds columns by what a line without names holds.
func (in *layout) places(record []string) {
	next := 0
	if len(record) > 1 {
		from, err := parseBound(record[0])
		to, err2 := parseBound(record[1])
		// Below 1.0.0.0 two numbers are some ids, not the ends of a range.
		if err == nil && err2 == nil && from.BitLen() == to.BitLen() && !to.Less(from) && !to.Less(netip.AddrFrom4([4]byte{0, 255, 255, 255})) {
			in.first, in.last, next = 0, 1, 2
		}
	}
	for i := next; i < len(record) && in.first < 0 && in.network < 0; i++ {
		if _, err := parseNetworks(record[i]); err == nil {
			in.network, next = i, i+1
		}
	}
	if in.first < 0 && in.network < 0 {
		return
	}
	in.unnamed(record, next)
}

// continents are the codes that DB-IP's city database has before the country;
// some are countries too.
var continents = []string{"AF", "AN", "AS", "EU", "NA", "OC", "SA"}

// unnamed finds country, number and name in a line without names of columns: the
// first two letters (DB-IP, IP2Location), and number and name behind the range,
// or behind the network that IP2Location has between.
func (in *layout) unnamed(record []string, next int) {
	in.country = slices.IndexFunc(record, isCountry)
	if i := in.country; i >= 0 && slices.Contains(continents, record[i]) && i+1 < len(record) && isCountry(record[i+1]) {
		in.country++
	}
	if next < len(record) {
		if _, err := parsePrefix(record[next]); err == nil {
			next++
		}
	}
	if next < len(record) {
		in.number, in.name = next, next+1
	}
}

// names finds columns by their names.
func (in *layout) names(record []string) {
	find := func(names ...string) int {
		for _, name := range names {
			if i := slices.IndexFunc(record, func(f string) bool { return strings.EqualFold(f, name) }); i >= 0 {
				return i
			}
		}
		return -1
	}
	for _, pair := range rangeColumns {
		if first, last := find(pair[0]), find(pair[1]); first >= 0 && last >= 0 {
			in.first, in.last = first, last
			break
		}
	}
	if in.first < 0 {
		in.network = find(networkColumns...)
	}
	in.country, in.number, in.name = find(countryColumns...), find(numberColumns...), find(nameColumns...)
}

func isCountry(s string) bool {
	return s == "-" || len(s) == 2 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func (in *layout) read(l *list, base label, record []string, line place) {
	field := func(i int) string {
		if i < 0 || i >= len(record) {
			return ""
		}
		return record[i]
	}
	if max(in.network, in.last, in.first) >= len(record) {
		l.malformed(line, "the line has too few columns")
		return
	}
	switch l.kind {
	case Country:
		code := strings.ToUpper(field(in.country))
		switch {
		case code == "-" || code == "": // reserved
			return
		case assigned[code]:
		case len(code) == 2:
			code = nowhere // of a network within a country's it must not tell that country
		default:
			l.malformed(line, fmt.Sprintf("%q is no country of two letters", shorten(field(in.country))))
			return
		}
		base.provider, base.region = "", code
	case ASN:
		number := strings.TrimPrefix(strings.ToUpper(field(in.number)), "AS")
		if number == "-" || number == "" || number == "0" { // announced by nobody
			return
		}
		if len(number) > 10 || strings.Trim(number, "0123456789") != "" {
			l.malformed(line, fmt.Sprintf("%q is no number of a system", shorten(number)))
			return
		}
		base.provider = "AS" + number + " " + shorten(field(in.name))
	}
	if in.network >= 0 {
		l.add(record[in.network], base, line)
		return
	}
	text := record[in.first] + " - " + record[in.last]
	prefixes, err := rangeOf(record[in.first], record[in.last])
	if err != nil {
		l.malformed(line, fmt.Sprintf("%q %v", shorten(text), err))
		return
	}
	l.addAll(prefixes, text, base, line)
}

func rangeOf(first, last string) ([]netip.Prefix, error) {
	from, err := parseBound(first)
	if err != nil {
		return nil, err
	}
	to, err := parseBound(last)
	if err != nil {
		return nil, err
	}
	return splitRange(from, to)
}
