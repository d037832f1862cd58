// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/remedy"
)

// commandLine is a call as a line for the AWS CLI.
func commandLine(c account.Call) string {
	text := remedy.Shell(remedy.ASCII(c.Text))
	end := " --region " + remedy.Shell(c.Region)
	url := "--queue-url \"$(aws sqs get-queue-url --queue-name " + remedy.Shell(c.Name) + " --query QueueUrl --output text" + end + ")\""
	switch c.Operation {
	case account.PutConfigRule:
		return "aws configservice put-config-rule --config-rule " + text + end
	case account.CreateQueue:
		return "aws sqs create-queue --queue-name " + remedy.Shell(c.Name) + " --attributes " + remedy.Shell(remedy.ASCII(member(c.Text, "Attributes"))) + end
	case account.SetQueueAttributes:
		return "aws sqs set-queue-attributes " + url + " --attributes " + remedy.Shell(remedy.ASCII(member(c.Text, "Attributes"))) + end
	case account.PutEventRule:
		return "aws events put-rule --name " + remedy.Shell(c.Name) + " --cli-input-json " + text + end
	case account.PutEventTargets:
		return "aws events put-targets --rule " + remedy.Shell(c.Name) + " --targets " + remedy.Shell(remedy.ASCII(member(c.Text, "Targets"))) + end
	}
	return remedy.CommandLine(c)
}

func member(text, name string) string {
	var m map[string]json.RawMessage
	_ = json.Unmarshal([]byte(text), &m) // the plan's own text
	return string(m[name])
}

// asked reports whether a measure is among those asked for.
func asked(measures []string, id string) bool {
	return len(measures) == 0 || slices.Contains(measures, id)
}

// terraform is every measure as resources of the hashicorp/aws provider.
func terraform(s State, measures []string) string {
	w := &writer{}
	w.line("# hashicorp/aws 6 or newer, whose resources name their Region.")
	if asked(measures, "account-block") {
		w.block("aws_s3_account_public_access_block", "account", "  block_public_acls = true", "  ignore_public_acls = true",
			"  block_public_policy = true", "  restrict_public_buckets = true")
	}
	for _, region := range s.Watches {
		if asked(measures, "config-rules") {
			w.rules(s, region)
		}
		if asked(measures, "event-feed") {
			w.feed(feed{s, region.Region})
		}
	}
	return w.b.String()
}

type writer struct{ b strings.Builder }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

func (w *writer) block(resource, name string, lines ...string) {
	w.line("\nresource %q %q {", resource, strings.ReplaceAll(name, "-", "_"))
	for _, l := range lines {
		w.line("%s", l)
	}
	w.line("}")
}

func setTo(name, value string) string { return "  " + name + " = " + remedy.HCL(value) }

func (w *writer) rules(s State, region account.Watch) {
	if missing := RecorderOf(s.Account, s.Partition, region).Missing; missing != "" {
		w.line("\n# no rules in %s: %s", region.Region, missing)
		return
	}
	for _, r := range rules {
		if r.account && region.Region != s.Home || watched(region, r) {
			continue
		}
		lines := []string{setTo("name", r.name), setTo("region", region.Region)}
		if r.parameters != "" {
			lines = append(lines, setTo("input_parameters", r.parameters))
		}
		if r.periodic {
			lines = append(lines, setTo("maximum_execution_frequency", frequency))
		}
		if !r.account {
			lines = append(lines, "  scope {\n    compliance_resource_types = [\"AWS::S3::Bucket\"]\n  }")
		}
		lines = append(lines, "  source {\n    owner = \"AWS\"\n    source_identifier = "+remedy.HCL(r.identifier)+"\n  }")
		w.block("aws_config_config_rule", r.name+"_"+region.Region, lines...)
	}
}

func (w *writer) feed(f feed) {
	in := setTo("region", f.region)
	name := "bucketlid_" + f.region
	w.block("aws_sqs_queue", name+"_dead", setTo("name", FeedNames.DeadLetters), in, "  message_retention_seconds = 1209600")
	w.block("aws_sqs_queue", name, setTo("name", FeedNames.Queue), in, "  message_retention_seconds = 1209600", "  visibility_timeout_seconds = 300",
		"  receive_wait_time_seconds = 20", setTo("redrive_policy", object("deadLetterTargetArn", f.arn("sqs", FeedNames.DeadLetters), "maxReceiveCount", deliveries)),
		setTo("policy", f.policy()))
	w.block("aws_cloudwatch_event_rule", name, setTo("name", FeedNames.Rule), in, setTo("event_pattern", Pattern()))
	w.block("aws_cloudwatch_event_target", name, "  rule = aws_cloudwatch_event_rule."+strings.ReplaceAll(name, "-", "_")+".name", in,
		setTo("target_id", account.TargetID), setTo("arn", f.arn("sqs", FeedNames.Queue)))
}

// cloudFormation is a template that is the same in every Region. It has no
// resource for the account's own Block Public Access (CloudFormation reference,
// "Amazon S3 resource type reference").
func cloudFormation(s State, measures []string) string {
	resources := map[string]any{}
	if asked(measures, "config-rules") {
		cfnRules(s, resources)
	}
	if asked(measures, "event-feed") {
		cfnFeed(resources)
	}
	if len(resources) == 0 {
		return ""
	}
	out := map[string]any{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Description":              "bucketlid guard: deploy it in each of " + strings.Join(regionsOf(s), ", ") + ". CloudFormation has no resource for the account's own Block Public Access: set it with the AWS CLI or Terraform.",
		"Conditions":               map[string]any{"Home": map[string]any{"Fn::Equals": []any{map[string]string{"Ref": "AWS::Region"}, s.Home}}},
		"Resources":                resources,
	}
	text, _ := json.MarshalIndent(out, "", "  ") // of maps and strings: cannot fail
	return string(text) + "\n"
}

func regionsOf(s State) []string {
	var out []string
	for _, w := range s.Watches {
		out = append(out, w.Region)
	}
	return out
}

func cfnRules(s State, resources map[string]any) {
	for _, r := range rules {
		var properties map[string]any
		_ = json.Unmarshal([]byte(r.text()), &properties) // this package's own text
		if r.parameters != "" {
			var parameters map[string]any
			_ = json.Unmarshal([]byte(r.parameters), &parameters)
			properties["InputParameters"] = parameters
		}
		resource := map[string]any{"Type": "AWS::Config::ConfigRule", "Properties": properties}
		if r.account {
			resource["Condition"] = "Home"
		}
		resources[r.resource] = resource
	}
}

func cfnFeed(resources map[string]any) {
	attribute := func(resource string) any { return map[string]any{"Fn::GetAtt": []string{resource, "Arn"}} }
	var pattern map[string]any
	_ = json.Unmarshal([]byte(Pattern()), &pattern) // this package's own text
	resources["DeadLetters"] = map[string]any{"Type": "AWS::SQS::Queue",
		"Properties": map[string]any{"QueueName": FeedNames.DeadLetters, "MessageRetentionPeriod": 1209600}}
	resources["Queue"] = map[string]any{"Type": "AWS::SQS::Queue", "Properties": map[string]any{
		"QueueName": FeedNames.Queue, "MessageRetentionPeriod": 1209600, "VisibilityTimeout": 300, "ReceiveMessageWaitTimeSeconds": 20,
		"RedrivePolicy": map[string]any{"deadLetterTargetArn": attribute("DeadLetters"), "maxReceiveCount": 5}}}
	resources["Changes"] = map[string]any{"Type": "AWS::Events::Rule", "Properties": map[string]any{
		"Name": FeedNames.Rule, "State": "ENABLED", "EventPattern": pattern,
		"Targets": []any{map[string]any{"Id": account.TargetID, "Arn": attribute("Queue")}}}}
	resources["QueuePolicy"] = map[string]any{"Type": "AWS::SQS::QueuePolicy", "Properties": map[string]any{
		"Queues": []any{map[string]string{"Ref": "Queue"}},
		"PolicyDocument": map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Sid": "BucketlidEvents", "Effect": "Allow", "Principal": map[string]string{"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
			"Resource": attribute("Queue"), "Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": attribute("Changes")}}}}}}}
}

// organization is what sets the flags for every account at once. It is printed,
// never applied: it binds accounts that no plan has read (Organizations guide,
// "Amazon S3 policies").
const organization = `# For every account of the organization, from its management account. The policy
# overrides each account's own setting. Plan in each account first: what is public
# on purpose stops serving strangers.
aws organizations enable-policy-type --root-id ROOT --policy-type S3_POLICY
aws organizations create-policy --type S3_POLICY --name bucketlid-block-public-access --description 'Block Public Access of every account' --content '{"s3_attributes":{"public_access_block_configuration":{"@@assign":"all"}}}'
aws organizations attach-policy --policy-id POLICY --target-id ROOT-OR-UNIT-OR-ACCOUNT
`
