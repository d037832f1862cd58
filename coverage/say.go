// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// account is what the statements about one account rest on.
type account struct {
	regions          map[string]bool
	management, data *stretch
}

// say writes the statements.
func (b *builder) say() {
	accounts := map[string]*account{}
	for _, s := range b.series {
		if s.kind == AccessLogs {
			continue
		}
		a := accounts[s.account]
		if a == nil {
			a = &account{regions: map[string]bool{}}
			accounts[s.account] = a
		}
		a.take(s)
	}
	for _, id := range slices.Sorted(maps.Keys(accounts)) {
		a := accounts[id]
		b.sayData(id, a)
		b.sayRegions(id, a)
	}
	b.saySelections()
	b.sayGaps()
	b.sayLines()
}

func (a *account) take(s *series) {
	for _, day := range s.days {
		a.regions[s.region] = true
		into := &a.management
		if s.kind == DataEvents {
			into = &a.data
		}
		one := s.cells[day]
		if *into == nil {
			*into = &stretch{one.first, one.last}
		}
		(*into).first, (*into).last = min((*into).first, one.first), max((*into).last, one.last)
	}
}

func (b *builder) tell(account, format string, args ...any) {
	b.out.Statements = append(b.out.Statements, Statement{Account: account, Text: fmt.Sprintf(format, args...)})
}

func named(account string) string {
	if account == "" {
		return "the records without an account"
	}
	return "account " + account
}

// sayData says from when on it is known who read data.
func (b *builder) sayData(id string, a *account) {
	switch {
	case a.data == nil:
		b.tell(id, "Who read, wrote or deleted data of %s cannot be known: no S3 data event of any bucket is in these logs.", named(id))
	case a.management != nil && floorDay(a.data.first) > floorDay(a.management.first):
		b.tell(id, "Who read, wrote or deleted data of %s before %s cannot be known: no data event of any bucket was logged before %s.",
			named(id), date(floorDay(a.data.first)), stamp(time.Unix(a.data.first, 0)))
	}
	if a.data != nil && a.management != nil && floorDay(a.data.last) < floorDay(a.management.last) {
		b.tell(id, "Who read, wrote or deleted data of %s after %s cannot be known: no data event of any bucket is in these logs after %s.",
			named(id), date(floorDay(a.data.last)), stamp(time.Unix(a.data.last, 0)))
	}
	if a.management == nil {
		b.tell(id, "Who opened buckets of %s cannot be known: no management event is in these logs.", named(id))
	}
}

// sayRegions names the blind spots of a log that lacks a Region.
func (b *builder) sayRegions(id string, a *account) {
	regions := slices.Sorted(maps.Keys(a.regions))
	regions = slices.DeleteFunc(regions, func(r string) bool { return r == "" })
	if len(regions) == 0 {
		return
	}
	b.tell(id, "Of %s, %s in these logs; what happened in other Regions is not known.", named(id), listed(regions))
	if !a.regions["us-west-2"] {
		b.tell(id, "Changes of Multi-Region Access Points of %s cannot be seen: S3 logs them in us-west-2 only, and no record from there is in these logs.", named(id))
	}
	if !a.regions["us-east-1"] {
		b.tell(id, "What %s did in IAM, in AWS Organizations and in other global services cannot be seen: they are logged in us-east-1, and no record from there is in these logs.", named(id))
	}
}

func listed(regions []string) string {
	if len(regions) == 1 {
		return "only " + regions[0] + " is"
	}
	return "only " + strings.Join(regions[:len(regions)-1], ", ") + " and " + regions[len(regions)-1] + " are"
}

// saySelections tells where a trail's selectors leave something out.
func (b *builder) saySelections() {
	for i := range b.out.Trails {
		t := &b.out.Trails[i]
		if t.selection == nil {
			continue
		}
		since := fmt.Sprintf("From %s on the trail %s of %s", stamp(t.Time), t.Trail, named(t.Account))
		by := " (" + t.By + ", " + t.Call + ")."
		switch s := t.selection; {
		case s.management == "none" || s.management == "read-only":
			b.tell(t.Account, "%s logs no calls that change settings%s", since, by)
		case s.management == "write-only":
			b.tell(t.Account, "%s logs no calls that only read settings%s", since, by)
		}
		switch s := t.selection; {
		case !s.data:
			b.tell(t.Account, "%s logs no data events of S3%s", since, by)
		case !s.reads:
			b.tell(t.Account, "%s logs no reading of data%s", since, by)
		case !s.everything:
			b.tell(t.Account, "%s logs data events of these only: %s%s", since, strings.Join(s.resources[:min(len(s.resources), maxResources)], ", "), by)
		}
	}
}

func (b *builder) sayGaps() {
	for _, g := range b.out.Gaps {
		if !strings.Contains(g.Reason, "stopped the trail") {
			continue
		}
		until := "the end of these logs"
		if g.To != nil {
			until = stamp(*g.To)
		}
		b.tell(g.Account, "What changed in %s from %s to %s is not known: %s, and no other trail wrote records.", named(g.Account), stamp(*g.From), until, g.Reason)
	}
}

// sayLines says what access logs there are, and what they are worth.
func (b *builder) sayLines() {
	buckets := map[string]*stretch{}
	for _, s := range b.series {
		if s.kind == AccessLogs {
			buckets[s.bucket] = b.spans[[2]string{s.account, s.bucket}]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(buckets)) {
		span := buckets[name]
		b.tell("", "Access logs of bucket %s are here from %s to %s. They are best effort: that they hold nothing is weak evidence.",
			name, stamp(time.Unix(span.first, 0)), stamp(time.Unix(span.last, 0)))
	}
}
