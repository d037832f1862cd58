// SPDX-License-Identifier: Apache-2.0

package trail

// openHolder reads objects in which other tools keep a record, or a wrapper of
// records: StreamAlert's tests (data), Elasticsearch hits (_source), Splunk
// exports (result with _raw), queues (record).
func openHolder(s *scanner, o *object) (bool, error) {
	for _, name := range []string{"data", "_source", "_raw", "result", "record"} {
		value := o.get(name)
		if len(value) > 0 && value[0] == '{' || holdsJSON(value) {
			return true, s.inner(value, o.at(value), nil)
		}
	}
	return false, nil
}
