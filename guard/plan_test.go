// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/remedy"
)

const (
	owner = "111122223333"
	allOn = `{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true}}`
	acl   = `{"Grants":[{"Grantee":{"ID":"1111","Type":"CanonicalUser"},"Permission":"FULL_CONTROL"}],"Owner":{"ID":"1111"}}`
	world = `{"Version":"2012-10-17","Statement":[{"Sid":"World","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::NAME/*"}MORE]}`
	// Named beside everybody: a foreign account and a CloudFront identity.
	partner  = `,{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::NAME/*"}`
	identity = `,{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::NAME/*"}`
	enforced = `{"OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}}`
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func there(text string) account.Setting {
	return account.Setting{Status: account.Present, Text: text, Action: "s3:Get"}
}

var none = account.Setting{Status: account.Absent, Action: "s3:Get"}

// private is a bucket of which everything is known and nothing is public.
func private(name string) remedy.State {
	return remedy.State{Settings: account.Settings{Account: owner, Region: "eu-west-1", Bucket: name, Read: noon,
		Policy: none, PolicyStatus: none, ACL: there(acl), Block: none, Ownership: there(enforced), Website: none, Payer: there(`{"Payer":"BucketOwner"}`),
		Versioning: there(`{}`), Encryption: none, Tags: none, AccountBlock: none, Points: there(""), MultiRegionPoints: there(""), ObjectList: none}}
}

func public(name, more string) remedy.State {
	b := private(name)
	text := strings.ReplaceAll(strings.ReplaceAll(world, "MORE", more), "NAME", name)
	b.Settings.Policy, b.Settings.PolicyStatus = there(text), there(`{"PolicyStatus":{"IsPublic":true}}`)
	return b
}

// bare is a Region with a running recorder and nothing of ours.
func bare(region string) account.Watch {
	return account.Watch{Region: region, RuleList: there(""), Rules: map[string]account.Setting{}, EventRule: none, Targets: none, Queue: none, DeadLetters: none,
		Recorder: there(`{"ConfigurationRecorders":[{"Name":"default","RecordingGroup":{"AllSupported":true}}],"ConfigurationRecordersStatus":[{"Name":"default","Recording":true}]}`)}
}

func state(buckets ...remedy.State) State {
	return State{Account: owner, Partition: "aws", Home: "eu-west-1", Block: none, Buckets: buckets, Watches: []account.Watch{bare("eu-west-1"), bare("us-east-1")}}
}

func plan(s State, measures ...string) Plan {
	return Make(Request{State: s, Made: noon, Measures: measures})
}

func operations(p Plan) string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, string(s.Call.Operation))
	}
	return strings.Join(out, " ")
}

// What Block Public Access of the account closes, whom it locks out, and when
// apply asks.
func TestAccountBlockProof(t *testing.T) {
	website := public("b", "")
	website.Settings.Website = there(`{"IndexDocument":{"Suffix":"index.html"}}`)
	denied := private("b")
	denied.Settings.Policy = account.Setting{Status: account.Denied, Action: "s3:GetBucketPolicy", Problem: "the permission s3:GetBucketPolicy is missing"}
	acls := private("b")
	acls.Settings.Ownership = none
	gone := private("b")
	gone.Settings.Gone = true
	held := public("b", "")
	held.Settings.Block = there(allOn)
	foreign := private("b")
	foreign.Settings.Policy = there(strings.ReplaceAll(`{"Version":"2012-10-17","Statement":[`+partner[1:]+`]}`, "NAME", "b"))
	foreign.Settings.PolicyStatus = there(`{"PolicyStatus":{"IsPublic":false}}`)
	for _, c := range []struct {
		name    string
		bucket  remedy.State
		readers remedy.Readers
		closes  int
		loses   string // kinds
		asks    string // "" is no question
	}{
		{"private", private("b"), remedy.Readers{}, 0, "", ""},
		{"gone", gone, remedy.Readers{}, 0, "", ""},
		{"public, no log", public("b", ""), remedy.Readers{}, 1, "anyone", "whether strangers use it is not known"},
		{"public, used", public("b", ""), remedy.Readers{Looked: true, Requests: 7}, 1, "anyone", "strangers use it: 7 requests"},
		{"public, not used", public("b", ""), remedy.Readers{Looked: true}, 1, "anyone", ""},
		{"public, a website", website, remedy.Readers{Looked: true}, 1, "website anyone", "a website is on"},
		{"public, a partner", public("b", partner), remedy.Readers{Looked: true}, 1, "account anyone", "999999999999 may lose access"},
		{"public, an origin identity", public("b", identity), remedy.Readers{Looked: true}, 1, "cloudfront anyone", "AWS does not say whether it binds"},
		{"a partner alone keeps access", foreign, remedy.Readers{}, 0, "", ""},
		{"held by the bucket's own block", held, remedy.Readers{}, 0, "", ""},
		{"the policy is not known", denied, remedy.Readers{Looked: true}, 0, "", "of 1 of 1 buckets it is not known"},
		{"objects' ACLs were not read", acls, remedy.Readers{Looked: true}, 0, "", "of 1 of 1 buckets it is not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Make(Request{State: state(c.bucket), Made: noon, Measures: []string{"account-block"}, Readers: map[string]remedy.Readers{"b": c.readers}})
			closes, kinds := 0, []string{}
			for _, e := range p.Proof.Buckets {
				closes += len(e.Closes)
				for _, l := range e.Loses {
					kinds = append(kinds, l.Kind)
				}
			}
			if closes != c.closes || strings.Join(kinds, " ") != c.loses || len(p.Proof.Widened) > 0 {
				t.Errorf("closes %d, loses %v, widened %v", closes, kinds, p.Proof.Widened)
			}
			asks := strings.Join(p.Confirm, "\n")
			if (c.asks == "") != (asks == "") || !strings.Contains(asks, c.asks) {
				t.Errorf("asks %q", asks)
			}
		})
	}
}

func TestAccountBlockStep(t *testing.T) {
	part := there(`{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":false,"IgnorePublicAcls":true,"RestrictPublicBuckets":false}}`)
	for _, c := range []struct {
		name  string
		block account.Setting
		want  string
		not   string
		undo  account.Operation
	}{
		{"off", none, "PutAccountPublicAccessBlock", "", account.DeleteAccountBlock},
		{"in part", part, "PutAccountPublicAccessBlock", "", account.PutAccountBlock},
		{"on", there(allOn), "", "", ""},
		{"denied", account.Setting{Status: account.Denied, Action: "s3:GetAccountPublicAccessBlock"}, "", "grant s3:GetAccountPublicAccessBlock and plan again", ""},
	} {
		s := state(private("b"))
		s.Block = c.block
		p := plan(s, "account-block")
		if operations(p) != c.want || !strings.Contains(strings.Join(p.Not, ""), c.not) || (c.not == "") != (len(p.Not) == 0) {
			t.Errorf("%s: %q, not %q", c.name, operations(p), p.Not)
		}
		if len(p.Steps) > 0 && (p.Steps[0].Undo.Operation != c.undo || p.Steps[0].Undo.Text != c.block.Text) {
			t.Errorf("%s: undo %+v", c.name, p.Steps[0].Undo)
		}
	}
}

// Rules are planned where they evaluate, once, and not beside others that do
// the same.
func TestConfigRules(t *testing.T) {
	s := state()
	p := plan(s, "config-rules")
	if len(p.Steps) != 7 { // the rule about the account in one Region only
		t.Errorf("%d steps: %s", len(p.Steps), operations(p))
	}
	text := func(recorders, status string) account.Setting {
		return there(`{"ConfigurationRecorders":[` + recorders + `],"ConfigurationRecordersStatus":[` + status + `]}`)
	}
	for name, c := range map[string]struct {
		recorder  account.Setting
		steps     int
		not, note string
	}{
		"none":          {none, 3, "there is no recorder", ""},
		"denied":        {account.Setting{Status: account.Denied, Action: "config:DescribeConfigurationRecorders"}, 3, "grant config:DescribeConfigurationRecorders", ""},
		"stopped":       {text(`{"Name":"r"}`, `{"Name":"r","Recording":false}`), 3, "start-configuration-recorder --region eu-west-1 --configuration-recorder-name r", ""},
		"nonsense":      {there(`[`), 3, "cannot be understood", ""},
		"no buckets":    {text(`{"Name":"r","RecordingGroup":{"ResourceTypes":["AWS::EC2::Instance"]}}`, `{"Name":"r","Recording":true}`), 7, "", "does not record AWS::S3::Bucket"},
		"buckets":       {text(`{"Name":"r","RecordingGroup":{"ResourceTypes":["AWS::S3::Bucket"]}}`, `{"Name":"r","Recording":true}`), 7, "", ""},
		"all but them":  {text(`{"Name":"r","RecordingGroup":{"ExclusionByResourceTypes":{"ResourceTypes":["AWS::S3::Bucket"]},"RecordingStrategy":{"UseOnly":"EXCLUSION_BY_RESOURCE_TYPES"}}}`, `{"Name":"r","Recording":true}`), 7, "", "does not record"},
		"all but other": {text(`{"Name":"r","RecordingGroup":{"ExclusionByResourceTypes":{"ResourceTypes":["AWS::EC2::Instance"]},"RecordingStrategy":{"UseOnly":"EXCLUSION_BY_RESOURCE_TYPES"}}}`, `{"Name":"r","Recording":true}`), 7, "", ""},
	} {
		s := state()
		s.Watches[0].Recorder = c.recorder
		p := plan(s, "config-rules")
		not, notes := strings.Join(p.Not, "\n"), strings.Join(p.Notes, "\n")
		if len(p.Steps) != c.steps || !strings.Contains(not, c.not) || (c.not == "") != (not == "") || !strings.Contains(notes, c.note) || (c.note == "") != (notes == "") {
			t.Errorf("%s: %d steps, not %q, notes %q", name, len(p.Steps), not, notes)
		}
	}
	s = state()
	s.Watches[0].Rules["securityhub-s3-bucket-public-read-prohibited-1"] = there(`{"Source":{"Owner":"AWS","SourceIdentifier":"S3_BUCKET_PUBLIC_READ_PROHIBITED"}}`)
	s.Watches[0].Rules["bucketlid-s3-public-write"] = there(`{"ConfigRuleArn":"arn:x","ConfigRuleState":"ACTIVE","ConfigRuleName":"bucketlid-s3-public-write","Description":"bucketlid guard: of an earlier version","Source":{"Owner":"AWS","SourceIdentifier":"S3_BUCKET_PUBLIC_WRITE_PROHIBITED"}}`)
	p = plan(s, "config-rules")
	if len(p.Steps) != 6 {
		t.Errorf("%d steps beside another's rule", len(p.Steps))
	}
	if i := slices.IndexFunc(p.Steps, func(x Step) bool { return x.Call.Region == "eu-west-1" && x.Call.Name == "bucketlid-s3-public-write" }); i < 0 || p.Steps[i].Undo.Operation != account.PutConfigRule {
		t.Errorf("a rule of ours that differs is not put right: %s", operations(p))
	}
}

// EventBridge takes patterns of up to 2,048 characters (page "Amazon
// EventBridge quotas").
func TestPattern(t *testing.T) {
	var p struct {
		Source []string
		Detail struct{ EventName, EventSource []string }
	}
	if err := json.Unmarshal([]byte(Pattern()), &p); err != nil || len(Pattern()) > 2048 || !slices.Contains(p.Source, "aws.s3") {
		t.Fatalf("%d characters: %v", len(Pattern()), err)
	}
	for _, name := range []string{"PutBucketAcl", "PutBucketPolicy", "DeleteBucketPolicy", "DeleteBucketPublicAccessBlock", "PutAccountPublicAccessBlock", "DeleteAccountPublicAccessBlock",
		"PutObjectAcl", "PutBucketOwnershipControls", "PutAccessPointPolicy", "CreateBucket", "PutBucketWebsite", "DetachPolicy", "StopLogging"} {
		if !slices.Contains(p.Detail.EventName, name) {
			t.Errorf("%s is not fed", name)
		}
	}
	for _, name := range []string{"PutObject", "GetBucketPolicyStatus", "CompleteMultipartUpload", "CopyObject"} {
		if slices.Contains(p.Detail.EventName, name) {
			t.Errorf("%s is fed", name)
		}
	}
}

// A queue of ours that was changed is set right, and put back as it was.
func TestFeedMendsAQueue(t *testing.T) {
	s := state()
	s.Watches = s.Watches[:1]
	s.Watches[0].Queue = there(`{"Attributes":{"VisibilityTimeout":"30","MessageRetentionPeriod":"1209600","ReceiveMessageWaitTimeSeconds":"20","Policy":"{\"Statement\":[{\"Sid\":\"BucketlidEvents\"}]}"}}`)
	s.Watches[0].DeadLetters = there(`{"Attributes":{"MessageRetentionPeriod":"1209600","VisibilityTimeout":"30"}}`)
	p := plan(s, "event-feed")
	if operations(p) != "SetQueueAttributes PutRule PutTargets" {
		t.Fatal(operations(p))
	}
	var undo queueAttributes
	if err := json.Unmarshal([]byte(p.Steps[0].Undo.Text), &undo); err != nil || undo.Attributes["VisibilityTimeout"] != "30" || !strings.Contains(undo.Attributes["Policy"], "BucketlidEvents") || undo.Attributes["RedrivePolicy"] != "" {
		t.Errorf("undo %s", p.Steps[0].Undo.Text)
	}
}

type queueAttributes struct{ Attributes map[string]string }

// What makes a plan stale, and what does not.
func TestStale(t *testing.T) {
	made := plan(state(private("a"), public("b", "")))
	text, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	read, err := Read(text)
	if err != nil {
		t.Fatal(err)
	}
	shut := public("b", "")
	shut.Settings.Block = there(allOn)
	blocked := state(private("a"), public("b", ""))
	blocked.Block = there(allOn)
	ruled := state(private("a"), public("b", ""))
	ruled.Watches[1].Rules["bucketlid-s3-public-read"] = there(`{"Description":"mine"}`)
	for name, c := range map[string]struct {
		now   State
		names string // "": not stale
	}{
		"the same":                   {state(private("a"), public("b", "")), ""},
		"a private bucket more":      {state(private("a"), public("b", ""), private("c")), ""},
		"a private bucket less":      {state(public("b", "")), ""},
		"a public bucket more":       {state(private("a"), public("b", ""), public("c", "")), "bucket c"},
		"another policy":             {state(private("a"), public("b", partner)), "bucket b"},
		"shut meanwhile":             {state(private("a"), shut), "bucket b"},
		"the block is on":            {blocked, "stale: Block Public Access of the account changed since"},
		"somebody else made a rule":  {ruled, "Config rule bucketlid-s3-public-read in us-east-1"},
		"a private one became known": {state(public("a", ""), public("b", "")), "bucket a"},
	} {
		err := read.Check(Make(Request{State: c.now, Made: noon}))
		if errors.Is(err, remedy.ErrStale) != (c.names != "") || err != nil && !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An edited plan is not applied.
func TestEdited(t *testing.T) {
	now := plan(state(public("b", "")))
	text, _ := json.Marshal(now)
	for name, edit := range map[string][2]string{
		"what it rests on": {`"parts":{"Block Public Access of the account":"absent"`, `"parts":{"Block Public Access of the account":"present"`},
		"the proof":        {`"looked":1`, `"looked":2`},
		"a call":           {`"operation":"PutAccountPublicAccessBlock"`, `"operation":"DeleteAccountPublicAccessBlock"`},
		"the question":     {`whether strangers use it is not known`, `nobody uses it`},
		"the schema":       {Schema, "bucketlid-guard/0"},
	} {
		edited := strings.Replace(string(text), edit[0], edit[1], 1)
		if edited == string(text) {
			t.Fatalf("%s: nothing to edit", name)
		}
		p, err := Read([]byte(edited))
		if err == nil {
			err = p.Check(now)
		}
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := errors.Join(now.CheckSteps(), now.CheckCalls()); err != nil {
		t.Error(err)
	}
	last := &now.Steps[len(now.Steps)-2]
	last.Call.Text = strings.Replace(last.Call.Text, "ENABLED", "DISABLED", 1)
	if now.CheckCalls() == nil {
		t.Error("an edited call was taken")
	}
	now.Steps[0].Undo.Text = allOn
	if now.CheckSteps() == nil {
		t.Error("an edited undo was taken")
	}
}

// What others made under guard's names is left alone, and replaced only where
// that was asked for: then it is saved, and apply asks.
func TestOthersUnderOurNames(t *testing.T) {
	const (
		queue = "queue bucketlid-s3-changes in eu-west-1"
		dead  = "queue bucketlid-s3-changes-dead in eu-west-1"
		event = "event rule bucketlid-s3-changes in eu-west-1"
		rule  = "Config rule bucketlid-s3-public-read in eu-west-1"
	)
	theirs := there(`{"Attributes":{"VisibilityTimeout":"30"}}`)
	for _, c := range []struct {
		name    string
		edit    func(*account.Watch)
		kept    string
		without string // the steps of the Region without --replace, with --replace in with
		with    string
		undo    string // of the first step with --replace
	}{
		{"a queue", func(w *account.Watch) { w.Queue = theirs }, queue, "", "CreateQueue SetQueueAttributes PutRule PutTargets", "DeleteQueue"},
		{"dead letters", func(w *account.Watch) { w.DeadLetters = theirs }, dead, "", "SetQueueAttributes CreateQueue PutRule PutTargets", "SetQueueAttributes"},
		{"an event rule", func(w *account.Watch) {
			w.EventRule = there(`{"Description":"mine","EventPattern":"{}","State":"ENABLED"}`)
		}, event, "", "CreateQueue CreateQueue PutRule PutTargets", "DeleteQueue"},
		{"a Config rule of their own code", func(w *account.Watch) {
			w.Rules["bucketlid-s3-public-read"] = there(`{"ConfigRuleName":"bucketlid-s3-public-read","Source":{"Owner":"CUSTOM_LAMBDA","SourceIdentifier":"arn:aws:lambda:x"}}`)
		}, rule, "PutConfigRule PutConfigRule PutConfigRule", "PutConfigRule PutConfigRule PutConfigRule PutConfigRule", "PutConfigRule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := state()
			s.Watches = s.Watches[:1]
			c.edit(&s.Watches[0])
			measure := "event-feed"
			if strings.HasPrefix(c.kept, "Config") {
				measure = "config-rules"
			}
			p := plan(s, measure)
			if strings.Join(p.Kept, ",") != c.kept || !strings.Contains(strings.Join(p.Not, "\n"), c.kept+": one of that name is there that guard did not make") || operations(p) != c.without {
				t.Errorf("%q, %q, %s", p.Kept, p.Not, operations(p))
			}
			s.Replace = true
			p = plan(s, measure)
			if len(p.Kept) > 0 || operations(p) != c.with || !strings.Contains(strings.Join(p.Confirm, "\n"), c.kept+": one that guard did not make is replaced") || string(p.Steps[0].Undo.Operation) != c.undo {
				t.Errorf("with --replace: %q, %q, %s, undo %s", p.Kept, p.Confirm, operations(p), p.Steps[0].Undo.Operation)
			}
			if err := errors.Join(p.CheckCalls(), p.CheckSteps(), p.Check(plan(s, measure))); err != nil {
				t.Error(err)
			}
			s.Replace = false
			if p.Check(plan(s, measure)) == nil {
				t.Error("a plan that replaces was taken for one that does not")
			}
		})
	}
}

// Targets that others gave the rule stay, and ours is taken away alone.
func TestOthersTargets(t *testing.T) {
	s := state()
	s.Watches = s.Watches[:1]
	mine := feed{s, "eu-west-1"}
	s.Watches[0].EventRule = there(mine.rule())
	s.Watches[0].Targets = there(`{"Targets":[{"Id":"theirs","Arn":"arn:aws:sns:x"}]}`)
	p := plan(s, "event-feed")
	last := p.Steps[len(p.Steps)-1]
	if last.Call.Operation != account.PutEventTargets || last.Undo.Operation != account.RemoveEventTargets || !strings.Contains(last.Why, "1 targets that guard did not set") {
		t.Errorf("%+v", last)
	}
	s.Watches[0].Targets = there(`{"Targets":[{"Id":"theirs","Arn":"arn:aws:sns:x"},{"Id":"bucketlid","Arn":"` + mine.arn("sqs", FeedNames.Queue) + `"}]}`)
	if p := plan(s, "event-feed"); operations(p) != "CreateQueue CreateQueue" {
		t.Errorf("a target of others counts: %s", operations(p))
	}
}

// A stale plan names what changed, and not the buckets that did not.
func TestStaleNames(t *testing.T) {
	made := plan(state(public("a", ""), public("b", "")))
	half := state(public("a", ""), public("b", ""))
	half.Block = there(`{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":false,"IgnorePublicAcls":false,"RestrictPublicBuckets":false}}`)
	for i := range half.Buckets {
		half.Buckets[i].Settings.AccountBlock = half.Block
	}
	if err := made.Check(plan(half)); !errors.Is(err, remedy.ErrStale) || strings.Contains(err.Error(), "bucket ") || !strings.Contains(err.Error(), "Block Public Access of the account changed") {
		t.Errorf("%v", err)
	}
}
