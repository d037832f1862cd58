// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/report"
)

func newReport() *cobra.Command {
	o := &outputFlags{}
	cmd := &cobra.Command{
		Use: "report FILE", GroupID: "understand", Short: "Render a saved stream (-o jsonl) again in another format",
		Long: "Render a saved stream (-o jsonl) of hunt, scan, investigate or coverage again in another\n" +
			"format: the same as the command itself writes with that -o.",
		Example: "  bucketlid hunt ./AWSLogs -o jsonl --out run.jsonl\n  bucketlid report run.jsonl -o md",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("for example: bucketlid report run.jsonl -o md", "report needs one FILE, or - for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return render(cmd, o, args[0]) },
	}
	o.add(cmd.Flags())
	return cmd
}

func render(cmd *cobra.Command, o *outputFlags, name string) error {
	in := io.NopCloser(cmd.InOrStdin())
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return usageError("give the file that `-o jsonl --out FILE` wrote", "%v", err)
		}
		in = file
	}
	defer in.Close()
	command, stream := report.Saved(in)
	switch command {
	case "coverage":
		return renderCoverage(cmd, o, stream)
	case "investigate":
		return renderInquest(cmd, o, stream)
	}
	out, err := o.open(cmd)
	if err != nil {
		return err
	}
	defer out.discard()
	if err := report.Read(stream, out.handler); err != nil {
		return err
	}
	return out.commit()
}
