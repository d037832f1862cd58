// SPDX-License-Identifier: Apache-2.0

package eval

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/bucketlid/bucketlid/internal/golden"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
	"github.com/bucketlid/bucketlid/triage"
)

// The figures and their floors stand in this page.
const page = "../../docs/triage.md"

// minScenarios guards against a folder that lost its scenarios.
const minScenarios = 70

func load(t testing.TB) []*Scenario {
	t.Helper()
	all, err := Load("scenarios")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < minScenarios {
		t.Fatalf("%d scenarios, want at least %d", len(all), minScenarios)
	}
	return all
}

func readPage(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEval judges every scenario within the work of the whole company, and
// compares the figures with the page and with its floors.
func TestEval(t *testing.T) {
	var m measure
	for _, s := range load(t) {
		m.add(s.judge(t, s.Records(1)))
	}
	text := m.text()
	t.Log("\n" + text)
	before := readPage(t)
	begin, end := strings.Index(before, beginMark), strings.Index(before, endMark)
	if begin < 0 || end < begin {
		t.Fatalf("%s lacks the lines %s and %s", page, beginMark, endMark)
	}
	golden.Check(t, page, []byte(before[:begin+len(beginMark)]+"\n"+text+before[end:]))
	floors := floorsOf(before)
	for _, f := range m.figures() {
		floor, ok := floors[f.name]
		if !ok {
			t.Errorf("%s has no floor for %q", page, f.name)
		}
		if 100*f.right < floor*f.of || f.of == 0 {
			t.Errorf("%s: %d of %d, below the floor of %d %%", f.name, f.right, f.of, floor)
		}
	}
	if len(floors) != len(m.figures()) {
		t.Errorf("%s has %d floors for %d figures", page, len(floors), len(m.figures()))
	}
}

const beginMark, endMark = "<!-- measured -->", "<!-- end of measured -->"

var floorRow = regexp.MustCompile(`(?m)^\| ([a-z].*?) \| (\d+) % \|$`)

// floorsOf reads the table of floors, in percent.
func floorsOf(text string) map[string]int {
	out := map[string]int{}
	for _, m := range floorRow.FindAllStringSubmatch(text, -1) {
		out[m[1]], _ = strconv.Atoi(m[2])
	}
	return out
}

// What must come out right whatever else does.
func TestEvalMust(t *testing.T) {
	for name, want := range map[string]struct {
		verdicts   []string
		severities []triage.Severity
	}{
		"charity-site":       {[]string{"test", "intended"}, []triage.Severity{triage.Low}},
		"kops-state":         {[]string{"unintended"}, []triage.Severity{triage.High, triage.Critical}},
		"fresh-key-from-vpn": {[]string{"malicious"}, []triage.Severity{triage.High, triage.Critical}},
	} {
		all := load(t)
		s := all[slices.IndexFunc(all, func(s *Scenario) bool { return s.Name == name })]
		for seed := range uint64(5) {
			o := s.judge(t, s.Records(seed))
			if len(o.alerts) == 0 || !slices.Contains(want.verdicts, o.verdict()) || !slices.Contains(want.severities, o.alerts[0].Severity) {
				t.Errorf("%s, seed %d: %s, severity %v; want %+v", name, seed, o.verdict(), o.severity(), want)
			}
		}
	}
}

// How busy the company is, and what its people do by chance, decides nothing:
// another seed and the short telling give the same answers.
func TestEvalAnySeed(t *testing.T) {
	for _, s := range load(t) {
		whole := s.judge(t, s.Records(1))
		others := map[string][][]byte{"the short telling": s.Short()}
		if !testing.Short() {
			others["seed 2"] = s.Records(2)
		}
		for name, lines := range others {
			if other := s.judge(t, lines); other.summary() != whole.summary() {
				t.Errorf("%s: %s gives\n%s\nseed 1\n%s", s.Name, name, other.summary(), whole.summary())
			}
		}
	}
}

// TestEvalStories writes every scenario as a story with a little ordinary work.
func TestEvalStories(t *testing.T) {
	var want []string
	for _, s := range load(t) {
		path := filepath.Join("..", "..", "stories", "eval-"+s.Name+".txtar")
		want = append(want, path)
		o := s.judge(t, s.Short())
		golden.Check(t, path, o.story())
	}
	if have, _ := filepath.Glob(filepath.Join("..", "..", "stories", "eval-*.txtar")); !slices.Equal(have, want) {
		t.Errorf("stories without a scenario, or the other way about: %d stories, %d scenarios", len(have), len(want))
	}
}

// story is the scenario as a file for the folder of stories.
func (o *outcome) story() []byte {
	records := append(bytes.Join(o.Short(), []byte("\n")), '\n')
	archive := txtar.Archive{Comment: []byte(o.Story + "\n\n"), Files: []txtar.File{{Name: "records.jsonl", Data: records}}}
	var script strings.Builder
	lists := []string{}
	for _, f := range o.Files {
		switch {
		case f.Name == "context.yaml":
			script.WriteString("context context.yaml\n")
		case strings.HasSuffix(f.Name, ".txt"):
			lists = append(lists, f.Name)
		default:
			continue // it stands in the records
		}
		archive.Files = append(archive.Files, f)
	}
	if len(lists) > 0 {
		fmt.Fprintf(&script, "networks %s %s\n", listDate.Format("2006-01-02"), strings.Join(lists, " "))
	}
	script.WriteString("load records.jsonl\n")
	if miss := o.misses(); len(miss) > 0 {
		fmt.Fprintf(&script, "# Known to come out wrong: %s.\n", strings.Join(miss, "; "))
	}
	fmt.Fprintf(&script, "expect alerts %d\n", len(o.alerts))
	for i := range o.alerts {
		a := &o.alerts[i]
		fmt.Fprintf(&script, "expect alert bucketName=%s kind=%s severity=%s suggestion.verdict=%s", a.Bucket, a.Kind, a.Severity, a.Suggestion.Verdict)
		for _, f := range a.Flags {
			fmt.Fprintf(&script, " flags.%s=%s", f.ID, f.Answer)
		}
		script.WriteString("\n")
	}
	archive.Files = append(archive.Files, txtar.File{Name: "script", Data: []byte(script.String())})
	return txtar.Format(&archive)
}

var listDate = monday.AddDate(0, 0, 8)

// known is what the scenario's files tell beside its records.
func (s *Scenario) known(t testing.TB) (k triage.Known) {
	t.Helper()
	lists := map[string][]byte{}
	for _, f := range s.Files {
		if strings.HasSuffix(f.Name, ".txt") {
			lists[f.Name] = f.Data
		}
	}
	var err, bad error
	if len(lists) > 0 {
		k.Networks, err = OpenNetworks(t.TempDir(), lists, listDate)
	}
	if text := s.File("context.yaml"); text != nil {
		k.Context, bad = triage.ReadContext("context.yaml", text)
	}
	if err := errors.Join(err, bad); err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	return k
}

func (s *Scenario) judge(t testing.TB, lines [][]byte) *outcome {
	t.Helper()
	ledger, baseline := replay.NewLedger(), replay.NewBaseline()
	_, err := trail.Scan(bytes.NewReader(bytes.Join(lines, []byte("\n"))), trail.Options{}, func(h *trail.Header, raw []byte) error {
		baseline.Observe(h)
		if unread := ledger.Take(h, raw); unread != "" {
			return errors.New(unread)
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	baseline.Settle()
	o, buckets := &outcome{Scenario: s}, s.Buckets()
	for _, a := range triage.Rank(ledger, baseline, s.known(t)).Alerts {
		if a.Bucket != "" && !slices.Contains(buckets, a.Bucket) {
			t.Errorf("%s: ordinary work raises an alert: %s", s.Name, a.Title)
		}
		o.alerts = append(o.alerts, a)
	}
	return o
}
