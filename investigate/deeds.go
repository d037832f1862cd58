// SPDX-License-Identifier: Apache-2.0

package investigate

// dataCalls are the data events of S3 (AWS page "Amazon S3 CloudTrail events"):
// that one of them is in the logs shows that data events are logged somewhere.
var dataCalls = map[string]bool{
	"GetObject": true, "HeadObject": true, "PutObject": true, "CopyObject": true, "DeleteObject": true, "DeleteObjects": true, "ListObjects": true,
	"ListObjectsV2": true, "ListObjectVersions": true, "GetObjectAcl": true, "PutObjectAcl": true, "GetObjectTagging": true, "PutObjectTagging": true,
	"GetObjectAttributes": true, "GetObjectTorrent": true, "UploadPart": true, "UploadPartCopy": true, "CreateMultipartUpload": true,
	"CompleteMultipartUpload": true, "AbortMultipartUpload": true, "ListParts": true, "ListMultipartUploads": true, "RestoreObject": true,
	"SelectObjectContent": true, "HeadBucket": true, "PostObject": true,
}

// deed says what kind of thing a call made, unmade or turned.
type deed string

const (
	ofIdentity deed = "users and roles"
	ofKeys     deed = "keys and passwords"
	ofRights   deed = "rights"
	ofLogs     deed = "logging and detection"
	ofMachines deed = "machines and code"
	ofBuckets  deed = "buckets"
	ofSecrets  deed = "secrets and copies of data"
	ofAccounts deed = "accounts and organization"
)

// deedOrder is the order in which kinds of deeds are told.
var deedOrder = []deed{ofLogs, ofKeys, ofIdentity, ofRights, ofAccounts, ofSecrets, ofMachines, ofBuckets}

// deedCalls are the calls worth telling whoever made them: what an intruder
// leaves behind, and what blinds the defenders (tactics of AWS's "Amazon
// GuardDuty finding types").
var deedCalls = func() map[string]deed {
	m := map[string]deed{}
	for kind, names := range map[deed][]string{
		ofIdentity: {"CreateUser", "DeleteUser", "UpdateUser", "CreateRole", "DeleteRole", "CreateGroup", "DeleteGroup", "AddUserToGroup", "RemoveUserFromGroup",
			"CreateInstanceProfile", "AddRoleToInstanceProfile", "CreateServiceLinkedRole", "CreateSAMLProvider", "UpdateSAMLProvider", "CreateOpenIDConnectProvider", "CreateProfile", "CreateTrustAnchor"},
		ofKeys: {"CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "CreateLoginProfile", "UpdateLoginProfile", "DeleteLoginProfile", "ChangePassword",
			"CreateServiceSpecificCredential", "ResetServiceSpecificCredential", "UploadSSHPublicKey", "UploadSigningCertificate", "CreateVirtualMFADevice", "EnableMFADevice",
			"DeactivateMFADevice", "DeleteVirtualMFADevice", "GetFederationToken", "CreateKeyPair", "ImportKeyPair", "SendSSHPublicKey"},
		ofRights: {"AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy", "DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy", "PutUserPolicy", "PutRolePolicy",
			"PutGroupPolicy", "DeleteUserPolicy", "DeleteRolePolicy", "DeleteGroupPolicy", "CreatePolicy", "DeletePolicy", "CreatePolicyVersion", "SetDefaultPolicyVersion",
			"UpdateAssumeRolePolicy", "PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary", "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"},
		ofLogs: {"StopLogging", "StartLogging", "CreateTrail", "UpdateTrail", "DeleteTrail", "PutEventSelectors", "PutInsightSelectors", "DeleteFlowLogs", "CreateFlowLogs", "DeleteDetector",
			"UpdateDetector", "CreateDetector", "DisassociateFromMasterAccount", "DisassociateFromAdministratorAccount", "CreateFilter", "CreateIPSet", "StopConfigurationRecorder",
			"DeleteConfigurationRecorder", "DeleteDeliveryChannel", "DeleteConfigRule", "DisableSecurityHub", "DeleteLogGroup", "DeleteLogStream", "PutRetentionPolicy", "DeleteEventDataStore",
			"UpdateEventDataStore", "DisableRule", "DeleteRule", "RemoveTargets", "DeleteAnalyzer", "PutBucketLogging", "DeleteAlarms", "DisableAlarmActions", "PutBucketLifecycle", "PutBucketLifecycleConfiguration"},
		ofMachines: {"RunInstances", "StartInstances", "StopInstances", "TerminateInstances", "ModifyInstanceAttribute", "CreateFunction20150331", "UpdateFunctionCode20150331v2",
			"UpdateFunctionConfiguration20150331v2", "AddPermission20150331v2", "DeleteFunction20150331", "SendCommand", "StartSession", "CreateStack", "DeleteStack", "CreateCluster",
			"RegisterTaskDefinition", "RunTask", "CreateDevEndpoint", "CreateNotebookInstance", "AuthorizeSecurityGroupIngress", "CreateSecurityGroup", "CreateDBInstance", "DeleteDBInstance", "ModifyDBInstance"},
		ofBuckets: {"CreateBucket", "DeleteBucket", "PutBucketAcl", "PutBucketPolicy", "DeleteBucketPolicy", "PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock",
			"PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls", "PutBucketWebsite", "DeleteBucketWebsite",
			"PutBucketCors", "PutBucketReplication", "PutBucketVersioning", "PutBucketEncryption", "DeleteBucketEncryption", "PutObjectAcl", "CreateAccessPoint", "PutAccessPointPolicy"},
		ofSecrets: {"GetSecretValue", "GetPasswordData", "DeleteSecret", "ScheduleKeyDeletion", "DisableKey", "PutKeyPolicy", "CreateGrant", "ModifySnapshotAttribute", "ModifyImageAttribute",
			"ModifyDBSnapshotAttribute", "ModifyDBClusterSnapshotAttribute", "CreateSnapshot", "CreateImage", "CreateDBSnapshot", "DeleteSnapshot", "DeleteDBSnapshot", "ExportImage", "CreateInstanceExportTask"},
		ofAccounts: {"LeaveOrganization", "InviteAccountToOrganization", "AcceptHandshake", "CreateAccount", "CloseAccount", "RemoveAccountFromOrganization", "AttachPolicy", "DetachPolicy",
			"DisablePolicyType", "EnableRegion", "PutAlternateContact", "CreateOrganization", "DeleteOrganization"},
	} {
		for _, name := range names {
			m[name] = kind
		}
	}
	return m
}()
