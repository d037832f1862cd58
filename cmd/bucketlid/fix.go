// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/remedy"
)

// Exit codes of fix alone.
const (
	exitStale  = 6
	exitPartly = 7
)

func newFix() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "fix",
		GroupID: "fix",
		Short:   "Close an exposure with a fix that is proved first and can be undone",
		Long: "Plan how to close what strangers can do to a bucket, apply it, see that it holds, and\n" +
			"take it back. Only apply and rollback change anything in AWS.",
		Example: "  bucketlid fix plan my-bucket --out plan.json\n" +
			"  bucketlid fix apply plan.json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("see: bucketlid fix --help", "unknown command %q of fix", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newFixPlan(), newFixApply(), newFixVerify(), newFixRollback())
	return cmd
}

// liveFlags say with which identity to call AWS.
type liveFlags struct{ profile, region, endpoint string }

func (f *liveFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.profile, "profile", "", "sign in with this `profile` of the AWS configuration")
	flags.StringVar(&f.region, "region", "", "`region` that is asked first")
	flags.StringVar(&f.endpoint, "endpoint-url", "", "`URL` of the AWS services, as for the AWS CLI (also AWS_ENDPOINT_URL)")
}

func (f *liveFlags) open(ctx context.Context) (*account.Account, error) {
	a, err := account.Open(ctx, account.SignIn{Profile: f.profile, Region: f.region, Endpoint: f.endpoint, Pause: pauses.retry})
	return a, signIn(err)
}

// live is AWS as a run sees it.
type live struct {
	account *account.Account
	writer  *account.Writer
}

// Read reads the bucket and the objects that a state holds.
func (l *live) Read(ctx context.Context, like remedy.State) (remedy.State, error) {
	settings, err := l.account.Whole(ctx, like.Settings.Bucket, like.Settings.Region, time.Now().UTC())
	if err != nil || settings.Gone {
		return remedy.State{Settings: settings}, err
	}
	objects, err := l.account.ObjectACLs(ctx, settings.Bucket, settings.Region, like.Objects)
	return remedy.State{Settings: settings, Objects: objects}, err
}

// Do makes one call.
func (l *live) Do(ctx context.Context, c account.Call) (string, error) {
	return l.writer.Do(ctx, c, remedy.Action(c.Operation))
}

// caller is the identity of this run as a policy sees it.
func caller(a *account.Account) policy.Caller {
	c := policy.Caller{Account: a.ID, ARN: a.Caller}
	if head, rest, ok := strings.Cut(a.Caller, ":assumed-role/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		c.Session, c.ARN = a.Caller, strings.Replace(head, ":sts:", ":iam:", 1)+":role/"+name
	}
	return c
}

// maxPlan bounds what is read of a plan or of saved settings: a step for each of
// some ten thousand objects.
const maxPlan = 128 << 20

// readWhole reads a file that is not above maxPlan.
func readWhole(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxPlan+1))
	if err == nil && len(text) > maxPlan {
		err = fmt.Errorf("%s: more than %d MiB", name, maxPlan>>20)
	}
	return text, err
}

// readPlan reads a plan's file.
func readPlan(name string) (*remedy.Plan, error) {
	text, err := readWhole(name)
	if err != nil {
		return nil, usageError("a plan is what this writes: bucketlid fix plan BUCKET --out "+pasted(name), "%v", err)
	}
	p, err := remedy.Read(text)
	if err != nil {
		return nil, usageError("make one with: bucketlid fix plan BUCKET --out FILE", "%s: %v", name, err)
	}
	return p, nil
}

func onePlan(verb string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError("for example: bucketlid fix "+verb+" plan.json", "fix %s needs one PLAN, the file that fix plan --out wrote", verb)
		}
		return nil
	}
}

// ended turns what stopped a run into its exit code.
func ended(err error, plan, verb string) error {
	var partly *remedy.PartlyError
	var unfinished *account.UnfinishedError
	var denied *account.WriteDeniedError
	var refused *account.SignInError
	var lost *remedy.LostError
	var silent *account.NoAnswerError
	var dark *remedy.UnreadableError
	var not *account.RefusedError
	again := "bucketlid fix " + verb + " " + pasted(plan)
	goOn := "what was done is kept in " + journalName(plan) + "; go on with: " + again + " --resume"
	if verb == "apply" {
		goOn += ", or take it back with: bucketlid fix rollback " + pasted(plan)
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &lost) && errors.Is(err, context.Canceled):
		return &exitError{exitInterrupt, "interrupted: " + err.Error(), goOn}
	case errors.As(err, &partly) && errors.Is(err, remedy.ErrStale) && verb == "apply":
		return &exitError{exitPartly, err.Error(), "what was done is kept in " + journalName(plan) + "; take it back with: bucketlid fix rollback " + pasted(plan) +
			", or leave it and make a new plan for what is left"}
	case errors.As(err, &partly) && errors.Is(err, remedy.ErrStale):
		return &exitError{exitPartly, err.Error(), plan + " holds what it replaced, to be put back by hand; what was put back is kept in " + journalName(plan)}
	case errors.As(err, &lost), errors.As(err, &partly), errors.As(err, &silent):
		return &exitError{exitPartly, err.Error(), goOn}
	case errors.As(err, &unfinished):
		return &exitError{exitPartly, err.Error(), "once AWS has made it: " + again + " --resume"}
	case errors.Is(err, remedy.ErrStale) && verb == "rollback":
		return &exitError{exitStale, err.Error(), "nothing was changed; " + plan + " holds what it replaced, to be put back by hand"}
	case errors.Is(err, remedy.ErrStale):
		return &exitError{exitStale, err.Error(), "nothing was changed; make a new plan"}
	case errors.As(err, &not):
		return &exitError{exitFailed, err.Error(), "nothing was changed; then again: " + again}
	case errors.As(err, &dark) && !dark.Denied:
		return &exitError{exitFailed, err.Error(), "nothing was changed; then again: " + again}
	case errors.As(err, &dark):
		return &exitError{exitPermission, err.Error(), "nothing was changed; grant the permissions that are named, then again: " + again}
	case errors.As(err, &denied), errors.As(err, &refused):
		return &exitError{exitPermission, err.Error(), "nothing was changed; then again: " + again}
	}
	return err
}

// pauses are how long calls and readings wait before they are tried again; tests
// need not wait. retry nil is the SDK's.
var pauses = struct {
	retry, settle func(attempt int) time.Duration
}{
	settle: func(attempt int) time.Duration { return time.Second << attempt },
}

// settleDown waits 1, 2, 4 and 8 seconds.
func settleDown(ctx context.Context, attempt int) bool {
	if attempt >= 4 {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pauses.settle(attempt)):
		return true
	}
}
