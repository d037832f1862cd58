// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	config "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	events "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// installs is the table of calls that set lasting protection up or take it down.
var installs = map[Operation]func(context.Context, *Writer, Call) error{
	PutConfigRule: func(ctx context.Context, w *Writer, c Call) error {
		rule, err := decode[config.ConfigRule](c)
		if err != nil {
			return errors.Join(errUnsent, err)
		}
		rule.CreatedBy = nil // AWS's own to set (API reference, ConfigRule)
		_, err = w.as.configIn(c.Region).PutConfigRule(ctx, &configservice.PutConfigRuleInput{ConfigRule: rule})
		return err
	},
	DeleteConfigRule: func(ctx context.Context, w *Writer, c Call) error {
		_, err := w.as.configIn(c.Region).DeleteConfigRule(ctx, &configservice.DeleteConfigRuleInput{ConfigRuleName: &c.Name})
		return err
	},
	CreateQueue: func(ctx context.Context, w *Writer, c Call) error {
		attributes, err := decode[queueText](c)
		if err != nil {
			return errors.Join(errUnsent, err)
		}
		_, err = w.as.queuesIn(c.Region).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &c.Name, Attributes: attributes.Attributes})
		return err
	},
	SetQueueAttributes: func(ctx context.Context, w *Writer, c Call) error {
		attributes, err := decode[queueText](c)
		if err != nil {
			return errors.Join(errUnsent, err)
		}
		return w.onQueue(ctx, c, func(client *sqs.Client, url *string) error {
			_, err := client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: url, Attributes: attributes.Attributes})
			return err
		})
	},
	DeleteQueue: func(ctx context.Context, w *Writer, c Call) error {
		return w.onQueue(ctx, c, func(client *sqs.Client, url *string) error {
			_, err := client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url})
			return err
		})
	},
	PutEventRule: func(ctx context.Context, w *Writer, c Call) error {
		rule, err := decode[eventRuleText](c)
		if err != nil {
			return errors.Join(errUnsent, err)
		}
		_, err = w.as.eventsIn(c.Region).PutRule(ctx, &eventbridge.PutRuleInput{Name: &c.Name, Description: rule.Description,
			EventPattern: rule.EventPattern, RoleArn: rule.RoleArn, ScheduleExpression: rule.ScheduleExpression, State: rule.State})
		return err
	},
	DeleteEventRule: func(ctx context.Context, w *Writer, c Call) error {
		_, err := w.as.eventsIn(c.Region).DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &c.Name})
		return err
	},
	PutEventTargets: func(ctx context.Context, w *Writer, c Call) error {
		targets, err := decode[targetsText](c)
		if err != nil {
			return errors.Join(errUnsent, err)
		}
		out, err := w.as.eventsIn(c.Region).PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &c.Name, Targets: targets.Targets})
		if err == nil && out.FailedEntryCount > 0 {
			return fmt.Errorf("EventBridge refused the target: %s", aws.ToString(out.FailedEntries[0].ErrorMessage))
		}
		return err
	},
	RemoveEventTargets: func(ctx context.Context, w *Writer, c Call) error {
		out, err := w.as.eventsIn(c.Region).RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &c.Name, Ids: []string{TargetID}})
		if err == nil && out.FailedEntryCount > 0 {
			return fmt.Errorf("EventBridge kept the target: %s", aws.ToString(out.FailedEntries[0].ErrorMessage))
		}
		return err
	},
}

// TargetID is the id of the target that lasting protection gives its rule.
const TargetID = "bucketlid"

// eventRuleText and targetsText are the texts of their settings.
type eventRuleText struct {
	Description, EventPattern, RoleArn, ScheduleExpression *string
	State                                                  events.RuleState
}

type targetsText struct{ Targets []events.Target }

func (w *Writer) onQueue(ctx context.Context, c Call, do func(client *sqs.Client, url *string) error) error {
	client := w.as.queuesIn(c.Region)
	out, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &c.Name})
	if err != nil {
		return err
	}
	return do(client, out.QueueUrl)
}
