// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const goodList = "192.0.2.0/24\n198.51.100.0/24\n203.0.113.0/24\n2001:db8::/32\n"

// site serves one path in the way a test sets.
type site struct {
	*httptest.Server
	handler  http.HandlerFunc
	requests []*http.Request
}

func newSite(t *testing.T) *site {
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests = append(s.requests, r)
		s.handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func gives(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"`+sum([]byte(text))[:8]+`"`)
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, text)
	}
}

func (s *site) row() Row {
	return Row{Name: "vpn", Title: "VPN", URL: s.URL + "/vpn.txt?key=hunter2", Kind: VPN, Format: "text", Licence: "MIT", MaxAge: week, MaxBytes: 4096}
}

// answers reports whether the directory's data still knows the good list.
func answers(t *testing.T, dir string) bool {
	t.Helper()
	d, problems, err := Open(dir)
	if err != nil || len(problems) > 0 {
		t.Fatalf("%v %v", problems, err)
	}
	return d.Lookup(netip.MustParseAddr("203.0.113.9")).Has(VPN)
}

// Whatever a server does, the earlier data stays, and the reason is told.
func TestUpdateKeepsTheEarlierData(t *testing.T) {
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		}
	}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		change  func(*Row)
		want    string
	}{
		{"not there", http.NotFound, nil, "the server answers 404 Not Found"},
		{"forbidden", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, nil, "the server answers 403 Forbidden"},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, nil, "the server answers 204"},
		{"cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, goodList)
		}, nil, "broken off after 58 bytes: unexpected EOF"},
		{"cut short, in chunks", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, goodList)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, nil, "broken off after 58 bytes"},
		{"too big, announced", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "5000") }, nil, "it has 5000 bytes, more than 4096"},
		{"too big", gives(strings.Repeat("# nothing to see here\n", 1000)), nil, "it has more than 4096 bytes"},
		{"an HTML page", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<html>")
		}, nil, "an HTML page, perhaps a proxy's"},
		{"an HTML page that says it is text", gives("\n <html>sign in"), nil, "it is an HTML or XML page"},
		{"empty", gives(""), nil, "holds no network"},
		{"another kind of text", gives("192.0.2.1\nhello\nworld\n"), nil, "more lines hold no network than do: 2 of 3, the first: "},
		{"much shorter", gives("192.0.2.1\n"), nil, "entries: 1, in the earlier data 4: perhaps it is cut short; --force takes it"},
		{"to a file", redirect("file:///etc/passwd"), nil, `it redirects to a "file" address`},
		{"round and round", redirect("/vpn.txt"), nil, "more than 5 redirects"},
		{"a wrong checksum", gives(goodList + "192.0.2.9\n"), func(r *Row) { r.SumURL = r.URL }, "holds no SHA-256"},
		{"another checksum", func(w http.ResponseWriter, r *http.Request) {
			text := goodList + "192.0.2.9\n"
			if strings.HasSuffix(r.URL.Path, ".sha256") {
				text = sum([]byte(goodList)) + "  vpn.txt\n"
			}
			fmt.Fprint(w, text)
		}, func(r *Row) { r.SumURL = strings.Replace(r.URL, ".txt", ".txt.sha256", 1) }, "its SHA-256 is "},
		{"not a database", gives(goodList), func(r *Row) { r.Format, r.Kind = "mmdb", "" }, "is not a MaxMind database"},
		{"nobody there", nil, func(r *Row) { r.URL = "http://127.0.0.1:1/vpn.txt?key=hunter2" }, "connection refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, dir := newSite(t), t.TempDir()
			u := &Updater{Dir: dir, Client: NewClient(), Agent: "test", Now: august}
			s.handler = gives(goodList)
			if out, err := u.Update(t.Context(), []Row{s.row()}); err != nil || out[0].Err != nil || !answers(t, dir) {
				t.Fatal(out, err)
			}
			before := files(t, dir)
			row := s.row()
			if s.handler = tt.handler; tt.change != nil {
				tt.change(&row)
			}
			out, err := u.Update(t.Context(), []Row{row})
			if err != nil || out[0].Err == nil || !strings.Contains(out[0].Err.Error(), tt.want) {
				t.Errorf("got %v %v, want %s", out, err, tt.want)
			}
			if strings.Contains(fmt.Sprint(out[0].Err), "hunter2") {
				t.Errorf("the error tells the key: %v", out[0].Err)
			}
			if after := files(t, dir); after != before || !answers(t, dir) || out[0].Record == nil {
				t.Errorf("the directory held %s, then %s", before, after)
			}
		})
	}
}

func files(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestUpdateAsksWhetherItChanged(t *testing.T) {
	s, dir := newSite(t), t.TempDir()
	s.handler = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"one"` && r.Header.Get("If-Modified-Since") == "Sat, 01 Aug 2026 00:00:00 GMT" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"one"`)
		w.Header().Set("Last-Modified", "Sat, 01 Aug 2026 00:00:00 GMT")
		fmt.Fprint(w, goodList)
	}
	u := &Updater{Dir: dir, Client: NewClient(), Agent: "bucketlid/test", Now: august}
	update := func() Outcome {
		out, err := u.Update(t.Context(), []Row{s.row()})
		if err != nil || out[0].Err != nil {
			t.Fatal(out, err)
		}
		return out[0]
	}
	if o := update(); o.Unchanged || o.Record.Entries != 4 || strings.Contains(o.Record.URL, "hunter2") {
		t.Errorf("first: %+v", o)
	}
	u.Now = august.AddDate(0, 0, 5)
	if o := update(); !o.Unchanged || !o.Record.Checked.Equal(u.Now) || !o.Record.Fetched.Equal(august) {
		t.Errorf("second: %+v", o.Record)
	}
	if got := s.requests[1].Header.Get("User-Agent"); got != "bucketlid/test" {
		t.Errorf("User-Agent %q", got)
	}
	// Where the file was lost, the server is not asked whether it changed.
	m, err := readManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, m.Sources[0].File)); err != nil {
		t.Fatal(err)
	}
	if o := update(); s.requests[2].Header.Get("If-None-Match") != "" || o.Record == nil || !answers(t, dir) {
		t.Error("the lost file was not fetched again")
	}
}

// A newer file takes the place of the older, which goes.
func TestUpdateReplaces(t *testing.T) {
	s, dir := newSite(t), t.TempDir()
	u := &Updater{Dir: dir, Client: NewClient(), Agent: "test", Now: august}
	for _, text := range []string{goodList, "203.0.113.0/25\n192.0.2.0/24\n", "203.0.113.0/26\n"} {
		s.handler = gives(text)
		out, err := u.Update(t.Context(), []Row{s.row()})
		if err != nil || out[0].Err != nil || out[0].Unchanged {
			t.Fatal(out, err)
		}
		row := s.row()
		if want := ".lock manifest.json " + dataFile(&row, sum([]byte(text))); files(t, dir) != want {
			t.Errorf("the directory holds %s, want %s", files(t, dir), want)
		}
	}
	s.handler, u.Force = gives("2001:db8::/32\n"), true
	if out, err := u.Update(t.Context(), []Row{s.row()}); err != nil || out[0].Err != nil || answers(t, dir) {
		t.Error(out, err)
	}
}

// A process that is killed leaves the old data in use, at whatever moment: while
// the answer comes, with a file half written, or between the file and the
// manifest.
func TestUpdateKilled(t *testing.T) {
	s, dir := newSite(t), t.TempDir()
	u := &Updater{Dir: dir, Client: NewClient(), Agent: "test", Now: august}
	s.handler = gives(goodList)
	if _, err := u.Update(t.Context(), []Row{s.row()}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.handler = func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "192.0.2.1\n")
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	}
	out, err := u.Update(ctx, []Row{s.row(), s.row()})
	if len(out) != 1 || out[0].Err == nil || err == nil || !answers(t, dir) {
		t.Errorf("while the answer came: %v %v", out, err)
	}
	row := s.row()
	newer := "192.0.2.1\n192.0.2.2\n192.0.2.3\n192.0.2.4\n"
	write(t, filepath.Join(dir, tempPrefix+"123"), []byte(newer[:7]))
	write(t, filepath.Join(dir, dataFile(&row, sum([]byte(newer)))), []byte(newer))
	if !answers(t, dir) {
		t.Error("unfinished files count")
	}
	s.handler = http.NotFound
	if _, err := u.Update(t.Context(), []Row{row}); err != nil {
		t.Fatal(err)
	}
	if got, want := files(t, dir), ".lock manifest.json "+dataFile(&row, sum([]byte(goodList))); got != want || !answers(t, dir) {
		t.Errorf("afterwards the directory holds %s, want %s", got, want)
	}
}

func TestUpdateOneAtATime(t *testing.T) {
	s, dir := newSite(t), t.TempDir()
	other := &Updater{Dir: dir, Client: NewClient(), Agent: "test", Now: august}
	s.handler = func(w http.ResponseWriter, r *http.Request) {
		if _, err := other.Update(r.Context(), []Row{s.row()}); err == nil || !strings.Contains(err.Error(), "another process updates it") {
			t.Errorf("a second update ran: %v", err)
		}
		fmt.Fprint(w, goodList)
	}
	if out, err := other.Update(t.Context(), []Row{s.row()}); err != nil || out[0].Err != nil {
		t.Error(out, err)
	}
}

func TestUpdateOfADatabase(t *testing.T) {
	s, dir := newSite(t), t.TempDir()
	row := s.row()
	row.Name, row.Format, row.Kind, row.MaxBytes = "city", "mmdb", "", 0
	row.SumURL = s.URL + "/sum"
	s.handler = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sum" {
			fmt.Fprintf(w, "SHA256 (city) = %s\n", strings.ToUpper(sum(cityDatabase())))
			return
		}
		_, _ = w.Write(cityDatabase())
	}
	u := &Updater{Dir: dir, Client: NewClient(), Agent: "test", Now: august.AddDate(1, 0, 0)}
	out, err := u.Update(t.Context(), []Row{row})
	if err != nil || out[0].Err != nil {
		t.Fatal(out, err)
	}
	d, problems, err := Open(dir)
	if err != nil || len(problems) > 0 || told(d.Lookup(netip.MustParseAddr("192.0.2.1"))) != "country=DE@192.0.2.0/24, city=Berlin@192.0.2.0/24" {
		t.Error(problems, err)
	}
	// A database is as old as its build, however lately it was fetched.
	if src := d.Sources()[0]; !src.Date.Equal(time.Unix(buildTime, 0)) || !src.Stale(u.Now) {
		t.Errorf("date %s", src.Date)
	}
}

func TestUpdateRefusesRows(t *testing.T) {
	u := &Updater{Dir: t.TempDir(), Client: NewClient(), Agent: "test", Now: august}
	good := Row{Name: "x", URL: "https://example.com/x", Kind: VPN, Format: "text", Licence: "MIT"}
	for want, change := range map[string]func(*Row){
		"a name has at most":    func(r *Row) { r.Name = "../x" },
		"no format is called":   func(r *Row) { r.Format = "tsv" },
		"a list tells one of":   func(r *Row) { r.Kind = Country },
		"under which licence":   func(r *Row) { r.Licence = "" },
		`"file" is not fetched`: func(r *Row) { r.URL = "file:///etc/passwd" },
		"it names no host":      func(r *Row) { r.URL = "https:///x" },
		`"ftp" is not fetched`:  func(r *Row) { r.SumURL = "ftp://example.com/x" },
		`"" is not fetched`:     func(r *Row) { r.URL = "" },
		"it is no URL":          func(r *Row) { r.URL = "https://exa mple.com" },
	} {
		row := good
		change(&row)
		if _, err := u.Update(t.Context(), []Row{row}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A server that does not answer, or stops in the middle, is given up.
func TestUpdateGivesUp(t *testing.T) {
	s, dir := newSite(t), t.TempDir()
	u := &Updater{Dir: dir, Client: NewClient(), Agent: "test", Now: august}
	s.handler = gives(goodList)
	if out, err := u.Update(t.Context(), []Row{s.row()}); err != nil || out[0].Err != nil {
		t.Fatal(out, err)
	}
	u.Wait = 20 * time.Millisecond
	for _, begins := range []string{"", "192.0.2.1\n"} {
		s.handler = func(w http.ResponseWriter, r *http.Request) {
			if begins != "" {
				fmt.Fprint(w, begins)
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		}
		out, err := u.Update(t.Context(), []Row{s.row()})
		if err != nil || out[0].Err == nil || !strings.Contains(out[0].Err.Error(), "it did not come whole within 20ms: wait longer (--wait)") || !answers(t, dir) {
			t.Errorf("after %q: %v %v", begins, out[0].Err, err)
		}
	}
}

// From HTTPS nothing leads back to HTTP.
func TestClientKeepsToHTTPS(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(gives(goodList)))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	client := NewClient()
	client.Transport = secure.Client().Transport
	if _, err := get(t.Context(), client, "test", secure.URL, 100, nil); err == nil || !strings.Contains(err.Error(), "from HTTPS to HTTP") {
		t.Error(err)
	}
}
