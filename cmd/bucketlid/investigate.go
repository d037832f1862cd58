// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

// investigateFlags are the flags of investigate, as given.
type investigateFlags struct {
	hunt    huntFlags // where logs are read from, and where output goes
	archive string    // instead of sources
	engines []string  // beside sources
	timeout time.Duration
	all     bool
	saved   string
	around  string
}

func newInvestigate() *cobra.Command {
	f := &investigateFlags{}
	cmd := &cobra.Command{
		Use: "investigate", GroupID: "understand", Short: "Follow a user, an address, a bucket or an alert through the logs",
		Long: "Follow one user, address, bucket or alert through CloudTrail logs: a summary, a timeline\n" +
			"with its gaps, the standard questions answered with the events behind each answer and\n" +
			"what it may miss, and the commands to go on with. It reads; it changes nothing.\n\n" +
			"The records come from SOURCEs, among them query engines, or with --archive from a\nfolder that archive load filled.",
		Example: "  bucketlid investigate alert a-54d52271d306 ./AWSLogs --context context.yaml\n" +
			"  bucketlid investigate user alice ./AWSLogs --from 2026-08-01 -o md --out alice.md",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError("kinds: user, ip, bucket, alert; for example: bucketlid investigate user alice ./AWSLogs", "investigate: unknown kind %q", args[0])
			}
			return usageError("for example: bucketlid investigate user alice ./AWSLogs; see: bucketlid investigate --help", "investigate needs a kind: user, ip, bucket or alert")
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, kind := range investigateKinds {
		cmd.AddCommand(f.kind(kind))
	}
	return cmd
}

// investigateKind is what one kind of subject is called, and how it is named.
type investigateKind struct {
	kind                 investigate.Kind
	name, short, example string
}

var investigateKinds = []investigateKind{
	{investigate.User, "NAME", "Follow a user, role, session, access key or service",
		"  bucketlid investigate user alice ./AWSLogs\n  bucketlid investigate user ASIAEXAMPLE0000000 ./AWSLogs"},
	{investigate.IP, "ADDRESS", "Follow an address or a range of addresses",
		"  bucketlid investigate ip 203.0.113.7 ./AWSLogs\n  bucketlid investigate ip 2001:db8:42::/48 ./AWSLogs"},
	{investigate.Bucket, "BUCKET", "Follow a bucket: its life, who touches it, who read it",
		"  bucketlid investigate bucket my-bucket ./AWSLogs\n  bucketlid investigate bucket s3://my-bucket ./AWSLogs -o csv"},
	{investigate.Alert, "ID", "Follow an alert: its user, its address and its bucket together",
		"  bucketlid investigate alert a-54d52271d306 ./AWSLogs\n  bucketlid investigate alert a-54d52271d306 ./AWSLogs --report run.jsonl"},
}

func (f *investigateFlags) kind(k investigateKind) *cobra.Command {
	cmd := &cobra.Command{
		Use: string(k.kind) + " " + k.name + " [SOURCE…]", Short: k.short, Example: k.example,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("for example: "+firstExample(k.example), "investigate %s needs %s and a SOURCE, or --archive", k.kind, k.name)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.sources(k, args); err != nil {
				return err
			}
			return f.run(cmd, k.kind, args[0], slices.Concat(args[1:], f.engines))
		},
	}
	f.add(cmd.Flags(), k.kind)
	return cmd
}

func firstExample(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

func (f *investigateFlags) add(flags *pflag.FlagSet, kind investigate.Kind) {
	h := &f.hunt
	h.output.add(flags)
	flags.Lookup("output").Usage = "output `format`: " + strings.Join(inquestFormats(), ", ") + " (default: table on a terminal, else jsonl)"
	h.known.add(flags)
	flags.StringSliceVar(&h.accounts, "account", nil, "read only these `accounts`' logs (12 digits, comma-separated)")
	flags.StringSliceVar(&h.regions, "region", nil, "read only these `regions`")
	flags.StringVar(&h.from, "from", "", "read only records from this `time` on (RFC 3339, date, or age such as 36h or 7d)")
	flags.StringVar(&h.to, "to", "", "read only records before this `time`")
	flags.StringVar(&h.since, "since", "", "the same as --from with an age, such as `36h`")
	flags.StringVar(&h.endpoint, "endpoint-url", "", "`URL` of the S3 service, as for the AWS CLI (also AWS_ENDPOINT_URL)")
	addWorkers(flags, &h.workers, "objects read at once (0: one for each CPU)")
	flags.StringVar(&f.archive, "archive", "", "read the archive in this `folder`, or at s3://bucket/prefix, instead of SOURCEs (bucketlid archive load)")
	flags.StringSliceVar(&f.engines, "engine", nil, "ask this query `engine` for the records: "+engineNames()+", as a SOURCE too (docs/engines.md)")
	flags.DurationVar(&f.timeout, "timeout", 0, "end after this `time` with an error, such as 5m (0: never)")
	flags.BoolVar(&h.noProgress, "no-progress", false, "show no progress bar")
	flags.BoolVarP(&h.quiet, "quiet", "q", false, "print no notes")
	flags.BoolVar(&h.strict, "strict", false, "exit 5 when any input was skipped or a gap was found")
	flags.BoolVar(&f.all, "all", false, "show every call in a row of its own, also runs of the same call")
	if kind == investigate.Alert {
		flags.StringVar(&f.saved, "report", "", "take the alert from this saved `stream` (hunt -o jsonl) instead of hunting for it")
		flags.StringVar(&f.around, "around", "1h", "how `long` before and after the alert its user and address are followed")
	}
}

func inquestFormats() []string {
	var names []string
	for _, f := range report.InvestigationFormats {
		names = append(names, f.ID)
	}
	return names
}

func (f *investigateFlags) run(cmd *cobra.Command, kind investigate.Kind, subject string, specs []string) error {
	q, err := f.inquiry(cmd, kind, subject, specs)
	if err != nil {
		return err
	}
	if f.archive != "" {
		if q.archive, err = openArchive(cmd.Context(), f.archive); err != nil {
			return err
		}
		defer q.archive.Close()
	}
	out, format, err := f.open(cmd)
	if err != nil {
		return err
	}
	defer out.discard()
	if err = f.gather(cmd, q); err != nil {
		return err
	}
	found := q.collector.Investigate(q.subject, investigate.Found{Ledger: q.hunt.ledger, Baseline: q.hunt.baseline, Result: q.result})
	summary := q.hunt.summary(q.result)
	config := q.hunt.config(shownSpecs(specs))
	if q.archive != nil {
		config.Sources = []string{f.archive}
	}
	config.Command = "investigate"
	told(config, q.known)
	inquest := &report.Inquest{Config: config, Found: found, Skipped: q.hunt.skipped, Summary: summary}
	if err := format.Write(out.w, inquest, out.options); err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	if len(found.Matched) == 0 && !f.hunt.quiet {
		fmt.Fprintln(cmd.ErrOrStderr(), plain(fmt.Sprintf("note: nothing in %d records matches the %s %q", summary.Records, kind, subject)))
	}
	return f.hunt.verdict(summary)
}

// sources checks where records come from: SOURCEs win over an archive that
// only the environment names.
func (f *investigateFlags) sources(k investigateKind, args []string) error {
	specs := slices.Concat(args[1:], f.engines)
	if len(specs) > 0 && f.archive == os.Getenv("BUCKETLID_ARCHIVE") {
		f.archive = ""
	}
	switch {
	case len(specs) == 0 && f.archive == "":
		return usageError("for example: "+firstExample(k.example), "investigate %s %s needs a SOURCE (a file, a folder, - or s3://bucket/prefix), or --archive", k.kind, args[0])
	case len(specs) > 0 && f.archive != "":
		return usageError("give one of them", "investigate reads SOURCEs or --archive, not both")
	}
	for _, engine := range f.engines {
		if engineOf(engine) == nil {
			return usageError("engines: "+engineNames(), "%s names no engine that is known", engine)
		}
	}
	asked, _ := engineSpecs(specs)
	if h := &f.hunt; len(asked) > 0 && len(h.accounts) == 0 && h.from == "" && h.since == "" && h.to == "" {
		return usageError("for example: --account 111122223333 --from 2026-08-01 --to 2026-08-03", "an investigation has an engine send every record: narrow it by --account, --from or --to")
	}
	return nil
}

// gather reads everything, for as long as --timeout says.
func (f *investigateFlags) gather(cmd *cobra.Command, q *inquiry) error {
	ctx := cmd.Context()
	if f.timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		ctx = limited
	}
	err := q.gather(ctx, cmd.ErrOrStderr())
	if err == nil {
		return nil
	}
	if cmd.Context().Err() == nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &exitError{exitFailed, fmt.Sprintf("the investigation took longer than %s and was ended: nothing was written", f.timeout),
			"narrow it with --from, --to and --account, or give more --timeout"}
	}
	return interrupted(cmd.Context(), err)
}

// inquiry reads the flags into what is to be done.
func (f *investigateFlags) inquiry(cmd *cobra.Command, kind investigate.Kind, subject string, specs []string) (*inquiry, error) {
	filter, err := f.hunt.filter(time.Now())
	if err != nil {
		return nil, err
	}
	q := &inquiry{flags: f, subject: investigate.Case{Kind: kind, Subject: subject, All: f.all, Sources: stepWords(f, shownSpecs(specs))}}
	q.hunt = &hunt{filter: filter, workers: f.hunt.workers, stdin: cmd.InOrStdin(), endpoint: f.hunt.endpoint}
	q.hunt.asked, q.specs = engineSpecs(specs)
	if q.hunt.workers <= 0 {
		q.hunt.workers = runtime.GOMAXPROCS(0)
	}
	if kind == investigate.Alert {
		if err := f.checkAlert(q, specs); err != nil {
			return nil, err
		}
	} else if err := q.follow(kind, subject); err != nil {
		return nil, err
	}
	q.known, err = f.hunt.known.load(cmd.ErrOrStderr())
	q.subject.Known = q.known
	return q, err
}

func (f *investigateFlags) checkAlert(q *inquiry, specs []string) error {
	around, ok := parseAge(f.around)
	if !ok || around <= 0 {
		return usageError("for example --around 1h, 90m or 2d", "--around: %q is no length of time", f.around)
	}
	q.subject.Around = around
	if f.saved == "" && slices.Contains(specs, "-") {
		return usageError("name a file or folder, or give the alert by --report run.jsonl", "investigate alert reads its sources twice, and standard input can be read only once")
	}
	return nil
}

// stepWords are the words behind a subject that make the commands of the next
// steps read the same again.
func stepWords(f *investigateFlags, specs []string) []string {
	words := slices.Clone(specs)
	for _, flag := range []struct{ name, value string }{
		{"--archive", f.archive}, {"--context", f.hunt.known.context}, {"--intel", f.hunt.known.intel}, {"--from", cmp.Or(f.hunt.from, f.hunt.since)}, {"--to", f.hunt.to},
		{"--account", strings.Join(f.hunt.accounts, ",")}, {"--region", strings.Join(f.hunt.regions, ",")}, {"--endpoint-url", f.hunt.endpoint},
	} {
		if flag.value != "" {
			words = append(words, flag.name, flag.value)
		}
	}
	return words
}

// subjectError turns a subject that cannot be read into a usage error.
func subjectError(err error) error {
	var subject *investigate.SubjectError
	if errors.As(err, &subject) {
		return usageError(subject.Next, "%s", subject.What)
	}
	return err
}

// findAlert finds an alert by its id, or by the beginning of it.
func findAlert(alerts []triage.Alert, id string) (*triage.Alert, error) {
	var found []*triage.Alert
	var ids []string
	for i := range alerts {
		if a := &alerts[i]; a.ID == id {
			return a, nil
		} else if strings.HasPrefix(a.ID, id) || a.ID == "a-"+id {
			found = append(found, a)
		}
		ids = append(ids, alerts[i].ID)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, usageError("give more of the id: "+found[0].ID+", "+found[1].ID+", …", "%d alerts begin with %q", len(found), id)
	case len(ids) == 0:
		return nil, usageError("check the sources and --from and --to; bucketlid hunt lists alerts", "no alert %q: there is no alert at all", id)
	}
	const shown = 8
	hint := "alerts there: " + strings.Join(ids[:min(shown, len(ids))], ", ")
	if len(ids) > shown {
		hint += fmt.Sprintf(" and %d more (bucketlid hunt lists them)", len(ids)-shown)
	}
	return nil, usageError(hint, "no alert %q among the %d found", id, len(ids))
}

// openInquest opens the output; the formats are those of an investigation.
func (f *investigateFlags) open(cmd *cobra.Command) (*inquestOutput, *report.InvestigationFormat, error) {
	name := f.hunt.output.format
	at := slices.IndexFunc(report.InvestigationFormats, func(r report.InvestigationFormat) bool { return r.ID == name })
	if name != "" && at < 0 {
		return nil, nil, usageError("formats: "+strings.Join(inquestFormats(), ", "), "-o: unknown format %q", name)
	}
	opts := f.hunt.output
	opts.format = "" // of alerts: not asked for
	out, err := opts.open(cmd)
	if err != nil {
		return nil, nil, err
	}
	w := cmd.OutOrStdout()
	if out.temp != nil {
		w = out.temp
	}
	if at < 0 {
		at = slices.IndexFunc(report.InvestigationFormats, func(r report.InvestigationFormat) bool {
			return r.ID == map[bool]string{true: "table", false: "jsonl"}[isTerminal(w)]
		})
	}
	options := report.Options{Color: out.temp == nil && wantColor(w, opts.noColor), Width: width(w)}
	return &inquestOutput{out, w, options}, &report.InvestigationFormats[at], nil
}
