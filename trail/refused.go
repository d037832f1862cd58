// SPDX-License-Identifier: Apache-2.0

package trail

import "bytes"

const (
	reasonInsight        = "a CloudTrail Insights event, not a record"
	reasonS3Notification = "an S3 event notification, not a CloudTrail record"
)

// isNotification tells the notifications of Amazon S3, and what Lambda gets from
// DynamoDB and Kinesis, by the event source: their other members are named like
// those of records. (Amazon S3 User Guide, "Event message structure")
func isNotification(source []byte) bool {
	return bytes.HasPrefix(source, []byte("aws:"))
}

func notificationReason(source []byte) string {
	if string(source) == "aws:s3" {
		return reasonS3Notification
	}
	return "an event of another service for AWS Lambda, not a CloudTrail record"
}

// openS3Notification refuses notifications that are unlike records, and drops
// the test event that S3 sends when notifications are set up.
func openS3Notification(s *scanner, o *object) (bool, error) {
	if textOf(o.get("Event")) == "s3:TestEvent" {
		return true, nil
	}
	if textOf(o.get("eventSource")) != "aws:s3" {
		return false, nil
	}
	s.skip(o.start, reasonS3Notification)
	return true, nil
}

// openDigest refuses digest files, which hold hashes of log files. (AWS
// CloudTrail User Guide, "CloudTrail digest file structure")
func openDigest(s *scanner, o *object) (bool, error) {
	if o.get("digestStartTime") == nil && o.get("digestS3Object") == nil {
		return false, nil
	}
	s.skip(o.start, "a CloudTrail digest file, not records")
	return true, nil
}

// openInsight refuses Insights events. (AWS CloudTrail User Guide, "CloudTrail
// record contents for Insights events")
func openInsight(s *scanner, o *object) (bool, error) {
	if o.get("insightDetails") == nil {
		return false, nil
	}
	s.skip(o.start, reasonInsight)
	return true, nil
}

// openAggregated refuses the events that count others over a span of time.
func openAggregated(s *scanner, o *object) (bool, error) {
	if textOf(o.get("eventCategory")) != "Aggregated" && (o.get("timeWindow") == nil || o.get("summary") == nil) {
		return false, nil
	}
	s.skip(o.start, "a CloudTrail aggregated event, not a record")
	return true, nil
}

// openOCSF refuses events in the Open Cybersecurity Schema Framework: they lack
// the request parameters that the analysis rests on.
func openOCSF(s *scanner, o *object) (bool, error) {
	if o.get("class_uid") == nil && o.get("category_uid") == nil {
		return false, nil
	}
	s.skip(o.start, "an OCSF (Security Lake) event: give the CloudTrail logs it was made from")
	return true, nil
}
