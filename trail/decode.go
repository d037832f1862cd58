// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// DecodeError says why a record cannot be decoded.
type DecodeError struct {
	Field string // the member at fault, by its path; "" for the record as a whole
	Err   error
}

// Error names the field, if one is at fault, and the cause.
func (e *DecodeError) Error() string {
	if e.Field == "" {
		return "CloudTrail record: " + e.Err.Error()
	}
	return fmt.Sprintf("CloudTrail record: %s: %v", e.Field, e.Err)
}

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

var (
	errWrongType = errors.New("has the wrong type")
	errNotObject = errors.New("not an object")
	errTrailing  = errors.New("more data after the record")
)

// Decode decodes one record whole. It takes what re-writing tools make of
// records: a list of one value for the value, numbers for account ids, words
// for booleans and the other way round, @timestamp for eventTime, a string that
// holds the JSON of requestParameters. Absent members are zero, of repeated ones
// the last counts, and an eventTime that is no date leaves EventTime zero and
// its text in EventTimeText. h may be nil; if the record names no recipient
// account, that of h is taken, which Scan has from the envelope.
//
// The error is a *DecodeError: for what is not one JSON object, and for a member
// that matters and has a type it cannot have, by name. The record shares no
// memory with raw and h.
func Decode(raw []byte, h *Header) (*Record, error) {
	members, err := decodeObject(raw)
	if err != nil {
		return nil, &DecodeError{Err: err}
	}
	r := &Record{Raw: bytes.Clone(raw)}
	d := decoder{}
	d.texts(r, members)
	d.time(r, members)
	d.identity(&r.UserIdentity, members["userIdentity"])
	r.Resources = resources(members["resources"])
	r.ReadOnly = boolean(members["readOnly"])
	r.ManagementEvent = boolean(members["managementEvent"])
	r.RequestParameters = d.parameters(members["requestParameters"])
	r.ResponseElements, _ = members["responseElements"].(map[string]any)
	r.AdditionalEventData, _ = members["additionalEventData"].(map[string]any)
	r.ServiceEventDetails, _ = members["serviceEventDetails"].(map[string]any)
	if d.err != nil {
		return nil, d.err
	}
	if r.RecipientAccountID == "" && h != nil {
		r.RecipientAccountID = string(h.RecipientAccountID)
	}
	return r, nil
}

func decodeObject(raw []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errTrailing
	}
	members, ok := v.(map[string]any)
	if !ok {
		return nil, errNotObject
	}
	return members, nil
}

// decoder keeps the first error.
type decoder struct{ err error }

func (d *decoder) fail(name string) {
	if d.err == nil {
		d.err = &DecodeError{Field: name, Err: errWrongType}
	}
}

// text is the value of a field that the sieve reads too; it takes the same
// forms as scanner.scalar does.
func (d *decoder) text(m map[string]any, key string, f field) string {
	text, ok := strictText(m[key], numbers>>f&1 == 1)
	if !ok {
		d.fail(fieldNames[f])
	}
	return text
}

func strictText(v any, number bool) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number:
		if number {
			return v.String(), true
		}
	case []any:
		if len(v) == 0 {
			return "", true
		}
		if _, nested := v[0].([]any); len(v) == 1 && !nested {
			return strictText(v[0], number)
		}
	}
	return "", false
}

// looseText is the text of a field that only describes: of a list the first
// value, and nothing of an object.
func looseText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	case []any:
		if len(v) > 0 {
			if _, nested := v[0].([]any); !nested {
				return looseText(v[0])
			}
		}
	}
	return ""
}

func (d *decoder) texts(r *Record, m map[string]any) {
	r.EventSource = d.text(m, "eventSource", fieldSource)
	r.EventName = d.text(m, "eventName", fieldName)
	r.AWSRegion = d.text(m, "awsRegion", fieldRegion)
	r.SourceIPAddress = d.text(m, "sourceIPAddress", fieldAddress)
	r.UserAgent = d.text(m, "userAgent", fieldAgent)
	r.ErrorCode = d.text(m, "errorCode", fieldError)
	r.EventID = d.text(m, "eventID", fieldEventID)
	r.SharedEventID = d.text(m, "sharedEventID", fieldSharedEventID)
	r.RecipientAccountID = d.text(m, "recipientAccountId", fieldRecipient)
	r.EventVersion = looseText(m["eventVersion"])
	r.ErrorMessage = looseText(m["errorMessage"])
	r.RequestID = looseText(m["requestID"])
	r.EventType = looseText(m["eventType"])
	r.EventCategory = looseText(m["eventCategory"])
	r.VPCEndpointID = looseText(m["vpcEndpointId"])
}

func (d *decoder) time(r *Record, m map[string]any) {
	r.EventTimeText = d.text(m, "eventTime", fieldTime)
	if stamp := d.text(m, "@timestamp", fieldStamp); r.EventTimeText == "" {
		r.EventTimeText = stamp
	}
	if seconds, nanos, ok := ParseTime([]byte(r.EventTimeText)); ok {
		r.EventTime = time.Unix(seconds, int64(nanos)).UTC()
	}
}

// parameters are requestParameters: an object, or a string that holds one.
// Anything else could hide what was asked for, so it is an error.
func (d *decoder) parameters(v any) map[string]any {
	for range maxStrings {
		text, ok := v.(string)
		if !ok {
			break
		}
		if text == "" || text == "null" {
			return nil
		}
		inner, err := decodeObject([]byte(text))
		if err != nil {
			break
		}
		v = inner
	}
	m, ok := v.(map[string]any)
	if !ok && v != nil {
		d.fail("requestParameters")
	}
	return m
}

func boolean(v any) *bool {
	var b bool
	switch looseText(v) {
	case "true", "True", "TRUE", "1":
		b = true
	case "false", "False", "FALSE", "0":
	default:
		return nil
	}
	return &b
}
