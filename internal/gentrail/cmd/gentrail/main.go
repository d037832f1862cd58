// SPDX-License-Identifier: Apache-2.0

// Command gentrail writes a synthetic CloudTrail trail for benchmarks and tests.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/bucketlid/bucketlid/internal/gentrail"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gentrail:", err)
		os.Exit(1)
	}
}

func run() error {
	var c gentrail.Config
	var flat, plain, company bool
	var out, truth, start string
	flag.Uint64Var(&c.Seed, "seed", 1, "seed; the same seed gives the same bytes")
	flag.IntVar(&c.Records, "records", 10_000, "records in all")
	flag.IntVar(&c.Files, "files", 0, "about so many files; 0: one for every 50 records")
	flag.IntVar(&c.Accounts, "accounts", 3, "accounts")
	flag.IntVar(&c.Regions, "regions", 4, "regions, at most 7")
	flag.StringVar(&start, "start", "2026-03-02", "first day")
	flag.IntVar(&c.Days, "days", 7, "days")
	flag.Float64Var(&c.Duplicates, "duplicates", 0.02, "share of records whose eventID another file has already")
	flag.Float64Var(&c.CrossAccount, "cross-account", 0.004, "share of records that come in pairs with one sharedEventID")
	flag.BoolVar(&flat, "flat", false, "all files in one folder")
	flag.BoolVar(&c.Gzip, "gzip", true, "compress the files")
	flag.BoolVar(&plain, "plain", false, "plant no incidents")
	flag.BoolVar(&company, "company", false, "write the demo company instead; the other flags but -out and -truth do not matter")
	flag.StringVar(&out, "out", "", "folder to write to (required)")
	flag.StringVar(&truth, "truth", "", "file for the ground truth as JSON, outside of -out")
	flag.Parse()
	if out == "" {
		return fmt.Errorf("-out is missing: name the folder to write to")
	}
	day, err := time.Parse(time.DateOnly, start)
	if err != nil {
		return fmt.Errorf("-start %q is not a date like 2026-03-02", start)
	}
	c.Start, c.Plain = day, plain
	if flat {
		c.Layout = gentrail.Flat
	}
	write := func() (gentrail.Truth, error) { return gentrail.Write(out, c) }
	if company {
		write = func() (gentrail.Truth, error) { return gentrail.Company(out) }
	}
	found, err := write()
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d records in %d files, %d bytes raw, %d stored, %d incidents planted\n",
		found.Records, found.Files, found.RawBytes, found.FileBytes, len(found.Incidents))
	if truth == "" {
		return nil
	}
	text, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(truth, append(text, '\n'), 0o644)
}
