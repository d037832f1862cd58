// SPDX-License-Identifier: Apache-2.0

package eval

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// workDays is how many days of ordinary work there are; incidents begin on the
// eleventh day or later.
const workDays = 12

// Records renders the scenario within the ordinary work of the whole company,
// in order of time. Seeds differ in that work only.
func (s *Scenario) Records(seed uint64) [][]byte {
	calls := s.short()
	for _, name := range slices.Sorted(maps.Keys(cast)) {
		calls = append(calls, work(cast[name], 8, rand.New(rand.NewPCG(seed, digest(s.Name, name))))...)
	}
	for n := range staffCount {
		calls = append(calls, work(staff(n), 10, rand.New(rand.NewPCG(seed, digest(s.Name, n))))...)
	}
	return s.render(append(calls, traffic(rand.New(rand.NewPCG(seed, digest(s.Name))))...))
}

// Short renders the scenario with a little of the work of its cast only.
func (s *Scenario) Short() [][]byte { return s.render(s.short()) }

func (s *Scenario) short() []call {
	calls := slices.Clone(s.calls)
	for _, name := range s.Cast {
		calls = append(calls, work(cast[name], 2, rand.New(rand.NewPCG(0, digest(s.Name, name))))...)
	}
	return calls
}

func (s *Scenario) render(calls []call) [][]byte {
	slices.SortStableFunc(calls, func(a, b call) int { return cmp.Compare(a.at.Unix(), b.at.Unix()) })
	out := make([][]byte, len(calls))
	for i := range calls {
		out[i] = calls[i].line(s.Name, i)
	}
	return out
}

// work is what somebody does every day, some calls a day in turn.
func work(by *actor, perDay int, random *rand.Rand) []call {
	daily := strings.Fields(by.daily)
	if len(daily) == 0 {
		return nil
	}
	var out []call
	turn := random.IntN(len(daily))
	for day := range workDays {
		morning := monday.AddDate(0, 0, day)
		if weekend := morning.Weekday()%6 == 0; weekend && !by.always {
			continue
		}
		for range perDay {
			from, span := 8*time.Hour, 9*time.Hour
			if by.always {
				from, span = 0, 24*time.Hour
			}
			service, name, _ := strings.Cut(daily[turn%len(daily)], ":")
			turn++
			c := call{at: morning.Add(from + time.Duration(random.Int64N(int64(span)))).Truncate(time.Second), by: by, place: by.home, agent: by.agent, service: service, name: name, params: map[string]any{}}
			ordinary(&c, random)
			out = append(out, c)
		}
	}
	return out
}

// wares are buckets that nobody opens.
var wares = []string{"larkfield-web-assets", "larkfield-thumbnails", "larkfield-queue-spill", "larkfield-build-cache"}

// ordinary gives a call of every day its bucket and harmless content.
func ordinary(c *call, random *rand.Rand) {
	if c.service != "s3" || c.name == "ListBuckets" {
		return
	}
	c.bucket = wares[random.IntN(len(wares))]
	switch c.name {
	case "PutBucketPolicy":
		c.setPolicy(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::" + c.bucket + "/*",
			"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}}}})
	case "PutBucketPublicAccessBlock":
		_ = options["block"](nil, c, "on")
	}
}

// traffic is the work of machines on objects, and scanners of the internet who
// find nothing open.
func traffic(random *rand.Rand) []call {
	var out []call
	for hour := range workDays * 24 {
		at := monday.Add(time.Duration(hour)*time.Hour + time.Duration(random.Int64N(int64(time.Hour)))).Truncate(time.Second)
		node := cast["node"]
		for _, name := range []string{"GetObject", "PutObject"} {
			out = append(out, call{at: at, by: node, place: node.home, agent: node.agent, service: "s3", name: name, bucket: "larkfield-queue-spill", object: "spill/part-" + string(rune('a'+random.IntN(26))), bytes: 4096})
		}
		if random.IntN(6) == 0 {
			out = append(out, call{at: at, by: cast["anon"], place: "scanner", agent: "scan", service: "s3", name: "ListObjects", bucket: wares[random.IntN(len(wares))], err: "AccessDenied"})
		}
	}
	return out
}
