// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// column is one column of a grid. Cells are text already made harmless.
type column struct {
	head  string
	cells []string
	each  []string // what stands for a cell that does not fit, one by one
	brief *column  // what stands for the whole column where the grid is too wide
	tight bool     // take brief only where the grid could not be read otherwise
	max   int      // the width above which it is shortened in any case; 0 is none
	good  int      // the width below which it is tiring to read
	min   int      // the width below which it cannot be read
	rank  int      // what is left out first has the highest; 0 is never left out
	paint func(row int) paint
	width int
}

const columnGap = 2

// measure sets a column to its natural width.
func (c *column) measure() {
	c.width = textWidth(c.head)
	for _, cell := range c.cells {
		c.width = max(c.width, textWidth(cell))
	}
	if c.max > 0 {
		c.width = min(c.width, c.max)
	}
}

func (c *column) natural() int  { return c.width }
func (c *column) pleasant() int { return min(c.good, c.width) }
func (c *column) least() int    { return min(c.min, c.width) }

// expendable is the rank from which a column is left out so that the others
// are pleasant to read; below it only so that they can be read at all.
const expendable = 3

// fit brings columns to a width: by their brief forms, then by leaving columns
// out, then by shortening what is widest. It gives the columns that stay and
// the heads of those left out. Width 0 is unlimited.
func fit(columns []*column, width int) (kept []*column, dropped []string) {
	for _, c := range columns {
		c.measure()
	}
	if width <= 0 {
		return columns, nil
	}
	if total(columns, (*column).natural) > width {
		shorten(columns, false)
	}
	if total(columns, (*column).natural) <= width {
		return columns, nil
	}
	columns, dropped = leaveOut(columns, width, expendable, (*column).pleasant, nil)
	if total(columns, (*column).least) > width {
		shorten(columns, true)
	}
	columns, dropped = leaveOut(columns, width, 1, (*column).least, dropped)
	shrink(columns, width)
	return columns, dropped
}

// shorten takes the brief form of the columns that have one.
func shorten(columns []*column, tight bool) {
	for _, c := range columns {
		if c.brief != nil && c.tight == tight {
			c.head, c.cells = c.brief.head, c.brief.cells
			c.measure()
		}
	}
}

// text is what stands in a row, at most as wide as the column; row -1 is the head.
func (c *column) text(row int) string {
	if row < 0 {
		return middle(c.head, c.width)
	}
	text := c.cells[row]
	if c.each != nil && textWidth(text) > c.width {
		text = c.each[row]
	}
	return middle(text, c.width)
}

// leaveOut drops columns of at least a rank until the rest has the width that
// measure asks for.
func leaveOut(columns []*column, width, rank int, measure func(*column) int, dropped []string) ([]*column, []string) {
	for total(columns, measure) > width {
		last := 0
		for i, c := range columns {
			if c.rank > columns[last].rank {
				last = i
			}
		}
		if columns[last].rank < rank {
			break
		}
		dropped = append(dropped, columns[last].head)
		columns = slices.Delete(slices.Clone(columns), last, last+1)
	}
	return columns, dropped
}

func total(columns []*column, measure func(*column) int) int {
	sum := columnGap * (len(columns) - 1)
	for _, c := range columns {
		sum += measure(c)
	}
	return sum
}

// shrink takes the width that is too much from the columns that are most above
// what they need, and where that is not enough from the widest.
func shrink(columns []*column, width int) {
	for _, c := range columns {
		c.width = max(c.least(), min(c.width, width))
	}
	spare := func(c *column) int { return c.width - c.min }
	for over := total(columns, (*column).natural) - width; over > 0; over-- {
		c := largest(columns, spare)
		if spare(c) <= 0 {
			c = largest(columns, (*column).natural)
		}
		c.width = max(c.width-1, 1)
	}
}

func largest(columns []*column, measure func(*column) int) *column {
	return slices.MaxFunc(columns, func(a, b *column) int { return cmp.Compare(measure(a), measure(b)) })
}

// draw writes the head and the rows. Nothing is padded at the end of a line.
func draw(b *strings.Builder, columns []*column, rows int, o Options) {
	for row := -1; row < rows; row++ {
		pad := 0
		for _, c := range columns {
			text, p := c.text(row), paintHead
			if row >= 0 {
				p = nil
				if c.paint != nil {
					p = c.paint(row)
				}
			}
			b.WriteString(strings.Repeat(" ", pad))
			b.WriteString(o.apply(p, text))
			pad = c.width - textWidth(text) + columnGap
		}
		b.WriteByte('\n')
	}
}

// wrap breaks text at blanks into lines of a width. A word that is longer is
// broken where it must be. Width 0 is unlimited.
func wrap(text string, width int) []string {
	if width <= 0 {
		return []string{text}
	}
	var lines []string
	line := ""
	for _, word := range words(text) {
		if line != "" && textWidth(line)+1+textWidth(word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		if textWidth(word) > width {
			pieces := broken(word, width)
			lines, word = append(lines, pieces[:len(pieces)-1]...), pieces[len(pieces)-1]
		}
		line = word
	}
	return append(lines, line)
}

// words parts text at blanks, but not the groups of a number.
func words(text string) []string {
	var out []string
	for _, word := range strings.Fields(text) {
		last := len(out) - 1
		if last >= 0 && digits(out[last][max(0, len(out[last])-1):]) == 1 && digits(word) == 3 {
			out[last] += " " + word
			continue
		}
		out = append(out, word)
	}
	return out
}

// digits counts the digits with which text begins.
func digits(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }

// textWidth is how many cells of a terminal text takes.
func textWidth(s string) int { return ansi.StringWidth(s) }

// middle shortens text to a width by an ellipsis behind two thirds: both the
// head of a name and its end tell it from others.
func middle(s string, width int) string {
	if textWidth(s) <= width {
		return s
	}
	if width < 1 {
		return ""
	}
	clusters, widths := split(s)
	right := (width - 1) / 3
	left := width - 1 - right
	head, i := 0, 0
	for ; i < len(clusters) && head+widths[i] <= left; i++ {
		head += widths[i]
	}
	tail, j := 0, len(clusters)
	for ; j > i && tail+widths[j-1] <= right; j-- {
		tail += widths[j-1]
	}
	return strings.Join(clusters[:i], "") + "…" + strings.Join(clusters[j:], "")
}

// end shortens text to a width by an ellipsis at its end.
func end(s string, width int) string {
	if width <= 0 || textWidth(s) <= width {
		return s
	}
	return ansi.Truncate(s, width, "…")
}

// split parts text into what is drawn as one character each, with its width.
func split(s string) (clusters []string, widths []int) {
	for s != "" {
		cluster, width := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		if cluster == "" {
			break
		}
		clusters, widths = append(clusters, cluster), append(widths, width)
		s = s[len(cluster):]
	}
	return clusters, widths
}

// broken parts a word into pieces of at most a width, one for each character that
// is wider.
func broken(word string, width int) []string {
	clusters, widths := split(word)
	var out []string
	start, taken := 0, 0
	for i, w := range widths {
		if taken+w > width && i > start {
			out = append(out, strings.Join(clusters[start:i], ""))
			start, taken = i, 0
		}
		taken += w
	}
	return append(out, strings.Join(clusters[start:], ""))
}
