// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/internal/gentrail"
)

func newDemo() *cobra.Command {
	f := &huntFlags{}
	dir := ""
	cmd := &cobra.Command{
		Use: "demo", GroupID: "setup", Short: "Write the logs of a made-up company and hunt over them",
		Example: "  bucketlid demo\n  bucketlid demo --dir ./demo-logs -o md",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			target, err := demoFolder(dir)
			if err != nil {
				return err
			}
			logs, context, err := writeDemo(target)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "The logs of a made-up company are in %s\nbucketlid hunt %s --context %s\n\n", target, logs, context)
			f.known.context = context
			return f.run(cmd, []string{logs})
		},
	}
	f.output.add(cmd.Flags())
	cmd.Flags().StringVar(&dir, "dir", "", "write logs and context file to this new `folder` (default: a new one below the system's folder for temporary files)")
	cmd.Flags().BoolVar(&f.noProgress, "no-progress", false, "show no progress bar")
	return cmd
}

// writeDemo writes the logs, and beside them what the company's people know.
func writeDemo(target string) (logs, context string, err error) {
	logs, context = filepath.Join(target, "logs"), filepath.Join(target, "context.yaml")
	if _, err := gentrail.Company(logs); err != nil {
		return "", "", fmt.Errorf("write the demo logs: %w", err)
	}
	if err := os.WriteFile(context, gentrail.CompanyContext, 0o644); err != nil {
		return "", "", fmt.Errorf("write the demo's context file: %w", err)
	}
	return logs, context, nil
}

// demoFolder is a folder of our own: never one that holds something already.
func demoFolder(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "bucketlid-demo-")
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return "", usageError("name a new folder", "--dir: %s is not empty", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", usageError("name a folder that can be made", "--dir: %v", err)
	}
	return filepath.Clean(dir), nil
}
