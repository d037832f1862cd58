// SPDX-License-Identifier: Apache-2.0

// Command bucketlid finds every way in which Amazon S3 buckets and objects were
// made public, from CloudTrail logs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bucketlid/bucketlid/ingest"
)

// Exit codes, the same for every output format.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitFindings   = 3
	exitPermission = 4
	exitIncomplete = 5
	exitInterrupt  = 130
)

// exitError carries an exit code to main. An empty message prints nothing.
type exitError struct {
	code    int
	message string
	hint    string
}

func (e *exitError) Error() string { return e.message }

func usageError(hint, format string, args ...any) error {
	return &exitError{exitUsage, fmt.Sprintf(format, args...), hint}
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// grace is how long a stopped run may take to end by itself: reading stops at
// once, the folding of changes and a blocked read do not.
const grace = 500 * time.Millisecond

// patience is how long this run is given: commands that write to AWS or to the
// archive take longer to end in order.
var patience atomic.Int64

// endAfter ends the program when it was told to stop and did not.
func endAfter(ctx context.Context, stderr io.Writer) {
	<-ctx.Done()
	time.Sleep(time.Duration(patience.Load()))
	if name := halfWritten.Load(); name != nil {
		_ = os.Remove(*name)
	}
	fmt.Fprintln(stderr, "bucketlid: interrupted: what was finished is kept, nothing is half written")
	os.Exit(exitInterrupt)
}

// run is the program without the process: scripts in tests call it too.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	patience.Store(int64(grace))
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		if _, told := <-signals; told {
			stop()
			endAfter(ctx, stderr)
		}
	}()
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	err = withOrigin(cmd, err)
	code := exitCode(ctx, err)
	var quiet *exitError
	if err != nil && !(errors.As(err, &quiet) && quiet.message == "") {
		printError(stderr, err)
	}
	return code
}

func exitCode(ctx context.Context, err error) int {
	var coded *exitError
	var usage *ingest.UsageError
	var denied *ingest.PermissionError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &denied):
		return exitPermission
	case ctx.Err() != nil:
		return exitInterrupt
	case strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "required flag"):
		return exitUsage
	}
	return exitFailed
}

func printError(w io.Writer, err error) {
	fmt.Fprintln(w, "bucketlid: "+plain(err.Error()))
	var coded *exitError
	if errors.As(err, &coded) && coded.hint != "" {
		fmt.Fprintln(w, "  "+plain(coded.hint))
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "bucketlid",
		Short: "Find every way in which S3 buckets were made public, from CloudTrail logs",
		Example: "  bucketlid demo\n" +
			"  bucketlid hunt ./AWSLogs",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("see: bucketlid --help", "unknown command %q", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("bucketlid {{.Version}}\n")
	root.AddGroup(&cobra.Group{ID: "find", Title: "Find:"}, &cobra.Group{ID: "understand", Title: "Understand:"},
		&cobra.Group{ID: "fix", Title: "Fix:"}, &cobra.Group{ID: "setup", Title: "Set up:"})
	root.SetHelpCommandGroupID("setup")
	root.SetCompletionCommandGroupID("setup")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError("see: "+cmd.CommandPath()+" --help", "%v", err)
	})
	root.AddCommand(newHunt(), newScan(), newReport(), newExplain(), newInvestigate(), newCoverage(), newFix(), newGuard(),
		newArchive(), newContext(), newIntel(), newConfig(), newDemo(), newVersion())
	root.InitDefaultCompletionCmd("completion")
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Args = func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("shells: bash, fish, powershell, zsh", "no completion for %q", args[0])
		}
		completion.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return setFlags(cmd) }
	root.PersistentFlags().String(configFlag, "", "`FILE` with values for flags (default: bucketlid.yaml, or the one of docs/config.md)")
	return root
}

func environmentName(flag string) string {
	return "BUCKETLID_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// flagsFromEnvironment sets every flag that was not given from BUCKETLID_NAME.
func flagsFromEnvironment(cmd *cobra.Command) error {
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := environmentName(f.Name)
		value, ok := os.LookupEnv(name)
		if !ok || f.Changed || f.Name == "help" || f.Name == "version" || failed != nil {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			failed = usageError("unset it or give a good value", "environment variable %s: %v", name, err)
			return
		}
		comesFrom(f, name)
	})
	return failed
}

// version is set by the build: -ldflags "-X main.version=…".
var version = "dev"

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", GroupID: "setup", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "bucketlid "+version)
			return err
		},
	}
}
