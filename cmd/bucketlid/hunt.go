// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

// huntFlags are the flags of hunt, as given.
type huntFlags struct {
	output     outputFlags
	accounts   []string
	regions    []string
	from       string
	to         string
	since      string
	endpoint   string
	workers    int
	noProgress bool
	quiet      bool
	strict     bool
	failOn     string
	known      knownFlags
	accessLogs []string
	findings   []string
}

func newHunt() *cobra.Command {
	f := &huntFlags{}
	cmd := &cobra.Command{
		Use:     "hunt SOURCE…",
		GroupID: "find",
		Short:   "Read CloudTrail logs and report every opening of an S3 bucket",
		Long: "Read CloudTrail logs and report every way in which S3 buckets and objects were made\n" +
			"public: who did it, from where, which bucket, which group and permission, since when\n" +
			"and until when, and what holds it shut.\n\n" +
			"SOURCE is a file, a folder (read with all below it), - for standard input, or\n" +
			"s3://bucket/prefix. Every usual form of CloudTrail records is recognised by its content.\n\n" +
			"Or a query engine finds the few records that matter and adds up the rest, where they lie\n" +
			"(docs/engines.md): archive://FOLDER, trino://host:port/catalog/schema/table or\n" +
			"athena://workgroup/database.table.",
		Example: "  bucketlid hunt ./AWSLogs\n" +
			"  bucketlid hunt s3://my-trail-bucket/AWSLogs --account 111122223333 --since 36h -o md --out report.md",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("for example: bucketlid hunt ./AWSLogs, or: bucketlid demo", "hunt needs a SOURCE: a file, a folder, - or s3://bucket/prefix")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	f.output.add(flags)
	f.known.add(flags)
	flags.StringSliceVar(&f.accounts, "account", nil, "read only these `accounts`' logs (12 digits, comma-separated)")
	flags.StringSliceVar(&f.regions, "region", nil, "read only these `regions`")
	flags.StringVar(&f.from, "from", "", "read only records from this `time` on (RFC 3339, date, or age such as 36h or 7d)")
	flags.StringVar(&f.to, "to", "", "read only records before this `time`")
	flags.StringVar(&f.since, "since", "", "the same as --from with an age, such as `36h`")
	flags.StringArrayVar(&f.accessLogs, "access-logs", nil, "also read S3 server access logs from this `source`, to see who used an opening (can be repeated)")
	flags.StringArrayVar(&f.findings, "findings", nil, findingsUsage)
	flags.StringVar(&f.endpoint, "endpoint-url", "", "`URL` of the S3 service, as for the AWS CLI (also AWS_ENDPOINT_URL)")
	addWorkers(flags, &f.workers, "objects read at once (0: one for each CPU)")
	flags.BoolVar(&f.noProgress, "no-progress", false, "show no progress bar")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print no summary block")
	flags.BoolVar(&f.strict, "strict", false, "exit 5 when any input was skipped, a gap was found, or no record was read")
	flags.StringVar(&f.failOn, "fail-on", "", "exit 3 when an alert is at or above this `severity` (low … critical)")
	return cmd
}

func (f *huntFlags) run(cmd *cobra.Command, specs []string) error {
	filter, err := f.filter(time.Now())
	if err != nil {
		return err
	}
	if err := readOnce(specs, f.accessLogs, f.findings); err != nil {
		return err
	}
	if f.failOn != "" && !slices.Contains(triage.Severities, triage.Severity(f.failOn)) {
		return usageError("severities: critical, high, medium, low, info", "--fail-on: unknown severity %q", f.failOn)
	}
	known, err := f.known.load(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	out, err := f.output.open(cmd)
	if err != nil {
		return err
	}
	defer out.discard()
	h := &hunt{filter: filter, workers: f.workers, stdin: cmd.InOrStdin(), endpoint: f.endpoint, accessLogs: f.accessLogs}
	if h.workers <= 0 {
		h.workers = runtime.GOMAXPROCS(0)
	}
	others, err := h.readFindings(cmd.Context(), f.findings)
	if err != nil {
		return interrupted(cmd.Context(), err)
	}
	started := time.Now()
	bar := startProgress(cmd.ErrOrStderr(), &h.progress, !f.noProgress && !f.quiet)
	h.phase = bar.phase
	asked, read := engineSpecs(specs)
	h.asked = asked
	err = h.read(cmd.Context(), read)
	bar.phase("folding changes")
	if err != nil {
		bar.stop()
		return interrupted(cmd.Context(), err)
	}
	result := triage.Rank(h.ledger, h.baseline, known)
	bar.stop()
	h.tellSkipped(others)
	summary := h.summary(result)
	others.beside(&result, h.seen(&result), summary)
	config := h.config(shownSpecs(specs))
	config.AccessLogs, config.Findings = f.accessLogs, f.findings
	told(config, known)
	if err := emit(out.handler, config, result, h.skipped, summary); err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	if !f.quiet {
		err := report.WriteSummary(cmd.ErrOrStderr(), *summary, report.Options{Color: wantColor(cmd.ErrOrStderr(), f.output.noColor), Elapsed: time.Since(started)})
		if err != nil {
			return err
		}
	}
	return f.verdict(summary)
}

func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &exitError{exitInterrupt, "interrupted: nothing was written", "run the same command again; nothing was changed"}
	}
	return err
}

// verdict is the exit code that --strict and --fail-on ask for. Where both
// hold, incomplete input wins: findings may be missing.
func (f *huntFlags) verdict(s *report.Summary) error {
	if f.strict && (s.SkippedTotal() > 0 || len(s.Gaps) > 0) {
		return &exitError{exitIncomplete, fmt.Sprintf("incomplete input: %d skipped, %d gaps (--strict)", s.SkippedTotal(), len(s.Gaps)), ""}
	}
	if f.strict && s.Records == 0 {
		return &exitError{exitIncomplete, "incomplete input: no record was read (--strict)", ""}
	}
	if f.failOn == "" {
		return nil
	}
	for _, severity := range triage.Severities {
		if n := s.Alerts[string(severity)]; n > 0 {
			return &exitError{exitFindings, fmt.Sprintf("alerts at or above %s (--fail-on)", f.failOn), ""}
		}
		if severity == triage.Severity(f.failOn) {
			break
		}
	}
	return nil
}

func (f *huntFlags) filter(now time.Time) (ingest.Filter, error) {
	filter := ingest.Filter{Accounts: f.accounts, Regions: f.regions}
	for _, account := range f.accounts {
		if len(account) != 12 || strings.Trim(account, "0123456789") != "" {
			return filter, usageError("an account id has 12 digits, for example 111122223333", "--account: %q is not an account id", account)
		}
	}
	for _, region := range f.regions {
		if err := checkRegion(region); err != nil {
			return filter, err
		}
	}
	if f.since != "" && f.from != "" {
		return filter, usageError("give one of them", "--since and --from exclude each other")
	}
	var err error
	if filter.From, err = parseWhen("--from", f.from, now); err != nil {
		return filter, err
	}
	if f.since != "" {
		if filter.From, err = parseWhen("--since", f.since, now); err != nil {
			return filter, err
		}
	}
	if filter.To, err = parseWhen("--to", f.to, now); err != nil {
		return filter, err
	}
	if !filter.From.IsZero() && !filter.To.IsZero() && !filter.From.Before(filter.To) {
		return filter, usageError("swap them", "--from %s is not before --to %s", f.from, f.to)
	}
	return filter, nil
}

// regionForm is the form of a Region's name: us-east-1, us-gov-west-1,
// eusc-de-east-1 (AWS General Reference, "AWS service endpoints").
var regionForm = regexp.MustCompile(`^[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}$`)

// checkRegion refuses what no Region can be called: it would leave out every
// record, and that looks as if all were well.
func checkRegion(name string) error {
	if regionForm.MatchString(name) {
		return nil
	}
	hint := "a Region is named as in us-east-1 or eu-central-1"
	if lower := strings.ToLower(strings.TrimSpace(name)); regionForm.MatchString(lower) {
		hint = "write " + lower
	}
	return usageError(hint, "--region: %q is not the name of a Region", name)
}

// emit writes the whole stream in its order: config, exposures, alerts,
// skipped, summary.
func emit(h report.Handler, config *report.Config, result triage.Result, skipped []report.Skipped, summary *report.Summary) error {
	if err := h.Handle(report.Message{Config: config}); err != nil {
		return err
	}
	for i := range result.Exposures {
		if err := h.Handle(report.Message{Exposure: &result.Exposures[i]}); err != nil {
			return err
		}
	}
	for i := range result.Alerts {
		if err := h.Handle(report.Message{Alert: &result.Alerts[i]}); err != nil {
			return err
		}
	}
	for i := range skipped {
		if err := h.Handle(report.Message{Skipped: &skipped[i]}); err != nil {
			return err
		}
	}
	if err := h.Handle(report.Message{Summary: summary}); err != nil {
		return err
	}
	return h.Close()
}
