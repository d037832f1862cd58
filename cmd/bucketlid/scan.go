// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/triage"
)

// scanFlags are the flags of scan, as given. Those that hunt has too, and the
// verdict that follows from them, are hunt's.
type scanFlags struct {
	huntFlags
	with         []string
	profiles     []string
	organization bool
	role         string
	externalID   string
	buckets      []string
	objects      string
	concurrency  int
	printPolicy  bool
	send         string
	probe        bool
	awsConfig    bool
	checkpoint   string
}

func newScan() *cobra.Command {
	f := &scanFlags{}
	cmd := &cobra.Command{
		Use:     "scan",
		GroupID: "find",
		Short:   "Read live accounts and report what is exposed now",
		Long: "Read the settings of all S3 buckets of an account, in every Region, and report what\n" +
			"is exposed now, by which route, to whom, with a request that would succeed. No setting\n" +
			"is changed. What could not be read is named and stays unknown.\n\n" +
			"With --with, CloudTrail logs say who opened it and when, and where log and account\n" +
			"disagree. Credentials are those of the AWS CLI.",
		Example: "  bucketlid scan\n" +
			"  bucketlid scan --organization --role-name bucketlid-scan --with s3://my-trail-bucket/AWSLogs\n" +
			"  bucketlid scan --print-iam-policy",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError("logs are given by --with: bucketlid scan --with "+args[0], "scan takes no arguments, and got %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.addFlags(cmd)
	return cmd
}

func (f *scanFlags) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.output.add(flags)
	f.known.add(flags)
	flags.StringArrayVar(&f.with, "with", nil, "also read CloudTrail logs from this `source`, as hunt does: who opened it and when (can be repeated)")
	flags.StringArrayVar(&f.accessLogs, "access-logs", nil, "also read S3 server access logs from this `source` (can be repeated)")
	flags.StringArrayVar(&f.findings, "findings", nil, findingsUsage)
	flags.StringVar(&f.send, "send", "", sendUsage)
	flags.BoolVar(&f.probe, "probe", false, probeUsage)
	flags.StringSliceVar(&f.profiles, "profile", nil, "sign in with these `profiles` of the AWS configuration, one account each")
	flags.BoolVar(&f.organization, "organization", false, "scan every account of the organization, by --role-name")
	flags.StringVar(&f.role, "role-name", "", "`name` of the role to assume in the organization's accounts")
	flags.StringVar(&f.externalID, "external-id", "", "external `id` that the role asks for")
	flags.StringSliceVar(&f.accounts, "account", nil, "scan only these `accounts` (12 digits, comma-separated)")
	flags.StringSliceVar(&f.regions, "region", nil, "scan only buckets in these `regions`")
	flags.StringSliceVar(&f.buckets, "bucket", nil, "scan only these `buckets`")
	flags.StringVar(&f.objects, "objects", "none", "read ACLs of objects too: `which` of none, sample, sample:N, prefix:PREFIX, all")
	flags.StringVar(&f.from, "from", "", "of --with, read only records from this `time` on (RFC 3339, date, or age such as 36h or 7d)")
	flags.StringVar(&f.to, "to", "", "of --with, read only records before this `time`")
	flags.StringVar(&f.since, "since", "", "the same as --from with an age, such as `36h`")
	flags.StringVar(&f.endpoint, "endpoint-url", "", "`URL` of the AWS services, as for the AWS CLI (also AWS_ENDPOINT_URL)")
	flags.IntVar(&f.concurrency, "concurrency", account.DefaultConcurrency, "`buckets` read at once")
	flags.StringVar(&f.checkpoint, "checkpoint", "", "keep what is read in this `file` until the report is written: a scan that was cut off goes on from there")
	flags.BoolVar(&f.awsConfig, "config", false, "also read what AWS Config says of the buckets, and show where it and bucketlid disagree")
	flags.BoolVar(&f.printPolicy, "print-iam-policy", false, "print the IAM policy that lets a scan with these flags read everything, and stop")
	flags.BoolVar(&f.noProgress, "no-progress", false, "show no progress bar")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print no summary block")
	flags.BoolVar(&f.strict, "strict", false, "exit 5 when anything could not be read")
	flags.StringVar(&f.failOn, "fail-on", "", "exit 3 when an alert is at or above this `severity` (low … critical)")
}

// check refuses flags that do not go together.
func (f *scanFlags) check() (account.Choice, error) {
	objects, err := account.ParseChoice(f.objects)
	once := readOnce(f.with, f.accessLogs, f.findings)
	switch {
	case once != nil:
		return objects, once
	case checkSend(f.send) != nil:
		return objects, checkSend(f.send)
	case err != nil:
		return objects, usageError("for example: --objects sample, or: --objects prefix:exports/", "--objects: %v", err)
	case f.whose().check() != nil:
		return objects, f.whose().check()
	case f.concurrency < 1:
		return objects, usageError("the default is good for most", "--concurrency: %d is not a number of buckets", f.concurrency)
	case len(f.with) == 0 && (f.from != "" || f.to != "" || f.since != ""):
		return objects, usageError("add --with SOURCE", "--from, --to and --since choose log records, and there is no --with")
	case f.failOn != "" && !slices.Contains(triage.Severities, triage.Severity(f.failOn)):
		return objects, usageError("severities: critical, high, medium, low, info", "--fail-on: unknown severity %q", f.failOn)
	}
	return objects, nil
}

func (f *scanFlags) run(cmd *cobra.Command) error {
	objects, err := f.check()
	if err != nil {
		return err
	}
	filter, err := f.filter(time.Now())
	if err != nil {
		return err
	}
	filter.Regions = nil // an account's own settings are changed in any Region
	s := &scan{flags: f, notes: cmd.ErrOrStderr()}
	s.scanner = account.Scanner{Concurrency: f.concurrency, Regions: f.regions, Buckets: f.buckets, Objects: objects, Tags: true, Now: time.Now}
	if len(f.with) > 0 {
		s.scanner.Keys = s.openedKeys
	}
	if f.printPolicy {
		_, err := fmt.Fprint(cmd.OutOrStdout(), account.IAMPolicy(&s.scanner, f.role, f.permissions()...))
		return err
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
	s.logs = &hunt{filter: filter, workers: runtime.GOMAXPROCS(0), stdin: cmd.InOrStdin(), endpoint: f.endpoint, accessLogs: f.accessLogs,
		ledger: replay.NewLedger(), baseline: replay.NewBaseline(), counts: counts{reasons: map[string]int64{}}}
	// What is kept grows with the number of buckets, what calls leave behind with
	// their rate: collecting it twice as often costs little beside waiting.
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	s.started = time.Now()
	if f.checkpoint != "" {
		if s.kept, err = openCheckpoint(f.checkpoint, f.objects, s.started); err != nil {
			return err
		}
		defer s.kept.close()
		s.scanner.Kept = s.kept.get
	}
	if err := s.read(cmd.Context()); err != nil {
		return s.kept.goesOn(signIn(interrupted(cmd.Context(), err)))
	}
	return s.report(cmd, out, known)
}

// signIn gives what AWS refused its exit code.
func signIn(err error) error {
	var signIn *account.SignInError
	var denied *account.DeniedError
	if errors.As(err, &signIn) || errors.As(err, &denied) {
		return &exitError{exitPermission, err.Error(), ""}
	}
	return err
}
