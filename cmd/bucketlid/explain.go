// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/exposure"
)

func newExplain() *cobra.Command {
	cmd := &cobra.Command{
		Use: "explain", GroupID: "understand", Short: "Explain the routes that a report names",
		Example: "  bucketlid explain route bucket-acl",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("see: bucketlid explain --help", "there is nothing called %q to explain", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use: "route [NAME]", Short: "Print the page of a route, or the list of routes",
		Example: "  bucketlid explain route\n  bucketlid explain route bucket-acl",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listRoutes(cmd)
			}
			return printRoute(cmd, args[0])
		},
	})
	return cmd
}

func listRoutes(cmd *cobra.Command) error {
	for _, r := range exposure.Routes {
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-34s %s\n", r.ID, r.Title); err != nil {
			return err
		}
	}
	return nil
}

func printRoute(cmd *cobra.Command, name string) error {
	var names []string
	for _, r := range exposure.Routes {
		if string(r.ID) == name {
			page, err := r.Page()
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), page)
			return err
		}
		names = append(names, string(r.ID))
	}
	return usageError("routes: "+strings.Join(names, ", "), "no route is called %q", name)
}
