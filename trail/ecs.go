// SPDX-License-Identifier: Apache-2.0

package trail

// openECS reads the original text that Elastic's CloudTrail integration keeps.
// What it makes of the record besides is of no use: request parameters are in
// the notation of Java maps, which cannot be read back.
func openECS(s *scanner, o *object) (bool, error) {
	value := o.get("event.original")
	event, ok := o.child("event")
	if ok && value == nil {
		value = event.get("original")
	}
	if holdsJSON(value) {
		return true, s.inner(value, o.at(value), nil)
	}
	aws, _ := o.child("aws")
	record, _ := aws.child("cloudtrail")
	if record.get("event_version") != nil || record.get("request_parameters") != nil || record.get("user_identity") != nil {
		s.skip(o.start, "an Elastic Common Schema event without event.original")
		return true, nil
	}
	return false, nil
}
