// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketlid/bucketlid/bucket"
	"github.com/bucketlid/bucketlid/trail"
)

// gather reads records as a hunt does, by the sieve.
func gather(t testing.TB, raws ...[]byte) (*Ledger, *Baseline) {
	t.Helper()
	l, b := NewLedger(), NewBaseline()
	_, err := trail.Scan(bytes.NewReader(bytes.Join(raws, []byte("\n"))), trail.Options{}, func(h *trail.Header, raw []byte) error {
		b.Observe(h)
		if unread := l.Take(h, raw); strings.HasPrefix(unread, "CloudTrail record") {
			return errors.New(unread)
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l, b
}

func ledger(t testing.TB, raws ...[]byte) *Ledger {
	l, _ := gather(t, raws...)
	return l
}

// anyWay checks that answer is the same for shuffled, doubled and split records,
// and returns it.
func anyWay(t *testing.T, raws [][]byte, answer func(*Ledger) string) string {
	t.Helper()
	want := answer(ledger(t, raws...))
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		parts := make([][][]byte, 3)
		for _, raw := range slices.Concat(raws, raws[:len(raws)/2]) {
			i := rng.IntN(len(parts))
			parts[i] = append(parts[i], raw)
		}
		whole := NewLedger()
		for _, p := range parts {
			rng.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
			whole.Merge(ledger(t, p...))
		}
		if diff := cmp.Diff(want, answer(whole)); diff != "" {
			t.Fatalf("the answer depends on order, split or repeats (seed %d):\n%s", seed, diff)
		}
	}
	return want
}

// changesOf writes the changes of a ledger, sorted.
func changesOf(l *Ledger) string {
	var out []string
	for _, c := range l.Changes() {
		out = append(out, say(c)+" by "+c.Event.UserName)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func TestCopiesOfOneCall(t *testing.T) {
	shared := `"sharedEventID":"7d5f1a0c-0000-4000-8000-000000000001"`
	foreign := `"userIdentity":{"type":"AWSAccount","principalId":"AROA:bob","accountId":"444455556666"}`
	callers := record("PutObjectAcl", `{"bucketName":"b","key":"k","x-amz-acl":"public-read"}`, shared, `"recipientAccountId":"444455556666"`,
		`"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::444455556666:user/bob","userName":"bob","accountId":"444455556666"}`)
	owners := record("PutObjectAcl", `{"bucketName":"b","key":"k"}`, shared, foreign)
	third := record("PutObjectAcl", `{"bucketName":"b","key":"k"}`, shared, foreign, `"sourceIPAddress":null`)
	for _, c := range []struct {
		name string
		raws [][]byte
		want string
	}{
		{"caller's alone", [][]byte{callers}, "object-acl done b k@ account=444455556666  AllUsers:READ acl by bob"},
		{"owner's alone", [][]byte{owners}, "object-acl done b k@ lost by account 444455556666 · bob"},
		{"both", [][]byte{callers, owners}, "object-acl done b k@ AllUsers:READ acl by bob"},
		{"three", [][]byte{third, callers, owners}, "object-acl done b k@ AllUsers:READ acl by bob"},
		{"owner's twice", [][]byte{third, owners}, "object-acl done b k@ lost by account 444455556666 · bob"},
	} {
		if got := anyWay(t, c.raws, changesOf); got != c.want {
			t.Errorf("%s:\n%s", c.name, cmp.Diff(c.want, got))
		}
	}
}

func TestPlaceholderIDs(t *testing.T) {
	masked := func(name, params string, more ...string) []byte {
		return record(name, params, append(more, `"eventID":"..."`, `"sharedEventID":"..."`, `"requestID":"..."`)...)
	}
	a := masked("PutBucketAcl", `{"bucketName":"a","x-amz-acl":"public-read"}`)
	b := masked("PutBucketAcl", `{"bucketName":"b","x-amz-acl":"public-read"}`)
	if got := anyWay(t, [][]byte{a, b, a}, func(l *Ledger) string { return fmt.Sprint(l.Count()) }); got != "2" {
		t.Errorf("two calls with ids that tell nothing are %s", got)
	}
	use := func(key string) []byte {
		return masked("GetObject", `{"bucketName":"b","key":"`+key+`"}`, `"userIdentity":{"type":"AWSAccount","accountId":"anonymous"}`)
	}
	j, k := use("j"), use("k")
	uses := ledger(t, j, k, k).Uses()
	if len(uses) != 1 || uses[0].Requests() != 2 {
		t.Errorf("%d uses, want one of two requests", len(uses))
	}
	same := func(acl string) []byte { return masked("PutBucketAcl", `{"bucketName":"b","x-amz-acl":"`+acl+`"}`) }
	anyWay(t, [][]byte{same("public-read"), same("authenticated-read"), same("private"), same("aws-exec-read")}, states)
}

func TestCount(t *testing.T) {
	l := ledger(t, record("CreateBucket", `{"bucketName":"b"}`), record("GetBucketPolicy", `{"bucketName":"b"}`, `"errorCode":"NoSuchBucketPolicy"`),
		record("PutBucketAcl", `{"bucketName":"b"}`, denied), record("ListBuckets", `{}`))
	if l.Count() != 2 || len(l.Changes()) != 3 {
		t.Errorf("%d calls, %d changes", l.Count(), len(l.Changes()))
	}
	l.Add(decoded(t, record("ListBuckets", `{}`)))
	if len(l.Changes()) != 3 {
		t.Error("a call of no interest is kept")
	}
}

// at gives a record's time of day on 2025-06-01.
func at(clock string) string { return `"eventTime":"2025-06-01T` + clock + `Z"` }

// states writes for every timeline and step what holds of organization, account
// and objects, sorted.
func states(l *Ledger) string {
	var lines []string
	for tl := range l.Timelines(time.Time{}, nil) {
		var out strings.Builder
		fmt.Fprintf(&out, "%s/%s", tl.Bucket, tl.Account)
		for i, s := range tl.Steps {
			st := tl.State(i)
			fmt.Fprintf(&out, " %s", s.Time.Format("15:04"))
			if st.Organization.Known {
				fmt.Fprintf(&out, " org=%s", st.Organization.Value)
			} else if st.Organization.Why != "" {
				out.WriteString(" org?")
			}
			if st.AccountBlock[0].Value == bucket.True {
				out.WriteString(" account=true")
			}
			if a := st.ACL; a.Known && a.Value.Public() {
				out.WriteString(" public")
			}
			for _, o := range tl.Objects() {
				if r := tl.ObjectACL(o, i); r.Known && r.Value != nil && r.Value.Public() {
					fmt.Fprintf(&out, " %s@%s", o.Key, o.Version)
				}
			}
			if len(st.Points) > 0 {
				for _, p := range st.Points {
					fmt.Fprintf(&out, " %s:%v/%v", p.Name, p.Created.Value != nil, p.Policy.Value != nil)
				}
			}
			out.WriteString(";")
		}
		lines = append(lines, out.String()+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

type storyCase struct {
	name string
	raws [][]byte
	want string
}

func runStories(t *testing.T, cases []storyCase) {
	t.Helper()
	for _, c := range cases {
		if got := strings.TrimSuffix(anyWay(t, c.raws, states), "\n"); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestMultipart(t *testing.T) {
	start := func(clock, key, id string) []byte {
		return record("CreateMultipartUpload", `{"bucketName":"b","key":"`+key+`","x-amz-acl":"public-read"}`, at(clock), `"responseElements":{"uploadId":"`+id+`"}`)
	}
	done := func(clock, key, id string) []byte {
		return record("CompleteMultipartUpload", `{"bucketName":"b","key":"`+key+`","uploadId":"`+id+`"}`, at(clock))
	}
	runStories(t, []storyCase{
		{"joined", [][]byte{start("10:00:00", "k", "u"), done("10:20:00", "k", "u")}, "b/111122223333 10:20 k@;"},
		{"not completed", [][]byte{start("10:00:00", "k", "u")}, ""},
		{"not started", [][]byte{done("10:20:00", "k", "u")}, "b/111122223333 10:20;"},
		{"another upload", [][]byte{start("10:00:00", "k", "u"), done("10:20:00", "k", "v")}, "b/111122223333 10:20;"},
		{"another key", [][]byte{start("10:00:00", "k", "u"), done("10:20:00", "j", "u")}, "b/111122223333 10:20;"},
		{"without ids", [][]byte{start("10:00:00", "k", ""), done("10:20:00", "k", "")}, "b/111122223333 10:20 k@;"},
		{"completed before it started", [][]byte{start("10:30:00", "k", "u"), done("10:20:00", "k", "u")}, "b/111122223333 10:20;"},
		{"completed by a clock that is a second behind", [][]byte{start("10:20:01", "k", "u"), done("10:20:00", "k", "u")}, "b/111122223333 10:20 k@;"},
		{"by id, though another without one is later", [][]byte{start("10:00:00", "k", "u"),
			record("CreateMultipartUpload", `{"bucketName":"b","key":"k","x-amz-grant-read":"id=p"}`, at("10:10:00")), done("10:20:00", "k", "u")}, "b/111122223333 10:20 k@;"},
	})
}

func TestOrganization(t *testing.T) {
	content := func(v string) string {
		return `"content":"{\"s3_attributes\":{\"public_access_block_configuration\":{\"@@assign\":\"` + v + `\"}}}"`
	}
	create := func(clock, id, v string) []byte {
		return record("CreatePolicy", `{`+content(v)+`}`, at(clock), `"responseElements":{"policy":{"policySummary":{"id":"`+id+`"}}}`)
	}
	update := func(clock, id, v string) []byte {
		return record("UpdatePolicy", `{"policyId":"`+id+`",`+content(v)+`}`, at(clock))
	}
	attach := func(clock, id, target string) []byte {
		return record("AttachPolicy", `{"policyId":"`+id+`","targetId":"`+target+`"}`, at(clock))
	}
	detach := func(clock, id, target string) []byte {
		return record("DetachPolicy", `{"policyId":"`+id+`","targetId":"`+target+`"}`, at(clock))
	}
	disable := func(clock string) []byte { return record("DisablePolicyType", `{"policyType":"S3_POLICY"}`, at(clock)) }
	b := record("DeleteBucketPolicy", `{"bucketName":"b"}`, at("09:00:00"))
	runStories(t, []storyCase{
		{"to the account", [][]byte{b, create("10:00:00", "p-1", "all"), attach("11:00:00", "p-1", own), detach("12:00:00", "p-1", own)}, "b/111122223333 09:00; 11:00 org=all; 12:00 org=;"},
		{"to another account", [][]byte{b, create("10:00:00", "p-1", "all"), attach("11:00:00", "p-1", other)}, "b/111122223333 09:00;"},
		{"to the root", [][]byte{b, create("10:00:00", "p-1", "all"), attach("11:00:00", "p-1", "r-1")}, "b/111122223333 09:00; 11:00 org=all;"},
		{"to a unit", [][]byte{b, create("10:00:00", "p-1", "all"), attach("11:00:00", "p-1", "ou-1"), detach("12:00:00", "p-1", "ou-1")}, "b/111122223333 09:00; 11:00 org?; 12:00 org=;"},
		{"content changed", [][]byte{b, create("10:00:00", "p-1", "all"), attach("11:00:00", "p-1", "r-1"), update("12:00:00", "p-1", "none")}, "b/111122223333 09:00; 11:00 org=all; 12:00 org=none;"},
		{"content unreadable", [][]byte{b, create("10:00:00", "p-1", "maybe"), attach("11:00:00", "p-1", "r-1")}, "b/111122223333 09:00; 11:00 org?;"},
		{"content told after it was attached", [][]byte{b, attach("10:00:00", "p-1", "r-1"), update("11:00:00", "p-1", "all")}, "b/111122223333 09:00; 11:00 org=all;"},
		{"of another type", [][]byte{b, attach("10:00:00", "p-1", "r-1"), detach("11:00:00", "p-1", "r-1")}, "b/111122223333 09:00;"},
		{"disabled", [][]byte{b, create("10:00:00", "p-1", "all"), attach("11:00:00", "p-1", "r-1"), disable("12:00:00")}, "b/111122223333 09:00; 11:00 org=all; 12:00 org=;"},
		{"disabled without any", [][]byte{b, disable("12:00:00")}, "b/111122223333 09:00;"},
		{"the root's remains", [][]byte{b, create("10:00:00", "p-1", "all"), create("10:00:00", "p-2", "none"), attach("11:00:00", "p-1", "r-1"), attach("12:00:00", "p-2", own), detach("13:00:00", "p-2", own)},
			"b/111122223333 09:00; 11:00 org=all; 12:00 org=none; 13:00 org=all;"},
		{"the account's stands over the root's", [][]byte{b, create("10:00:00", "p-1", "all"), create("10:00:00", "p-2", "none"), attach("11:00:00", "p-2", own), attach("12:00:00", "p-1", "r-1")},
			"b/111122223333 09:00; 11:00 org=none; 12:00 org=all; 12:00 org=none;"},
		{"one policy to unit and root", [][]byte{b, create("10:00:00", "p-1", "all"), attach("11:00:00", "p-1", "r-1"), attach("12:00:00", "p-1", "ou-1"), update("13:00:00", "p-1", "none")},
			"b/111122223333 09:00; 11:00 org=all; 12:00 org?; 13:00 org?;"},
		{"attached twice, detached once", [][]byte{b, create("10:00:00", "p-1", "all"), attach("11:00:00", "p-1", "r-1"), attach("11:30:00", "p-1", "r-1"), detach("12:00:00", "p-1", "r-1")}, "b/111122223333 09:00; 11:00 org=all; 12:00 org=;"},
	})
}

func TestPartition(t *testing.T) {
	account := func(clock, id string, on bool) []byte {
		return record("PutAccountPublicAccessBlock", fmt.Sprintf(`{"Host":"%s.s3-control.eu-west-1.amazonaws.com","PublicAccessBlockConfiguration":{"BlockPublicAcls":%v}}`, id, on), at(clock), `"recipientAccountId":"`+id+`"`)
	}
	point := record("CreateAccessPoint", `{"name":"p","CreateAccessPointRequest":{"Bucket":"b"}}`, at("10:00:00"))
	pointPolicy := record("PutAccessPointPolicy", `{"name":"p","PutAccessPointPolicyRequest":{"Policy":`+public+`}}`, at("10:10:00"))
	theirPoint := record("CreateAccessPoint", `{"name":"p","CreateAccessPointRequest":{"Bucket":"b"}}`, at("10:00:00"), `"recipientAccountId":"444455556666"`)
	b := record("DeleteBucketPolicy", `{"bucketName":"b"}`, at("09:00:00"))
	runStories(t, []storyCase{
		{"the account alone", [][]byte{account("10:00:00", own, true)}, "/111122223333 10:00 account=true;"},
		{"account and bucket", [][]byte{b, account("10:00:00", own, true)}, "/111122223333 10:00 account=true;\nb/111122223333 09:00; 10:00 account=true;"},
		{"another account's", [][]byte{b, account("10:00:00", other, true)}, "/444455556666 10:00 account=true;\nb/111122223333 09:00;"},
		{"an access point and its policy", [][]byte{pointPolicy, point}, "b/111122223333 10:00 p:true/false; 10:10 p:true/true;"},
		{"an access point of an unknown bucket", [][]byte{pointPolicy}, "/111122223333 10:10 p:false/true;"},
		{"an access point of another account does not bring its block", [][]byte{b, theirPoint, account("11:00:00", other, true)},
			"/444455556666 11:00 account=true;\nb/111122223333 09:00 p:false/false; 10:00 p:true/false; 11:00 p:true/false;"},
		{"another owner later", [][]byte{account("08:00:00", other, true), b, record("DeleteBucket", `{"bucketName":"b"}`, at("10:00:00")), record("CreateBucket", `{"bucketName":"b"}`, at("11:00:00"), `"recipientAccountId":"444455556666"`)},
			"/444455556666 08:00 account=true;\nb/444455556666 08:00; 09:00; 10:00; 11:00 account=true;"},
		{"undated records stand alone", [][]byte{b, record("DeleteBucketPolicy", `{"bucketName":"b"}`, `"eventTime":"soon"`)}, "b/111122223333 00:00;\nb/111122223333 09:00;"},
		{"undated records with one id", [][]byte{record("PutBucketAcl", `{"bucketName":"b","x-amz-acl":"public-read"}`, `"eventTime":"soon"`, `"eventID":"..."`), record("PutBucketAcl", `{"bucketName":"b","x-amz-acl":"private"}`, `"eventTime":"soon"`, `"eventID":"..."`)},
			"b/111122223333 00:00 public;\nb/111122223333 00:00;"},
		{"a multi-Region access point", [][]byte{record("CreateMultiRegionAccessPoint", `{"Details":{"Name":"m","Regions":{"Region":[{"Bucket":"b"},{"Bucket":"c"}]}}}`, at("10:00:00")),
			record("PutMultiRegionAccessPointPolicy", `{"Details":{"Name":"m","Policy":`+public+`}}`, at("11:00:00"))},
			"b/111122223333 10:00 m:true/false; 11:00 m:true/true;\nc/111122223333 10:00 m:true/false; 11:00 m:true/true;"},
	})
}

func TestRewrites(t *testing.T) {
	public := func(clock, key string) []byte {
		return record("PutObject", `{"bucketName":"b","key":"`+key+`","x-amz-acl":"public-read"}`, at(clock))
	}
	plain := func(name, clock, key string, more ...string) []byte {
		return record(name, `{"bucketName":"b","key":"`+key+`"}`, append(more, at(clock))...)
	}
	stranger := `"userIdentity":{"type":"AWSAccount","accountId":"444455556666"}`
	made := func(version string) string { return `"responseElements":{"x-amz-version-id":"` + version + `"}` }
	versioned := func(clock, version string) []byte {
		return record("PutObject", `{"bucketName":"b","key":"k","x-amz-acl":"public-read"}`, at(clock), made(version))
	}
	closed := record("PutObjectAcl", `{"bucketName":"b","key":"k","x-amz-acl":"private"}`, at("12:00:00"))
	keeps := func(clock, status string) []byte {
		return record("PutBucketVersioning", `{"bucketName":"b","VersioningConfiguration":{"Status":"`+status+`"}}`, at(clock))
	}
	runStories(t, []storyCase{
		{"put", [][]byte{public("10:00:00", "k"), plain("PutObject", "11:00:00", "k")}, "b/111122223333 10:00 k@; 11:00;"},
		{"copied", [][]byte{public("10:00:00", "k"), plain("CopyObject", "11:00:00", "k")}, "b/111122223333 10:00 k@; 11:00;"},
		{"posted, in either name", [][]byte{public("10:00:00", "k"), plain("POST Object", "11:00:00", "k")}, "b/111122223333 10:00 k@; 11:00;"},
		{"deleted", [][]byte{public("10:00:00", "k"), plain("DeleteObject", "11:00:00", "k")}, "b/111122223333 10:00 k@; 11:00;"},
		{"put by a stranger", [][]byte{public("10:00:00", "k"), plain("PutObject", "11:00:00", "k", stranger)}, "b/111122223333 10:00 k@; 11:00;"},
		{"refused", [][]byte{public("10:00:00", "k"), plain("PutObject", "11:00:00", "k", denied)}, "b/111122223333 10:00 k@;"},
		{"refused to a stranger", [][]byte{public("10:00:00", "k"), plain("PutObject", "11:00:00", "k", stranger, denied)}, "b/111122223333 10:00 k@;"},
		{"another key", [][]byte{public("10:00:00", "k"), plain("PutObject", "11:00:00", "j")}, "b/111122223333 10:00 k@;"},
		{"another key, made to have the same hash", [][]byte{
			bytes.ReplaceAll(public("10:00:00", "k8s-prod-state-secrets-kube-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-end"), []byte(`"b"`), []byte(`"bkt"`)),
			record("DeleteObject", `{"bucketName":"bkt","key":"k8s-prod-state-secreG5Y2zVAnAAAAAAAAAAAAAAAAAAAAAAAAl_X@CKUm-end"}`, at("11:00:00"))},
			"bkt/111122223333 10:00 k8s-prod-state-secrets-kube-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-end@;"},
		{"undated", [][]byte{public("10:00:00", "k"), record("PutObject", `{"bucketName":"b","key":"k"}`, `"eventTime":"soon"`)}, "b/111122223333 10:00 k@;"},
		{"versioned", [][]byte{public("10:00:00", "k"), plain("PutObject", "11:00:00", "k", made("v"))}, "b/111122223333 10:00 k@; 11:00 k@;"},
		{"a version is deleted", [][]byte{versioned("10:00:00", "v"), record("DeleteObject", `{"bucketName":"b","key":"k","versionId":"v"}`, at("11:00:00"), made("v"))}, "b/111122223333 10:00 k@v; 11:00;"},
		{"another version is deleted", [][]byte{versioned("10:00:00", "v"), record("DeleteObject", `{"bucketName":"b","key":"k","versionId":"w"}`, at("11:00:00"), made("w"))}, "b/111122223333 10:00 k@v;"},
		{"a delete marker", [][]byte{versioned("10:00:00", "v"), plain("DeleteObject", "11:00:00", "k", made("w"))}, "b/111122223333 10:00 k@v;"},
		{"closed by PutObjectAcl without a version", [][]byte{versioned("10:00:00", "v"), closed}, "b/111122223333 10:00 k@v; 12:00;"},
		{"that goes to the version last uploaded", [][]byte{versioned("10:00:00", "v"), plain("PutObject", "11:00:00", "k", made("w")), closed}, "b/111122223333 10:00 k@v; 11:00 k@v; 12:00 k@v;"},
		{"version null is replaced", [][]byte{versioned("10:00:00", "null"), plain("PutObject", "11:00:00", "k", made("null"))}, "b/111122223333 10:00 k@; 11:00;"},
		{"versioning suspended", [][]byte{public("10:00:00", "k"), plain("PutObject", "11:00:00", "k", `"responseElements":{"x-amz-version-id":"null"}`)}, "b/111122223333 10:00 k@; 11:00;"},
		{"versions are kept, but not told: put", [][]byte{keeps("09:00:00", "Enabled"), public("10:00:00", "k"), plain("PutObject", "11:00:00", "k")}, "b/111122223333 09:00; 10:00 k@; 11:00 k@;"},
		{"versions are kept, but not told: deleted", [][]byte{keeps("09:00:00", "Enabled"), public("10:00:00", "k"), plain("DeleteObject", "11:00:00", "k")}, "b/111122223333 09:00; 10:00 k@;"},
		{"versions are kept: null is deleted by its id", [][]byte{keeps("09:00:00", "Enabled"), public("08:00:00", "k"),
			record("DeleteObject", `{"bucketName":"b","key":"k","versionId":"null"}`, at("11:00:00"))}, "b/111122223333 08:00 k@; 09:00 k@; 11:00;"},
		{"versions are no longer kept", [][]byte{keeps("09:00:00", "Enabled"), keeps("09:30:00", "Suspended"), public("10:00:00", "k"), plain("DeleteObject", "11:00:00", "k")}, "b/111122223333 09:00; 09:30; 10:00 k@; 11:00;"},
		{"versions are kept later", [][]byte{public("10:00:00", "k"), plain("DeleteObject", "11:00:00", "k"), keeps("12:00:00", "Enabled")}, "b/111122223333 10:00 k@; 11:00; 12:00;"},
		{"escaped", [][]byte{public("10:00:00", `a\"&\u00e9`), record("PutObject", `{"bucketName":"b","key":"a\"\u0026é"}`, at("11:00:00"))}, `b/111122223333 10:00 a"&é@; 11:00;`},
		{"with blanks", [][]byte{public("10:00:00", "k"), record("PutObject", `{ "bucketName" : "b", "key" : [ "k" ] }`, at("11:00:00"))}, "b/111122223333 10:00 k@; 11:00;"},
		{"the rewrite comes first", [][]byte{plain("PutObject", "09:00:00", "k"), public("10:00:00", "k")}, "b/111122223333 09:00; 10:00 k@;"},
		{"nothing public", [][]byte{plain("PutObject", "09:00:00", "k")}, ""},
	})
}

func TestMember(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{`{"key":"k"}`, "k"}, {`{"a":"\"key\":\"x\"","key":"k"}`, "k"}, {`{"a":"key","key":"k"}`, "k"}, {`{"key":{"key":"k"}}`, "k"},
		{`{"key":null}`, ""}, {`{"key":"`, ""}, {`{"key":"k\`, ""}, {`{"key":"k\"`, ""}, {`{"key"`, ""}, {`{"key":`, ""}, {``, ""},
		{`{"key":"a\\"}`, `a\`}, {`{"key":"\ud800"}`, "\ufffd"}, {`{"key":""}`, ""}, {`{"key":"\x"}`, `\x`},
	} {
		if got := string(member([]byte(c.raw), `"key"`)); got != c.want {
			t.Errorf("%s: %q, want %q", c.raw, got, c.want)
		}
	}
}

func TestUUID(t *testing.T) {
	for text, want := range map[string]string{
		"a0261606-2833-41df-8006-8a324a8f86d4": "a0261606-2833-41df-8006-8a324a8f86d4",
		"A0261606-2833-41DF-8006-8A324A8F86D4": "a0261606-2833-41df-8006-8a324a8f86d4",
		"...":                                  "", "": "", "g0261606-2833-41df-8006-8a324a8f86d4": "",
	} {
		if got := parseUUID([]byte(text)).String(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if parseUUID([]byte("a")) == parseUUID([]byte("b")) {
		t.Error("two ids are one")
	}
}

// Above the cap the same rewrites are kept whatever the order and split, and
// the objects that lost theirs say so.
func TestRewriteCap(t *testing.T) {
	defer func(n int) { maxRewrites = n }(maxRewrites)
	maxRewrites = 8
	var raws [][]byte
	for i := range 40 {
		key := fmt.Sprintf("key-%02d", i)
		raws = append(raws, record("PutObject", `{"bucketName":"b","key":"`+key+`","x-amz-acl":"public-read"}`, at("10:00:00")),
			record("PutObject", `{"bucketName":"b","key":"`+key+`"}`, at("11:00:00")))
	}
	got := anyWay(t, raws, func(l *Ledger) string {
		doubted, open := 0, 0
		tl := slices.Collect(l.Timelines(time.Time{}, nil))[0]
		for _, s := range tl.Steps {
			if len(s.Change.Details) > 0 {
				doubted++
			}
		}
		for _, o := range tl.Objects() {
			if r := tl.ObjectACL(o, len(tl.Steps)-1); r.Value != nil && r.Value.Public() {
				open++
			}
		}
		return fmt.Sprint(doubted, open, len(l.rewrites.list) <= maxRewrites) + "\n" + states(l)
	})
	var doubted, open int
	var bounded bool
	if _, err := fmt.Sscan(got, &doubted, &open, &bounded); err != nil || doubted != open || open == 0 || open >= 40 || !bounded {
		t.Errorf("%d objects in doubt, %d open of 40, bounded %v", doubted, open, bounded)
	}
	var set rewriteSet
	for i := range uint64(1000) {
		set.add(rewrite{object: 1 << 40, seconds: int64(i), by: &bucket.Event{}})
	}
	set.shrink()
	if len(set.list) > maxRewrites {
		t.Errorf("%d rewrites of one object are kept", len(set.list))
	}
}

func TestGaps(t *testing.T) {
	logging := func(name, clock, trail string, more ...string) []byte {
		return record(name, `{"name":"`+trail+`"}`, append(more, at(clock))...)
	}
	const arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"
	read := record("ListBuckets", `{}`, at("11:00:00"))
	theirs := record("ListBuckets", `{}`, at("11:00:00"), `"recipientAccountId":"444455556666"`)
	for _, c := range []struct {
		name string
		raws [][]byte
		want string
	}{
		{"none", [][]byte{read}, ""},
		{"stopped and started", [][]byte{logging("StopLogging", "10:00:00", "main"), logging("StartLogging", "12:00:00", "main")}, "10:00-12:00"},
		{"by ARN and by name", [][]byte{logging("StopLogging", "10:00:00", arn), logging("StartLogging", "12:00:00", "main")}, "10:00-12:00"},
		{"not started again", [][]byte{logging("DeleteTrail", "10:00:00", "main")}, "10:00-"},
		{"another trail wrote", [][]byte{logging("StopLogging", "10:00:00", "main"), read, logging("StartLogging", "12:00:00", "main")}, ""},
		{"another account's trail wrote", [][]byte{logging("StopLogging", "10:00:00", "main"), theirs, logging("StartLogging", "12:00:00", "main")}, "10:00-12:00"},
		{"another trail was started", [][]byte{logging("StopLogging", "10:00:00", "main"), logging("StartLogging", "12:00:00", "side")}, "10:00-"},
		{"stopped twice", [][]byte{logging("StopLogging", "10:00:00", "main"), logging("StopLogging", "11:00:00", "main"), logging("StartLogging", "12:00:00", "main")}, ""},
		{"refused", [][]byte{logging("StopLogging", "10:00:00", "main", denied)}, ""},
		{"undated", [][]byte{record("StopLogging", `{"name":"main"}`, `"eventTime":""`)}, ""},
		{"two", [][]byte{logging("StopLogging", "10:00:00", "main"), logging("StartLogging", "10:30:00", "main"), logging("StopLogging", "14:00:00", "main"), logging("StartLogging", "15:00:00", "main")}, "10:00-10:30 14:00-15:00"},
	} {
		for seed := range uint64(4) {
			raws := slices.Clone(c.raws)
			rand.New(rand.NewPCG(seed, 2)).Shuffle(len(raws), func(i, j int) { raws[i], raws[j] = raws[j], raws[i] })
			l, b := gather(t, raws...)
			var got []string
			for _, g := range l.Gaps(b) {
				to := ""
				if !g.To.IsZero() {
					to = g.To.Format("15:04")
				}
				got = append(got, g.From.Format("15:04")+"-"+to)
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("%s: %s, want %s", c.name, text, c.want)
			}
		}
	}
}

func TestUses(t *testing.T) {
	get := func(clock string, more ...string) []byte {
		return record("GetObject", `{"bucketName":"b","key":"k"}`, append([]string{at(clock), `"userIdentity":{"type":"AWSAccount","accountId":"anonymous"}`}, more...)...)
	}
	show := func(l *Ledger) string {
		var out []string
		for _, u := range l.Uses() {
			text := fmt.Sprintf("%s %s %s %v %s-%s %d×%d", u.Bucket, u.Account, u.Address, u.Access, u.First.Format("15:04:05"), u.Last.Format("15:04:05"), u.Requests(), u.Bytes())
			if u.Denied {
				text += " denied"
			}
			if u.ByACL {
				text += " acl"
			}
			out = append(out, text)
		}
		return strings.Join(out, "\n")
	}
	one, two, three := get("10:00:00", out("5")), get("10:59:59", out("7.0")), get("11:00:00")
	for _, c := range []struct {
		name string
		raws [][]byte
		want string
	}{
		{"one hour, one cell", [][]byte{one, two}, "b anonymous 203.0.113.7 read 10:00:00-10:59:59 2×12"},
		{"two hours, two cells", [][]byte{one, three}, "b anonymous 203.0.113.7 read 10:00:00-10:00:00 1×5\nb anonymous 203.0.113.7 read 11:00:00-11:00:00 1×0"},
		{"the older name of nobody", [][]byte{get("10:00:00", `"userIdentity":{"type":"AWSAccount","accountId":"ANONYMOUS_PRINCIPAL"}`), one}, "b anonymous 203.0.113.7 read 10:00:00-10:00:00 2×5"},
		{"denied apart", [][]byte{one, get("10:00:00", denied)}, "b anonymous 203.0.113.7 read 10:00:00-10:00:00 1×5\nb anonymous 203.0.113.7 read 10:00:00-10:00:00 1×0 denied"},
		{"by ACL apart", [][]byte{get("10:00:00", `"additionalEventData":{"aclRequired":"Yes"}`)}, "b anonymous 203.0.113.7 read 10:00:00-10:00:00 1×0 acl"},
		{"foreign account", [][]byte{get("10:00:00", `"userIdentity":{"type":"AWSAccount","accountId":"444455556666"}`)}, "b 444455556666 203.0.113.7 read 10:00:00-10:00:00 1×0"},
		{"the owner himself", [][]byte{get("10:00:00", `"userIdentity":{"type":"AWSAccount","accountId":"111122223333"}`)}, ""},
		{"a user of the account", [][]byte{record("GetObject", `{"bucketName":"b","key":"k"}`)}, ""},
		{"undated", [][]byte{get("10:00:00", `"eventTime":"soon"`)}, ""},
		{"redacted owner", [][]byte{record("GetObject", `{"bucketName":"b","key":"k"}`, `"userIdentity":{"type":"AWSAccount","principalId":"AROAEXAMPLE:sess","accountId":"999988887777"}`, at("10:00:00"), denied,
			`"resources":[{"type":"AWS::S3::Bucket","accountId":"","ARN":"arn:aws:s3:::b"}]`)}, "b 999988887777 203.0.113.7 read 10:00:00-10:00:00 1×0 denied"},
		{"by access class", [][]byte{record("ListObjects", `{"bucketName":"b"}`, `"userIdentity":{"type":"AWSAccount","accountId":"anonymous"}`, at("10:00:00"))}, "b anonymous 203.0.113.7 list 10:00:00-10:00:00 1×0"},
	} {
		if got := anyWay(t, c.raws, show); got != c.want {
			t.Errorf("%s:\n%s", c.name, cmp.Diff(c.want, got))
		}
	}
	var many [][]byte
	for range 2000 {
		many = append(many, get("10:30:00", out("10")))
	}
	text := anyWay(t, many, func(l *Ledger) string {
		u := l.Uses()[0]
		return fmt.Sprint(u.Exact(), u.Requests(), u.Bytes() == 10*u.Requests())
	})
	var exact, proportional bool
	var n int
	if _, err := fmt.Sscan(text, &exact, &n, &proportional); err != nil || exact || !proportional || n < 1600 || n > 2400 {
		t.Errorf("2000 requests are estimated as %s", text)
	}
}
