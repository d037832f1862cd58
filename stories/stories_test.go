// SPDX-License-Identifier: Apache-2.0

// Package stories runs whole incidents: each .txtar file here is a story with
// its records and what must come out. They are test and documentation at once.
package stories

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/bucketlid/bucketlid/internal/eval"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
	"github.com/bucketlid/bucketlid/triage"
)

// minStories guards against a folder that lost its stories.
const minStories = 120

func TestStories(t *testing.T) {
	files, err := filepath.Glob("*.txtar")
	if err != nil || len(files) < minStories {
		t.Fatalf("%d stories, want at least %d (%v)", len(files), minStories, err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(name, ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			s := &story{t: t, files: map[string][]byte{}}
			for _, f := range archive.Files {
				s.files[f.Name] = f.Data
			}
			for i, line := range strings.Split(strings.TrimSpace(string(s.files["script"])), "\n") {
				s.line(i+1, line)
			}
		})
	}
}

// story is one script being run. Its verbs: load FILE, at TIME (forget what is
// later), expect …, keep (remember the id of what the last expect found, for a
// later id=kept), and before load: context FILE, networks DATE FILE… (lists of
// networks, each named after its kind).
type story struct {
	t       *testing.T
	files   map[string][]byte
	lines   [][]byte
	known   triage.Known
	result  triage.Result
	gaps    []replay.Gap
	matched map[string]any // what the last expect matched
	kept    string         // the id that keep remembered
}

func (s *story) line(n int, line string) {
	s.t.Helper()
	verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch verb {
	case "", "#":
	case "load":
		data, ok := s.files[rest]
		if !ok {
			s.t.Fatalf("line %d: no file %s", n, rest)
		}
		s.lines = append(s.lines, bytes.Split(bytes.TrimSpace(data), []byte("\n"))...)
		s.solve(s.lines)
	case "at":
		until, err := time.Parse(time.RFC3339, rest)
		if err != nil {
			s.t.Fatalf("line %d: %v", n, err)
		}
		s.solve(slices.DeleteFunc(slices.Clone(s.lines), func(l []byte) bool { return later(l, until) }))
	case "context", "networks":
		if err := s.know(verb, strings.Fields(rest)); err != nil {
			s.t.Fatalf("line %d: %v", n, err)
		}
	case "keep":
		s.kept = fmt.Sprint(s.matched["id"])
	case "expect":
		if err := s.expect(rest); err != nil {
			s.t.Errorf("line %d: expect %s: %v\n%s", n, rest, err, s.dump())
		}
	default:
		s.t.Fatalf("line %d: unknown verb %q", n, verb)
	}
}

// know takes in what is known beside the records.
func (s *story) know(verb string, args []string) (err error) {
	if verb == "context" {
		s.known.Context, err = triage.ReadContext(args[0], s.files[args[0]])
		return err
	}
	date, err := time.Parse(time.DateOnly, args[0])
	if err != nil {
		return err
	}
	lists := map[string][]byte{}
	for _, name := range args[1:] {
		lists[name] = s.files[name]
	}
	s.known.Networks, err = eval.OpenNetworks(s.t.TempDir(), lists, date)
	return err
}

func later(line []byte, until time.Time) bool {
	var r struct {
		EventTime time.Time `json:"eventTime"`
	}
	return json.Unmarshal(line, &r) == nil && r.EventTime.After(until)
}

// solve hunts over the lines once as they stand, then shuffled, doubled and
// split among several workers: the answer must be the same bytes.
func (s *story) solve(lines [][]byte) {
	s.t.Helper()
	s.result, s.gaps = hunt([][][]byte{lines}, s.known)
	want := encode(s.t, s.result)
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 7))
		parts := make([][][]byte, 3)
		for _, l := range append(slices.Clone(lines), lines[:len(lines)/2]...) {
			i := rng.IntN(len(parts))
			parts[i] = append(parts[i], l)
		}
		for _, p := range parts {
			rng.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
		}
		got, _ := hunt(parts, s.known)
		if g := encode(s.t, got); !bytes.Equal(g, want) {
			s.t.Fatalf("the answer depends on order, split or repeats (seed %d):\n%s\n---\n%s", seed, want, g)
		}
	}
}

func hunt(parts [][][]byte, known triage.Known) (triage.Result, []replay.Gap) {
	ledger, baseline := replay.NewLedger(), replay.NewBaseline()
	for _, lines := range parts {
		l, b := replay.NewLedger(), replay.NewBaseline()
		_, _ = trail.Scan(bytes.NewReader(bytes.Join(lines, []byte("\n"))), trail.Options{}, func(h *trail.Header, raw []byte) error {
			b.Observe(h)
			if unread := l.Take(h, raw); strings.HasPrefix(unread, "CloudTrail record") {
				return errors.New(unread)
			}
			return nil
		}, nil)
		ledger.Merge(l)
		baseline.Merge(b)
	}
	baseline.Settle()
	return triage.Rank(ledger, baseline, known), ledger.Gaps(baseline)
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *story) expect(rest string) error {
	no := false
	if r, ok := strings.CutPrefix(rest, "no "); ok {
		no, rest = true, r
	}
	what, args, _ := strings.Cut(rest, " ")
	var found bool
	switch what {
	case "alerts":
		if fmt.Sprint(len(s.result.Alerts)) != args {
			return fmt.Errorf("there are %d alerts", len(s.result.Alerts))
		}
		return nil
	case "alert":
		found = s.match(args, asMaps(s.t, s.result.Alerts))
	case "exposure":
		found = s.match(args, asMaps(s.t, s.result.Exposures))
	case "reason":
		for _, a := range s.result.Alerts {
			found = found || slices.ContainsFunc(a.Reasons, func(r string) bool { return strings.Contains(r, args) })
		}
	case "gap":
		for _, g := range s.gaps {
			found = found || g.From.Format("15:04")+" "+g.To.Format("15:04") == args
		}
	default:
		return fmt.Errorf("unknown thing %q", what)
	}
	if found == no {
		return fmt.Errorf("found: %v", found)
	}
	return nil
}

func asMaps[T any](t *testing.T, list []T) []map[string]any {
	t.Helper()
	var out []map[string]any
	if err := json.Unmarshal(encode(t, list), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// match finds a thing all of whose named fields have the given values. Lists
// are compared as "a,b"; a value ending in * is a prefix; "_" stands for a
// blank; access_seen.verdict is a field of a field, flags.source-ip an answer.
func (s *story) match(args string, things []map[string]any) bool {
	for _, m := range things {
		if !slices.ContainsFunc(strings.Fields(args), func(pair string) bool {
			name, want, _ := strings.Cut(pair, "=")
			if want == "kept" {
				want = s.kept
			}
			return !same(field(m, name), want)
		}) {
			s.matched = m
			return true
		}
	}
	return false
}

func same(got, want string) bool {
	got, want = strings.ReplaceAll(got, " ", "_"), strings.ReplaceAll(want, " ", "_")
	if prefix, ok := strings.CutSuffix(want, "*"); ok {
		return strings.HasPrefix(got, prefix)
	}
	return got == want
}

func field(m map[string]any, name string) string {
	v := m[name]
	if outer, inner, ok := strings.Cut(name, "."); ok {
		switch x := m[outer].(type) {
		case map[string]any:
			return field(x, inner)
		case []any:
			for _, e := range x {
				if f, ok := e.(map[string]any); ok && f["id"] == inner {
					return fmt.Sprint(f["answer"])
				}
			}
		}
		return "null"
	}
	if bounds, ok := m["bounds"].(map[string]any); ok && (strings.HasSuffix(name, "_earliest") || strings.HasSuffix(name, "_latest")) {
		v = bounds[name]
	}
	switch x := v.(type) {
	case nil:
		return "null"
	case map[string]any:
		return fmt.Sprint(x["userName"])
	case []any:
		var parts []string
		for _, e := range x {
			if seg, ok := e.(map[string]any); ok {
				parts = append(parts, strings.ReplaceAll(field(seg, "routes"), ",", "+"))
				continue
			}
			parts = append(parts, fmt.Sprint(e))
		}
		if name == "segments" {
			return strings.Join(parts, "|")
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v)
}

func (s *story) dump() string {
	return string(encode(s.t, s.result.Alerts)) + "\nexposures:\n" + string(encode(s.t, s.result.Exposures))
}

// The records of all stories together, some left out, are one more log: its
// answer must not depend on order, split or repeats, and every id is unique.
func TestAnySetOfRecords(t *testing.T) {
	files, _ := filepath.Glob("*.txtar")
	var all [][]byte
	for _, name := range files {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if strings.HasSuffix(f.Name, ".jsonl") {
				all = append(all, bytes.Split(bytes.TrimSpace(f.Data), []byte("\n"))...)
			}
		}
	}
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 11))
		left := rng.IntN(4)
		lines := slices.DeleteFunc(slices.Clone(all), func([]byte) bool { return rng.IntN(4) < left })
		s := &story{t: t}
		s.solve(lines)
		ids := map[string]string{}
		for _, a := range s.result.Alerts {
			if ids[a.ID] != "" {
				t.Errorf("seed %d: alert %s twice:\n%s\n%s", seed, a.ID, ids[a.ID], a.Title)
			}
			ids[a.ID] = a.Title
		}
		for _, e := range s.result.Exposures {
			if ids[e.ID] != "" {
				t.Errorf("seed %d: exposure %s twice: %s %v", seed, e.ID, e.Bucket, e.Reasons)
			}
			ids[e.ID] = e.Bucket
		}
	}
}
