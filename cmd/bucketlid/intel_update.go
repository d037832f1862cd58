// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/triage"
	"github.com/bucketlid/bucketlid/triage/intel"
)

// updateFlags are the flags of intel update.
type updateFlags struct {
	dir     string
	only    []string
	urls    []string
	sources string
	wait    time.Duration
	force   bool
}

func newIntelUpdate() *cobra.Command {
	f := &updateFlags{}
	cmd := &cobra.Command{
		Use: "update", Short: "Fetch lists of networks, checked, each in one step", Args: cobra.NoArgs,
		Long: "Fetch the sources of docs/intel.md, and those of a file of sources, over HTTPS. What comes\n" +
			"broken, cut short or as another thing leaves the earlier data in place; the exit code is\n" +
			"then 1. Proxies are taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY.",
		Example: "  bucketlid intel update\n" +
			"  bucketlid intel update --source aws --url aws=https://mirror.acme.example/ip-ranges.json",
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	intelDir(flags, &f.dir)
	flags.StringSliceVar(&f.only, "source", nil, "fetch only these `sources` (comma-separated; default: all)")
	flags.StringArrayVar(&f.urls, "url", nil, "fetch a source from another place: `NAME=URL`; repeatable")
	flags.StringVar(&f.sources, "sources", "", "`file` of further sources (default: sources.yaml in the data directory, if there)")
	flags.DurationVar(&f.wait, "wait", 2*time.Minute, "give up on a source after this `time`")
	flags.BoolVar(&f.force, "force", false, "take data with less than half the entries of the earlier")
	return cmd
}

func (f *updateFlags) run(cmd *cobra.Command) error {
	dir, err := resolveIntelDir(f.dir)
	if err != nil {
		return err
	}
	rows, err := f.rows(dir)
	if err != nil {
		return err
	}
	u := &intel.Updater{Dir: dir, Client: intel.NewClient(), Agent: "bucketlid/" + version, Wait: f.wait, Now: time.Now(), Force: f.force}
	outcomes, err := u.Update(cmd.Context(), rows)
	failed := 0
	for _, o := range outcomes {
		if o.Err != nil {
			failed++
			fmt.Fprintln(cmd.ErrOrStderr(), "failed: "+plain(o.Err.Error())+earlier(o.Record))
			continue
		}
		state := "updated"
		if o.Unchanged {
			state = "unchanged"
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%-9s %s: %s%s, %s\n", state, o.Name, counted(o.Record.Entries, "network"), unreadLines(o.Record.Malformed), plain(o.Record.Licence))
	}
	if errors.Is(err, context.Canceled) {
		return &exitError{exitInterrupt, "interrupted: what was fetched is in use, the rest is as before", "run the same command again"}
	}
	if err != nil {
		return fmt.Errorf("update: %w", err)
	}
	if failed > 0 {
		return &exitError{exitFailed, fmt.Sprintf("%d of %s could not be fetched", failed, counted(len(outcomes), "source")), "run the same command again later; bucketlid intel status shows what is in use"}
	}
	return nil
}

// unreadLines says how many lines of a source hold no network.
func unreadLines(lines int) string {
	if lines == 0 {
		return ""
	}
	return ", " + counted(lines, "unreadable line")
}

// earlier says what is in use after a failure.
func earlier(r *intel.Record) string {
	if r == nil {
		return " (there is no earlier data)"
	}
	return fmt.Sprintf(" (the data of %s stays)", dayOf(r.Checked))
}

// rows are the sources to fetch: the table, changed and enlarged by the file of
// sources, then by --url, of which --source chooses.
func (f *updateFlags) rows(dir string) ([]intel.Row, error) {
	rows := slices.Clone(intel.Table)
	if err := f.addFile(dir, &rows); err != nil {
		return nil, err
	}
	for _, pair := range f.urls {
		name, url, ok := strings.Cut(pair, "=")
		i := find(rows, name)
		if !ok || i < 0 {
			return nil, usageError("sources: "+strings.Join(names(rows), ", "), "--url: %q is not NAME=URL of a source", pair)
		}
		rows[i].URL = url
	}
	chosen := rows
	if len(f.only) > 0 {
		chosen = nil
	}
	for _, name := range f.only {
		i := find(rows, name)
		if i < 0 {
			return nil, usageError("sources: "+strings.Join(names(rows), ", "), "--source: no source is called %q", name)
		}
		chosen = append(chosen, rows[i])
	}
	for i := range chosen {
		if err := chosen[i].Check(); err != nil {
			return nil, usageError("docs/intel.md tells the form of a source", "%v", err)
		}
	}
	return chosen, nil
}

func find(rows []intel.Row, name string) int {
	return slices.IndexFunc(rows, func(r intel.Row) bool { return r.Name == name })
}

func names(rows []intel.Row) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.Name
	}
	return out
}

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
}

// maxSourcesFile bounds a file of sources.
const maxSourcesFile = 256 << 10

func (f *updateFlags) addFile(dir string, rows *[]intel.Row) error {
	path := f.sources
	if path == "" {
		path = filepath.Join(dir, "sources.yaml")
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && f.sources == "":
		return nil
	case err != nil:
		return usageError("name a YAML file as docs/intel.md shows it", "--sources: %v", err)
	case len(text) > maxSourcesFile:
		return usageError("it lists sources, not networks", "--sources: %s has %d bytes, more than %d", path, len(text), maxSourcesFile)
	}
	if err := triage.CheckYAML(path, text); err != nil {
		return usageError("the form is in docs/intel.md", "%v", err)
	}
	var listed []fileRow
	if err := yaml.UnmarshalWithOptions(text, &listed, yaml.Strict()); err != nil {
		return usageError("the form is in docs/intel.md", "%s: %s", path, strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	for i, r := range listed {
		if r.Name == "" {
			return usageError("add name: …", "%s: the source number %d has no name", path, i+1)
		}
		at := find(*rows, r.Name)
		if at < 0 {
			at = len(*rows)
			*rows = append(*rows, intel.Row{Name: r.Name, Title: r.Name, MaxAge: 30 * 24 * time.Hour})
		}
		if r.File != "" && !filepath.IsAbs(r.File) {
			r.File = filepath.Join(filepath.Dir(path), r.File)
		}
		if err := r.change(&(*rows)[at]); err != nil {
			return usageError("good forms: 36h, 7d, 4w", "%s: the source %s: %v", path, r.Name, err)
		}
	}
	return nil
}

// change puts what the file says over a row.
func (r fileRow) change(row *intel.Row) error {
	kind := string(row.Kind)
	for _, p := range []struct {
		to   *string
		from string
	}{{&row.Title, r.Title}, {&row.URL, r.URL}, {&kind, r.Kind}, {&row.Provider, r.Provider}, {&row.Format, r.Format},
		{&row.Licence, r.Licence}, {&row.LicenceURL, r.LicenceURL}, {&row.SumURL, r.SumURL}} {
		if p.from != "" {
			*p.to = p.from
		}
	}
	if r.File != "" {
		row.URL, row.Path = r.URL, r.File
	}
	row.Kind = intel.Kind(kind)
	if r.MaxAge == "" {
		return nil
	}
	age, ok := parseAge(r.MaxAge)
	if !ok {
		return fmt.Errorf("max_age: %q is no age", r.MaxAge)
	}
	row.MaxAge = age
	return nil
}
