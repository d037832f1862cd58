// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

// knownFlags name what is known beside the logs.
type knownFlags struct {
	context  string
	intel    string
	journals []string
}

func (f *knownFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.context, "context", "", "context `file`: your accounts, networks, people and buckets (bucketlid context init)")
	flags.StringVar(&f.intel, "intel", "", "`directory` of what is publicly known of addresses (bucketlid intel update)")
	flags.StringArrayVar(&f.journals, "journal", nil, "`file` PLAN.journal, or the folder of plans, by which calls of fix and guard are known as our own (can be repeated)")
}

// load reads both. Notes name files that could not be used.
func (f *knownFlags) load(notes io.Writer) (triage.Known, error) {
	var k triage.Known
	var err error
	if k.Context, err = loadContext(f.context); err != nil {
		return k, err
	}
	if k.Context != nil {
		for _, p := range k.Context.Warnings(time.Now()) {
			fmt.Fprintln(notes, "warning: "+plain(p.String()))
		}
	}
	if k.Journals, k.JournalNames, err = loadJournals(f.journals); err != nil {
		return k, err
	}
	var problems []string
	if k.Networks, problems, err = loadIntel(f.intel); err != nil {
		return k, err
	}
	for _, p := range problems {
		fmt.Fprintln(notes, "note: "+plain(p))
	}
	return k, nil
}

// told says in the stream's config what was known.
func told(c *report.Config, k triage.Known) {
	if k.Context != nil {
		c.Context = k.Context.File
	}
	for _, s := range k.Networks.Sources() {
		c.Networks = append(c.Networks, s.Name+" of "+s.Date.UTC().Format("2006-01-02"))
	}
}
