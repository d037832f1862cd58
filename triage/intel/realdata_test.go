// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// realData is the directory of public data sets that BUCKETLID_REALDATA names.
func realData(t testing.TB) string {
	dir := os.Getenv("BUCKETLID_REALDATA")
	if dir == "" {
		t.Skip("BUCKETLID_REALDATA is not set: no public data to read")
	}
	return dir
}

func realList(t testing.TB, name, path string, kind Kind) (Row, string) {
	text, err := os.ReadFile(filepath.Join(realData(t), path))
	if err != nil {
		t.Fatal(err)
	}
	return Row{Name: name, Title: name, Kind: kind, Format: "text", Licence: "MIT", MaxAge: month}, string(text)
}

func realDatabase(t testing.TB) *Database {
	t.Helper()
	var rows []Row
	var texts []string
	for _, l := range []struct {
		name, path string
		kind       Kind
	}{
		{"vpn4", "iplists-x4b-vpn/output/vpn/ipv4.txt", VPN}, {"vpn6", "iplists-x4b-vpn/output/vpn/ipv6.txt", VPN},
		{"host4", "iplists-x4b-vpn/output/datacenter/ipv4.txt", Hosting}, {"host6", "iplists-x4b-vpn/output/datacenter/ipv6.txt", Hosting},
		{"amazon4", "iplists-lord-alfred/amazon/ipv4.txt", Cloud}, {"amazon6", "iplists-lord-alfred/amazon/ipv6.txt", Cloud},
		{"proton", "iplists-lord-alfred/protonvpn/ipv4.txt", VPN}, {"oracle", "iplists-lord-alfred/oracle/ipv4.txt", Cloud},
	} {
		row, text := realList(t, l.name, l.path, l.kind)
		rows, texts = append(rows, row), append(texts, text)
	}
	own := map[string][]byte{}
	for _, name := range []string{"GeoIP2-City-Test", "GeoIP2-Country-Test", "GeoLite2-ASN-Test", "GeoIP2-Anonymous-IP-Test", "GeoIP2-ISP-Test"} {
		content, err := os.ReadFile(filepath.Join(realData(t), "maxmind-mmdb-test", "test-data", name+".mmdb"))
		if err != nil {
			t.Fatal(err)
		}
		own[name+".mmdb"] = content
	}
	d, problems := shelf(t, rows, texts, own)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return d
}

func TestRealData(t *testing.T) {
	d := realDatabase(t)
	for _, s := range d.Sources() {
		if s.Entries < 5 || s.Malformed > 0 {
			t.Errorf("%s: %d entries, %d malformed: %v", s.Name, s.Entries, s.Malformed, s.Problems)
		}
	}
	// From the sources of the test databases, source-data/*.json.
	for addr, want := range map[string]map[Kind]string{
		"81.2.69.142":        {Country: "GB", City: "London"},
		"89.160.20.112":      {Country: "SE", City: "Linköping", ASN: "AS29518 Bredband2 AB"},
		"1.128.0.1":          {ASN: "AS1221 Telstra Pty Ltd"},
		"2001:218::1":        {Country: "JP"},
		"::ffff:81.2.69.142": {Country: "GB", City: "London"},
	} {
		facts := d.Lookup(netip.MustParseAddr(addr))
		for kind, value := range want {
			if f, _ := facts.Get(kind); f.Value != value {
				t.Errorf("%s: %s is %q, want %q", addr, kind, f.Value, value)
			}
		}
		if len(facts.Failed) > 0 {
			t.Error(facts.Failed)
		}
	}
}

func BenchmarkRealLists(b *testing.B) {
	d := realDatabase(b)
	d.geo = nil
	benchmark(b, d)
}

func BenchmarkRealDatabases(b *testing.B) {
	d := realDatabase(b)
	d.lists = nil
	benchmark(b, d)
}

func benchmark(b *testing.B, d *Database) {
	addrs := []netip.Addr{netip.MustParseAddr("3.5.140.2"), netip.MustParseAddr("81.2.69.142"), netip.MustParseAddr("2.26.157.9"), netip.MustParseAddr("2001:218::1")}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.Lookup(addrs[i%len(addrs)])
	}
}

func BenchmarkOpenList(b *testing.B) {
	row, text := realList(b, "host4", "iplists-x4b-vpn/output/datacenter/ipv4.txt", Hosting)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := newList(&Source{File: "f"}, &row, []byte(text)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLookup needs no public data: 100,000 networks in ten lists.
func BenchmarkLookup(b *testing.B) {
	d := &Database{}
	for n := range 10 {
		l := &list{source: &Source{Title: "t"}, kind: VPN, index: map[label]uint32{}}
		for i := range 10000 {
			addr := netip.AddrFrom4([4]byte{byte(20 + n*10 + i>>12), byte(i >> 4), byte(i << 4), 0})
			l.table.Insert(netip.PrefixFrom(addr, 28), l.intern(label{provider: "p"}))
		}
		d.lists = append(d.lists, l)
	}
	addrs := []netip.Addr{netip.MustParseAddr("20.1.16.5"), netip.MustParseAddr("81.2.69.142"), netip.MustParseAddr("110.1.16.5"), netip.MustParseAddr("2001:218::1")}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.Lookup(addrs[i%len(addrs)])
	}
}
