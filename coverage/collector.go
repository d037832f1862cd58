// SPDX-License-Identifier: Apache-2.0

package coverage

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/bucketlid/bucketlid/trail"
)

// Collector gathers coverage. It is a set: order, split and repetition of the
// records do not matter, and collectors of parts merge into that of the whole.
// The zero value is not ready; use NewCollector.
type Collector struct {
	cells  map[cellKey]*cell
	trails map[string]*Change
}

type cellKey struct {
	account, region, bucket string // bucket: of access logs, which tell no account
	kind                    Kind
	day                     int64 // since 1970, UTC
}

// cell is what was seen of one day.
type cell struct {
	records     distinct
	late        distinct // delivered more than lateAfter after their time
	first, last int64    // Unix seconds
	delay       int64    // the longest, in seconds
	delivered   bool     // some object's name told when it was delivered
	slots       slots
}

// slotSeconds is the grain in which it is known whether there are records: longer
// than the span of one log file.
const slotSeconds = 600

// slots has a bit for each stretch of a day that has records.
type slots [3]uint64

func (s *slots) set(n int64)      { s[n/64] |= 1 << (n % 64) }
func (s *slots) has(n int64) bool { return s[n/64]&(1<<(n%64)) != 0 }

// lateAfter is the delay from which a delivery counts as late. Most take five
// minutes, nearly all a quarter of an hour ("How CloudTrail works", AWS
// CloudTrail User Guide; no time is promised).
const lateAfter = time.Hour

// NewCollector returns an empty collector.
func NewCollector() *Collector {
	return &Collector{cells: map[cellKey]*cell{}, trails: map[string]*Change{}}
}

var (
	accountForm = regexp.MustCompile(`^\d{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$`)
)

// Observe takes one record in. object is the name of the object that holds it.
// The answer names what of a change of a trail could not be read; "" when all
// could.
func (c *Collector) Observe(object string, h *trail.Header, raw []byte) string {
	seconds, _, dated := trail.ParseTime(h.Time)
	if !dated {
		return "eventTime is no date: the record has no place in the table"
	}
	kind, ok := kindOf(h, raw)
	if !ok {
		return ""
	}
	key := cellKey{account: string(h.RecipientAccountID), region: string(h.Region), kind: kind}
	if !accountForm.MatchString(key.account) {
		key.account = ""
	}
	if !regionForm.MatchString(key.region) {
		key.region = ""
	}
	id := xxhash.Sum64(h.EventID)
	if len(h.EventID) < minIDLength {
		id = xxhash.Sum64(raw)
	}
	_, _, delivered := FromName(object)
	c.see(key, id, seconds, delivered)
	return c.takeChange(h, raw)
}

// minIDLength is the length below which an id is taken for a placeholder.
const minIDLength = 12

// ObserveLine takes one line of an access log in. Its file's name tells when
// it was delivered, and its id is S3's own.
func (c *Collector) ObserveLine(object, bucket, region, id string, at time.Time) {
	if !regionForm.MatchString(region) {
		region = ""
	}
	c.see(cellKey{region: region, bucket: bucket, kind: AccessLogs}, xxhash.Sum64String(id+at.String()), at.Unix(), lineDelivered(object))
}

// lineFile is the end of the name of an access log file, with the second of its
// delivery ("Logging requests with server access logging", Amazon S3 User Guide).
var lineFile = regexp.MustCompile(`(\d{4}-\d{2}-\d{2}-\d{2}-\d{2}-\d{2})-[0-9A-F]{16}(?:\.gz)?$`)

func lineDelivered(object string) time.Time {
	m := lineFile.FindStringSubmatch(object)
	if m == nil {
		return time.Time{}
	}
	at, _ := time.Parse("2006-01-02-15-04-05", m[1])
	return at
}

func (c *Collector) see(key cellKey, id uint64, seconds int64, delivered time.Time) {
	key.day = floorDay(seconds)
	one := cell{first: seconds, last: seconds}
	one.records.add(id)
	one.slots.set((seconds - key.day*daySeconds) / slotSeconds)
	if !delivered.IsZero() {
		one.delivered, one.delay = true, max(0, delivered.Unix()-seconds)
		if one.delay > int64(lateAfter/time.Second) {
			one.late.add(id)
		}
	}
	c.add(key, &one)
}

const daySeconds = 86400

func floorDay(seconds int64) int64 {
	day := seconds / daySeconds
	if seconds%daySeconds < 0 {
		day--
	}
	return day
}

// maxCells bounds the table: accounts, Regions and days of a forged log are
// whatever its writer likes. Only tests change it.
var maxCells = 1 << 19

func (c *Collector) add(key cellKey, more *cell) {
	have, ok := c.cells[key]
	if !ok {
		c.cells[key] = more
		if len(c.cells) > 2*maxCells {
			c.crowd()
		}
		return
	}
	have.first, have.last = min(have.first, more.first), max(have.last, more.last)
	have.delay, have.delivered = max(have.delay, more.delay), have.delivered || more.delivered
	for i := range have.slots {
		have.slots[i] |= more.slots[i]
	}
	have.records.merge(&more.records)
	have.late.merge(&more.late)
}

// crowd keeps the cells of smallest hash: a choice that depends on the set alone.
func (c *Collector) crowd() {
	hash := func(k cellKey) uint64 {
		return xxhash.Sum64String(k.account+"\x00"+k.region+"\x00"+k.bucket+"\x00"+string(k.kind)) ^ xxhash.Sum64String(time.Unix(k.day*daySeconds, 0).UTC().String())
	}
	keys := slices.SortedFunc(maps.Keys(c.cells), func(a, b cellKey) int {
		return cmp.Or(cmp.Compare(hash(a), hash(b)), compareKeys(a, b))
	})
	for _, k := range keys[min(maxCells, len(keys)):] {
		delete(c.cells, k)
	}
}

func compareKeys(a, b cellKey) int {
	return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.region, b.region),
		cmp.Compare(slices.Index(Kinds, a.kind), slices.Index(Kinds, b.kind)), cmp.Compare(a.day, b.day))
}

// Merge takes everything of other in.
func (c *Collector) Merge(other *Collector) {
	for key, more := range other.cells {
		c.add(key, more)
	}
	for id, change := range other.trails {
		c.keepChange(id, change)
	}
}

// distinct counts records without repeats, in little memory: exact to 64, then
// an estimate of about 12 % (as the counts of the baseline are).
type distinct struct {
	ids      []uint64
	halvings uint8
}

const maxDistinct = 64

func (d *distinct) add(id uint64) {
	if d.halvings > 0 && id>>(64-d.halvings) != 0 || slices.Contains(d.ids, id) {
		return
	}
	d.ids = append(d.ids, id)
	for len(d.ids) > maxDistinct {
		d.halve()
	}
}

func (d *distinct) halve() {
	d.halvings++
	d.ids = slices.DeleteFunc(d.ids, func(id uint64) bool { return id>>(64-d.halvings) != 0 })
}

func (d *distinct) merge(other *distinct) {
	for d.halvings < other.halvings {
		d.halve()
	}
	for _, id := range other.ids {
		d.add(id)
	}
}

func (d *distinct) count() int64 { return int64(len(d.ids)) << d.halvings }
func (d *distinct) exact() bool  { return d.halvings == 0 }
