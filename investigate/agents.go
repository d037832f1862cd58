// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"regexp"
	"strings"

	"github.com/bucketlid/bucketlid/replay"
)

// clientClasses tell by the beginning of a user agent what kind of client it
// is (AWS page "CloudTrail record contents", userAgent).
var clientClasses = []struct{ prefix, class string }{
	{"aws-cli", commandLine}, {"aws-shell", commandLine}, {"s3cmd", commandLine}, {"rclone", commandLine}, {"curl", commandLine}, {"Wget", commandLine},
	{"aws-vault", commandLine}, {"saml2aws", commandLine},
	{"APN/1.0 HashiCorp", infrastructure}, {"HashiCorp", infrastructure}, {"aws-cdk", infrastructure}, {"Ansible", infrastructure},
	{"APN/1.0 Ansible", infrastructure}, {"Crossplane", infrastructure}, {"eksctl", infrastructure},
	{"S3Console", console}, {"Mozilla", console}, {"signin.amazonaws.com", console}, {"console.", console},
	{"aws-internal", internal}, {"AWS-Internal", internal}, {"AWS Internal", internal}, {"Coral", internal}, {"AWSCloudTrail", internal},
	{"Boto3", program}, {"Botocore", program}, {"aws-sdk", program}, {"MinIO", program}, {"Go-http-client", program}, {"python-requests", program},
	{"S3 Browser", desktop}, {"S3Browser", desktop}, {"Cyberduck", desktop}, {"CyberDuck", desktop},
	{"ScoutSuite", scanner}, {"Prowler", scanner}, {"prowler", scanner},
}

// The kinds of client.
const (
	commandLine    = "command line"
	infrastructure = "infrastructure code"
	console        = "console"
	internal       = "console or an AWS service"
	awsService     = "an AWS service"
	program        = "a program with an AWS SDK"
	desktop        = "a desktop program"
	scanner        = "a scanner"
	attack         = "a tool of attackers and testers"
)

// tools are words anywhere in a user agent that name a tool, though it begins
// like the SDK that the tool is made with. Those of attackers come first:
// their infrastructure code is theirs too.
var tools = []struct{ word, name, class string }{
	{"stratus-red-team", "stratus-red-team", attack}, {"pacu", "Pacu", attack}, {"trufflehog", "TruffleHog", attack},
	{"kali", "Kali", attack}, {"parrot", "Parrot", attack}, {"pentoo", "Pentoo", attack},
	{"terraform", "Terraform", infrastructure}, {"pulumi", "Pulumi", infrastructure}, {"cloudformation", "CloudFormation", infrastructure},
}

// Client says in words what kind of client a user agent is.
func Client(agent string) string {
	bare := bareAgent(agent)
	lower := strings.ToLower(bare)
	for _, t := range tools {
		if strings.Contains(lower, t.word) {
			return t.class
		}
	}
	for _, c := range clientClasses {
		if strings.HasPrefix(bare, c.prefix) {
			return c.class
		}
	}
	switch {
	case bare == "" || bare == "-":
		return "unnamed"
	case strings.HasSuffix(bare, ".amazonaws.com"):
		return awsService
	}
	return "another client"
}

// Client says in words what kind of client made the call.
func (e *Entry) Client() string {
	switch name := Client(e.Agent); {
	case e.InvokedBy == "cloudformation.amazonaws.com":
		return infrastructure
	case e.Console && name != infrastructure && name != attack:
		return console
	default:
		return name
	}
}

func bareAgent(agent string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(agent), "["), "]")
}

// serial is a part of a name that a machine numbers: of ten thousand runs one
// name is told.
var serial = regexp.MustCompile(`[_-]?[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,}`)

// agentName is a user agent as it is counted: the tool that it names, or the
// product without its version.
func agentName(agent string) string {
	bare := bareAgent(agent)
	if strings.EqualFold(bare, "AWS Internal") {
		return bare
	}
	lower := strings.ToLower(bare)
	for _, t := range tools {
		if strings.Contains(lower, t.word) {
			return t.name
		}
	}
	return strings.TrimRight(serial.ReplaceAllString(replay.AgentFamily(bare), ""), ",;")
}
