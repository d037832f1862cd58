// SPDX-License-Identifier: Apache-2.0

package exposure

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/policy"
)

const (
	testBucket  = "acme-data"
	testAccount = "111122223333"
)

var testStart = time.Date(2019, 2, 1, 9, 0, 0, 0, time.UTC)

// policies are the texts of which sequences are made; "" is no policy.
var policies = []string{
	"",
	`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-data/*"}]}`,
	`{"Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:ListBucket","s3:GetObject"],"Resource":["arn:aws:s3:::acme-data","arn:aws:s3:::acme-data/pub/*"]}]}`,
	`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:*","Resource":["arn:aws:s3:::acme-data","arn:aws:s3:::acme-data/*"]}]}`,
	`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-data/*","Condition":{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}}]}`,
	`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-data/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}]}`,
	`{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::acme-data"}]}`,
	`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":["arn:aws:s3:::acme-data","arn:aws:s3:::acme-data/*"],"Condition":{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}}]}`,
	`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-data/*","Condition":{"DateLessThan":{"aws:CurrentTime":"2019-02-01T15:30:00Z"}}}]}`,
}

// denies are statements that (v) adds.
var denies = []string{
	`{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-data/*"}`,
	`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::acme-data","arn:aws:s3:::acme-data/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
	`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::acme-data/*","Condition":{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}}`,
	`{"Effect":"Deny","Principal":{"AWS":"444455556666"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-data/pub/*"}`,
	`{"Effect":"Deny","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::acme-data"}`,
}

func text(s string) *bucket.PolicyText {
	if s == "" {
		return nil
	}
	d, err := policy.Parse([]byte(s))
	if err != nil {
		panic(err)
	}
	return &bucket.PolicyText{Document: d, Hash: d.Hash()}
}

var acls = [][]bucket.Grant{
	{},
	{{Grantee: bucket.Grantee{URI: bucket.AllUsers}, Permission: bucket.Read}},
	{{Grantee: bucket.Grantee{URI: bucket.AllUsers}, Permission: bucket.FullControl}},
	{{Grantee: bucket.Grantee{URI: bucket.AuthenticatedUsers}, Permission: bucket.Read}, {Grantee: bucket.Grantee{URI: bucket.AllUsers}, Permission: bucket.Write}},
	{{Grantee: bucket.Grantee{URI: bucket.LogDelivery}, Permission: bucket.Write}},
	{{Grantee: bucket.Grantee{ID: "c0ffee"}, Permission: bucket.ReadACP}},
}

// acl is a list of grants beside the owner's own.
func acl(grants []bucket.Grant) *bucket.ACL {
	return &bucket.ACL{Grants: append([]bucket.Grant{{Grantee: bucket.Grantee{ID: bucket.OwnerID}, Permission: bucket.FullControl}}, grants...)}
}

// maker makes possible sequences: what S3 would refuse is not in them.
type maker struct {
	t        *rapid.T
	n        int
	list     []*bucket.Change
	enforced bool // BucketOwnerEnforced
	granted  bool // the bucket ACL admits others
	block    bucket.PublicAccessBlock
	account  bucket.PublicAccessBlock
	policy   string
}

// newMaker starts with a bucket of 2019, all settings known and off.
func newMaker(t *rapid.T) *maker {
	m := &maker{t: t, block: bucket.AllFlags(bucket.False), account: bucket.AllFlags(bucket.False)}
	off := m.account
	m.add(&bucket.Change{Slot: bucket.SlotAccountBlock, Block: &off, Removed: true})
	m.add(&bucket.Change{Slot: bucket.SlotBucket, Create: &bucket.Creation{}})
	for range rapid.IntRange(0, 14).Draw(t, "length") {
		m.step()
	}
	return m
}

// add gives the change its event: one an hour, so that order is never in doubt.
func (m *maker) add(c *bucket.Change) *bucket.Change {
	m.n++
	c.Event = &bucket.Event{ID: fmt.Sprintf("event-%08d", m.n), Time: testStart.Add(time.Duration(m.n) * time.Hour), Name: string(c.Slot),
		UserName: "ann", ARN: "arn:aws:iam::111122223333:user/ann", AccountID: testAccount}
	c.Account, c.Region = testAccount, "eu-west-1"
	if c.Slot != bucket.SlotAccountBlock && c.Slot != bucket.SlotOrganizationBlock {
		c.Bucket = testBucket
	}
	m.list = append(m.list, c)
	return c
}

func (m *maker) flags(now *bucket.PublicAccessBlock) {
	for _, f := range []bucket.Flag{bucket.IgnorePublicAcls, bucket.RestrictPublicBuckets} {
		now[f] = bucket.TriOf(rapid.Bool().Draw(m.t, f.String()))
	}
}

func (m *maker) step() {
	switch rapid.SampledFrom([]string{"acl", "policy", "policy", "block", "account", "ownership", "object", "rewrite", "payer",
		"organization", "point", "point policy", "lost"}).Draw(m.t, "what") {
	case "acl":
		m.putACL(bucket.SlotACL, "")
	case "object":
		m.putACL(bucket.SlotObjectACL, rapid.SampledFrom([]string{"a", "b"}).Draw(m.t, "key"))
	case "rewrite":
		m.add(&bucket.Change{Slot: bucket.SlotObject, Key: "a", ACL: bucket.Canned("private")})
	case "policy":
		m.putPolicy(rapid.SampledFrom(policies).Draw(m.t, "policy"))
	case "block":
		m.flags(&m.block)
		m.putBlock(bucket.SlotBlock, m.block)
	case "account":
		m.flags(&m.account)
		m.putBlock(bucket.SlotAccountBlock, m.account)
	case "ownership":
		m.enforced = !m.granted && rapid.Bool().Draw(m.t, "enforced")
		owner := bucket.ObjectWriter
		if m.enforced {
			owner = bucket.BucketOwnerEnforced
		}
		m.add(&bucket.Change{Slot: bucket.SlotOwnership, Ownership: owner})
	case "payer":
		m.add(&bucket.Change{Slot: bucket.SlotPayer, Value: rapid.SampledFrom([]string{"Requester", "BucketOwner"}).Draw(m.t, "payer")})
	case "organization":
		m.add(&bucket.Change{Slot: bucket.SlotOrganizationBlock, Value: rapid.SampledFrom([]string{"none", ""}).Draw(m.t, "organization")})
	case "point":
		m.add(&bucket.Change{Slot: bucket.SlotAccessPoint, AccessPoint: "shop",
			Point: &bucket.AccessPoint{Name: "shop", Account: testAccount, PublicAccessBlock: bucket.AllFlags(bucket.False)}})
	case "point policy":
		m.add(&bucket.Change{Slot: bucket.SlotAccessPointPolicy, AccessPoint: "shop", Policy: text(`{"Statement":[{"Effect":"Allow",
			"Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:eu-west-1:111122223333:accesspoint/shop/object/*"}]}`)})
	case "lost":
		m.add(&bucket.Change{Slot: bucket.SlotPolicy, PayloadLost: "the log does not hold it"})
	}
}

func (m *maker) putACL(slot bucket.Slot, key string) {
	grants := rapid.SampledFrom(acls).Draw(m.t, "grants")
	if m.enforced {
		grants = nil
	}
	if slot == bucket.SlotACL {
		m.granted = len(grants) > 0
	}
	m.add(&bucket.Change{Slot: slot, Key: key, ACL: acl(grants)})
}

func (m *maker) putPolicy(s string) {
	m.policy = s
	m.add(&bucket.Change{Slot: bucket.SlotPolicy, Policy: text(s), Removed: s == ""})
}

func (m *maker) putBlock(slot bucket.Slot, b bucket.PublicAccessBlock) {
	m.add(&bucket.Change{Slot: slot, Block: &b})
}

// find folds the changes up to a time after which no clock edge comes.
func find(changes []*bucket.Change) []Exposure {
	return Find(bucket.Fold(testBucket, changes, testStart.Add(100*time.Hour)))
}
