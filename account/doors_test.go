// SPDX-License-Identifier: Apache-2.0

package account_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/account"
	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// Two doors, one truth: what a scan finds is what a hunt finds at the end of the
// log of the same calls.

const (
	home    = "111122223333"
	ownerID = "1111222233331111222233331111222233331111222233331111222233331111"
	guestID = "4444555566664444555566664444555566664444555566664444555566664444"
	region  = "eu-west-1"
	name    = "acme-doors"
)

var (
	created = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC) // with the defaults of that time
	scanned = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
)

type object = map[string]any

// world is the settings of one bucket, and the log of the calls that made them.
type world struct {
	acl                object // as in a log: AccessControlPolicy
	public             bool   // of acl
	shared             bool   // acl admits others than the owner
	policy             string
	block, accountWide object // nil: none
	ownership          string
	payer, website     string
	objects            map[string]object
	objectPublic       map[string]bool
	points             map[string]*point
	log                []string
}

type point struct {
	vpc, policy string
	block       object
}

func newWorld() *world {
	w := &world{objects: map[string]object{}, objectPublic: map[string]bool{}, points: map[string]*point{}, payer: "BucketOwner"}
	w.acl = aclOf()
	w.call("CreateBucket", object{"x-amz-object-ownership": "ObjectWriter"})
	w.ownership = "ObjectWriter"
	w.called("PutAccountPublicAccessBlock", object{"Host": home + ".s3-control." + region + ".amazonaws.com", "PublicAccessBlockConfiguration": flagsOf(0)})
	w.accountWide = flagsOf(0)
	return w
}

// call logs a call on the bucket.
func (w *world) call(event string, params object) {
	params["bucketName"], params["Host"] = name, name+".s3."+region+".amazonaws.com"
	w.called(event, params)
}

func (w *world) called(event string, params object) {
	at := created.Add(time.Duration(len(w.log)) * time.Hour)
	record, _ := json.Marshal(object{
		"eventVersion": "1.11", "eventTime": at.Format(time.RFC3339), "eventSource": "s3.amazonaws.com", "eventName": event, "awsRegion": region,
		"userIdentity":    object{"type": "IAMUser", "arn": "arn:aws:iam::" + home + ":user/ann", "accountId": home, "userName": "ann"},
		"sourceIPAddress": "203.0.113.7", "requestParameters": params, "eventID": fmt.Sprintf("00000000-0000-4000-8000-%012d", len(w.log)),
		"recipientAccountId": home, "eventCategory": "Management", "managementEvent": true,
	})
	w.log = append(w.log, string(record))
}

func aclOf(grants ...object) object {
	owner := object{"Grantee": object{"ID": ownerID, "xsi:type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}
	list := []any{owner}
	for _, g := range grants {
		list = append(list, g)
	}
	return object{"Owner": object{"ID": ownerID}, "AccessControlList": object{"Grant": list}}
}

func toGroup(group, permission string) object {
	return object{"Grantee": object{"URI": "http://acs.amazonaws.com/groups/global/" + group, "xsi:type": "Group"}, "Permission": permission}
}

func flagsOf(bits int) object {
	return object{"BlockPublicAcls": bits&1 > 0, "IgnorePublicAcls": bits&2 > 0, "BlockPublicPolicy": bits&4 > 0, "RestrictPublicBuckets": bits&8 > 0}
}

func (w *world) on(flag string) bool {
	return w.block != nil && w.block[flag].(bool) || w.accountWide != nil && w.accountWide[flag].(bool)
}

func statement(effect, principal, action, resource, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return fmt.Sprintf(`{"Effect":%q,"Principal":%s,"Action":%q,"Resource":%q%s}`, effect, principal, action, resource, condition)
}

var policies = []string{
	statement("Allow", `"*"`, "s3:GetObject", "arn:aws:s3:::"+name+"/*", ""),
	statement("Allow", `{"AWS":"*"}`, "s3:ListBucket", "arn:aws:s3:::"+name, `{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`),
	statement("Allow", `"*"`, "s3:GetObject", "arn:aws:s3:::"+name+"/*", `{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`),
	statement("Allow", `{"AWS":"444455556666"}`, "s3:PutObject", "arn:aws:s3:::"+name+"/in/*", ""),
	statement("Deny", `"*"`, "s3:ListBucket", "arn:aws:s3:::"+name, ""),
	statement("Allow", `{"AWS":"*"}`, "s3:*", "arn:aws:s3:::"+name+"/*", `{"StringEquals":{"s3:DataAccessPointAccount":"`+home+`"}}`),
	statement("Allow", `"*"`, "s3:GetObject", "arn:aws:s3:::"+name+"/web/*", `{"StringLike":{"aws:Referer":"https://www.example.com/*"}}`),
}

func document(statements []string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// step makes one call that AWS would accept.
func (w *world) step(t *rapid.T) {
	grants := []object{toGroup("AllUsers", "READ"), toGroup("AllUsers", "FULL_CONTROL"), toGroup("AuthenticatedUsers", "READ_ACP"),
		{"Grantee": object{"ID": guestID, "xsi:type": "CanonicalUser"}, "Permission": "WRITE"}}
	given := rapid.SliceOfNDistinct(rapid.IntRange(0, len(grants)-1), 0, 2, rapid.ID[int]).Draw(t, "grants")
	var some []object
	public := false
	for _, i := range given {
		some = append(some, grants[i])
		public = public || i < 3
	}
	bits := rapid.IntRange(0, 15).Draw(t, "flags")
	switch rapid.SampledFrom([]string{"acl", "object", "policy", "no policy", "block", "no block", "account", "ownership", "payer", "website", "point", "point policy"}).Draw(t, "call") {
	case "acl":
		w.putACL(aclOf(some...), public, len(some) > 0, "")
	case "object":
		w.putACL(aclOf(some...), public, len(some) > 0, rapid.SampledFrom([]string{"a", "b/c"}).Draw(t, "key"))
	case "policy":
		w.putPolicy(document(rapid.SliceOfNDistinct(rapid.SampledFrom(policies), 1, 3, rapid.ID[string]).Draw(t, "statements")))
	case "no policy":
		w.policy = ""
		w.call("DeleteBucketPolicy", object{})
	case "block":
		w.block = flagsOf(bits)
		w.call("PutBucketPublicAccessBlock", object{"PublicAccessBlockConfiguration": w.block})
	case "no block":
		w.block = nil
		w.call("DeleteBucketPublicAccessBlock", object{})
	case "account":
		w.accountWide = flagsOf(bits)
		w.called("PutAccountPublicAccessBlock", object{"Host": home + ".s3-control." + region + ".amazonaws.com", "PublicAccessBlockConfiguration": w.accountWide})
	case "ownership":
		w.putOwnership(rapid.SampledFrom([]string{"BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter", ""}).Draw(t, "ownership"))
	case "payer":
		w.payer = rapid.SampledFrom([]string{"Requester", "BucketOwner"}).Draw(t, "payer")
		w.call("PutBucketRequestPayment", object{"RequestPaymentConfiguration": object{"Payer": w.payer}})
	case "website":
		w.website = "index.html"
		w.call("PutBucketWebsite", object{"WebsiteConfiguration": object{"IndexDocument": object{"Suffix": w.website}}})
	case "point":
		w.addPoint(flagsOf(bits*rapid.IntRange(0, 1).Draw(t, "guarded")), rapid.SampledFrom([]string{"", "", "vpc-0a1b2c3d4e5f67890"}).Draw(t, "vpc"))
	case "point policy":
		w.putPointPolicy()
	}
}

func (w *world) putACL(acl object, public, shared bool, key string) {
	if public && w.on("BlockPublicAcls") || w.ownership == "BucketOwnerEnforced" {
		return
	}
	params := object{"AccessControlPolicy": acl}
	if key != "" {
		w.objects[key], w.objectPublic[key] = acl, public
		params["key"] = key
		w.call("PutObjectAcl", params)
		return
	}
	w.acl, w.public, w.shared = acl, public, shared
	w.call("PutBucketAcl", params)
}

func (w *world) putPolicy(text string) {
	if w.on("BlockPublicPolicy") {
		return
	}
	w.policy = text
	var body any
	_ = json.Unmarshal([]byte(text), &body)
	w.call("PutBucketPolicy", object{"bucketPolicy": body})
}

func (w *world) putOwnership(value string) {
	switch {
	case value == "BucketOwnerEnforced" && w.shared: // S3 refuses it
	case value == "":
		w.ownership = ""
		w.call("DeleteBucketOwnershipControls", object{})
	default:
		w.ownership = value
		w.call("PutBucketOwnershipControls", object{"OwnershipControls": object{"Rule": object{"ObjectOwnership": value}}})
	}
}

func (w *world) addPoint(block object, vpc string) {
	if len(w.points) > 1 {
		return
	}
	id := fmt.Sprintf("point-%d", len(w.points))
	w.points[id] = &point{vpc: vpc, block: block}
	request := object{"Bucket": name, "PublicAccessBlockConfiguration": block}
	if vpc != "" {
		request["VpcConfiguration"] = object{"VpcId": vpc}
	}
	w.called("CreateAccessPoint", object{"Host": home + ".s3-control." + region + ".amazonaws.com", "name": id, "CreateAccessPointRequest": request})
}

func (w *world) putPointPolicy() {
	p := w.points["point-0"]
	if p == nil || w.on("BlockPublicPolicy") || p.block["BlockPublicPolicy"].(bool) {
		return
	}
	p.policy = document([]string{statement("Allow", `{"AWS":"*"}`, "s3:GetObject", "arn:aws:s3:"+region+":"+home+":accesspoint/point-0/object/*", "")})
	w.called("PutAccessPointPolicy", object{"Host": home + ".s3-control." + region + ".amazonaws.com", "name": "point-0",
		"PutAccessPointPolicyRequest": object{"Policy": p.policy}})
}

// settings are the world as the API shows it. masked hides the grants that have
// no effect, as S3 does; moto does not.
func (w *world) settings(masked bool) account.Settings {
	s := account.Settings{Account: home, Region: region, Bucket: name, Read: scanned}
	s.ACL = w.shownACL(w.acl, w.public, masked)
	s.Policy = present(w.policy)
	s.Block, s.AccountBlock = blockSetting(w.block), blockSetting(w.accountWide)
	s.Ownership = account.Setting{Status: account.Absent}
	if w.ownership != "" {
		s.Ownership = shown(object{"OwnershipControls": object{"Rules": []object{{"ObjectOwnership": w.ownership}}}})
	}
	s.Payer, s.Versioning = shown(object{"Payer": w.payer}), shown(object{})
	s.PolicyStatus, s.Website = account.Setting{Status: account.Absent}, account.Setting{Status: account.Absent}
	if w.website != "" {
		s.Website = shown(object{"IndexDocument": object{"Suffix": w.website}})
	}
	for _, key := range slices.Sorted(maps.Keys(w.objects)) {
		s.Objects = append(s.Objects, account.Object{Key: key, ACL: w.shownACL(w.objects[key], w.objectPublic[key], masked)})
	}
	for _, id := range slices.Sorted(maps.Keys(w.points)) {
		p := w.points[id]
		s.AccessPoints = append(s.AccessPoints, account.AccessPoint{Name: id, VPC: p.vpc, Policy: present(p.policy), Block: blockSetting(p.block)})
	}
	s.Points = account.Setting{Status: account.Present}
	return s
}

func (w *world) shownACL(acl object, public, masked bool) account.Setting {
	var grants []any
	for _, g := range acl["AccessControlList"].(object)["Grant"].([]any) {
		grantee := g.(object)["Grantee"].(object)
		hidden := w.on("IgnorePublicAcls") && grantee["URI"] != nil || w.ownership == "BucketOwnerEnforced" && grantee["ID"] != ownerID
		if !masked || !hidden {
			grants = append(grants, g)
		}
	}
	return shown(object{"Owner": acl["Owner"], "Grants": grants})
}

func shown(shape object) account.Setting {
	text, _ := json.Marshal(shape)
	return account.Setting{Status: account.Present, Text: string(text)}
}

func present(text string) account.Setting {
	if text == "" {
		return account.Setting{Status: account.Absent}
	}
	return account.Setting{Status: account.Present, Text: text}
}

func blockSetting(flags object) account.Setting {
	if flags == nil {
		return account.Setting{Status: account.Absent}
	}
	return shown(object{"PublicAccessBlockConfiguration": flags})
}

// ledger is what hunt keeps of the log.
func (w *world) ledger(fail func(why string)) *replay.Ledger {
	l := replay.NewLedger()
	_, err := trail.Scan(strings.NewReader(strings.Join(w.log, "\n")), trail.Options{}, func(h *trail.Header, raw []byte) error {
		if unread := l.Take(h, raw); unread != "" {
			fail(unread)
		}
		return nil
	}, func(s trail.Skip) { fail(s.Reason) })
	if err != nil {
		fail(err.Error())
	}
	return l
}

func (w *world) hunted(t *rapid.T) *replay.Ledger { return w.ledger(func(why string) { t.Fatal(why) }) }

func read(l *replay.Ledger, s account.Settings) {
	l.AddReadings(account.AccountChange(s.Account, s.AccountBlock, s.Read))
	l.AddReadings(account.Changes(s)...)
}

// truth is what holds at the end: who may do what. Since when, and how it is
// known, is left out: there the doors differ. Scopes stand apart, since accesses
// that opened together share one exposure.
type truth struct {
	open   []string // now
	scopes []string // of what is open
	latent []string // given and never open, with what stops it
	held   []string // given, and stopped when it was seen last
	// reached is open in the form of held: of two grants of one access, hunt
	// tells only the window that both share.
	reached []string
}

func now(t *rapid.T, l *replay.Ledger) truth {
	var out truth
	for tl := range l.Timelines(time.Time{}, nil) {
		if len(tl.Drifts()) > 0 {
			t.Fatalf("drift where there is none: %+v", tl.Drifts())
		}
		for _, e := range exposure.Find(tl) {
			out.add(&e)
		}
	}
	for _, list := range []*[]string{&out.open, &out.scopes, &out.latent, &out.held} {
		all := slices.Clone(*list)
		*list = slices.DeleteFunc(*list, func(one string) bool { return wider(one) != one && slices.Contains(all, wider(one)) })
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return out
}

func (out *truth) add(e *exposure.Exposure) {
	who := audience(e) + " " + e.Key + e.AccessPoint
	for _, access := range e.Access {
		what := who + " " + string(access)
		switch {
		case e.State == exposure.Open:
			out.reached = append(out.reached, fmt.Sprint(e.Audience.Public(), e.Principals, e.Key, e.AccessPoint, access))
			out.open = append(out.open, fmt.Sprint(what, " by ", e.Segments[len(e.Segments)-1].Routes, e.Certainty))
		case e.State == exposure.Blocked:
			// To whom it would be open may have changed while it was held.
			out.held = append(out.held, fmt.Sprint(e.Audience.Public(), e.Principals, e.Key, e.AccessPoint, access))
		}
		if e.Latent && e.ClosedAt == nil {
			out.latent = append(out.latent, what+" stopped by "+strings.Join(e.BlockedBy, ", "))
		}
	}
	if e.State == exposure.Open {
		for _, piece := range e.Scope.Include {
			out.scopes = append(out.scopes, who+" "+piece)
		}
	}
}

// wider is the line of anyone, which tells of any AWS account too.
func wider(line string) string {
	if rest, ok := strings.CutPrefix(line, string(policy.AnyAWSAccount)); ok {
		return string(policy.Anyone) + rest
	}
	return line
}

func audience(e *exposure.Exposure) string {
	if e.Audience == policy.Account {
		return strings.Join(e.Principals, ",")
	}
	return string(e.Audience)
}

func generate(t *rapid.T) *world {
	w := newWorld()
	for range rapid.IntRange(1, 10).Draw(t, "calls") {
		w.step(t)
	}
	return w
}

func TestScanFindsWhatHuntFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := generate(t)
		live := replay.NewLedger()
		read(live, w.settings(false))
		hunt, scan := now(t, w.hunted(t)), now(t, live)
		if !slices.Equal(hunt.open, scan.open) || !slices.Equal(hunt.scopes, scan.scopes) {
			t.Errorf("%s\n\nhunt: %q %q\n\nscan: %q %q", w.calls(), hunt.open, hunt.scopes, scan.open, scan.scopes)
		}
		// What a guard held since the grant was made, a scan sees held too; what
		// it sees held, the log told of.
		for _, one := range hunt.latent {
			if !slices.Contains(scan.latent, one) {
				t.Errorf("%s\n\nonly hunt: %s\n\nscan: %s", w.calls(), one, strings.Join(scan.latent, "\n"))
			}
		}
		for _, one := range scan.held {
			if !slices.Contains(hunt.held, one) && !slices.Contains(hunt.reached, one) {
				t.Errorf("%s\n\nonly scan: %s\n\nhunt: %s", w.calls(), one, strings.Join(hunt.held, "\n"))
			}
		}
	})
}

// S3 hides grants while a guard holds; the log gives them back.
func TestScanWithLogFindsWhatHuntFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := generate(t)
		both := w.hunted(t)
		read(both, w.settings(true))
		hunt, scan := now(t, w.hunted(t)), now(t, both)
		if !reflect.DeepEqual(hunt, scan) {
			t.Errorf("%s\n\nhunt: %+v\n\nscan: %+v", w.calls(), hunt, scan)
		}
	})
}

// calls is the log in short.
func (w *world) calls() string {
	var out []string
	for _, record := range w.log {
		var r struct {
			EventName         string
			RequestParameters json.RawMessage
		}
		_ = json.Unmarshal([]byte(record), &r)
		out = append(out, r.EventName+" "+string(r.RequestParameters))
	}
	return strings.Join(out, "\n")
}
