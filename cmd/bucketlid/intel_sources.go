// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/bucketlid/bucketlid/triage"
	"github.com/bucketlid/bucketlid/triage/intel"
)

// fileRow is one source of a file of sources. What is empty is as in the table.
type fileRow struct {
	Name       string `yaml:"name"`
	Title      string `yaml:"title"`
	URL        string `yaml:"url"`
	File       string `yaml:"file"`
	Kind       string `yaml:"kind"`
	Provider   string `yaml:"provider"`
	Format     string `yaml:"format"`
	Licence    string `yaml:"licence"`
	LicenceURL string `yaml:"licence_url"`
	SumURL     string `yaml:"sha256_url"`
	MaxAge     string `yaml:"max_age"`

	place string // in the file, "file:line"
}

// maxSourcesFile bounds a file of sources.
const maxSourcesFile = 256 << 10

// readSources reads a file of sources; none where it is not there and was not
// asked for by name.
func readSources(path string, asked bool) ([]fileRow, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, usageError("name a YAML file as docs/intel.md shows it", "--sources: %s is no regular file", path)
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !asked:
		return nil, nil
	case err != nil:
		return nil, usageError("name a YAML file as docs/intel.md shows it", "--sources: %v", err)
	case len(text) > maxSourcesFile:
		return nil, usageError("it lists sources, not networks", "--sources: %s has %d bytes, more than %d", path, len(text), maxSourcesFile)
	}
	if err := triage.CheckYAML(path, text); err != nil {
		return nil, usageError("the form is in docs/intel.md", "%v", err)
	}
	var listed []fileRow
	if err := yaml.UnmarshalWithOptions(text, &listed, yaml.Strict()); err != nil {
		return nil, usageError("the form is in docs/intel.md", "%s", placedError(path, err))
	}
	lines, seen := entryLines(text), map[string]string{}
	for i := range listed {
		r := &listed[i]
		r.place = path
		if i < len(lines) {
			r.place = fmt.Sprintf("%s:%d", path, lines[i])
		}
		switch {
		case r.Name == "":
			return nil, usageError("add name: …", "%s: the source number %d has no name", r.place, i+1)
		case seen[r.Name] != "":
			return nil, usageError("keep one", "%s: the source %s stands twice (first at %s)", r.place, r.Name, seen[r.Name])
		}
		seen[r.Name] = r.place
		if r.File != "" && !filepath.IsAbs(r.File) {
			r.File = filepath.Join(filepath.Dir(path), r.File)
		}
	}
	return listed, nil
}

// entryLines are the lines on which the entries of a list begin.
func entryLines(text []byte) []int {
	file, err := parser.ParseBytes(text, 0)
	if err != nil || len(file.Docs) == 0 {
		return nil
	}
	list, _ := file.Docs[0].Body.(*ast.SequenceNode)
	if list == nil {
		return nil
	}
	var lines []int
	for _, entry := range list.Values {
		lines = append(lines, entry.GetToken().Position.Line)
	}
	return lines
}

// yamlPlace is how the reader of YAML begins its errors.
var yamlPlace = regexp.MustCompile(`^\[([0-9]+):([0-9]+)\] `)

// placedError writes an error of the reader of YAML as others are written.
func placedError(path string, err error) string {
	text, _, _ := strings.Cut(strings.TrimSpace(yaml.FormatError(err, false, false)), "\n")
	if m := yamlPlace.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("%s:%s:%s: %s", path, m[1], m[2], strings.TrimPrefix(text, m[0]))
	}
	return path + ": " + text
}

// addSources puts sources over the rows of a table, or behind them, and tells
// the places of their names.
func addSources(listed []fileRow, rows []intel.Row) (out []intel.Row, places map[string]string, err error) {
	out, places = slices.Clone(rows), map[string]string{}
	for _, r := range listed {
		at := find(out, r.Name)
		if at < 0 {
			at = len(out)
			out = append(out, intel.Row{Name: r.Name, Title: r.Name, MaxAge: 30 * 24 * time.Hour})
		}
		if err := r.change(&out[at]); err != nil {
			return nil, nil, usageError("good forms: 36h, 7d, 4w", "%s: the source %s: %v", r.place, r.Name, err)
		}
		places[r.Name] = r.place
	}
	return out, places, nil
}

// change puts what the file says over a row.
func (r fileRow) change(row *intel.Row) error {
	kind := string(row.Kind)
	for _, p := range []struct {
		to   *string
		from string
	}{{&row.Title, r.Title}, {&row.URL, r.URL}, {&kind, r.Kind}, {&row.Provider, r.Provider}, {&row.Format, r.Format},
		{&row.Licence, r.Licence}, {&row.LicenceURL, r.LicenceURL}, {&row.SumURL, r.SumURL}} {
		*p.to = cmp.Or(p.from, *p.to)
	}
	if r.File != "" {
		row.URL, row.Path = r.URL, r.File
	}
	row.Kind = intel.Kind(kind)
	if r.MaxAge == "" {
		return nil
	}
	age, ok := parseAge(r.MaxAge)
	if !ok || age <= 0 {
		return fmt.Errorf("max_age: %q is no age", r.MaxAge)
	}
	row.MaxAge = age
	return nil
}

// sourcesFile is the file of sources that a data directory has.
func sourcesFile(dir string) string { return filepath.Join(dir, "sources.yaml") }
