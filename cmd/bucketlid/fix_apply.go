// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/remedy"
)

// applyFlags are those of apply, verify and rollback.
type applyFlags struct {
	live   liveFlags
	option string
	yes    bool
	resume bool
}

func newFixApply() *cobra.Command {
	f := &applyFlags{}
	cmd := &cobra.Command{
		Use:   "apply PLAN",
		Short: "Apply one option of a plan",
		Long: "Apply one option of a plan. The state of the bucket must be the one that the plan was\n" +
			"made for (else exit 6), before the first step and before each. It stops at the first\n" +
			"failure (exit 7) and keeps what was done in PLAN.journal.",
		Example: "  bucketlid fix apply plan.json\n  bucketlid fix apply plan.json --option ignore-public-acls --yes",
		Args:    onePlan("apply"),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.apply(cmd, args[0]) },
	}
	f.live.add(cmd.Flags())
	cmd.Flags().StringVar(&f.option, "option", "", "apply this `option` instead of the one that the plan recommends")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask for the bucket's name")
	cmd.Flags().BoolVar(&f.resume, "resume", false, "go on after the steps that the journal tells to be done")
	return cmd
}

func newFixVerify() *cobra.Command {
	f := &applyFlags{}
	cmd := &cobra.Command{
		Use:   "verify PLAN",
		Short: "See whether what an applied plan closed is closed",
		Long:  "Read the bucket's settings back and evaluate them again. Exit 1 when something that the\nplan closed is open, or when that could not be read. Nothing is changed.",
		Args:  onePlan("verify"),
		RunE:  func(cmd *cobra.Command, args []string) error { return f.verify(cmd, args[0]) },
	}
	f.live.add(cmd.Flags())
	return cmd
}

func newFixRollback() *cobra.Command {
	f := &applyFlags{}
	cmd := &cobra.Command{
		Use:   "rollback PLAN",
		Short: "Put back what an applied plan replaced: it becomes public again",
		Long: "Put back, byte for byte, what the steps of a plan replaced, the last one first. What was\n" +
			"closed is public again. The state must be the one that the plan left (else exit 6).",
		Args: onePlan("rollback"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.rollback(cmd, args[0]) },
	}
	f.live.add(cmd.Flags())
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask for the bucket's name")
	cmd.Flags().BoolVar(&f.resume, "resume", false, "go on after what the journal tells to be put back")
	return cmd
}

// prepared is a plan with its journal and an account to work on.
type prepared struct {
	plan    *remedy.Plan
	option  *remedy.Option
	journal *journal
	run     *remedy.Run
	live    *live
}

// prepare reads plan and journal, and signs in to the plan's account. option ""
// is the one that the journal tells of, or that the plan would use.
func (f *applyFlags) prepare(cmd *cobra.Command, name string) (*prepared, error) {
	plan, err := readPlan(name)
	if err != nil {
		return nil, err
	}
	j, err := openJournal(name, plan.ID)
	if err != nil {
		return nil, err
	}
	p := &prepared{plan: plan, journal: j}
	if err := p.open(cmd, f); err != nil {
		j.close()
		return nil, err
	}
	return p, nil
}

func (p *prepared) open(cmd *cobra.Command, f *applyFlags) error {
	id, done := f.option, p.journal.progress
	if id == "" && done.Option != "" && !done.Back {
		id = done.Option
	}
	var err error
	if p.option, err = p.plan.Option(id); err != nil {
		return usageError("see the plan's options with: bucketlid fix plan, or in its file", "%v", err)
	}
	if err := p.plan.Check(p.option); err != nil {
		return usageError("choose another option with --option, or plan again", "%v", err)
	}
	a, err := f.live.open(cmd.Context())
	if err != nil {
		return err
	}
	if a.ID != p.plan.Account {
		return usageError("sign in to it, for example with --profile", "the plan is for account %s, and this is account %s", p.plan.Account, a.ID)
	}
	p.journal.by = a.Caller
	p.live = &live{account: a, writer: a.Writer(p.plan.ID)}
	p.run = &remedy.Run{Plan: p.plan, Option: p.option, Account: p.live, Settle: settleDown, Record: p.record(cmd.ErrOrStderr())}
	return nil
}

// record keeps an entry and tells it.
func (p *prepared) record(notes io.Writer) func(remedy.Entry) error {
	return func(e remedy.Entry) error {
		if err := p.journal.record(e); err != nil {
			return err
		}
		if e.Event == "done" || e.Event == "undo-done" {
			fmt.Fprintf(notes, "step %d of %d done\n", e.Step, len(p.option.Steps))
		}
		return nil
	}
}

// lockedOut refuses policies that would keep the caller from changing them.
func (p *prepared) lockedOut(list []account.Call) error {
	for _, c := range list {
		if c.Operation != account.PutBucketPolicy {
			continue
		}
		if why := remedy.LocksOut(p.plan.Saved.Settings.Policy.Text, c.Text, p.plan.Saved.Settings, caller(p.live.account)); why != "" {
			return usageError("call with an identity that the policy spares, or choose another option", "the policy would lock you out: %s", why)
		}
	}
	return nil
}

func (f *applyFlags) apply(cmd *cobra.Command, name string) error {
	p, err := f.prepare(cmd, name)
	if err != nil {
		return err
	}
	defer p.journal.close()
	done := p.journal.progress
	if done.Back {
		done = remedy.Progress{}
	}
	switch {
	case done.Ended:
		return usageError("see whether it holds with: bucketlid fix verify "+name, "%s was applied already", name)
	case done.Undone > 0:
		return usageError("finish it with: bucketlid fix rollback "+name+" --resume", "a rollback of %s is under way", name)
	case done.Done > 0 && !f.resume:
		return usageError("go on with --resume, or take it back with: bucketlid fix rollback "+name,
			"%s was cut off after %d of %d steps", name, done.Done, len(p.option.Steps))
	case done.Done > 0 && f.option != "" && f.option != done.Option:
		return usageError("leave --option out", "%s was begun with option %s", name, done.Option)
	}
	var list []account.Call
	for _, s := range p.option.Steps {
		list = append(list, s.Call)
	}
	if err := p.lockedOut(list); err != nil {
		return err
	}
	if err := confirmed(cmd, p.plan.Bucket, f.yes, p.option.Confirm); err != nil {
		return err
	}
	release, err := hold(cmd.ErrOrStderr(), p.plan.Bucket, list)
	if err != nil {
		return err
	}
	defer release()
	if err := p.journal.record(remedy.Entry{Plan: p.plan.ID, Option: p.option.ID, Event: "begin"}); err != nil {
		return err
	}
	p.run.Tried = done.Tried
	if err := p.run.Apply(cmd.Context(), done.Done); err != nil {
		return ended(err, name, "apply")
	}
	return p.report(cmd, settleDown)
}

// report reads back, evaluates and tells.
func (p *prepared) report(cmd *cobra.Command, settle func(context.Context, int) bool) error {
	out := cmd.OutOrStdout()
	now, open, err := p.still(cmd.Context(), settle)
	if err != nil {
		return fmt.Errorf("reading the settings back: %w", err)
	}
	if now.Settings.Gone {
		fmt.Fprintf(out, "bucket %s is gone: nothing of it is open\n", plain(p.plan.Bucket))
		return nil
	}
	maybe := remedy.Still(now.Assuming(p.plan.Saved), p.option.Proof.Closed)
	unsure := 0
	for _, o := range p.option.Proof.Closed {
		same := func(x remedy.Opening) bool { return words(x) == words(o) }
		state := "closed"
		switch {
		case slices.ContainsFunc(open, same):
			state = "OPEN"
		case slices.ContainsFunc(maybe, same):
			state, unsure = "unknown", unsure+1
		}
		fmt.Fprintf(out, "%-7s %s\n", state, plain(words(o)))
	}
	for _, o := range p.option.Proof.Remaining {
		fmt.Fprintf(out, "%-7s %s: this option does not close it\n", "left", plain(words(o)))
	}
	for _, u := range now.Unread() {
		fmt.Fprintln(out, "unknown "+plain(u))
	}
	if len(open) > 0 {
		return &exitError{exitFailed, fmt.Sprintf("%d of %d exposures that the plan closed are open", len(open), len(p.option.Proof.Closed)), "make a new plan"}
	}
	if unsure > 0 {
		return &exitError{exitFailed, fmt.Sprintf("of %d of %d exposures it is not known whether they are closed: what they rest on could not be read", unsure, len(p.option.Proof.Closed)), "grant the permissions that are named, then: bucketlid fix verify"}
	}
	return nil
}

// still lists what the option closed and is open, read again while settle says so.
func (p *prepared) still(ctx context.Context, settle func(context.Context, int) bool) (remedy.State, []remedy.Opening, error) {
	for attempt := 0; ; attempt++ {
		now, err := p.live.Read(ctx, p.plan.Saved)
		if err != nil {
			return now, nil, err
		}
		open := remedy.Still(now, p.option.Proof.Closed)
		if len(open) == 0 || !settle(ctx, attempt) {
			return now, open, nil
		}
	}
}

func (f *applyFlags) verify(cmd *cobra.Command, name string) error {
	p, err := f.prepare(cmd, name)
	if err != nil {
		return err
	}
	defer p.journal.close()
	if done := p.journal.progress; !done.Ended || done.Back || done.Undone > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s tells that this plan is not, or no longer, applied\n", plain(p.journal.name))
	}
	return p.report(cmd, func(context.Context, int) bool { return false })
}

func (f *applyFlags) rollback(cmd *cobra.Command, name string) error {
	p, err := f.prepare(cmd, name)
	if err != nil {
		return err
	}
	defer p.journal.close()
	done := p.journal.progress
	switch {
	case done.Back || done.Done == 0 && !done.Tried:
		return usageError("what was done is kept in "+p.journal.name, "nothing of %s is applied", name)
	case done.Undone > 0 && !f.resume:
		return usageError("go on with --resume", "a rollback of %s was cut off after %d of %d steps", name, done.Undone, done.Done)
	}
	if done.Tried { // the call may have been made
		if done.Done, err = p.reached(cmd.Context(), done.Done); err != nil {
			return err
		}
	}
	var list []account.Call
	for _, s := range p.option.Steps[:done.Done] {
		list = append(list, s.Undo)
	}
	if err := p.lockedOut(list); err != nil {
		return err
	}
	if err := confirmed(cmd, p.plan.Bucket, f.yes, p.warnings()); err != nil {
		return err
	}
	release, err := hold(cmd.ErrOrStderr(), p.plan.Bucket, list)
	if err != nil {
		return err
	}
	defer release()
	if err := p.run.Rollback(cmd.Context(), done.Done, done.Undone); err != nil {
		return ended(err, name, "rollback")
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d settings of bucket %s are as they were before the plan\n", done.Done, plain(p.plan.Bucket))
	return nil
}

// reached finds out whether the step that was on its way was made.
func (p *prepared) reached(ctx context.Context, done int) (int, error) {
	now, err := p.live.Read(ctx, p.plan.Saved)
	if err != nil {
		return done, err
	}
	if done < len(p.option.Steps) && now.Fingerprint() == p.option.Steps[done].Hash {
		return done + 1, nil
	}
	return done, nil
}

func (p *prepared) warnings() []string {
	out := []string{"this attempts to put back what the plan replaced; these are public again afterwards:"}
	for _, o := range p.option.Proof.Closed {
		out = append(out, "  "+words(o))
	}
	for _, why := range p.option.Undo.Why {
		out = append(out, "it will probably fail: "+why)
	}
	return out
}
