// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/account"
)

// model is S3's settings in memory, with the refusals of its pages. It shares
// no code with the package: it decodes texts by itself.
type model struct {
	state  State
	failAt int // the call that fails, from 1
	calls  int
	before func(*model) // runs before each call
}

// newModel keeps a copy of a state.
func newModel(s State) *model {
	m := &model{state: s}
	m.state.Objects = append([]account.ObjectACL{}, s.Objects...)
	m.state.Settings.AccessPoints = append([]account.AccessPoint{}, s.Settings.AccessPoints...)
	return m
}

func (m *model) Read(context.Context, State) (State, error) {
	out := State{Settings: m.state.Settings, Objects: append([]account.ObjectACL{}, m.state.Objects...)}
	out.Settings.AccessPoints = append([]account.AccessPoint{}, m.state.Settings.AccessPoints...)
	out.Settings.ACL.Text = m.shown(out.Settings.ACL.Text)
	for i := range out.Objects {
		out.Objects[i].ACL.Text = m.shown(out.Objects[i].ACL.Text)
	}
	return out, nil
}

type modelBlock struct {
	PublicAccessBlockConfiguration struct{ BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets bool }
}

func (m *model) block() modelBlock {
	var own, whole modelBlock
	_ = json.Unmarshal([]byte(m.state.Settings.Block.Text), &own)
	_ = json.Unmarshal([]byte(m.state.Settings.AccountBlock.Text), &whole)
	a, b := &own.PublicAccessBlockConfiguration, whole.PublicAccessBlockConfiguration
	a.BlockPublicAcls = a.BlockPublicAcls || b.BlockPublicAcls
	a.IgnorePublicAcls = a.IgnorePublicAcls || b.IgnorePublicAcls
	a.BlockPublicPolicy = a.BlockPublicPolicy || b.BlockPublicPolicy
	a.RestrictPublicBuckets = a.RestrictPublicBuckets || b.RestrictPublicBuckets
	return own
}

func (m *model) enforced() bool {
	return strings.Contains(m.state.Settings.Ownership.Text, "BucketOwnerEnforced")
}

type modelACL struct {
	Grants []json.RawMessage
	Owner  json.RawMessage
}

// shown is an ACL as S3 shows it: what has effect.
func (m *model) shown(text string) string {
	var acl modelACL
	if json.Unmarshal([]byte(text), &acl) != nil {
		return text
	}
	kept := []json.RawMessage{}
	for _, g := range acl.Grants {
		public := strings.Contains(string(g), "/global/")
		if m.enforced() && !strings.Contains(string(g), ownerCanonical) || public && m.block().PublicAccessBlockConfiguration.IgnorePublicAcls {
			continue
		}
		kept = append(kept, g)
	}
	acl.Grants = kept
	out, _ := json.Marshal(acl)
	return string(out)
}

// publicText reports a policy of the generated ones that AWS calls public.
func publicText(text string) bool {
	var p struct {
		Statement []struct {
			Effect    string
			Principal any
			Condition map[string]any
		}
	}
	_ = json.Unmarshal([]byte(text), &p)
	for _, s := range p.Statement {
		who, _ := json.Marshal(s.Principal)
		if s.Effect == "Allow" && strings.Contains(string(who), `"*"`) && s.Condition["StringEquals"] == nil {
			return true
		}
	}
	return false
}

var errRefused = errors.New("refused")

func (m *model) Do(_ context.Context, c account.Call) (string, error) {
	err := m.do(c)
	return fmt.Sprintf("REQUEST%d", m.calls), err
}

func (m *model) do(c account.Call) error {
	if m.calls++; m.before != nil {
		m.before(m)
	}
	if m.calls == m.failAt {
		return errRefused
	}
	set := func(s *account.Setting) {
		s.Status, s.Text = account.Present, c.Text
		if c.Text == "" {
			s.Status = account.Absent
		}
	}
	s, block := &m.state.Settings, m.block().PublicAccessBlockConfiguration
	public := strings.Contains(c.Text, "/global/")
	switch c.Operation {
	case account.PutBucketACL, account.PutObjectACL:
		if m.enforced() || public && block.BlockPublicAcls {
			return fmt.Errorf("%w: ACL", errRefused)
		}
		if c.Operation == account.PutBucketACL {
			set(&s.ACL)
			return nil
		}
		for i := range m.state.Objects {
			if m.state.Objects[i].Key == c.Key && m.state.Objects[i].Version == c.Version {
				set(&m.state.Objects[i].ACL)
			}
		}
	case account.PutBucketPolicy, account.DeleteBucketPolicy:
		if strings.Contains(c.Text, `"AROA`) || block.BlockPublicPolicy && publicText(c.Text) {
			return fmt.Errorf("%w: policy", errRefused)
		}
		set(&s.Policy)
	case account.PutPublicAccessBlock, account.DeletePublicAccessBlock:
		set(&s.Block)
	case account.PutAccountBlock, account.DeleteAccountBlock:
		set(&s.AccountBlock)
	case account.PutBucketOwnershipControls, account.DeleteBucketOwnershipControls:
		if strings.Contains(c.Text, "Enforced") && (strings.Contains(s.ACL.Text, "/groups/") || strings.Contains(s.ACL.Text, partner)) {
			return fmt.Errorf("%w: ownership", errRefused)
		}
		set(&s.Ownership)
	case account.PutAccessPointPolicy, account.DeleteAccessPointPolicy:
		for i := range s.AccessPoints {
			if s.AccessPoints[i].Name == c.AccessPoint && !s.AccessPoints[i].MultiRegion {
				set(&s.AccessPoints[i].Policy)
			}
		}
	case account.PutMultiRegionPolicy:
		if c.Text == "" || c.Region != "us-west-2" {
			return fmt.Errorf("%w: multi-Region access point", errRefused)
		}
		for i := range s.AccessPoints {
			if s.AccessPoints[i].Name == c.AccessPoint && s.AccessPoints[i].MultiRegion {
				set(&s.AccessPoints[i].Policy)
			}
		}
	default:
		return fmt.Errorf("%w: unknown call %s", errRefused, c.Operation)
	}
	return nil
}

const (
	ownerCanonical = "1111111111111111111111111111111111111111111111111111111111111111"
	partner        = "2222222222222222222222222222222222222222222222222222222222222222"
	third          = "3333333333333333333333333333333333333333333333333333333333333333"
	owner          = "111122223333"
)

var readAt = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func grant(kind, who, permission string) string {
	if kind == "URI" {
		return `{"Grantee":{"Type":"Group","URI":"http://acs.amazonaws.com/groups/` + who + `"},"Permission":"` + permission + `"}`
	}
	return `{"Grantee":{"DisplayName":"d","ID":"` + who + `","Type":"CanonicalUser"},"Permission":"` + permission + `"}`
}

func acl(grants ...string) account.Setting {
	all := append([]string{grant("ID", ownerCanonical, "FULL_CONTROL")}, grants...)
	return account.Setting{Status: account.Present, Action: "s3:GetBucketAcl",
		Text: `{"Grants":[` + strings.Join(all, ",") + `],"Owner":{"ID":"` + ownerCanonical + `"}}`}
}

func flags(a, b, c, d bool) account.Setting {
	return account.Setting{Status: account.Present, Action: "s3:GetBucketPublicAccessBlock", Text: fmt.Sprintf(
		`{"PublicAccessBlockConfiguration":{"BlockPublicAcls":%v,"BlockPublicPolicy":%v,"IgnorePublicAcls":%v,"RestrictPublicBuckets":%v}}`, a, c, b, d)}
}

func text(s string) account.Setting {
	return account.Setting{Status: account.Present, Text: s}
}

func absent(action string) account.Setting {
	return account.Setting{Status: account.Absent, Action: action}
}

// closedBucket has nothing that is public; tests open it.
func closedBucket() State {
	return State{Settings: account.Settings{
		Account: owner, Region: "eu-west-1", Bucket: "b", Read: readAt,
		Policy: absent("s3:GetBucketPolicy"), PolicyStatus: absent("s3:GetBucketPolicyStatus"), ACL: acl(),
		Block: absent("s3:GetBucketPublicAccessBlock"), AccountBlock: absent("s3:GetAccountPublicAccessBlock"),
		Ownership: text(`{"OwnershipControls":{"Rules":[{"ObjectOwnership":"ObjectWriter"}]}}`),
		Website:   absent("s3:GetBucketWebsite"), Payer: text(`{"Payer":"BucketOwner"}`), Versioning: text(`{}`),
		Encryption: absent("s3:GetEncryptionConfiguration"), Tags: absent("s3:GetBucketTagging"),
		Points: text(""), MultiRegionPoints: absent("s3:ListMultiRegionAccessPoints"), ObjectList: absent("s3:ListBucket"),
	}}
}

// statements are what generated policies are made of. Those whose Sid begins
// with public admit strangers.
var statements = []string{
	`{"Sid":"publicRead","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`,
	`{ "Sid":"publicList", "Effect":"Allow", "Principal":{"AWS":["*"]}, "Action":["s3:ListBucket"], "Resource":"arn:aws:s3:::b" }`,
	"{\"Sid\":\"publicMixed\",\n\t\"Effect\":\"Allow\",\"Principal\":{\"AWS\":[ \"arn:aws:iam::222233334444:root\" , \"*\" ]},\"Action\":\"s3:PutObject\",\"Resource\":\"arn:aws:s3:::b/in/*\"}",
	`{"Sid":"publicHTTPS","Effect":"Allow","Principal":{"AWS":"*","Service":"logging.s3.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/a/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`,
	`{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222233334444:root"},"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}`,
	`{"Sid":"DenyHTTP","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
	`{"Sid":"DenySecret","Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/secret/*"}`,
	`{"Sid":"CloudFront","Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}}`,
	`{"Sid":"Points","Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}}`,
	`{"Sid":"Two","Effect":"Allow","Principal":{"AWS":["222233334444","arn:aws:iam::333344445555:root","arn:aws:iam::222233334444:role/r"]},"Action":"s3:PutObject","Resource":"arn:aws:s3:::b/two/*"}`,
	`{"Sid":"ByCondition","Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b","Condition":{"StringEquals":{"aws:PrincipalAccount":["111122223333", "222233334444"]}}}`,
	`{"Sid":"TheirPoints","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"s3:DataAccessPointAccount":"222233334444"}}}`,
}

func policyOf(list ...string) account.Setting {
	return account.Setting{Status: account.Present, Action: "s3:GetBucketPolicy",
		Text: "{\"Version\":\"2012-10-17\", \"Statement\":[\n  " + strings.Join(list, ",\n  ") + "\n]}"}
}

const (
	pointPolicy  = `{"Version":"2012-10-17","Statement":[{"Sid":"own","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/*"},{"Sid":"publicPoint","Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject","Resource":"arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/*"}]}`
	partnerPoint = `{"Version":"2012-10-17","Statement":[{"Sid":"partnerPoint","Effect":"Allow","Principal":{"AWS":"222233334444"},"Action":"s3:GetObject","Resource":"arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/*"}]}`
)

// multiRegionPoint leads to b and another bucket. A point of the same name is no
// other's policy.
func multiRegionPoint(statements ...string) account.AccessPoint {
	return account.AccessPoint{Name: "ap", Alias: "x1.mrap", MultiRegion: true, Buckets: []string{"b", "c"}, Block: flags(false, false, false, false),
		Policy: account.Setting{Status: account.Present, Text: `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`}}
}

const (
	publicWide  = `{"Sid":"publicWide","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3::111122223333:accesspoint/x1.mrap/object/*"}`
	partnerWide = `{"Sid":"partnerWide","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::222233334444:root","arn:aws:iam::333344445555:role/r"]},"Action":"s3:GetObject","Resource":"arn:aws:s3::111122223333:accesspoint/x1.mrap/object/*"}`
)

// states generates settings of a bucket, open and shut in many ways.
func states() *rapid.Generator[State] {
	return rapid.Custom(func(t *rapid.T) State {
		s := closedBucket()
		b := &s.Settings
		if rapid.IntRange(0, 2).Draw(t, "point") == 0 {
			b.AccessPoints = []account.AccessPoint{{Name: "ap", Policy: text(rapid.SampledFrom([]string{pointPolicy, partnerPoint}).Draw(t, "point policy")), Block: flags(false, false, false, false)}}
		}
		if list := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{publicWide, partnerWide}), 0, 2, rapid.ID[string]).Draw(t, "multi-Region"); len(list) > 0 {
			b.AccessPoints = append(b.AccessPoints, multiRegionPoint(list...))
		}
		list := rapid.SliceOfNDistinct(rapid.SampledFrom(statements), 0, 4, rapid.ID[string]).Draw(t, "statements")
		if len(b.AccessPoints) > 0 && !slices.Contains(list, statements[8]) { // without it nothing comes through them
			list = append(list, statements[8])
		}
		if len(list) > 0 {
			b.Policy = policyOf(list...)
		}
		grants := []string{grant("URI", "global/AllUsers", "READ"), grant("URI", "global/AuthenticatedUsers", "FULL_CONTROL"),
			grant("URI", "s3/LogDelivery", "WRITE"), grant("ID", partner, "READ")}
		b.ACL = acl(rapid.SliceOfNDistinct(rapid.SampledFrom(grants), 0, 3, rapid.ID[string]).Draw(t, "grants")...)
		if rapid.IntRange(0, 3).Draw(t, "owner's grant") == 0 { // as put-bucket-acl --grant-write leaves it
			b.ACL.Text = strings.Replace(strings.Replace(b.ACL.Text, grant("ID", ownerCanonical, "FULL_CONTROL"), "", 1), "[,", "[", 1)
		}
		bit := rapid.Bool()
		if bit.Draw(t, "has block") {
			b.Block = flags(bit.Draw(t, "acls"), bit.Draw(t, "ignore"), bit.Draw(t, "policy"), bit.Draw(t, "restrict"))
		}
		if rapid.IntRange(0, 5).Draw(t, "account") == 0 {
			b.AccountBlock = flags(bit.Draw(t, "acls"), bit.Draw(t, "ignore"), bit.Draw(t, "policy"), bit.Draw(t, "restrict"))
		}
		if rapid.IntRange(0, 3).Draw(t, "website") == 0 {
			b.Website = text(`{"IndexDocument":{"Suffix":"index.html"}}`)
		}
		if rapid.IntRange(0, 3).Draw(t, "payer") == 0 {
			b.Payer = text(`{"Payer":"Requester"}`)
		}
		b.Ownership = rapid.SampledFrom([]account.Setting{absent("s3:GetBucketOwnershipControls"), b.Ownership,
			text(`{"OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}}`)}).Draw(t, "ownership")
		for i := range rapid.IntRange(0, 2).Draw(t, "objects") {
			s.Objects = append(s.Objects, account.ObjectACL{Key: rapid.SampledFrom([]string{"k", "*", "in/?", "secret/*", "a?versionId=v0"}).Draw(t, "key"), Version: fmt.Sprint("v", i), ACL: acl(rapid.SampledFrom([][]string{{grants[0]}, {grants[3]}, {grants[0], grants[3]}}).Draw(t, "object grants")...)})
		}
		return s
	})
}
