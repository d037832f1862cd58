// SPDX-License-Identifier: Apache-2.0

package gentrail

import (
	"slices"
)

// dishes picks the calls of some callers on some services; no services: all.
func (c *company) dishes(who callers, sources []string) *menu {
	out := &menu{}
	for _, d := range c.world.rows[true].rows {
		if d.who&who == 0 || d.weight < ordinaryWeight || len(sources) > 0 && !slices.Contains(sources, d.source) {
			continue // the catalog's near misses weigh less: the stories have their own
		}
		out.total += d.weight
		out.rows, out.sums = append(out.rows, d), append(out.sums, out.total)
	}
	return out
}

// does keeps one ordinary call.
func (c *company) does(m *menu, by *actor, h *home, address string, at int64) {
	d := m.pick(c.random)
	where := companyRegion
	if d.global {
		where = regionList[0]
	}
	if by == nil {
		by = d.caller(c.random, h)
	}
	c.maker.call(c.random, d, by, h, where, at)
	if address != "" {
		c.maker.event.address = address
	}
	c.take(&c.maker.event)
}

// people is the work of the cast: stretches of a few minutes in working hours,
// from the office or from home.
func (c *company) people() {
	names := make([]string, 0, len(c.cast))
	for name := range c.cast {
		names = append(names, name)
	}
	slices.Sort(names) // the random stream must not follow the map's order
	for _, name := range names {
		p := c.cast[name]
		m := c.dishes(people, p.menu)
		for day := range int64(companyDays) {
			addresses := p.office
			if p.atHome>>day&1 == 1 {
				addresses = p.home
			}
			address := pick(c.random, addresses)
			for range p.bursts {
				c.burst(p, m, address, companyStart.Unix()+day*86400)
			}
		}
	}
}

func (c *company) burst(p *person, m *menu, address string, day int64) {
	h := c.dev
	if c.random.perMille(p.account) {
		h = c.prod
	}
	at := day + int64(c.random.between(7*3600, 16*3600+1800))
	for range c.random.between(4, 14) {
		c.does(m, p.actors[h], h, address, at)
		at += int64(c.random.between(1, 45))
	}
}

// machinery is everything that runs without people: nodes, pipelines, AWS
// services, scanners of the internet, and calls between the accounts.
func (c *company) machinery() {
	start := companyStart.Unix()
	nodes, services, builds := c.dishes(machines, nil), c.dishes(services|serviceEvents, nil), c.dishes(pipelines, nil)
	doors := c.dishes(outsiders, nil)
	for hour := range int64(companyDays * 24) {
		at := start + hour*3600
		for range 14 {
			c.does(nodes, pick(c.random, c.prod.nodes), c.prod, "", at+int64(c.random.intn(3600)))
		}
		for range 3 {
			c.does(nodes, pick(c.random, c.dev.nodes), c.dev, "", at+int64(c.random.intn(3600)))
		}
		for range 9 {
			c.does(services, nil, pick(c.random, c.world.accounts), "", at+int64(c.random.intn(3600)))
		}
		if c.random.perMille(250) {
			c.does(doors, scanners[0], c.prod, "", at+int64(c.random.intn(3600)))
		}
		if hour%6 == 0 {
			c.between(at + int64(c.random.intn(3600)))
		}
	}
	for day := range int64(companyDays) {
		for run := range int64(4) {
			h := c.dev
			if run%2 == 1 {
				h = c.prod
			}
			at := start + day*86400 + (8+run*2)*3600 + int64(c.random.intn(3000))
			for range c.random.between(30, 55) {
				c.does(builds, h.builds[0], h, "", at)
				at += int64(c.random.intn(4))
			}
		}
	}
}

// between is one read of a production bucket by a machine of the development
// account, which both accounts log.
func (c *company) between(at int64) {
	by := c.dev.nodes[0]
	s := scene{random: c.random, at: at, account: c.prod.id, region: companyRegion, bucket: c.prod.buckets[0], key: objectKey(c.random)}
	k := calling{name: "GetObject", params: objectParams(""), answer: 20480}
	e := k.event(&s, by)
	e.shared = c.random.uuid()
	seen := *e
	e.account = c.dev.id
	c.take(e)
	seen.by, seen.eventID = foreign(c.dev.id, by.principal), c.random.uuid()
	c.take(&seen)
}
