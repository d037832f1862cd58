// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/guard"
	"github.com/bucketlid/bucketlid/remedy"
)

// guardApplyFlags are those of apply and rollback.
type guardApplyFlags struct {
	live       liveFlags
	role       string
	externalID string
	yes        bool
	resume     bool
	noProgress bool
}

func (f *guardApplyFlags) add(cmd *cobra.Command) *cobra.Command {
	f.live.add(cmd.Flags())
	cmd.Flags().StringVar(&f.role, "role-name", "", "`name` of the role to assume in the plan's account, where another one is signed in to")
	cmd.Flags().StringVar(&f.externalID, "external-id", "", "external `id` that the role asks for")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask for the account's id")
	cmd.Flags().BoolVar(&f.resume, "resume", false, "go on after the steps that the journal tells to be done")
	cmd.Flags().BoolVar(&f.noProgress, "no-progress", false, "show no progress bar")
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError("for example: bucketlid guard "+cmd.Name()+" guard.json", "guard %s needs one PLAN, the file that guard plan --out wrote", cmd.Name())
		}
		return nil
	}
	return cmd
}

func newGuardApply() *cobra.Command {
	f := &guardApplyFlags{}
	return f.add(&cobra.Command{
		Use:   "apply PLAN",
		Short: "Make the calls of a plan",
		Long: "Make the calls of a plan. The settings that they replace, and the buckets that they\n" +
			"close, are read again and must be those that the plan was made for (else exit 6). It\n" +
			"stops at the first failure (exit 7) and keeps what was done in PLAN.journal.",
		Example: "  bucketlid guard apply guard.json",
		RunE:    func(cmd *cobra.Command, args []string) error { return f.apply(cmd, args[0]) },
	})
}

func newGuardRollback() *cobra.Command {
	f := &guardApplyFlags{}
	return f.add(&cobra.Command{
		Use:   "rollback PLAN",
		Short: "Put back what an applied plan replaced: what it closed is public again",
		Long: "Put back, byte for byte, what the steps of a plan replaced, the last one first. What the\n" +
			"account's Block Public Access closed is public again, and events that wait in a queue\n" +
			"that the plan made are lost.",
		RunE: func(cmd *cobra.Command, args []string) error { return f.rollback(cmd, args[0]) },
	})
}

// guarding is a plan of guard with its journal and an account to work on.
type guarding struct {
	name    string
	plan    *guard.Plan
	journal *journal
	live    *guarded
	run     *guard.Run
}

func (f *guardApplyFlags) prepare(cmd *cobra.Command, name string) (*guarding, error) {
	plan, err := readGuardPlan(name)
	if err != nil {
		return nil, err
	}
	if len(plan.Steps) == 0 {
		return nil, usageError("see why with: bucketlid guard plan", "%s has no steps: there was nothing to do", name)
	}
	a, err := f.signIn(cmd.Context(), plan.Account)
	if err != nil {
		return nil, err
	}
	if a.ID != plan.Account {
		return nil, usageError("sign in to it with --profile, or assume a role of it with --role-name", "the plan is for account %s, and this is account %s", plan.Account, a.ID)
	}
	j, err := openJournal(name, plan.ID)
	if err != nil {
		return nil, err
	}
	j.by = a.Caller
	g := &guarding{name: name, plan: plan, journal: j, live: &guarded{a, a.Writer(plan.ID)}}
	g.run = &guard.Run{Plan: plan, Account: g.live, Settle: settleDown, Record: g.record(cmd.ErrOrStderr())}
	return g, nil
}

// signIn signs in, and by a role to the account of a plan.
func (f *guardApplyFlags) signIn(ctx context.Context, id string) (*account.Account, error) {
	a, err := f.live.open(ctx)
	if err != nil || f.role == "" || a.ID == id {
		return a, err
	}
	a, err = a.Assume(ctx, id, f.role, f.externalID)
	return a, signIn(interrupted(ctx, err))
}

// hold keeps runs of fix and guard on this machine from changing the account's
// settings until release.
func (g *guarding) hold(notes io.Writer) (release func(), err error) {
	var list []account.Call
	for _, s := range g.plan.Steps {
		list = append(list, s.Call)
	}
	return hold(notes, "", list)
}

// record keeps an entry and tells it.
func (g *guarding) record(notes io.Writer) func(remedy.Entry) error {
	return func(e remedy.Entry) error {
		if err := g.journal.record(e); err != nil {
			return err
		}
		if e.Event == "done" || e.Event == "undo-done" {
			fmt.Fprintf(notes, "step %d of %d done\n", e.Step, len(g.plan.Steps))
		}
		return nil
	}
}

func (f *guardApplyFlags) apply(cmd *cobra.Command, name string) error {
	g, err := f.prepare(cmd, name)
	if err != nil {
		return err
	}
	defer g.journal.close()
	done := g.journal.progress
	if done.Back {
		done = remedy.Progress{}
	}
	switch {
	case done.Ended:
		return usageError("see what is there with: bucketlid guard status", "%s was applied already", name)
	case done.Undone > 0:
		return usageError("finish it with: bucketlid guard rollback "+pasted(name)+" --resume", "a rollback of %s is under way", name)
	case done.Done > 0 && !f.resume:
		return usageError("go on with --resume, or take it back with: bucketlid guard rollback "+pasted(name),
			"%s was cut off after %d of %d steps", name, done.Done, len(g.plan.Steps))
	}
	release, err := g.hold(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer release()
	if err := g.fresh(cmd, f, done); err != nil {
		return guardEnded(err, name, "apply")
	}
	if done.Done == 0 {
		if err := g.question(g.plan.Confirm).asked(cmd, f.yes); err != nil {
			return err
		}
	}
	if err := g.journal.record(remedy.Entry{Plan: g.plan.ID, Option: guard.Option, Event: "begin"}); err != nil {
		return err
	}
	if err := g.run.Apply(cmd.Context(), done.Done); err != nil {
		return guardEnded(err, name, "apply")
	}
	return g.report(cmd)
}

// fresh compares the plan with what is there now. Where a step was made, the
// whole cannot be made again: then each is compared as it comes. The account's
// block is the first step, so that it is never made on an old look at buckets.
func (g *guarding) fresh(cmd *cobra.Command, f *guardApplyFlags, done remedy.Progress) error {
	if err := g.plan.CheckCalls(); err != nil {
		return usageError("make a new plan, or take back what was done of this one with: bucketlid guard rollback "+pasted(g.name), "%v", err)
	}
	made, err := done.Done > 0, error(nil)
	if done.Done == 0 && done.Tried {
		made, err = g.run.Made(cmd.Context(), 0)
	}
	if err != nil || made {
		return err
	}
	s := inventory{account: g.live.account, measures: g.plan.Measures, regions: g.plan.Regions, objects: g.plan.Objects, replace: g.plan.Replace, notes: cmd.ErrOrStderr(), noProgress: f.noProgress}
	state, err := s.read(cmd.Context())
	if err != nil {
		return signIn(interrupted(cmd.Context(), err))
	}
	now := guard.Make(guard.Request{State: state, Made: g.plan.Made, Measures: g.plan.Measures, Objects: g.plan.Objects, Readers: g.plan.Readers})
	if err := g.plan.Check(now); err != nil && !errors.Is(err, remedy.ErrStale) {
		return usageError("make a new plan", "%v", err)
	} else if err != nil {
		return err
	}
	return nil
}

// guardEnded turns what stopped a run of guard into its exit code.
func guardEnded(err error, plan, verb string) error {
	err = ended(err, plan, verb)
	var coded *exitError
	if errors.As(err, &coded) {
		coded.hint = strings.ReplaceAll(coded.hint, "bucketlid fix ", "bucketlid guard ")
	}
	return err
}

// report reads back what was set and evaluates the buckets that the plan closed.
func (g *guarding) report(cmd *cobra.Command) error {
	out, ctx := cmd.OutOrStdout(), cmd.Context()
	missing, err := g.run.NotYet(ctx)
	if err != nil {
		return fmt.Errorf("reading the settings back: %w", err)
	}
	for _, s := range g.plan.Steps {
		state := "set"
		if slices.Contains(missing, s.Place()) {
			state = "MISSING"
		}
		fmt.Fprintf(out, "%-7s %s\n", state, plain(s.Place()))
	}
	open, err := g.reopened(ctx, out)
	switch {
	case err != nil:
		return fmt.Errorf("reading the buckets back: %w", err)
	case len(missing) > 0:
		return &exitError{exitFailed, fmt.Sprintf("%d settings do not show what was set", len(missing)), "see again with: bucketlid guard status"}
	case open > 0:
		return &exitError{exitFailed, fmt.Sprintf("%d exposures that the plan closes are open", open), "make a new plan"}
	}
	return nil
}

// reopened tells of each exposure that the plan closes whether it is closed, and
// counts those that are not.
func (g *guarding) reopened(ctx context.Context, out io.Writer) (int, error) {
	if g.plan.Proof == nil {
		return 0, nil
	}
	open := 0
	for _, e := range g.plan.Proof.Buckets {
		if len(e.Closes) == 0 {
			continue
		}
		like := remedy.State{Settings: account.Settings{Bucket: e.Bucket, Region: e.Region}}
		for _, o := range e.Closes {
			if o.Key != "" {
				like.Objects = append(like.Objects, account.ObjectACL{Key: o.Key})
			}
		}
		now, err := (&live{account: g.live.account}).Read(ctx, like)
		if err != nil {
			return open, err
		}
		if now.Settings.Gone {
			fmt.Fprintf(out, "%-7s %s\n", "gone", plain(e.Bucket))
			continue
		}
		still := map[string]bool{}
		for _, o := range remedy.Still(now, e.Closes) {
			still[words(o)] = true
			open++
		}
		for _, o := range e.Closes {
			state := "closed"
			if still[words(o)] {
				state = "OPEN"
			}
			fmt.Fprintf(out, "%-7s %s: %s\n", state, plain(e.Bucket), plain(words(o)))
		}
	}
	return open, nil
}

func (f *guardApplyFlags) rollback(cmd *cobra.Command, name string) error {
	g, err := f.prepare(cmd, name)
	if err != nil {
		return err
	}
	defer g.journal.close()
	done := g.journal.progress
	switch {
	case done.Back || done.Done == 0 && !done.Tried:
		return usageError("what was done is kept in "+g.journal.name, "nothing of %s is applied", name)
	case done.Undone > 0 && !f.resume:
		return usageError("go on with --resume", "a rollback of %s was cut off after %d of %d steps", name, done.Undone, done.Done)
	}
	if err := g.plan.CheckSteps(); err != nil {
		return usageError("put the settings back by hand: the plan holds them", "%v", err)
	}
	steps := done.Done
	if done.Tried { // the call may have been made: undoing it then does nothing
		made, err := g.run.Made(cmd.Context(), steps)
		if err != nil {
			return err
		}
		if made {
			steps++
		}
	}
	if err := g.question(g.warnings(steps)).asked(cmd, f.yes); err != nil {
		return err
	}
	release, err := g.hold(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer release()
	if err := g.run.Rollback(cmd.Context(), steps, done.Undone); err != nil {
		return guardEnded(err, name, "rollback")
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%d settings of account %s are as they were before the plan\n", steps, plain(g.plan.Account))
	return nil
}

func (g *guarding) question(why []string) question {
	return question{"the account's id", g.plan.Account, why, g.name}
}

func (g *guarding) warnings(steps int) []string {
	out := []string{"this attempts to put back what the plan replaced"}
	for _, s := range g.plan.Steps[:steps] {
		switch {
		case s.Call.Operation == account.PutAccountBlock && g.plan.Proof != nil:
			out = append(out, "without Block Public Access of the account these are public again:")
			for _, e := range g.plan.Proof.Buckets {
				for _, o := range e.Closes {
					out = append(out, "  "+e.Bucket+": "+words(o))
				}
			}
		case s.Undo.Operation == account.DeleteQueue:
			out = append(out, "events that wait in "+s.Place()+" are lost")
		}
	}
	return out
}
