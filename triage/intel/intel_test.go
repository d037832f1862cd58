// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var august = time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)

// shelf writes files and a manifest of rows into a directory, and opens it.
func shelf(t testing.TB, rows []Row, contents []string, own map[string][]byte) (*Database, []string) {
	t.Helper()
	dir := t.TempDir()
	m := &Manifest{Version: manifestVersion}
	for i, row := range rows {
		sha := sum([]byte(contents[i]))
		m.put(Record{Name: row.Name, Title: row.Title, Kind: row.Kind, Provider: row.Provider, Format: row.Format, File: dataFile(&row, sha),
			Checked: august, SHA256: sha, Licence: row.Licence, MaxAgeHours: int(row.MaxAge / time.Hour)})
		write(t, filepath.Join(dir, dataFile(&row, sha)), []byte(contents[i]))
	}
	if err := m.write(dir); err != nil {
		t.Fatal(err)
	}
	for name, content := range own {
		write(t, filepath.Join(dir, name), content)
	}
	d, problems, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d, problems
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

const awsText = `{"syncToken":"1","createDate":"2026-08-01-00-00-00","prefixes":[
 {"ip_prefix":"198.51.0.0/16","region":"eu-west-1","service":"AMAZON","network_border_group":"eu-west-1"},
 {"ip_prefix":"198.51.100.0/24","region":"eu-west-1","service":"AMAZON"},
 {"ip_prefix":"198.51.100.2/24","region":"eu-west-1","service":"EC2"},
 {"ip_prefix":"198.51.100.0/24","region":"eu-west-1","service":"S3"},
 {"ip_prefix":"rubbish","region":"eu-west-1","service":"S3"}],
 "ipv6_prefixes":[{"ipv6_prefix":"2001:db8:aaaa::/48","region":"GLOBAL","service":"CLOUDFRONT"}]}`

func aShelf(t testing.TB) *Database {
	t.Helper()
	rows := []Row{
		{Name: "aws", Title: "AWS", Kind: Cloud, Provider: "AWS", Format: "aws-json", Licence: "free", MaxAge: 30 * 24 * time.Hour},
		{Name: "vpns", Title: "VPN list", Kind: VPN, Format: "text", Licence: "MIT", MaxAge: 30 * 24 * time.Hour},
		{Name: "hosts", Title: "Hosting list", Kind: Hosting, Format: "csv", Licence: "CC0-1.0", MaxAge: 30 * 24 * time.Hour},
		{Name: "gcp", Title: "GCP", Kind: Cloud, Provider: "Google Cloud", Format: "gcp-json", Licence: "free"},
		{Name: "azure", Title: "Azure", Kind: Cloud, Provider: "Azure", Format: "azure-json", Licence: "free"},
	}
	d, problems := shelf(t, rows, []string{awsText,
		"\ufeff# a comment\n203.0.113.0/24 # all of it\n\n2001:db8:bbbb::1\n; more\n::ffff:198.51.100.77\n",
		"Network,Country\n198.51.100.64/26,DE\n203.0.113.7,FR\n\"2001:db8:cccc::/48\",X\nnone,Y\nshort\n",
		`{"prefixes":[{"ipv4Prefix":"192.0.2.128/25","service":"Google Cloud","scope":"europe-west3"},{"ipv6Prefix":"2001:db8:dddd::/44","scope":"us-east1"}]}`,
		`{"values":[{"name":"AzureCloud.westeurope","properties":{"region":"westeurope","systemService":"","addressPrefixes":["192.0.2.64/26","2001:db8:eeee::/48"]}}]}`,
	}, map[string][]byte{"my-city.mmdb": cityDatabase(), "my-asn.mmdb": asnDatabase(), "anonymous.mmdb": anonymousDatabase()})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return d
}

// told is facts as "kind=value@network, …".
func told(f Facts) string {
	var out []string
	for _, fact := range f.Found {
		out = append(out, fmt.Sprintf("%s=%s@%s", fact.Kind, fact.Value, fact.Prefix))
	}
	return strings.Join(out, ", ")
}

func TestLookup(t *testing.T) {
	d := aShelf(t)
	for addr, want := range map[string]string{
		"192.0.2.1":             "asn=AS64500 Example AG@192.0.2.0/24, country=DE@192.0.2.0/24, city=Berlin@192.0.2.0/24",
		"192.0.2.200":           "asn=AS64500 Example AG@192.0.2.0/24, country=DE@192.0.2.0/24, city=Berlin@192.0.2.0/24, cloud=Google Cloud europe-west3@192.0.2.128/25",
		"192.0.2.70":            "asn=AS64500 Example AG@192.0.2.0/24, country=DE@192.0.2.0/24, city=Berlin@192.0.2.0/24, cloud=Azure westeurope@192.0.2.64/26",
		"198.51.100.1":          "country=AT@198.51.100.0/25, cloud=AWS EC2,S3 eu-west-1@198.51.100.0/24",
		"::ffff:198.51.100.1":   "country=AT@198.51.100.0/25, cloud=AWS EC2,S3 eu-west-1@198.51.100.0/24",
		"198.51.100.77":         "country=AT@198.51.100.0/25, cloud=AWS EC2,S3 eu-west-1@198.51.100.0/24, hosting=Hosting list@198.51.100.64/26, vpn=VPN list@198.51.100.77/32",
		"198.51.7.7":            "cloud=AWS AMAZON eu-west-1@198.51.0.0/16",
		"203.0.113.3":           "vpn=yes@203.0.113.0/28, anonymizer=yes@203.0.113.0/28, vpn=VPN list@203.0.113.0/24",
		"203.0.113.20":          "hosting=yes@203.0.113.16/28, tor=yes@203.0.113.16/28, proxy=yes@203.0.113.16/28, anonymizer=yes@203.0.113.16/28, vpn=VPN list@203.0.113.0/24",
		"2001:db8:10::1":        "country=CH@2001:db8:10::/48",
		"2001:db8:bbbb::1%eth0": "vpn=VPN list@2001:db8:bbbb::1/128",
		"2001:db8:aaaa::5":      "cloud=AWS CLOUDFRONT GLOBAL@2001:db8:aaaa::/48",
		"192.0.3.1":             "",
	} {
		facts := d.Lookup(netip.MustParseAddr(addr))
		if got := told(facts); got != want || len(facts.Failed) > 0 || !facts.Public {
			t.Errorf("Lookup(%s)\n got %s %v\nwant %s", addr, got, facts.Failed, want)
		}
	}
}

// Addresses that are not the internet's are never looked up.
func TestLookupOfPrivateAddresses(t *testing.T) {
	d, _ := shelf(t, []Row{{Name: "all", Title: "All", Kind: VPN, Format: "text", Licence: "x"}},
		[]string{"10.0.0.0/8\n127.0.0.0/8\n169.254.0.0/16\n100.64.0.0/10\nfc00::/16\nfe80::/16\n"}, nil)
	for _, addr := range []string{"10.1.2.3", "127.0.0.1", "169.254.169.254", "100.64.0.9", "fc00::1", "fe80::1%eth0", "::1", "0.0.0.0", "::", "224.0.0.1", "::ffff:10.0.0.1"} {
		if f := d.Lookup(netip.MustParseAddr(addr)); f.Public || len(f.Found) > 0 {
			t.Errorf("Lookup(%s) = %v", addr, told(f))
		}
	}
	if f := d.Lookup(netip.Addr{}); f.Public || len(f.Found) > 0 {
		t.Error("the zero address has facts")
	}
	var none *Database
	if f := none.Lookup(netip.MustParseAddr("192.0.2.1")); len(f.Found) > 0 || !f.Public || len(none.Knows(VPN)) > 0 {
		t.Error("a nil Database knows something")
	}
}

// What a source says may be long, but not kept so: it stands in every alert.
func TestLongValues(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	rows := []Row{{Name: "aws", Title: "AWS", Kind: Cloud, Format: "aws-json", Licence: "free"}, {Name: "systems", Title: "AS", Kind: ASN, Format: "csv", Licence: "free"}}
	d, problems := shelf(t, rows, []string{`{"prefixes":[{"ip_prefix":"192.0.2.0/24","region":"` + long + `","service":"` + long + `"}]}`, "192.0.2.0,192.0.2.255,1," + long + "\n"},
		map[string][]byte{"city.mmdb": database("X-City", buildTime, map[string]map[string]any{"192.0.2.0/24": {"country": map[string]any{"iso_code": "DE"}, "city": map[string]any{"names": map[string]any{"en": long[:280]}}}})})
	facts := d.Lookup(netip.MustParseAddr("192.0.2.1"))
	if len(problems) > 0 || len(facts.Found) != 4 {
		t.Fatal(problems, len(facts.Found))
	}
	for _, f := range facts.Found {
		if len(f.Value) > 3*maxValue {
			t.Errorf("%s: a value of %d bytes", f.Kind, len(f.Value))
		}
	}
}

func TestKnowsAndSources(t *testing.T) {
	d := aShelf(t)
	for kind, want := range map[Kind]string{
		Country: "my-city", ASN: "my-asn", VPN: "anonymous vpns", Tor: "anonymous", Cloud: "aws azure gcp", Hosting: "anonymous hosts", City: "my-city",
	} {
		var got []string
		for _, s := range d.Knows(kind) {
			got = append(got, s.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("Knows(%s) = %v, want %s", kind, got, want)
		}
	}
	counts := map[string][2]int{}
	for _, s := range d.Sources() {
		counts[s.Name] = [2]int{s.Entries, s.Malformed}
		if s.Name == "hosts" && !slices.Equal(s.Problems, []string{s.File + `:5: "none" is no network`, s.File + `:6: "short" is no network`}) {
			t.Errorf("problems of %s: %q", s.File, s.Problems)
		}
	}
	for name, want := range map[string][2]int{"aws": {3, 1}, "vpns": {3, 0}, "hosts": {3, 2}, "gcp": {2, 0}, "azure": {2, 0}} {
		if counts[name] != want {
			t.Errorf("%s has %v entries and malformed lines, want %v", name, counts[name], want)
		}
	}
}

func TestEvidence(t *testing.T) {
	d := aShelf(t)
	vpn, _ := d.Lookup(netip.MustParseAddr("198.51.100.77")).Get(VPN)
	city, _ := d.Lookup(netip.MustParseAddr("192.0.2.1")).Get(City)
	system, ok := d.Lookup(netip.MustParseAddr("192.0.2.1")).Get(ASN)
	if !ok || system.Number != 64500 {
		t.Errorf("the system is %+v", system)
	}
	for _, tt := range []struct {
		fact Fact
		at   time.Time
		want string
	}{
		{vpn, august.Add(time.Hour), "vpn: VPN list (198.51.100.77/32 in VPN list, MIT; of 2026-08-01)"},
		{vpn, august.AddDate(0, 0, 10), "vpn: VPN list (198.51.100.77/32 in VPN list, MIT; of 2026-08-01, 10 days before)"},
		{vpn, august.AddDate(0, 0, 1), "vpn: VPN list (198.51.100.77/32 in VPN list, MIT; of 2026-08-01, 1 day before)"},
		{vpn, august.AddDate(0, 0, -3), "vpn: VPN list (198.51.100.77/32 in VPN list, MIT; of 2026-08-01, 3 days after)"},
		{vpn, august.AddDate(0, 0, -90), "vpn: VPN list (198.51.100.77/32 in VPN list, MIT; of 2026-08-01, 90 days after: stale, the address may have changed hands)"},
		{vpn, time.Time{}, "vpn: VPN list (198.51.100.77/32 in VPN list, MIT; of 2026-08-01)"},
		{city, august.AddDate(1, 0, 0), "city: Berlin (192.0.2.0/24 in Test-City, licence as you got it; of 2026-08-01, 365 days before: stale, the address may have changed hands)"},
		{system, august, "asn: AS64500 Example AG (192.0.2.0/24 in GeoLite2-ASN, GeoLite End User License Agreement; of 2026-08-01)"},
	} {
		if got := tt.fact.Evidence(tt.at); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// What cannot be used is named; the rest answers.
func TestOpenNamesWhatIsBroken(t *testing.T) {
	city := cityDatabase()
	rows := []Row{
		{Name: "good", Title: "Good", Kind: VPN, Format: "text", Licence: "x"},
		{Name: "page", Title: "Page", Kind: VPN, Format: "text", Licence: "x"},
		{Name: "empty", Title: "Empty", Kind: VPN, Format: "text", Licence: "x"},
		{Name: "cut", Title: "Cut", Kind: Cloud, Format: "aws-json", Licence: "x"},
		{Name: "wrong", Title: "Wrong", Kind: Cloud, Format: "gcp-json", Licence: "x"},
		{Name: "table", Title: "Table", Kind: Cloud, Format: "csv", Licence: "x"},
		{Name: "odd", Title: "Odd", Kind: Cloud, Format: "yaml", Licence: "x"},
		{Name: "wide", Title: "Wide", Kind: VPN, Format: "text", Licence: "x"},
	}
	d, problems := shelf(t, rows, []string{"192.0.2.1\n", " <!DOCTYPE html>\n", "# none\n", awsText[:200], `{"prefixes":[{"ipv4Prefix":7}]}`,
		"a,b\nc,d\n", "x", "0.0.0.0/0\n::/0\n"},
		map[string][]byte{"city.mmdb": city, "half.mmdb": city[:len(city)/2], "text.mmdb": []byte("hello"),
			"other.mmdb": database("Other-Kind", buildTime, map[string]map[string]any{"192.0.2.0/24": {"x": "y"}})})
	if got := told(d.Lookup(netip.MustParseAddr("192.0.2.1"))); got != "country=DE@192.0.2.0/24, city=Berlin@192.0.2.0/24, vpn=Good@192.0.2.1/32" {
		t.Errorf("what is good says %s", got)
	}
	for _, want := range []string{
		"is not a list of networks, one a line: it is an HTML or XML page", "empty.", "holds no network (unreadable lines: 0", "is not ip-ranges.json of AWS: line 3, at offset",
		"is not cloud.json of Google Cloud: line 1, at offset", `no column of its first line`, `no list format is called "yaml"`, "is too wide to tell anything",
		"half.mmdb is not a MaxMind database", "text.mmdb is not a MaxMind database", `other.mmdb is a database of type "Other-Kind"; City, Country`,
	} {
		if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, want) }) {
			t.Errorf("no problem tells %q:\n%s", want, strings.Join(problems, "\n"))
		}
	}
	if len(problems) != 10 {
		t.Errorf("%d problems, want 10:\n%s", len(problems), strings.Join(problems, "\n"))
	}
}

// A file that was changed after it was fetched is not used, nor is a manifest
// that points elsewhere.
func TestOpenTrustsNoChangedFile(t *testing.T) {
	dir := t.TempDir()
	row := Row{Name: "vpn", Title: "VPN", Kind: VPN, Format: "text", Licence: "x"}
	sha := sum([]byte("192.0.2.1\n"))
	m := &Manifest{Version: manifestVersion}
	m.put(Record{Name: "vpn", Format: "text", Kind: VPN, File: dataFile(&row, sha), SHA256: sha})
	if err := m.write(dir); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, dataFile(&row, sha)), []byte("192.0.2.2\n"))
	d, problems, err := Open(dir)
	if err != nil || len(d.Sources()) > 0 || len(problems) != 1 || !strings.Contains(problems[0], "is not the file that was fetched") {
		t.Errorf("%v %v %v", d.Sources(), problems, err)
	}
	for text, want := range map[string]string{
		`{"version":1,"sources":[{"name":"vpn","file":"../../etc/passwd"}]}`: "names the source",
		`{"version":1,"sources":[{"name":"../x","file":"a"}]}`:               "names the source",
		`{"version":9}`: "is of version 9",
		`{"version":`:   "is damaged",
	} {
		write(t, filepath.Join(dir, manifestName), []byte(text))
		if _, _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, _, err := Open(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "bucketlid intel update") {
		t.Error(err)
	}
}

// A list answers as going through its lines one by one would: the longest
// prefix wins.
func TestListIsItsLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefixes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) netip.Prefix {
			addr := netip.AddrFrom4([4]byte{198, 51, byte(rapid.IntRange(96, 103).Draw(t, "c")), byte(rapid.IntRange(0, 255).Draw(t, "d"))})
			return netip.PrefixFrom(addr, rapid.IntRange(16, 32).Draw(t, "bits"))
		}), 1, 20).Draw(t, "prefixes")
		var text strings.Builder
		for _, p := range prefixes {
			fmt.Fprintln(&text, p)
		}
		l, err := newList(&Source{File: "f"}, &Row{Kind: VPN, Format: "text"}, []byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		addr := netip.AddrFrom4([4]byte{198, 51, byte(rapid.IntRange(96, 103).Draw(t, "c")), byte(rapid.IntRange(0, 255).Draw(t, "d"))})
		best := netip.Prefix{}
		for _, p := range prefixes {
			if p.Contains(addr) && (!best.IsValid() || p.Bits() > best.Bits()) {
				best = p.Masked()
			}
		}
		facts := Facts{}
		l.lookup(addr, &facts)
		got := netip.Prefix{}
		if len(facts.Found) > 0 {
			got = facts.Found[0].Prefix
		}
		if got != best {
			t.Fatalf("%s is in %s, want %s", addr, got, best)
		}
	})
}

// Any bytes give a list, or an error, in every format; never a panic.
func FuzzFormats(f *testing.F) {
	f.Add(awsText)
	f.Add("network,x\n192.0.2.0/24,\"a\n")
	f.Add("192.0.2.0/24\n#\n::/0")
	f.Add(`{"values":[{"properties":{"addressPrefixes":["192.0.2.0/24"]}}]}`)
	f.Add(`{"prefixes":[{"ipv4Prefix":"192.0.2.0/24"}]}`)
	f.Add(`{"regions":[{"cidrs":[{"cidr":"192.0.2.0/24"}]}]}`)
	f.Add("192.0.2.1-198.51.100.2,EU,DE,Berlin\n")
	f.Add(`"0","16777215","-","-"`)
	f.Add("add x 192.0.2.1\n::-::ffff:192.0.2.1")
	f.Add("network,asn\n192.0.2.0/24,AS1")
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range Formats {
			for _, kind := range []Kind{VPN, Country, ASN} {
				if format.read == nil || kind != VPN && format.ID != "csv" {
					continue
				}
				s := &Source{File: "f"}
				l, err := newList(s, &Row{Kind: kind, Format: format.ID}, []byte(text))
				if (l == nil) == (err == nil) || len(s.Problems) > maxProblems || s.Malformed < len(s.Problems) {
					t.Fatalf("%s: %v %v %+v", format.ID, l, err, s)
				}
			}
		}
	})
}

// Any bytes are unpacked to what is in bounds, or give an error; never a panic.
func FuzzUnpack(f *testing.F) {
	for _, content := range []string{gzipped(f, "x"), zipped(f, member{"a.csv", "x"}), tarred(f, member{"a.mmdb", "x"}), "PK\x03\x04", "\x1f\x8b", "x"} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, format := range []string{"csv", "mmdb"} {
			if plain, err := unpack(content, format, 1000); err == nil && len(plain) > max(1000, len(content)) {
				t.Errorf("%s: %d bytes", format, len(plain))
			}
		}
	})
}

// Hostile databases give an error or answers; never a panic.
func FuzzDatabase(f *testing.F) {
	f.Add(cityDatabase())
	f.Add(asnDatabase())
	f.Add(anonymousDatabase())
	f.Fuzz(func(t *testing.T, content []byte) {
		g, err := newGeo(&Source{File: "f.mmdb"}, content)
		if err != nil {
			return
		}
		for _, addr := range []string{"192.0.2.1", "203.0.113.20", "2001:db8:10::1", "255.255.255.255"} {
			g.lookup(netip.MustParseAddr(addr), &Facts{})
		}
	})
}

func TestTableIsComplete(t *testing.T) {
	names := map[string]bool{}
	for i := range Table {
		r := &Table[i]
		if err := r.Check(); err != nil || names[r.Name] || r.MaxAge == 0 || r.LicenceURL == "" || !strings.HasPrefix(r.URL, "https://") {
			t.Errorf("%s: %v, or named twice, or without age or licence", r.Name, err)
		}
		names[r.Name] = true
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "intel.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Table {
		if !strings.Contains(string(page), "| `"+r.Name+"` | ") || !strings.Contains(string(page), r.URL) || !strings.Contains(string(page), r.LicenceURL) {
			t.Errorf("docs/intel.md does not tell of %s with its URL and licence", r.Name)
		}
	}
}
