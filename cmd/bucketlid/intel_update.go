// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
	if f.wait <= 0 {
		return usageError("for example: --wait 30s", "--wait: %s is no time to wait", f.wait)
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
	listed, err := readSources(cmp.Or(f.sources, sourcesFile(dir)), f.sources != "")
	if err != nil {
		return nil, err
	}
	rows, places, err := addSources(listed, intel.Table)
	if err != nil {
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
			if place := places[chosen[i].Name]; place != "" {
				err = fmt.Errorf("%s: %w", place, err)
			}
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
