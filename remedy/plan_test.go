// SPDX-License-Identifier: Apache-2.0

package remedy

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/policy"
)

func open(parts ...func(*State)) State {
	s := closedBucket()
	for _, p := range parts {
		p(&s)
	}
	return s
}

func byACL(s *State)    { s.Settings.ACL = acl(grant("URI", "global/AllUsers", "READ")) }
func byPolicy(s *State) { s.Settings.Policy = policyOf(publicRead, statements[5]) }

func TestNothingToDo(t *testing.T) {
	for name, s := range map[string]State{"closed": closedBucket(), "a partner": open(func(s *State) { s.Settings.Policy = policyOf(statements[4]) })} {
		if p := Make(Request{State: s, Made: readAt}); len(p.Closes)+len(p.Options) != 0 || p.Use != "" {
			t.Errorf("%s: %+v", name, p.Closes)
		}
	}
}

// Least disruptive first; what is recommended is the first that closes all.
func TestOrderOfOptions(t *testing.T) {
	p := Make(Request{State: open(byACL, byPolicy), Made: readAt})
	var ids []string
	for _, o := range p.Options {
		ids = append(ids, o.ID)
	}
	want := []string{"bucket-acl-grants", "policy-statement", "each-opening", "ignore-public-acls", "restrict-public-buckets",
		"block-public-access", "account-block-public-access", "bucket-owner-enforced"}
	if !slices.Equal(ids, want) || p.Use != "each-opening" {
		t.Errorf("use %s of %v", p.Use, ids)
	}
}

// What only a guard holds back is planned for when nothing is open.
func TestLatentGrantIsTakenAway(t *testing.T) {
	p := Make(Request{State: open(byPolicy, func(s *State) { s.Settings.Block = flags(false, false, false, true) }), Made: readAt})
	if o, err := p.Option(""); err != nil || o.ID != "policy-statement" || len(o.Confirm) != 0 {
		t.Errorf("%v %+v", err, p.Closes)
	}
}

func TestUndo(t *testing.T) {
	deleted := strings.Replace(publicRead, `"*"`, `["*","AROAEXAMPLEEXAMPLE12"]`, 1)
	deleted = strings.Replace(deleted, `"Principal":["*"`, `"Principal":{"AWS":["*"`, 1)
	deleted = strings.Replace(deleted, `EXAMPLE12"]`, `EXAMPLE12"]}`, 1)
	for name, c := range map[string]struct {
		open     func(*State)
		option   string
		possible bool
		why      string
	}{
		"plain":                     {byPolicy, "policy-statement", true, ""},
		"BlockPublicPolicy came on": {func(s *State) { byPolicy(s); s.Settings.Block = flags(false, false, true, false) }, "policy-statement", false, "BlockPublicPolicy is on"},
		"BlockPublicAcls came on":   {func(s *State) { byACL(s); s.Settings.AccountBlock = flags(true, false, false, false) }, "bucket-acl-grants", false, "BlockPublicAcls is on"},
		"a deleted role": {func(s *State) {
			s.Settings.Policy = policyOf(publicRead, statements[5])
			s.Settings.Policy.Text = strings.Replace(s.Settings.Policy.Text, publicRead, deleted, 1)
		}, "policy-statement", false, "AROAEXAMPLEEXAMPLE12"},
	} {
		p := Make(Request{State: open(c.open), Made: readAt})
		o, err := p.Option(c.option)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if o.Undo.Possible != c.possible || !strings.Contains(strings.Join(o.Undo.Why, " "), c.why) {
			t.Errorf("%s: %+v; refused %q", name, o.Undo, o.Refused)
		}
	}
}

func TestConfirm(t *testing.T) {
	site := func(s *State) { s.Settings.Website = text(`{"IndexDocument":{"Suffix":"index.html"}}`) }
	for name, c := range map[string]struct {
		state State
		seen  Readers
		asks  string // "" asks nothing
	}{
		"nobody seen":      {open(byPolicy), Readers{Looked: true}, ""},
		"readers":          {open(byPolicy), Readers{Looked: true, Requests: 7, Strangers: []string{"198.51.100.7 (anonymous)"}}, "7 requests"},
		"no log":           {open(byPolicy), Readers{}, "not known"},
		"website":          {open(byPolicy, site), Readers{Looked: true}, "a website is on"},
		"website not read": {open(byPolicy, func(s *State) { s.Settings.Website = account.Setting{Status: account.Denied} }), Readers{Looked: true}, "could not be read"},
	} {
		p := Make(Request{State: c.state, Made: readAt, Readers: c.seen})
		o, err := p.Option("policy-statement")
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(o.Confirm, "; ")
		if (got == "") != (c.asks == "") || !strings.Contains(got, c.asks) {
			t.Errorf("%s: asks %q", name, got)
		}
	}
}

func TestDrift(t *testing.T) {
	s := open(byPolicy)
	s.Settings.Tags = text(`{"TagSet":[{"Key":"aws:cloudformation:stack-name","Value":"web-prod"}]}`)
	p := Make(Request{State: s, Made: readAt, Marks: []string{"APN/1.0 HashiCorp/1.0 Terraform/1.9"}})
	later := strings.Join(p.Options[0].Later, "\n")
	if !strings.Contains(later, "Terraform") || !strings.Contains(later, "stack web-prod") {
		t.Error(later)
	}
}

func TestLocksOut(t *testing.T) {
	deny := func(principal, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Sid":"D","Effect":"Deny",` + principal + `,"Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]` + condition + `}]}`
	}
	all := deny(`"Principal":"*"`, "")
	others := deny(`"Principal":"*"`, `,"Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/admin"}}`)
	office := deny(`"Principal":"*"`, `,"Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`)
	vague := deny(`"Principal":"*"`, `,"Condition":{"Vague":{"aws:SourceIp":"203.0.113.0/24"}}`)
	admin := policy.Caller{Account: owner, ARN: "arn:aws:iam::111122223333:role/admin"}
	other := policy.Caller{Account: owner, ARN: "arn:aws:iam::111122223333:role/other"}
	s := closedBucket().Settings
	for name, c := range map[string]struct {
		inForce, next string
		caller        policy.Caller
		locks         bool
	}{
		"everybody":              {"", all, admin, true},
		"all but the caller":     {"", others, admin, false},
		"all but another":        {"", others, other, true},
		"by address":             {"", office, admin, true},
		"by address, kept":       {office, office, admin, false},
		"not to be judged":       {"", vague, admin, true},
		"not to be judged, kept": {vague, vague, admin, false},
		"a deletion":             {all, "", admin, false},
		"objects alone":          {"", policyOf(statements[6]).Text, admin, false},
	} {
		if why := LocksOut(c.inForce, c.next, s, c.caller); (why != "") != c.locks {
			t.Errorf("%s: %q", name, why)
		}
	}
}

// What could not be read back is not taken for closed.
func TestUnreadIsNotClosed(t *testing.T) {
	s := open(byACL)
	about := Evaluate(s)
	unread := s
	unread.Settings.ACL = account.Setting{Status: account.Denied, Action: "s3:GetBucketAcl", Problem: "denied"}
	if len(about) == 0 || len(Still(unread, about)) != 0 || len(Still(unread.Assuming(s), about)) != len(about) {
		t.Errorf("%d openings, %d seen, %d possible", len(about), len(Still(unread, about)), len(Still(unread.Assuming(s), about)))
	}
	shut := unread
	shut.Settings.Block = text(`{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}}`)
	if left := Still(shut.Assuming(s), about); len(left) != 0 {
		t.Errorf("held by a guard that was read: %v", left)
	}
}

// A plan for another state is stale; after some steps it is partly done, and
// says what changed.
func TestStaleAndPartly(t *testing.T) {
	s := open(byACL, byPolicy)
	p := Make(Request{State: s, Made: readAt})
	o, err := p.Option("each-opening")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := newModel(s)
	elsewhere.state.Settings.Website = text(`{"IndexDocument":{"Suffix":"x"}}`)
	var log []Entry
	err = (&Run{Plan: &p, Option: o, Account: elsewhere, Record: kept(&log)}).Apply(context.Background(), 0)
	var partly *PartlyError
	if !errors.Is(err, ErrStale) || errors.As(err, &partly) || !strings.Contains(err.Error(), "the website") || elsewhere.calls != 0 {
		t.Errorf("%v after %d calls", err, elsewhere.calls)
	}
	done := newModel(s) // somebody else made the first step's change
	if done.state, err = s.With(o.Steps[0].Call); err != nil {
		t.Fatal(err)
	}
	err = (&Run{Plan: &p, Option: o, Account: done, Record: kept(&log)}).Apply(context.Background(), 0)
	if !errors.Is(err, ErrStale) || done.calls != 0 {
		t.Errorf("somebody else's fix: %v after %d calls", err, done.calls)
	}
	if err = (&Run{Plan: &p, Option: o, Account: done, Tried: true, Record: kept(&log)}).Apply(context.Background(), 0); err != nil {
		t.Errorf("a step that was on its way: %v", err)
	}
	failing := newModel(s)
	failing.failAt = 2
	err = (&Run{Plan: &p, Option: o, Account: failing, Record: kept(&log)}).Apply(context.Background(), 0)
	if !errors.As(err, &partly) || partly.Done != 1 || len(partly.Calls) != 2 || !errors.Is(err, errRefused) {
		t.Errorf("%v", err)
	}
	if err := (&Run{Plan: &p, Option: o, Account: newModel(s), Record: func(Entry) error { return errors.New("disk full") }}).Apply(context.Background(), 0); err == nil {
		t.Error("changed without a journal")
	}
}

// Any order of grants and any layout is the same state; another grant is not.
func TestFingerprint(t *testing.T) {
	a, b := open(byPolicy), open(byPolicy)
	a.Settings.ACL = acl(grant("ID", partner, "READ"), grant("URI", "s3/LogDelivery", "WRITE"))
	b.Settings.ACL = acl(grant("URI", "s3/LogDelivery", "WRITE"), grant("ID", partner, "READ"))
	b.Settings.Policy.Text = strings.ReplaceAll(b.Settings.Policy.Text, "\n  ", "")
	b.Settings.Read = b.Settings.Read.AddDate(0, 0, 1)
	if a.Fingerprint() != b.Fingerprint() {
		t.Error("the same state has two fingerprints")
	}
	b.Settings.ACL = acl(grant("ID", partner, "WRITE"))
	if a.Fingerprint() == b.Fingerprint() {
		t.Error("another ACL has the same fingerprint")
	}
}

// A shell gives every value back as it was, and nothing of it is run.
func TestShellQuoting(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		value := strings.ReplaceAll(rapid.StringOfN(rapid.Rune(), 0, 12, -1).Draw(t, "value"), "\x00", "")
		out, err := exec.Command(bash, "-c", "printf %s "+Shell(value)).Output()
		if err != nil || string(out) != value {
			t.Fatalf("%q became %q as %s (%v)", value, out, Shell(value), err)
		}
		for _, c := range Shell(value) {
			if c < ' ' || c > '~' {
				t.Fatalf("%q in %q", c, Shell(value))
			}
		}
	})
}

func TestTerraform(t *testing.T) {
	s := open(func(s *State) {
		s.Settings.Policy = policyOf(publicRead, strings.Replace(statements[6], "secret/*", "${aws:username}/*", 1))
	})
	p := Make(Request{State: s, Made: readAt})
	o, err := p.Option("policy-statement")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"resource \"aws_s3_bucket_policy\" \"b\" {\n  bucket = \"b\"\n", `$${aws:username}`} {
		if !strings.Contains(o.Terraform, want) {
			t.Errorf("no %s in\n%s", want, o.Terraform)
		}
	}
}

// Other partitions have other ARNs: a Deny there locks out as well.
func TestLocksOutElsewhere(t *testing.T) {
	s := closedBucket().Settings
	for region, name := range map[string]string{"cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "eu-west-1": "aws"} {
		s.Region = region
		next := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:` + name + `:s3:::b"}]}`
		if LocksOut("", next, s, policy.Caller{Account: owner, ARN: "arn:" + name + ":iam::" + owner + ":role/r"}) == "" {
			t.Errorf("%s: it locks out", region)
		}
	}
}
