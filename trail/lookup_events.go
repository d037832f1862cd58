// SPDX-License-Identifier: Apache-2.0

package trail

// openLookupEvent reads an entry of the answer to LookupEvents; its
// CloudTrailEvent is the text of the record. (AWS CloudTrail API Reference,
// "Event")
func openLookupEvent(s *scanner, o *object) (bool, error) {
	value := o.get("CloudTrailEvent")
	if value == nil {
		return false, nil
	}
	if value[0] != '{' && !holdsJSON(value) {
		s.skip(o.start, "a LookupEvents entry whose CloudTrailEvent is not JSON")
		return true, nil
	}
	return true, s.inner(value, o.at(value), nil)
}
