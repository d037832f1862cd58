// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

// run is a maximal stretch of steps in which an identity stayed open.
type run struct {
	id        identity
	start     int // first step at which it is open; -1: before the first step
	end       int // step at which it closed; -2: still open after the last step
	segments  []segment
	first     holding      // the holding that opened it
	grade     bucket.Grade // the lowest of all steps
	unseen    []string
	now       holding // the surest of the last step
	grants    []grant // those involved, with the steps that set them
	after     []string
	undecided bool
	reopened  int // how often it opened again after maxWindows windows
	grantsCut int // grants beyond maxGrants
}

// maxWindows bounds the windows of one identity, maxGrants the grants named for
// one window, maxSegments its segments: a loop that opens and closes a bucket
// all day is one story, and must not cost the memory of ten thousand.
const (
	maxWindows  = 20
	maxGrants   = 20
	maxSegments = 100
)

const stillOpen = -2

// grant is what a call gave, as evidence names it.
type grant struct {
	step                       int
	route                      RouteID
	permission, uri, statement string
}

type segment struct {
	from   int
	routes []RouteID
}

// latent is a grant that a guard holds, by the step that set it.
type latentKey struct {
	id    identity
	route RouteID
	grant int
}

type latentRun struct {
	key   latentKey
	start int
	end   int
	last  holding
}

// sweep walks the steps of a timeline and gathers runs.
type sweep struct {
	t      *bucket.Timeline
	steps  []int // those visited
	open   map[identity]*run
	runs   []*run
	last   map[identity]*run
	count  map[identity]int
	latent map[latentKey]*latentRun
	opened map[latentKey]bool
}

func newSweep(t *bucket.Timeline) *sweep {
	return &sweep{t: t, open: map[identity]*run{}, last: map[identity]*run{}, count: map[identity]int{}, latent: map[latentKey]*latentRun{}, opened: map[latentKey]bool{}}
}

// visit takes in the holdings after one step.
func (s *sweep) visit(step int, holdings []holding) {
	s.steps = append(s.steps, step)
	byID := map[identity][]holding{}
	for _, h := range holdings {
		if h.open() {
			s.admit(byID, h)
		}
		s.note(step, h)
	}
	for id, r := range s.open {
		if len(byID[id]) == 0 {
			r.end = step
			r.after = blockersOf(id, holdings)
			delete(s.open, id)
		}
	}
	for _, id := range sortedIDs(byID) {
		s.extend(step, id, byID[id])
	}
}

// admit files an open holding under its identity. What anyone may do, any AWS
// account may do too: the wider audience is filed under both, so that a
// narrowing (Requester Pays) does not look like a new opening.
func (s *sweep) admit(byID map[identity][]holding, h holding) {
	id := h.identity()
	byID[id] = append(byID[id], h)
	if h.audience == policy.Anyone {
		id.audience = policy.AnyAWSAccount
		byID[id] = append(byID[id], h)
	}
}

func sortedIDs(m map[identity][]holding) []identity {
	ids := make([]identity, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIdentity)
	return ids
}

func compareIdentity(a, b identity) int {
	return cmp.Or(cmp.Compare(a.point, b.point), cmp.Compare(a.key, b.key), cmp.Compare(a.scope, b.scope),
		cmp.Compare(a.audience, b.audience), cmp.Compare(a.principal, b.principal), cmp.Compare(a.access, b.access))
}

func blockersOf(id identity, holdings []holding) []string {
	var out []string
	for _, h := range holdings {
		if h.identity() == id && !h.open() {
			out = append(out, h.blockedBy...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *sweep) extend(step int, id identity, holdings []holding) {
	best := strongest(holdings)
	r, ok := s.open[id]
	if !ok {
		r = s.begin(step, id, best)
	}
	r.grade, r.now = min(r.grade, best.grade), best
	for _, u := range best.unseen {
		if !slices.Contains(r.unseen, u) {
			r.unseen = append(r.unseen, u)
		}
	}
	r.undecided = r.undecided && best.undecided
	var routes []RouteID
	for _, h := range holdings {
		routes = append(routes, h.route)
		r.addGrant(h)
	}
	slices.Sort(routes)
	routes = slices.Compact(routes)
	if n := len(r.segments); n == 0 || n < maxSegments && !slices.Equal(r.segments[n-1].routes, routes) {
		r.segments = append(r.segments, segment{step, routes})
	}
}

// begin starts a window, or goes on with the last one where there are too many.
func (s *sweep) begin(step int, id identity, best holding) *run {
	if s.count[id] >= maxWindows {
		r := s.last[id]
		r.end, r.after = stillOpen, nil
		r.reopened++
		s.open[id] = r
		return r
	}
	r := &run{id: id, start: step, end: stillOpen, first: best, grade: best.grade, undecided: best.undecided}
	s.open[id], s.last[id] = r, r
	s.count[id]++
	s.runs = append(s.runs, r)
	return r
}

func (r *run) addGrant(h holding) {
	g := grantOf(h, h.grantStep)
	switch {
	case slices.ContainsFunc(r.grants, func(o grant) bool { return o.step == g.step && o.uri == g.uri }):
	case len(r.grants) < maxGrants:
		r.grants = append(r.grants, g)
	default:
		r.grantsCut++
	}
}

func grantOf(h holding, step int) grant {
	return grant{step, h.route, h.permission, h.uri, h.statement}
}

// setBy reports whether a step set one of the grants.
func (r *run) setBy(step int) bool {
	return slices.ContainsFunc(r.grants, func(g grant) bool { return g.step == step })
}

// strongest is the holding that is surest, then the first in the table of routes.
func strongest(holdings []holding) holding {
	best := holdings[0]
	for _, h := range holdings[1:] {
		if h.grade > best.grade {
			best = h
		}
	}
	return best
}

// note keeps the latent register (semantics B.9 W7).
func (s *sweep) note(step int, h holding) {
	key := latentKey{h.identity(), h.route, h.grantStep}
	if h.open() {
		s.opened[key] = true
		return
	}
	l, ok := s.latent[key]
	if !ok {
		l = &latentRun{key: key, start: step}
		s.latent[key] = l
	}
	l.last, l.end = h, step
}

// neverOpen lists the grants that a guard held throughout.
func (s *sweep) neverOpen() []*latentRun {
	var out []*latentRun
	for key, l := range s.latent {
		if !s.opened[key] {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b *latentRun) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.key.route, b.key.route), compareIdentity(a.key.id, b.key.id))
	})
	return out
}

// visits lists the steps to evaluate for one object: those of settings and its own.
func visits(settings, own []int) []int {
	all := append(append([]int{-1}, settings...), own...)
	sort.Ints(all)
	return slices.Compact(all)
}

func timeAt(t *bucket.Timeline, step int) *time.Time {
	if step < 0 {
		return nil
	}
	at := t.Steps[step].Time
	if at.IsZero() {
		return nil
	}
	return &at
}

// dropCovered removes the run of any AWS account where a run of anyone has the
// same steps: it says nothing more.
func dropCovered(runs []*run) []*run {
	wide := map[identity][]*run{}
	for _, r := range runs {
		if r.id.audience == policy.Anyone {
			id := r.id
			id.audience = policy.AnyAWSAccount
			wide[id] = append(wide[id], r)
		}
	}
	return slices.DeleteFunc(runs, func(r *run) bool {
		return slices.ContainsFunc(wide[r.id], func(w *run) bool { return w.start == r.start && w.end == r.end })
	})
}

func joinNames(list []string) string { return strings.Join(list, ", ") }
