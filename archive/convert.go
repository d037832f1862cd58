// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"time"
	"unicode/utf8"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// converter turns records into drafts. One serves one goroutine.
type converter struct {
	words *words
	last  [draftWords]word // of the record before: much is as it was
	// keys are those of callers without an ARN, by service, account and id.
	keys   map[[3]word]word
	behind []byte // what is to stand behind the record
}

// full reports whether a new converter should take the place of this one.
func (c *converter) full() bool { return c.words.full() || len(c.keys) > maxWords }

func newConverter() *converter {
	return &converter{words: newWords(), keys: map[[3]word]word{}}
}

// partition says where a record belongs.
func partition(h *trail.Header, lastDay *dayText) Partition {
	p := Partition{Unknown, Unknown}
	if isAccountID(h.RecipientAccountID) {
		p.Account = lastDay.accountOf(h.RecipientAccountID)
	}
	if seconds, _, ok := trail.ParseTime(h.Time); ok {
		p.Day = lastDay.of(seconds)
	}
	return p
}

// dayText remembers the last day's text, and the last account's: records come
// in the order of time.
type dayText struct {
	day           int64
	text, account string
}

func (d *dayText) of(seconds int64) string {
	if day := seconds / 86400; d.text == "" || day != d.day {
		d.day, d.text = day, time.Unix(seconds, 0).UTC().Format(time.DateOnly)
	}
	return d.text
}

func (d *dayText) accountOf(id []byte) string {
	if d.account != string(id) {
		d.account = string(id)
	}
	return d.account
}

// word is the number of a text that stood in the same field of the record
// before, or anywhere.
func (c *converter) word(field int, text []byte) word {
	if last := c.last[field]; bytes.Equal(c.words.entries[last].written, text) {
		return last
	}
	w := c.words.of(text)
	c.last[field] = w
	return w
}

// draft fills d, with its text in a.
func (c *converter) draft(d *draft, a *arena, h *trail.Header, raw []byte) {
	c.behind = c.behind[:0]
	d.offset, d.length = h.Offset, uint32(len(raw))
	if seconds, nanos, ok := trail.ParseTime(h.Time); ok {
		d.time = seconds*1e6 + int64(nanos)/1e3
	}
	for field, text := range [...][]byte{
		wordName: h.Name, wordSource: h.Source, wordRegion: h.Region, wordARN: h.ARN, wordUserName: h.UserName, wordType: h.Type,
		wordPrincipalID: h.PrincipalID, wordIssuer: h.IssuerARN, wordKeyIDQuoted: h.AccessKeyID, wordAccount: h.AccountID,
		wordService: h.InvokedBy, wordAddress: h.Address, wordAgent: h.Agent, wordError: h.Error,
	} {
		if len(text) > 0 {
			d.words[field] = c.word(field, text)
		}
	}
	c.caller(d, h)
	c.members(d, h, raw)
	c.request(d, h)
	d.text, d.broken = a.keep(raw, c.behind), !utf8.Valid(raw)
	d.identity = identityOf(d.at(placeEventID), d.record)
}

// caller fills what columns derive from userIdentity.
func (c *converter) caller(d *draft, h *trail.Header) {
	w := &d.words
	w[wordKey] = c.key(w, h)
	w[wordUser] = w[wordUserName]
	if w[wordUser] == 0 && string(h.Type) == "AssumedRole" {
		w[wordUser] = c.session(w[wordARN], h.ARN)
	}
	if quoted := w[wordKeyIDQuoted]; quoted != 0 {
		if of := c.words.derived[quoted]; of.isSaid {
			w[wordKeyID] = of.said
			return
		}
		w[wordKeyID] = c.words.of(text(h.AccessKeyID))
		of := &c.words.derived[quoted]
		of.said, of.isSaid = w[wordKeyID], true
	}
}

// session is what stands for the userName of a role's session, which has none:
// the session's name, which ends its ARN.
func (c *converter) session(arn word, written []byte) word {
	if arn == 0 {
		return 0
	}
	if c.words.derived[arn].session == 0 {
		name := c.words.of(written[bytes.LastIndexByte(written, '/')+1:])
		c.words.derived[arn].session = name
	}
	return c.words.derived[arn].session
}

// key is the caller, of whom the baseline of hunt has the role only: an ARN in which the
// changing part of a session's name is cut to a pattern, a service, an account.
func (c *converter) key(w *[draftWords]word, h *trail.Header) word {
	if arn := w[wordARN]; arn != 0 {
		if c.words.derived[arn].key == 0 {
			key := c.words.of([]byte(replay.SessionKey(string(h.ARN), "", "", "")))
			c.words.derived[arn].key = key
		}
		return c.words.derived[arn].key
	}
	of := [3]word{w[wordService], w[wordAccount], w[wordPrincipalID]}
	key, ok := c.keys[of]
	if !ok {
		key = c.words.of([]byte(replay.SessionKey("", string(h.InvokedBy), string(h.AccountID), string(h.PrincipalID))))
		c.keys[of] = key
	}
	return key
}

var readOnly = [...]*bool{isWrite: new(false), isRead: new(true)}

// members finds the places of what the header holds, and fills what it does not
// hold. Of the values that it holds it takes the length, instead of passing over
// them once more; and of a userIdentity that is that of the caller's last record.
func (c *converter) members(d *draft, h *trail.Header, raw []byte) {
	whole := [...][]byte{placeRequest: h.Request, placeResponse: h.Response, placeResources: h.Resources, placeAdditional: h.Additional}
	identity := c.words.derived[d.words[wordARN]].identity
	jump := func(at int) int {
		if raw[at] == '{' && len(identity) > 0 && bytes.HasPrefix(raw[at:], identity) {
			return len(identity)
		}
		for i, known := range whole {
			if len(known) > 0 && &known[0] == &raw[at] {
				d.places[i] = extent{uint32(at), uint32(len(known))}
				return len(known)
			}
		}
		return 0
	}
	eachMember(raw, jump, func(name []byte, from, to int) bool {
		switch string(name) {
		case "userIdentity":
			if !bytes.Equal(raw[from:to], identity) {
				c.words.identify(d.words[wordARN], raw[from:to])
			}
		case "eventTime":
			d.find(placeTime, raw, from, to, h.Time)
		case "eventID":
			d.find(placeEventID, raw, from, to, h.EventID)
		case "sharedEventID":
			d.find(placeSharedID, raw, from, to, h.SharedEventID)
		case "requestID", "requestId":
			c.said(d, placeRequestID, raw, from, to)
		case "vpcEndpointId":
			d.words[wordEndpoint] = c.word(wordEndpoint, text(raw[from:to]))
		case "eventCategory":
			d.words[wordCategory] = c.word(wordCategory, text(raw[from:to]))
		case "readOnly":
			d.readOnly = readOnlyOf(string(text(raw[from:to])))
		}
		return true
	})
	for i, known := range whole {
		d.apart = d.apart || len(known) > 0 && d.places[i].size == 0
	}
	d.apart = d.apart || len(h.Time) > 0 && d.places[placeTime].size == 0 || !isAccountID(h.RecipientAccountID)
	c.elsewhere(d, placeSharedID, h.SharedEventID)
	if len(h.EventID) > maxText || !utf8.Valid(h.EventID) { // no column has it
		d.places[placeEventID], d.apart = extent{}, true
		return
	}
	c.elsewhere(d, placeEventID, h.EventID)
}

// find notes the place of a text that stands in quotes in raw[from:to].
func (d *draft) find(i int, raw []byte, from, to int, text []byte) {
	if to-from == len(text)+2 && bytes.Equal(raw[from+1:to-1], text) {
		d.places[i] = extent{uint32(from + 1), uint32(len(text))}
	}
}

// elsewhere notes a text behind the record, unless its place in it is known.
func (c *converter) elsewhere(d *draft, i int, text []byte) {
	if len(text) > 0 && d.places[i].size == 0 {
		d.places[i] = extent{d.length + uint32(len(c.behind)), uint32(len(text))}
		c.behind = append(c.behind, text...)
	}
}

// said notes what a value says, of which the last one counts.
func (c *converter) said(d *draft, i int, raw []byte, from, to int) {
	d.places[i] = extent{}
	text := text(raw[from:to])
	if d.find(i, raw, from, to, text); d.places[i].size == 0 {
		c.elsewhere(d, i, text)
	}
}

// readOnlyOf takes the spellings that trail.Decode takes.
func readOnlyOf(word string) int8 {
	switch word {
	case "true", "True", "TRUE", "1":
		return isRead
	case "false", "False", "FALSE", "0":
		return isWrite
	}
	return 0
}

// request fills bucket and key from requestParameters, of requests to Amazon S3
// that name no bucket there from resources.
func (c *converter) request(d *draft, h *trail.Header) {
	params := h.Request
	if len(params) > 0 && params[0] == '"' {
		params = text(params) // some tools keep an object as a text
	}
	ofS3 := bytes.HasPrefix(h.Source, []byte("s3"))
	eachMember(params, nil, func(name []byte, from, to int) bool {
		switch string(name) {
		case "bucketName":
			d.words[wordBucket] = c.word(wordBucket, text(params[from:to]))
		case "key":
			if ofS3 {
				d.places[placeObjectKey] = extent{}
				c.elsewhere(d, placeObjectKey, text(params[from:to]))
			}
		}
		return true
	})
	if d.words[wordBucket] == 0 && ofS3 {
		d.words[wordBucket] = c.word(wordBucket, bucketOf(h.Resources))
	}
}

// bucketOf is the bucket of the first ARN of S3 in resources.
func bucketOf(resources []byte) []byte {
	_, rest, found := bytes.Cut(resources, []byte(":s3:::"))
	if !found {
		return nil
	}
	end := bytes.IndexAny(rest, `"/\`)
	if end < 0 {
		return nil
	}
	return rest[:end]
}
