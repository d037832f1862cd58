// SPDX-License-Identifier: Apache-2.0

package trail

import "bytes"

// openEventBridge reads the event that EventBridge makes of a record: the record
// is its detail, and the account that of the envelope if the record names none.
// (Amazon EventBridge User Guide, "AWS service events delivered via AWS
// CloudTrail")
func openEventBridge(s *scanner, o *object) (bool, error) {
	value := o.get("detail")
	switch {
	case value == nil:
		return false, nil
	case value[0] == '{' && !likeRecord(value):
		s.skip(o.start, "an EventBridge event of another kind than CloudTrail's")
	case value[0] == '{' || holdsJSON(value):
		return true, s.inner(value, o.at(value), accountOf(o))
	default:
		s.skip(o.start, "an EventBridge event whose detail is not an object")
	}
	return true, nil
}

// likeRecord reports whether names that all of CloudTrail's events have occur.
func likeRecord(value []byte) bool {
	return bytes.Contains(value, []byte(`"eventVersion"`)) || bytes.Contains(value, []byte(`"eventName"`)) ||
		bytes.Contains(value, []byte(`"eventSource"`))
}

// accountOf is the account of an envelope: a string, or its digits as a number.
func accountOf(o *object) []byte {
	value := o.get("account")
	switch {
	case len(value) == 0:
	case '0' <= value[0] && value[0] <= '9':
		return value
	case value[0] == '"':
		if text, ok := unquote(nil, value[1:len(value)-1]); ok && len(text) > 0 {
			return text
		}
	}
	return nil
}
