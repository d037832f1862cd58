// SPDX-License-Identifier: Apache-2.0

package report

import "io"

// Format is one row of the table of output formats.
type Format struct {
	ID    string // the value of -o
	Title string
	New   func(w io.Writer, o Options) Handler
}

// Formats lists every output format.
var Formats = []Format{
	{"table", "one row per alert, then the worst in words", newTable},
	{"wide", "one row per alert with every column, never shortened to the terminal", newWide},
	{"jsonl", "the message stream " + Schema + ", one JSON object a line", newJSONL},
	{"csv", "one row per alert for spreadsheets (RFC 4180)", newCSV},
	{"md", "a report in GitHub-flavoured Markdown", newMarkdown},
}
