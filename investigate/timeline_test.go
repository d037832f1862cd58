// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// drawn is a timeline in short: "10:00 GetUser ×3", "gap 2 h, …".
func drawn(rows []Row) []string {
	var out []string
	for _, r := range rows {
		if r.Gap != nil {
			out = append(out, "gap "+r.Gap.Text)
			continue
		}
		text := r.Time.Format("15:04 ") + r.Said()
		if r.Count > 1 {
			text += fmt.Sprintf(" (%d)", r.Count)
		}
		if r.Failed() {
			text += " " + cmp.Or(r.Error, r.ErrorMessage)
		}
		out = append(out, text)
	}
	return out
}

func TestTimeline(t *testing.T) {
	denied := `,"errorCode":"AccessDenied"`
	absent := `,"errorCode":"NoSuchBucketPolicy"`
	tests := []struct {
		name  string
		calls []call
		all   bool
		want  []string
	}{
		{"a burst of reads is one row", []call{{at: "10:00:00", name: "GetBucketAcl"}, {at: "10:01:00", name: "ListBuckets"}, {at: "10:02:00", name: "GetBucketAcl"}}, false,
			[]string{"10:00 GetBucketAcl ×2, ListBuckets (3)"}},
		{"and not when each is asked for", []call{{at: "10:00:00", name: "GetBucketAcl"}, {at: "10:01:00", name: "ListBuckets"}, {at: "10:02:00", name: "GetBucketAcl"}}, true,
			[]string{"10:00 GetBucketAcl", "10:01 ListBuckets", "10:02 GetBucketAcl"}},
		{"a burst ends", []call{{at: "10:00:00", name: "GetBucketAcl"}, {at: "10:06:00", name: "GetBucketAcl"}}, false, []string{"10:00 GetBucketAcl", "10:06 GetBucketAcl"}},
		{"refused reads are kept", []call{{at: "10:00:00", name: "GetBucketAcl"}, {at: "10:01:00", name: "GetBucketAcl", more: denied}, {at: "10:02:00", name: "GetBucketPolicy", more: absent}}, false,
			[]string{"10:00 GetBucketAcl", "10:01 GetBucketAcl AccessDenied", "10:02 GetBucketPolicy NoSuchBucketPolicy"}},
		{"a refused try, then the change", []call{{at: "10:00:00", name: "PutBucketAcl", more: denied}, {at: "10:00:01", name: "PutBucketAcl", more: denied}, {at: "10:00:02", name: "PutBucketAcl"}}, false,
			[]string{"10:00 PutBucketAcl (2) AccessDenied", "10:00 PutBucketAcl"}},
		{"calls of note stand where they were made", []call{{at: "10:00:00", name: "PutBucketAcl"}, {at: "10:00:01", name: "DeleteBucketPolicy"}, {at: "10:00:02", name: "PutBucketAcl"}}, false,
			[]string{"10:00 PutBucketAcl", "10:00 DeleteBucketPolicy", "10:00 PutBucketAcl"}},
		{"others are told together", []call{{at: "10:00:00", name: "PutObject"}, {at: "10:00:01", name: "DeleteBucketPolicy"}, {at: "10:00:02", name: "PutObject"}}, false,
			[]string{"10:00 PutObject (2)", "10:00 DeleteBucketPolicy"}},
		{"whom it befell matters", []call{{at: "10:00:00", name: "CreateUser", more: `,"requestParameters":{"userName":"a"}`}, {at: "10:00:01", name: "CreateUser", more: `,"requestParameters":{"userName":"b"}`}}, false,
			[]string{"10:00 CreateUser", "10:00 CreateUser"}},
		{"a failed sign-in has no error code", []call{{at: "10:00:00", name: "ConsoleLogin", more: `,"errorMessage":"Failed authentication"`}}, false,
			[]string{"10:00 ConsoleLogin Failed authentication"}},
		{"a gap without logs", []call{{at: "10:00:00", name: "PutObject"}, {at: "12:14:00", name: "PutObject"}}, false,
			[]string{"10:00 PutObject", "gap 2 h 14 m, no events; no logs", "12:14 PutObject"}},
		{"a gap with logs", append([]call{{at: "10:00:00", name: "PutObject"}, {at: "12:14:00", name: "PutObject"}}, everyTenMinutes("10:05", 13)...), false,
			[]string{"10:00 PutObject", "gap 2 h 14 m, no events; logs present", "12:14 PutObject"}},
		{"a gap with few logs", append([]call{{at: "10:00:00", name: "PutObject"}, {at: "12:14:00", name: "PutObject"}}, everyTenMinutes("10:15", 2)...), false,
			[]string{"10:00 PutObject", "gap 2 h 14 m, no events; logs in part: records in 2 of 12 stretches of 10 minutes", "12:14 PutObject"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.calls {
				tt.calls[i].by = cmp.Or(tt.calls[i].by, "user")
			}
			s, _ := Parse(User, "alice")
			x := gather(t, []Subject{s}, allTexts(tt.calls)).investigate(Case{Kind: User, Subject: "alice", All: tt.all})
			if got := drawn(x.Timeline); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// everyTenMinutes are calls of somebody else.
func everyTenMinutes(from string, n int) []call {
	at, _ := time.Parse("15:04", from)
	var out []call
	for i := range n {
		out = append(out, call{at: at.Add(time.Duration(i) * 10 * time.Minute).Format("15:04:05"), by: "session", name: "PutObject"})
	}
	return out
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 59 * time.Second: "59 s", time.Minute: "1 m", 134 * time.Minute: "2 h 14 m", 2 * time.Hour: "2 h", 24 * time.Hour: "1 d", 28*time.Hour + time.Minute: "1 d 4 h",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
