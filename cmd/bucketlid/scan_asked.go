// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/bucketlid/bucketlid/account"
)

// reRegion is how AWS names its Regions (AWS General Reference, "AWS service
// endpoints").
var reRegion = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d{1,2}$`)

// checkRegions refuses what is no name of a Region, for commands that ask there
// whatever lies there.
func checkRegions(flag string, regions []string) error {
	for _, r := range regions {
		if !reRegion.MatchString(r) {
			return noRegion(flag, r)
		}
	}
	return nil
}

func noRegion(flag, region string) error {
	return usageError("for example: "+flag+" eu-west-1; all of them: aws account list-regions", "%s: %q is no Region", flag, region)
}

// checkAccounts refuses an account that was asked for and not signed in to. One
// of the organization that refused its role is named already.
func (s *scan) checkAccounts() error {
	for _, id := range s.flags.accounts {
		if slices.Contains(s.accounts, id) || s.unread.has("account "+id) {
			continue
		}
		if s.flags.organization {
			return usageError("see which there are with: aws organizations list-accounts", "--account: %s is no active account of the organization", id)
		}
		return usageError("sign in to it (--profile), or leave it out", "--account: %s was not signed in to, only %s", id, strings.Join(s.accounts, ", "))
	}
	return nil
}

// checkAsked notes buckets and Regions that were asked for and are not there. The
// error comes where for this reason nothing was read at all; otherwise it is kept
// until the report of the rest is written.
func (s *scan) checkAsked() error {
	for _, name := range s.flags.buckets {
		s.checkBucket(name)
	}
	for _, region := range s.flags.regions {
		s.checkRegion(region)
	}
	if s.buckets == 0 {
		return s.notThere
	}
	return nil
}

func (s *scan) checkBucket(name string) {
	var lies string
	for _, o := range s.owned {
		if !slices.Contains(o.Buckets, name) {
			continue
		}
		if lies = o.Regions[name]; len(s.flags.regions) == 0 || slices.Contains(s.flags.regions, lies) {
			return
		}
	}
	switch {
	case lies != "":
		s.lacks("s3://"+name, "it lies in "+lies+", which --region leaves out",
			usageError("add --region "+lies+", or leave --region out", "--bucket: %s lies in %s, which --region leaves out", name, lies))
	case s.inLog(name):
		// The log tells of it, and that it is gone is told as a reading.
	case len(s.owned) < len(s.accounts):
		s.lacks("s3://"+name, "it is in none of the accounts whose buckets could be listed", nil)
	default:
		s.lacks("s3://"+name, "there is no such bucket in "+strings.Join(s.accounts, ", "),
			usageError("see the names with: aws s3api list-buckets; sign in to the account that has it with --profile",
				"--bucket: there is no bucket %s in %s", name, strings.Join(s.accounts, ", ")))
	}
}

func (s *scan) inLog(name string) bool {
	for _, c := range s.logs.ledger.Changes() {
		if c.Bucket == name && !c.Reading {
			return true
		}
	}
	return false
}

func (s *scan) checkRegion(region string) {
	lies := func(o account.Owned) bool {
		for _, r := range o.Regions {
			if r == region {
				return true
			}
		}
		return false
	}
	switch {
	case slices.ContainsFunc(s.owned, lies) || len(s.flags.buckets) > 0:
	case !reRegion.MatchString(region):
		s.lacks("Region "+region, "AWS has no Region of that name, and no bucket lies there", noRegion("--region", region))
	case !account.KnownRegion(region):
		s.lacks("Region "+region, "this version of bucketlid knows no Region of that name, and no bucket lies there",
			usageError("see which there are with: aws account list-regions", "--region: %s is no Region that this version of bucketlid knows, and no bucket lies there", region))
	default:
		s.lacks("Region "+region, "no bucket of the scanned accounts lies there", nil)
	}
}

// lacks notes what was asked for and is not there. err is nil where that may be
// as it should.
func (s *scan) lacks(object, why string, err error) {
	s.unread.add(object, "not found", why)
	if s.notThere == nil {
		s.notThere = err
	}
}
