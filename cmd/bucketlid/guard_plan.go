// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/guard"
	"github.com/bucketlid/bucketlid/remedy"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

// guardPlanFlags are the flags of guard plan, as given.
type guardPlanFlags struct {
	planFlags
	whose      accountsFlags
	measures   []string
	regions    []string
	choice     string
	replace    bool
	noProgress bool
}

func newGuardPlan() *cobra.Command {
	f := &guardPlanFlags{}
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Say what would keep the account's buckets shut, and whom that would lock out",
		Long: "Read every bucket of the account and say what lasting protection takes: the calls, the\n" +
			"same as AWS CLI lines, Terraform and CloudFormation, and what Block Public Access of the\n" +
			"account would close and whom it would lock out, bucket by bucket. Nothing is changed.\n" +
			"Of several accounts (--profile a,b or --organization) each has a plan of its own, and\n" +
			"--out names a folder for them.",
		Example: "  bucketlid guard plan --alerts hunt.jsonl --out guard.json\n" +
			"  bucketlid guard plan --organization --role-name bucketlid-guard --out plans\n" +
			"  bucketlid guard plan --measure config-rules,event-feed --regions eu-west-1 -o terraform",
		Args: noArguments("guard plan"),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	f.whose.add(flags, "plan for")
	flags.StringSliceVar(&f.measures, "measure", nil, "plan only these `measures`: "+strings.Join(measureIDs(), ", "))
	flags.StringSliceVar(&f.regions, "regions", nil, "watch these `regions` (default: those with buckets, and the one that is asked first)")
	flags.StringVar(&f.choice, "objects", "none", "read ACLs of objects too, which the account's block would close: `which` of none, sample, sample:N, prefix:PREFIX, all")
	f.files(flags, "a `stream` that hunt or scan wrote (-o jsonl): it tells which openings strangers use",
		"table, json, cli, terraform, cloudformation, organization", "guard apply")
	flags.BoolVar(&f.replace, "replace", false, "replace rules and queues of guard's names that guard did not make; they are saved in the plan")
	flags.BoolVar(&f.noProgress, "no-progress", false, "show no progress bar")
	return cmd
}

func noArguments(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError("see: bucketlid "+name+" --help", "%s takes no arguments, and got %q", name, args[0])
		}
		return nil
	}
}

func measureIDs() []string {
	var out []string
	for _, m := range guard.Measures {
		out = append(out, m.ID)
	}
	return out
}

// guardFormats are what guard plan can print.
var guardFormats = map[string]func(w io.Writer, p *guard.Plan, file string) error{
	"table": showGuardPlan,
	"json": func(w io.Writer, p *guard.Plan, _ string) error {
		text, err := json.Marshal(p)
		if err == nil {
			_, err = fmt.Fprintln(w, remedy.ASCII(string(text)))
		}
		return err
	},
	"cli": func(w io.Writer, p *guard.Plan, _ string) error {
		for _, s := range p.Steps {
			if _, err := fmt.Fprintln(w, plain(s.CLI)); err != nil {
				return err
			}
		}
		return nil
	},
	"terraform":      func(w io.Writer, p *guard.Plan, _ string) error { return printText(w, p.Terraform) },
	"cloudformation": func(w io.Writer, p *guard.Plan, _ string) error { return printText(w, p.CloudFormation) },
	"organization":   func(w io.Writer, p *guard.Plan, _ string) error { return printText(w, p.Organization) },
}

func printText(w io.Writer, text string) error {
	if text == "" {
		text = "# CloudFormation has no resource for the account's own Block Public Access: use -o terraform, or the AWS CLI line of the plan\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// check refuses flags that do not go together.
func (f *guardPlanFlags) check() error {
	if guardFormats[f.format] == nil {
		return usageError("formats: table, json, cli, terraform, cloudformation, organization", "-o: unknown format %q", f.format)
	}
	for _, id := range f.measures {
		if !slices.Contains(measureIDs(), id) {
			return usageError("measures: "+strings.Join(measureIDs(), ", "), "--measure: unknown measure %q", id)
		}
	}
	if _, err := account.ParseChoice(f.choice); err != nil {
		return usageError("for example: --objects sample, or: --objects prefix:exports/", "--objects: %v", err)
	}
	if f.whose.several() && f.format != "table" && f.format != "json" {
		return usageError("choose one with --account, or -o table, json", "-o %s is what one account takes, and several are asked for", f.format)
	}
	if err := f.whose.check(); err != nil {
		return err
	}
	return checkRegions("--regions", f.regions)
}

func (f *guardPlanFlags) run(cmd *cobra.Command) error {
	if err := f.check(); err != nil {
		return err
	}
	for _, r := range f.regions {
		if !account.KnownRegion(r) {
			fmt.Fprintf(cmd.ErrOrStderr(), "Region %s is none that this version of bucketlid knows\n", r)
		}
	}
	readers, err := readersByBucket(f.alerts)
	if err != nil {
		return err
	}
	return f.whose.each(cmd, func(a *account.Account) error { return f.plan(cmd, a, readers[a.ID]) })
}

// plan makes, saves and shows the plan of one account.
func (f *guardPlanFlags) plan(cmd *cobra.Command, a *account.Account, readers map[string]remedy.Readers) error {
	s := inventory{account: a, measures: f.measures, regions: f.regions, objects: f.choice, replace: f.replace, notes: cmd.ErrOrStderr(), noProgress: f.noProgress}
	state, err := s.read(cmd.Context())
	if err != nil {
		return err
	}
	plan := guard.Make(guard.Request{State: state, Made: time.Now().UTC(), Measures: f.measures, Objects: f.choice, Readers: readers})
	one := f.planFlags
	if f.out != "" {
		text, err := json.MarshalIndent(plan, "", "  ")
		if err != nil {
			return err
		}
		if one.out, err = f.file(a.ID); err != nil {
			return err
		}
		if err := one.save(append(text, '\n')); err != nil {
			return err
		}
	}
	return guardFormats[f.format](cmd.OutOrStdout(), &plan, one.out)
}

// file is where the plan of an account goes: of several in a folder.
func (f *guardPlanFlags) file(id string) (string, error) {
	if !f.whose.several() {
		return f.out, nil
	}
	if err := os.MkdirAll(f.out, 0o700); err != nil {
		return "", usageError("the plans of several accounts go to a folder", "--out: %v", err)
	}
	return filepath.Join(f.out, id+".json"), nil
}

// readersByBucket is what the alerts of a stream tell of strangers' use, by
// account and bucket.
func readersByBucket(name string) (map[string]map[string]remedy.Readers, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, usageError("give a stream that hunt or scan wrote with -o jsonl", "--alerts: %v", err)
	}
	defer file.Close()
	var found alertsOf
	if err := report.Read(file, &found); err != nil {
		return nil, usageError("give a stream that hunt or scan wrote with -o jsonl", "--alerts: %s: %v", name, err)
	}
	type place struct{ account, bucket string }
	lists := map[place][]triage.Alert{}
	for _, a := range found.list {
		if a.Bucket != "" {
			at := place{a.Account, a.Bucket}
			lists[at] = append(lists[at], a)
		}
	}
	out := map[string]map[string]remedy.Readers{}
	for at, list := range lists {
		if out[at.account] == nil {
			out[at.account] = map[string]remedy.Readers{}
		}
		out[at.account][at.bucket] = readersOf(list, nil)
	}
	return out, nil
}

// showGuardPlan renders a plan for people: what it closes first, then the calls.
func showGuardPlan(w io.Writer, p *guard.Plan, file string) error {
	var b bytes.Buffer
	line := func(format string, args ...any) {
		for i, a := range args {
			if s, ok := a.(string); ok {
				args[i] = plain(s)
			}
		}
		fmt.Fprintf(&b, format+"\n", args...)
	}
	line("Account %s, Regions %s", p.Account, strings.Join(p.Regions, ", "))
	switch {
	case len(p.Steps) == 0 && len(p.Not) == 0:
		line("Nothing to do: everything that was asked for is there already.")
	case len(p.Steps) == 0:
		line("Nothing to do now; what cannot be done stands under \"not\".")
	}
	if p.Proof != nil {
		showProof(line, p.Proof)
	}
	for _, m := range guard.Measures {
		showMeasure(line, m, p.Steps)
	}
	line("")
	for _, rows := range []struct {
		name string
		list []string
	}{{"not", p.Not}, {"later", p.Later}, {"note", p.Notes}, {"asks", p.Confirm}} {
		for _, text := range rows.list {
			line("%-8s %s", rows.name, text)
		}
	}
	if file != "" && len(p.Steps) > 0 {
		line("\nNext: bucketlid guard apply %s   (its calls carry %s/%s in their user agent)", pasted(file), account.AgentName, p.ID)
	}
	line("\nThe calls as AWS CLI lines: -o cli. All of it as code: -o terraform, -o cloudformation. For every account\nof an organization: -o organization.")
	_, err := w.Write(b.Bytes())
	return err
}

func showMeasure(line func(string, ...any), m guard.Measure, steps []guard.Step) {
	first := true
	for _, s := range steps {
		if s.Measure != m.ID {
			continue
		}
		if first {
			line("\n%s: %s", m.ID, m.Title)
			first = false
		}
		line("    %-8s %s: %s (%s; needs %s)", "does", s.Place(), s.Why, string(s.Call.Operation), s.Action)
	}
}

// maxShown is how many buckets are named where many share a reason.
const maxShown = 5

func showProof(line func(string, ...any), p *guard.Proof) {
	closing, unknown, why := 0, map[string][]string{}, []string{}
	for _, e := range p.Buckets {
		if len(e.Closes)+len(e.Loses) > 0 {
			closing++
		}
		for _, u := range e.Unknown {
			if unknown[u] == nil {
				why = append(why, u)
			}
			unknown[u] = append(unknown[u], e.Bucket)
		}
	}
	line("\n%d buckets read; Block Public Access of the account would change access to %d:", p.Looked, closing)
	for _, e := range p.Buckets {
		for _, o := range e.Closes {
			line("  closes   %s: %s", e.Bucket, words(o))
		}
		for _, o := range e.Leaves {
			line("  leaves   %s: %s", e.Bucket, words(o))
		}
		for _, l := range e.Loses {
			line("  loses    %s: %s", e.Bucket, loserWords(l))
		}
	}
	slices.Sort(why)
	for _, u := range why {
		names := unknown[u]
		more := ""
		if len(names) > maxShown {
			more = fmt.Sprintf(" and %d more", len(names)-maxShown)
		}
		line("  unknown  %s: of %s%s", u, strings.Join(names[:min(len(names), maxShown)], ", "), more)
	}
}
