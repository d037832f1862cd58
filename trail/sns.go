// SPDX-License-Identifier: Apache-2.0

package trail

// validationMessage is what CloudTrail sends to see whether a topic works. (AWS
// CloudTrail User Guide, "Configuring Amazon SNS notifications for CloudTrail")
const validationMessage = "CloudTrail validation message."

// openSNS reads the Message of a notification, also as Lambda gives it.
func openSNS(s *scanner, o *object) (bool, error) {
	value := o.get("Message")
	if inner, ok := o.child("Sns"); ok && value == nil {
		value = inner.get("Message")
	}
	switch {
	case value == nil:
		return false, nil
	case value[0] == '{' || holdsJSON(value):
		return true, s.inner(value, o.at(value), nil)
	case textOf(value) != validationMessage:
		s.skip(o.start, "an SNS notification whose Message is not JSON")
	}
	return true, nil
}

// openLogNotice refuses the notice that log files were delivered: it names
// them, and they hold the records.
func openLogNotice(s *scanner, o *object) (bool, error) {
	if o.get("s3Bucket") == nil || o.get("s3ObjectKey") == nil {
		return false, nil
	}
	s.skip(o.start, "a notice of CloudTrail log files, which are to be read themselves")
	return true, nil
}
