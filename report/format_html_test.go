// SPDX-License-Identifier: Apache-2.0

package report

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/triage"
)

// tags are the elements of a page in order, with their attributes' names. The
// page is read as strict XML, so that nothing but a declared tag is a tag.
func tags(t tester, page string) []string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(page, "<!DOCTYPE html>\n")))
	d.Entity = xml.HTMLEntity
	var out []string
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("%v in %s", err, page)
		}
		if start, ok := token.(xml.StartElement); ok {
			name := start.Name.Local
			for _, a := range start.Attr {
				name += " " + a.Name.Local
			}
			out = append(out, name)
		}
	}
}

var permittedTags = regexp.MustCompile(`^(html|head|meta|title|style|body|svg|defs|pattern|line|rect|path|circle|text|header|main|section|article|h[1-4]|p|strong|b|ul|ol|li|table|caption|thead|tbody|tr|th|td|dl|dt|dd|pre|code|a|span|div)( |$)`)

// Nothing of a stream becomes markup: no page holds an element or an attribute
// that the template does not have.
func TestHTMLHoldsItsShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := rapid.SliceOfN(messages(), 0, 4).Draw(t, "messages")
		page := write(t, "html", Options{}, stream...)
		for _, tag := range tags(t, page) {
			if !permittedTags.MatchString(tag) || strings.Contains(tag, " style") || strings.Contains(tag, " on") || strings.Contains(tag, " src") {
				t.Fatalf("the page has <%s>", tag)
			}
		}
		for _, target := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if !regexp.MustCompile(`^#a\d+$`).MatchString(target[1]) {
				t.Fatalf("the page links to %q", target[1])
			}
		}
	})
}

// The page permits its own style sheet and nothing else.
func TestHTMLPolicy(t *testing.T) {
	page := write(t, "html", Options{})
	_, style, _ := strings.Cut(page, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	want := "default-src &#39;none&#39;; style-src &#39;sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "&#39;"
	if !strings.Contains(strings.ReplaceAll(page, "&#43;", "+"), want) {
		t.Errorf("the policy does not permit the style sheet of the page: %s", page[:600])
	}
}

// Every part that a reader needs is there, also of nothing.
func TestHTMLParts(t *testing.T) {
	full, err := render(t, "html", fixture(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`lang="en"`, "userName", "sourceIPAddress", "bucketName", "URI", "Permission", "Not seen:", "Red flags", "Suggested verdict", "A person decides",
		"What is not known", "Gaps", "Skipped input", `role="img"`, `scope="col"`, "prefers-color-scheme: dark", "@media print"} {
		if !strings.Contains(full, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	ids := regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(full, -1)
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id[1]] {
			t.Errorf("id %s stands twice", id[1])
		}
		seen[id[1]] = true
	}
	for _, ref := range regexp.MustCompile(`(?:href="#|aria-labelledby=")([^"]*)"`).FindAllStringSubmatch(full, -1) {
		if !seen[ref[1]] {
			t.Errorf("nothing has the id %s", ref[1])
		}
	}
	empty := write(t, "html", Options{}, Message{Config: &Config{Schema: Schema}}, Message{Summary: &Summary{}})
	if !strings.Contains(empty, "No record was read, so nothing can be said about exposure") {
		t.Errorf("an empty run is not told: %s", empty)
	}
	if cut := write(t, "html", Options{}, Message{Alert: &triage.Alert{}}); strings.Count(cut, cutOff) != 2 {
		t.Error("a stream that is cut off is not told")
	}
}

// Levels of headings are not skipped.
func TestHTMLHeadings(t *testing.T) {
	page, err := render(t, "html", fixture(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for _, tag := range tags(t, page) {
		if len(tag) >= 2 && tag[0] == 'h' && tag[1] >= '1' && tag[1] <= '4' {
			level := int(tag[1] - '0')
			if level > last+1 {
				t.Errorf("h%d follows h%d", level, last)
			}
			last = level
		}
	}
}

func TestChart(t *testing.T) {
	at := func(s string) *time.Time { return instant("2026-08-03T" + s + "Z") }
	for _, tt := range []struct {
		name string
		a    triage.Alert
		asOf *time.Time
		want []string
	}{
		{"closed and proven", triage.Alert{Kind: triage.KindPublic, State: exposure.Closed, Certainty: exposure.Proven, OpenedAt: at("10:00:00"), ClosedAt: at("11:00:00")}, nil,
			[]string{`<rect class="bar info"`, "10:15Z"}},
		{"open and assumed", triage.Alert{Kind: triage.KindPublic, State: exposure.Open, Certainty: exposure.Assumed, OpenedAt: at("10:00:00")}, at("12:00:00"),
			[]string{`<rect class="unsure"`, `l12 6 l-12 6`, "08-03 12:00Z"}},
		{"start not seen", triage.Alert{Kind: triage.KindPublic, State: exposure.Closed, Certainty: exposure.Proven, ClosedAt: at("10:00:00")}, nil,
			[]string{`l-12 6 l12 6`}},
		{"latent", triage.Alert{Kind: triage.KindLatent, State: exposure.Blocked, OpenedAt: at("10:00:00")}, nil, []string{`class="hollow"`}},
		{"attempt", triage.Alert{Kind: triage.KindAttempt, OpenedBy: &exposure.Actor{EventTime: at("10:00:00")}}, nil, []string{"<circle"}},
		{"used", triage.Alert{Kind: triage.KindPublic, OpenedAt: at("10:00:00"), AccessSeen: triage.AccessSeen{First: at("10:05:00"), Last: at("10:06:00")}}, nil, []string{"used by strangers"}},
		{"no time at all", triage.Alert{Kind: triage.KindPublic, State: exposure.Open}, nil, nil},
	} {
		got := string(windowChart(&tt.a, tt.asOf))
		if len(tt.want) == 0 && got != "" {
			t.Errorf("%s: %s", tt.name, got)
		}
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in %s", tt.name, want, got)
			}
		}
	}
}

// Every bar lies within the drawing, whatever the times are.
func TestChartStaysInside(t *testing.T) {
	number := regexp.MustCompile(` (x|width)="([-\d.]+)"`)
	rapid.Check(t, func(t *rapid.T) {
		base := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "base"), 0)
		moment := func(name string) *time.Time {
			if rapid.Bool().Draw(t, name+" known") {
				at := base.Add(time.Duration(rapid.Int64Range(0, 1e9).Draw(t, name)) * time.Second)
				return &at
			}
			return nil
		}
		bars := []chartBar{{label: "x", from: moment("from"), to: moment("to")}, {label: "y", from: moment("from2"), to: moment("to2"), sure: true}}
		var x float64
		for _, m := range number.FindAllStringSubmatch(string(drawChart("t", bars, moment("as of"))), -1) {
			var n float64
			if _, err := fmt.Sscan(m[2], &n); err != nil || n < 0 || n > chartWidth {
				t.Fatalf("%s is %s", m[1], m[2])
			}
			if m[1] == "x" {
				x = n
			} else if x+n > chartWidth {
				t.Fatalf("a bar from %g is %g wide", x, n)
			}
		}
	})
}

func TestTicks(t *testing.T) {
	first := *instant("2026-08-03T10:00:00Z")
	for _, span := range []time.Duration{2 * time.Second, time.Minute, time.Hour, 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		marks := ticks(first, first.Add(span))
		if len(marks) < 1 || len(marks) > 11 || !slices.IsSortedFunc(marks, time.Time.Compare) {
			t.Errorf("%s has %d marks", span, len(marks))
		}
	}
}
