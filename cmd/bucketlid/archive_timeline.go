// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/investigate"
	"github.com/bucketlid/bucketlid/trail"
)

// archiveTimeline is one run of archive timeline.
type archiveTimeline struct {
	root   *string
	narrow huntFlags // its flags that narrow what is read
	format string
	limit  int
	last   bool
	quiet  bool
}

// timelineRows is how many calls a table shows unless told otherwise.
const timelineRows = 200

// eventKind is what archive timeline follows beside investigate's kinds.
const eventKind = "event"

var timelineKinds = []string{string(investigate.User), string(investigate.IP), string(investigate.Bucket), eventKind}

func newArchiveTimeline(root *string) *cobra.Command {
	t := &archiveTimeline{root: root}
	cmd := &cobra.Command{
		Use: "timeline KIND X", Short: "List the calls of a user, an address or a bucket, one a row",
		Long: "List the calls of one user, address or bucket by time, one a row, with columns that\n" +
			"archive query has too. The indexes find them: it takes no engine, and waits for nothing but\n" +
			"the days that are shown. investigate follows the same subjects, and answers questions.\n\n" +
			"KIND is user, ip, bucket or event. X is given as for investigate; of an event, its eventID.",
		Example: "  bucketlid archive timeline user ann\n" +
			"  bucketlid archive timeline bucket my-bucket --from 2026-08-03T14:00:00Z --limit 50\n" +
			"  bucketlid archive timeline ip 203.0.113.0/24 -o csv",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 || !slices.Contains(timelineKinds, args[0]) {
				return usageError("kinds: "+strings.Join(timelineKinds, ", ")+"; for example: bucketlid archive timeline user ann", "timeline needs a kind and one name")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return t.run(cmd, args[0], args[1]) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&t.format, "output", "o", "", "output `format`: table, jsonl, csv (default: table on a terminal, else jsonl)")
	flags.StringSliceVar(&t.narrow.accounts, "account", nil, "only these `accounts`' records (12 digits, comma-separated)")
	flags.StringVar(&t.narrow.from, "from", "", "only calls from this `time` on (RFC 3339, date, or age such as 36h or 7d)")
	flags.StringVar(&t.narrow.to, "to", "", "only calls before this `time`")
	flags.StringVar(&t.narrow.since, "since", "", "the same as --from with an age, such as `36h`")
	flags.IntVar(&t.limit, "limit", -1, fmt.Sprintf("show so `many` calls; 0 shows all (default: %d in a table, else all)", timelineRows))
	flags.BoolVar(&t.last, "last", false, "show the last calls instead of the first")
	flags.BoolVarP(&t.quiet, "quiet", "q", false, "print no notes")
	return cmd
}

func (t *archiveTimeline) run(cmd *cobra.Command, kind, text string) error {
	narrow, err := t.narrow.filter(time.Now())
	if err != nil {
		return err
	}
	filter := archive.Filter{Accounts: narrow.Accounts, From: narrow.From, To: narrow.To, Newest: t.last}
	notes := &timelineNotes{t: t, cmd: cmd}
	if kind == eventKind {
		filter.EventID = text
		filter.Search = &archive.Search{Takes: func(*trail.Header, []byte) bool { return true }}
	} else if filter.Search, err = searchOf(investigate.Kind(kind), text, notes.unusable); err != nil {
		return err
	}
	if t.format == "" && isTerminal(cmd.OutOrStdout()) {
		t.format = "table"
	}
	if t.limit < 0 && t.format == "table" {
		t.limit = timelineRows
	}
	out, err := newRowWriter(t.format, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	a, err := openArchive(cmd.Context(), *t.root)
	if err != nil {
		return err
	}
	defer a.Close()
	shown, more, err := t.write(cmd, a, filter, out)
	if err != nil {
		return interrupted(cmd.Context(), err)
	}
	notes.end(a, shown, more)
	return nil
}

// searchOf finds the records of a subject as investigate does.
func searchOf(kind investigate.Kind, text string, unusable func(error)) (*archive.Search, error) {
	subject, err := investigate.Parse(kind, text)
	if err != nil {
		return nil, subjectError(err)
	}
	s := &archive.Search{Takes: subject.Matches, Unusable: unusable}
	if kind == investigate.Bucket {
		s.Needle = subject.Text
	}
	s.Rows = func(x *archive.Index) (found, near archive.Rows, known bool, err error) { return rowsOf(x, &subject) }
	return s, nil
}

// write writes the calls, and tells the time of the first one beyond the limit.
func (t *archiveTimeline) write(cmd *cobra.Command, a *archive.Archive, f archive.Filter, out rowWriter) (shown int, more *time.Time, err error) {
	var latest []archive.Event // with --last, of which the earliest is to be written first
	if err := out.head(timelineColumns[:t.columns()]); err != nil {
		return 0, nil, err
	}
	for e, err := range a.Timeline(cmd.Context(), f) {
		switch {
		case err != nil:
			return shown, nil, err
		case t.limit > 0 && shown == t.limit:
			more = &e.Time
		case t.last:
			latest = append(latest, e)
		default:
			if err := out.row(t.row(&e)); err != nil {
				return shown, nil, err
			}
		}
		if more != nil {
			break
		}
		shown++
	}
	for _, e := range slices.Backward(latest) {
		if err := out.row(t.row(&e)); err != nil {
			return shown, nil, err
		}
	}
	return shown, more, out.end()
}

// timelineColumns are columns of the archive; a table has the first tableColumns
// of them.
var timelineColumns = []string{"event_time", "event_name", "error_code", "user_name", "invoked_by", "source_ip", "bucket", "object_key", "region", "account",
	"event_id", "principal", "access_key_id", "user_agent", "event_source", "source_file", "source_offset"}

const tableColumns = 11

// columns is how many columns are shown.
func (t *archiveTimeline) columns() int {
	if t.format == "table" {
		return tableColumns
	}
	return len(timelineColumns)
}

func (t *archiveTimeline) row(e *archive.Event) []any {
	c := &e.Columns
	values := []any{nil, c.EventName, c.ErrorCode, c.UserName, c.InvokedBy, c.SourceIP, c.Bucket, string(c.ObjectKey), c.Region, e.Account,
		e.EventID, c.Principal, c.AccessKeyID, c.UserAgent, c.EventSource, c.SourceFile, c.SourceOffset}
	for i, v := range values {
		if v == "" && t.format != "table" { // where most cells are empty, and blank
			values[i] = nil
		}
	}
	if !e.Time.IsZero() {
		values[0] = e.Time
	}
	return values[:t.columns()]
}

// timelineNotes tells what a timeline itself does not.
type timelineNotes struct {
	t   *archiveTimeline
	cmd *cobra.Command
	mu  sync.Mutex
}

func (n *timelineNotes) say(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.t.quiet {
		fmt.Fprintln(n.cmd.ErrOrStderr(), plain("note: "+fmt.Sprintf(format, args...)))
	}
}

// unusable tells of an index that is not used. Several goroutines call it.
func (n *timelineNotes) unusable(err error) { n.say("%v", err) }

func (n *timelineNotes) end(a *archive.Archive, shown int, more *time.Time) {
	switch {
	case more != nil && n.t.last:
		n.say("these are the last %d; more came before, the latest at %s: --limit 0 shows all, --to those before a time", shown, more.Format(time.RFC3339))
	case more != nil:
		n.say("these are the first %d; more follow, from %s on: --limit 0 shows all, --from those since a time, --last the last", shown, more.Format(time.RFC3339))
	case shown == 0:
		n.say("nothing in the archive matches")
	}
	if pieces := len(a.Unread()); pieces > 0 {
		n.say("%d pieces of log objects could not be read when they were loaded, and a call may be in them: bucketlid archive verify names them", pieces)
	}
	tellOtherVersions(n.say, a, a.Files())
}

// tellOtherVersions tells of indexes that another version wrote: their files are
// read instead.
func tellOtherVersions(say func(format string, args ...any), a *archive.Archive, files []archive.File) {
	other := 0
	for i := range files {
		if files[i].Index != nil && !a.HasIndex(&files[i]) {
			other++
		}
	}
	if other > 0 {
		say("the indexes of %d of %d files were written by another version and are not used; answers are the same without them, and slower: run bucketlid archive compact, which writes them again", other, len(files))
	}
}
