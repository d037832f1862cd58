// SPDX-License-Identifier: Apache-2.0

package trail

// openAWSCloudTrail reads {"aws":{"cloudtrail":{…}}}, as OpenSearch's samples
// and Datadog write records.
func openAWSCloudTrail(s *scanner, o *object) (bool, error) {
	aws, ok := o.child("aws")
	if !ok {
		return false, nil
	}
	value := aws.get("cloudtrail")
	if len(value) == 0 || value[0] != '{' && !holdsJSON(value) {
		return false, nil
	}
	return true, s.inner(value, o.at(value), nil)
}
