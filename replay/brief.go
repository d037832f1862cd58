// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/bucketlid/bucketlid/trail"
)

// briefly reads the few members that a stranger's request is weighed by. A busy
// website has millions of them, and decoding one whole takes five times as
// long. It returns nil where the record has not the common form, or where more
// of it matters.
func briefly(h *trail.Header, raw []byte) *trail.Record {
	if !isUse(h) || lookup(h.Source, h.Name) != nil || len(h.EventID) < minIDLength {
		return nil
	}
	if _, rewrite := rewriteCalls[string(h.Name)]; rewrite {
		return nil
	}
	seconds, nanos, dated := trail.ParseTime(h.Time)
	name, named := plainMember(h.Request, `"bucketName"`)
	acl, told := plainMember(h.Additional, `"aclRequired"`)
	key, keyed := plainMember(h.Request, `"key"`)
	request, identified := plainMember(raw, `"requestID"`)
	if !dated || !named || name == "" || !told || !keyed || !identified {
		return nil
	}
	r := &trail.Record{
		EventTime: time.Unix(seconds, int64(nanos)).UTC(), EventTimeText: string(h.Time), EventSource: string(h.Source), EventName: string(h.Name),
		AWSRegion: string(h.Region), SourceIPAddress: string(h.Address), ErrorCode: string(h.Error), EventID: string(h.EventID), RequestID: request, UserAgent: string(h.Agent),
		RecipientAccountID: string(h.RecipientAccountID),
		UserIdentity:       trail.UserIdentity{Type: string(h.Type), AccountID: string(h.AccountID)},
		RequestParameters:  map[string]any{"bucketName": name, "key": key}, AdditionalEventData: map[string]any{},
	}
	if acl != "" {
		r.AdditionalEventData["aclRequired"] = acl
	}
	switch sent := number(h.Additional, `"bytesTransferredOut":`); {
	case len(sent) > 0:
		r.AdditionalEventData["bytesTransferredOut"] = json.Number(sent)
	case bytes.Contains(h.Additional, []byte("bytesTransferredOut")):
		return nil
	}
	if h.Resources != nil && json.Unmarshal(h.Resources, &r.Resources) != nil {
		return nil
	}
	return r
}

// plainMember is the text of the only member of a name, "" where there is none.
// ok is false where it is not a plain text: then the record must be decoded.
func plainMember(object []byte, quoted string) (text string, ok bool) {
	_, rest, found := bytes.Cut(object, []byte(quoted))
	if !found {
		return "", true
	}
	value, ok := bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
	value = bytes.TrimLeft(value, " \t\r\n")
	if !ok || len(value) == 0 || value[0] != '"' || bytes.Contains(rest, []byte(quoted)) {
		return "", false
	}
	end := bytes.IndexByte(value[1:], '"') + 1
	if end <= 0 {
		return "", false
	}
	for _, c := range value[1:end] {
		if c == '\\' || c < ' ' || c >= 0x7f {
			return "", false
		}
	}
	return string(value[1:end]), true
}
