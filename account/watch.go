// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	config "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	queue "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Watch is what watches over the buckets of one Region: AWS Config and the feed
// of events.
type Watch struct {
	Region string `json:"region"`
	// Recorder is AWS Config's recorder: its Text holds ConfigurationRecorders
	// and ConfigurationRecordersStatus as their calls answer them.
	Recorder Setting `json:"recorder"`
	// RuleList says whether the Config rules could be listed; its Text is empty.
	RuleList Setting `json:"rule_list"`
	// Rules are AWS's managed rules about S3, and what others there is under names
	// that lasting protection gives, by name.
	Rules map[string]Setting `json:"rules"`
	// EventRule, Targets, Queue and DeadLetters are those of the names asked for.
	EventRule   Setting `json:"event_rule"`
	Targets     Setting `json:"event_targets"`
	Queue       Setting `json:"queue"`
	DeadLetters Setting `json:"dead_letters"`
}

// Feed names the parts of the feed of events.
type Feed struct{ Rule, Queue, DeadLetters string }

// Partition is aws, aws-cn or aws-us-gov.
func (a *Account) Partition() string { return partition(a.Caller) }

// Home is the Region that is asked first.
func (a *Account) Home() string { return a.cfg.Region }

func (a *Account) configIn(region string) *configservice.Client {
	return configservice.NewFromConfig(a.cfg, func(o *configservice.Options) {
		o.Region, o.BaseEndpoint = region, override(a.endpoint, o.BaseEndpoint)
	})
}

func (a *Account) eventsIn(region string) *eventbridge.Client {
	return eventbridge.NewFromConfig(a.cfg, func(o *eventbridge.Options) {
		o.Region, o.BaseEndpoint = region, override(a.endpoint, o.BaseEndpoint)
	})
}

func (a *Account) queuesIn(region string) *sqs.Client {
	return sqs.NewFromConfig(a.cfg, func(o *sqs.Options) {
		o.Region, o.BaseEndpoint = region, override(a.endpoint, o.BaseEndpoint)
	})
}

// AccountBlock reads the account's own Block Public Access, or what its
// organization made of it.
func (a *Account) AccountBlock(ctx context.Context) (Setting, error) { return a.accountBlock(ctx) }

// Watches reads what watches over one Region.
func (a *Account) Watches(ctx context.Context, region string, feed Feed) (Watch, error) {
	w := Watch{Region: region}
	var err error
	for _, read := range []func() error{
		func() error { w.Recorder, err = a.recorder(ctx, region); return err },
		func() error { w.RuleList, w.Rules, err = a.rules(ctx, region); return err },
		func() error { w.EventRule, err = a.eventRule(ctx, region, feed.Rule); return err },
		func() error { w.Targets, err = a.eventTargets(ctx, region, feed.Rule); return err },
		func() error { w.Queue, err = a.queue(ctx, region, feed.Queue); return err },
		func() error { w.DeadLetters, err = a.queue(ctx, region, feed.DeadLetters); return err },
	} {
		if err := read(); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (a *Account) recorder(ctx context.Context, region string) (Setting, error) {
	c := a.configIn(region)
	var found int
	s, err := try(ctx, "config:DescribeConfigurationRecorders", func(ctx context.Context) (string, error) {
		all, err := c.DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{})
		if err != nil {
			return "", err
		}
		status, err := c.DescribeConfigurationRecorderStatus(ctx, &configservice.DescribeConfigurationRecorderStatusInput{})
		if err != nil {
			return "", err
		}
		found = len(all.ConfigurationRecorders)
		return canonical(struct{ ConfigurationRecorders, ConfigurationRecordersStatus any }{all.ConfigurationRecorders, status.ConfigurationRecordersStatus})
	})
	return emptied(s, found == 0), err
}

// emptied is a setting of which AWS said that there is none.
func emptied(s Setting, none bool) Setting {
	if s.Status == Present && none {
		s.Status, s.Text = Absent, ""
	}
	return s
}

// aboutStorage reports one of AWS's managed rules about S3.
func aboutStorage(rule config.ConfigRule) bool {
	return rule.Source != nil && rule.Source.Owner == config.OwnerAws && strings.HasPrefix(aws.ToString(rule.Source.SourceIdentifier), "S3_")
}

// rules reads AWS's managed rules about S3, and rules under names of ours.
func (a *Account) rules(ctx context.Context, region string) (Setting, map[string]Setting, error) {
	const action = "config:DescribeConfigRules"
	found := map[string]Setting{}
	list, err := try(ctx, action, func(ctx context.Context) (string, error) {
		pages := configservice.NewDescribeConfigRulesPaginator(a.configIn(region), &configservice.DescribeConfigRulesInput{})
		round := cycle{most: mostPages}
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return "", err
			}
			if round.closes(aws.ToString(page.NextToken)) {
				return "", errRepeats
			}
			for _, rule := range page.ConfigRules {
				if !aboutStorage(rule) && !strings.HasPrefix(aws.ToString(rule.ConfigRuleName), AgentName+"-") {
					continue
				}
				text, err := canonical(rule)
				if err != nil {
					return "", err
				}
				found[aws.ToString(rule.ConfigRuleName)] = Setting{Status: Present, Action: action, Text: text}
			}
		}
		return "", nil
	})
	return list, found, err
}

func (a *Account) eventRule(ctx context.Context, region, name string) (Setting, error) {
	return orAbsent(try(ctx, "events:DescribeRule", func(ctx context.Context) (string, error) {
		return shape(a.eventsIn(region).DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &name}))
	}))
}

func (a *Account) eventTargets(ctx context.Context, region, name string) (Setting, error) {
	var none bool
	s, err := orAbsent(try(ctx, "events:ListTargetsByRule", func(ctx context.Context) (string, error) {
		out, err := a.eventsIn(region).ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &name})
		if err != nil {
			return "", err
		}
		none = len(out.Targets) == 0
		return canonical(struct{ Targets any }{out.Targets})
	}))
	return emptied(s, none), err
}

// orAbsent takes what is not there for a setting that is absent.
func orAbsent(s Setting, err error) (Setting, error) {
	if errors.Is(err, errGone) {
		return Setting{Status: Absent, Action: s.Action}, nil
	}
	return s, err
}

// queue reads the attributes of a queue that somebody may set.
func (a *Account) queue(ctx context.Context, region, name string) (Setting, error) {
	return orAbsent(try(ctx, "sqs:GetQueueAttributes", func(ctx context.Context) (string, error) {
		c := a.queuesIn(region)
		url, err := c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
		if err != nil {
			return "", err
		}
		out, err := c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl, AttributeNames: []queue.QueueAttributeName{
			queue.QueueAttributeNamePolicy, queue.QueueAttributeNameRedrivePolicy, queue.QueueAttributeNameVisibilityTimeout,
			queue.QueueAttributeNameMessageRetentionPeriod, queue.QueueAttributeNameReceiveMessageWaitTimeSeconds}})
		if err != nil {
			return "", err
		}
		attributes := map[string]any{}
		for k, v := range out.Attributes {
			attributes[k] = v
		}
		return canonical(struct{ Attributes any }{attributes})
	}))
}

// queueText is the text of a queue's setting.
type queueText struct{ Attributes map[string]string }

// At finds the setting that a call changes. The error says that it is none of
// lasting protection's.
func (a *Account) At(ctx context.Context, c Call) (Setting, error) {
	switch c.Operation {
	case PutAccountBlock, DeleteAccountBlock:
		return a.accountBlock(ctx)
	case PutConfigRule, DeleteConfigRule:
		list, found, err := a.rules(ctx, c.Region)
		if err != nil {
			return list, err
		}
		return RuleIn(list, found, c.Name), nil
	case PutEventRule, DeleteEventRule:
		return a.eventRule(ctx, c.Region, c.Name)
	case PutEventTargets, RemoveEventTargets:
		return a.eventTargets(ctx, c.Region, c.Name)
	case CreateQueue, SetQueueAttributes, DeleteQueue:
		return a.queue(ctx, c.Region, c.Name)
	}
	return Setting{}, fmt.Errorf("%s is no call of lasting protection", c.Operation)
}

// RuleIn is one rule of a list: absent where the list was read and lacks it.
func RuleIn(list Setting, rules map[string]Setting, name string) Setting {
	if s, ok := rules[name]; ok {
		return s
	}
	if list.Status == Present {
		list.Status = Absent
	}
	return list
}
