// SPDX-License-Identifier: Apache-2.0

package trail

// Encoding is a way in which CloudTrail records, or what is easily mistaken for
// them, are written down.
type Encoding struct {
	ID         string
	Title      string
	Recognised string // by what it is told from others
	Refused    bool   // known, and skipped by name: it holds no records

	// open reads a complete object that is no record, if it is of this encoding,
	// and reports whether it is. Encodings without it are read by the scanner as
	// it goes, with no cost to the records.
	open func(s *scanner, o *object) (bool, error)
}

// Table lists the encodings that Scan understands, in the order in which an
// object is held against them.
var Table = table()

func table() []Encoding {
	return []Encoding{
		{ID: "bare-record", Title: "One record by itself", Recognised: "an object with eventName and two more members of a record"},
		{ID: "json-lines", Title: "JSON Lines", Recognised: "values one after another, with or without line breaks"},
		{ID: "bare-array", Title: "List of records", Recognised: "a list"},
		{ID: "records-wrapper", Title: "CloudTrail log file", Recognised: "an object with a list Records", open: openRecords},
		{ID: "digest", Title: "CloudTrail digest file", Recognised: "digestStartTime", Refused: true, open: openDigest},
		{ID: "insight", Title: "CloudTrail Insights event", Recognised: "insightDetails", Refused: true, open: openInsight},
		{ID: "aggregated", Title: "CloudTrail aggregated event", Recognised: "eventCategory Aggregated", Refused: true, open: openAggregated},
		{ID: "s3-notification", Title: "Amazon S3 event notification", Recognised: "eventSource aws:s3, or the test event", Refused: true, open: openS3Notification},
		{ID: "log-notice", Title: "CloudTrail notice of a log file", Recognised: "s3Bucket and s3ObjectKey", Refused: true, open: openLogNotice},
		{ID: "ocsf", Title: "OCSF (Amazon Security Lake)", Recognised: "class_uid or category_uid", Refused: true, open: openOCSF},
		{ID: "eventbridge", Title: "Amazon EventBridge event", Recognised: "detail", open: openEventBridge},
		{ID: "cloudwatch-logs", Title: "CloudWatch Logs subscription", Recognised: "a list logEvents with message strings", open: openLogEvent},
		{ID: "lookup-events", Title: "LookupEvents output", Recognised: "CloudTrailEvent, also in a list Events", open: openLookupEvent},
		{ID: "lake", Title: "CloudTrail Lake rows", Recognised: "eventData, also in a list QueryResultRows", open: openLake},
		{ID: "lake-summary", Title: "CloudTrail Lake query summary", Recognised: "QueryStatus or queryStatus without rows", Refused: true, open: openLakeSummary},
		{ID: "sns", Title: "Amazon SNS notification", Recognised: "Message string", open: openSNS},
		{ID: "sqs", Title: "Amazon SQS message", Recognised: "body or Body string, also in a list Messages or Records", open: openSQS},
		{ID: "ecs", Title: "Elastic Common Schema", Recognised: "event.original string", open: openECS},
		{ID: "aws-cloudtrail", Title: "Record under aws.cloudtrail", Recognised: "aws with cloudtrail", open: openAWSCloudTrail},
		{ID: "holder", Title: "Record held by another tool's object", Recognised: "data, _source, _raw, result or record", open: openHolder},
	}
}
