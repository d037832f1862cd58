// SPDX-License-Identifier: Apache-2.0

package investigate

import "slices"

// Question is one row of the table of standard questions.
type Question struct {
	ID  string
	Ask string
	For []Kind
	// SQL asks the same of a table of CloudTrail records with CloudTrail's own
	// column names, such as the one of the AWS page "Querying AWS CloudTrail
	// logs" of Athena: requestParameters and responseElements are text. {user},
	// {ip}, {bucket}, {event}, {keys}, {from} and {to} are filled in for a case.
	SQL string
	// Caveat is what the answer can miss however complete the logs are.
	Caveat string
	find   func(*dossier) finding
}

// finding is an answer without its question.
type finding struct {
	verdict Verdict
	text    string
	events  []Proof
	caveats []string
}

func (q *Question) asks(kind Kind) bool { return slices.Contains(q.For, kind) }

// Questions lists the standard questions in the order in which they are answered.
var Questions = []Question{
	{
		ID: "alerts", Ask: "Which alerts is it part of?", For: []Kind{User, IP, Bucket}, find: partOfAlerts,
		SQL: `SELECT eventTime, eventID, eventName, userIdentity.arn, sourceIPAddress, requestParameters
FROM cloudtrail_logs
WHERE {subject} AND eventSource = 's3.amazonaws.com'
  AND (eventName LIKE 'Put%Acl' OR eventName LIKE 'Put%Policy' OR eventName LIKE '%PublicAccessBlock' OR eventName LIKE '%OwnershipControls')
  AND eventName NOT LIKE 'Get%'
ORDER BY eventTime`,
		Caveat: "only what hunt takes for an alert is named",
	},
	{
		ID: "sessions", Ask: "Who stands behind it: which sessions and role chains?", For: []Kind{User, Alert}, find: chains,
		SQL: `SELECT issued.eventTime, issued.eventID, issued.userIdentity.arn AS caller, issued.userIdentity.accessKeyId AS caller_key,
       json_extract_scalar(issued.responseElements, '$.assumedRoleUser.arn') AS session,
       json_extract_scalar(issued.responseElements, '$.credentials.accessKeyId') AS issued_key, issued.sourceIPAddress
FROM cloudtrail_logs issued
WHERE issued.eventName IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot', 'GetFederationToken', 'GetSessionToken')
  AND ({user} OR json_extract_scalar(issued.responseElements, '$.credentials.accessKeyId') IN
    (SELECT userIdentity.accessKeyId FROM cloudtrail_logs WHERE {user}))
ORDER BY issued.eventTime`,
		Caveat: "a call of AWS STS is logged in the Region where it was made and in the caller's account: a chain ends where those logs are not among these",
	},
	{
		ID: "client", Ask: "Was it the console, a command line or infrastructure code?", For: []Kind{User, IP, Alert}, find: clients,
		SQL: `SELECT userAgent, count(*) AS calls, min(eventTime) AS first, max(eventTime) AS last
FROM cloudtrail_logs
WHERE {subject}
GROUP BY userAgent
ORDER BY calls DESC`,
		Caveat: "the caller chooses the user agent: it can be forged",
	},
	{
		ID: "before", Ask: "Did it ever do this before?", For: []Kind{User, Alert}, find: before,
		SQL: `SELECT eventTime, eventID, eventName, sourceIPAddress, errorCode
FROM cloudtrail_logs
WHERE {user} AND eventName IN ({event}) AND eventTime <= '{to}'
ORDER BY eventTime`,
		Caveat: "what was done before the logs begin is not known",
	},
	{
		ID: "address-known", Ask: "What is known of the address?", For: []Kind{User, IP, Alert}, find: addressKnown,
		SQL: `SELECT sourceIPAddress, count(*) AS calls, min(eventTime) AS first, max(eventTime) AS last
FROM cloudtrail_logs
WHERE {subject}
GROUP BY sourceIPAddress
ORDER BY calls DESC`,
		Caveat: "an address on no list is not thereby harmless",
	},
	{
		ID: "address-elsewhere", Ask: "Who else called from the same address?", For: []Kind{User, IP, Alert}, find: addressElsewhere,
		SQL: `SELECT sourceIPAddress, userIdentity.arn, userIdentity.accountId, count(*) AS calls, min(eventTime) AS first, max(eventTime) AS last
FROM cloudtrail_logs
WHERE sourceIPAddress IN (SELECT sourceIPAddress FROM cloudtrail_logs WHERE {subject})
GROUP BY sourceIPAddress, userIdentity.arn, userIdentity.accountId
ORDER BY sourceIPAddress, first`,
		Caveat: "one address can stand for many people: an office, a VPN, a provider's gateway",
	},
	{
		ID: "same-change", Ask: "Was the same change made on other buckets?", For: []Kind{User, Bucket, Alert}, find: sameChange,
		SQL: `SELECT eventTime, eventID, eventName, userIdentity.arn, sourceIPAddress, errorCode,
       json_extract_scalar(requestParameters, '$.bucketName') AS bucket
FROM cloudtrail_logs
WHERE eventSource = 's3.amazonaws.com' AND eventName IN ({event})
ORDER BY eventTime`,
	},
	{
		ID: "guard-first", Ask: "Was a guard taken off first?", For: []Kind{Bucket, Alert}, find: guardFirst,
		SQL: `SELECT eventTime, eventID, eventName, userIdentity.arn, sourceIPAddress, errorCode, requestParameters
FROM cloudtrail_logs
WHERE eventName IN ('PutBucketPublicAccessBlock', 'DeleteBucketPublicAccessBlock', 'PutAccountPublicAccessBlock', 'DeleteAccountPublicAccessBlock',
                    'PutBucketOwnershipControls', 'DeleteBucketOwnershipControls', 'DeleteBucketPolicy')
  AND ({bucket} OR eventName LIKE '%AccountPublicAccessBlock')
ORDER BY eventTime`,
		Caveat: "a guard that was never there leaves no trace",
	},
	{
		ID: "around", Ask: "What was created, destroyed or switched off around it?", For: []Kind{User, IP, Bucket, Alert}, find: around,
		SQL: `SELECT eventTime, eventID, eventSource, eventName, userIdentity.arn, sourceIPAddress, errorCode, requestParameters
FROM cloudtrail_logs
WHERE {doers} AND eventTime BETWEEN '{from}' AND '{to}'
  AND (eventName NOT LIKE 'Get%' OR eventName IN ('GetSecretValue', 'GetPasswordData', 'GetFederationToken')) AND eventName NOT LIKE 'List%' AND eventName NOT LIKE 'Describe%' AND eventName NOT LIKE 'Head%'
ORDER BY eventTime`,
	},
	{
		ID: "done-to", Ask: "What was done to the user or role itself?", For: []Kind{User, Alert}, find: doneTo,
		SQL: `SELECT eventTime, eventID, eventName, userIdentity.arn, sourceIPAddress, errorCode, requestParameters
FROM cloudtrail_logs
WHERE eventSource = 'iam.amazonaws.com' AND {target}
ORDER BY eventTime`,
		Caveat: "calls of IAM are logged in us-east-1 only (us-gov-west-1, cn-north-1 in those partitions)",
	},
	{
		ID: "bucket-life", Ask: "What is the life of the bucket?", For: []Kind{Bucket, Alert}, find: bucketLife,
		SQL: `SELECT eventTime, eventID, eventName, userIdentity.arn, sourceIPAddress, errorCode
FROM cloudtrail_logs
WHERE {bucket} AND eventSource = 's3.amazonaws.com'
  AND (eventName LIKE 'Create%' OR eventName LIKE 'Put%' OR eventName LIKE 'Delete%')
ORDER BY eventTime`,
	},
	{
		ID: "bucket-others", Ask: "Who else touches this bucket?", For: []Kind{Bucket, Alert}, find: bucketOthers,
		SQL: `SELECT userIdentity.type, userIdentity.arn, userIdentity.accountId, userIdentity.invokedBy, count(*) AS calls,
       min(eventTime) AS first, max(eventTime) AS last
FROM cloudtrail_logs
WHERE {bucket}
GROUP BY userIdentity.type, userIdentity.arn, userIdentity.accountId, userIdentity.invokedBy
ORDER BY calls DESC`,
		Caveat: "without data events only those are known who read or changed its settings",
	},
	{
		ID: "readers", Ask: "Who used it while it was open?", For: []Kind{Bucket, Alert}, find: readers,
		SQL: `SELECT sourceIPAddress, userIdentity.accountId, eventName, errorCode, count(*) AS requests, min(eventTime) AS first, max(eventTime) AS last
FROM cloudtrail_logs
WHERE {bucket} AND userIdentity.type = 'AWSAccount' AND eventTime BETWEEN '{from}' AND '{to}'
GROUP BY sourceIPAddress, userIdentity.accountId, eventName, errorCode
ORDER BY requests DESC`,
		Caveat: "requests with a wrong signature are in no CloudTrail log",
	},
	{
		ID: "data-events", Ask: "Are data events logged at all?", For: []Kind{User, IP, Bucket, Alert}, find: dataEvents,
		SQL: `SELECT recipientAccountId, eventName, count(*) AS events, min(eventTime) AS first, max(eventTime) AS last
FROM cloudtrail_logs
WHERE eventSource = 's3.amazonaws.com' AND eventName IN ('GetObject', 'HeadObject', 'PutObject', 'DeleteObject', 'ListObjects', 'CopyObject')
GROUP BY recipientAccountId, eventName
ORDER BY events DESC`,
		Caveat: "event selectors can leave out buckets, reads or writes",
	},
}
