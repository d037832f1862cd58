// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/bucketlid/bucketlid/triage"
)

// maxDifferences is how many disagreements with AWS Config a report for people
// names, and how many buckets of one kind.
const maxDifferences = 20

// ConfigHead is in one line where AWS Config and this program agree.
func ConfigHead(c *triage.Compared) string {
	head := fmt.Sprintf("AWS Config and bucketlid: agreed %d, disagreed %d, not known to one of them %d, buckets not evaluated by AWS Config %d",
		c.Agree, len(c.Disagree), c.Undecided, len(c.NotEvaluated))
	if n := c.UnreadBuckets(); n > 0 {
		head += fmt.Sprintf(", not known whether evaluated %d", n)
	}
	return head
}

// configWords are the lines behind it: what could not be read first, then where
// they disagree, then what AWS Config says nothing of.
func configWords(c *triage.Compared) []string {
	var out []string
	for _, g := range c.Unread {
		out = append(out, g.String())
	}
	for _, d := range c.Disagree[:min(len(c.Disagree), maxDifferences)] {
		out = append(out, fmt.Sprintf("%s: AWS Config says %s by %s; bucketlid: %s; %s", d.Bucket, d.Says, d.Rule, d.Ours, cmp.Or(d.Why, "no reason known")))
		if d.Recorded != "" {
			out = append(out, d.Bucket+": "+d.Recorded)
		}
	}
	if more := len(c.Disagree) - maxDifferences; more > 0 {
		out = append(out, fmt.Sprintf("and %d more disagreements (-o jsonl has all, in its summary)", more))
	}
	if n := len(c.NotEvaluated); n > 0 {
		text := "not evaluated by AWS Config: " + strings.Join(c.NotEvaluated[:min(n, maxDifferences)], ", ")
		if n > maxDifferences {
			text += fmt.Sprintf(" and %d more", n-maxDifferences)
		}
		out = append(out, text)
	}
	return out
}

// awsConfig tells it below a table.
func (c *collector) awsConfig(b *strings.Builder) {
	if c.summary == nil || c.summary.AWSConfig == nil {
		return
	}
	b.WriteByte('\n')
	c.paragraph(b, ConfigHead(c.summary.AWSConfig)+".")
	for _, text := range configWords(c.summary.AWSConfig) {
		c.paragraph(b, "  "+text)
	}
}

// mdConfig tells it in Markdown.
func (c *collector) mdConfig(b *strings.Builder) {
	if c.summary == nil || c.summary.AWSConfig == nil {
		return
	}
	b.WriteString("\n## AWS Config beside this\n\n" + mdText(ConfigHead(c.summary.AWSConfig)+".") + "\n\n")
	for _, text := range configWords(c.summary.AWSConfig) {
		b.WriteString("- " + mdText(text) + "\n")
	}
}

// htmlConfig are the lines of the page's section; none where it was not asked.
func htmlConfig(s *Summary) []string {
	if s.AWSConfig == nil {
		return nil
	}
	return append([]string{ConfigHead(s.AWSConfig)}, configWords(s.AWSConfig)...)
}
