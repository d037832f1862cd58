// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// converter turns records into rows. One serves one goroutine.
type converter struct {
	texts *texts
	keys  map[string]string // principal_key by userIdentity.arn
}

func newConverter() *converter {
	return &converter{texts: newTexts(), keys: map[string]string{}}
}

// partition says where a record belongs.
func partition(h *trail.Header, lastDay *dayText) Partition {
	p := Partition{Unknown, Unknown}
	if isAccountID(h.RecipientAccountID) {
		p.Account = string(h.RecipientAccountID)
	}
	if seconds, _, ok := trail.ParseTime(h.Time); ok {
		p.Day = lastDay.of(seconds)
	}
	return p
}

// dayText remembers the last day's text: records come in the order of time.
type dayText struct {
	day  int64
	text string
}

func (d *dayText) of(seconds int64) string {
	if day := seconds / 86400; d.text == "" || day != d.day {
		d.day, d.text = day, time.Unix(seconds, 0).UTC().Format(time.DateOnly)
	}
	return d.text
}

// row fills r, with long texts in a.
func (c *converter) row(r *Row, a *arena, h *trail.Header, raw []byte) {
	share := c.texts.share
	if seconds, nanos, ok := trail.ParseTime(h.Time); ok {
		r.EventTime = seconds*1e6 + int64(nanos)/1e3
	}
	if len(h.EventID) <= maxText && utf8.Valid(h.EventID) {
		r.EventID = a.keep(h.EventID)
	}
	r.EventName, r.EventSource, r.Region = share(h.Name), share(h.Source), share(h.Region)
	r.Principal, r.PrincipalKey = share(h.ARN), c.key(h)
	r.UserName, r.UserType = share(userName(h)), share(h.Type)
	r.SessionIssuer, r.InvokedBy = share(h.IssuerARN), share(h.InvokedBy)
	r.AccessKeyID, r.CallerAccount = share(text(h.AccessKeyID)), share(h.AccountID)
	r.SourceIP, r.UserAgent, r.ErrorCode = share(h.Address), share(h.Agent), share(h.Error)
	r.SharedEventID = columnText(a.keep(h.SharedEventID))
	r.SourceOffset = h.Offset
	c.members(r, a, h, raw)
	c.request(r, a, h)
	r.Raw = a.keep(raw)
	if !utf8.Valid(raw) {
		r.RawBytes = bytes.Clone(raw)
		r.Raw = strings.ToValidUTF8(r.Raw, "\uFFFD")
	}
}

// userName is userIdentity.userName; for a role's session, which has none, the
// session's name, which ends its ARN.
func userName(h *trail.Header) []byte {
	if len(h.UserName) > 0 || string(h.Type) != "AssumedRole" {
		return h.UserName
	}
	return h.ARN[bytes.LastIndexByte(h.ARN, '/')+1:]
}

// key is the caller, of whom the baseline of hunt has the role only: an ARN in which the
// changing part of a session's name is cut to a pattern, a service, an account.
func (c *converter) key(h *trail.Header) string {
	if len(h.ARN) == 0 {
		return columnText(replay.SessionKey("", string(h.InvokedBy), string(h.AccountID), string(h.PrincipalID)))
	}
	if key, ok := c.keys[string(h.ARN)]; ok {
		return key
	}
	if len(c.keys) >= maxInterned {
		clear(c.keys)
	}
	key := c.texts.share([]byte(replay.SessionKey(string(h.ARN), "", "", "")))
	if len(h.ARN) <= maxText {
		c.keys[string(h.ARN)] = key
	}
	return key
}

var readOnly = map[bool]*bool{true: new(true), false: new(false)}

// members fills what the header does not hold. Of the values that it holds it
// takes the length, instead of passing over them once more.
func (c *converter) members(r *Row, a *arena, h *trail.Header, raw []byte) {
	jump := func(at []byte) int {
		for _, known := range [...][]byte{h.Request, h.Response, h.Additional, h.Resources} {
			if len(known) > 0 && &known[0] == &at[0] {
				return len(known)
			}
		}
		return 0
	}
	eachMember(raw, jump, func(name, value []byte) bool {
		switch string(name) {
		case "requestID", "requestId":
			r.RequestID = columnText(a.keep(text(value)))
		case "vpcEndpointId":
			r.VPCEndpointID = c.texts.share(text(value))
		case "eventCategory":
			r.EventCategory = c.texts.share(text(value))
		case "readOnly":
			r.ReadOnly = readOnlyOf(string(text(value)))
		}
		return true
	})
}

// readOnlyOf takes the spellings that trail.Decode takes.
func readOnlyOf(word string) *bool {
	switch word {
	case "true", "True", "TRUE", "1":
		return readOnly[true]
	case "false", "False", "FALSE", "0":
		return readOnly[false]
	}
	return nil
}

// request fills bucket and key from requestParameters, of requests to Amazon S3
// that name no bucket there from resources.
func (c *converter) request(r *Row, a *arena, h *trail.Header) {
	params := h.Request
	if len(params) > 0 && params[0] == '"' {
		params = text(params) // some tools keep an object as a text
	}
	eachMember(params, nil, func(name, value []byte) bool {
		switch string(name) {
		case "bucketName":
			r.Bucket = c.texts.share(text(value))
		case "key":
			if bytes.HasPrefix(h.Source, []byte("s3")) {
				r.ObjectKey = columnText(a.keep(text(value)))
			}
		}
		return true
	})
	if r.Bucket == "" && bytes.HasPrefix(h.Source, []byte("s3")) {
		r.Bucket = c.texts.share(bucketOf(h.Resources))
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
