// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/report"
)

// explainFormats are the formats of explain: it tells of one thing, not of a
// stream of alerts.
var explainFormats = []string{"table", "jsonl"}

// explainOutput is where an explanation goes and in which form.
type explainOutput struct {
	format  string
	noColor bool
}

func (o *explainOutput) add(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.format, "output", "o", "", "output `format`: table, jsonl (default: table on a terminal, else jsonl)")
	cmd.Flags().BoolVar(&o.noColor, "no-color", false, "no colours (also NO_COLOR)")
}

// settle chooses the format.
func (o *explainOutput) settle(w io.Writer) error {
	switch {
	case o.format == "" && isTerminal(w):
		o.format = "table"
	case o.format == "":
		o.format = "jsonl"
	case !slices.Contains(explainFormats, o.format):
		return usageError("formats: "+strings.Join(explainFormats, ", "), "-o: unknown format %q", o.format)
	}
	return nil
}

func (o *explainOutput) options(w io.Writer) report.Options {
	return report.Options{Color: wantColor(w, o.noColor), Width: width(w)}
}

// line writes one explanation as a line of JSON.
func (o *explainOutput) line(w io.Writer, x report.Explanation) error {
	var b bytes.Buffer
	if err := report.EncodeExplanation(&b, x); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// policyFlags are the flags of explain policy, as given.
type policyFlags struct {
	output  explainOutput
	bucket  string
	account string
	org     string
	region  string
	asOf    string
	batch   string
	workers int
}

func newExplainPolicy() *cobra.Command {
	f := &policyFlags{}
	cmd := &cobra.Command{
		Use: "policy FILE|-", Short: "Say whether a policy is public: AWS's own verdict and the true reach, with a request that proves it",
		Long: "Say whether a policy is public. Two answers, always both: AWS's own verdict, as\n" +
			"GetBucketPolicyStatus gives it, and the true reach: the widest audience to whom some\n" +
			"request succeeds, with such a request to try.\n\n" +
			"FILE is a policy, the output of `aws s3api get-bucket-policy`, a JSON string that holds\n" +
			"a policy, or the requestParameters of a CloudTrail record; - is standard input.\n\n" +
			"--batch FILE takes one JSON object a line with id and document (the policy as an object\n" +
			"or as a string) and prints one line of JSON for each, in order; empty lines are passed\n" +
			"over. A line may also have bucket, account, org and as_of, which stand over the flags.\n" +
			"A line that cannot be judged gets reach unknown and its problem; it does not change the\n" +
			"exit code, which is 0 where every line was read.",
		Example: "  aws s3api get-bucket-policy --bucket my-bucket | bucketlid explain policy - -o table\n" +
			"  bucketlid explain policy policy.json --account 111122223333 --org o-a1b2c3d4e5\n" +
			"  bucketlid explain policy --batch policies.jsonl > verdicts.jsonl",
		Args: func(_ *cobra.Command, args []string) error { return f.check(args) },
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.output.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.bucket, "bucket", "", "the bucket that the policy is attached to (default: from its resources)")
	flags.StringVar(&f.account, "account", "", "`id` of the account that owns the bucket: its own callers are no strangers")
	flags.StringVar(&f.org, "org", "", "`id` of the owner's organization, such as o-a1b2c3d4e5")
	flags.StringVar(&f.region, "region", "", "the bucket's `region`, for the witness and for aws:RequestedRegion")
	flags.StringVar(&f.asOf, "as-of", "", "judge Date conditions at this `time` (RFC 3339, date, or age such as 36h; default: now)")
	flags.StringVar(&f.batch, "batch", "", "read many documents from this `file` (- is standard input), one JSON object a line")
	addWorkers(flags, &f.workers, "documents of a batch judged at once (0: one for each CPU)")
	return cmd
}

func (f *policyFlags) check(args []string) error {
	hint := "for example: aws s3api get-bucket-policy --bucket NAME | bucketlid explain policy -"
	switch {
	case f.batch != "" && len(args) > 0:
		return usageError("leave FILE out", "--batch and FILE exclude each other")
	case f.batch == "" && len(args) == 0:
		return usageError(hint, "explain policy needs one FILE, - for standard input, or --batch FILE")
	case len(args) > 1:
		return usageError("for many documents use --batch", "explain policy takes one FILE, not %d", len(args))
	case f.batch != "" && f.output.format == "table":
		return usageError("give -o jsonl, or one document without --batch", "--batch prints jsonl only")
	}
	return nil
}

// facts are what the flags tell of the bucket.
func (f *policyFlags) facts(now time.Time) (policy.Facts, error) {
	facts := policy.Facts{Bucket: f.bucket, Account: f.account, Organization: f.org, Region: f.region, At: now.UTC()}
	if f.account != "" && !isAccountID(f.account) {
		return facts, usageError("an account id has 12 digits, for example 111122223333", "--account: %q is not an account id", f.account)
	}
	if f.org != "" && !strings.HasPrefix(f.org, "o-") {
		return facts, usageError("an organization id begins with o-, for example o-a1b2c3d4e5", "--org: %q is not an organization id", f.org)
	}
	if f.asOf != "" {
		at, err := parseWhen("--as-of", f.asOf, now)
		if err != nil {
			return facts, err
		}
		facts.At = at
	}
	return facts, nil
}

func isAccountID(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

func (f *policyFlags) run(cmd *cobra.Command, args []string) error {
	facts, err := f.facts(time.Now())
	if err != nil {
		return err
	}
	if f.batch != "" {
		return f.runBatch(cmd, facts)
	}
	if err := f.output.settle(cmd.OutOrStdout()); err != nil {
		return err
	}
	return f.one(cmd, args[0], facts)
}

func (f *policyFlags) one(cmd *cobra.Command, name string, facts policy.Facts) error {
	text, err := readDocument(cmd, name)
	if err != nil {
		return err
	}
	found := findDocument(text)
	d, err := parsePolicy(found.text)
	if err != nil {
		return usageError("give a policy as S3 keeps it: a JSON object with a Statement, of at most 20 KB", "%s: %s", name, inside(found, err))
	}
	if facts.Bucket == "" {
		facts.Bucket = found.bucket
	}
	settled, assumed, problems, err := settle(d, facts)
	if err != nil {
		return usageError("give the policy of a bucket or access point, and no --bucket or the one that it names", "%s: %v", name, err)
	}
	v := judge(d, settled)
	v.ID, _ = json.Marshal(name) // a string always has a form
	v.Problems = append(v.Problems, problems...)
	assumed = slices.Concat(assumed, f.assumed(found, settled), takenForOwn(d, settled.Account), regionTaken(settled, &v))
	w := cmd.OutOrStdout()
	if f.output.format == "jsonl" {
		for _, text := range assumed {
			fmt.Fprintln(cmd.ErrOrStderr(), "assumed: "+plain(text))
		}
		return f.output.line(w, report.Explanation{Policy: &v})
	}
	sheet := &report.PolicySheet{Policy: v, Route: string(routeOf[settled.Kind]), Assumed: assumed, Holds: denyHolds(d, settled, &v), Notes: map[int]report.StatementNotes{}}
	for i := range d.Statements {
		s := &d.Statements[i]
		sheet.Notes[s.Index] = report.StatementNotes{Holes: holes(s), Identities: identities(s)}
	}
	return report.WritePolicy(w, sheet, f.output.options(w))
}

// routeOf is the way in that a kind of policy opens.
var routeOf = map[policy.ResourceKind]exposure.RouteID{
	policy.BucketPolicy: exposure.BucketPolicyRoute, policy.AccessPointPolicy: exposure.AccessPointPolicyRoute,
	policy.MultiRegionAccessPointPolicy: exposure.MultiRegionAccessPointRoute,
}

func inside(found document, err error) string {
	if found.within == "" {
		return err.Error()
	}
	return "the policy in " + found.within + ": " + err.Error()
}

// assumed lists what was not given.
func (f *policyFlags) assumed(found document, settled policy.Facts) []string {
	var out []string
	if found.within != "" {
		out = append(out, "the policy stands in "+found.within)
		if found.bucket != "" && f.bucket == "" {
			out = append(out, "bucket "+found.bucket+", which stands beside it (--bucket)")
		}
	}
	switch {
	case f.account == "" && settled.Account != "":
		out = append(out, "owner's account "+settled.Account+", from the policy's resources (--account)")
	case f.account == "":
		out = append(out, "owner's account not known: each account that the policy names counts as foreign (--account)")
	}
	if f.org == "" {
		out = append(out, "owner's organization not known: each organization that the policy names counts as foreign (--org)")
	}
	if f.asOf == "" {
		out = append(out, "the clock reads "+settled.At.Format(time.RFC3339)+" (--as-of)")
	}
	return out
}
