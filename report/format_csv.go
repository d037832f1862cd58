// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/triage"
)

// csvColumn is one column of the CSV form. The names are an agreement with
// people's spreadsheets: new ones go to the end, none is renamed. The five
// fields of CloudTrail keep CloudTrail's spelling.
type csvColumn struct {
	name  string
	value func(*triage.Alert) string
}

var csvColumns = []csvColumn{
	{"severity", func(a *triage.Alert) string { return string(a.Severity) }},
	{"kind", func(a *triage.Alert) string { return string(a.Kind) }},
	{"state", func(a *triage.Alert) string { return string(a.State) }},
	{"certainty", func(a *triage.Alert) string { return string(a.Certainty) }},
	{"userName", func(a *triage.Alert) string { return a.UserName }},
	{"sourceIPAddress", func(a *triage.Alert) string { return a.SourceIPAddress }},
	{"bucketName", func(a *triage.Alert) string { return a.BucketName }},
	{"URI", func(a *triage.Alert) string { return a.URI }},
	{"Permission", func(a *triage.Alert) string { return a.Permission }},
	{"title", func(a *triage.Alert) string { return a.Title }},
	{"id", func(a *triage.Alert) string { return a.ID }},
	{"account", func(a *triage.Alert) string { return a.Account }},
	{"region", func(a *triage.Alert) string { return a.Region }},
	{"bucket", func(a *triage.Alert) string { return a.Bucket }},
	{"key", func(a *triage.Alert) string { return cmp.Or(a.Key, strings.Join(a.Keys, "\n")) }},
	{"access_point", func(a *triage.Alert) string { return a.AccessPoint }},
	{"route", func(a *triage.Alert) string { return a.Route }},
	{"audience", func(a *triage.Alert) string { return string(a.Audience) }},
	{"principals", func(a *triage.Alert) string { return list(a.Principals) }},
	{"access", func(a *triage.Alert) string { return joined(a.Access, listSep) }},
	{"blocked_by", func(a *triage.Alert) string { return list(a.BlockedBy) }},
	{"opened_at", func(a *triage.Alert) string { return rfc3339(a.OpenedAt) }},
	{"closed_at", func(a *triage.Alert) string { return rfc3339(a.ClosedAt) }},
	{"seconds_open", secondsOpen},
	{"arn", func(a *triage.Alert) string { return opener(a).ARN }},
	{"user_agent", func(a *triage.Alert) string { return opener(a).UserAgent }},
	{"event_name", func(a *triage.Alert) string { return opener(a).EventName }},
	{"event_id", func(a *triage.Alert) string { return opener(a).EventID }},
	{"event_time", func(a *triage.Alert) string { return rfc3339(opener(a).EventTime) }},
	{"closed_by", closedBy},
	{"confidence", func(a *triage.Alert) string { return a.Confidence }},
	{"severity_why", func(a *triage.Alert) string { return a.SeverityWhy }},
	{"flag_source_ip", flagColumn("source-ip")},
	{"flag_user_behaviour", flagColumn("user-behaviour")},
	{"flag_bucket_name", flagColumn("bucket-name")},
	{"flag_permission", flagColumn("permission")},
	{"suggestion", suggested},
	{"access_seen", func(a *triage.Alert) string { return a.AccessSeen.Verdict }},
	{"access_seen_requests", func(a *triage.Alert) string { return strconv.FormatInt(a.AccessSeen.Requests, 10) }},
	{"access_seen_why", func(a *triage.Alert) string { return a.AccessSeen.Why }},
	{"reasons", func(a *triage.Alert) string { return list(a.Reasons) }},
	{"unknowns", func(a *triage.Alert) string { return list(a.Unknowns) }},
	{"witness", witness},
	{"elsewhere", func(a *triage.Alert) string { return list(elsewhere(a)) }},
	{"probe", probed},
}

// listSep parts the items of a list in one cell. It is no separator that a
// spreadsheet splits at.
const listSep = " | "

func list(items []string) string { return strings.Join(items, listSep) }

func rfc3339(t *time.Time) string {
	if t == nil {
		return ""
	}
	return normalTime(*t).Format(time.RFC3339)
}

// secondsOpen is the length of a window of which both ends were seen.
func secondsOpen(a *triage.Alert) string {
	if a.OpenedAt == nil || a.ClosedAt == nil || a.ClosedAt.Before(*a.OpenedAt) {
		return ""
	}
	return strconv.FormatInt(int64(a.ClosedAt.Sub(*a.OpenedAt)/time.Second), 10)
}

func closedBy(a *triage.Alert) string {
	if a.ClosedBy == nil {
		return ""
	}
	return cmp.Or(a.ClosedBy.UserName, a.ClosedBy.ARN, a.ClosedBy.Type)
}

func suggested(a *triage.Alert) string {
	if a.Suggestion == nil {
		return ""
	}
	return a.Suggestion.Verdict
}

// flagColumn is the answer of a flag; a flag that is missing is unknown.
func flagColumn(id string) func(*triage.Alert) string {
	return func(a *triage.Alert) string {
		for _, f := range a.Flags {
			if f.ID == id {
				return string(f.Answer)
			}
		}
		return string(triage.Cannot)
	}
}

// csvHandler writes one record per alert as it comes.
type csvHandler struct {
	w       *csv.Writer
	started bool
}

func newCSV(w io.Writer, _ Options) Handler {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	return &csvHandler{w: out}
}

func (c *csvHandler) Handle(m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	if err := c.start(); err != nil || m.Alert == nil {
		return err
	}
	row := make([]string, len(csvColumns))
	for i, column := range csvColumns {
		row[i] = CSVText(column.value(m.Alert))
	}
	return c.w.Write(row)
}

// start writes the header, also of a stream without alerts.
func (c *csvHandler) start() error {
	if c.started {
		return nil
	}
	c.started = true
	names := make([]string, len(csvColumns))
	for i, column := range csvColumns {
		names[i] = column.name
	}
	return c.w.Write(names)
}

func (c *csvHandler) Close() error {
	if err := c.start(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}
