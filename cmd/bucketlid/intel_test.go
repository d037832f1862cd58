// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestIntelCommands(t *testing.T) {
	content := "192.0.2.0/24\n203.0.113.0/24\nrubbish\n"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/vpn.txt":
			fmt.Fprint(w, content)
		case "/aws.json":
			fmt.Fprint(w, `{"prefixes":[{"ip_prefix":"198.51.100.0/24","region":"eu-west-1","service":"EC2"}]}`)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	dir := filepath.Join(t.TempDir(), "data")
	sources := filepath.Join(t.TempDir(), "mine.yaml")
	write := func(text string) {
		if err := os.WriteFile(sources, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mine := "- name: mine\n  title: My VPNs\n  url: " + server.URL + "/vpn.txt\n  kind: vpn\n  format: text\n  licence: ours\n  max_age: 7d\n"
	awsURL := "aws=" + server.URL + "/aws.json"
	steps := []struct {
		sources        string
		args           []string
		code           int
		stdout, stderr string
	}{
		{mine, []string{"status"}, exitUsage, "", "fetch it: bucketlid intel update"},
		{mine, []string{"update", "--sources", sources, "--source", "mine,aws", "--url", awsURL}, exitDone, "updated   mine: 2 networks, 1 unreadable line, ours\nupdated   aws: 1 network,", ""},
		{mine, []string{"update", "--sources", sources, "--source", "mine"}, exitDone, "unchanged mine: 2 networks", ""},
		{mine, []string{"status"}, exitDone, "mine    vpn    " + time.Now().UTC().Format(time.DateOnly) + "  0 days  good   2        1           ours", `txt:3: "rubbish" is no network`},
		{mine, []string{"update", "--sources", sources, "--source", "mine", "--url", "mine=" + server.URL + "/gone?key=hunter2"}, exitFailed, "",
			"failed: mine: " + server.URL + "/gone: the server answers 404 Not Found (the data of "},
		{mine, []string{"update", "--sources", sources, "--source", "gcp", "--url", "gcp=" + server.URL + "/gone"}, exitFailed, "", "(there is no earlier data)"},
		{mine, []string{"update", "--sources", sources, "--source", "mien"}, exitUsage, "", `no source is called "mien"`},
		{mine, []string{"update", "--url", "aws"}, exitUsage, "", `"aws" is not NAME=URL of a source`},
		{mine, []string{"update", "--url", "aws=file:///etc/passwd"}, exitUsage, "", `"file" is not fetched, only https and http are`},
		{mine, []string{"update", "--sources", filepath.Join(dir, "none.yaml")}, exitUsage, "", "docs/intel.md"},
		{"- name: x\n  lisence: y\n", []string{"update", "--sources", sources}, exitUsage, "", "lisence"},
		{"- title: x\n", []string{"update", "--sources", sources}, exitUsage, "", "the source number 1 has no name"},
		{"- name: x\n  max_age: soon\n", []string{"update", "--sources", sources}, exitUsage, "", `max_age: "soon" is no age`},
		{"- name: x\n  url: https://a.example\n  format: text\n  kind: vpn\n", []string{"update", "--sources", sources, "--source", "x"}, exitUsage, "", "say under which licence it comes"},
		{"- name: x\n  url: https://a.example\n  kind: vpn\n  licence: y\n", []string{"update", "--sources", sources, "--source", "x"}, exitUsage, "", "mine.yaml:1: the source x: say its format, one of text, csv, "},
		{"- name: x\n- name: y\n  kind: vpn\n  format: text\n  url: https://a.example\n", []string{"update", "--sources", sources, "--source", "y"}, exitUsage, "", "mine.yaml:2: the source y: say under which licence"},
		{"- name: x\n\n- title: y\n", []string{"update", "--sources", sources}, exitUsage, "", "mine.yaml:3: the source number 2 has no name"},
		{"- name: x\n- name: x\n", []string{"update", "--sources", sources}, exitUsage, "", "mine.yaml:2: the source x stands twice (first at "},
		{"- name: x\n- name: y\n  max_age: -3d\n", []string{"update", "--sources", sources}, exitUsage, "", `mine.yaml:2: the source y: max_age: "-3d" is no age`},
		{"- name: x\n  lisence: y\n", []string{"update", "--sources", sources}, exitUsage, "", `mine.yaml:2:3: `},
		{"name: x\n", []string{"update", "--sources", sources}, exitUsage, "", `mine.yaml:1:`},
		{"- x\n", []string{"update", "--sources", sources}, exitUsage, "", `mine.yaml:1:3: `},
		{mine, []string{"update", "--sources", sources, "--wait", "-3s"}, exitUsage, "", "--wait: -3s is no time to wait"},
		{mine, []string{"update", "--sources", filepath.Dir(sources)}, exitUsage, "", "is no regular file"},
		{mine, []string{"statsu"}, exitUsage, "", "there is no command intel statsu"},
	}
	for _, tt := range steps {
		write(tt.sources)
		args := tt.args
		if len(args) > 0 && (args[0] == "update" || args[0] == "status") {
			args = append(args, "--dir", dir)
		}
		stdout, stderr, code := command(t, newIntel, args...)
		if code != tt.code || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) || strings.Contains(stderr, "hunter2") {
			t.Errorf("intel %v: exit %d, want %d\nstdout %s\nstderr %s", args, code, tt.code, stdout, stderr)
		}
	}
	own := filepath.Join(filepath.Dir(sources), "own.csv")
	if err := os.WriteFile(own, []byte("192.0.2.0,192.0.2.9,DE\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	write("- name: places\n  file: own.csv\n  kind: country\n  format: csv\n  licence: CC BY 4.0\n")
	if stdout, stderr, code := command(t, newIntel, "update", "--sources", sources, "--source", "places", "--dir", dir); code != exitDone || !strings.Contains(stdout, "updated   places: 2 networks") {
		t.Errorf("a local file: exit %d\n%s%s", code, stdout, stderr)
	}
	d, notes, err := loadIntel(dir)
	if err != nil || len(notes) > 0 || len(d.Sources()) != 3 {
		t.Error(d.Sources(), notes, err)
	}
	// What the directory's own file of sources lists, and nobody fetched, is told.
	if err := os.WriteFile(filepath.Join(dir, "sources.yaml"), []byte("- name: mine\n- name: ours\n  kind: tor\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, notes, err = loadIntel(dir); err != nil || len(notes) != 1 || !strings.Contains(notes[0], "sources.yaml:2: the source ours: say its format, one of text, csv, ") {
		t.Error(notes, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sources.yaml"), []byte("- name: mine\n- {name: ours, kind: tor, format: text, licence: x, url: 'https://a.example'}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := command(t, newIntel, "status", "--dir", dir); code != exitFailed || !strings.Contains(stderr, "sources.yaml:2: the source ours was never fetched") ||
		!strings.Contains(stderr, "no source tells: city, asn, hosting, tor, proxy, anonymizer (") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// A hunt without data on addresses goes on without; a directory that was named
// must be there.
func TestLoadIntel(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	if d, _, err := loadIntel(""); d != nil || err != nil {
		t.Error(d, err)
	}
	if _, _, err := loadIntel(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a directory that is not there was opened")
	}
}

// The sources of docs/intel.md's sample are good.
func TestDocumentedSources(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "intel.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	path := filepath.Join(t.TempDir(), "sources.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	f := &updateFlags{sources: path, only: []string{"corporate-vpn", "city", "aws"}}
	rows, err := f.rows("")
	if err != nil {
		t.Fatal(err)
	}
	if rows[0].MaxAge != 7*24*time.Hour || rows[0].SumURL == "" || rows[1].Format != "mmdb" || rows[2].URL != "https://mirror.acme.example/ip-ranges.json" || rows[2].Provider != "AWS" {
		t.Errorf("%+v", rows)
	}
}
