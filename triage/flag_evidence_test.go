// SPDX-License-Identifier: Apache-2.0

package triage

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage/intel"
)

// deedRecord is a management event, by ann with her key from the office unless
// it says otherwise.
type deedRecord struct {
	at                                                  time.Time
	arn, address, name, agent, key, err, region, bucket string
	account                                             string // whose trail has it
}

// anonymous is who signs nothing.
const anonymous = "anonymous"

func (d deedRecord) line() string {
	recordCount++
	params, failed := "null", ""
	if d.bucket != "" {
		params = fmt.Sprintf(`{"bucketName":"%s","x-amz-acl":"private","acl":""}`, d.bucket)
	}
	if d.err != "" {
		failed = `"errorCode":"` + d.err + `",`
	}
	arn := cmp.Or(d.arn, ann.ARN)
	who := fmt.Sprintf(`{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"%s","accountId":"111122223333","accessKeyId":"%s","userName":"%s"}`,
		arn, cmp.Or(d.key, "AKIAOLD"), arn[strings.LastIndexByte(arn, '/')+1:])
	if d.arn == anonymous {
		who = `{"type":"AWSAccount","principalId":"","accountId":"anonymous"}`
	}
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":%s,"eventTime":"%s","eventSource":"s3.amazonaws.com","eventName":"%s","awsRegion":"%s","sourceIPAddress":"%s",`+
		`"userAgent":"%s",%s"requestParameters":%s,"responseElements":null,"requestID":"%016X","eventID":"7a1f9f5e-0000-4000-8000-%012d","readOnly":false,`+
		`"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"%s","eventCategory":"Management"}`,
		who, d.at.UTC().Format(time.RFC3339), cmp.Or(d.name, "ListBuckets"), cmp.Or(d.region, "eu-west-1"),
		cmp.Or(d.address, office), cmp.Or(d.agent, "aws-cli/2.17.0"), failed, params, recordCount, recordCount, cmp.Or(d.account, "111122223333"))
}

// days repeats a record on each of the n days before ten o'clock.
func days(n int, d deedRecord) []string {
	var out []string
	for i := range n {
		one := d
		one.at = ten.AddDate(0, 0, -i-1)
		out = append(out, one.line())
	}
	return out
}

func before10(d time.Duration, r deedRecord) string { r.at = ten.Add(-d); return r.line() }

// told is a context file that ends in the given part.
func told(t *testing.T, part string) *Context {
	t.Helper()
	c, err := ReadContext("context.yaml", []byte("organizations:\n  - {name: Acme, accounts: [{id: \"111122223333\"}, {id: \"777700001111\"}]}\n  - {name: Globex, accounts: [{id: \"888800001111\"}]}\n"+part))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lists opens lists of networks by kind, of a date.
func lists(t *testing.T, date time.Time, text map[intel.Kind]string) *intel.Database {
	t.Helper()
	dir, m := t.TempDir(), intel.Manifest{Version: 1}
	for kind, list := range text {
		hash, file := sha256.Sum256([]byte(list)), string(kind)+".txt"
		m.Sources = append(m.Sources, intel.Record{Name: string(kind), Title: "list of " + string(kind), Kind: kind, Format: "text", File: file, Checked: date,
			SHA256: hex.EncodeToString(hash[:]), Licence: "free", MaxAgeHours: 30 * 24})
		if err := os.WriteFile(filepath.Join(dir, file), []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return open(t, dir, m)
}

func open(t *testing.T, dir string, m intel.Manifest) *intel.Database {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "manifest.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	d, problems, err := intel.Open(dir)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return d
}

// damagedTor is a directory whose list of Tor exits is another than was fetched.
func damagedTor(t *testing.T) *intel.Database {
	t.Helper()
	dir := t.TempDir()
	m := `{"version":1,"sources":[{"name":"tor-exits","kind":"tor","format":"text","file":"tor.txt","sha256":"00","licence":"free"}]}`
	for name, text := range map[string]string{"manifest.json": m, "tor.txt": "192.0.2.1\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, problems, err := intel.Open(dir)
	if err != nil || len(problems) != 1 {
		t.Fatal(err, problems)
	}
	return d
}

// countryBook tells that the office's network lies in DE, and elsewhere in FR.
func countryBook(t *testing.T) *intel.Database {
	t.Helper()
	d, problems, err := intel.Open("testdata")
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return d
}

// evidenceCase is one piece of evidence: what speaks for it, on which side, and
// how strongly.
type evidenceCase struct {
	name    string
	context string // part of a context file
	net     func(*testing.T) *intel.Database
	change  func(*Alert)
	log     []string
	side    string // "yes!", "yes", "no!", "no", "missing"; "!" is strong
	saying  string
	absent  string // what no evidence may say
	unsaid  string // what is not even missing
	signs   int
}

func checkEvidence(t *testing.T, answer func(*ranker, *Alert, *evidence), cases []evidenceCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			r := newTestRanker(t, test.log...)
			if test.context != "" {
				r.known.Context = told(t, test.context)
			}
			if test.net != nil {
				r.known.Networks = test.net(t)
			}
			e := &evidence{}
			answer(r, alert(test.change), e)
			side := map[string][]string{"yes!": e.strongFor, "yes": e.weakFor, "no!": e.strongAgainst, "no": e.weakAgainst, "missing": e.missing}[test.side]
			has := func(list []string, text string) bool {
				return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, text) })
			}
			all := slices.Concat(e.strongFor, e.weakFor, e.strongAgainst, e.weakAgainst)
			if test.side != "" && !has(side, test.saying) || test.absent != "" && has(all, test.absent) || test.unsaid != "" && has(append(all, e.missing...), test.unsaid) || e.signs != test.signs {
				t.Errorf("want %q under %q, never %q, %d signs; got %+v", test.saying, test.side, test.absent, test.signs, *e)
			}
		})
	}
}

const ownNetworks = "networks:\n  - {name: Berlin, kind: office, cidrs: [203.0.113.0/24]}\n  - {name: Supplier, kind: partner, cidrs: [192.0.2.0/24]}\n"

func TestSourceIPEvidence(t *testing.T) {
	march, old := ten.AddDate(0, 0, -1), ten.AddDate(-1, 0, 0)
	on := func(kind intel.Kind, network string, date time.Time) func(*testing.T) *intel.Database {
		return func(t *testing.T) *intel.Database { return lists(t, date, map[intel.Kind]string{kind: network}) }
	}
	week := days(7, deedRecord{})
	six := func(a *Alert) { from("2001:db8:1:2::9")(a) }
	checkEvidence(t, sourceIP, []evidenceCase{
		{name: "a private address", change: from("10.1.2.3"), side: "no", saying: "10.1.2.3 is no public address: the call came through a VPC endpoint, a proxy"},
		{name: "a VPC endpoint by its id", change: all(from("10.1.2.3"), func(a *Alert) { a.call = &bucket.Event{VPCEndpointID: "vpce-0a1b"} }), side: "no", saying: "the call came through the VPC endpoint vpce-0a1b"},
		{name: "own network", context: ownNetworks, side: "no!", saying: "Berlin, a known network of yours: office"},
		{name: "partner's network", context: ownNetworks, change: from(elsewhere), side: "no", saying: "Supplier, a partner's network"},
		{name: "no context file", side: "missing", saying: "bucketlid context init"},
		{name: "a context file without the network", context: ownNetworks, change: from("198.51.100.1"), absent: "network"},
		{name: "new in an own network", context: ownNetworks, log: lines(days(7, deedRecord{address: "203.0.113.9"}), []string{before10(0, deedRecord{})}), side: "yes", saying: "not seen before"},
		{name: "VPN", net: on(intel.VPN, elsewhere, march), change: from(elsewhere), side: "yes!", saying: "list of vpn"},
		{name: "VPN, in an IPv6 form of IPv4", net: on(intel.VPN, elsewhere, march), change: from("::ffff:" + elsewhere), side: "yes!", saying: "list of vpn"},
		{name: "VPN of one's own", context: ownNetworks, net: on(intel.VPN, office, march), side: "yes", saying: "list of vpn"},
		{name: "VPN, a year ago", net: on(intel.VPN, elsewhere, old), change: from(elsewhere), side: "yes", saying: "stale"},
		{name: "Tor", net: on(intel.Tor, elsewhere, march), change: from(elsewhere), side: "yes!", saying: "list of tor", signs: 1},
		{name: "open proxy", net: on(intel.Proxy, elsewhere, march), change: from(elsewhere), side: "yes!", saying: "list of proxy", signs: 1},
		{name: "hosting", net: on(intel.Hosting, elsewhere, march), change: from(elsewhere), side: "yes", saying: "list of hosting"},
		{name: "cloud", net: on(intel.Cloud, elsewhere, march), change: from(elsewhere), side: "yes", saying: "list of cloud"},
		{name: "hosting of one's own", context: ownNetworks, net: on(intel.Hosting, office, march), absent: "list of hosting"},
		{name: "on no list", net: on(intel.VPN, elsewhere, march), absent: "vpn"},
		{name: "no list", side: "missing", saying: "bucketlid intel update"},
		{name: "usual country", context: "usual: {countries: [DE]}\n", net: countryBook, side: "no", saying: "usual country: DE"},
		{name: "unusual country", context: "usual: {countries: [DE]}\n", net: countryBook, change: from(elsewhere), side: "yes!", saying: "not among your usual countries: country: FR"},
		{name: "unusual country, by data of two years before", context: "usual: {countries: [DE]}\n", net: countryBook, change: func(a *Alert) {
			from(elsewhere)(a)
			late, actor := ten.AddDate(2, 0, 0), *a.OpenedBy
			actor.EventTime, a.OpenedAt, a.OpenedBy = &late, &late, &actor
		}, side: "yes", saying: "FR (", absent: "never"},
		{name: "no list at all", side: "missing", saying: "no list of VPN, Tor and hosting or cloud addresses is installed (bucketlid intel update)"},
		{name: "a list of VPNs only", net: on(intel.VPN, elsewhere, march), side: "missing", saying: "no list of Tor and hosting or cloud addresses is installed"},
		{name: "no countries", context: "usual: {countries: [DE]}\n", net: on(intel.VPN, elsewhere, march), side: "missing", saying: "no database of countries is installed"},
		{name: "a list that is damaged", net: damagedTor, side: "missing", saying: "what tor-exits tells was not looked at: "},
		{name: "a list that was never fetched", net: func(t *testing.T) *intel.Database {
			d := on(intel.VPN, elsewhere, march)(t)
			d.Miss(intel.Row{Name: "ours", Kind: intel.Tor}, "it was never fetched")
			return d
		}, side: "missing", saying: "what ours tells was not looked at: it was never fetched"},
		{name: "another country than before", net: countryBook, change: from(elsewhere), log: lines(week, []string{before10(0, deedRecord{address: elsewhere})}), side: "yes", saying: "another country than all other addresses of the caller (DE)"},
		{name: "the country of before", net: countryBook, log: lines(week, []string{before10(0, deedRecord{address: "203.0.113.9"})}), absent: "another country"},
		{name: "country unknown", context: "usual: {countries: [DE]}\n", net: countryBook, change: from("198.51.100.1"), absent: "countr"},
		{name: "seen two days before, seldom", change: from(elsewhere), log: lines(week, []string{before10(50*time.Hour, deedRecord{address: elsewhere})}), side: "yes", saying: "the caller worked from it on one day before, 2026-02-28"},
		{name: "neighbour at home", change: from("203.0.113.99"), log: week, side: "no!", saying: "the caller worked from 1 other address of 203.0.113.0/24 on 7 days before"},
		{name: "neighbour at home, IPv6", change: six, log: days(7, deedRecord{address: "2001:db8:1:ffff::1"}), side: "no!", saying: "2001:db8:1::/48"},
		{name: "neighbour among rented servers", net: on(intel.Hosting, "203.0.113.0/24", march), change: from("203.0.113.99"), log: week, side: "no", saying: "1 other address"},
		{name: "neighbour of this morning", change: from("203.0.113.99"), log: []string{before10(time.Hour, deedRecord{})}, absent: "other address"},
		{name: "somebody else's neighbour", change: from("203.0.113.99"), log: days(7, deedRecord{arn: bob.ARN}), absent: "other address"},
	})
}

// Who has a service make the call is where he called from himself shortly before.
func TestBehindServiceEvidence(t *testing.T) {
	const service = "cloudformation.amazonaws.com"
	week := days(7, deedRecord{})
	byService := func(a *Alert) {
		actor := *a.OpenedBy
		actor.SourceIPAddress, actor.InvokedBy = service, service
		a.OpenedBy, a.SourceIPAddress = &actor, service
	}
	at := func(ago time.Duration, d deedRecord) []string {
		d.address = cmp.Or(d.address, elsewhere)
		return lines(week, []string{before10(ago, d)})
	}
	const usual = "an AWS service made the call for the caller (" + service + ")"
	checkEvidence(t, sourceIP, []evidenceCase{
		{name: "no other call", change: byService, log: week, side: "no!", saying: usual},
		{name: "from a new address half an hour before", change: byService, log: at(30*time.Minute, deedRecord{}), side: "yes!", saying: service + " made the call for the caller, who himself called from " + elsewhere + ", first seen 30 minutes before", absent: usual},
		{name: "from a new address of a VPN", change: byService, log: at(30*time.Minute, deedRecord{}), net: func(t *testing.T) *intel.Database {
			return lists(t, ten.AddDate(0, 0, -1), map[intel.Kind]string{intel.VPN: elsewhere})
		}, side: "yes!", saying: "list of vpn"},
		{name: "from a new address two hours before", change: byService, log: at(2*time.Hour, deedRecord{}), side: "no!", saying: usual, absent: "himself"},
		{name: "from a new address afterwards", change: byService, log: at(-time.Minute, deedRecord{}), side: "no!", saying: usual, absent: "himself"},
		{name: "from an address of the day before", change: byService, log: lines(week, days(1, deedRecord{address: elsewhere}), []string{before10(time.Minute, deedRecord{address: elsewhere})}), side: "no!", saying: usual, absent: "himself"},
		{name: "from a network of one's own", change: byService, context: ownNetworks, log: at(time.Minute, deedRecord{address: "203.0.113.77"}), side: "no!", saying: usual, absent: "himself"},
		{name: "from a private address", change: byService, log: at(time.Minute, deedRecord{address: "10.1.2.3"}), side: "no!", saying: usual, absent: "himself"},
		{name: "somebody else's call", change: byService, log: at(time.Minute, deedRecord{arn: bob.ARN}), side: "no!", saying: usual, absent: "himself"},
		{name: "in short records", change: byService, log: lines(days(1, deedRecord{}), []string{before10(time.Minute, deedRecord{address: elsewhere})}), side: "no!", saying: usual, absent: "himself"},
		{name: "the record names no service", change: func(a *Alert) {
			actor := *a.OpenedBy
			actor.SourceIPAddress = service
			a.OpenedBy, a.SourceIPAddress = &actor, service
		}, log: at(time.Minute, deedRecord{}), side: "missing", saying: "names no service that made the call", absent: usual},
	})
}

// The addresses of a trusted account's people are new to the organization,
// whoever they are.
func TestGuestEvidence(t *testing.T) {
	const trust = "trusted_accounts:\n  - {id: \"999900001111\", name: Courier, why: contract%s}\n"
	opened := lines(days(7, deedRecord{}), []string{before10(0, deedRecord{address: elsewhere})})
	guest := func(a *Alert) {
		from(elsewhere)(a)
		actor := *a.OpenedBy
		actor.ARN, actor.AccountID = "arn:aws:iam::999900001111:user/gus", "999900001111"
		a.OpenedBy = &actor
	}
	const told = "the caller is of Courier, whom the context file trusts (line 5)"
	checkEvidence(t, sourceIP, []evidenceCase{
		{name: "trusted", context: fmt.Sprintf(trust, ""), change: guest, log: opened, side: "missing", saying: told, absent: "not seen before"},
		{name: "trusted until before", context: fmt.Sprintf(trust, ", until: 2026-02-01"), change: guest, log: opened, side: "yes!", saying: "not seen before"},
		{name: "not trusted", context: "usual: {countries: [DE]}\n", change: guest, log: opened, side: "yes!", saying: "not seen before"},
		{name: "trusted, and from a VPN", context: fmt.Sprintf(trust, ""), change: guest, log: opened, net: func(t *testing.T) *intel.Database {
			return lists(t, ten.AddDate(0, 0, -1), map[intel.Kind]string{intel.VPN: elsewhere})
		}, side: "yes!", saying: "list of vpn"},
		{name: "of the organization's own", context: fmt.Sprintf(trust, ""), change: from(elsewhere), log: opened, side: "yes!", saying: "not seen before"},
	})
}

const people = `principals:
  - {match: "arn:aws:iam::111122223333:user/ann", role: devops, team: Platform, changes_s3: %s}
`

func TestUserBehaviourEvidence(t *testing.T) {
	by := func(change func(*exposure.Actor)) func(*Alert) {
		return func(a *Alert) {
			actor := *a.OpenedBy
			change(&actor)
			a.OpenedBy, a.SourceIPAddress = &actor, actor.SourceIPAddress
		}
	}
	agent := func(s string) func(*Alert) { return by(func(x *exposure.Actor) { x.UserAgent = s }) }
	called := func(event bucket.Event, kind string) func(*Alert) {
		return all(by(func(x *exposure.Actor) { x.Type = kind }), func(a *Alert) { a.call = &event })
	}
	week := days(7, deedRecord{})
	around := func(name string, at time.Duration) []string { return []string{before10(-at, deedRecord{name: name})} }
	changes := func(d ...int) (out []string) {
		for _, day := range d {
			out = append(out, before10(time.Duration(day)*24*time.Hour, deedRecord{name: "PutBucketAcl", bucket: fmt.Sprint("b", day)}))
		}
		return out
	}
	instance := "arn:aws:sts::111122223333:assumed-role/app/i-0a1b2c3d4e5f67890"
	onServer := by(func(x *exposure.Actor) { x.ARN, x.SourceIPAddress = instance, elsewhere })
	checkEvidence(t, userBehaviour, []evidenceCase{
		{name: "their work", context: fmt.Sprintf(people, "true"), side: "no!", saying: "devops of Platform: changing S3 settings is their work"},
		{name: "not their work", context: fmt.Sprintf(people, "false"), side: "yes!", saying: "changing S3 settings is not their work"},
		{name: "a role without a word of S3", context: "principals: [{match: \"arn:aws:iam::111122223333:user/ann\", role: developer}]\n", side: "missing", saying: "ann is developer; the context file does not say"},
		{name: "nobody of the context file", context: "principals: [{match: \"arn:aws:iam::111122223333:user/zoe\", role: developer}]\n", absent: "developer"},
		{name: "no context file", side: "missing", saying: "bucketlid context init"},
		{name: "a session without a second factor", change: called(bucket.Event{MFA: "false"}, "IAMUser"), side: "missing", saying: "without a second factor (mfaAuthenticated false)"},
		{name: "a session with one", change: called(bucket.Event{MFA: "true"}, "IAMUser"), unsaid: "second factor"},
		{name: "a key, with which none is asked for", change: called(bucket.Event{}, "IAMUser"), unsaid: "second factor"},
		{name: "a role, whose second factor is asked for elsewhere", change: called(bucket.Event{MFA: "false"}, "AssumedRole"), unsaid: "second factor"},
		{name: "root", change: by(func(x *exposure.Actor) { x.Type = "Root" }), side: "yes!", saying: "the root user made the call"},
		{name: "a service for the caller", change: by(func(x *exposure.Actor) { x.InvokedBy = "cloudformation.amazonaws.com" }), side: "no", saying: "made by cloudformation.amazonaws.com"},
		{name: "invoked by what is no service", change: by(func(x *exposure.Actor) { x.InvokedBy = "AWS Internal" }), absent: "AWS Internal"},
		{name: "Terraform", change: agent("APN/1.0 HashiCorp/1.0 Terraform/1.7"), side: "no", saying: "infrastructure code: Terraform"},
		{name: "Pulumi", change: agent("Pulumi/3"), side: "no", saying: "infrastructure code: Pulumi"},
		{name: "a system for breaking in", change: agent("aws-cli/2 Linux/6.5-Kali3"), side: "yes!", saying: "names kali", signs: 1},
		{name: "a place called so", change: agent("kaliningrad-build/1.0 my-parrot-service/2"), absent: "made for breaking in"},
		{name: "a program for trying", change: agent("stratus-red-team_0f3c"), side: "yes!", saying: "names stratus-red-team, made for breaking in", signs: 1},
		{name: "a new key", change: by(func(x *exposure.Actor) { x.AccessKeyID = "AKIANEW" }), log: lines(week, []string{before10(time.Hour, deedRecord{key: "AKIANEW"})}), side: "yes!", saying: "its access key AKIANEW was first seen 60 minutes before", signs: 1},
		{name: "an old key", change: by(func(x *exposure.Actor) { x.AccessKeyID = "AKIAOLD" }), log: week, absent: "access key"},
		{name: "a new key in short logs", change: by(func(x *exposure.Actor) { x.AccessKeyID = "AKIANEW" }), log: []string{before10(time.Hour, deedRecord{key: "AKIANEW"})}, absent: "access key"},
		{name: "a server's credentials elsewhere", change: onServer, log: lines(days(7, deedRecord{arn: instance, address: "10.0.0.1"}), []string{before10(0, deedRecord{arn: instance, address: elsewhere})}),
			side: "yes!", saying: "where such instances never were", signs: 1},
		{name: "a server's credentials where they always were", change: onServer, log: lines(days(7, deedRecord{arn: instance, address: elsewhere}), days(7, deedRecord{arn: instance, address: "10.0.0.1"})), absent: "instance"},
		{name: "a server at its private address", change: by(func(x *exposure.Actor) { x.ARN, x.SourceIPAddress = instance, "10.0.0.1" }), log: lines(days(7, deedRecord{arn: instance, address: elsewhere}), []string{before10(0, deedRecord{arn: instance, address: "10.0.0.1"})}), absent: "credentials"},
		{name: "a caller of this morning", log: lines(days(7, deedRecord{arn: bob.ARN}), []string{before10(5*time.Hour, deedRecord{})}), side: "yes!", saying: "the caller was first seen 5 hours before", signs: 1},
		{name: "a caller and his key of this morning", change: by(func(x *exposure.Actor) { x.AccessKeyID = "AKIANEW" }), log: lines(days(7, deedRecord{arn: bob.ARN}), []string{before10(5*time.Hour, deedRecord{key: "AKIANEW"})}), side: "yes!", saying: "the caller was first seen", signs: 1},
		{name: "a caller of the day before yesterday", log: lines(days(7, deedRecord{arn: bob.ARN}), []string{before10(49*time.Hour, deedRecord{})}), absent: "the caller was first seen"},
		{name: "first use of the call", log: lines(week, []string{before10(0, deedRecord{name: "PutBucketPolicy"})}), side: "yes", saying: "first use of PutBucketPolicy"},
		{name: "a call made often", log: calls(12, weekBefore, 12*time.Hour, "ann", office, "PutBucketPolicy"), side: "no!", saying: "used PutBucketPolicy on 6 days before, since 2026-02-23"},
		{name: "first use of the program", change: agent("Boto3/1"), log: lines(week, []string{before10(0, deedRecord{agent: "Boto3/1"})}), side: "yes", saying: "first use of Boto3"},
		{name: "first calls in the Region", change: func(a *Alert) { a.Region = "us-east-1" }, log: lines(week, []string{before10(0, deedRecord{region: "us-east-1"})}), side: "yes", saying: "first calls in us-east-1"},
		{name: "first hour at the address", change: from(elsewhere), log: lines(week, []string{before10(0, deedRecord{address: elsewhere})}), side: "yes", saying: "first hour from 192.0.2.66"},
		{name: "changes on three days", log: lines(week, changes(2, 4, 6)), side: "no!", saying: "changed S3 permissions 3 times before, on 3 days"},
		{name: "changes on two days", log: lines(week, changes(2, 4)), side: "no", saying: "changed S3 permissions 2 times before"},
		{name: "three changes on one day", log: lines(week, changes(4, 4, 4)), absent: "changed S3 permissions"},
		{name: "the first change", log: week, side: "yes", saying: "first change of any S3 permission in 7 days"},
		{name: "made the bucket", log: lines(week, []string{before10(time.Hour, deedRecord{name: "CreateBucket", bucket: "acme-data"})}), side: "no", saying: "the caller created the bucket 60 minutes before"},
		{name: "others' bucket", log: lines(week, []string{before10(time.Hour, deedRecord{arn: bob.ARN, name: "CreateBucket", bucket: "acme-data"})}), side: "yes", saying: "only others changed this bucket: bob"},
		{name: "own bucket too", log: lines(week, []string{before10(time.Hour, deedRecord{arn: bob.ARN, name: "CreateBucket", bucket: "acme-data"}), before10(time.Minute, deedRecord{name: "PutBucketAcl", bucket: "acme-data"})}), absent: "only others"},
		{name: "made a key before", log: lines(week, around("CreateAccessKey", -10*time.Minute)), side: "yes!", saying: "new credentials: CreateAccessKey 10 minutes before", signs: 1},
		{name: "changed rights after", log: lines(week, around("AttachUserPolicy", 10*time.Minute)), side: "yes!", saying: "rights: AttachUserPolicy 10 minutes after", signs: 1},
		{name: "stopped logging", log: lines(week, around("StopLogging", -time.Minute)), side: "yes!", saying: "logging: StopLogging", signs: 1},
		{name: "makes keys every day", log: lines(days(7, deedRecord{name: "CreateAccessKey"}), around("CreateAccessKey", -10*time.Minute)), side: "yes", saying: "new credentials"},
		{name: "made a key two hours before", log: lines(week, around("CreateAccessKey", -2*time.Hour)), side: "yes", saying: "the caller made new credentials: CreateAccessKey 2 hours before"},
		{name: "stopped logging two hours before", log: lines(week, around("StopLogging", -2*time.Hour)), side: "yes!", saying: "the caller switched off or narrowed logging: StopLogging 2 hours before", signs: 1},
		{name: "deleted a log group two hours before", log: lines(week, around("DeleteLogGroup", -2*time.Hour)), side: "yes", saying: "DeleteLogGroup 2 hours before"},
		{name: "stopped logging two days before", log: lines(week, around("StopLogging", -48*time.Hour)), absent: "StopLogging"},
		{name: "another's key", log: lines(week, []string{before10(time.Minute, deedRecord{arn: bob.ARN, name: "CreateAccessKey"})}), absent: "credentials"},
		{name: "three failures", log: lines(week, calls3(deedRecord{name: "ListUsers", err: "AccessDenied"})), side: "yes!", saying: "3 failed calls within the hour", signs: 1},
		{name: "one failure", log: lines(week, calls3(deedRecord{name: "ListUsers", err: "AccessDenied"})[:1]), side: "yes", saying: "1 failed call within the hour"},
		{name: "usual failures", log: lines(days(7, deedRecord{name: "ListUsers", err: "AccessDenied"}), calls3(deedRecord{name: "ListUsers", err: "AccessDenied"})), absent: "failed"},
		{name: "three other buckets", log: lines(week, calls3(deedRecord{name: "PutBucketAcl", bucket: "other-%"})), side: "yes", saying: "permissions of 3 other buckets within the hour: other-1, other-2, other-3"},
		{name: "two other buckets", log: lines(week, calls3(deedRecord{name: "PutBucketAcl", bucket: "other-%"})[:2]), absent: "other buckets"},
		{name: "out of hours", context: "usual: {hours: [{zone: UTC, from: \"12:00\", to: \"18:00\"}]}\n", side: "yes", saying: "outside the usual working hours: Monday 10:00 UTC"},
		{name: "in hours", context: "usual: {hours: [{zone: UTC, from: \"09:00\", to: \"18:00\"}]}\n", absent: "hours"},
		{name: "out of the caller's own hours", log: working(2, 10), side: "yes", saying: "outside the caller's own hours: it was 10:00 UTC"},
		{name: "own hours are told", log: working(2, 12), side: "yes", saying: "in 12 days of records, the caller called only in the hours 02 to 03 (UTC); 12 calls since"},
		{name: "two hours off", log: working(12, 12), absent: "own hours"},
		{name: "three hours off", log: working(13, 12), side: "yes", saying: "only in the hours 13 to 14 (UTC)"},
		{name: "round midnight", change: by(func(x *exposure.Actor) { late := ten.Add(13 * time.Hour); x.EventTime = &late }), log: working(0, 12), absent: "own hours"},
		{name: "too few calls", log: working(2, 9), absent: "own hours"},
		{name: "at all hours", log: lines(working(2, 12), days(2, deedRecord{})), absent: "own hours"},
		{name: "round the clock, though not at ten", log: lines(working(2, 12), working(13, 12), working(19, 12)), absent: "own hours"},
		{name: "hours of the same day only", log: lines(days(7, deedRecord{arn: bob.ARN}), calls3(deedRecord{}), calls3(deedRecord{}), calls3(deedRecord{}), calls3(deedRecord{})), absent: "own hours", signs: 1},
	})
}

// working is a call of ann's on each of the n days before, at an hour or the
// next by turns.
func working(hour, n int) []string {
	var out []string
	for i := range n {
		at := ten.AddDate(0, 0, -i-1)
		out = append(out, deedRecord{at: time.Date(at.Year(), at.Month(), at.Day(), hour+i%2, 30, 0, 0, time.UTC)}.line())
	}
	return out
}

// calls3 repeats a record in the minutes before ten; % is its number.
func calls3(d deedRecord) []string {
	var out []string
	for i := range 3 {
		one := d
		one.bucket = strings.ReplaceAll(d.bucket, "%", fmt.Sprint(i+1))
		out = append(out, before10(time.Duration(i+1)*time.Minute, one))
	}
	return out
}

func TestBucketNameEvidence(t *testing.T) {
	rule := func(text string) string { return "buckets: [{match: acme-data, " + text + "}]\n" }
	key := func(list ...string) func(*Alert) { return func(a *Alert) { a.Key = list[0]; a.Keys = list[1:] } }
	got := func(list ...string) func(*Alert) { return func(a *Alert) { a.AccessSeen.Keys = list } }
	checkEvidence(t, bucketName, []evidenceCase{
		{name: "no bucket", change: func(a *Alert) { a.Bucket = "" }, side: "missing", saying: "no single bucket"},
		{name: "no known word", side: "missing", saying: "no word of the name is known"},
		{name: "never public", context: rule("public: never, why: the board's"), side: "yes!", saying: "never be public: the board's"},
		{name: "never public, no reason", context: rule("public: never"), side: "yes!", saying: "so people said"},
		{name: "expected", context: rule("public: expected, why: site"), side: "no!", saying: "expected to be public: site"},
		{name: "expected until January", context: rule("public: expected, why: site, until: 2026-01-31"), side: "yes", saying: "until 2026-01-31 only"},
		{name: "never stands over expected", context: "buckets: [{match: 'acme-*', public: expected, why: site}, {match: '*-data', public: never, why: payroll}]\n", side: "yes!", saying: "never be public: payroll", absent: "expected"},
		{name: "expected, and open beyond that", context: rule("public: expected, why: site, until: 2026-03-05"), change: func(a *Alert) { later := ten.AddDate(0, 0, 30); a.ClosedAt = &later }, side: "yes", saying: "and stayed so longer", absent: "it is expected"},
		{name: "public data, while it was expected to be public", context: rule("public: expected, why: site, until: 2026-01-31, data_class: public"), side: "yes", saying: "until 2026-01-31 only", absent: "data class is public"},
		{name: "public data", context: rule("data_class: public"), side: "no!", saying: "data class is public"},
		{name: "health data", context: rule("data_class: health"), side: "yes!", saying: "data class is health"},
		{name: "another bucket's rule", context: "buckets: [{match: acme-other, public: never}]\n", absent: "never"},
		{name: "a word of the context file", context: "sensitive_words: [{word: data, means: the merger}]\n", side: "yes", saying: `"data" tells of the merger (context file)`},
		{name: "a harmless word over the list", context: "harmless_words: [{word: backup, means: what is harmless}]\n", change: func(a *Alert) { a.Bucket = "backup-tool" }, side: "no", saying: `"backup" tells of what is harmless (context file)`},
		{name: "a sensitive key", change: key("2026/payroll.csv"), side: "yes!", saying: `"payroll" in an object's key tells of pay`},
		{name: "a sensitive key among many", change: key("", "a.txt", "customers.csv"), side: "yes!", saying: `"customers" in an object's key`},
		{name: "a version's id is no key", change: key("a.txt?versionId=backup"), absent: "backup"},
		{name: "a page", change: key("index.html"), side: "no", saying: `objects that end in ".html"`},
		{name: "a picture may show anything", change: key("card.jpg"), absent: "objects that end"},
		{name: "a domain", change: func(a *Alert) { a.Bucket = "larks.example" }, side: "no", saying: "named like a website's domain"},
		{name: "a website", change: func(a *Alert) { a.website = "ann called PutBucketWebsite" }, side: "no", saying: "it serves a website: ann called"},
		{name: "a key that strangers got", change: got("2026/passports.csv"), side: "yes!", saying: `"passports" in the key of an object that strangers got tells of personal data`},
		{name: "a known file that strangers got", change: got("app/.env"), side: "yes!", saying: `".env" in the key of an object that strangers got: such a file holds secrets`},
		{name: "a paper that strangers got", change: got("files/passport.pdf"), side: "yes", saying: `"passport" in the key of an object that strangers got`},
		{name: "a site's file that strangers got", change: got("help/passwords.html"), absent: "strangers got"},
		{name: "a word that sites have too", change: got("img/user-card.png"), absent: "strangers got"},
		{name: "a word of the context file in a key", context: "sensitive_words: [{word: phoenix, means: the merger}]\n", change: got("phoenix.pdf"), side: "yes!", saying: "the merger (context file)"},
	})
}

func TestPermissionEvidence(t *testing.T) {
	scope := func(list ...string) func(*Alert) { return func(a *Alert) { a.Scope.Include = list } }
	elb := func(a *Alert) {
		shared(policy.Write)(a)
		a.Principals = []string{"156460612806"}
	}
	checkEvidence(t, permission, []evidenceCase{
		{name: "a folder", change: scope("acme-data/share/*"), side: "yes", saying: "the objects under acme-data/share/*"},
		{name: "a folder and the whole", change: scope("acme-data/share/*", "acme-data/*"), side: "yes!", saying: "every object of the bucket"},
		{name: "a folder, and its names", change: all(scope("acme-data", "acme-data/share/*"), access(policy.List, policy.Read)), side: "yes", saying: "may read the objects under acme-data/share/*", absent: "that alone reads none"},
		{name: "two objects by name, and their names", change: all(scope("acme-data", "acme-data/a", "acme-data/b"), access(policy.List, policy.Read)), side: "no", saying: "2 named objects only"},
		{name: "a folder, and settings", change: all(scope("acme-data", "acme-data/share/*"), access(policy.Read, policy.ACLRead, policy.ConfigRead)), side: "yes", saying: "the objects under", absent: "only"},
		{name: "one object, and its names", change: all(scope("acme-data/a"), access(policy.List, policy.Read)), side: "no", saying: "that alone reads none"},
		{name: "writing, and names", change: access(policy.List, policy.Write), side: "yes", saying: "may list the names of objects", absent: "reads none"},
		{name: "some objects", change: all(scope("acme-data/a", "acme-data/b"), func(a *Alert) { a.Objects = 2 }), side: "yes", saying: "may read 2 objects"},
		{name: "a foreign account", change: shared(policy.Delete), side: "yes!", saying: "the account 444455556666 may delete objects"},
		{name: "any AWS account", change: func(a *Alert) { a.Audience = policy.AnyAWSAccount }, side: "yes!", saying: "any AWS account (as good as anyone: an account is free) may read every object"},
		{name: "load balancers' logs", change: elb, side: "no!", saying: "load balancers may write their logs"},
		{name: "load balancers may read too", change: all(elb, func(a *Alert) { a.Access = append(a.Access, policy.Read) }), side: "yes!", saying: "may write"},
	})
}
