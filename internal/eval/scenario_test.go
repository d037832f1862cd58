// SPDX-License-Identifier: Apache-2.0

package eval

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// A slip in a scenario is an error: it would count as a right or a wrong answer
// that nobody gave.
func TestScenarioErrors(t *testing.T) {
	const label = "verdict test\nnow no\n"
	for _, test := range []struct{ name, title, label, calls, want string }{
		{"right", "A title", label, "10 09:00:00 tom - PutBucketAcl b acl=private", ""},
		{"a comment", "A title", label, "# nothing\n\n10 09:00:00 tom - ListBuckets", ""},
		{"no title", "", label, "", "a title and a verdict"},
		{"no verdict", "A title", "now no\n", "", "a title and a verdict"},
		{"unknown verdict", "A title", "verdict harmless\n", "", "want one of unintended"},
		{"empty verdict", "A title", "verdict\n", "", "want at least one"},
		{"unknown answer", "A title", label + "source-ip maybe\n", "", "want one of yes, no, unknown"},
		{"unknown label", "A title", label + "sourceip yes\n", "", `no label is called "sourceip"`},
		{"unclear need", "A title", "verdict test\nnow perhaps\n", "", "want one of yes, no"},
		{"unknown cast", "A title", label + "cast zoe\n", "", `nobody is called "zoe"`},
		{"unknown file", "A title", label + "known vpns.txt\n", "", `no shared file is called "vpns.txt"`},
		{"short line", "A title", label, "10 09:00:00 tom", "want DAY TIME ACTOR PLACE CALL"},
		{"no day", "A title", label, "x 09:00:00 tom - ListBuckets", "no day"},
		{"no time", "A title", label, "10 9h tom - ListBuckets", "cannot parse"},
		{"unknown caller", "A title", label, "10 09:00:00 zoe - ListBuckets", `nobody is called "zoe"`},
		{"unknown place", "A title", label, "10 09:00:00 tom moon ListBuckets", `no place is called "moon"`},
		{"unknown option", "A title", label, "10 09:00:00 tom - PutBucketAcl b acls=x", `no option is called "acls"`},
		{"unknown agent", "A title", label, "10 09:00:00 tom - ListBuckets agent=netscape", `no agent is called "netscape"`},
		{"no such policy", "A title", label, "10 09:00:00 tom - PutBucketPolicy b policy=p.json", "file p.json"},
		{"bad tag", "A title", label, "10 09:00:00 tom - PutBucketTagging b tags=x", "want KEY:VALUE"},
		{"bad number", "A title", label, "10 09:00:00 tom - ListBuckets times=many", "invalid syntax"},
	} {
		archive := &txtar.Archive{Comment: []byte(test.title + "\n"), Files: []txtar.File{{Name: "label", Data: []byte(test.label)}, {Name: "calls", Data: []byte(test.calls)}}}
		_, err := parse(test.name, archive, nil)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// The same scenario and seed give the same records, and no two records one id.
func TestRecordsAreTheSame(t *testing.T) {
	all := load(t)
	for _, s := range all[:3] {
		if !bytes.Equal(bytes.Join(s.Records(7), nil), bytes.Join(s.Records(7), nil)) {
			t.Errorf("%s: two runs differ", s.Name)
		}
	}
	ids := map[string]string{}
	for _, s := range all {
		for _, line := range s.Records(7) {
			_, rest, _ := bytes.Cut(line, []byte(`"eventID":"`))
			id := string(rest[:36])
			if ids[id] != "" {
				t.Fatalf("event id %s in %s and %s", id, ids[id], s.Name)
			}
			ids[id] = s.Name
		}
	}
}
