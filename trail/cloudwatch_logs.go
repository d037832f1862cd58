// SPDX-License-Identifier: Apache-2.0

package trail

import "bytes"

// controlMessage begins the message by which CloudWatch Logs checks whether a
// destination can be reached. (Amazon CloudWatch Logs User Guide, "Real-time
// processing of log data with subscriptions")
const controlMessage = `"CWL CONTROL MESSAGE`

// openLogEvent reads the message of a log event: those in the list logEvents of
// a subscription, and those by themselves, as log shippers write them. A
// control message is dropped.
func openLogEvent(s *scanner, o *object) (bool, error) {
	value := o.get("message")
	if value == nil {
		value = o.get("log")
	}
	switch {
	case holdsJSON(value):
		return true, s.inner(value, o.at(value), nil)
	case bytes.HasPrefix(value, []byte(controlMessage)):
		return true, nil
	case value != nil && value[0] == '"' && o.get("timestamp") != nil:
		s.skip(o.start, "a log event whose message is not JSON")
		return true, nil
	}
	return textOf(o.get("messageType")) == "CONTROL_MESSAGE", nil
}
