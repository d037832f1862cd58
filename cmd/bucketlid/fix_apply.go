// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"strings"

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
		Short: "See whether what a plan closes is closed",
		Long: "Read the bucket's settings back and evaluate them again, also where the plan was carried\n" +
			"out by hand. Exit 1 when something that it closes is open or may be, or when a grant that\n" +
			"it takes away is there. Nothing is changed.",
		Args: onePlan("verify"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.verify(cmd, args[0]) },
	}
	f.live.add(cmd.Flags())
	cmd.Flags().StringVar(&f.option, "option", "", "see about this `option` instead of the one that was applied")
	return cmd
}

func newFixRollback() *cobra.Command {
	f := &applyFlags{}
	cmd := &cobra.Command{
		Use:   "rollback PLAN",
		Short: "Put back what an applied plan replaced: it becomes public again",
		Long: "Put back, byte for byte, what the steps of a plan replaced, the last one first. What was\n" +
			"closed is open again, unless something else holds it. The state must be the one that the\n" +
			"plan left (else exit 6). At the end the settings are read back and evaluated.",
		Args: onePlan("rollback"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.rollback(cmd, args[0]) },
	}
	f.live.add(cmd.Flags())
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask for the bucket's name")
	cmd.Flags().BoolVar(&f.resume, "resume", false, "go on after what the journal tells to be put back")
	return cmd
}

// prepared is a plan with what its journal tells, and an account to work on.
type prepared struct {
	name    string // of the plan's file
	plan    *remedy.Plan
	option  *remedy.Option
	done    remedy.Progress
	journal *journal // nil where nothing is changed
	run     *remedy.Run
	live    *live
}

// prepare reads plan and journal, holds the journal, and signs in to the plan's
// account. option "" is the one that the journal tells of, or that the plan would
// use.
func (f *applyFlags) prepare(cmd *cobra.Command, name string) (*prepared, error) {
	plan, err := readPlan(name)
	if err != nil {
		return nil, err
	}
	j, err := openJournal(name, plan.ID)
	if err != nil {
		return nil, err
	}
	p := &prepared{name: name, plan: plan, done: j.progress, journal: j}
	if err := p.open(cmd, f); err != nil {
		j.close()
		return nil, err
	}
	return p, nil
}

func (p *prepared) open(cmd *cobra.Command, f *applyFlags) error {
	id, done := f.option, p.done
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
	if p.journal != nil {
		p.journal.by = a.Caller
	}
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
	done := p.done
	if done.Back {
		done = remedy.Progress{}
	}
	switch {
	case done.Ended:
		return usageError("see whether it holds with: bucketlid fix verify "+pasted(name), "%s was applied already", name)
	case done.Undone > 0:
		return usageError("finish it with: bucketlid fix rollback "+pasted(name)+" --resume", "a rollback of %s is under way", name)
	case done.Done > 0 && !f.resume:
		return usageError("go on with --resume, or take it back with: bucketlid fix rollback "+pasted(name),
			"%s was cut off after %d of %d steps", name, done.Done, len(p.option.Steps))
	case (done.Done > 0 || done.Tried) && f.option != "" && f.option != done.Option:
		return usageError("go on with it, without --option, or take it back with: bucketlid fix rollback "+pasted(name), "%s was begun with option %s", name, done.Option)
	}
	var list []account.Call
	for _, s := range p.option.Steps {
		list = append(list, s.Call)
	}
	if err := p.lockedOut(list); err != nil {
		return err
	}
	if err := p.question(p.option.Confirm).asked(cmd, f.yes); err != nil {
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
	p.done = remedy.Progress{Option: p.option.ID, Done: len(list), Ended: true}
	return p.report(cmd, settleDown)
}

func (f *applyFlags) verify(cmd *cobra.Command, name string) error {
	plan, err := readPlan(name)
	if err != nil {
		return err
	}
	p := &prepared{name: name, plan: plan}
	if p.done, err = readProgress(journalName(name), plan.ID); err != nil {
		return err
	}
	if err := p.open(cmd, f); err != nil {
		return err
	}
	if how := p.applied(); how != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s %s, as far as its journal tells\n", plain(name), how)
	}
	return p.report(cmd, func(context.Context, int) bool { return false })
}

func (f *applyFlags) rollback(cmd *cobra.Command, name string) error {
	p, err := f.prepare(cmd, name)
	if err != nil {
		return err
	}
	defer p.journal.close()
	done := p.done
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
	if err := p.question(p.warnings()).asked(cmd, f.yes); err != nil {
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
	return p.reportBack(cmd, done.Done)
}

func (p *prepared) question(why []string) question {
	return question{"the bucket's name", p.plan.Bucket, why, p.name}
}

// reached finds out whether the step that was on its way was made.
func (p *prepared) reached(ctx context.Context, done int) (int, error) {
	now, err := p.live.Read(ctx, p.plan.Saved)
	if err != nil {
		return done, err
	}
	if made, err := p.run.Made(now, done); err != nil || !made {
		return done, err
	}
	return done + 1, nil
}

// warnings tell before a rollback what it does.
func (p *prepared) warnings() []string {
	out := []string{"this attempts to put back what the plan replaced; afterwards, unless something else holds it:"}
	for _, o := range p.option.Proof.Closed {
		text := "  open again: "
		if len(o.BlockedBy) > 0 {
			text = "  granted again, and held by " + strings.Join(o.BlockedBy, ", ") + ": "
		}
		out = append(out, text+words(o))
	}
	for _, why := range p.option.Undo.Why {
		out = append(out, "it will probably fail: "+why)
	}
	return out
}
