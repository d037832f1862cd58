// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/replay"
)

// setTag is a tag with the call that set it.
type setTag struct {
	replay.Tag
	by   replay.Tagging
	gone bool // who opened it took it away before
}

func (t setTag) String() string {
	if t.by.EventID == "" {
		return fmt.Sprintf("the tag %s=%s, read from the account on %s", t.Key, t.Value, t.by.Time.Format(time.DateOnly))
	}
	text := fmt.Sprintf("the tag %s=%s, set by %s of %s on %s (eventID %s)", t.Key, t.Value, t.by.Name, t.by.UserName, t.by.Time.Format(time.DateOnly), t.by.EventID)
	if t.gone {
		text += ", which who opened it took away before he did"
	}
	return text
}

// tagsAt are the tags that were set at a time, by key, since the bucket was last
// made or deleted. Lost says why they are not all known. A zero time is the end
// of the records.
func tagsAt(list []replay.Tagging, remade []time.Time, at time.Time) (tags map[string]setTag, lost string) {
	tags = map[string]setTag{}
	past := func(t time.Time) bool { return at.IsZero() || !t.After(at) }
	var since time.Time
	for _, t := range remade {
		if past(t) {
			since = t
		}
	}
	for _, t := range list {
		if !past(t.Time) || t.Time.Before(since) {
			continue
		}
		if t.Whole {
			clear(tags)
			lost = ""
		}
		for _, key := range t.Removed {
			delete(tags, key)
		}
		for _, tag := range t.Set {
			tags[tag.Key] = setTag{Tag: tag, by: t}
		}
		if t.Lost != "" {
			lost = t.Lost
			if t.EventID != "" {
				lost = fmt.Sprintf("%s (eventID %s)", t.Lost, t.EventID)
			}
		}
	}
	return tags, lost
}

// tags weighs the tags of the bucket and of the objects that were opened. Tags
// are what somebody of the account said of the content: that it is sensitive is
// strong evidence; that it is public is weak, since modules and habit set such
// tags too. Tags that came while it was open count if they tell of something
// sensitive.
func (r *ranker) tags(a *Alert, e *evidence) {
	at := openedTime(a)
	list, missing := r.taggings(a.Bucket, "")
	tags, lost := tagsAt(list, a.remade, at)
	r.stagingOf(a, list).discount(tags, a.remade, r.known.Context, e)
	r.weighTags(tags, false, e)
	r.weighTags(tagsSince(list, at, a.ClosedAt), true, e)
	for _, why := range []string{missing, lost} {
		if why != "" {
			e.lacks("tags of the bucket: %s", why)
		}
	}
	for _, key := range append(slices.Clone(a.Keys), a.Key) {
		key, _, _ = strings.Cut(key, "?versionId=")
		if key != "" {
			list, _ := r.taggings(a.Bucket, key)
			tags, _ := tagsAt(list, nil, at)
			if s := r.stagingOf(a, list); !s.uploaded(list) {
				s.discount(tags, nil, r.known.Context, e)
			}
			r.weighTags(tags, false, e)
		}
	}
	if len(list) == 0 && missing == "" && e.answer() == Cannot {
		e.lacks("no call that set tags of the bucket is in the records")
	}
}

// staging is what who opened it did to the tags not long before: he may have
// prepared what others are to read.
type staging struct {
	from, at time.Time
	list     []replay.Tagging          // of everybody
	mine     func(replay.Tagging) bool // by who opened it, whenever
	made     bool                      // he made the bucket himself since from
}

// stagingSpan is how long before an opening the opener's own words speak in his
// own cause, of what others had given a purpose: an hour is soon waited out.
const stagingSpan = 7 * 24 * time.Hour

// stagingOf looks an hour back, and further where others had tagged it before.
func (r *ranker) stagingOf(a *Alert, list []replay.Tagging) staging {
	s := staging{at: openedTime(a), list: list}
	s.from = s.at.Add(-time.Hour)
	caller := r.principalOf(a)
	s.mine = func(t replay.Tagging) bool { return caller != "" && t.Caller == caller }
	if slices.ContainsFunc(list, func(t replay.Tagging) bool { return !s.mine(t) && len(t.Set) > 0 && !t.Time.After(s.at) }) {
		s.from = s.at.Add(-stagingSpan)
	}
	s.made = r.created(a, s.from)
	return s
}

// created reports whether who opened a bucket made it himself since a time.
func (r *ranker) created(a *Alert, since time.Time) bool {
	_, made := r.madeAt(a, since)
	return made
}

func (s staging) own(t replay.Tagging) bool {
	return s.mine(t) && t.Time.After(s.from) && !t.Time.After(s.at)
}

// classifier reports whether who opened it set tags there earlier too: to tag is
// his work.
func (s staging) classifier() bool {
	return slices.ContainsFunc(s.list, func(t replay.Tagging) bool { return s.mine(t) && len(t.Set) > 0 && !t.Time.After(s.from) })
}

// uploaded reports whether the object itself was put there meanwhile: its tags
// came with it.
func (s staging) uploaded(list []replay.Tagging) bool {
	return slices.ContainsFunc(list, func(t replay.Tagging) bool {
		return s.own(t) && t.Whole && !strings.HasSuffix(t.Name, "Tagging")
	})
}

// discount takes out of the tags what the opener himself said meanwhile that
// speaks for the public, and puts in again what he took away that does not. Of a
// bucket that he made meanwhile, that was made within the hour, or that he tagged
// before, nothing is.
func (s staging) discount(tags map[string]setTag, remade []time.Time, c *Context, e *evidence) {
	fresh := slices.ContainsFunc(remade, func(t time.Time) bool { return t.After(s.at.Add(-time.Hour)) && !t.After(s.at) })
	if s.made || fresh || !slices.ContainsFunc(s.list, s.own) || s.classifier() {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		t := tags[key]
		if says, _ := c.tagSays(t.Tag); (says == perhapsPublic || says == bothWays) && s.own(t.by) {
			e.lacks("%s: who opened it set it himself %s before, so that it counts for nothing", t, span(s.at.Sub(t.by.Time)))
			delete(tags, key)
		}
	}
	earlier, _ := tagsAt(s.list, remade, s.from)
	for _, t := range s.list { // of others, that came since
		if !s.mine(t) && t.Time.After(s.from) && !t.Time.After(s.at) {
			for _, tag := range t.Set {
				earlier[tag.Key] = setTag{Tag: tag, by: t}
			}
		}
	}
	for key, t := range earlier {
		says, _ := c.tagSays(t.Tag)
		now, still := tags[key]
		if (says == clearlySensitive || says == perhapsSensitive) && (!still || s.own(now.by) && now.Value != t.Value) {
			t.gone = true
			tags[key] = t
		}
	}
}

// tagsSince are the tags that were set after a time, while it was open.
func tagsSince(list []replay.Tagging, from time.Time, until *time.Time) map[string]setTag {
	out := map[string]setTag{}
	for _, t := range list {
		if from.IsZero() || !t.Time.After(from) || until != nil && t.Time.After(*until) {
			continue
		}
		for _, tag := range t.Set {
			out[tag.Key] = setTag{Tag: tag, by: t}
		}
	}
	return out
}

func (r *ranker) weighTags(tags map[string]setTag, sensitiveOnly bool, e *evidence) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		t := tags[key]
		switch says, means := r.known.Context.tagSays(t.Tag); says {
		case clearlySensitive:
			e.strongYes("%s, tells of %s", t, means)
		case perhapsSensitive:
			e.weakYes("%s, tells of %s", t, means)
		case perhapsPublic:
			if !sensitiveOnly {
				e.weakNo("%s, tells of %s", t, means)
			}
		case bothWays:
			e.weakYes("%s, tells of %s too", t, means)
			if !sensitiveOnly {
				e.weakNo("%s, tells of what is for the public too", t)
			}
		}
	}
}
