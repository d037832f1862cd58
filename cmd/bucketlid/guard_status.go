// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/guard"
	"github.com/bucketlid/bucketlid/remedy"
)

// guardStatusFlags are the flags of guard status, as given.
type guardStatusFlags struct {
	whose   accountsFlags
	regions []string
	format  string
}

func newGuardStatus() *cobra.Command {
	f := &guardStatusFlags{}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say what protects the account now, and what AWS Config finds",
		Long: "Say whether Block Public Access of the account is on, what AWS Config finds by its rules\n" +
			"about public buckets, and whether the feed of events stands. Nothing is changed. What\n" +
			"could not be read is unknown.",
		Example: "  bucketlid guard status\n  bucketlid guard status --organization --role-name bucketlid-guard\n  bucketlid guard status --regions eu-west-1,us-east-1 -o json",
		Args:    noArguments("guard status"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.whose.add(cmd.Flags(), "look at")
	cmd.Flags().StringSliceVar(&f.regions, "regions", nil, "look at these `regions` (default: those with buckets, and the one that is asked first)")
	cmd.Flags().StringVarP(&f.format, "output", "o", "table", "`format` on standard output: table, json")
	return cmd
}

// guardStatus is what guard status tells.
type guardStatus struct {
	Account string         `json:"account"`
	Block   string         `json:"block_public_access"` // on, off, or unknown, with what is missing
	Regions []regionStatus `json:"regions"`
}

type regionStatus struct {
	Region   string       `json:"region"`
	Recorder string       `json:"recorder"`
	Rules    []ruleStatus `json:"rules"`
	Feed     string       `json:"feed"`
}

// ruleStatus is what AWS Config found by one rule.
type ruleStatus struct {
	Identifier   string   `json:"identifier"`
	Name         string   `json:"name"` // "" where there is no such rule
	Compliant    int      `json:"compliant"`
	NonCompliant []string `json:"non_compliant"`
	Problem      string   `json:"problem,omitempty"` // why there is no answer
}

func (f *guardStatusFlags) run(cmd *cobra.Command) error {
	if f.format != "table" && f.format != "json" {
		return usageError("formats: table, json", "-o: unknown format %q", f.format)
	}
	if err := checkRegions("--regions", f.regions); err != nil {
		return err
	}
	if err := f.whose.check(); err != nil {
		return err
	}
	return f.whose.each(cmd, func(a *account.Account) error { return f.status(cmd, a) })
}

// status tells of one account.
func (f *guardStatusFlags) status(cmd *cobra.Command, a *account.Account) error {
	s := inventory{account: a, measures: []string{"config-rules", "event-feed"}, regions: f.regions, notes: cmd.ErrOrStderr(), noProgress: true}
	state, err := s.read(cmd.Context())
	if err != nil {
		return err
	}
	status := guardStatus{Account: a.ID, Block: blockWords(state)}
	for _, w := range state.Watches {
		one, err := regionNow(cmd.Context(), a, state, w)
		if err != nil {
			return err
		}
		status.Regions = append(status.Regions, one)
	}
	if f.format == "json" {
		text, err := json.Marshal(status)
		if err == nil {
			_, err = fmt.Fprintln(cmd.OutOrStdout(), remedy.ASCII(string(text)))
		}
		return err
	}
	return showGuardStatus(cmd.OutOrStdout(), status)
}

func blockWords(s guard.State) string {
	call, _, changes := remedy.AccountBlockCall(s.Account, s.Home, s.Block)
	switch {
	case s.Block.Status != account.Present && s.Block.Status != account.Absent:
		return "unknown: " + s.Block.Problem
	case !changes:
		return "on"
	case s.Block.Status == account.Absent:
		return "off: none of the four flags is set"
	}
	return "off in part: set is " + s.Block.Text + ", and all would be " + call.Text
}

func regionNow(ctx context.Context, a *account.Account, s guard.State, w account.Watch) (regionStatus, error) {
	out := regionStatus{Region: w.Region, Recorder: "records", Rules: []ruleStatus{}}
	recorder := guard.RecorderOf(s.Account, s.Partition, w)
	if recorder.Missing != "" {
		out.Recorder = recorder.Missing
	}
	if len(recorder.Notes) > 0 {
		out.Recorder = strings.Join(recorder.Notes, "; ")
	}
	names := guard.RulesOf(w)
	for _, id := range guard.Identifiers() {
		if len(names[id]) == 0 && (w.Region == s.Home || !guard.AccountWide(id)) {
			out.Rules = append(out.Rules, noRule(id, w.RuleList))
		}
		for _, name := range names[id] {
			rule, err := ruleNow(ctx, a, w.Region, id, name)
			if err != nil {
				return out, err
			}
			out.Rules = append(out.Rules, rule)
		}
	}
	var err error
	out.Feed, err = feedNow(ctx, a, s, w)
	return out, err
}

func noRule(id string, list account.Setting) ruleStatus {
	r := ruleStatus{Identifier: id, NonCompliant: []string{}, Problem: "there is no such rule"}
	if list.Status != account.Present {
		r.Problem = "unknown: " + cmp.Or(list.Problem, "the rules were not read")
	}
	return r
}

func ruleNow(ctx context.Context, a *account.Account, region, id, name string) (ruleStatus, error) {
	r := ruleStatus{Identifier: id, Name: name, NonCompliant: []string{}}
	list, s, err := a.Compliance(ctx, region, name)
	if err != nil {
		return r, err
	}
	for _, e := range list {
		switch e.Compliance {
		case "COMPLIANT":
			r.Compliant++
		case "NON_COMPLIANT":
			r.NonCompliant = append(r.NonCompliant, e.Resource)
		}
	}
	slices.Sort(r.NonCompliant)
	switch s.Status {
	case account.Absent:
		r.Problem = "it has evaluated nothing yet"
	case account.Denied, account.Failed:
		r.Problem = "unknown: " + s.Problem
	}
	return r, nil
}

// feedNow says whether events of a Region are fed on.
func feedNow(ctx context.Context, a *account.Account, s guard.State, w account.Watch) (string, error) {
	s.Watches = []account.Watch{w}
	plan := guard.Make(guard.Request{State: s, Measures: []string{"event-feed"}})
	var lacks []string
	for _, step := range plan.Steps {
		lacks = append(lacks, step.Place())
	}
	n, queue, err := a.Waiting(ctx, w.Region, guard.FeedNames.Queue)
	switch {
	case err != nil:
		return "", err
	case len(plan.Kept) > 0:
		return "none of guard's: made by others are " + strings.Join(plan.Kept, ", "), nil
	case len(plan.Not) > 0:
		return "unknown: " + strings.Join(plan.Not, "; "), nil
	case w.EventRule.Status == account.Absent && w.Queue.Status == account.Absent:
		return "none", nil
	case len(lacks) > 0:
		return "incomplete: not as planned are " + strings.Join(lacks, ", "), nil
	case queue.Status != account.Present:
		return "stands; how many events wait is unknown: " + queue.Problem, nil
	}
	return fmt.Sprintf("stands; about %d events wait", n), nil
}

func showGuardStatus(w io.Writer, s guardStatus) error {
	var b strings.Builder
	row := func(name, text string) { fmt.Fprintf(&b, "  %-46s %s\n", name, plain(text)) }
	fmt.Fprintf(&b, "Account %s\n", plain(s.Account))
	row("Block Public Access of the account", s.Block)
	for _, r := range s.Regions {
		fmt.Fprintf(&b, "%s\n", plain(r.Region))
		row("AWS Config's recorder", r.Recorder)
		for _, rule := range r.Rules {
			row(rule.Identifier, ruleWords(rule))
		}
		row("feed of events", r.Feed)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// maxNamed is how many resources a table names.
const maxNamed = 10

func ruleWords(r ruleStatus) string {
	if r.Problem != "" {
		return strings.TrimSpace(r.Name + " " + r.Problem)
	}
	text := fmt.Sprintf("%s: %d compliant", r.Name, r.Compliant)
	if n := len(r.NonCompliant); n > 0 {
		text += fmt.Sprintf(", %d NON_COMPLIANT: %s", n, strings.Join(r.NonCompliant[:min(n, maxNamed)], ", "))
		if n > maxNamed {
			text += fmt.Sprintf(" and %d more", n-maxNamed)
		}
	}
	return text
}
