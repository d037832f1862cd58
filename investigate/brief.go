// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"bytes"
	"encoding/json"

	"github.com/bucketlid/bucketlid/trail"
)

// briefReader reads the members that an Entry is made of, where a record has the
// common form: decoding it whole takes several times as long, and gives the
// same. One serves one goroutine.
type briefReader struct {
	identities map[string]trail.UserIdentity // by the text of userIdentity
	size       int
	wrapped    []byte
}

// maxIdentityBytes bounds the texts of userIdentity that are remembered.
const maxIdentityBytes = 4 << 20

// topMember is a member of a record: a text that an Entry tells, one that is read
// further, or one of which an Entry says nothing, whatever it holds. Any other
// makes a record unusual.
type topMember struct {
	text func(r *trail.Record) *string
	kind int
}

const (
	memberText = iota
	memberIdentity
	memberRequest
	memberIdle
)

var topMembers = func() map[string]topMember {
	out := map[string]topMember{
		"eventTime":          {text: func(r *trail.Record) *string { return &r.EventTimeText }},
		"eventSource":        {text: func(r *trail.Record) *string { return &r.EventSource }},
		"eventName":          {text: func(r *trail.Record) *string { return &r.EventName }},
		"awsRegion":          {text: func(r *trail.Record) *string { return &r.AWSRegion }},
		"sourceIPAddress":    {text: func(r *trail.Record) *string { return &r.SourceIPAddress }},
		"userAgent":          {text: func(r *trail.Record) *string { return &r.UserAgent }},
		"errorCode":          {text: func(r *trail.Record) *string { return &r.ErrorCode }},
		"errorMessage":       {text: func(r *trail.Record) *string { return &r.ErrorMessage }},
		"eventID":            {text: func(r *trail.Record) *string { return &r.EventID }},
		"sharedEventID":      {text: func(r *trail.Record) *string { return &r.SharedEventID }},
		"recipientAccountId": {text: func(r *trail.Record) *string { return &r.RecipientAccountID }},
		"userIdentity":       {kind: memberIdentity},
		"requestParameters":  {kind: memberRequest},
	}
	for _, name := range []string{"eventVersion", "requestID", "eventType", "eventCategory", "vpcEndpointId", "vpcEndpointAccountId", "readOnly", "managementEvent",
		"additionalEventData", "tlsDetails", "apiVersion", "sessionCredentialFromConsole", "responseElements", "resources"} {
		out[name] = topMember{kind: memberIdle}
	}
	return out
}()

// read returns the record as trail.Decode would for an Entry, or nil. Of members
// of one name the last counts for both.
func (b *briefReader) read(h *trail.Header, raw []byte) *trail.Record {
	if !json.Valid(raw) || wantsInstance(h, raw) {
		return nil
	}
	r := &trail.Record{}
	var request, identity []byte
	ok := eachMember(raw, func(name, value []byte) bool {
		m, known := topMembers[string(name)]
		if !known {
			return false
		}
		switch m.kind {
		case memberText:
			text, plain := plainText(value)
			*m.text(r) = text
			return plain
		case memberIdentity:
			identity = value
		case memberRequest:
			request = value
		}
		return true
	})
	if !ok || !b.identity(r, identity) || !parameters(r, h, request) {
		return nil
	}
	if seconds, _, dated := trail.ParseTime([]byte(r.EventTimeText)); dated {
		r.EventTime = unix(seconds) // an Entry has whole seconds
	}
	if r.RecipientAccountID == "" {
		r.RecipientAccountID = string(h.RecipientAccountID)
	}
	return r
}

// identity decodes a userIdentity, of which most are those of records before.
func (b *briefReader) identity(r *trail.Record, text []byte) bool {
	if text == nil {
		return true
	}
	if known, ok := b.identities[string(text)]; ok {
		r.UserIdentity = known
		return true
	}
	b.wrapped = append(append(append(b.wrapped[:0], `{"userIdentity":`...), text...), '}')
	decoded, err := trail.Decode(b.wrapped, nil)
	if err != nil {
		return false
	}
	if b.size += len(text); b.identities == nil || b.size > maxIdentityBytes {
		b.identities, b.size = map[string]trail.UserIdentity{}, len(text)
	}
	b.identities[string(text)] = decoded.UserIdentity
	r.UserIdentity = decoded.UserIdentity
	return true
}

// wantsInstance reports a call of which an instance may be the target, that
// stands anywhere in it.
func wantsInstance(h *trail.Header, raw []byte) bool {
	return (bytes.Contains(h.Name, []byte("Instance")) || string(h.Source) == "ec2.amazonaws.com") && mayName(raw, "instanceid")
}

// mayName reports whether a text may hold a name in any case, given in small
// letters: it does, or it holds what may stand for letters.
func mayName(text []byte, name string) bool {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\', c >= 0x80:
			return true
		case c|0x20 == name[0] && i+len(name) <= len(text) && bytes.EqualFold(text[i:i+len(name)], []byte(name)):
			return true
		}
	}
	return false
}

var wantedParams = setOf(append([]string{"bucketName"}, targetParams...))

// parameters reads the request parameters that an Entry tells of.
func parameters(r *trail.Record, h *trail.Header, request []byte) bool {
	if len(request) == 0 || string(request) == "null" {
		return !bytes.Contains(h.Resources, []byte(":::"))
	}
	r.RequestParameters = map[string]any{}
	ok := request[0] == '{' && eachMember(request, func(name, value []byte) bool {
		if !wantedParams[string(name)] {
			return true // a name that is written otherwise is found below
		}
		text, ok := plainText(value)
		if ok {
			r.RequestParameters[string(name)] = text
		}
		return ok
	})
	if !ok {
		return false
	}
	if _, named := r.RequestParameters["bucketName"]; !named {
		return !mayName(request, "bucketname") && !bytes.Contains(h.Resources, []byte(":::"))
	}
	at := bytes.Index(request, []byte("bucketName"))
	return at >= 0 && !mayName(request[:at], "bucketname") && !mayName(request[at+1:], "bucketname")
}

// plainText is a text that is written as it is read.
func plainText(value []byte) (string, bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	value = value[1 : len(value)-1]
	for _, c := range value {
		if c == '\\' || c < ' ' || c >= 0x7f {
			return "", false
		}
	}
	return string(value), true
}

// eachMember calls f with each member of an object that is valid JSON, until f
// returns false; the answer tells whether it never did.
func eachMember(object []byte, f func(name, value []byte) bool) bool {
	i := blank(object, 0)
	if i == len(object) || object[i] != '{' {
		return false
	}
	for i = blank(object, i+1); object[i] != '}'; i = blank(object, i) {
		if object[i] == ',' {
			i = blank(object, i+1)
		}
		end := valueEnd(object, i)
		name := object[i+1 : end-1]
		i = blank(object, blank(object, end)+1)
		end = valueEnd(object, i)
		if !f(name, object[i:end]) {
			return false
		}
		i = end
	}
	return true
}

func blank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// valueEnd is where the value that begins at i ends, in valid JSON.
func valueEnd(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		case ',', ':', ' ', '\n', '\t', '\r':
			continue
		default:
			for i+1 < len(b) && bytes.IndexByte([]byte(",}] \n\t\r"), b[i+1]) < 0 {
				i++
			}
		}
		if depth == 0 {
			return i + 1
		}
	}
	return i
}
