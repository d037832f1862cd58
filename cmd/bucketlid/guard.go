// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/guard"
	"github.com/bucketlid/bucketlid/remedy"
)

func newGuard() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "guard",
		GroupID: "fix",
		Short:   "Set what keeps buckets shut, notices an opening and feeds it on",
		Long: "Plan and set lasting protection of an account: Block Public Access of the account, AWS\n" +
			"Config rules, and a queue that EventBridge fills with the calls that open a bucket.\n" +
			"Only apply and rollback change anything in AWS.",
		Example: "  bucketlid guard plan --out guard.json\n" +
			"  bucketlid guard apply guard.json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("see: bucketlid guard --help", "unknown command %q of guard", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newGuardPlan(), newGuardApply(), newGuardStatus(), newGuardRollback())
	return cmd
}

// inventory reads what a plan of guard is made from.
type inventory struct {
	account    *account.Account
	measures   []string
	regions    []string // none: those with buckets, and the one that is asked first
	objects    string
	replace    bool
	notes      io.Writer
	noProgress bool
}

// looks reports whether every bucket has to be read: for what its account's
// block would close.
func (s *inventory) looks() bool {
	return len(s.measures) == 0 || slices.Contains(s.measures, "account-block")
}

func (s *inventory) read(ctx context.Context) (guard.State, error) {
	a := s.account
	state := guard.State{Account: a.ID, Partition: a.Partition(), Home: a.Home(), Replace: s.replace}
	regions := map[string]bool{a.Home(): true}
	if s.looks() || len(s.regions) == 0 {
		if err := s.buckets(ctx, &state, regions); err != nil {
			return state, err
		}
	}
	var err error
	if state.Block, err = a.AccountBlock(ctx); err != nil {
		return state, err
	}
	if len(s.regions) > 0 {
		regions = set(s.regions)
	}
	for _, region := range slices.Sorted(maps.Keys(regions)) {
		w, err := a.Watches(ctx, region, guard.FeedNames)
		if err != nil {
			return state, err
		}
		state.Watches = append(state.Watches, w)
	}
	return state, nil
}

// buckets reads every bucket.
func (s *inventory) buckets(ctx context.Context, state *guard.State, regions map[string]bool) error {
	choice, err := account.ParseChoice(s.objects)
	if err != nil {
		return usageError("for example: --objects sample, or: --objects prefix:exports/", "--objects: %v", err)
	}
	scanner := account.Scanner{Objects: choice, Now: time.Now}
	scanner.Found = func(b account.Settings) {
		regions[b.Region] = true
		one := remedy.State{Settings: b}
		for _, o := range b.Objects {
			one.Objects = append(one.Objects, account.ObjectACL{Key: o.Key, Version: o.Version, ACL: o.ACL})
		}
		one.Settings.Objects = nil
		state.Buckets = append(state.Buckets, one)
	}
	bar := startScanProgress(s.notes, &scanner.Progress, !s.noProgress)
	err = scanner.Scan(ctx, s.account)
	bar.stop()
	slices.SortFunc(state.Buckets, func(a, b remedy.State) int {
		return strings.Compare(a.Settings.Bucket, b.Settings.Bucket)
	})
	return err
}

// guarded is AWS as a run of guard sees it.
type guarded struct {
	account *account.Account
	writer  *account.Writer
}

// At reads the setting that a call changes.
func (g *guarded) At(ctx context.Context, c account.Call) (account.Setting, error) {
	return g.account.At(ctx, c)
}

// Do makes one call.
func (g *guarded) Do(ctx context.Context, c account.Call) (string, error) {
	return g.writer.Do(ctx, c, guard.Action(c.Operation))
}

// readGuardPlan reads a plan's file.
func readGuardPlan(name string) (*guard.Plan, error) {
	text, err := readWhole(name)
	if err != nil {
		return nil, usageError("a plan is what this writes: bucketlid guard plan --out "+pasted(name), "%v", err)
	}
	p, err := guard.Read(text)
	if err != nil {
		return nil, usageError("make one with: bucketlid guard plan --out FILE", "%s: %v", name, err)
	}
	return p, nil
}
