// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/triage"
)

func newContext() *cobra.Command {
	cmd := &cobra.Command{
		Use: "context", GroupID: "setup", Short: "Tell what logs do not: whose accounts, networks, people and buckets",
		Example: "  bucketlid context init ./AWSLogs --out context.yaml\n" +
			"  bucketlid context check context.yaml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("see: bucketlid context --help", "there is no command context %s", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newContextCheck(), newContextInit(), newContextSchema())
	return cmd
}

func newContextSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a context file, for editors",
		Example: "  bucketlid context schema > context.schema.json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(triage.ContextSchema())
			return err
		},
	}
}

func newContextCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check FILE", Short: "Check a context file and print what it holds",
		Long: "Check a context file and print what it holds. Every fault is told with its line, column\n" +
			"and the next step; the exit code is then 2. What is odd but not wrong is a warning.",
		Example: "  bucketlid context check context.yaml",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return usageError("for example: bucketlid context check context.yaml", "context check needs one FILE")
		},
		RunE: func(cmd *cobra.Command, args []string) error { return checkContext(cmd, args[0]) },
	}
}

func checkContext(cmd *cobra.Command, path string) error {
	c, err := readContext(path)
	var bad *triage.ContextError
	if errors.As(err, &bad) {
		for _, p := range bad.Problems {
			fmt.Fprintln(cmd.ErrOrStderr(), plain(p.String()))
		}
		return usageError("mend them and check again; docs/context.md tells the form", "%s: %s", path, counted(len(bad.Problems)+bad.More, "problem"))
	}
	if err != nil {
		return err
	}
	for _, p := range c.Warnings(time.Now()) {
		fmt.Fprintln(cmd.ErrOrStderr(), "warning: "+plain(p.String()))
	}
	return printContext(cmd.OutOrStdout(), c)
}

// loadContext reads the file that --context names; "" is none. Where the file
// is faulty, the first fault is told.
func loadContext(path string) (*triage.Context, error) {
	if path == "" {
		return nil, nil
	}
	c, err := readContext(path)
	var bad *triage.ContextError
	if errors.As(err, &bad) {
		return nil, usageError("bucketlid context check "+path+" shows all", "--context: %s (%s)", bad.Problems[0], counted(len(bad.Problems)+bad.More, "problem"))
	}
	return c, err
}

// maxContextFile is more than the reader takes: enough to tell a file that is
// too big from one that is cut.
const maxContextFile = 9 << 20

func readContext(path string) (*triage.Context, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, usageError("name a YAML file", "the context file: %s is no regular file", path) // opening a FIFO would wait for its writer
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, usageError("draft one: bucketlid context init --out "+path, "the context file: %v", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, usageError("name a YAML file", "the context file: %s is no regular file", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxContextFile))
	if err != nil {
		return nil, fmt.Errorf("the context file: %w", err)
	}
	return triage.ReadContext(path, text)
}

// printContext prints what a file holds, one line for each entry.
func printContext(w io.Writer, c *triage.Context) error {
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(plain(fmt.Sprintf(format, args...)) + "\n") }
	line("%s is %s.", c.File, map[bool]string{true: "empty", false: "good"}[c.Empty()])
	for _, o := range c.Organizations {
		line("organization %s: %s", o.Name, counted(len(o.Accounts), "account"))
		for _, a := range o.Accounts {
			line("  %s", strings.TrimSpace(a.ID+" "+a.Alias))
		}
		if o.Usual != nil {
			printUsual(line, "  ", *o.Usual)
		}
	}
	for _, n := range c.Networks {
		line("network %s (%s%s): %s", n.Name, n.Kind, ofOrganization(n.Organization), joined(n.Prefixes))
	}
	for _, p := range c.Principals {
		line("principal %s%s: %s", p.Match, ofOrganization(p.Organization), phrase(p.Role, p.Team, p.Contact, changesWords(p.ChangesS3)))
	}
	for _, t := range c.Trusted {
		line("trusted account %s%s: %s: %s%s", t.ID, ofOrganization(t.Organization), t.Name, t.Why, untilDay(t.Until))
	}
	for _, r := range c.Buckets {
		public := ""
		if r.Public != triage.PublicUnsaid {
			public = "public " + string(r.Public) + untilDay(r.Until)
		}
		line("bucket %s%s: %s", r.Match, ofOrganization(r.Organization), phrase(r.DataClass, r.Owner, public, r.Why))
	}
	for _, s := range c.Sensitive {
		line("sensitive word %s: %s", s.Word, s.Means)
	}
	for _, h := range c.Harmless {
		line("harmless word %s: %s", h.Word, h.Means)
	}
	printUsual(line, "", c.Usual)
	_, err := io.WriteString(w, b.String())
	return err
}

func printUsual(line func(string, ...any), indent string, u triage.Usual) {
	if len(u.Countries) > 0 {
		line("%susual countries: %s", indent, strings.Join(u.Countries, ", "))
	}
	for _, h := range u.Hours {
		days := make([]string, len(h.Days))
		for i, d := range h.Days {
			days[i] = strings.ToLower(d.String()[:3])
		}
		line("%susual hours: %s, %s to %s, %s", indent, strings.Join(days, " "), wallClock(h.From), wallClock(h.To), h.Zone)
	}
}

func wallClock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

func ofOrganization(organization string) string {
	if organization == "" {
		return ""
	}
	return " of " + organization
}

func untilDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ", until " + t.AddDate(0, 0, -1).Format(time.DateOnly)
}

func changesWords(a triage.Answer) string {
	return map[triage.Answer]string{triage.Yes: "changes S3 settings", triage.No: "does not change S3 settings"}[a]
}

// phrase joins what is not empty.
func phrase(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return "nothing said"
	}
	return strings.Join(kept, "; ")
}

func joined[T fmt.Stringer](list []T) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = v.String()
	}
	return strings.Join(texts, ", ")
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
