// SPDX-License-Identifier: Apache-2.0

package gentrail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// company is the demo's trail while it is made: Lighthouse Foods, an invented
// maker of preserves with three accounts. It is small, so all of it is held.
type company struct {
	random *random
	maker  maker
	world  *world
	prod   *home
	dev    *home
	logs   *home
	cast   map[string]*person
	events []planted
	found  []Incident
}

// companySeed fixes the demo's bytes.
const companySeed = 20260803

// companyStart is the Monday on which the demo's trail begins.
var companyStart = time.Date(2026, 8, 3, 0, 0, 0, 0, time.UTC)

const companyDays = 5

// Company writes the demo trail into dir: five days of Lighthouse Foods, about
// 6,000 records, with a handful of incidents among ordinary traffic. The bytes
// are always the same.
func Company(dir string) (Truth, error) {
	c := newCompany()
	c.people()
	c.machinery()
	c.stories()
	w := newWriter(dir, Config{Seed: companySeed, Gzip: true}, c.world)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Truth{}, fmt.Errorf("gentrail: make %s: %w", dir, err)
	}
	if err := c.write(w); err != nil {
		return w.truth, err
	}
	w.truth.Incidents = c.found
	return w.truth, nil
}

// moment is a time of the demo, as day of August and hour: "04 08:42:10".
func moment(text string) int64 {
	t, err := time.Parse("2006-01-02 15:04:05", "2026-08-"+text)
	if err != nil {
		panic(err) // the stories are constant
	}
	return t.Unix()
}

// take keeps a record.
func (c *company) take(e *event) {
	c.events = append(c.events, planted{e.at, e.account, e.region, e.append(nil)})
}

// write delivers the records as CloudTrail does: grouped by account, region and
// five minutes, some minutes late, not always in order, and now and then twice.
func (c *company) write(w *writer) error {
	slices.SortStableFunc(c.events, func(a, b planted) int {
		if a.at/slotSeconds != b.at/slotSeconds {
			return int(a.at/slotSeconds - b.at/slotSeconds)
		}
		if d := strings.Compare(a.account+a.region, b.account+b.region); d != 0 {
			return d
		}
		return int(a.at - b.at)
	})
	for start := 0; start < len(c.events); {
		first := c.events[start]
		end := start + 1
		for end < len(c.events) && sameFile(first, c.events[end]) {
			end++
		}
		if err := c.deliver(w, c.events[start:end]); err != nil {
			return err
		}
		start = end
	}
	return nil
}

func sameFile(a, b planted) bool {
	return a.account == b.account && a.region == b.region && a.at/slotSeconds == b.at/slotSeconds
}

func (c *company) deliver(w *writer, events []planted) error {
	r := c.random
	slot := (events[0].at/slotSeconds + int64(r.between(1, 2))) * slotSeconds
	records := make([][]byte, len(events))
	for i, e := range events {
		records[i] = e.json
	}
	if r.perMille(450) {
		for i := len(records) - 1; i > 0; i-- {
			j := r.intn(i + 1)
			records[i], records[j] = records[j], records[i]
		}
	}
	if err := w.file(r, events[0].account, events[0].region, slot, records); err != nil {
		return err
	}
	if !r.perMille(15) {
		return nil
	}
	w.truth.Duplicates += len(records)
	return w.file(r, events[0].account, events[0].region, slot, records)
}
