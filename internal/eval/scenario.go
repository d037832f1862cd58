// SPDX-License-Identifier: Apache-2.0

package eval

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/bucketlid/bucketlid/triage"
)

// Scenario is one file of scenarios: what happened, and what is true of it.
type Scenario struct {
	Name  string
	Title string // its first line
	Story string // the whole comment
	Label Label
	// Cast are those whose ordinary work a short telling keeps.
	Cast  []string
	Files []txtar.File // that its calls name, and context and networks
	calls []call
}

// Label is the truth, as somebody who knows the whole story tells it.
type Label struct {
	Verdicts []string            // acceptable; the first is the truest. "none": no alert at all
	Now      bool                // somebody must look at once
	Flags    map[string][]string // acceptable answers; a flag that is not named is not judged
	HeldOut  bool                // written after the rules were last changed
}

// NoAlert is the verdict on what should raise no alert.
const NoAlert = "none"

// Verdicts are those of triage, and NoAlert.
var Verdicts = []string{triage.Unintended, triage.Intended, triage.Malicious, triage.Test, triage.CannotTell, NoAlert}

// Load reads all scenarios of a folder, by name. Files of the folder "known"
// below it are shared: "known company" in a label adds those that begin with
// "company-".
func Load(dir string) ([]*Scenario, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	known, err := txtar.ParseFile(filepath.Join(dir, "known", "company.txtar"))
	if err != nil {
		return nil, err
	}
	var out []*Scenario
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			return nil, err
		}
		s, err := parse(strings.TrimSuffix(filepath.Base(file), ".txtar"), archive, known.Files)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func parse(name string, archive *txtar.Archive, known []txtar.File) (*Scenario, error) {
	s := &Scenario{Name: name, Story: strings.TrimSpace(string(archive.Comment)), Label: Label{Flags: map[string][]string{}}}
	s.Title, _, _ = strings.Cut(s.Story, "\n")
	var label, calls string
	for _, f := range archive.Files {
		switch f.Name {
		case "label":
			label = string(f.Data)
		case "calls":
			calls = string(f.Data)
		default:
			s.Files = append(s.Files, f)
		}
	}
	if err := each(label, func(words []string) error { return s.labelLine(words, known) }); err != nil {
		return nil, err
	}
	if len(s.Label.Verdicts) == 0 || s.Title == "" {
		return nil, fmt.Errorf("a scenario needs a title and a verdict")
	}
	return s, each(calls, s.callLine)
}

// each hands on the words of every line that is neither empty nor a comment.
func each(text string, line func([]string) error) error {
	for _, l := range strings.Split(text, "\n") {
		words := strings.Fields(l)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if err := line(words); err != nil {
			return fmt.Errorf("%q: %w", l, err)
		}
	}
	return nil
}

func (s *Scenario) labelLine(words []string, known []txtar.File) error {
	switch word, rest := words[0], words[1:]; word {
	case "verdict":
		s.Label.Verdicts = rest
		return oneOf(rest, Verdicts...)
	case "now":
		s.Label.Now = slices.Equal(rest, []string{"yes"})
		return oneOf(rest, "yes", "no")
	case "held-out":
		s.Label.HeldOut = slices.Equal(rest, []string{"yes"})
		return oneOf(rest, "yes", "no")
	case "cast":
		for _, name := range rest {
			if cast[name] == nil {
				return fmt.Errorf("nobody is called %q", name)
			}
		}
		s.Cast = rest
	case "known":
		for _, name := range rest {
			i := slices.IndexFunc(known, func(f txtar.File) bool { return f.Name == name })
			if i < 0 {
				return fmt.Errorf("no shared file is called %q", name)
			}
			s.Files = append(s.Files, known[i])
		}
	case "source-ip", "user-behaviour", "bucket-name", "permission":
		s.Label.Flags[word] = rest
		return oneOf(rest, "yes", "no", "unknown")
	default:
		return fmt.Errorf("no label is called %q", word)
	}
	return nil
}

// oneOf is an error where a word is none of those known, or where there is none.
func oneOf(words []string, known ...string) error {
	for _, w := range words {
		if !slices.Contains(known, w) {
			return fmt.Errorf("want one of %s", strings.Join(known, ", "))
		}
	}
	if len(words) == 0 {
		return fmt.Errorf("want at least one of %s", strings.Join(known, ", "))
	}
	return nil
}

// File is the content of one of the scenario's files, nil when there is none.
func (s *Scenario) File(name string) []byte {
	for _, f := range s.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

// callLine reads DAY TIME ACTOR PLACE CALL [BUCKET[/KEY]] [option=value …]. A
// place of "-" is the actor's home.
func (s *Scenario) callLine(words []string) error {
	if len(words) < 5 {
		return fmt.Errorf("want DAY TIME ACTOR PLACE CALL")
	}
	var day int
	if _, err := fmt.Sscan(words[0], &day); err != nil {
		return fmt.Errorf("no day: %w", err)
	}
	clock, err := time.Parse(time.TimeOnly, words[1])
	if err != nil {
		return err
	}
	c := call{at: monday.AddDate(0, 0, day).Add(clock.Sub(clock.Truncate(24 * time.Hour))), by: cast[words[2]], place: words[3], service: "s3", name: words[4], params: map[string]any{}}
	if c.by == nil {
		return fmt.Errorf("nobody is called %q", words[2])
	}
	if c.place == "-" {
		c.place = c.by.home
	}
	if places[c.place] == "" {
		return fmt.Errorf("no place is called %q", c.place)
	}
	if service, name, ok := strings.Cut(c.name, ":"); ok {
		c.service, c.name = service, name
	}
	c.agent = c.by.agent
	options := words[5:]
	if len(options) > 0 && !strings.Contains(options[0], "=") {
		c.bucket, c.object, _ = strings.Cut(options[0], "/")
		options = options[1:]
	}
	return s.add(&c, options)
}

// Buckets lists the buckets that the scenario's calls name.
func (s *Scenario) Buckets() []string {
	var out []string
	for i := range s.calls {
		if b := s.calls[i].bucket; b != "" && !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	return out
}
