// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/guard"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

// placesOf keeps where the buckets of a scan lie.
type placesOf struct {
	regions map[string]map[string]bool // by account
	looked  map[string]triage.LookedAt // by bucket
}

func (p *placesOf) add(b account.Settings, whole bool) {
	if p.looked == nil {
		p.looked, p.regions = map[string]triage.LookedAt{}, map[string]map[string]bool{}
	}
	if p.regions[b.Account] == nil {
		p.regions[b.Account] = map[string]bool{}
	}
	p.regions[b.Account][b.Region] = true
	p.looked[b.Bucket] = triage.LookedAt{Account: b.Account, Region: b.Region, Whole: whole}
}

// permissions are what --config, --send and --probe need beside a scan, each
// named for what it is for.
func (f *scanFlags) permissions() []account.Permissions {
	var out []account.Permissions
	if f.awsConfig {
		out = append(out, account.Permissions{Sid: "BucketlidReadConfig", Actions: []string{"config:DescribeConfigRules", "config:GetComplianceDetailsByConfigRule", "config:GetResourceConfigHistory"}})
	}
	if f.probe {
		out = append(out, account.Permissions{Sid: "BucketlidFindObjects", Actions: []string{"s3:ListBucket"}})
	}
	if f.send != "" { // the only ones that write: findings, and no setting
		out = append(out, account.Permissions{Sid: "BucketlidSendFindings", Actions: []string{"securityhub:BatchImportFindings", "securityhub:GetFindings"}})
	}
	return out
}

// maxHistories bounds the buckets whose history AWS Config is asked for.
const maxHistories = 100

// compare reads what AWS Config says of the scanned buckets and lays it beside
// what was found; nil where it was not asked for.
func (s *scan) compare(ctx context.Context, result *triage.Result) (*triage.Compared, error) {
	if !s.flags.awsConfig {
		return nil, nil
	}
	var said []triage.Evaluated
	var unread []triage.ConfigUnread
	byID := map[string]*account.Account{}
	for _, a := range s.signed {
		byID[a.ID] = a
		for _, region := range slices.Sorted(maps.Keys(s.places.regions[a.ID])) {
			list, missing, err := s.evaluations(ctx, a, region)
			if err != nil {
				return nil, err
			}
			said, unread = append(said, list...), append(unread, missing...)
		}
	}
	out := triage.CompareConfig(result, said, s.places.looked, unread)
	for i := range out.Disagree[:min(len(out.Disagree), maxHistories)] {
		d := &out.Disagree[i]
		if byID[d.Account] == nil {
			continue
		}
		states, setting, err := byID[d.Account].History(ctx, d.Region, d.Bucket)
		if err != nil {
			return nil, err
		}
		d.Recorded = recordedWords(states, setting)
	}
	return &out, nil
}

// evaluations reads what the rules of one Region say. What could not be read is
// named.
func (s *scan) evaluations(ctx context.Context, a *account.Account, region string) ([]triage.Evaluated, []triage.ConfigUnread, error) {
	var unread []triage.ConfigUnread
	note := func(one account.Setting, what string) {
		s.unread.setting("AWS Config of account "+a.ID+" in "+region, one, what)
		if one.Status == account.Denied || one.Status == account.Failed {
			unread = append(unread, triage.ConfigUnread{Account: a.ID, Region: region, What: what, Why: one.Problem, Buckets: []string{}})
		}
	}
	list, rules, err := a.ConfigRules(ctx, region)
	if err != nil {
		return nil, nil, err
	}
	note(list, "what AWS Config says")
	names := guard.RulesOf(account.Watch{Rules: rules})
	var out []triage.Evaluated
	for _, id := range guard.Identifiers() {
		for _, rule := range names[id] {
			if !triage.Compares(id) {
				continue
			}
			said, setting, err := a.Compliance(ctx, region, rule)
			if err != nil {
				return nil, nil, err
			}
			note(setting, "what AWS Config says by its rule "+rule)
			for _, e := range said {
				if e.Type == "AWS::S3::Bucket" {
					out = append(out, triage.Evaluated{Account: a.ID, Region: region, Bucket: e.Resource, Rule: rule, Identifier: id, Says: e.Compliance, At: e.At})
				}
			}
		}
	}
	return out, unread, nil
}

// recordedWords tells since when AWS Config has kept a bucket as it is.
func recordedWords(states []account.Recorded, s account.Setting) string {
	switch {
	case s.Status == account.Absent:
		return "AWS Config has recorded no state of the bucket"
	case s.Status != account.Present:
		return "AWS Config's history is unknown: " + s.Problem
	}
	newest, since := states[0], states[0].At
	for _, r := range states[1:] {
		if r.Policy != newest.Policy || r.ACL != newest.ACL || r.Block != newest.Block {
			break
		}
		since = r.At
	}
	return fmt.Sprintf("AWS Config's newest state is of %s; policy, ACL and Block Public Access are the same in its history since %s (%d states read)",
		newest.At.Format(time.RFC3339), since.Format(time.RFC3339), len(states))
}

// showCompared tells where AWS Config and this program differ, in brief: the
// report has each.
func showCompared(w io.Writer, c *triage.Compared) {
	if c == nil {
		return
	}
	fmt.Fprintf(w, "\n%s\n", plain(report.ConfigHead(c)))
	for _, u := range c.Unread {
		fmt.Fprintf(w, "  %s\n", plain(u.String()))
	}
}
