// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/exposure"
)

// sample is the sample that docs/context.md shows.
func sample(t testing.TB) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "context.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	text, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/context.md has no sample")
	}
	return text
}

func readSample(t testing.TB) *Context {
	t.Helper()
	c, err := ReadContext("context.yaml", []byte(sample(t)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestContextSampleHasNoWarnings(t *testing.T) {
	if w := readSample(t).Warnings(time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)); len(w) > 0 {
		t.Errorf("warnings: %v", w)
	}
}

func TestContextNetwork(t *testing.T) {
	c := readSample(t)
	for _, tt := range []struct{ account, addr, want string }{
		{"111122223333", "203.0.113.9", "Berlin office/office"},
		{"111122223333", "203.0.113.200", "Berlin guest network/other"}, // nested: the longest prefix
		{"444455556666", "::ffff:203.0.113.9", "Berlin office/office"},
		{"111122223333", "2001:db8:10::1%eth0", "Berlin office/office"},
		{"777788889999", "203.0.113.9", ""}, // another customer's office
		{"", "203.0.113.9", ""},
		{"777788889999", "198.51.100.7", "Company VPN/vpn"},
		{"777788889999", "198.51.100.8", ""},
	} {
		got := ""
		if n, ok := c.Network(tt.account, netip.MustParseAddr(tt.addr)); ok {
			got = n.Name + "/" + n.Kind
		}
		if got != tt.want {
			t.Errorf("Network(%s, %s) = %q, want %q", tt.account, tt.addr, got, tt.want)
		}
	}
	if _, ok := c.Network("", netip.Addr{}); ok {
		t.Error("the zero address lies in a network")
	}
}

func TestContextPrincipal(t *testing.T) {
	c := readSample(t)
	for _, tt := range []struct {
		by      exposure.Actor
		role    string
		changes Answer
		matched string
	}{
		{exposure.Actor{AccountID: "111122223333", ARN: "arn:aws:sts::111122223333:assumed-role/Deploy-Web/build-1"}, "ci", Yes, "arn:aws:iam::111122223333:role/Deploy-Web"},
		{exposure.Actor{AccountID: "111122223333", ARN: "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_dev_1/alice@acme.example"}, "developer", No, "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_dev_1/alice@acme.example"},
		{exposure.Actor{AccountID: "111122223333", ARN: "arn:aws:iam::111122223333:user/alice", UserName: "alice@acme.example"}, "developer", No, "alice@acme.example"},
		// A stranger may call himself what he likes.
		{exposure.Actor{AccountID: "666666666666", ARN: "arn:aws:sts::666666666666:assumed-role/x/alice@acme.example"}, "", Cannot, ""},
		{exposure.Actor{AccountID: "111122223333", ARN: "arn:aws:iam::111122223333:user/bob", UserName: "bob"}, "", Cannot, ""},
	} {
		p, matched, ok := c.Principal(&tt.by)
		if !ok {
			p.ChangesS3 = Cannot
		}
		if p.Role != tt.role || p.ChangesS3 != tt.changes || matched != tt.matched {
			t.Errorf("Principal(%s) = %q, %s by %q, want %q, %s by %q", tt.by.ARN, p.Role, p.ChangesS3, matched, tt.role, tt.changes, tt.matched)
		}
	}
}

func TestContextBucketAndTrust(t *testing.T) {
	c := readSample(t)
	during, after := time.Date(2027, 6, 30, 23, 59, 59, 0, time.UTC), time.Date(2027, 7, 1, 0, 0, 0, 0, time.UTC)
	site, ok := c.Bucket("111122223333", "www.acme.example")
	if !ok || site.PublicAt(during) != PublicExpected || site.PublicAt(after) != PublicUnsaid || site.Owner != "web@acme.example" {
		t.Errorf("the site: %+v", site)
	}
	if pay, _ := c.Bucket("", "acme-payroll-2026"); pay.PublicAt(after) != PublicNever {
		t.Errorf("the payroll: %+v", pay)
	}
	if _, ok := c.Bucket("", "wwwxacme.example"); ok {
		t.Error(`"." matched another letter`)
	}
	trust, ok := c.TrustedAccount("111122223333", "999900001111")
	if !ok || !trust.Holds(during) || trust.Holds(time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("trust: %+v", trust)
	}
	if own, ok := c.Account("444455556666"); !ok || own.Alias != "acme-test" || own.Organization != "Acme" {
		t.Errorf("account: %+v", own)
	}
}

func TestContextUsual(t *testing.T) {
	c := readSample(t)
	at := func(s string) time.Time {
		when, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, tt := range []struct {
		account, when string
		want          Answer
	}{
		{"111122223333", "2026-08-03T05:00:00Z", Yes},       // Monday 07:00 in Berlin
		{"111122223333", "2026-08-03T04:59:59Z", No},        // a second before
		{"111122223333", "2026-08-03T17:00:00Z", No},        // 19:00 is after
		{"111122223333", "2026-01-05T05:30:00Z", No},        // winter: 06:30
		{"111122223333", "2026-08-02T10:00:00Z", No},        // Sunday
		{"777788889999", "2026-08-03T22:00:00Z", Yes},       // 17:00 in Chicago
		{"777788889999", "2026-08-03T05:00:00Z", No},        // its own hours stand instead
		{"111122223333", "2026-08-03T09:00:00+02:00", Yes},  // whatever zone the time is told in
		{"unlisted-acct", "2026-08-03T09:00:00+02:00", Yes}, // the file's usual
	} {
		if got := c.WorkingHours(tt.account, at(tt.when)); got != tt.want {
			t.Errorf("WorkingHours(%s, %s) = %s, want %s", tt.account, tt.when, got, tt.want)
		}
	}
	for _, tt := range []struct {
		account, country string
		want             Answer
	}{{"111122223333", "DE", Yes}, {"111122223333", "us", No}, {"777788889999", "US", Yes}, {"777788889999", "", Cannot}} {
		if got := c.UsualCountry(tt.account, tt.country); got != tt.want {
			t.Errorf("UsualCountry(%s, %q) = %s, want %s", tt.account, tt.country, got, tt.want)
		}
	}
}

// A night shift belongs to the day on which it begins.
func TestHoursOverMidnight(t *testing.T) {
	h := Hours{Zone: time.UTC, Days: []time.Weekday{time.Friday}, From: 22 * time.Hour, To: 6 * time.Hour}
	for text, want := range map[string]bool{
		"2026-08-07T21:59:59Z": false, "2026-08-07T22:00:00Z": true, "2026-08-08T05:59:59Z": true, "2026-08-08T06:00:00Z": false,
		"2026-08-07T03:00:00Z": false, "2026-08-08T23:00:00Z": false,
	} {
		if at, _ := time.Parse(time.RFC3339, text); h.contain(at) != want {
			t.Errorf("contain(%s) = %v", text, !want)
		}
	}
}

func TestNilContextKnowsNothing(t *testing.T) {
	var c *Context
	_, account := c.Account("1")
	_, network := c.Network("1", netip.MustParseAddr("192.0.2.1"))
	_, _, principal := c.Principal(&exposure.Actor{})
	_, rule := c.Bucket("1", "b")
	_, trust := c.TrustedAccount("1", "2")
	_, sensitive := c.SensitiveWord("x")
	_, harmless := c.HarmlessWord("x")
	if account || network || principal || rule || trust || sensitive || harmless || len(c.Warnings(time.Time{})) > 0 ||
		c.UsualCountry("1", "DE") != Cannot || c.WorkingHours("1", time.Now()) != Cannot {
		t.Error("a nil Context knows something")
	}
}

// The documents of testdata/context tell what is wrong with them in trailing
// "# want LINE:COLUMN: TEXT" lines. "# schema takes" marks those whose fault no
// schema can see.
func TestContextDocuments(t *testing.T) {
	schema := loadSchema(t)
	now := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	for _, doc := range documents(t) {
		t.Run(doc.Name, func(t *testing.T) {
			c, err := ReadContext(doc.Name, doc.Data)
			var got []string
			var bad *ContextError
			if errors.As(err, &bad) {
				for _, p := range bad.Problems {
					got = append(got, fmt.Sprintf("want %d:%d: %s; %s", p.Line, p.Column, p.What, p.Next))
				}
			} else if err != nil {
				t.Fatalf("error of another kind: %v", err)
			}
			for _, p := range c.Warnings(now) {
				got = append(got, fmt.Sprintf("warning %d:%d: %s; %s", p.Line, p.Column, p.What, p.Next))
			}
			if want := wanted(doc.Data); !slices.Equal(got, want) {
				t.Errorf("got\n# %s\nwant\n# %s", strings.Join(got, "\n# "), strings.Join(want, "\n# "))
			}
			var tree any
			if yaml.Unmarshal(doc.Data, &tree) != nil {
				return // no YAML at all, or what the reader refuses before it parses
			}
			takes := err == nil || strings.Contains(string(doc.Data), "\n# schema takes")
			if why := validate(schema, tree); (why == "") != takes {
				t.Errorf("the schema says %q, the reader %v", why, err)
			}
		})
	}
}

func documents(t testing.TB) []txtar.File {
	t.Helper()
	var out []txtar.File
	for _, name := range []string{"good.txtar", "bad.txtar"} {
		a, err := txtar.ParseFile(filepath.Join("testdata", "context", name))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, a.Files...)
	}
	return append(out, txtar.File{Name: "docs.yaml", Data: []byte(sample(t))})
}

func wanted(text []byte) []string {
	var out []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if want, ok := strings.CutPrefix(line, "# "); ok && (strings.HasPrefix(want, "want ") || strings.HasPrefix(want, "warning ")) {
			out = append(out, want)
		}
	}
	return out
}

func loadSchema(t testing.TB) map[string]any {
	t.Helper()
	var schema map[string]any
	text, err := os.ReadFile(filepath.Join("..", "docs", "context.schema.json"))
	if err == nil {
		err = json.Unmarshal(text, &schema)
	}
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestPublishedSchemaIsTheReaders(t *testing.T) {
	name := filepath.Join("..", "docs", "context.schema.json")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(name, ContextSchema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil || string(text) != string(ContextSchema()) {
		t.Errorf("%s is not what the reader's table gives (%v); write it anew with UPDATE_GOLDEN=1", name, err)
	}
}

// validate is as much of JSON Schema as the published one uses; a keyword that
// it does not know fails the test that uses it.
func validate(schema map[string]any, v any) string {
	for keyword := range schema {
		if !slices.Contains([]string{"$schema", "title", "description", "type", "properties", "additionalProperties", "required", "items", "enum", "pattern", "anyOf", "minimum", "maximum"}, keyword) {
			return "unknown keyword " + keyword
		}
	}
	if any, ok := schema["anyOf"].([]any); ok {
		return validateAny(any, v)
	}
	if types := typesOf(schema["type"]); len(types) > 0 && !slices.Contains(types, typeOf(v)) {
		return fmt.Sprintf("%v is no %v", v, types)
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		return fmt.Sprintf("%v is none of the enum", v)
	}
	if text, ok := v.(string); ok && schema["pattern"] != nil && !regexp.MustCompile(schema["pattern"].(string)).MatchString(text) {
		return text + " does not match " + schema["pattern"].(string)
	}
	if n, ok := v.(uint64); ok && schema["minimum"] != nil && (float64(n) < schema["minimum"].(float64) || float64(n) > schema["maximum"].(float64)) {
		return fmt.Sprint(n, " is out of range")
	}
	if list, ok := v.([]any); ok {
		for _, item := range list {
			if why := validate(schema["items"].(map[string]any), item); why != "" {
				return why
			}
		}
	}
	if m, ok := v.(map[string]any); ok {
		return validateObject(schema, m)
	}
	return ""
}

func validateAny(schemas []any, v any) string {
	why := ""
	for _, s := range schemas {
		if why = validate(s.(map[string]any), v); why == "" {
			return ""
		}
	}
	return why
}

func validateObject(schema map[string]any, m map[string]any) string {
	properties := schema["properties"].(map[string]any)
	for key, v := range m {
		s, ok := properties[key].(map[string]any)
		if !ok {
			return "unknown property " + key
		}
		if why := validate(s, v); why != "" {
			return key + ": " + why
		}
	}
	required, _ := schema["required"].([]any)
	for _, key := range required {
		if _, ok := m[key.(string)]; !ok {
			return fmt.Sprint("lacks ", key)
		}
	}
	return ""
}

func typesOf(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, t := range v {
			out = append(out, t.(string))
		}
		return out
	}
	return nil
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case uint64, int64:
		return "integer"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return fmt.Sprintf("%T", v)
}

// The glob agrees with the regular expression that it stands for.
func TestPatternIsItsRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		glob := rapid.StringOfN(rapid.RuneFrom([]rune("ab*?ä/")), 0, 12, -1).Draw(t, "glob")
		name := rapid.StringOfN(rapid.RuneFrom([]rune("abä/")), 0, 16, -1).Draw(t, "name")
		quoted := regexp.QuoteMeta(glob)
		re := regexp.MustCompile("^(?s:" + strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, ".*"), `\?`, ".") + ")$")
		p := newPattern(glob, false)
		if p.match(name) != re.MatchString(name) {
			t.Fatalf("%q matches %q: %v", glob, name, p.match(name))
		}
	})
}

// A role is known by its name, whatever path its ARN has in the file or in the
// log.
func TestContextRolePaths(t *testing.T) {
	c, err := ReadContext("f", []byte("principals:\n  - {match: \"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_1\", role: devops}\n  - {match: \"*:role/team/*\", role: auditor}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for arn, want := range map[string]string{
		"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Ops_1/alice@acme.example":                 "devops",
		"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_1":             "devops",
		"arn:aws:sts::444455556666:assumed-role/AWSReservedSSO_Ops_1/alice@acme.example":                 "",
		"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Ops_12/alice@acme.example":                "",
		"arn:aws:sts::111122223333:assumed-role/other/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops": "",
	} {
		if p, _, _ := c.Principal(&exposure.Actor{ARN: arn}); p.Role != want {
			t.Errorf("%s is %q, want %q", arn, p.Role, want)
		}
	}
	if w := c.Warnings(time.Time{}); len(w) != 1 || !strings.Contains(w[0].What, `"*:role/team/*" may match none`) {
		t.Error(w)
	}
}

// The most telling pattern wins, wherever it stands.
func TestPatternOrder(t *testing.T) {
	entries := []string{"a*", "a", "ab*", "a?c", "abc"}
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation([]int{0, 1, 2, 3, 4}).Draw(t, "order")
		var x patternIndex
		for _, i := range order {
			p := newPattern(entries[i], false)
			p.index = i
			x = append(x, p)
		}
		x.order()
		for name, want := range map[string]int{"abc": 4, "a": 1, "abd": 2, "axc": 3, "axd": 0, "b": -1} {
			if got := x.find("", func(p *pattern) bool { return p.match(name) }); got != want {
				t.Fatalf("%s is %d, want %d", name, got, want)
			}
		}
	})
}

func TestNearest(t *testing.T) {
	words := []string{"networks", "principals", "usual", "until"}
	for word, want := range map[string]string{"network": "networks", "netwroks": "networks", "usaul": "usual", "untill": "until", "xyz": "", "": "", strings.Repeat("n", 100000): ""} {
		if got := nearest(word, words); got != want {
			t.Errorf("nearest(%.20q) = %q, want %q", word, got, want)
		}
	}
}

func TestNameTells(t *testing.T) {
	sensitive, harmless := NameTells("acme-www-backup2019")
	if !slices.Equal(sensitive, []string{`"backup" tells of backups`}) || !slices.Equal(harmless, []string{`"www" tells of a website`}) {
		t.Errorf("%q, %q", sensitive, harmless)
	}
}

// Networks answer as going through all of them would: the longest prefix wins,
// then the account's own organization.
func TestContextNetworkIsTheLongestPrefix(t *testing.T) {
	accounts := map[string]string{"A": "111122223333", "B": "444455556666", "": "777788889999"}
	rapid.Check(t, func(t *rapid.T) {
		text := "organizations:\n  - {name: A, accounts: [{id: \"111122223333\"}]}\n  - {name: B, accounts: [{id: \"444455556666\"}]}\nnetworks:\n"
		type entry struct {
			prefix       netip.Prefix
			organization string
		}
		var entries []entry
		for i := range rapid.IntRange(1, 12).Draw(t, "n") {
			bits := rapid.IntRange(8, 32).Draw(t, "bits")
			e := entry{netip.PrefixFrom(someAddr(t), bits).Masked(), rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "organization")}
			if slices.Contains(entries, e) {
				continue
			}
			entries = append(entries, e)
			text += fmt.Sprintf("  - {name: N%d, kind: office, cidrs: [%q], note: %q", i, e.prefix, e.organization+e.prefix.String())
			if e.organization != "" {
				text += ", organization: " + e.organization
			}
			text += "}\n"
		}
		c, err := ReadContext("f", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		addr, who := someAddr(t), rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "who")
		want, bits := "", -1
		for _, e := range entries {
			mine := e.organization == who && who != ""
			if (mine || e.organization == "") && e.prefix.Contains(addr) && (e.prefix.Bits() > bits || e.prefix.Bits() == bits && mine) {
				want, bits = e.organization+e.prefix.String(), e.prefix.Bits()
			}
		}
		if got, _ := c.Network(accounts[who], addr); got.Note != want {
			t.Fatalf("%s of %q is in %q, want %q", addr, who, got.Note, want)
		}
	})
}

func someAddr(t *rapid.T) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(rapid.IntRange(0, 1).Draw(t, "b")), byte(rapid.IntRange(0, 3).Draw(t, "c")), byte(rapid.IntRange(0, 255).Draw(t, "d"))})
}

func BenchmarkContextNetwork(b *testing.B) {
	c := readSample(b)
	addr := netip.MustParseAddr("203.0.113.200")
	b.ReportAllocs()
	for b.Loop() {
		c.Network("111122223333", addr)
	}
}
