// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bucketlid/bucketlid/trail"
)

// hostile records: what strangers choose must neither leave the archive's
// folder nor get lost.
func TestHostileRecordsAreKept(t *testing.T) {
	long := strings.Repeat("ä", 100_000)
	records := []string{
		`{"eventVersion":"1.0","eventName":"A","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"../../../../tmp/x","eventID":"1"}`,
		`{"eventVersion":"1.0","eventName":"B","eventSource":"s3.amazonaws.com","eventTime":"never","recipientAccountId":"111122223333","eventID":"2"}`,
		`{"eventVersion":"1.0","eventName":"C","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333"}`,
		`{"eventVersion":"1.0","eventName":"C","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","x":1}`,
		`{"eventVersion":"1.0","eventName":"D","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"` + long + `1","userAgent":"` + long + `"}`,
		`{"eventVersion":"1.0","eventName":"D","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"` + long + `2","userAgent":"` + long + `"}`,
		"{\"eventVersion\":\"1.0\",\"eventName\":\"E\",\"eventSource\":\"s3.amazonaws.com\",\"eventTime\":\"2026-03-02T00:00:00Z\",\"recipientAccountId\":\"111122223333\",\"eventID\":\"5\",\"userAgent\":\"\xff\xfe\\u0000\"}",
		`{"eventVersion":"1.0","eventName":"F","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"6","requestParameters":{"bucketName":"=cmd|' /C calc'!A0","key":"\u001b]0;x\u0007"}}`,
		`{"eventVersion":"1.0","eventName":"F","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"CAFE0000-0000-0000-0000-000000000000"}`,
		`{"eventVersion":"1.0","eventName":"F","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"cafe0000-0000-0000-0000-000000000000"}`,
	}
	dir := t.TempDir()
	root := filepath.Join(dir, "archive")
	for range 2 {
		if err := loadText(t, root, strings.Join(records, "\n")); err != nil {
			t.Fatal(err)
		}
		var got []string
		for e, err := range open(t, root).Timeline(t.Context(), Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(e.Raw))
		}
		slices.Sort(got)
		if want := slices.Sorted(slices.Values(records)); !slices.Equal(got, want) {
			t.Fatalf("%d records, want %d: %.200q", len(got), len(want), got)
		}
		mustVerify(t, root)
	}
	for _, path := range filesBelow(t, dir) {
		if rel, _ := filepath.Rel(root, path); strings.HasPrefix(rel, "..") {
			t.Errorf("a file outside of the archive: %s", path)
		}
	}
}

func loadText(tb testing.TB, root, text string) error {
	tb.Helper()
	a, err := OpenWriter(root)
	if err != nil {
		return err
	}
	defer a.Close()
	l, err := a.Load(small)
	if err != nil {
		return err
	}
	r := l.Reader()
	r.Begin("=hostile\x1b[2J\xff")
	stats, err := trail.Scan(strings.NewReader(text), trail.Options{}, r.Add, func(s trail.Skip) { tb.Log(s.Offset, s.Reason) })
	if err == nil {
		err = r.End(int64(len(text)), checksum([]byte(text)), stats.Skipped == 0)
	}
	if err != nil {
		return err
	}
	_, err = l.Close()
	return err
}

const oneRecord = `{"eventVersion":"1.0","eventName":"A","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T00:00:00Z","recipientAccountId":"111122223333","eventID":"%d"}` + "\n"
