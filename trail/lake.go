// SPDX-License-Identifier: Apache-2.0

package trail

// openLake reads a row of a CloudTrail Lake query that holds the whole event,
// as an object or as its text. (AWS CloudTrail User Guide, "CloudTrail Lake")
func openLake(s *scanner, o *object) (bool, error) {
	for _, name := range []string{"eventData", "eventdata", "EventData"} {
		value := o.get(name)
		if value == nil {
			continue
		}
		if value[0] != '{' && !holdsJSON(value) {
			s.skip(o.start, "a CloudTrail Lake row whose eventData is not JSON")
			return true, nil
		}
		return true, s.inner(value, o.at(value), nil)
	}
	return false, nil
}

// openLakeSummary refuses the answers of CloudTrail Lake that say how a query
// went, and the signed list of the files that hold its results.
func openLakeSummary(s *scanner, o *object) (bool, error) {
	known := o.get("QueryStatus") != nil || o.get("QueryStatistics") != nil || o.get("queryStatus") != nil ||
		o.get("queryCompleteTime") != nil && o.get("files") != nil
	if known {
		s.skip(o.start, "a CloudTrail Lake query summary, not records")
	}
	return known, nil
}
