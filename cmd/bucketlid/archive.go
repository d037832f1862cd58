// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/archive"
)

// defaultArchive is where the archive lies unless told otherwise.
const defaultArchive = "bucketlid-archive"

func newArchive() *cobra.Command {
	root := ""
	cmd := &cobra.Command{
		Use: "archive", GroupID: "setup", Short: "Keep all records as Parquet files, and ask them with SQL",
		Long: "Keep all CloudTrail records, not only those of Amazon S3, as Parquet files by account and\n" +
			"day, and ask them with SQL. DuckDB, Amazon Athena, Trino and Spark read the files too.",
		Example: "  bucketlid archive load ./AWSLogs\n" +
			"  bucketlid archive timeline user ann\n" +
			"  bucketlid archive query \"SELECT event_name, count(*) AS n FROM records GROUP BY ALL ORDER BY n DESC LIMIT 10\"",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("see: bucketlid archive --help", "unknown command %q for archive", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&root, "archive", defaultArchive, "`folder` of the archive, or s3://bucket/prefix")
	cmd.AddCommand(newArchiveLoad(&root), newArchiveTimeline(&root), newArchiveQuery(&root), newArchiveDDL(&root), newArchiveVerify(&root),
		newArchiveCompact(&root), newArchivePrune(&root))
	return cmd
}

func newArchiveDDL(root *string) *cobra.Command {
	engine, table, location, from := "athena", "cloudtrail_archive", "", ""
	cmd := &cobra.Command{
		Use: "ddl", Short: "Print the CREATE TABLE for Amazon Athena, Trino or DuckDB", Args: cobra.NoArgs,
		Example: "  bucketlid archive load --archive s3://my-bucket/archive ./AWSLogs\n" +
			"  bucketlid archive ddl --engine athena --location s3://my-bucket/archive",
		RunE: func(cmd *cobra.Command, _ []string) error {
			first, err := parseWhen("--from", from, time.Now())
			if err != nil {
				return err
			}
			if location == "" {
				location = *root
			}
			text, err := archive.DDL(engine, table, location, first)
			if err != nil {
				return usageError("see: bucketlid archive ddl --help", "%v", err)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&engine, "engine", engine, "for which `engine`: "+strings.Join(archive.Dialects, ", "))
	flags.StringVar(&table, "table", table, "the table's `name`, also schema.name")
	flags.StringVar(&location, "location", "", "where the engine finds the files, as it writes it, such as `s3://bucket/prefix` (default: the archive's folder)")
	flags.StringVar(&from, "from", "2020-01-01", "first `day` that Athena looks for")
	return cmd
}

func newArchiveVerify(root *string) *cobra.Command {
	aside := false
	cmd := &cobra.Command{
		Use: "verify", Short: "Read every file of the archive and compare it with the manifest", Args: cobra.NoArgs,
		Long: "Read every file of the archive to its end: checksum, rows, that each row lies in its folder\n" +
			"and no eventID is there twice. Exits 1 when a file is damaged or missing.\n\n" +
			"With --set-aside damaged files are moved to the archive's folder _damaged, and the next\n" +
			"load of the same logs adds what is missing.",
		RunE: func(cmd *cobra.Command, _ []string) error { return archiveVerify(cmd, *root, aside) },
	}
	cmd.Flags().BoolVar(&aside, "set-aside", false, "take damaged files out of the archive, so that a load can fill the hole")
	return cmd
}

func archiveVerify(cmd *cobra.Command, root string, aside bool) error {
	a, done, err := openVerified(cmd.Context(), root, aside)
	if err != nil {
		return err
	}
	defer done()
	var files, rows, size int64
	faults, err := a.Verify(cmd.Context(), func(f archive.File) {
		files, rows, size = files+1, rows+f.Rows, size+f.Bytes
		if inS3(root) {
			_ = os.Remove(a.Path(f)) // the copy: one file at a time takes room
		}
	})
	if err != nil {
		return interrupted(cmd.Context(), err)
	}
	for _, f := range faults {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: %s (%d records)\n", plain(a.Path(f.File)), plain(f.Reason), f.File.Rows)
	}
	if len(faults) == 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d files, %d records, %s: all as the manifest says\n", files, rows, bytesText(size))
		for _, u := range a.Unread()[:min(len(a.Unread()), shownSkips)] {
			fmt.Fprintf(cmd.ErrOrStderr(), "not read when it was loaded: %s: %s\n", plain(u.Object), plain(u.Reason))
		}
		return nil
	}
	indexes := 0
	for _, f := range faults {
		if f.Index {
			indexes++
		}
	}
	return archiveFaults(cmd, a, faults, aside, files, indexes)
}

// archiveFaults tells what is at fault, or takes it out of the archive.
func archiveFaults(cmd *cobra.Command, a *archive.Archive, faults []archive.Fault, aside bool, files int64, indexes int) error {
	damaged := len(faults) - indexes
	switch {
	case !aside && damaged == 0:
		return &exitError{exitFailed, fmt.Sprintf("%d of %d files have a damaged index; no record is lost, and answers are the same without it", indexes, files),
			"bucketlid archive compact, which writes it again"}
	case !aside:
		return &exitError{exitFailed, fmt.Sprintf("%d of %d files are damaged or missing", damaged, files),
			"bucketlid archive verify --set-aside, then load the same logs again"}
	}
	if err := a.SetAside(faults); err != nil {
		return err
	}
	if indexes > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d damaged indexes were taken out; bucketlid archive compact writes them again\n", indexes)
	}
	if damaged > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d files were taken out of the archive; load the same logs again to fill the hole\n", damaged)
	}
	return nil
}

// openVerified opens an archive whose files are to be read. One in S3 is read
// from there, not from what was copied before.
func openVerified(ctx context.Context, root string, aside bool) (a *archive.Archive, done func(), err error) {
	switch {
	case aside && inS3(root):
		return nil, nil, usageError("copy the archive to a folder (aws s3 sync), set aside there, and copy it back", "verify --set-aside is not available for an archive in S3")
	case aside:
		w, err := changeArchive(ctx, root)
		if err != nil {
			return nil, nil, err
		}
		return w.Archive, w.Close, nil
	case !inS3(root):
		a, err := openArchive(ctx, root)
		if err != nil {
			return nil, nil, err
		}
		return a, a.Close, nil
	}
	dir, err := os.MkdirTemp("", "bucketlid-verify-*")
	if err != nil {
		return nil, nil, fmt.Errorf("make a folder for copies: %w", err)
	}
	if a, err = openCopied(ctx, root, dir); err != nil {
		_ = os.RemoveAll(dir)
		return nil, nil, err
	}
	return a, func() { a.Close(); _ = os.RemoveAll(dir) }, nil
}

func newArchiveCompact(root *string) *cobra.Command {
	return &cobra.Command{
		Use: "compact", Short: "Merge the small files of each account and day", Args: cobra.NoArgs,
		Long: "Merge the small files of each account and day, and write the indexes that files lack: of\n" +
			"archives of older versions, or where an index is damaged.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := changeArchive(cmd.Context(), *root)
			if err != nil {
				return err
			}
			defer a.Close()
			done, err := a.Compact(cmd.Context(), nil, 0)
			indexes := 0
			if err == nil {
				indexes, err = a.Reindex(cmd.Context())
			}
			if err == nil {
				a.summarize(cmd.Context(), cmd.ErrOrStderr())
				err = a.push(cmd.Context(), true)
			}
			if err != nil {
				return interrupted(cmd.Context(), err)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%d files became %d\n", done.Before, done.After)
			if indexes > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "%d indexes were written for files that had none that could be used\n", indexes)
			}
			return nil
		},
	}
}

func newArchivePrune(root *string) *cobra.Command {
	older, dry := "", false
	cmd := &cobra.Command{
		Use: "prune", Short: "Delete the records of days long past", Args: cobra.NoArgs,
		Long: "Delete the records of days that ended before a time. Whole days go; records whose day is\n" +
			"unknown stay. The next load of the same logs does not bring them back.",
		Example: "  bucketlid archive prune --older-than 400d --dry-run",
		RunE:    func(cmd *cobra.Command, _ []string) error { return archivePrune(cmd, *root, older, dry) },
	}
	cmd.Flags().StringVar(&older, "older-than", "", "delete days that ended before this `time` (age such as 400d, date, RFC 3339)")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only tell what would be deleted")
	return cmd
}

func archivePrune(cmd *cobra.Command, root, older string, dry bool) error {
	if older == "" {
		return usageError("for example: --older-than 400d", "prune needs --older-than")
	}
	than, err := parseWhen("--older-than", older, time.Now())
	if err != nil {
		return err
	}
	a, err := changeArchive(cmd.Context(), root)
	if err != nil {
		return err
	}
	defer a.Close()
	files := a.Older(than)
	var rows, size int64
	for _, f := range files {
		rows, size = rows+f.Rows, size+f.Bytes
	}
	said := "deleted"
	if dry {
		said = "would be deleted"
	} else if err := errors.Join(a.Prune(files), a.push(cmd.Context(), false)); err != nil {
		return interrupted(cmd.Context(), err)
	} else {
		a.summarize(cmd.Context(), cmd.ErrOrStderr())
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%d files with %d records (%s) of days before %s %s\n", len(files), rows, bytesText(size), than.Format(time.RFC3339), said)
	return nil
}

// bytesText is a size for people.
func bytesText(n int64) string {
	size, unit := float64(n), 0
	for size >= 1000 && unit < 4 {
		size, unit = size/1000, unit+1
	}
	name := []string{"bytes", "kB", "MB", "GB", "TB"}[unit]
	if unit == 0 {
		return fmt.Sprintf("%d %s", n, name)
	}
	return fmt.Sprintf("%.1f %s", size, name)
}
