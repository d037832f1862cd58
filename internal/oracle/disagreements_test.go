// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

// Pages that the table quotes by more than one row.
const (
	absentKeys = `A key that is absent matches no value, and a negated operator is then true (IAM page "Condition operators", on keys that are not in the request)`
	statusPage = `A policy is public unless every Allow is limited to fixed values of the listed keys, and a named account is such a value (S3 page "Blocking public access to your Amazon S3 storage", section "The meaning of public")`
	notAction  = `NotAction matches everything but what it lists (IAM page "IAM JSON policy elements: NotAction")`
	anyGlob    = `"*" stands for any run of characters wherever it is in the text (IAM page "Condition operators", on StringLike)`
)

// disagreements is every known difference. A new one fails the test, and so
// does one that no longer shows. docs/oracle.md tells them in words.
var disagreements = []disagreement{
	{"versitygw", refusesWitness, "P17", `posix: takes the slash off a key that ends with one, so that "public/" is no key of public/*`,
		`A key is a run of bytes and may end with a slash (S3 page "Naming Amazon S3 objects")`},
	{"versitygw", rejects, "action-case", `knows action names in the documented case only`,
		`Names of actions are compared without case (IAM page "IAM JSON policy elements: Action")`},
	{"versitygw", allows, "ForAnyValue-negated-absent", `takes a negated operator on an absent key for true, also under ForAnyValue`,
		`With ForAnyValue the condition is false if the key does not exist (IAM page "Set operators for multi-valued context keys")`},

	{"radosgw", allows, "P21 SecureTransport-IfExists", `gives no aws:SecureTransport to requests over http`,
		`aws:SecureTransport is in every request context (IAM page "AWS global condition context keys")`},
	{"radosgw", refuses, "SecureTransport-false", `gives no aws:SecureTransport to requests over http`,
		`aws:SecureTransport is in every request context (IAM page "AWS global condition context keys")`},
	{"radosgw", allows, "P38 P39 P44 P52 P66 P73", `takes a negated operator on an absent key for false, so that a Deny with it spares whoever lacks the key`, absentKeys},
	{"radosgw", refuses, "negated-absent", `takes a negated operator on an absent key for false`, absentKeys},
	{"radosgw", allows, "P37 Null-false", `asks of Null that the key is absent, whether it says "true" or "false"`,
		`"false": the key exists and is not empty (IAM page "Condition operators", section on Null)`},
	{"radosgw", refuses, "Null-false-present", `asks of Null that the key is absent, whether it says "true" or "false"`,
		`"false": the key exists and is not empty (IAM page "Condition operators", section on Null)`},
	{"radosgw", allows, "negated-several-values", `takes StringNotEquals with several values for true as soon as one of them differs`,
		`Values of a negated operator are joined by NOR (IAM page "Conditions with multiple context keys or values")`},
	{"radosgw", allows, "max-keys-not-asked", `gives s3:max-keys its default of 1,000 to requests that do not ask for it`,
		`Of a default AWS's pages say nothing; a key stands for what the request carries (service authorization page of Amazon S3)`},
	{"radosgw", refuses, "StringLike-acl StringLike-two-stars", `does not go back after a "*": the first place where the next character fits is taken for good`, anyGlob},
	{"radosgw", allows, "P88 NotAction-deny", `NotAction matches nothing`, notAction},
	{"radosgw", refuses, "P15 NotAction-allow", `NotAction matches nothing`, notAction},
	{"radosgw", refusesWitness, "P15", `NotAction matches nothing`, notAction},
	{"radosgw", allows, "bucket-AllUsers-WRITE-DeleteObject bucket-AllUsers-FULL_CONTROL-DeleteObject " +
		"bucket-AuthenticatedUsers-WRITE-DeleteObject bucket-AuthenticatedUsers-FULL_CONTROL-DeleteObject",
		`WRITE on a bucket lets strangers delete what others own`,
		`WRITE lets the grantee create objects; deleting and replacing is for the owners of bucket and object (S3 page "Access control list (ACL) overview")`},
	{"radosgw", allows, "RestrictPublicBuckets-unsigned RestrictPublicBuckets-stranger", `keeps RestrictPublicBuckets and does not enforce it`,
		`Only AWS services and users of the owner's account pass where the policy is public (S3 page "Blocking public access to your Amazon S3 storage")`},
	{"radosgw", classifies, "P04 P05 P06 P07 P79", `calls an Allow public that names an account or a service`, statusPage},
	{"radosgw", classifies, "P23 P30 P33 P35 P36 P46 P50 P51 P57 P58 P60 P62 P64 P65 P67 P68 P69 P70 P72 P75 P76 P77 P84 P91",
		`calls an Allow not public that has a condition, of whatever key`, statusPage},
}
