// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/internal/golden"
)

// keeper is a handler that keeps the summary of a stream.
type keeper struct{ summary *Summary }

func (k *keeper) Handle(m Message) error {
	if m.Summary != nil {
		k.summary = m.Summary
	}
	return nil
}

func (k *keeper) Close() error { return nil }

func summaryText(t tester, s Summary, o Options) string {
	t.Helper()
	var b strings.Builder
	if err := WriteSummary(&b, s, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSummaryGolden(t *testing.T) {
	k := &keeper{}
	if err := Read(strings.NewReader(fixture(t)), k); err != nil {
		t.Fatal(err)
	}
	got := summaryText(t, *k.summary, Options{Elapsed: 31200 * time.Millisecond}) + "\n" + summaryText(t, Summary{}, Options{})
	golden.Check(t, "testdata/summary.txt", []byte(got))
}

// The labels are the same in the same order, whatever was found.
func TestSummaryLabels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := messages().Filter(func(m Message) bool { return m.Summary != nil }).Draw(t, "summary")
		got := summaryText(t, *m.Summary, Options{})
		var labels []string
		for line := range strings.Lines(got) {
			if r, found := drives(strings.TrimSuffix(line, "\n")); found {
				t.Fatalf("%q holds %U", line, r)
			}
			if label := strings.TrimSpace(line[:10]); label != "" {
				labels = append(labels, label)
			}
		}
		if want := "Read Skipped Filter Events Changes Alerts Open Gaps Buckets"; strings.Join(labels, " ") != want {
			t.Fatalf("labels %v", labels)
		}
	})
}

func TestSummaryNamesGaps(t *testing.T) {
	var gaps []Gap
	for i := range maxGaps + 3 {
		gaps = append(gaps, Gap{Account: fmt.Sprint(i), Reason: "logging was stopped"})
	}
	got := summaryText(t, Summary{Gaps: gaps}, Options{})
	if n := strings.Count(got, "logging was stopped"); n != maxGaps {
		t.Errorf("%d gaps are named", n)
	}
	if !strings.Contains(got, "and 3 more (-o jsonl has all)") {
		t.Errorf("the rest is not counted:\n%s", got)
	}
}

func TestSkippedTotal(t *testing.T) {
	for _, tt := range []struct {
		s    Summary
		want int64
	}{
		{Summary{}, 0},
		{Summary{Skipped: map[string]int64{"a": 2, "b": 1}, SkippedObjects: 2}, 3},
		{Summary{SkippedObjects: 2}, 2},
	} {
		if got := tt.s.SkippedTotal(); got != tt.want {
			t.Errorf("got %d, want %d", got, tt.want)
		}
	}
}
