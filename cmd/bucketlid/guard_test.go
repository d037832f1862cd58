// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/bucketlid/bucketlid/guard"
)

// recording switches AWS Config's recorder on in the home Region.
func recording(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	conf, err := config.LoadDefaultConfig(ctx)
	check(t, err)
	c := configservice.NewFromConfig(conf)
	_, err = c.PutConfigurationRecorder(ctx, &configservice.PutConfigurationRecorderInput{ConfigurationRecorder: &configtypes.ConfigurationRecorder{
		Name: aws.String("default"), RoleARN: aws.String("arn:aws:iam::123456789012:role/c"), RecordingGroup: &configtypes.RecordingGroup{AllSupported: true}}})
	check(t, err)
	s := client(t)
	_, err = s.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("config-delivery"), ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced})
	check(t, err)
	_, err = c.PutDeliveryChannel(ctx, &configservice.PutDeliveryChannelInput{DeliveryChannel: &configtypes.DeliveryChannel{Name: aws.String("default"), S3BucketName: aws.String("config-delivery")}})
	check(t, err)
	_, err = c.StartConfigurationRecorder(ctx, &configservice.StartConfigurationRecorderInput{ConfigurationRecorderName: aws.String("default")})
	check(t, err)
}

// The whole way: plan, apply, a second plan with nothing to do, status, back.
func TestGuardWholeWay(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "acl", "policy", "website")
	recording(t)
	plan := filepath.Join(t.TempDir(), "guard.json")
	shown := guardMust(t, "plan", "--out", plan)
	for _, want := range []string{"2 buckets read; Block Public Access of the account would change access to 1", "closes   fix-me-bucket: anyone may read", "visitors of the bucket's website",
		"unknown  ACLs of its objects", "account-block:", "config-rules:", "event-feed:", "asks     fix-me-bucket: a website is on"} {
		if !strings.Contains(shown.out, want) {
			t.Errorf("the plan does not say %q:\n%s", want, shown.out)
		}
	}
	if f := guardDo(t, "999\n", "apply", plan); f.code != exitUsage || !strings.Contains(f.err, "nothing was changed") {
		t.Fatalf("applied for a wrong id: %+v", f)
	}
	if f := guardMust(t, "status"); !strings.Contains(f.out, "off: none of the four flags is set") {
		t.Errorf("status before: %s", f.out)
	}
	f := guardDo(t, motoID+"\n", "apply", plan)
	if f.code != exitDone || strings.Contains(f.out, "OPEN") || strings.Contains(f.out, "MISSING") || !strings.Contains(f.out, "closed  fix-me-bucket: anyone may list") {
		t.Fatalf("apply: %+v", f)
	}
	if f := guardMust(t, "plan"); !strings.Contains(f.out, "Nothing to do") {
		t.Errorf("a second plan: %s", f.out)
	}
	if f := guardDo(t, "", "apply", plan, "--yes"); f.code != exitUsage || !strings.Contains(f.err, "applied already") {
		t.Errorf("applied twice: %+v", f)
	}
	back := guardMust(t, "rollback", plan, "--yes")
	if !strings.Contains(back.err, "these are public again") || !strings.Contains(back.err, "are lost") {
		t.Errorf("rollback: %+v", back)
	}
	if f := guardMust(t, "status"); !strings.Contains(f.out, "off: none of the four flags is set") || !strings.Contains(f.out, "feed of events                                 none") ||
		strings.Count(f.out, "there is no such rule") != 4 {
		t.Errorf("status after the rollback: %s", f.out)
	}
	if f := guardDo(t, "", "rollback", plan, "--yes"); f.code != exitUsage || !strings.Contains(f.err, "nothing of") {
		t.Errorf("rolled back twice: %+v", f)
	}
	guardMust(t, "apply", plan, "--yes") // once more, after the rollback
}

// What was read is the plan's: a bucket that is opened meanwhile makes it stale,
// and nothing is changed.
func TestGuardStale(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	plan := filepath.Join(t.TempDir(), "guard.json")
	guardMust(t, "plan", "--measure", "account-block", "--out", plan)
	_, err := c.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String("opened-since"), ACL: types.BucketCannedACLPublicRead})
	check(t, err)
	f := guardDo(t, "", "apply", plan, "--yes")
	if f.code != exitStale || !strings.Contains(f.err, "bucket opened-since") {
		t.Errorf("%+v", f)
	}
	if f := guardMust(t, "status"); !strings.Contains(f.out, "off: none") {
		t.Errorf("changed: %s", f.out)
	}
}

// A plan whose first call was refused is looked at anew before it is tried again:
// what was opened meanwhile is not shut by an old proof.
func TestGuardRefusedThenStale(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	plan := filepath.Join(t.TempDir(), "guard.json")
	guardMust(t, "plan", "--measure", "account-block", "--out", plan)
	var refuse atomic.Bool
	refuse.Store(true)
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		if !refuse.Load() || r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "publicAccessBlock") {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<ErrorResponse><Error><Code>AccessDenied</Code><Message>m</Message></Error></ErrorResponse>"))
		return true
	})
	if f := guardDo(t, "", "apply", plan, "--yes"); f.code != exitPermission || !strings.Contains(f.err, "s3:PutAccountPublicAccessBlock") {
		t.Fatalf("%+v", f)
	}
	refuse.Store(false)
	_, err := c.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String("opened-since"), ACL: types.BucketCannedACLPublicRead})
	check(t, err)
	if f := guardDo(t, "", "apply", plan, "--yes"); f.code != exitStale || !strings.Contains(f.err, "bucket opened-since") {
		t.Errorf("%+v", f)
	}
	_, err = c.DeleteBucket(context.Background(), &s3.DeleteBucketInput{Bucket: aws.String("opened-since")})
	check(t, err)
	guardMust(t, "apply", plan, "--yes")
}

// Logs tell which openings are used; an edited plan is refused.
func TestGuardAlertsAndEdits(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	dir := t.TempDir()
	alerts, plan := filepath.Join(dir, "hunt.jsonl"), filepath.Join(dir, "guard.json")
	check(t, os.WriteFile(alerts, []byte(hunted), 0o600))
	if f := guardMust(t, "plan", "--alerts", alerts, "--measure", "account-block", "--out", plan); !strings.Contains(f.out, "asks     fix-me-bucket: strangers use it: 7 requests") {
		t.Errorf("%s", f.out)
	}
	text, err := os.ReadFile(plan)
	check(t, err)
	edited := strings.Replace(string(text), "strangers use it: 7 requests", "strangers use it: 0 requests", 1)
	check(t, os.WriteFile(plan, []byte(edited), 0o600))
	if f := guardDo(t, "", "apply", plan, "--yes"); f.code != exitUsage || !strings.Contains(f.err, "changed after it was made") {
		t.Errorf("%+v", f)
	}
}

// target is the operation of a call in AWS's JSON protocols.
func target(r *http.Request) string {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return name
}

// A step that is refused leaves a journal, from which the work goes on or back.
func TestGuardStopsAndResumes(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	recording(t)
	plan := filepath.Join(t.TempDir(), "guard.json")
	guardMust(t, "plan", "--out", plan)
	var refuse atomic.Bool
	refuse.Store(true)
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		if refuse.Load() && target(r) == "PutRule" {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.Header().Set("X-Amzn-Requestid", "refused-request")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"AccessDeniedException","Message":"no"}`))
			return true
		}
		return false
	})
	f := guardDo(t, "", "apply", plan, "--yes")
	if f.code != exitPartly || !strings.Contains(f.err, "events:PutRule") || !strings.Contains(f.err, "bucketlid guard apply "+plan+" --resume") {
		t.Fatalf("%+v", f)
	}
	journal, err := os.ReadFile(journalName(plan))
	check(t, err)
	if !strings.Contains(string(journal), `"event":"failed","step":8`) || !strings.Contains(string(journal), "refused-request") {
		t.Errorf("journal: %s", journal)
	}
	if f := guardDo(t, "", "apply", plan, "--yes"); f.code != exitUsage || !strings.Contains(f.err, "cut off after 7 of") {
		t.Fatalf("not told: %+v", f)
	}
	if f := guardDo(t, "", "plan", "--out", plan, "--force"); f.code != exitUsage {
		t.Errorf("a plan with a journal was replaced: %+v", f)
	}
	refuse.Store(false)
	guardMust(t, "apply", plan, "--yes", "--resume")
	guardMust(t, "rollback", plan, "--yes")
	if f := guardMust(t, "status"); !strings.Contains(f.out, "off: none") {
		t.Errorf("left something: %s", f.out)
	}
}

// What may not be read is unknown: no list of buckets, no plan; no policy, a
// question.
func TestGuardDenied(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	var what atomic.Value
	what.Store("policy")
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		q, part := r.URL.Query(), what.Load().(string)
		lists := part == "list" && r.URL.Path == "/" && r.Method == http.MethodGet
		return (lists || part == "policy" && (q.Has("policy") || q.Has("policyStatus"))) && fault(w, 403, "AccessDenied")
	})
	f := guardMust(t, "plan", "--measure", "account-block")
	if !strings.Contains(f.out, "unknown  bucket policy (s3:GetBucketPolicy)") || !strings.Contains(f.out, "it is not known whether something would close") {
		t.Errorf("%s", f.out)
	}
	what.Store("list")
	if f := guardDo(t, "", "plan"); f.code != exitPermission || !strings.Contains(f.err, "s3:ListAllMyBuckets") {
		t.Errorf("%+v", f)
	}
}

// moto answers nothing about compliance, and history with times that AWS does not
// write: answers of our own stand in for AWS Config's at the edge of HTTP.
func complies(t *testing.T, results string) {
	t.Helper()
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		answer := ""
		switch target(r) {
		case "GetComplianceDetailsByConfigRule":
			answer = `{"EvaluationResults":[` + results + `]}`
		case "GetResourceConfigHistory":
			answer = `{"configurationItems":[{"configurationItemCaptureTime":1780300000,"configurationItemStatus":"OK","supplementaryConfiguration":{"BucketPolicy":"p"}}]}`
		default:
			return false
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprint(w, answer)
		return true
	})
}

func evaluated(resource, compliance string) string {
	return fmt.Sprintf(`{"ComplianceType":%q,"ResultRecordedTime":1780300000,"EvaluationResultIdentifier":{"EvaluationResultQualifier":{"ConfigRuleName":"x","ResourceType":"AWS::S3::Bucket","ResourceId":%q}}}`, compliance, resource)
}

func TestGuardStatusCompliance(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	recording(t)
	plan := filepath.Join(t.TempDir(), "guard.json")
	guardMust(t, "plan", "--measure", "config-rules", "--out", plan)
	guardMust(t, "apply", plan) // asks nothing: rules shut nothing
	complies(t, evaluated("fix-me-bucket", "NON_COMPLIANT")+","+evaluated("config-delivery", "COMPLIANT"))
	f := guardMust(t, "status")
	if !strings.Contains(f.out, "bucketlid-s3-public-read: 1 compliant, 1 NON_COMPLIANT: fix-me-bucket") {
		t.Errorf("%s", f.out)
	}
	var s guardStatus
	check(t, json.Unmarshal([]byte(guardMust(t, "status", "-o", "json").out), &s))
	if len(s.Regions) != 1 || len(s.Regions[0].Rules) != 4 || s.Regions[0].Rules[0].NonCompliant[0] != "fix-me-bucket" {
		t.Errorf("%+v", s)
	}
}

// The texts for tools name what apply would set.
func TestGuardTexts(t *testing.T) {
	motoEnv(t)
	recording(t)
	for format, wants := range map[string][]string{
		"terraform":      {"aws_s3_account_public_access_block", `source_identifier = "S3_BUCKET_PUBLIC_READ_PROHIBITED"`, `resource "aws_sqs_queue" "bucketlid_us_east_1"`, "aws_cloudwatch_event_target"},
		"organization":   {"S3_POLICY", `"@@assign":"all"`},
		"cli":            {"aws s3control put-public-access-block", "aws configservice put-config-rule", "aws sqs create-queue", "aws events put-rule", "aws events put-targets"},
		"cloudformation": {`"AWS::Config::ConfigRule"`, `"AWS::SQS::QueuePolicy"`, `"AWS::Events::Rule"`},
	} {
		f := guardMust(t, "plan", "-o", format)
		for _, want := range wants {
			if !strings.Contains(f.out, want) {
				t.Errorf("%s: no %q in\n%s", format, want, f.out)
			}
		}
		if format == "cloudformation" && !json.Valid([]byte(f.out)) {
			t.Errorf("no JSON: %s", f.out)
		}
	}
}

// What EventBridge is told of a call that opens a bucket arrives in the queue, in
// a shape that hunt reads; what is no such call, or is made up by somebody who
// may put events, does not.
func TestGuardFeed(t *testing.T) {
	motoEnv(t)
	dir := t.TempDir()
	plan := filepath.Join(dir, "guard.json")
	guardMust(t, "plan", "--measure", "event-feed", "--out", plan)
	guardMust(t, "apply", plan)
	ctx := context.Background()
	conf, err := config.LoadDefaultConfig(ctx)
	check(t, err)
	const call = `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","userName":"ann","accountId":"123456789012"},"eventTime":"2026-03-02T09:00:00Z","eventSource":"s3.amazonaws.com","eventName":"NAME","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2","requestParameters":{"bucketName":"fed","x-amz-acl":"public-read"},"requestID":"A","eventID":"00000000-0000-4000-8000-000000000001","recipientAccountId":"123456789012"}`
	for _, e := range [][2]string{{"aws.s3", "PutObject"}, {"aws.s3", "PutBucketAcl"}, {"mine", "PutBucketAcl"}} {
		_, err := eventbridge.NewFromConfig(conf).PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
			Source: &e[0], DetailType: aws.String("AWS API Call via CloudTrail"), Detail: aws.String(strings.Replace(call, "NAME", e[1], 1))}}})
		check(t, err)
	}
	if f := guardMust(t, "status", "--regions", "us-east-1"); !strings.Contains(f.out, "stands; about 1 events wait") {
		t.Errorf("%s", f.out)
	}
	queues := sqs.NewFromConfig(conf)
	url, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(guard.FeedNames.Queue)})
	check(t, err)
	got, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
	check(t, err)
	if len(got.Messages) != 1 {
		t.Fatalf("%d messages", len(got.Messages))
	}
	event := filepath.Join(dir, "event.json")
	check(t, os.WriteFile(event, []byte(*got.Messages[0].Body), 0o600))
	var out, errs bytes.Buffer
	if code := run([]string{"hunt", event, "-o", "jsonl", "--quiet"}, strings.NewReader(""), &out, &errs); code != exitDone || !strings.Contains(out.String(), `"bucketName":"fed"`) {
		t.Errorf("%d %s%s", code, out.String(), errs.String())
	}
}

// sniffed makes CloudTrail records of the writing calls that pass by, with the
// user agent that was sent and the id that was answered, as AWS would write them.
func sniffed(t *testing.T, names map[string]string) *bytes.Buffer {
	t.Helper()
	var log bytes.Buffer
	var n atomic.Int32
	proxy(t, func(w http.ResponseWriter, r *http.Request) bool {
		for query, name := range names {
			method, sub, _ := strings.Cut(query, " ")
			if r.Method != method || !r.URL.Query().Has(sub) {
				continue
			}
			id := fmt.Sprintf("REQUEST%09d", n.Add(1))
			w.Header().Set("X-Amz-Request-Id", id)
			body := map[string]any{"bucketName": fixBucket}
			if name == "PutBucketPolicy" {
				var document any
				raw := new(bytes.Buffer)
				_, _ = raw.ReadFrom(r.Body)
				r.Body = http.NoBody
				_ = json.Unmarshal(raw.Bytes(), &document)
				body["bucketPolicy"] = document
				request, err := http.NewRequest(r.Method, r.URL.String(), raw)
				if err == nil {
					r.Body, r.ContentLength = request.Body, request.ContentLength
				}
			}
			record, _ := json.Marshal(map[string]any{"eventVersion": "1.11", "eventTime": fmt.Sprintf("2026-03-02T10:00:%02dZ", n.Load()), "eventSource": "s3.amazonaws.com", "eventName": name,
				"awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.7", "userAgent": "[" + r.UserAgent() + "]", "requestParameters": body, "requestID": id,
				"eventID": fmt.Sprintf("00000000-0000-4000-8000-%012d", n.Load()), "recipientAccountId": motoID, "userIdentity": map[string]any{"type": "IAMUser", "userName": "ann", "accountId": motoID}})
			log.Write(append(record, '\n'))
		}
		return false
	})
	return &log
}

// What apply and rollback sent is known again by the journal that they wrote.
func TestHuntKnowsOwnCalls(t *testing.T) {
	c := motoEnv(t)
	published(t, c, "policy")
	dir := t.TempDir()
	plan := filepath.Join(dir, "plan.json")
	must(t, "plan", fixBucket, "--out", plan)
	log := sniffed(t, map[string]string{"PUT policy": "PutBucketPolicy"})
	must(t, "apply", plan, "--yes")
	must(t, "rollback", plan, "--yes")
	file := filepath.Join(dir, "log.jsonl")
	check(t, os.WriteFile(file, log.Bytes(), 0o600))
	var out, errs bytes.Buffer
	if code := run([]string{"hunt", file, "--journal", dir, "-o", "jsonl", "--quiet"}, strings.NewReader(""), &out, &errs); code != exitDone {
		t.Fatalf("%d %s", code, errs.String())
	}
	if !strings.Contains(out.String(), `"verified":true,"rollback":true`) || !strings.Contains(out.String(), "with AWS's id of the request") || !strings.Contains(out.String(), "still open") {
		t.Errorf("%s", out.String())
	}
}
