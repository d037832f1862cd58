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
	{"html", "a report as one file for the browser and for paper", newHTML},
	{"ocsf", "one OCSF " + ocsfVersion + " Detection Finding (class 2004) a line for each alert", newOCSF},
	{"asff", "a JSON list of AWS Security Findings, as Security Hub imports them", newASFF},
}
