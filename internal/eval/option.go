// SPDX-License-Identifier: Apache-2.0

package eval

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// options are what a line of calls may say beside the call.
var options = map[string]func(s *Scenario, c *call, value string) error{
	"acl": func(_ *Scenario, c *call, value string) error {
		c.params["x-amz-acl"] = value
		return nil
	},
	"grant":    grants,
	"everyone": func(_ *Scenario, c *call, value string) error { return c.policy("*", value) },
	"share": func(_ *Scenario, c *call, value string) error {
		who, actions, _ := strings.Cut(value, ":")
		return c.policy(map[string]any{"AWS": "arn:aws:iam::" + who + ":root"}, actions)
	},
	"policy": func(s *Scenario, c *call, value string) error {
		var document any
		if err := json.Unmarshal(s.File(value), &document); err != nil {
			return fmt.Errorf("file %s: %w", value, err)
		}
		c.setPolicy(document)
		return nil
	},
	"block": func(_ *Scenario, c *call, value string) error {
		on := value == "on"
		c.params["PublicAccessBlockConfiguration"] = map[string]any{"BlockPublicAcls": on, "IgnorePublicAcls": on || value == "ignore-acls", "BlockPublicPolicy": on, "RestrictPublicBuckets": on}
		return nil
	},
	"ownership": func(_ *Scenario, c *call, value string) error {
		c.params["OwnershipControls"] = map[string]any{"Rule": map[string]any{"ObjectOwnership": value}}
		return nil
	},
	"website": func(_ *Scenario, c *call, value string) error {
		c.params["WebsiteConfiguration"] = map[string]any{"IndexDocument": map[string]any{"Suffix": value}}
		return nil
	},
	"point": func(_ *Scenario, c *call, value string) error {
		c.params["name"] = value
		if c.name == "CreateAccessPoint" {
			c.params["CreateAccessPointRequest"] = map[string]any{"Bucket": c.bucket, "PublicAccessBlockConfiguration": map[string]any{
				"BlockPublicAcls": false, "IgnorePublicAcls": false, "BlockPublicPolicy": false, "RestrictPublicBuckets": false}}
			c.bucket = ""
		}
		return nil
	},
	"tags": func(_ *Scenario, c *call, value string) error {
		var set []any
		for _, one := range strings.Split(value, "+") {
			key, value, ok := strings.Cut(one, ":")
			if !ok {
				return fmt.Errorf("want KEY:VALUE, not %q", one)
			}
			set = append(set, map[string]any{"Key": key, "Value": value})
		}
		c.params["Tagging"] = map[string]any{"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", "TagSet": map[string]any{"Tag": set}}
		return nil
	},
	"copy": func(_ *Scenario, c *call, value string) error {
		c.params["x-amz-copy-source"] = value
		return nil
	},
	"user":  func(_ *Scenario, c *call, value string) error { c.params["userName"] = value; return nil },
	"trail": func(_ *Scenario, c *call, value string) error { c.params["name"] = value; return nil },
	"error": func(_ *Scenario, c *call, value string) error { c.err = value; return nil },
	"key":   func(_ *Scenario, c *call, value string) error { c.key = value; return nil },
	"bytes": func(_ *Scenario, c *call, value string) (err error) {
		c.bytes, err = strconv.Atoi(value)
		return err
	},
	"agent": func(_ *Scenario, c *call, value string) error {
		if c.agent = value; agents[value] == "" {
			return fmt.Errorf("no agent is called %q", value)
		}
		return nil
	},
}

// add applies the options and keeps the call, several times where they say so.
func (s *Scenario) add(c *call, list []string) error {
	times, every := 1, time.Minute
	for _, o := range list {
		name, value, _ := strings.Cut(o, "=")
		var err error
		switch apply := options[name]; {
		case name == "times":
			times, err = strconv.Atoi(value)
		case name == "every":
			every, err = time.ParseDuration(value)
		case apply == nil:
			err = fmt.Errorf("no option is called %q", name)
		default:
			err = apply(s, c, value)
		}
		if err != nil {
			return err
		}
	}
	for i := range times {
		again := *c
		again.at = c.at.Add(time.Duration(i) * every)
		again.object = strings.ReplaceAll(c.object, "%", strconv.Itoa(i+1))
		again.params = maps.Clone(c.params)
		if from, ok := c.params["x-amz-copy-source"].(string); ok {
			again.params["x-amz-copy-source"] = strings.ReplaceAll(from, "%", strconv.Itoa(i+1))
		}
		s.calls = append(s.calls, again)
	}
	return nil
}

const groups = "http://acs.amazonaws.com/groups/"

// grants writes an access control list: GROUP:PERMISSION, with "+" between
// several. The owner's own grant goes first.
func grants(_ *Scenario, c *call, value string) error {
	owner := map[string]any{"ID": fmt.Sprintf("%016x%016x%016x%016x", digest("o1"), digest("o2"), digest("o3"), digest("o4"))}
	list := []any{grant(map[string]any{"xsi:type": "CanonicalUser", "ID": owner["ID"]}, "FULL_CONTROL")}
	for _, one := range strings.Split(value, "+") {
		group, permission, _ := strings.Cut(one, ":")
		uri := groups + "global/" + group
		if group == "LogDelivery" {
			uri = groups + "s3/LogDelivery"
		}
		list = append(list, grant(map[string]any{"xsi:type": "Group", "URI": uri}, permission))
	}
	c.params["AccessControlPolicy"] = map[string]any{"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", "Owner": owner, "AccessControlList": map[string]any{"Grant": list}}
	return nil
}

func grant(grantee map[string]any, permission string) map[string]any {
	grantee["xmlns:xsi"] = "http://www.w3.org/2001/XMLSchema-instance"
	return map[string]any{"Grantee": grantee, "Permission": permission}
}

// policy writes a policy that allows actions on the bucket and its objects.
func (c *call) policy(principal any, actions string) error {
	c.setPolicy(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Principal": principal, "Action": strings.Split(actions, ","),
		"Resource": []string{"arn:aws:s3:::" + c.bucket, "arn:aws:s3:::" + c.bucket + "/*"}}}})
	return nil
}

func (c *call) setPolicy(document any) {
	if c.name != "PutAccessPointPolicy" {
		c.params["bucketPolicy"] = document
		return
	}
	text, err := json.Marshal(document)
	if err != nil {
		panic(err) // it came from JSON
	}
	c.params["PutAccessPointPolicyRequest"] = map[string]any{"Policy": string(text)}
}
