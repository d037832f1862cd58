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
			if _, err := gentrail.Company(target); err != nil {
				return fmt.Errorf("write the demo logs: %w", err)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "The logs of a made-up company are in %s\nbucketlid hunt %s\n\n", target, target)
			return f.run(cmd, []string{target})
		},
	}
	f.output.add(cmd.Flags())
	cmd.Flags().StringVar(&dir, "dir", "", "write the logs to this new `folder` (default: a new one below the system's folder for temporary files)")
	cmd.Flags().BoolVar(&f.noProgress, "no-progress", false, "show no progress bar")
	return cmd
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
