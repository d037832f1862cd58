// SPDX-License-Identifier: Apache-2.0

package policy

// cliFlags are the flags of the AWS CLI that give a request a condition key.
var cliFlags = map[string]string{
	"s3:x-amz-acl":                                   "--acl",
	"s3:x-amz-grant-read":                            "--grant-read",
	"s3:x-amz-grant-write":                           "--grant-write",
	"s3:x-amz-grant-read-acp":                        "--grant-read-acp",
	"s3:x-amz-grant-write-acp":                       "--grant-write-acp",
	"s3:x-amz-grant-full-control":                    "--grant-full-control",
	"s3:x-amz-storage-class":                         "--storage-class",
	"s3:x-amz-server-side-encryption":                "--server-side-encryption",
	"s3:x-amz-server-side-encryption-aws-kms-key-id": "--ssekms-key-id",
	"s3:x-amz-metadata-directive":                    "--metadata-directive",
	"s3:x-amz-website-redirect-location":             "--website-redirect-location",
	"s3:object-lock-mode":                            "--object-lock-mode",
	"s3:object-lock-retain-until-date":               "--object-lock-retain-until-date",
	"s3:object-lock-legal-hold":                      "--object-lock-legal-hold-status",
	"s3:if-match":                                    "--if-match",
	"s3:if-none-match":                               "--if-none-match",
	"s3:x-amz-copy-source":                           "--copy-source",
}

// cliArguments are what commands of the AWS CLI ask for beside --bucket and --key
// (AWS CLI Command Reference, s3api). FILE and ID in capitals are for the reader to
// put in.
var cliArguments = map[string]string{
	"abort-multipart-upload":                               "--upload-id UPLOAD-ID",
	"create-bucket-metadata-table-configuration":           "--metadata-table-configuration file://FILE",
	"get-bucket-analytics-configuration":                   "--id ID",
	"get-bucket-intelligent-tiering-configuration":         "--id ID",
	"get-bucket-inventory-configuration":                   "--id ID",
	"get-bucket-metrics-configuration":                     "--id ID",
	"get-object":                                           "FILE",
	"get-object-attributes":                                "--object-attributes ObjectSize",
	"list-parts":                                           "--upload-id UPLOAD-ID",
	"put-bucket-abac":                                      "--abac-status file://FILE",
	"put-bucket-accelerate-configuration":                  "--accelerate-configuration Status=Suspended",
	"put-bucket-analytics-configuration":                   "--id ID --analytics-configuration file://FILE",
	"put-bucket-cors":                                      "--cors-configuration file://FILE",
	"put-bucket-encryption":                                "--server-side-encryption-configuration file://FILE",
	"put-bucket-intelligent-tiering-configuration":         "--id ID --intelligent-tiering-configuration file://FILE",
	"put-bucket-inventory-configuration":                   "--id ID --inventory-configuration file://FILE",
	"put-bucket-lifecycle-configuration":                   "--lifecycle-configuration file://FILE",
	"put-bucket-logging":                                   "--bucket-logging-status file://FILE",
	"put-bucket-metrics-configuration":                     "--id ID --metrics-configuration file://FILE",
	"put-bucket-notification-configuration":                "--notification-configuration file://FILE",
	"put-bucket-ownership-controls":                        "--ownership-controls file://FILE",
	"put-bucket-policy":                                    "--policy file://FILE",
	"put-bucket-replication":                               "--replication-configuration file://FILE",
	"put-bucket-request-payment":                           "--request-payment-configuration Payer=BucketOwner",
	"put-bucket-tagging":                                   "--tagging file://FILE",
	"put-bucket-versioning":                                "--versioning-configuration Status=Suspended",
	"put-bucket-website":                                   "--website-configuration file://FILE",
	"put-object":                                           "--body FILE",
	"put-object-legal-hold":                                "--legal-hold Status=OFF",
	"put-object-lock-configuration":                        "--object-lock-configuration file://FILE",
	"put-object-retention":                                 "--retention file://FILE",
	"put-object-tagging":                                   "--tagging file://FILE",
	"put-public-access-block":                              "--public-access-block-configuration file://FILE",
	"restore-object":                                       "--restore-request Days=1",
	"update-bucket-metadata-inventory-table-configuration": "--inventory-table-configuration file://FILE",
	"update-bucket-metadata-journal-table-configuration":   "--journal-table-configuration file://FILE",
	"update-object-encryption":                             "--object-encryption file://FILE",
}
