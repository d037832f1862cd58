// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// maxDatabase bounds a database of addresses, which is held in memory: a file
// that is cut short while it is mapped would end the program.
const maxDatabase = 1 << 30

// geo is one database of addresses.
type geo struct {
	source *Source
	reader *maxminddb.Reader
}

// geoRecord is what is read of a database's record, of whatever type it is.
type geoRecord struct {
	Country struct {
		ISO string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	City struct {
		Names struct {
			English string `maxminddb:"en"`
		} `maxminddb:"names"`
	} `maxminddb:"city"`
	Number       uint32 `maxminddb:"autonomous_system_number"`
	Organization string `maxminddb:"autonomous_system_organization"`
	ISP          string `maxminddb:"isp"`
	Anonymous    bool   `maxminddb:"is_anonymous"`
	VPN          bool   `maxminddb:"is_anonymous_vpn"`
	Hosting      bool   `maxminddb:"is_hosting_provider"`
	PublicProxy  bool   `maxminddb:"is_public_proxy"`
	Residential  bool   `maxminddb:"is_residential_proxy"`
	Tor          bool   `maxminddb:"is_tor_exit_node"`
}

// geoTypes says, by a part of its type, what a database tells.
var geoTypes = []struct {
	part  string
	kinds []Kind
}{
	{"Anonymous", []Kind{Hosting, VPN, Tor, Proxy, Anonymizer}},
	{"Enterprise", []Kind{Country, City, ASN}},
	{"City", []Kind{Country, City}},
	{"Country", []Kind{Country}},
	{"ASN", []Kind{ASN}},
	{"ISP", []Kind{ASN}},
}

// geoLicences are the licences of databases that say nothing of one.
var geoLicences = []struct{ prefix, licence string }{
	{"GeoLite2", "GeoLite End User License Agreement"},
	{"GeoIP", "MaxMind End User License Agreement"},
	{"DBIP", "CC BY 4.0"},
}

// newGeo opens a database from its bytes. Its metadata names type and date.
func newGeo(s *Source, content []byte) (*geo, error) {
	reader, err := maxminddb.OpenBytes(content)
	if err != nil {
		return nil, fmt.Errorf("%s is not a MaxMind database (.mmdb): %w", s.File, err)
	}
	meta := reader.Metadata
	for _, t := range geoTypes {
		if strings.Contains(meta.DatabaseType, t.part) {
			s.Kinds = t.kinds
			break
		}
	}
	if s.Kinds == nil {
		return nil, fmt.Errorf("%s is a database of type %q; City, Country, ASN, ISP, Enterprise and Anonymous databases are read", s.File, shorten(meta.DatabaseType))
	}
	if s.Title == "" {
		s.Title = shorten(meta.DatabaseType)
	}
	if s.Licence == "" {
		s.Licence = "licence as you got it"
		for _, l := range geoLicences {
			if strings.HasPrefix(meta.DatabaseType, l.prefix) {
				s.Licence = l.licence
			}
		}
	}
	if err := checkTree(reader, content); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", s.File, err)
	}
	s.Date = time.Unix(int64(min(meta.BuildEpoch, 1<<40)), 0).UTC()
	s.Entries = int(meta.NodeCount)
	return &geo{s, reader}, nil
}

func (g *geo) lookup(addr netip.Addr, facts *Facts) {
	if addr.Is6() && g.reader.Metadata.IPVersion == 4 {
		return
	}
	result := g.reader.Lookup(addr)
	var record geoRecord
	if err := result.Decode(&record); err != nil {
		facts.Failed = append(facts.Failed, fmt.Sprintf("%s: %v", g.source.File, err))
		return
	}
	if !result.Found() {
		return
	}
	tell := func(kind Kind, value string) {
		fact := Fact{Kind: kind, Value: brief(value), Prefix: result.Prefix(), Source: g.source}
		if kind == ASN {
			fact.Number = record.Number
		}
		facts.Found = append(facts.Found, fact)
	}
	country := strings.ToUpper(record.Country.ISO)
	if !assigned[country] {
		country = ""
	}
	texts := []struct {
		kind  Kind
		value string
	}{{Country, country}, {City, record.City.Names.English}, {ASN, record.system()}}
	for _, t := range texts {
		if t.value != "" {
			tell(t.kind, t.value)
		}
	}
	for _, m := range []struct {
		kind Kind
		set  bool
	}{{Hosting, record.Hosting}, {VPN, record.VPN}, {Tor, record.Tor}, {Proxy, record.PublicProxy || record.Residential}, {Anonymizer, record.Anonymous}} {
		if m.set {
			tell(m.kind, "yes")
		}
	}
}

func (r *geoRecord) system() string {
	if r.Number == 0 {
		return ""
	}
	name := r.Organization
	if name == "" {
		name = r.ISP
	}
	return strings.TrimSpace(fmt.Sprintf("AS%d %s", r.Number, name))
}
