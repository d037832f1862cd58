// SPDX-License-Identifier: Apache-2.0

package eval

import (
	"strings"
	"time"
)

// The company: its account, its Region, and the Monday on which records begin.
const (
	account = "555566667777"
	region  = "eu-west-1"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// places are the addresses that scenarios name, from the blocks for
// documentation (RFC 5737, RFC 3849).
var places = map[string]string{
	"office": "203.0.113.7", "office2": "203.0.113.9", "companyvpn": "203.0.113.130", "nat": "203.0.113.200", "runner": "203.0.113.210",
	"maya-home": "198.51.100.21", "maya-home-new": "198.51.100.29", "tom-home": "198.51.100.41", "ines-home": "198.51.100.61",
	"joe-home": "198.51.100.81", "oleg-home": "198.51.100.101", "nadia-home": "198.51.100.121", "boss-home": "198.51.100.141",
	"cloud-runner": "192.0.2.141", "hotel": "198.51.100.201", "phone": "198.51.100.230", "partner": "198.51.100.250",
	"vpn": "192.0.2.66", "tor": "192.0.2.90", "hosting": "192.0.2.130", "abroad": "192.0.2.200",
	"scanner": "192.0.2.14", "scanner2": "192.0.2.15", "crawler": "192.0.2.240", "stranger": "192.0.2.210", "stranger2": "2001:db8:5ca::17",
	"vpc": "10.20.3.4", "cloudformation": "cloudformation.amazonaws.com", "ssm": "ssm.amazonaws.com",
}

// agents are the user agents that scenarios name.
var agents = map[string]string{
	"cli":       "aws-cli/2.17.9 md/awscrt#0.20.11 ua/2.0 os/linux#5.15.0 md/arch#x86_64 lang/python#3.11.8 cfg/retry-mode#standard",
	"boto":      "Boto3/1.34.51 md/Botocore#1.34.51 ua/2.0 os/linux#6.1.0 lang/python#3.11.2 Botocore/1.34.51",
	"console":   "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36",
	"terraform": "APN/1.0 HashiCorp/1.0 Terraform/1.7.4 (+https://www.terraform.io) terraform-provider-aws/5.40.0 aws-sdk-go-v2/1.25.3",
	"java":      "aws-sdk-java/2.25.6 Linux/5.10.210 OpenJDK_64-Bit_Server_VM/17.0.10 Java/17.0.10",
	"kali":      "aws-cli/2.12.0 Python/3.11.6 Linux/6.5.0-kali3-amd64 exe/x86_64.kali.2023",
	"s3browser": "S3 Browser/11.6.7 (https://s3browser.com)",
	"curl":      "curl/8.5.0", "scan": "Mozilla/5.0 (compatible; bucket-scan/1.2)",
	"cloudformation": "cloudformation.amazonaws.com", "ssm": "ssm.amazonaws.com",
}

// actor is somebody of the company, or a stranger.
type actor struct {
	kind    string // userIdentity.type
	name    string // user, or session of the role
	role    string
	account string
	home    string // place of ordinary work
	agent   string
	daily   string // ordinary calls, as service:Name
	always  bool   // also at weekends and by night
	via     string // invokedBy
}

// Calls that people and machines make all day.
const (
	looking   = "ec2:DescribeInstances cloudwatch:DescribeAlarms sts:GetCallerIdentity s3:ListBuckets s3:GetBucketLocation logs:DescribeLogGroups"
	building  = "lambda:ListFunctions20150331 ecr:DescribeRepositories ecs:DescribeServices s3:ListBuckets cloudformation:DescribeStacks"
	operating = "s3:PutBucketPolicy ec2:DescribeInstances s3:GetBucketPolicy s3:ListBuckets s3:PutBucketPolicy sts:GetCallerIdentity s3:GetBucketAcl iam:ListRoles"
)

var cast = map[string]*actor{
	"maya":      {kind: "AssumedRole", role: "AWSReservedSSO_DevOps_0a1b2c3d4e5f6789", name: "maya@larkfield.example", home: "office", agent: "cli", daily: operating},
	"sara":      {kind: "AssumedRole", role: "AWSReservedSSO_Security_1b2c3d4e5f678901", name: "sara@larkfield.example", home: "office", agent: "console", daily: "guardduty:ListFindings config:DescribeConfigRules s3:GetBucketPolicyStatus cloudtrail:LookupEvents s3:PutBucketPublicAccessBlock"},
	"tom":       {kind: "IAMUser", name: "tom", home: "office2", agent: "cli", daily: building},
	"ines":      {kind: "IAMUser", name: "ines", home: "ines-home", agent: "boto", daily: "athena:GetQueryExecution glue:GetTables s3:ListBuckets s3:GetBucketLocation"},
	"joe":       {kind: "IAMUser", name: "joe-contractor", home: "joe-home", agent: "cli", daily: building},
	"oleg":      {kind: "IAMUser", name: "oleg", home: "office", agent: "console", daily: "athena:StartQueryExecution quicksight:ListDashboards s3:ListBuckets"},
	"nadia":     {kind: "IAMUser", name: "nadia", home: "office2", agent: "console", daily: "s3:ListBuckets s3:GetBucketLocation workmail:ListUsers"},
	"admin":     {kind: "IAMUser", name: "ops-admin", home: "companyvpn", agent: "cli", daily: looking + " iam:ListUsers"},
	"root":      {kind: "Root", home: "boss-home", agent: "console"},
	"reporter":  {kind: "IAMUser", name: "svc-report", home: "nat", agent: "java", daily: "s3:ListBuckets sqs:ReceiveMessage", always: true},
	"ci":        {kind: "AssumedRole", role: "deploy", name: "build-", home: "runner", agent: "boto", daily: "ecr:GetAuthorizationToken ecs:UpdateService sts:GetCallerIdentity s3:ListBuckets", always: true},
	"terraform": {kind: "AssumedRole", role: "terraform", name: "plan-", home: "nat", agent: "terraform", daily: "s3:GetBucketAcl s3:GetBucketPolicy ec2:DescribeVpcs iam:GetRole s3:PutBucketPolicy", always: true},
	"node":      {kind: "AssumedRole", role: "orders-api", name: "i-0c1d2e3f4a5b6c7d8", home: "vpc", agent: "java", daily: "sqs:ReceiveMessage secretsmanager:GetSecretValue", always: true},
	"config":    {kind: "AssumedRole", role: "config-remediation", name: "AutomationExecution-", home: "ssm", agent: "ssm", daily: "s3:GetBucketAcl s3:GetBucketPolicyStatus", always: true, via: "ssm.amazonaws.com"},
	"stack":     {kind: "AssumedRole", role: "AWSReservedSSO_DevOps_0a1b2c3d4e5f6789", name: "maya@larkfield.example", home: "cloudformation", agent: "cloudformation", via: "cloudformation.amazonaws.com"},
	"leaver":    {kind: "IAMUser", name: "paul", home: "office2", agent: "cli"},
	"newhire":   {kind: "AssumedRole", role: "AWSReservedSSO_DevOps_0a1b2c3d4e5f6789", name: "ravi@larkfield.example", home: "office", agent: "cli"},
	"anon":      {kind: "AWSAccount", account: "anonymous", home: "stranger", agent: "curl"},
	"outsider":  {kind: "AWSAccount", account: "999988887777", home: "abroad", agent: "cli"},
	"partner":   {kind: "AWSAccount", account: "444433332222", home: "partner", agent: "boto"},
	"impostor":  {kind: "AssumedRole", role: "orders-api", name: "maya@larkfield.example", home: "abroad", agent: "cli"},
	"probe":     {kind: "AssumedRole", role: "deploy", name: "probe", home: "abroad", agent: "cli"},
	"temp":      {kind: "IAMUser", name: "backup-svc2", home: "abroad", agent: "cli"},
}

// staff are colleagues who appear in no scenario.
func staff(n int) *actor {
	name := "staff" + string(rune('a'+n))
	home := []string{"office", "office2", "companyvpn"}[n%3]
	return &actor{kind: "IAMUser", name: name, home: home, agent: []string{"cli", "console", "boto"}[n%3], daily: []string{looking, building}[n%2]}
}

const staffCount = 9

// identity is a record's userIdentity.
type identity struct {
	Type        string          `json:"type"`
	PrincipalID string          `json:"principalId,omitempty"`
	ARN         string          `json:"arn,omitempty"`
	AccountID   string          `json:"accountId,omitempty"`
	AccessKeyID string          `json:"accessKeyId,omitempty"`
	UserName    string          `json:"userName,omitempty"`
	Session     *sessionContext `json:"sessionContext,omitempty"`
	InvokedBy   string          `json:"invokedBy,omitempty"`
}

type sessionContext struct {
	Issuer     sessionIssuer     `json:"sessionIssuer"`
	Attributes map[string]string `json:"attributes"`
}

type sessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName"`
}

// identity is who calls at a time; key names one of several access keys.
func (a *actor) identity(at time.Time, key string) identity {
	switch a.kind {
	case "Root":
		return identity{Type: "Root", PrincipalID: account, ARN: "arn:aws:iam::" + account + ":root", AccountID: account}
	case "AWSAccount":
		id := identity{Type: "AWSAccount", AccountID: a.account}
		if a.account != "anonymous" {
			id.PrincipalID = example("AIDA", a.account)
		}
		return id
	case "AssumedRole":
		return a.session(at)
	}
	return identity{Type: "IAMUser", PrincipalID: example("AIDA", a.name), ARN: "arn:aws:iam::" + account + ":user/" + a.name,
		AccountID: account, AccessKeyID: example("AKIA", a.name+key), UserName: a.name, InvokedBy: a.via}
}

func (a *actor) session(at time.Time) identity {
	name := a.name
	if strings.HasSuffix(name, "-") { // machine-made, another each day
		name += at.Format("20060102")
	}
	start := at.Truncate(12 * time.Hour)
	id := example("AROA", a.role)
	return identity{Type: "AssumedRole", PrincipalID: id + ":" + name, ARN: "arn:aws:sts::" + account + ":assumed-role/" + a.role + "/" + name,
		AccountID: account, AccessKeyID: example("ASIA", name+start.Format("0215")), InvokedBy: a.via,
		Session: &sessionContext{
			Issuer:     sessionIssuer{"Role", id, "arn:aws:iam::" + account + ":role/" + a.role, account, a.role},
			Attributes: map[string]string{"creationDate": start.Format(time.RFC3339), "mfaAuthenticated": "false"},
		}}
}
