// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"strings"

	"github.com/bucketlid/bucketlid/policy"
)

// SeverityPage is the page of docs/severity.md, made of the tables by which
// alerts are weighed, so that it cannot say something else.
func SeverityPage() string {
	var b strings.Builder
	b.WriteString("# Severity, confidence, suggestion\n\n" +
		"This page is made from the tables in `triage/severity.go` and `triage/suggest.go` (`make golden`). There are no other weights.\n\n" +
		"Severity says how bad it is if it is as it looks. Confidence says how sure it is that it was so: `high` when every guard is known or proved by an outcome, `medium` when a guard was never seen, `low` when the grant itself was not seen.\n\n" +
		"## The level\n\nThe first row that fits gives the level.\n\n| kind | who | access, any of | level | because |\n| --- | --- | --- | --- | --- |\n")
	for _, row := range severityTable {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", row.kind, row.audience.name, accessList(row.access), row.level, row.why)
	}
	b.WriteString("\n## What moves it\n\nEach row that fits moves the level by its steps, in this order, between `critical` and `info`. What was public stays at `low` or above, unless people expect it to be public.\n\n| when | steps | because |\n| --- | --- | --- |\n")
	for _, adjust := range adjustments {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", adjust.when, steps(adjust.by), adjust.why)
	}
	b.WriteString("\n## Red flags\n\nEvidence is strong or weak. Strong outweighs weak; strong against strong, or weak against weak, is `unknown`, and so is none at all.\n\n| flag | question | answered by |\n| --- | --- | --- |\n")
	for _, f := range FlagTable {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.ID, f.Question, f.How)
	}
	b.WriteString("\n## The suggestion\n\nThe first row that fits is proposed. It decides nothing.\n\n| verdict | confidence | when | wrong if |\n| --- | --- | --- | --- |\n")
	for _, row := range suggestionTable {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", row.verdict, row.confidence, row.when, row.wrong)
	}
	fmt.Fprintf(&b, "| `%s` | low | none of these | %s |\n", CannotTell, untold)
	b.WriteString("\nA verdict other than `malicious` is one step less sure, and says why, in these cases; the first that fits counts:\n\n")
	for _, t := range temperings {
		fmt.Fprintf(&b, "- %s\n", t.when)
	}
	return b.String()
}

func accessList(list []policy.Access) string {
	if list == nil {
		return "any"
	}
	words := make([]string, len(list))
	for i, a := range list {
		words[i] = "`" + string(a) + "`"
	}
	return strings.Join(words, ", ")
}

func steps(by int) string {
	if by < 0 {
		return fmt.Sprintf("%d up", -by)
	}
	return fmt.Sprintf("%d down", by)
}
