// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
)

// Access points are listed once for each Region, not once for each bucket.

// points are the access points of an account in one Region, by bucket.
type points struct {
	list   Setting
	bucket map[string][]AccessPoint
}

// MultiRegionHome is where the calls of multi-Region access points are answered,
// whatever their Regions (AWS page "Managing Multi-Region Access Points").
const MultiRegionHome = "us-west-2"

// lister reads the access points of one account, each Region when its first
// bucket asks for it.
type lister struct {
	account *Account
	mu      sync.Mutex
	regions map[string]func() (points, error)
}

func newLister(a *Account) *lister {
	return &lister{account: a, regions: map[string]func() (points, error){}}
}

// in lists a Region, once.
func (l *lister) in(ctx context.Context, region string) (points, error) {
	l.mu.Lock()
	once, ok := l.regions[region]
	if !ok {
		once = sync.OnceValues(func() (points, error) { return l.account.pointsIn(ctx, region) })
		l.regions[region] = once
	}
	l.mu.Unlock()
	return once()
}

func (a *Account) pointsIn(ctx context.Context, region string) (points, error) {
	p := points{bucket: map[string][]AccessPoint{}}
	client := a.controlIn(region)
	var found []types.AccessPoint
	list, err := try(ctx, "s3:ListAccessPoints", func(ctx context.Context) (string, error) {
		pages := s3control.NewListAccessPointsPaginator(client, &s3control.ListAccessPointsInput{AccountId: &a.ID, MaxResults: 1000})
		round := cycle{most: mostPages}
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return "", err
			}
			if round.closes(aws.ToString(page.NextToken)) {
				return "", errRepeats
			}
			found = append(found, page.AccessPointList...)
		}
		return "", nil
	})
	if err != nil && !errors.Is(err, errGone) {
		return p, err
	}
	p.list = list
	for _, one := range found {
		bucket := aws.ToString(one.Bucket)
		if owner := aws.ToString(one.BucketAccountId); owner != "" && owner != a.ID {
			continue // leads into a bucket of somebody else
		}
		point, err := a.point(ctx, client, one)
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil {
			return p, err
		}
		p.bucket[bucket] = append(p.bucket[bucket], point)
	}
	return p, nil
}

// point reads one access point and its policy.
func (a *Account) point(ctx context.Context, client *s3control.Client, one types.AccessPoint) (AccessPoint, error) {
	p := AccessPoint{Name: aws.ToString(one.Name), Alias: aws.ToString(one.Alias)}
	if one.VpcConfiguration != nil {
		p.VPC = aws.ToString(one.VpcConfiguration.VpcId)
	}
	var err error
	p.Block, err = try(ctx, "s3:GetAccessPoint", func(ctx context.Context) (string, error) {
		out, err := client.GetAccessPoint(ctx, &s3control.GetAccessPointInput{AccountId: &a.ID, Name: one.Name})
		if err != nil || out.PublicAccessBlockConfiguration == nil {
			return "", err
		}
		return canonical(struct{ PublicAccessBlockConfiguration any }{out.PublicAccessBlockConfiguration})
	})
	if err != nil {
		return p, err
	}
	p.Policy, err = try(ctx, "s3:GetAccessPointPolicy", func(ctx context.Context) (string, error) {
		out, err := client.GetAccessPointPolicy(ctx, &s3control.GetAccessPointPolicyInput{AccountId: &a.ID, Name: one.Name})
		if err != nil {
			return "", err
		}
		return policyText(aws.ToString(out.Policy))
	})
	return p, err
}

// multiRegion lists the account's multi-Region access points under each of
// their buckets.
func (a *Account) multiRegion(ctx context.Context) (points, error) {
	p := points{bucket: map[string][]AccessPoint{}}
	if partition(a.Caller) != "aws" { // there are none in China and GovCloud (AWS page "Multi-Region Access Point restrictions and limitations")
		p.list = Setting{Status: Absent, Action: "s3:ListMultiRegionAccessPoints"}
		return p, nil
	}
	client := a.controlIn(MultiRegionHome)
	var found []types.MultiRegionAccessPointReport
	list, err := try(ctx, "s3:ListMultiRegionAccessPoints", func(ctx context.Context) (string, error) {
		pages := s3control.NewListMultiRegionAccessPointsPaginator(client, &s3control.ListMultiRegionAccessPointsInput{AccountId: &a.ID})
		round := cycle{most: mostPages}
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return "", err
			}
			if round.closes(aws.ToString(page.NextToken)) {
				return "", errRepeats
			}
			found = append(found, page.AccessPoints...)
		}
		return "", nil
	})
	if err != nil && !errors.Is(err, errGone) {
		return p, err
	}
	p.list = list
	for _, one := range found {
		if one.Status == types.MultiRegionAccessPointStatusDeleting || one.Status == types.MultiRegionAccessPointStatusCreating {
			continue
		}
		point, err := a.multiRegionPoint(ctx, client, one)
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil {
			return p, err
		}
		for _, region := range one.Regions {
			point.Buckets = append(point.Buckets, aws.ToString(region.Bucket))
		}
		for _, name := range point.Buckets {
			p.bucket[name] = append(p.bucket[name], point)
		}
	}
	return p, nil
}

func (a *Account) multiRegionPoint(ctx context.Context, client *s3control.Client, one types.MultiRegionAccessPointReport) (AccessPoint, error) {
	p := AccessPoint{Name: aws.ToString(one.Name), Alias: aws.ToString(one.Alias), MultiRegion: true}
	p.Block = Setting{Status: Absent, Action: "s3:ListMultiRegionAccessPoints"}
	if one.PublicAccessBlock != nil {
		text, err := canonical(struct{ PublicAccessBlockConfiguration any }{one.PublicAccessBlock})
		if err != nil {
			return p, err
		}
		p.Block.Status, p.Block.Text = Present, text
	}
	var err error
	none := false
	p.Policy, err = try(ctx, "s3:GetMultiRegionAccessPointPolicy", func(ctx context.Context) (string, error) {
		out, err := client.GetMultiRegionAccessPointPolicy(ctx, &s3control.GetMultiRegionAccessPointPolicyInput{AccountId: &a.ID, Name: one.Name})
		if err != nil {
			return "", err
		}
		established, proposed := policiesOf(out.Policy)
		none = established == ""
		if proposed != established {
			p.Proposed = proposed
		}
		if none {
			return "", nil
		}
		return policyText(established)
	})
	if none && err == nil {
		p.Policy.Status = Absent
	}
	return p, err
}

// policiesOf are the policy in force and the one that was put last, which takes
// a while to come into force (semantics B.5).
func policiesOf(d *types.MultiRegionAccessPointPolicyDocument) (established, proposed string) {
	if d != nil && d.Established != nil {
		established = aws.ToString(d.Established.Policy)
	}
	if d != nil && d.Proposed != nil {
		proposed = aws.ToString(d.Proposed.Policy)
	}
	return established, proposed
}
