// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/remedy"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

// report judges what was read and writes it, as hunt does.
func (s *scan) report(cmd *cobra.Command, out *output, known triage.Known) error {
	result := s.chosen(triage.Rank(s.logs.ledger, s.logs.baseline, known))
	if err := s.probe(cmd.Context(), result.Alerts); err != nil {
		return err
	}
	compared, err := s.compare(cmd.Context(), &result)
	if err != nil {
		return signIn(interrupted(cmd.Context(), err))
	}
	s.logs.skipped = append(s.logs.skipped, s.unread.messages()...)
	for reason, n := range s.unread.counts {
		s.logs.counts.reasons[reason] += n
	}
	s.logs.tellSkipped(s.others)
	summary := s.logs.summary(result)
	summary.Buckets, summary.AWSConfig, summary.NotLooked = s.buckets, compared, s.unlooked.words(s.flags.objects)
	summary.BucketsPartly = s.partly
	s.others.beside(&result, s.seen(&result), summary)
	config := s.config()
	told(config, known)
	if err := emit(out.handler, config, result, s.logs.skipped, summary); err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	if err := s.kept.done(); err != nil {
		return err
	}
	if !s.flags.quiet {
		s.kept.tell(s.notes)
		options := report.Options{Color: wantColor(s.notes, s.flags.output.noColor), Elapsed: time.Since(s.started)}
		if err := report.WriteSummary(s.notes, *summary, options); err != nil {
			return err
		}
		showCompared(s.notes, compared)
		s.unread.show(s.notes)
		s.adviseOnPermissions()
	}
	if err := s.send(cmd.Context(), result, config, summary); err != nil {
		return err
	}
	return cmp.Or(s.flags.verdict(summary), s.notThere)
}

func (s *scan) config() *report.Config {
	c := s.logs.config(s.flags.with)
	c.Command, c.AccessLogs, c.Findings = "scan", s.flags.accessLogs, s.flags.findings
	if c.Sources == nil {
		c.Sources = []string{}
	}
	c.Accounts = slices.Sorted(slices.Values(s.accounts))
	c.Regions = slices.Sorted(maps.Keys(s.regions))
	read := s.kept.since(s.started).UTC().Truncate(time.Second)
	c.Read = &read
	return c
}

// chosen leaves out what --bucket does not name. Settings of accounts stay:
// they hold for every bucket.
func (s *scan) chosen(r triage.Result) triage.Result {
	if len(s.flags.buckets) == 0 {
		return r
	}
	wanted := set(append(slices.Clone(s.flags.buckets), ""))
	r.Exposures = slices.DeleteFunc(r.Exposures, func(e exposure.Exposure) bool { return !wanted[e.Bucket] })
	r.Alerts = slices.DeleteFunc(r.Alerts, func(a triage.Alert) bool { return !wanted[a.Bucket] })
	return r
}

func (s *scan) adviseOnPermissions() {
	if s.unread.counts["access denied"] > 0 {
		fmt.Fprintln(s.notes, "\nSome settings stay unknown for want of a permission. The IAM policy that lets this scan read everything:\n  bucketlid "+
			strings.Join(append([]string{"scan"}, s.policyFlags()...), " "))
	}
}

// policyFlags are the flags on which the permissions that a scan needs depend.
func (s *scan) policyFlags() []string {
	out := []string{"--print-iam-policy"}
	if s.flags.objects != "none" && s.flags.objects != "" {
		out = append(out, "--objects "+remedy.Shell(s.flags.objects))
	}
	if s.flags.organization {
		out = append(out, "--organization --role-name "+remedy.Shell(s.flags.role))
	}
	if s.flags.awsConfig {
		out = append(out, "--config")
	}
	if len(s.flags.with) > 0 {
		out = append(out, "--with "+remedy.Shell(s.flags.with[0]))
	}
	return out
}

// unreadSet names what could not be read, by reason.
type unreadSet struct {
	counts map[string]int64               // by kind of reason
	pieces map[string]map[string][]string // by kind and reason: the objects
}

// has reports whether something of an object could not be read.
func (u *unreadSet) has(object string) bool {
	for _, reasons := range u.pieces {
		for _, objects := range reasons {
			if slices.Contains(objects, object) {
				return true
			}
		}
	}
	return false
}

// maxUnread is how many objects are named for one reason; the rest is counted.
const maxUnread = 100

func (u *unreadSet) add(object, kind, reason string) {
	if u.counts == nil {
		u.counts, u.pieces = map[string]int64{}, map[string]map[string][]string{}
	}
	if u.pieces[kind] == nil {
		u.pieces[kind] = map[string][]string{}
	}
	u.counts[kind]++
	u.pieces[kind][reason] = append(u.pieces[kind][reason], object)
}

// reasonsTold is how many reasons are told to a person, each with maxShown objects;
// the stream has more.
const reasonsTold = 20

// show names what could not be read, by reason.
func (u *unreadSet) show(w io.Writer) {
	var lines []string
	for kind, reasons := range u.pieces {
		for reason, objects := range reasons {
			slices.Sort(objects)
			more := ""
			if n := len(objects) - maxShown; n > 0 {
				more = fmt.Sprintf(" and %d more", n)
			}
			lines = append(lines, kind+": "+reason+": "+strings.Join(objects[:min(len(objects), maxShown)], ", ")+more)
		}
	}
	if len(lines) == 0 {
		return
	}
	slices.Sort(lines)
	fmt.Fprintln(w, "\nWhat could not be read:")
	for _, line := range lines[:min(len(lines), reasonsTold)] {
		fmt.Fprintln(w, "  "+plain(line))
	}
	if n := len(lines) - reasonsTold; n > 0 {
		fmt.Fprintf(w, "  %d more reasons: -o jsonl tells them\n", n)
	}
}

// messages are the skipped messages of the stream, sorted by object.
func (u *unreadSet) messages() []report.Skipped {
	var out []report.Skipped
	for kind, reasons := range u.pieces {
		for reason, objects := range reasons {
			slices.Sort(objects)
			for _, object := range objects[:min(len(objects), maxUnread)] {
				out = append(out, report.Skipped{Object: object, Offset: -1, Reason: kind + ": " + reason})
			}
			if more := len(objects) - maxUnread; more > 0 {
				out = append(out, report.Skipped{Object: fmt.Sprintf("%d more", more), Offset: -1, Reason: kind + ": " + reason})
			}
		}
	}
	slices.SortFunc(out, func(a, b report.Skipped) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}
