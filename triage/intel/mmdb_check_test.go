// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// A database that was damaged on its way is named, and the others answer.
func TestDamagedDatabase(t *testing.T) {
	whole := cityDatabase()
	// Of the test's database 24 bits are a record, and the tree comes first.
	set := func(at int, with ...byte) []byte {
		out := slices.Clone(whole)
		copy(out[at:], with)
		return out
	}
	separator := bytes.Index(whole, make([]byte, separatorSize))
	for separator%6 != 0 {
		separator++
	}
	meta := func(key string, size int, with byte) []byte {
		at := bytes.LastIndex(whole, []byte(key)) + len(key) + 1
		return set(at, bytes.Repeat([]byte{with}, size)...)
	}
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"a circle":             {set(0, 0, 0, 0), "goes round in a circle at node 0"},
		"out of the data":      {set(0, 0xff, 0xff, 0xff), "points out of the data at node 0"},
		"into the separator":   {set(0, whole[separator-3:separator]...), ""}, // as good as any other
		"the separator":        {set(separator+3, 1), "is not empty"},
		"a record":             {set(separator+separatorSize, 0xff, 0xff, 0xff, 0xff), "a record cannot be read"},
		"no such IP version":   {meta("ip_version", 2, 9), "IP version 2313"},
		"more nodes than bits": {meta("node_count", 4, 0x7f), ""},
		"half of it":           {append(slices.Clone(whole[:separator/2]), whole[bytes.LastIndex(whole, []byte("\xab\xcd\xefMaxMind.com")):]...), ""},
	} {
		d, problems := shelf(t, nil, nil, map[string][]byte{"a.mmdb": test.content, "b.mmdb": asnDatabase()})
		if test.want != "" && (len(problems) != 1 || !strings.Contains(problems[0], "a.mmdb") || !strings.Contains(problems[0], test.want)) {
			t.Errorf("%s: %q, want %q", name, problems, test.want)
		}
		if unused := d.Unused(Tor); len(unused) != len(problems) || len(problems) > 0 && unused[0].Name != "a.mmdb" {
			t.Errorf("%s: %+v", name, unused)
		}
		if _, ok := d.Lookup(netip.MustParseAddr("192.0.2.1")).Get(ASN); !ok {
			t.Errorf("%s: the other database does not answer", name)
		}
	}
}

// Whatever byte is another, a database is refused or answers without a failure.
func TestFlippedBytes(t *testing.T) {
	whole := cityDatabase()
	refused := 0
	for at := range whole {
		for _, with := range []byte{0x01, 0x80, 0xff} {
			content := slices.Clone(whole)
			content[at] ^= with
			g, err := newGeo(&Source{File: "f"}, content)
			if err != nil {
				refused++
				continue
			}
			for _, addr := range []string{"192.0.2.1", "198.51.100.1", "2001:db8:10::1", "8.8.8.8", "ffff::1"} {
				facts := Facts{}
				if g.lookup(netip.MustParseAddr(addr), &facts); len(facts.Failed) > 0 {
					t.Errorf("byte %d: %q", at, facts.Failed)
				}
			}
		}
	}
	if refused < len(whole) {
		t.Errorf("only %d of %d were refused", refused, 3*len(whole))
	}
}
