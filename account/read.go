// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
)

// setting is one row of the table of reads.
type setting struct {
	action string // the IAM action, which is not always the call's name
	call   string
	what   string // in words, for what stays unknown
	of     func(*Settings) *Setting
	// ask makes the call; the text is the setting's as Setting.Text says.
	ask func(ctx context.Context, c *s3.Client, bucket *string) (text string, err error)
	// needless reports that nothing is to be learnt from the call.
	needless func(*Settings) bool
	aside    bool // does not decide who may reach the bucket; read only where asked for
}

// settings are the reads of one bucket in their order, cheap and telling ones
// first (semantics B.10).
var settings = []setting{
	{action: "s3:GetBucketPublicAccessBlock", call: "GetPublicAccessBlock", what: "the bucket's Block Public Access",
		of: func(s *Settings) *Setting { return &s.Block },
		ask: func(ctx context.Context, c *s3.Client, bucket *string) (string, error) {
			return shape(c.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket}))
		}},
	{action: "s3:GetBucketOwnershipControls", call: "GetBucketOwnershipControls", what: "Object Ownership",
		of: func(s *Settings) *Setting { return &s.Ownership },
		ask: func(ctx context.Context, c *s3.Client, bucket *string) (string, error) {
			return shape(c.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: bucket}))
		}},
	{action: "s3:GetBucketPolicyStatus", call: "GetBucketPolicyStatus", what: "AWS's verdict on the bucket policy",
		of: func(s *Settings) *Setting { return &s.PolicyStatus },
		ask: func(ctx context.Context, c *s3.Client, bucket *string) (string, error) {
			return shape(c.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: bucket}))
		}},
	{action: "s3:GetBucketPolicy", call: "GetBucketPolicy", what: "the bucket policy",
		of: func(s *Settings) *Setting { return &s.Policy },
		ask: func(ctx context.Context, c *s3.Client, bucket *string) (string, error) {
			out, err := c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
			if err != nil {
				return "", err
			}
			return policyText(aws.ToString(out.Policy))
		},
		needless: func(s *Settings) bool { return s.PolicyStatus.Status == Absent }},
	{action: "s3:GetBucketAcl", call: "GetBucketAcl", what: "the bucket ACL",
		of: func(s *Settings) *Setting { return &s.ACL },
		ask: func(ctx context.Context, c *s3.Client, bucket *string) (string, error) {
			return shape(c.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: bucket}))
		}},
	{action: "s3:GetBucketWebsite", call: "GetBucketWebsite", what: "the website",
		of: func(s *Settings) *Setting { return &s.Website },
		ask: func(ctx context.Context, c *s3.Client, bucket *string) (string, error) {
			return shape(c.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: bucket}))
		}},
	{action: "s3:GetBucketRequestPayment", call: "GetBucketRequestPayment", what: "Requester Pays",
		of: func(s *Settings) *Setting { return &s.Payer },
		ask: func(ctx context.Context, c *s3.Client, bucket *string) (string, error) {
			return shape(c.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: bucket}))
		}},
	{action: "s3:GetEncryptionConfiguration", call: "GetBucketEncryption", what: "the default encryption",
		of: func(s *Settings) *Setting { return &s.Encryption },
		ask: func(ctx context.Context, c *s3.Client, bucket *string) (string, error) {
			return shape(c.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket}))
		}},
	{action: "s3:GetBucketVersioning", call: "GetBucketVersioning", what: "versioning",
		of: func(s *Settings) *Setting { return &s.Versioning },
		ask: func(ctx context.Context, c *s3.Client, bucket *string) (string, error) {
			return shape(c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: bucket}))
		}},
	{action: "s3:GetBucketTagging", call: "GetBucketTagging", what: "the tags", aside: true,
		of: func(s *Settings) *Setting { return &s.Tags },
		ask: func(ctx context.Context, c *s3.Client, bucket *string) (string, error) {
			return shape(c.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: bucket}))
		}},
}

func shape[T any](out *T, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return canonical(out)
}

// errGone says that what is read is not there any more.
var errGone = errors.New("not there any more")

// try makes one call and turns its outcome into a Setting. The error is errGone,
// or one that ends the scan.
func try(ctx context.Context, action string, ask func(context.Context) (string, error)) (Setting, error) {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	text, err := ask(bounded)
	s, err := settle(ctx, action, err)
	s.Text = text
	return s, err
}

// settle is the Setting that a call's error gives, or none. The error is errGone,
// or one that ends the scan.
func settle(ctx context.Context, action string, err error) (Setting, error) {
	switch {
	case err == nil:
		return Setting{Status: Present, Action: action}, nil
	case ctx.Err() != nil:
		return Setting{}, ctx.Err()
	}
	s, gone, fatal := outcome(action, err)
	if gone {
		return s, errGone
	}
	return s, fatal
}

// Bucket reads every setting of one bucket, its tags too. region may be "":
// then S3 is asked. now is written into the answer.
func (a *Account) Bucket(ctx context.Context, name, region string, read Read) (Settings, error) {
	s := Settings{Account: a.ID, Bucket: name, Region: region, Read: read.At}
	if s.Region == "" {
		s.Region = a.locate(ctx, name)
	}
	client, silent := a.bucketsIn(s.Region), 0
	for _, row := range settings {
		if silent >= maxSilent {
			*row.of(&s) = Setting{Status: Failed, Action: row.action, Problem: errSilent.problem}
			continue
		}
		if row.aside && !read.Tags || row.needless != nil && row.needless(&s) {
			*row.of(&s) = Setting{Status: Absent, Action: row.action}
			continue
		}
		got, err := try(ctx, row.action, func(ctx context.Context) (string, error) { return row.ask(ctx, client, &name) })
		if errors.Is(err, errGone) {
			s.Gone = true
			return s, nil
		}
		if err != nil {
			return s, err
		}
		*row.of(&s) = got
		if silent++; got.Problem != noAnswer {
			silent = 0
		}
	}
	if silent >= maxSilent {
		s.Silent, s.ObjectList = true, Setting{Status: Failed, Action: "s3:ListBucket", Problem: errSilent.problem}
		return s, nil
	}
	return s, a.objects(ctx, client, &s, read)
}

// locate asks where a bucket lies; where that is refused, S3 names the Region
// in the header of its refusal.
func (a *Account) locate(ctx context.Context, name string) string {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := a.bucketsIn(a.cfg.Region).GetBucketLocation(bounded, &s3.GetBucketLocationInput{Bucket: &name})
	switch {
	case err != nil:
		if region := headerOf(err, "X-Amz-Bucket-Region"); region != "" {
			return region
		}
		return a.cfg.Region
	case out.LocationConstraint == "": // API reference, GetBucketLocation
		return "us-east-1"
	case out.LocationConstraint == "EU":
		return "eu-west-1"
	}
	return string(out.LocationConstraint)
}

// Nowhere reports whether S3 has no bucket of a name, in whichever account: names
// are unique among all (S3 page "General purpose bucket naming rules"). Where S3 does
// not tell it is false. The error is one that ends a scan.
func (a *Account) Nowhere(ctx context.Context, name string) (bool, error) {
	_, err := try(ctx, "s3:GetBucketLocation", func(ctx context.Context) (string, error) {
		_, err := a.bucketsIn(a.cfg.Region).GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &name})
		return "", err
	})
	if errors.Is(err, errGone) {
		return true, nil
	}
	return false, err
}

// accountBlock reads the account's own Block Public Access, or what its
// organization made of it.
func (a *Account) accountBlock(ctx context.Context) (Setting, error) {
	s, err := try(ctx, "s3:GetAccountPublicAccessBlock", func(ctx context.Context) (string, error) {
		return shape(a.controlIn(a.cfg.Region).GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: &a.ID}))
	})
	return s, err
}
