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

// tagReading says how the value of a tag is read.
type tagReading int

const (
	notRead     tagReading = iota
	aLevel                 // a word of a scheme of classes: public, internal, confidential
	isSensitive            // true or false: whether it holds such data
	isPublic               // true or false: whether it is meant for the public
	isSite                 // whether it serves a site, or which
	aVisibility            // public or private
	aText                  // words
)

// tagKeys are the keys that tell of content, without what stands before the last
// ":", "/" or ".", without case and separators.
var tagKeys = func() map[string]tagReading {
	out := map[string]tagReading{}
	for reading, keys := range map[tagReading]string{
		aLevel: "classification dataclassification dataclass datalevel sensitivity datasensitivity confidentiality dataconfidentiality securityclassification" +
			" informationclassification infoclassification classificationlevel sensitivitylevel protectionlevel klassifizierung datenklassifizierung vertraulichkeit schutzklasse" +
			" clasificacion classificazione classificacao confidentialite",
		isSensitive: "pii phi pci gdpr dsgvo rgpd hipaa confidential sensitive secret private personal personaldata sensitivedata" +
			" containspii containsphi containspersonaldata containssensitivedata haspii hasphi piidata phidata",
		isPublic:    "public ispublic publicaccess publicread publicbucket allowpublic allowpublicaccess intentionallypublic approvedpublic publicapproved",
		isSite:      "website site staticsite staticwebsite",
		aVisibility: "visibility exposure access accesslevel accessibility audience",
		aText:       "description purpose content contents data datatype usage usecase type buckettype compliance compliancescope regulation beschreibung zweck descripcion descrizione descricao",
	} {
		for _, key := range strings.Fields(keys) {
			out[key] = reading
		}
	}
	return out
}()

var (
	openLevels  = wordSet("public open declassified unclassified unrestricted opendata publico publica pubblico oeffentlich offentlich openbaar world internet everyone anonymous")
	highLevels  = wordSet("high critical severe")
	negations   = wordSet("non not no nicht kein keine nope")
	truthWords  = wordSet("true yes y 1 on ja si oui")
	falsehoods  = wordSet("false no n 0 off nein non none")
	closedWords = wordSet("private internal restricted closed")
)

func tagReadingOf(key string) tagReading {
	if i := strings.LastIndexAny(key, ":/."); i >= 0 {
		key = key[i+1:]
	}
	return tagKeys[strings.Join(tokens(key), "")]
}

// setTag is a tag with the call that set it.
type setTag struct {
	replay.Tag
	by replay.Tagging
}

func (t setTag) String() string {
	return fmt.Sprintf("the tag %s=%s, set by %s of %s on %s (eventID %s)", t.Key, t.Value, t.by.Name, t.by.UserName, t.by.Time.Format(time.DateOnly), t.by.EventID)
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
			tags[tag.Key] = setTag{tag, t}
		}
		if t.Lost != "" {
			lost = fmt.Sprintf("%s (eventID %s)", t.Lost, t.EventID)
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
			r.weighTags(tags, false, e)
		}
	}
	if len(list) == 0 && missing == "" && e.answer() == Cannot {
		e.lacks("no call that set tags of the bucket is in the records")
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
			out[tag.Key] = setTag{tag, t}
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
		}
	}
}

// saying is what a tag tells.
type saying int

const (
	nothing saying = iota
	clearlySensitive
	perhapsSensitive
	perhapsPublic
)

// tagSays reads one tag.
func (c *Context) tagSays(t replay.Tag) (says saying, means string) {
	words := tokens(t.Value)
	any := func(of map[string]bool) bool { return slices.ContainsFunc(words, func(w string) bool { return of[w] }) }
	value := strings.ToLower(strings.TrimSpace(t.Value))
	switch tagReadingOf(t.Key) {
	case aLevel:
		return c.levelSays(t.Value, any)
	case isSensitive:
		if truthWords[value] {
			return clearlySensitive, "what its key says"
		}
	case isPublic:
		switch {
		case truthWords[value]:
			return perhapsPublic, "content for the public"
		case falsehoods[value]:
			return perhapsSensitive, "content that is not for the public"
		}
	case isSite:
		if value != "" && !falsehoods[value] && !any(negations) {
			return perhapsPublic, "a website"
		}
	case aVisibility:
		switch {
		case any(negations):
		case any(closedWords):
			return perhapsSensitive, "content that is not for the public"
		case any(openLevels):
			return perhapsPublic, "content for the public"
		}
	case aText:
		if found := c.words(t.Value); len(found) > 0 && !any(negations) {
			for _, w := range found {
				if w.sensitive {
					return perhapsSensitive, w.means
				}
			}
			return perhapsPublic, found[0].means
		}
	}
	return nothing, ""
}

// levelSays reads a class of content. "Not confidential" tells nothing: it may
// be internal.
func (c *Context) levelSays(value string, any func(map[string]bool) bool) (says saying, means string) {
	open := any(openLevels)
	switch {
	case any(negations) || slices.Contains(tokens(value), "nonpublic"):
		if open || slices.Contains(tokens(value), "nonpublic") {
			return clearlySensitive, "content that is not for the public"
		}
		return nothing, ""
	case any(highLevels):
		return clearlySensitive, "content of a high class"
	}
	for _, w := range c.words(value) {
		if w.sensitive {
			return clearlySensitive, w.means
		}
	}
	if open {
		return perhapsPublic, "content for the public"
	}
	return nothing, ""
}
