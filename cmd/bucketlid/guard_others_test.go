// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/bucketlid/bucketlid/guard"
)

// A queue and a rule of others under guard's names are left alone; with --replace
// they are replaced, and put back byte for byte.
func TestGuardLeavesOthersAlone(t *testing.T) {
	motoEnv(t)
	recording(t)
	ctx := context.Background()
	conf, err := config.LoadDefaultConfig(ctx)
	check(t, err)
	queues, rules := sqs.NewFromConfig(conf), configservice.NewFromConfig(conf)
	made, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &guard.FeedNames.Queue, Attributes: map[string]string{"VisibilityTimeout": "77"}})
	check(t, err)
	_, err = rules.PutConfigRule(ctx, &configservice.PutConfigRuleInput{ConfigRule: &configtypes.ConfigRule{ConfigRuleName: aws.String("bucketlid-s3-public-read"),
		Description: aws.String("mine"), Source: &configtypes.Source{Owner: configtypes.OwnerAws, SourceIdentifier: aws.String("IAM_PASSWORD_POLICY")}}})
	check(t, err)
	theirs := func() string {
		t.Helper()
		q, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameVisibilityTimeout}})
		check(t, err)
		r, err := rules.DescribeConfigRules(ctx, &configservice.DescribeConfigRulesInput{ConfigRuleNames: []string{"bucketlid-s3-public-read"}})
		check(t, err)
		return q.Attributes["VisibilityTimeout"] + " " + aws.ToString(r.ConfigRules[0].Description) + " " + aws.ToString(r.ConfigRules[0].Source.SourceIdentifier)
	}
	const before = "77 mine IAM_PASSWORD_POLICY"
	plan := filepath.Join(t.TempDir(), "guard.json")
	f := guardMust(t, "plan", "--measure", "config-rules,event-feed", "--out", plan)
	for _, want := range []string{"not      queue bucketlid-s3-changes in us-east-1: one of that name is there that guard did not make", "not      Config rule bucketlid-s3-public-read in us-east-1: one of"} {
		if !strings.Contains(f.out, want) {
			t.Errorf("no %q in\n%s", want, f.out)
		}
	}
	guardMust(t, "apply", plan, "--yes")
	if got := theirs(); got != before {
		t.Fatalf("changed: %s", got)
	}
	if f := guardMust(t, "status"); !strings.Contains(f.out, "none of guard's: made by others are queue bucketlid-s3-changes in us-east-1") {
		t.Errorf("status: %s", f.out)
	}
	f = guardMust(t, "plan", "--measure", "config-rules,event-feed", "--replace", "--out", plan+"2")
	if !strings.Contains(f.out, "asks     queue bucketlid-s3-changes in us-east-1: one that guard did not make is replaced") || !strings.Contains(f.out, "REPLACES one that guard did not make") {
		t.Errorf("%s", f.out)
	}
	if f := guardDo(t, "no\n", "apply", plan+"2"); f.code != exitUsage || theirs() != before {
		t.Errorf("replaced unasked: %+v", f)
	}
	guardMust(t, "apply", plan+"2", "--yes")
	if got := theirs(); got != "300 bucketlid guard: no bucket lets everybody read S3_BUCKET_PUBLIC_READ_PROHIBITED" {
		t.Errorf("not replaced: %s", got)
	}
	guardMust(t, "rollback", plan+"2", "--yes")
	if got := theirs(); got != before {
		t.Errorf("not put back: %s", got)
	}
}

// While another run of fix or guard changes the account, nothing is changed.
func TestGuardHolds(t *testing.T) {
	c := motoEnv(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	published(t, c, "policy")
	plan := filepath.Join(t.TempDir(), "guard.json")
	guardMust(t, "plan", "--measure", "account-block", "--out", plan)
	free, ok, err := lockTarget("account-" + motoID)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if f := guardDo(t, "", "apply", plan, "--yes"); f.code != exitFailed || !strings.Contains(f.err, "another run changes account-"+motoID+" right now") {
		t.Errorf("%+v", f)
	}
	free()
	guardMust(t, "apply", plan, "--yes")
	free, _, _ = lockTarget("account-" + motoID)
	defer free()
	if f := guardDo(t, "", "rollback", plan, "--yes"); f.code != exitFailed || !strings.Contains(f.err, "another run changes") {
		t.Errorf("%+v", f)
	}
}
