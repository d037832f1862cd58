// SPDX-License-Identifier: Apache-2.0

package gentrail

import "slices"

// job is one file to make, with the copies of its records that go elsewhere.
type job struct {
	number   uint64
	account  int // index; -1 when home is set
	home     *home
	region   string
	slot     int64 // the time in the file's name
	ordinary int
	pairs    int // cross-account requests; the copies go to a file of account partner
	partner  int
	repeats  int // records to repeat in another file
	planted  []planted
}

// records is how many the job writes into all its files.
func (j *job) records() int {
	return j.ordinary + 2*j.pairs + j.repeats + len(j.planted)
}

// planted is a record rendered beforehand.
type planted struct {
	at      int64
	account string
	region  string
	json    []byte
}

// plan hands out jobs one after the other. It holds counters only, so that a
// trail of any size needs the same memory.
type plan struct {
	config  Config
	world   *world
	random  *random
	number  uint64
	records int // left
	mean    int // records of a file, in thousandths
	groups  [][]planted

	written, repeats, pairs int
}

// slotSeconds is the step of the minutes in file names.
const slotSeconds = 300

// hourWeights is the traffic by hour of day, UTC.
var hourWeights = [24]int64{3, 3, 2, 2, 3, 4, 6, 9, 12, 13, 13, 12, 11, 12, 13, 13, 12, 10, 8, 6, 5, 5, 4, 4}

// sizeQuantiles are the records of a file in thousandths of the mean, at 25
// equal steps of probability: a log-normal with sigma 1.4, as measured.
var sizeQuantiles = [25]int{21, 47, 70, 92, 116, 142, 169, 200, 233, 270, 311, 357, 407, 465, 532, 609, 702, 815, 957, 1140, 1390, 1760, 2360, 3560, 8200}

func newPlan(c Config, w *world, all []planted) *plan {
	groups := groupPlanted(all)
	reserved := len(all)
	if c.Duplicates > 0 {
		reserved *= 2 // planted records are repeated too, since readers must not count them twice
	}
	records := max(0, c.Records-reserved)
	return &plan{config: c, world: w, random: newRandom(c.Seed, 7), records: records, groups: groups,
		mean: records * 1000 / max(1, c.Files/2, c.Files-len(groups))}
}

// groupPlanted puts records of one account and region within three minutes
// together, as one delivery would, in order of time.
func groupPlanted(all []planted) [][]planted {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b planted) int { return int(a.at - b.at) })
	var groups [][]planted
	for _, p := range all {
		i := slices.IndexFunc(groups, func(g []planted) bool {
			return g[0].account == p.account && g[0].region == p.region && p.at-g[0].at < 180
		})
		if i < 0 {
			groups = append(groups, []planted{p})
			continue
		}
		groups[i] = append(groups[i], p)
	}
	return groups
}

// next returns the next job, or false at the end.
func (p *plan) next() (job, bool) {
	if p.records == 0 && len(p.groups) == 0 {
		return job{}, false
	}
	r := p.random
	j := job{number: p.number}
	p.number++
	at := p.now()
	if len(p.groups) > 0 && (p.records == 0 || p.groups[0][0].at <= at) {
		p.plant(&j)
	} else {
		j.account = r.intn(len(p.world.accounts))
		j.region = p.world.regions[p.world.region(r)]
		j.slot = (at/slotSeconds + 3) * slotSeconds // so that no event precedes the start
		p.fill(&j)
	}
	p.records -= j.ordinary + 2*j.pairs
	if len(j.planted) == 0 {
		p.records -= j.repeats
	}
	p.written += j.records()
	p.pairs += j.pairs
	p.repeats += j.repeats
	return j, true
}

// now is the time of the next ordinary file: by the share of records already
// planned, spread over the hours of the day by their weights.
func (p *plan) now() int64 {
	total := int64(p.config.Records)
	done := min(max(total-int64(p.records), 0), total-1)
	var day int64
	for _, w := range hourWeights {
		day += w
	}
	units := done * int64(p.config.Days) * day * 3600 / total // weighted seconds since the start
	at := p.config.Start.Unix() + units/(day*3600)*86400
	units %= day * 3600
	for _, w := range hourWeights {
		if units < w*3600 {
			return at + units/w
		}
		units -= w * 3600
		at += 3600
	}
	return at
}

// plant makes the job a file for the next group of planted records.
func (p *plan) plant(j *job) {
	j.planted, p.groups = p.groups[0], p.groups[1:]
	first, last := j.planted[0], j.planted[len(j.planted)-1]
	j.account = slices.IndexFunc(p.world.accounts, func(h *home) bool { return h.id == first.account })
	j.region = first.region
	j.slot = (last.at + int64(p.random.between(10, 120)) + slotSeconds - 1) / slotSeconds * slotSeconds
	inside := first.at >= p.config.Start.Unix()
	if j.account < 0 {
		j.home = &home{id: first.account}
	}
	if j.home == nil && inside && p.records > 0 {
		j.ordinary = min(p.records, p.size(), 200)
	}
	if p.config.Duplicates > 0 {
		j.repeats = len(j.planted)
	}
}

// fill decides how many records the file holds, and which of them have copies.
func (p *plan) fill(j *job) {
	j.ordinary = min(max(1, p.size()), p.records)
	after := p.written + j.ordinary
	if lack := share(after, p.config.Duplicates) - p.repeats; lack*1000 >= p.mean && j.ordinary*2000 >= p.mean { // copies come by the file, not one by one
		j.repeats = min(lack, j.ordinary, p.records-j.ordinary)
	}
	lack := (share(after, p.config.CrossAccount) - 2*p.pairs) / 2
	if lack >= 8 && len(p.world.accounts) > 1 {
		j.pairs = min(lack, j.ordinary, 8, (p.records-j.ordinary-j.repeats)/2)
		j.partner = (j.account + 1 + p.random.intn(len(p.world.accounts)-1)) % len(p.world.accounts)
	}
}

func share(of int, part float64) int { return int(float64(of) * part) }

// evenFiles is the number of files up to which all are of one size, since so
// few draws would miss the mean.
const evenFiles = 12

// size draws the number of records of one file.
func (p *plan) size() int {
	if p.config.Files <= evenFiles {
		return (p.mean + 999) / 1000
	}
	return p.mean * sizeQuantiles[p.random.intn(len(sizeQuantiles))] / 1_000_000
}
