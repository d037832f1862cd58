// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// member is a file of an archive.
type member struct{ name, content string }

func gzipped(t testing.TB, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zipped(t testing.TB, members ...member) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		f, err := w.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func tarred(t testing.TB, members ...member) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Size: int64(len(m.content)), Mode: 0o644, Typeflag: tar.TypeReg}
		if strings.HasSuffix(m.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, m.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return gzipped(t, b.String())
}

func TestUnpack(t *testing.T) {
	const limit = 1 << 16
	list := "192.0.2.0/24\n"
	about := []member{{"x/", ""}, {"x/LICENSE.txt", "free"}, {"x/README.txt", "read"}, {"COPYRIGHT.csv", "mine"}, {"x/.hidden.csv", "y"}, {"x/page.pdf", "z"}}
	with := func(more ...member) []member { return append(append([]member{}, about...), more...) }
	var lots []member
	for i := range maxMembers + 1 {
		lots = append(lots, member{fmt.Sprintf("%d.pdf", i), "x"})
	}
	bomb := strings.Repeat("\x00", limit+1)
	for _, test := range []struct{ name, format, content, want, err string }{
		{"plain", "text", list, list, ""},
		{"empty", "text", "", "", ""},
		{"gzip", "text", gzipped(t, list), list, ""},
		{"two gzip members", "text", gzipped(t, list) + gzipped(t, list), list + list, ""},
		{"gzip cut short", "text", gzipped(t, list)[:20], "", "its gzip: unexpected EOF"},
		{"gzip with a wrong sum", "text", gzipped(t, list)[:len(gzipped(t, list))-8] + "12345678", "", "its gzip: gzip: invalid checksum"},
		{"gzip's mark only", "text", "\x1f\x8b", "", "its gzip is damaged"},
		{"gzip bomb", "text", gzipped(t, bomb), "", "it unpacks to more than 65536 bytes"},
		{"zip", "csv", zipped(t, with(member{"x/list.csv", list})...), list, ""},
		{"zip of a Mac", "csv", zipped(t, member{"__MACOSX/list.csv", "no"}, member{"list.CSV", list}), list, ""},
		{"zip of two", "csv", zipped(t, member{"v4.csv", list}, member{"v6.csv", list}), "", "its archive holds 2 files that may be meant (v4.csv, v6.csv): unpack the right one"},
		{"zip of none", "csv", zipped(t, about...), "", "its archive holds no file that ends in one of .csv"},
		{"zip without a database", "mmdb", zipped(t, member{"a.csv", list}), "", "its archive holds no .mmdb file"},
		{"zip of many", "csv", zipped(t, lots...), "", "its zip archive holds 1001 files"},
		{"zip bomb", "csv", zipped(t, member{"a.csv", bomb}), "", `"a.csv" in its zip archive: it unpacks to more than 65536 bytes`},
		{"zip cut short", "csv", zipped(t, member{"a.csv", list})[:40], "", "its zip archive is damaged"},
		{"tar", "mmdb", tarred(t, with(member{"GeoLite2-City_20260801/GeoLite2-City.mmdb", "db"})...), "db", ""},
		{"tar of two", "mmdb", tarred(t, member{"a.mmdb", "1"}, member{"b.mmdb", "2"}), "", "holds 2 files that may be meant (a.mmdb, b.mmdb)"},
		{"tar of many", "mmdb", tarred(t, lots...), "", "it unpacks to more than 65536 bytes"},
		{"tar of none", "text", tarred(t, about...), "", "holds no file that ends in"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := unpack([]byte(test.content), test.format, limit)
			switch {
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("%v, want %q", err, test.err)
			case test.err == "" && (err != nil || string(got) != test.want):
				t.Errorf("%q %v", got, err)
			}
		})
	}
}

// A small file that grows beyond measure is a bomb, whatever a database may have.
func TestUnpackGrowth(t *testing.T) {
	bomb := gzipped(t, strings.Repeat("\x00", 4<<20))
	if _, err := unpack([]byte(bomb), "mmdb", maxDatabase); err == nil || !strings.Contains(err.Error(), "it unpacks to more than 1048576 bytes") {
		t.Errorf("%d bytes that grow to 4 MiB: %v", len(bomb), err)
	}
	var list strings.Builder
	for i := range 1 << 17 {
		fmt.Fprintf(&list, "198.%d.%d.%d/32\n", i>>16, i>>8&255, i&255)
	}
	packed := gzipped(t, list.String())
	if got, err := unpack([]byte(packed), "text", 64<<20); err != nil || string(got) != list.String() {
		t.Errorf("a list of %d bytes, packed %d: %d, %v", list.Len(), len(packed), len(got), err)
	}
}

// Databases and lists are read as they are downloaded.
func TestOpenPacked(t *testing.T) {
	row := Row{Name: "vpns", Title: "VPNs", Kind: VPN, Format: "text", Licence: "MIT"}
	d, problems := shelf(t, []Row{row}, []string{gzipped(t, "192.0.2.0/24\n")}, map[string][]byte{
		"city.mmdb.gz":                    []byte(gzipped(t, string(cityDatabase()))),
		"GeoLite2-ASN_20260801.tar.gz":    []byte(tarred(t, member{"GeoLite2-ASN_20260801/COPYRIGHT.txt", "x"}, member{"GeoLite2-ASN_20260801/GeoLite2-ASN.mmdb", string(asnDatabase())})),
		"anonymous.mmdb.zip":              []byte(zipped(t, member{"anonymous.mmdb", string(anonymousDatabase())})),
		"notes.zip":                       []byte("not ours"),
		"lists.tar.gz":                    []byte(tarred(t, member{"a.csv", "x"})),
		".unfinished-GeoLite2-ASN.tar.gz": []byte("x"),
	})
	if len(problems) != 1 || !strings.Contains(problems[0], "lists.tar.gz: its archive holds no .mmdb file: replace or remove it") {
		t.Error(problems)
	}
	if got, want := told(d.Lookup(netip.MustParseAddr("192.0.2.1"))), "asn=AS64500 Example AG@192.0.2.0/24, country=DE@192.0.2.0/24, city=Berlin@192.0.2.0/24, vpn=VPNs@192.0.2.0/24"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestUpdateFromFile(t *testing.T) {
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "proxies.csv.gz")
	u := &Updater{Dir: dir, Client: NewClient(), Now: august}
	row := Row{Name: "px", Title: "Proxies", Path: path, Kind: Proxy, Format: "csv", Licence: "CC BY-SA 4.0"}
	step := func(want string, unchanged bool) {
		t.Helper()
		out, err := u.Update(t.Context(), []Row{row})
		if err != nil || out[0].Unchanged != unchanged || (out[0].Err == nil) != (want == "") || out[0].Err != nil && !strings.Contains(out[0].Err.Error(), want) {
			t.Fatalf("%+v %v, want %q", out, err, want)
		}
	}
	step("proxies.csv.gz: stat", false)
	write(t, path, []byte(gzipped(t, "\"3221225985\",\"3221225990\",\"DE\"\n")))
	july := august.AddDate(0, -1, 0)
	if err := os.Chtimes(path, july, july); err != nil {
		t.Fatal(err)
	}
	step("", false)
	step("", true)
	write(t, path, []byte(gzipped(t, "a,b\n")))
	step("no column of its first line", false)
	d, problems, err := Open(dir)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	if f, ok := d.Lookup(netip.MustParseAddr("192.0.2.5")).Get(Proxy); !ok || f.Source.URL != path || !f.Source.Date.Equal(july) {
		t.Error("the file's addresses are not known", f)
	}
	row.URL = "https://a.example"
	if err := row.Check(); err == nil || !strings.Contains(err.Error(), "not both") {
		t.Error(err)
	}
}
