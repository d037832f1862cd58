// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/triage"
)

// pageRow is one thing that has a page.
type pageRow struct {
	id, title string
	page      func() (string, error)
}

// newExplainPage is a command that prints the page of a thing, or the list of
// things.
func newExplainPage(kind, plural, example string, rows func() []pageRow) *cobra.Command {
	return &cobra.Command{
		Use: kind + " [NAME]", Short: "Print the page of one of the " + plural + ", or the list of them",
		Example: "  bucketlid explain " + kind + "\n  bucketlid explain " + kind + " " + example,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("see: bucketlid explain "+kind, "explain %s takes one NAME, not %d", kind, len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listPages(cmd, rows())
			}
			return printPage(cmd, kind, plural, rows(), args[0])
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return pageNames(rows()), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func listPages(cmd *cobra.Command, rows []pageRow) error {
	width := 0
	for _, r := range rows {
		width = max(width, len(r.id))
	}
	for _, r := range rows {
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-*s  %s\n", width, r.id, r.title); err != nil {
			return err
		}
	}
	return nil
}

func printPage(cmd *cobra.Command, kind, plural string, rows []pageRow, name string) error {
	for _, r := range rows {
		if r.id == name {
			text, err := r.page()
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		}
	}
	return usageError(plural+": "+strings.Join(pageNames(rows), ", "), "no %s is called %q", strings.ReplaceAll(kind, "-", " "), name)
}

func pageNames(rows []pageRow) []string {
	names := make([]string, 0, len(rows))
	for _, r := range rows {
		names = append(names, r.id)
	}
	return names
}

func newExplainSeverity() *cobra.Command {
	return &cobra.Command{
		Use: "severity", Short: "Print the tables that severity, confidence and suggestion follow", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), triage.SeverityPage())
			return err
		},
	}
}

func routePages() []pageRow {
	var out []pageRow
	for _, r := range exposure.Routes {
		out = append(out, pageRow{string(r.ID), r.Title, r.Page})
	}
	return out
}

func flagPages() []pageRow {
	var out []pageRow
	for _, r := range triage.FlagTable {
		out = append(out, pageRow{r.ID, r.Question, r.Page})
	}
	return out
}

func kindPages() []pageRow {
	var out []pageRow
	for _, k := range triage.KindTable {
		out = append(out, pageRow{string(k.ID), k.Title, k.Page})
	}
	return out
}
