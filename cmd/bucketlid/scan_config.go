// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/guard"
	"github.com/bucketlid/bucketlid/triage"
)

// placesOf keeps where the buckets of a scan lie.
type placesOf struct {
	regions map[string]map[string]bool // by account
	whole   map[string]bool            // by bucket: whether all of its settings could be read
}

func (p *placesOf) add(b account.Settings, whole bool) {
	if p.whole == nil {
		p.whole, p.regions = map[string]bool{}, map[string]map[string]bool{}
	}
	if p.regions[b.Account] == nil {
		p.regions[b.Account] = map[string]bool{}
	}
	p.regions[b.Account][b.Region] = true
	p.whole[b.Bucket] = whole
}

// configActions are the permissions that --config needs beside those of a scan.
func (f *scanFlags) configActions() []string {
	if !f.awsConfig {
		return nil
	}
	return []string{"config:DescribeConfigRules", "config:GetComplianceDetailsByConfigRule", "config:GetResourceConfigHistory"}
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
	byID := map[string]*account.Account{}
	for _, a := range s.signed {
		byID[a.ID] = a
		for _, region := range slices.Sorted(maps.Keys(s.places.regions[a.ID])) {
			list, err := s.evaluations(ctx, a, region)
			if err != nil {
				return nil, err
			}
			said = append(said, list...)
		}
	}
	out := triage.CompareConfig(result, said, s.places.whole)
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
func (s *scan) evaluations(ctx context.Context, a *account.Account, region string) ([]triage.Evaluated, error) {
	object := "AWS Config of account " + a.ID + " in " + region
	list, rules, err := a.ConfigRules(ctx, region)
	if err != nil {
		return nil, err
	}
	s.unread.setting(object, list, "what AWS Config says")
	names := guard.RulesOf(account.Watch{Rules: rules})
	var out []triage.Evaluated
	for _, id := range guard.Identifiers() {
		for _, rule := range names[id] {
			if !triage.Compares(id) {
				continue
			}
			said, setting, err := a.Compliance(ctx, region, rule)
			if err != nil {
				return nil, err
			}
			s.unread.setting(object, setting, "what AWS Config says by its rule "+rule)
			for _, e := range said {
				if e.Type == "AWS::S3::Bucket" {
					out = append(out, triage.Evaluated{Account: a.ID, Region: region, Bucket: e.Resource, Rule: rule, Identifier: id, Says: e.Compliance, At: e.At})
				}
			}
		}
	}
	return out, nil
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

// maxDifferences is how many disagreements the summary block names.
const maxDifferences = 20

// showCompared tells where AWS Config and this program differ.
func showCompared(w io.Writer, c *triage.Compared) {
	if c == nil {
		return
	}
	fmt.Fprintf(w, "\nAWS Config and bucketlid: agreed %d, disagreed %d, not known to one of them %d, buckets not evaluated by AWS Config %d\n",
		c.Agree, len(c.Disagree), c.Undecided, len(c.NotEvaluated))
	for _, d := range c.Disagree[:min(len(c.Disagree), maxDifferences)] {
		fmt.Fprintf(w, "  %s: AWS Config says %s by %s; bucketlid: %s\n    %s\n", plain(d.Bucket), plain(d.Says), plain(d.Rule), plain(d.Ours), plain(d.Why))
		if d.Recorded != "" {
			fmt.Fprintf(w, "    %s\n", plain(d.Recorded))
		}
	}
	if more := len(c.Disagree) - maxDifferences; more > 0 {
		fmt.Fprintf(w, "  and %d more (-o jsonl has all, in its summary)\n", more)
	}
	if n := len(c.NotEvaluated); n > 0 {
		fmt.Fprintf(w, "  not evaluated: %s\n", plain(strings.Join(c.NotEvaluated[:min(n, maxNamed)], ", ")))
	}
}
