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
	gone bool // who opened it took it away within the hour before
}

func (t setTag) String() string {
	if t.by.EventID == "" {
		return fmt.Sprintf("the tag %s=%s, read from the account on %s", t.Key, t.Value, t.by.Time.Format(time.DateOnly))
	}
	text := fmt.Sprintf("the tag %s=%s, set by %s of %s on %s (eventID %s)", t.Key, t.Value, t.by.Name, t.by.UserName, t.by.Time.Format(time.DateOnly), t.by.EventID)
	if t.gone {
		text += ", which who opened it took away within the hour before"
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
	hour := r.lastHour(a, list)
	hour.discount(tags, a.remade, r.known.Context, e)
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
			if hour := r.lastHour(a, list); !hour.uploaded(list) {
				hour.discount(tags, nil, r.known.Context, e)
			}
			r.weighTags(tags, false, e)
		}
	}
	if len(list) == 0 && missing == "" && e.answer() == Cannot {
		e.lacks("no call that set tags of the bucket is in the records")
	}
}

// lastHour is what who opened it did to the tags within the hour before: he may
// have prepared what others are to read.
type lastHour struct {
	from, at time.Time
	list     []replay.Tagging          // of everybody
	mine     func(replay.Tagging) bool // by who opened it, whenever
}

func (r *ranker) lastHour(a *Alert, list []replay.Tagging) lastHour {
	h := lastHour{at: openedTime(a), list: list}
	h.from = h.at.Add(-time.Hour)
	caller := r.principalOf(a)
	h.mine = func(t replay.Tagging) bool { return caller != "" && t.Caller == caller }
	return h
}

func (h lastHour) own(t replay.Tagging) bool {
	return h.mine(t) && t.Time.After(h.from) && !t.Time.After(h.at)
}

// classifier reports whether who opened it set tags there before that hour too:
// to tag is his work.
func (h lastHour) classifier() bool {
	return slices.ContainsFunc(h.list, func(t replay.Tagging) bool { return h.mine(t) && len(t.Set) > 0 && !t.Time.After(h.from) })
}

// uploaded reports whether the object itself was put there within the hour: its
// tags came with it.
func (h lastHour) uploaded(list []replay.Tagging) bool {
	return slices.ContainsFunc(list, func(t replay.Tagging) bool {
		return h.own(t) && t.Whole && !strings.HasSuffix(t.Name, "Tagging")
	})
}

// discount takes out of the tags what the opener himself said within the hour
// that speaks for the public, and puts in again what he took away that does not.
// Of a bucket that was made within the hour, or that he tagged before, nothing is.
func (h lastHour) discount(tags map[string]setTag, remade []time.Time, c *Context, e *evidence) {
	if !slices.ContainsFunc(h.list, h.own) || h.classifier() || slices.ContainsFunc(remade, func(t time.Time) bool { return t.After(h.from) && !t.After(h.at) }) {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		t := tags[key]
		if says, _ := c.tagSays(t.Tag); (says == perhapsPublic || says == bothWays) && h.own(t.by) {
			e.lacks("%s: who opened it set it himself %s before, so that it counts for nothing", t, span(h.at.Sub(t.by.Time)))
			delete(tags, key)
		}
	}
	earlier, _ := tagsAt(h.list, remade, h.from)
	for key, t := range earlier {
		says, _ := c.tagSays(t.Tag)
		now, still := tags[key]
		if (says == clearlySensitive || says == perhapsSensitive) && (!still || h.own(now.by) && now.Value != t.Value) {
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
