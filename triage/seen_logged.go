// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/replay"
)

// layUses sorts the uses by bucket, and tells scanners from strangers who came
// for one bucket.
func (r *ranker) layUses(uses []*replay.Use) {
	r.uses, r.scans = map[string][]*replay.Use{}, map[string]string{}
	asked, names, content := map[string]map[string]bool{}, map[string]string{}, map[string]bool{}
	for _, u := range uses {
		r.uses[u.Bucket] = append(r.uses[u.Bucket], u)
		if u.Address == "" {
			continue
		}
		if asked[u.Address] == nil {
			asked[u.Address] = map[string]bool{}
		}
		asked[u.Address][u.Bucket] = true
		content[u.Address] = content[u.Address] || u.Content && !u.Denied
		if u.Scanner != "" && (names[u.Address] == "" || u.Scanner < names[u.Address]) {
			names[u.Address] = u.Scanner
		}
	}
	for address, buckets := range asked {
		switch {
		case len(buckets) >= scannerBuckets:
			r.scans[address] = fmt.Sprintf("asked %d buckets", len(buckets))
		case names[address] != "" && !content[address]:
			r.scans[address] = "took no content, and calls itself " + names[address]
		}
	}
}

// scannerBuckets is the number of this log's buckets that one address asks
// before it is taken for a scanner.
const scannerBuckets = 5

// scanner says why an address is taken for a scanner, "" when it is not.
func (r *ranker) scanner(address string) string { return r.scans[address] }

// sourceWords names the logs that tell of requests.
func sourceWords(s replay.Sources) []string {
	out := []string{}
	if s&replay.FromTrail != 0 {
		out = append(out, "S3 data events")
	}
	if s&replay.FromAccessLog != 0 {
		out = append(out, "access logs")
	}
	return out
}

// quiet is how long a bucket's log may have no entry at either end of a window,
// but no more than half of it, before that counts as not logged.
const quiet = time.Hour

// logSpan is what one kind of log covers of a window.
type logSpan struct {
	first, last            time.Time
	seen                   bool // it has entries about the bucket at all
	missesStart, missesEnd bool
}

func (r *ranker) spanOf(a *Alert, source replay.Sources) logSpan {
	first, last, ok := r.entries(a.Bucket, source)
	if !ok {
		return logSpan{}
	}
	start, end, dated := r.baseline.Span()
	if a.OpenedAt != nil {
		start = *a.OpenedAt
	}
	if a.ClosedAt != nil {
		end = *a.ClosedAt
	}
	bounded := dated || a.OpenedAt != nil && a.ClosedAt != nil
	slack := min(quiet, max(0, end.Sub(start)/2))
	return logSpan{first: first, last: last, seen: true,
		missesStart: bounded && first.After(start.Add(slack)), missesEnd: bounded && last.Before(end.Add(-slack))}
}

func (s logSpan) whole() bool { return s.seen && !s.missesStart && !s.missesEnd }

// judge gives the verdict and what it rests on. That nobody came is said only
// where some log covers both ends of the window (semantics F.2).
func (r *ranker) judge(s *AccessSeen, a *Alert, inexact bool) {
	events, lines := r.spanOf(a, replay.FromTrail), r.spanOf(a, replay.FromAccessLog)
	var why []string
	switch {
	case s.Requests > 0:
		s.Verdict = "confirmed"
		if inexact {
			why = append(why, "counts are estimates: requests are kept by the hour and sampled above 256")
		}
		events.missesEnd, lines.missesEnd = false, false // a quiet bucket is no news
		why = append(why, partly(events, lines)...)
	case s.OwnRequests > 0:
		s.Verdict, why = "none-seen", append(why, "only the opener's own address, or your own networks, made requests")
	case s.Denied > 0:
		s.Verdict, why = "attempts-only", append(why, "strangers were refused; others may have gone unlogged")
	default:
		s.Verdict, why = nobodySeen(events, lines)
		s.Sources = sourceWords(spanSources(events, lines))
	}
	s.Why = strings.Join(why, "; ")
}

func spanSources(events, lines logSpan) replay.Sources {
	var out replay.Sources
	if events.seen {
		out |= replay.FromTrail
	}
	if lines.seen {
		out |= replay.FromAccessLog
	}
	return out
}

// bestEffort says what silence in access logs is worth ("Logging requests with
// server access logging", Amazon S3 User Guide).
const bestEffort = "access logs are best effort: that they hold nothing is weak evidence"

// nobodySeen is the verdict where no stranger was seen.
func nobodySeen(events, lines logSpan) (verdict string, why []string) {
	switch {
	case events.whole():
		return "none-seen", []string{"S3 data events of this bucket are in the logs from " + stamp(events.first) + " to " + stamp(events.last) +
			", and none of them is a stranger's"}
	case lines.whole():
		return "none-seen", []string{"the access logs of this bucket, from " + stamp(lines.first) + " to " + stamp(lines.last) +
			", hold no stranger's request", bestEffort}
	case !events.seen && !lines.seen:
		return "cannot-be-known", []string{"no S3 data event of this bucket is in the logs, and no line of an access log: whoever came was not logged"}
	}
	return "cannot-be-known", partly(events, lines)
}

// partly says which part of the window no log covers, and what rests on access
// logs alone.
func partly(events, lines logSpan) []string {
	var why []string
	switch {
	case events.whole():
		return nil
	case lines.whole(), lines.seen && !events.seen:
		why = append(why, "access logs are best effort: there may be requests that they do not hold")
	}
	if lines.whole() {
		return why
	}
	if missesBoth(events, lines, func(s logSpan) bool { return s.missesStart }) {
		why = append(why, "who came before "+stamp(earliest(events, lines))+" cannot be known: no request to this bucket was logged before")
	}
	if missesBoth(events, lines, func(s logSpan) bool { return s.missesEnd }) {
		why = append(why, "who came after "+stamp(latest(events, lines))+" cannot be known: no request to this bucket is in the logs after that")
	}
	return why
}

// missesBoth reports whether all logs that have entries miss the same end.
func missesBoth(events, lines logSpan, misses func(logSpan) bool) bool {
	return (events.seen || lines.seen) && (!events.seen || misses(events)) && (!lines.seen || misses(lines))
}

func earliest(events, lines logSpan) time.Time {
	if !lines.seen || events.seen && events.first.Before(lines.first) {
		return events.first
	}
	return lines.first
}

func latest(events, lines logSpan) time.Time {
	if !lines.seen || events.seen && events.last.After(lines.last) {
		return events.last
	}
	return lines.last
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }
