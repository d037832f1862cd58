// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/cobra"
)

func newExplain() *cobra.Command {
	cmd := &cobra.Command{
		Use: "explain", GroupID: "understand", Short: "Explain a policy, an ACL, a CloudTrail record, or a word of a report",
		Example: "  bucketlid explain policy policy.json -o table\n" +
			"  bucketlid explain acl --canned public-read\n" +
			"  bucketlid explain event record.json -o table\n" +
			"  bucketlid explain route bucket-acl",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("there are: policy, acl, event, route, flag, alert-kind; see: bucketlid explain --help", "there is nothing called %q to explain", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newExplainPolicy(), newExplainACL(), newExplainEvent(),
		newExplainPage("route", "routes", "bucket-acl", routePages),
		newExplainPage("flag", "flags", "source-ip", flagPages),
		newExplainPage("alert-kind", "alert kinds", "latent", kindPages),
		newExplainSeverity(),
	)
	return cmd
}
