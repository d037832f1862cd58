// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"strings"
)

// Problem is one fault of a file, with its place and the next step.
type Problem struct {
	File         string
	Line, Column int // from 1; 0: the whole file
	What         string
	Next         string
}

// String is "file:line:column: what; next".
func (p Problem) String() string {
	place := p.File
	if p.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
	if p.Next == "" {
		return place + ": " + p.What
	}
	return place + ": " + p.What + "; " + p.Next
}

// ContextError holds the problems that keep a file from being read, in the
// order of their places. More counts those beyond the first hundred.
type ContextError struct {
	Problems []Problem
	More     int
}

// Error is one line for each problem.
func (e *ContextError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more problems", e.More))
	}
	return strings.Join(lines, "\n")
}

// nearest finds the word that was probably meant: at most a third of its
// letters differ. "" when none is near.
func nearest(word string, words []string) string {
	best, least := "", 1000
	word = strings.ToLower(word[:min(len(word), 64)])
	for _, w := range words {
		if d := distance(word, strings.ToLower(w)); d < least && d <= max(1, len(w)/3) {
			best, least = w, d
		}
	}
	return best
}

// distance is the number of letters to insert, drop, change, or swap with
// their neighbour, to turn one word into another.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// DidYouMean is the next step after an unknown word.
func DidYouMean(word string, words []string) string {
	if near := nearest(word, words); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "known are: " + strings.Join(words, ", ")
}
