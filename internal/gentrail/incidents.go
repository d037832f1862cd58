// SPDX-License-Identifier: Apache-2.0

package gentrail

import (
	"slices"
	"strings"
	"time"
)

// script is one row of the table of incidents: the calls to plant and what a
// reader should make of them. Index -1 in a window stands for "still open".
type script struct {
	id, title string
	kind      string // an alert kind, or "none" for a near miss
	route     string
	audience  string
	access    []string
	account   int // index; ownAccount for an account that has no ordinary traffic
	region    int
	person    int
	from      string // address; "" the person's own
	start     int    // per mille of the trail
	era       string // a date when the incident has a time of its own
	bucket    string
	key       string
	calls     []step
	windows   [][2]int
	event     int      // the call that an alert should name
	also      []string // kinds of further alerts that are right
}

// ownAccount is for settings that would touch the other incidents of an account.
const ownAccount = -1

// isolatedAccount has no records but those of the incident planted in it.
const isolatedAccount = "666677778888"

// step is one call of a script, after the time of the first.
type step struct {
	after   time.Duration
	name    string
	params  string // template
	who     cast
	code    string
	message string
	answer  int // bytesTransferredOut of a read
}

// cast says who makes a step's call.
type cast int8

const (
	actor1    cast = iota // the script's person
	colleague             // another one
	stranger              // without credentials
	sister                // of another account of ours
)

const (
	foreignAccount = "999988887777" // another organization
	sisterAccount  = "888877776666" // one of our own, which writes into a bucket of another
)

// plantTable renders the records of every script, in order of the table.
func plantTable(c Config, w *world) ([]planted, []Incident) {
	var all []planted
	var out []Incident
	for i, s := range scripts() {
		records, incident := s.plant(c, w, newRandom(c.Seed, 3, uint64(i)))
		all = append(all, records...)
		out = append(out, incident)
	}
	return all, out
}

// plant renders one script.
func (s *script) plant(c Config, w *world, r *random) ([]planted, Incident) {
	start := c.Start.Unix() + c.seconds()*int64(s.start)/1000 + int64(r.intn(1800))
	if s.era != "" {
		day, err := time.Parse(time.RFC3339, s.era)
		if err != nil {
			panic(err) // the table is constant
		}
		start = day.Unix()
	}
	var h *home
	if s.account == ownAccount {
		h = newHome(isolatedAccount)
	} else {
		h = w.accounts[s.account%len(w.accounts)]
	}
	stage := stage{random: r, home: h, region: w.regions[s.region%len(w.regions)], bucket: s.bucket, key: s.key, script: s}
	in := Incident{ID: s.id, Title: s.title, Kind: s.kind, Route: s.route, Audience: s.audience, Access: s.access, Also: s.also,
		Account: h.id, Region: stage.region, Bucket: s.bucket, Key: s.key}
	var records []planted
	var calls, copies []Call
	for i := range s.calls {
		more, told := stage.perform(&s.calls[i], start)
		records = append(records, more...)
		calls = append(calls, told[0])
		copies = append(copies, told[1:]...)
	}
	for _, pair := range s.windows {
		in.Windows = append(in.Windows, window(calls, pair))
	}
	in.Event = calls[s.event]
	calls = append(calls, copies...)
	slices.SortStableFunc(calls, func(a, b Call) int { return a.EventTime.Compare(b.EventTime) })
	in.Calls = calls
	return records, in
}

func window(calls []Call, pair [2]int) Window {
	w := Window{Opened: calls[pair[0]].EventTime, OpenedBy: calls[pair[0]]}
	if pair[1] >= 0 {
		closing := calls[pair[1]] // a copy, since the caller sorts the calls
		w.Closed, w.ClosedBy = closing.EventTime, &closing
	}
	return w
}

// stage is where a script plays.
type stage struct {
	*random
	home   *home
	region string
	bucket string
	key    string
	script *script
}

// perform renders the record of a step. Of a call by another of our accounts
// there are two; the caller's own, which tells who it was, comes first.
func (t *stage) perform(s *step, start int64) ([]planted, []Call) {
	at := start + int64(s.after/time.Second)
	by := t.cast(s.who)
	sc := scene{random: t.random, at: at, account: t.home.id, region: t.region, bucket: t.bucket, key: t.key, other: foreignAccount}
	c := calling{name: s.name, params: s.params, code: s.code, message: s.message, answer: s.answer}
	if s.who == actor1 {
		c.address = t.script.from
	}
	e := c.event(&sc, by)
	if s.who != sister {
		return []planted{{at, t.home.id, t.region, e.append(nil)}}, []Call{e.call()}
	}
	e.shared = t.uuid()
	seen := *e
	e.account = sisterAccount
	seen.by, seen.eventID = foreign(sisterAccount, by.principal), t.uuid()
	return []planted{{at, sisterAccount, t.region, e.append(nil)}, {at, t.home.id, t.region, seen.append(nil)}}, []Call{e.call(), seen.call()}
}

func (t *stage) cast(c cast) *actor {
	switch c {
	case colleague:
		return t.home.people[(t.script.person+7)%len(givenNames)]
	case stranger:
		return scanners[0]
	case sister:
		return iamUser(sisterAccount, "nightly-sync").uses([]string{"192.0.2.44"}, cliAgents)
	}
	return t.home.people[t.script.person%len(givenNames)]
}

// calling is one S3 call to render by hand rather than from the catalog.
type calling struct {
	name, params  string
	code, message string
	address       string // "" the actor's
	agent         string // "" the actor's
	answer        int
	aclRequired   bool
}

// isRead tells the calls that change nothing by their names.
func isRead(name string) bool {
	return strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "List") || strings.HasPrefix(name, "Head")
}

// event renders the call's parts.
func (c *calling) event(s *scene, by *actor) *event {
	e := &event{at: s.at, by: by, source: "s3", name: c.name, region: s.region, account: s.account, code: c.code,
		message: string(render(c.message, s)), params: render(c.params, s), address: c.address, readOnly: isRead(c.name)}
	if e.address == "" {
		e.address = pick(s.random, by.addresses)
	}
	agent := c.agent
	if agent == "" {
		agent = pick(s.random, by.agents)
	}
	e.agent = "[" + agent + "]"
	e.data = dataCalls[c.name]
	switch {
	case s.bucket == "" || c.name == "CreateBucket" || c.name == "ListBuckets":
	case c.name == "ListObjects":
		e.resources = render(listResource, s)
	case e.data && c.name != "HeadBucket":
		e.resources = render(objectResource, s)
	default:
		e.resources = render(bucketResource, s)
	}
	in, out := 0, c.answer
	switch {
	case c.code != "":
		out = 240 + len(e.message)
	case !e.readOnly:
		in = len(e.params)
	case out == 0:
		out = answerSizes[c.name]
	}
	e.extra = appendTransferSizes(nil, s.random, e, in, out)
	if c.aclRequired {
		e.extra = append(e.extra[:len(e.extra)-1], `,"aclRequired":"Yes"}`...)
	}
	e.requestID, e.eventID = string(s.appendUpper(nil, 16)), s.uuid()
	e.console = by.console
	if !e.console && e.at >= unixDate(2022, 1) {
		e.host = requestHost(e.params)
	}
	return e
}

// call is how the truth names the record.
func (e *event) call() Call {
	return Call{EventID: e.eventID, EventName: e.name, EventTime: time.Unix(e.at, 0).UTC(), UserName: e.by.name,
		ARN: e.by.arn, SourceIPAddress: e.address, ErrorCode: e.code}
}
