// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/triage"
)

// initFlags are the flags of context init.
type initFlags struct {
	hunt huntFlags // what is read
	out  outputFlags
}

func newContextInit() *cobra.Command {
	f := &initFlags{}
	cmd := &cobra.Command{
		Use: "init [SOURCE…]", Short: "Draft a context file from logs, for a person to edit",
		Long: "Draft a context file from logs: the accounts seen, together where the logs show that\n" +
			"they are of one organization, else apart; the networks that people come from, who\n" +
			"changes S3 settings, buckets with what their names tell, foreign accounts that were given\n" +
			"access. Each entry says why it is there. What would silence an alert is commented out.\n" +
			"Without SOURCE the draft is empty.",
		Example: "  bucketlid context init ./AWSLogs --out context.yaml\n  bucketlid context init",
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.out.file, "out", "", "write the draft to this `file` instead of standard output")
	flags.BoolVar(&f.out.force, "force", false, "let --out overwrite an existing file")
	flags.StringSliceVar(&f.hunt.accounts, "account", nil, "read only these `accounts`' logs (12 digits, comma-separated)")
	flags.StringSliceVar(&f.hunt.regions, "region", nil, "read only these `regions`")
	flags.StringVar(&f.hunt.from, "from", "", "read only records from this `time` on (RFC 3339, date, or age such as 36h or 7d)")
	flags.StringVar(&f.hunt.to, "to", "", "read only records before this `time`")
	flags.StringVar(&f.hunt.since, "since", "", "the same as --from with an age, such as `36h`")
	flags.StringVar(&f.hunt.endpoint, "endpoint-url", "", "`URL` of the S3 service, as for the AWS CLI (also AWS_ENDPOINT_URL)")
	addWorkers(flags, &f.hunt.workers, "objects read at once (0: one for each CPU)")
	flags.BoolVar(&f.hunt.noProgress, "no-progress", false, "show no progress bar")
	return cmd
}

func (f *initFlags) run(cmd *cobra.Command, specs []string) error {
	filter, err := f.hunt.filter(time.Now())
	if err != nil {
		return err
	}
	out := &output{target: f.out.file}
	w := cmd.OutOrStdout()
	if f.out.file != "" {
		if out.temp, err = f.out.create(); err != nil {
			return err
		}
		w = out.temp
	}
	defer out.discard()
	h := &hunt{filter: filter, workers: f.hunt.workers, stdin: cmd.InOrStdin(), endpoint: f.hunt.endpoint}
	if h.workers <= 0 {
		h.workers = runtime.GOMAXPROCS(0)
	}
	places := &trailPlaces{}
	h.named = places.see
	bar := startProgress(cmd.ErrOrStderr(), &h.progress, !f.hunt.noProgress)
	err = h.read(cmd.Context(), specs)
	bar.stop()
	if err != nil {
		return interrupted(cmd.Context(), err)
	}
	if len(specs) > 0 && h.counts.records == 0 {
		return usageError("name a folder of CloudTrail logs, or give no SOURCE for an empty draft", "no record of CloudTrail was read from %s%s", plain(strings.Join(specs, ", ")), skippedPieces(len(h.skipped)))
	}
	d := newDraft(h.ledger, h.baseline, triage.Rank(h.ledger, h.baseline, triage.Known{}), places.of)
	if _, err := io.WriteString(w, d.text(h.counts.records, len(h.skipped))); err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	if f.out.file != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s is a draft: edit it, then: bucketlid context check %s\n", plain(f.out.file), plain(f.out.file))
	}
	return nil
}

// skippedPieces tells how much of the sources could not be read.
func skippedPieces(n int) string {
	if n == 0 {
		return ""
	}
	return ": " + counted(n, "piece") + " could not be read; bucketlid hunt tells which and why"
}
