// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bucketlid/bucketlid/triage/intel"
)

func newIntel() *cobra.Command {
	cmd := &cobra.Command{
		Use: "intel", GroupID: "setup", Short: "Keep what is publicly known of addresses: country, cloud, VPN, Tor",
		Example: "  bucketlid intel update\n  bucketlid intel status",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("see: bucketlid intel --help", "there is no command intel %s", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newIntelUpdate(), newIntelStatus())
	return cmd
}

// intelDir adds the flag that names the data directory.
func intelDir(flags *pflag.FlagSet, dir *string) {
	flags.StringVar(dir, "dir", "", "`directory` of the data (default: BUCKETLID_INTEL, else bucketlid/intel below XDG_DATA_HOME)")
}

// defaultIntelDir is where the data lies when nothing else is said (XDG Base
// Directory Specification; a relative XDG_DATA_HOME counts as not set).
func defaultIntelDir() (string, error) {
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "bucketlid", "intel"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", usageError("name a directory with --dir, or set XDG_DATA_HOME", "the data directory: %v", err)
	}
	return filepath.Join(home, ".local", "share", "bucketlid", "intel"), nil
}

// resolveIntelDir is the directory that a flag names, or BUCKETLID_INTEL, which
// is also the variable of hunt's flag --intel, or the default.
func resolveIntelDir(dir string) (string, error) {
	if dir = cmp.Or(dir, os.Getenv("BUCKETLID_INTEL")); dir != "" {
		return dir, nil
	}
	return defaultIntelDir()
}

// loadIntel opens a data directory for a hunt. Where none is named and none is
// there, nothing is known of addresses: a nil Database. Notes name files that
// could not be used.
func loadIntel(dir string) (d *intel.Database, notes []string, err error) {
	dir = cmp.Or(dir, os.Getenv("BUCKETLID_INTEL"))
	path, err := resolveIntelDir(dir)
	if err != nil && dir == "" {
		return nil, nil, nil
	}
	d, notes, err = intel.Open(path)
	if errors.Is(err, fs.ErrNotExist) && dir == "" {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, usageError("bucketlid intel status shows what is there", "the data on addresses: %v", err)
	}
	return d, append(notes, unfetched(d, path)...), nil
}

// unfetched notes the sources of a directory's own file that do not answer,
// since somebody wanted to know what they tell.
func unfetched(d *intel.Database, dir string) []string {
	listed, err := readSources(sourcesFile(dir), false)
	if err != nil {
		return []string{err.Error()}
	}
	rows, _, err := addSources(listed, intel.Table)
	if err != nil {
		return []string{err.Error()}
	}
	var notes []string
	for _, r := range listed {
		row := rows[find(rows, r.Name)]
		if !d.Miss(row, "it was never fetched") {
			continue
		}
		if err := row.Check(); err != nil {
			notes = append(notes, fmt.Sprintf("%s: %v: mend it there, then: bucketlid intel update", r.place, err))
		} else {
			notes = append(notes, fmt.Sprintf("%s: the source %s was never fetched: run bucketlid intel update", r.place, r.Name))
		}
	}
	return notes
}

func newIntelStatus() *cobra.Command {
	dir := ""
	cmd := &cobra.Command{
		Use: "status", Short: "Show each source with date, age, licence and entries", Args: cobra.NoArgs,
		Example: "  bucketlid intel status",
		RunE:    func(cmd *cobra.Command, _ []string) error { return intelStatus(cmd, dir) },
	}
	intelDir(cmd.Flags(), &dir)
	return cmd
}

func intelStatus(cmd *cobra.Command, dir string) error {
	path, err := resolveIntelDir(dir)
	if err != nil {
		return err
	}
	d, problems, err := intel.Open(path)
	if err == nil {
		problems = append(problems, unfetched(d, path)...)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return usageError("fetch it: bucketlid intel update", "there is no data on addresses in %s", path)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), plain(path))
	if err := printSources(cmd, d.Sources(), time.Now()); err != nil {
		return err
	}
	for _, p := range problems {
		fmt.Fprintln(cmd.ErrOrStderr(), "not used: "+plain(p))
	}
	if lacking := untold(d); len(lacking) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "no source tells: %s (docs/intel.md names sources)\n", strings.Join(lacking, ", "))
	}
	if len(problems) > 0 {
		return &exitError{exitFailed, counted(len(problems), "source") + " could not be used", "each line above ends in what to do"}
	}
	return nil
}

// untold lists what no source tells.
func untold(d *intel.Database) []string {
	var out []string
	for _, kind := range intel.Kinds {
		if len(d.Knows(kind)) == 0 {
			out = append(out, string(kind))
		}
	}
	return out
}

func printSources(cmd *cobra.Command, sources []*intel.Source, now time.Time) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "SOURCE\tTELLS\tDATE\tAGE\tSTATE\tENTRIES\tUNREADABLE\tLICENCE")
	for _, s := range sources {
		state := "good"
		if s.Stale(now) {
			state = "stale"
		}
		kinds := make([]string, len(s.Kinds))
		for i, k := range s.Kinds {
			kinds[i] = string(k)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n", plain(s.Name), strings.Join(kinds, ","), dayOf(s.Date), intel.Days(int(s.Age(now).Hours()/24)), state,
			s.Entries, s.Malformed, plain(s.Licence))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, s := range sources {
		for _, p := range s.Problems {
			fmt.Fprintln(cmd.ErrOrStderr(), "not read: "+plain(p))
		}
	}
	return nil
}
