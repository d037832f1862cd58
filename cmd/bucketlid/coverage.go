// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/coverage"
	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/report"
)

// coverageFlags are the flags of coverage, as given.
type coverageFlags struct {
	hunt     huntFlags // what is read, and from where
	validate bool
	keys     []string
}

func newCoverage() *cobra.Command {
	f := &coverageFlags{}
	cmd := &cobra.Command{
		Use:     "coverage SOURCE…",
		GroupID: "understand",
		Short:   "Tell which accounts, Regions, days and kinds of logs were seen, and the gaps",
		Long: "Tell what the logs hold and what they do not: by account, Region, day and kind of log,\n" +
			"with the trails that were started, stopped and changed, and with what therefore\n" +
			"cannot be known.\n\n" +
			"--validate-digests checks that the log files are as CloudTrail delivered them, by the\n" +
			"digest files beside them, and names altered, missing and added files.",
		Example: "  bucketlid coverage ./AWSLogs\n" +
			"  bucketlid coverage ./AWSLogs --access-logs ./access-logs --strict\n" +
			"  bucketlid coverage ./AWSLogs --validate-digests --keys keys.json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("for example: bucketlid coverage ./AWSLogs", "coverage needs a SOURCE: a file, a folder, - or s3://bucket/prefix")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	h := &f.hunt
	h.output.add(flags)
	flags.Lookup("output").Usage = "output `format`: " + strings.Join(coverageFormats(), ", ") + " (default: table on a terminal, else jsonl)"
	flags.StringArrayVar(&h.accessLogs, "access-logs", nil, "also read S3 server access logs from this `source` (can be repeated)")
	flags.BoolVar(&f.validate, "validate-digests", false, "check the log files by CloudTrail's digest files in the SOURCEs")
	flags.StringArrayVar(&f.keys, "keys", nil, "CloudTrail's public keys: a `file` that `aws cloudtrail list-public-keys` wrote (can be repeated; default: ask CloudTrail)")
	flags.StringSliceVar(&h.accounts, "account", nil, "read only these `accounts`' logs (12 digits, comma-separated)")
	flags.StringSliceVar(&h.regions, "region", nil, "read only these `regions`")
	flags.StringVar(&h.from, "from", "", "read only records from this `time` on (RFC 3339, date, or age such as 36h or 7d)")
	flags.StringVar(&h.to, "to", "", "read only records before this `time`")
	flags.StringVar(&h.since, "since", "", "the same as --from with an age, such as `36h`")
	flags.StringVar(&h.endpoint, "endpoint-url", "", "`URL` of the S3 service, as for the AWS CLI (also AWS_ENDPOINT_URL)")
	addWorkers(flags, &h.workers, "objects read at once (0: one for each CPU)")
	flags.BoolVar(&h.noProgress, "no-progress", false, "show no progress bar")
	flags.BoolVar(&h.strict, "strict", false, "exit 5 when there is a gap, when input was skipped, or when a file is not verified")
	return cmd
}

func coverageFormats() []string {
	var names []string
	for _, f := range report.CoverageFormats {
		names = append(names, f.ID)
	}
	return names
}

func (f *coverageFlags) run(cmd *cobra.Command, specs []string) error {
	filter, err := f.hunt.filter(time.Now())
	if err != nil {
		return err
	}
	if err := readOnce(specs, f.hunt.accessLogs, nil); err != nil {
		return err
	}
	if len(f.keys) > 0 && !f.validate {
		return usageError("give --validate-digests too", "--keys is for --validate-digests")
	}
	keys, err := readKeys(f.keys, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if err := f.checkFormat(); err != nil {
		return err
	}
	out, w, err := f.hunt.output.plain(cmd)
	if err != nil {
		return err
	}
	defer out.discard()
	filter.Digests = f.validate
	s := &survey{filter: filter, workers: f.hunt.workers, validate: f.validate, accessLogs: f.hunt.accessLogs,
		opts: ingest.Options{Stdin: cmd.InOrStdin(), Endpoint: f.hunt.endpoint}}
	if s.workers <= 0 {
		s.workers = runtime.GOMAXPROCS(0)
	}
	s.opts.Progress = &s.progress
	bar := startProgress(cmd.ErrOrStderr(), &s.progress, !f.hunt.noProgress)
	err = s.read(cmd.Context(), specs)
	bar.stop()
	if err != nil {
		return interrupted(cmd.Context(), err)
	}
	var problems []string
	if f.validate && len(f.keys) == 0 && len(s.digests.found) > 0 {
		keys, problems = askKeys(cmd.Context(), s.digests.found)
		if cmd.Context().Err() != nil {
			return interrupted(cmd.Context(), cmd.Context().Err())
		}
	}
	sheet := s.sheet(specs, keys)
	for _, p := range problems {
		sheet.Report.Statements = append(sheet.Report.Statements, coverage.Statement{Text: p})
	}
	if err := f.write(w, sheet); err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	return f.verdict(sheet)
}

func (f *coverageFlags) checkFormat() error {
	if f.hunt.output.format != "" && !slices.Contains(coverageFormats(), f.hunt.output.format) {
		return usageError("formats: "+strings.Join(coverageFormats(), ", "), "-o: unknown format %q", f.hunt.output.format)
	}
	return nil
}

func (f *coverageFlags) write(w io.Writer, sheet *report.CoverageSheet) error {
	format := f.hunt.output.format
	if format == "" {
		format = "jsonl"
		if isTerminal(w) {
			format = "table"
		}
	}
	for _, known := range report.CoverageFormats {
		if known.ID == format {
			return known.Write(w, sheet, report.Options{Color: f.hunt.output.file == "" && wantColor(w, f.hunt.output.noColor), Width: width(w)})
		}
	}
	return usageError("formats: "+strings.Join(coverageFormats(), ", "), "-o: unknown format %q", format)
}

// plain opens the destination for what is written at once.
func (o *outputFlags) plain(cmd *cobra.Command) (*output, io.Writer, error) {
	out := &output{target: o.file}
	if o.file == "" {
		return out, cmd.OutOrStdout(), nil
	}
	temp, err := o.create()
	if err != nil {
		return nil, nil, err
	}
	out.temp = temp
	return out, temp, nil
}

// verdict is the exit code that --strict asks for.
func (f *coverageFlags) verdict(s *report.CoverageSheet) error {
	var found []string
	if n := s.Summary.Gaps; n > 0 {
		found = append(found, howMany(n, "gap"))
	}
	if n := len(s.Skipped); n > 0 {
		found = append(found, howMany(int64(n), "piece")+" of input not read")
	}
	if s.Validation != nil && !s.Validation.Sound() {
		found = append(found, "log files that are not verified")
	}
	if s.Validation != nil && len(s.Validation.Digests) == 0 {
		found = append(found, "no digest")
	}
	if !f.hunt.strict || len(found) == 0 {
		return nil
	}
	return &exitError{exitIncomplete, "incomplete: " + strings.Join(found, ", ") + " (--strict)", ""}
}

func howMany(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// readKeys reads the files of public keys.
func readKeys(files []string, notes io.Writer) (coverage.Keys, error) {
	all := coverage.Keys{}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, usageError("make it with: aws cloudtrail list-public-keys --region REGION --start-time TIME > keys.json", "--keys: %v", err)
		}
		keys, problems, err := coverage.ParseKeys(raw)
		if err != nil {
			return nil, usageError("the keys are asked for in the Region of the digests", "--keys %s: %v", name, err)
		}
		for fingerprint, key := range keys {
			all[fingerprint] = key
		}
		for _, p := range problems {
			fmt.Fprintln(notes, "bucketlid: --keys "+plain(name)+": "+plain(p))
		}
	}
	return all, nil
}
