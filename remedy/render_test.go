// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/account"
)

// Whatever a key holds, the command names that object and no other, and does
// nothing else.
func TestCommandLineOfOddKeys(t *testing.T) {
	for key, want := range map[string]string{
		"plain/k":           "--key plain/k --access",
		" ":                 "--key ' ' --access",
		" -v ":              "--key ' -v ' --access",
		"a*b?[c]":           "--key 'a*b?[c]' --access",
		"-v":                "--key='-v' --access",
		"--profile":         "--key='--profile' --access",
		"it's":              `--key 'it'\''s' --access`,
		"new\nline":         `--key $'new\x0aline' --access`,
		"\u202ered":         `--key $'\xe2\x80\xaered' --access`,
		"$(id)`id`":         "--key '$(id)`id`' --access",
		"file:///etc/hosts": `--cli-input-json '{"Key":"file:///etc/hosts"}'`,
		"fileb://x":         `--cli-input-json '{"Key":"fileb://x"}'`,
		"http://x.test/a":   `--cli-input-json '{"Key":"http://x.test/a"}'`,
		"cut\x00off":        `--cli-input-json '{"Key":"cut\u0000off"}'`,
	} {
		line := CommandLine(account.Call{Operation: account.PutObjectACL, Account: owner, Bucket: "b", Key: key, Text: acl().Text, Region: "eu-west-1"})
		if !strings.Contains(line, want) {
			t.Errorf("%q: no %s in %s", key, want, line)
		}
		for _, r := range line {
			if r < ' ' || r > '~' {
				t.Errorf("%q: %q in %s", key, r, line)
			}
		}
	}
}

func TestHCL(t *testing.T) {
	for text, want := range map[string]string{
		`a "b" \c`:           `"a \"b\" \\c"`,
		`${aws:username}%{x`: `"$${aws:username}%%{x"`,
		"l1\nl2\t\b\f":       `"l1\nl2\u0009\u0008\u000c"`,
		`\u003c<&`:           `"\\u003c<&"`,
		"\u202e\U0001F600é":  `"\u202e\U0001f600\u00e9"`,
	} {
		if got := HCL(text); got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

// An object that is named like a pattern stands for itself: neither does its
// access hide what a fix would open, nor does it keep an exposure of others open.
func TestKeysAreNoPatterns(t *testing.T) {
	s := closedBucket()
	s.Settings.Policy = policyOf(publicRead)
	s.Objects = []account.ObjectACL{{Key: "*", ACL: acl(grant("URI", "global/AllUsers", "READ"))}}
	plan := Make(Request{State: s, Made: readAt})
	o, err := plan.Option("policy-statement")
	if err != nil || o.Refused != "" {
		t.Fatal(err, o)
	}
	if len(o.Proof.Closed) != 1 || o.Proof.Closed[0].Route != "bucket-policy" {
		t.Errorf("closes %+v", o.Proof.Closed)
	}
	star := Opening{Route: "object-acl", Audience: "anyone", Access: plan.Closes[0].Access, Scope: plan.Closes[0].Scope, Key: "*", State: "open"}
	star.Scope.Include = []string{"b/*"}
	all := star
	all.Route, all.Key = "bucket-policy", ""
	if len(widened([]Opening{star}, []Opening{all})) == 0 {
		t.Error("an object named * hides that all are opened")
	}
}
