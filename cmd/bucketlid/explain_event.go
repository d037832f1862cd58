// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/trail"
	"github.com/bucketlid/bucketlid/triage"
)

func newExplainEvent() *cobra.Command {
	o := &explainOutput{}
	cmd := &cobra.Command{
		Use: "event FILE|-", Short: "Say what a CloudTrail record changed and meant, by itself",
		Long: "Say what a CloudTrail record changed and meant: who, from where, what came of it, which\n" +
			"setting, what it opens or closes on its own, which alerts it can give, and what one\n" +
			"record alone does not tell.\n\n" +
			"FILE holds one record or several, in any form that hunt reads; - is standard input.\n" +
			"Each is explained by itself: hunt puts records together.",
		Example: "  bucketlid explain event record.json -o table\n" +
			"  aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=PutBucketAcl | bucketlid explain event - -o table",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("for example: bucketlid explain event record.json", "explain event needs one FILE, or - for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return explainEvents(cmd, o, args[0]) },
	}
	o.add(cmd)
	return cmd
}

// maxSkipNotes bounds the notes about what is no record.
const maxSkipNotes = 20

// maxSkips is how much that is no record is passed over: more is another kind of
// file.
const maxSkips = 10_000

func explainEvents(cmd *cobra.Command, o *explainOutput, name string) error {
	w := cmd.OutOrStdout()
	if err := o.settle(w); err != nil {
		return err
	}
	in := io.NopCloser(cmd.InOrStdin())
	if name != "-" {
		file, err := openDocument(name)
		if err != nil {
			return usageError("give a readable file, or - for standard input", "%v", err)
		}
		in = file
	}
	defer in.Close()
	unpacked := ingest.Inflate(in, 0)
	defer unpacked.Close()
	var skipped []trail.Skip
	more := 0
	input := &bounded{from: unpacked, left: maxEvents}
	stats, err := trail.Scan(input, trail.Options{}, func(h *trail.Header, raw []byte) error {
		return oneEvent(cmd.Context(), w, o, h, raw)
	}, func(s trail.Skip) {
		if skipped = append(skipped, s); len(skipped) > maxSkipNotes {
			skipped, more = skipped[:maxSkipNotes], more+1
		}
		if more > maxSkips {
			input.left = 0
		}
	})
	if stats.Records == 0 {
		return noRecord(name, skipped, err)
	}
	for _, s := range skipped {
		fmt.Fprintf(cmd.ErrOrStderr(), "skipped at byte %d: %s\n", s.Offset, plain(s.Reason))
	}
	if more > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d more pieces were skipped\n", more)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// maxEvents bounds what is explained record by record, unpacked.
const maxEvents = 256 << 20

// bounded refuses what goes on after its bound.
type bounded struct {
	from io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("more than %d MiB, or more than %d pieces that are no record: explain event is for single records; for a log use bucketlid hunt", maxEvents>>20, maxSkips)
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// noRecord says why nothing could be explained.
func noRecord(name string, skipped []trail.Skip, err error) error {
	hint := "give a CloudTrail record, or a file of them; for a policy or an ACL alone: bucketlid explain policy, bucketlid explain acl"
	switch {
	case err != nil && errors.Is(err, context.Canceled):
		return err
	case err != nil:
		return usageError(hint, "%s: %v", name, err)
	case len(skipped) > 0:
		return usageError(hint, "%s: no CloudTrail record: at byte %d: %s", name, skipped[0].Offset, skipped[0].Reason)
	}
	return usageError(hint, "%s: no CloudTrail record", name)
}

func oneEvent(ctx context.Context, w io.Writer, o *explainOutput, h *trail.Header, raw []byte) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := judgeEvent(h, raw)
	if o.format == "jsonl" {
		return o.line(w, report.Explanation{Event: &e})
	}
	return report.WriteEvent(w, &e, o.options(w))
}

// judgeEvent explains one record by what hunt would make of it alone.
func judgeEvent(h *trail.Header, raw []byte) report.Event {
	r, err := trail.Decode(raw, h)
	if err != nil {
		e := eventFrom(&trail.Record{EventName: string(h.Name), EventSource: string(h.Source), EventID: string(h.EventID)}, nil, nil)
		e.Outcome, e.Problems = "unclear", append(e.Problems, err.Error())
		e.Effects = append(e.Effects, "not known: the record cannot be read")
		return e
	}
	baseline, ledger := replay.NewBaseline(), replay.NewLedger()
	dated, unread := baseline.Observe(h), ledger.Take(h, raw)
	baseline.Settle()
	changes, uses, found := ledger.Changes(), ledger.Uses(), triage.Rank(ledger, baseline, triage.Known{})
	e := eventFrom(r, changes, uses)
	if !dated {
		e.Problems = append(e.Problems, "eventTime is no date: the record has no place in time")
	}
	if unread != "" {
		e.Problems = append(e.Problems, unread)
	}
	describeChanges(&e, changes)
	describeEffects(&e, changes, found, uses)
	if len(e.Effects) == 0 {
		e.Effects = append(e.Effects, otherEffects(r, len(changes) > 0)...)
	}
	describeAlerts(&e, changes, found)
	return e
}
