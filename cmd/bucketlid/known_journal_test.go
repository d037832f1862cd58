// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"
)

// A journal is read as it was left: cut off, killed on the way, or damaged.
func TestOwnCalls(t *testing.T) {
	const begin = `{"plan":"fix-0123456789ab","option":"o","event":"begin","step":0,"time":"2026-03-02T10:00:00Z"}`
	try := `{"plan":"fix-0123456789ab","option":"o","event":"EVENT","step":1,"time":"2026-03-02T10:00:00Z","call":{"operation":"PutBucketPolicy","account":"111122223333","bucket":"b"}}`
	done := strings.Replace(strings.Replace(try, "EVENT", "DONE", 1), `"call"`, `"request_id":"AAAA","call"`, 1)
	line := func(text, event string) string {
		return strings.NewReplacer("EVENT", event, "DONE", event).Replace(text) + "\n"
	}
	for name, c := range map[string]struct {
		text    string
		ok      bool
		calls   int
		request string
		back    bool
		lasts   time.Duration
	}{
		"empty":                  {"", true, 0, "", false, 0},
		"only begun":             {begin, true, 0, "", false, 0},
		"no journal":             {"{\"eventName\":\"PutBucketAcl\"}\nnonsense\n", false, 0, "", false, 0},
		"done":                   {line(try, "try") + line(done, "done"), true, 1, "AAAA", false, 0},
		"refused":                {line(try, "try") + line(done, "failed"), true, 1, "AAAA", false, 0},
		"taken back":             {line(try, "undo-try") + line(done, "undo-done"), true, 1, "AAAA", true, 0},
		"killed on the way":      {line(try, "try"), true, 1, "", false, answerTime},
		"cut off":                {line(try, "try") + `{"plan":"fix-01`, true, 1, "", false, answerTime},
		"no time":                {strings.Replace(line(try, "try"), "2026-03-02T10:00:00Z", "soon", 1), true, 0, "", false, 0},
		"a line of a megabyte":   {strings.Repeat("x", 1<<20) + "\n" + line(try, "try"), true, 1, "", false, answerTime},
		"done before it was try": {line(done, "done"), true, 0, "", false, 0},
		"two tries, one answer":  {line(try, "try") + line(try, "try") + line(done, "done"), true, 2, "", false, answerTime},
	} {
		t.Run(name, func(t *testing.T) {
			calls, ok := ownCalls([]byte(c.text), "p.journal")
			if ok != c.ok || len(calls) != c.calls {
				t.Fatalf("%v, %d calls", ok, len(calls))
			}
			if len(calls) == 0 {
				return
			}
			if got := calls[0]; got.RequestID != c.request || got.Rollback != c.back || got.To.Sub(got.From) != c.lasts || got.Journal != "p.journal" || got.Bucket != "b" {
				t.Errorf("%+v", got)
			}
		})
	}
}
