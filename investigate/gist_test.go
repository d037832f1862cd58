// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/replay"
)

// What the records of the tests below are made of: callers, and what a call says
// beside its caller. Names of buckets stand where they may be met.
var (
	gistCallers = []string{
		`{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/team/alice","userName":"alice","accountId":"111122223333","principalId":"AIDAEXAMPLE0000001","accessKeyId":"AKIAEXAMPLE000000001"}`,
		`{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/alicE","userName":"alicE","accountId":"111122223333","principalId":"AIDAEXAMPLE0000002"}`,
		`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/Admin/bob@example.com","accountId":"111122223333","principalId":"AROAEXAMPLE0000001:bob@example.com","accessKeyId":"ASIAEXAMPLE000000001","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/ops/Admin"},"sourceIdentity":"Bob"}}`,
		`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/ci/build-1748772000","accountId":"111122223333","principalId":"AROAEXAMPLE0000002:build-1748772000","accessKeyId":"ASIAEXAMPLE000000002"}`,
		`{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/ci/a/b","accountId":"111122223333"}`,
		`{"type":"Root","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","principalId":"111122223333"}`,
		`{"type":"AWSService","invokedBy":"config.amazonaws.com"}`,
		`{"type":"AWSAccount","accountId":"anonymous","principalId":""}`,
		`{"type":"AWSAccount","accountId":"999988887777","principalId":"AIDASTRANGER000001"}`,
		`{"type":"IdentityCenterUser","accountId":"111122223333","onBehalfOf":{"userId":"90b2-user","identityStoreArn":"arn:aws:identitystore::1:x"}}`,
		`{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/` + strings.Repeat("long", 400) + `","userName":"alice"}`,
		`null`,
	}
	gistCalls = []struct{ name, more string }{
		{"GetObject", `,"requestParameters":{"bucketName":"lake","key":"a/data/b","Host":"lake.s3.eu-west-1.amazonaws.com"},"resources":[{"ARN":"arn:aws:s3:::lake/a"},{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::lake"}]`},
		{"GetObject", `,"requestParameters":"{\"bucketName\":\"lake\",\"key\":\"k\"}"`},
		{"GetObject", `,"requestParameters":{"bucketName":"other.lake","key":"lake"}`},
		{"PutObject", `,"requestParameters":{"bucketName":"lake","key":"open"},"responseElements":{"x-amz-version-id":"v2"}`},
		{"PutObject", `,"requestParameters":{"bucketName":"lake","key":"open","x-amz-acl":"public-read"}`},
		{"PutObject", `,"requestParameters":{"bucketName":"lake","key":"o\u0070en"}`},
		{"DeleteObject", `,"requestParameters":{"bucketName":"lake","key":"open","versionId":"v2"},"responseElements":{"x-amz-version-id":"v2"}`},
		{"DeleteObject", `,"requestParameters":{"bucketName":"lake","key":"open"},"responseElements":{"x-amz-version-id":"v3","x-amz-delete-marker":"true"}`},
		{"CopyObject", `,"requestParameters":{"bucketName":"copies","key":"x","x-amz-copy-source":"lake/open"}`},
		{"PutObjectAcl", `,"requestParameters":{"bucketName":"lake","key":"open","x-amz-acl":"public-read"}`},
		{"PutBucketAcl", `,"requestParameters":{"bucketName":"lake","x-amz-acl":"public-read"}`},
		{"PutBucketPolicy", `,"requestParameters":{"bucketName":"lake","bucketPolicy":{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::lake/*"}]}}`},
		{"PutBucketPolicy", `,"requestParameters":{"bucketName":"copies"},"errorCode":"AccessDenied"`},
		{"DeleteBucketPublicAccessBlock", `,"requestParameters":{"bucketName":"lake"}`},
		{"GetBucketPolicyStatus", `,"requestParameters":{"bucketName":"lake"},"responseElements":null,"additionalEventData":{"bytesTransferredOut":137}`},
		{"PutBucketReplication", `,"requestParameters":{"bucketName":"copies","ReplicationConfiguration":{"Rule":{"Destination":{"Bucket":"arn:aws:s3:::lake"}}}}`},
		{"CreateTrail", `,"eventSource":"cloudtrail.amazonaws.com","requestParameters":{"name":"t","s3BucketName":"lake"}`},
		{"AssumeRole", `,"requestParameters":{"roleArn":"arn:aws:iam::111122223333:role/ops/Admin"},"responseElements":{"credentials":{"accessKeyId":"ASIAEXAMPLE000000001"},"assumedRoleUser":{"arn":"arn:aws:sts::111122223333:assumed-role/Admin/bob@example.com"}}`},
		{"CreateAccessKey", `,"requestParameters":{"userName":"alice"}`},
		{"GetCallerIdentity", `,"eventSource":"sts.amazonaws.com"`},
		{"DescribeInstances", `,"eventSource":"ec2.amazonaws.com","errorCode":"Client.UnauthorizedOperation","requestParameters":{"note":"see https://lake.s3-website.example/ or x-lake"}`},
	}
	gistOdds = []string{
		``, ``, ``, ``, ``, `,"sourceIPAddress":"::ffff:203.0.113.9"`, `,"sourceIPAddress":"2001:DB8::1"`, `,"sourceIPAddress":"AWS Internal"`,
		`,"eventTime":"soon"`, `,"eventID":"..."`, `,"recipientAccountId":null`, `,"awsRegion":"us-east-1","userAgent":"[S3Console/0.4]"`,
	}
	gistSubjects = []struct {
		kind Kind
		text string
	}{
		{User, "ALICE"}, {User, "alice"}, {User, "arn:aws:iam::111122223333:user/team/alice"}, {User, "akiaexample000000001"}, {User, "AIDAEXAMPLE0000001"},
		{User, "admin"}, {User, "Admin/bob@example.com"}, {User, "bob"}, {User, "arn:aws:iam::111122223333:role/ops/Admin"}, {User, "arn:aws:sts::111122223333:assumed-role/ci"},
		{User, "arn:aws:iam::111122223333:role/ci"}, {User, "ci/a/b"}, {User, "AROAEXAMPLE0000002"}, {User, "root"}, {User, "root (111122223333)"}, {User, "anonymous"},
		{User, "config.amazonaws.com"}, {User, "90b2-user"}, {User, "111122223333"}, {User, "nobody"},
		{IP, "203.0.113.7"}, {IP, "203.0.113.0/28"}, {IP, "2001:db8::/32"}, {IP, "0.0.0.0/0"}, {IP, "198.51.100.1"},
		{Bucket, "lake"}, {Bucket, "copies"}, {Bucket, "other.lake"}, {Bucket, "data"}, {Bucket, "x-lake"}, {Bucket, "none-such"},
	}
)

func drawRecords(t *rapid.T) []string {
	var out []string
	for i := range rapid.IntRange(1, 60).Draw(t, "records") {
		c := rapid.SampledFrom(gistCalls).Draw(t, "call")
		at := fmt.Sprintf(`,"eventTime":"2026-03-%02dT%02d:%02d:%02dZ"`, 2+i%3, rapid.IntRange(0, 23).Draw(t, "hour"), i%60, i%7)
		out = append(out, record(rapid.SampledFrom(gistCallers).Draw(t, "caller"), c.name, at+c.more+rapid.SampledFrom(gistOdds).Draw(t, "odd")))
	}
	return out
}

// partsOf is the gist of records, and the rows that its terms find.
func partsOf(t testing.TB, records []string) (Parts, map[uint64][]int) {
	g, rows := NewGist(), map[uint64][]int{}
	row := 0
	observe(t, records, func(h header, raw []byte) {
		g.Note("object", h, raw, func(term uint64) { rows[term] = append(rows[term], row) }, func(term uint64) { rows[term] = append(rows[term], row) })
		row++
	})
	parts, ok := g.Parts()
	if !ok {
		t.Fatal("the gist gave up")
	}
	return func(part int) ([]byte, error) { return parts[part], nil }, rows
}

// summed are the sums of the files' gists, made in two steps.
func summed(t testing.TB, files []Parts) (gists []Parts) {
	t.Helper()
	for _, some := range [][]Parts{files[:len(files)/2], files[len(files)/2:]} {
		sums := NewGistSums()
		for _, parts := range slices.Concat(gists, some) {
			if err := sums.Add(parts); err != nil {
				t.Fatal(err)
			}
		}
		made, ok := sums.Gists()
		if !ok {
			t.Fatal("the sums gave up")
		}
		gists = nil
		for _, gist := range made {
			gists = append(gists, func(part int) ([]byte, error) { return gist[part], nil })
		}
	}
	return gists
}

// gatherGists is gather of files by their gists, or by the sums of these.
func gatherGists(t testing.TB, subjects []Subject, files [][]string, bySums bool) *gathered {
	g := &gathered{NewCollector(subjects), replay.NewLedger(), replay.NewBaseline()}
	all := NewGathered()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var gists []Parts
	for _, records := range files {
		parts, _ := partsOf(t, records)
		gists = append(gists, parts)
	}
	if bySums {
		gists = summed(t, gists)
	}
	for _, parts := range gists {
		must(all.Add(parts))
		must(g.c.AddGist(parts))
		must(Chosen(parts, func(_ string, h header, raw []byte) error {
			g.ledger.Take(h, raw)
			return nil
		}))
		must(Odd(parts, func(_ string, h header, raw []byte) error {
			g.baseline.Observe(h)
			g.ledger.Take(h, raw)
			g.c.Observe(h, raw)
			return nil
		}))
	}
	for _, records := range files {
		parts, rows := partsOf(t, records)
		found := map[int]bool{}
		for i := range subjects {
			terms, known, err := subjects[i].Terms(parts)
			must(err)
			for _, term := range slices.Concat(terms.Filed, terms.Near) {
				for _, row := range rows[term] {
					found[row] = true
				}
			}
			for row := 0; !known && row < len(records); row++ {
				found[row] = true
			}
		}
		row := 0
		observe(t, records, func(h header, raw []byte) {
			if found[row] && !isOdd(h) {
				g.c.Meet(h, raw)
			}
			row++
		})
	}
	shares := []*replay.Baseline{g.baseline, replay.NewBaseline()}
	must(all.Tell(shares, g.ledger))
	g.baseline.Merge(shares[1])
	return g
}

// told is an investigation with all its parts, as text.
func told(t testing.TB, x *Investigation) string {
	text, err := json.MarshalIndent([]any{x, x.Timeline, x.Answers, x.Steps}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Files that are known by their gists, however the records are shared among
// them, tell of every subject what reading tells.
func TestGistsTellWhatReadingTells(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		records := drawRecords(r)
		files := make([][]string, rapid.IntRange(1, 3).Draw(r, "files"))
		for i, one := range records {
			// A file is of one day.
			files[(2+i%3)%len(files)] = append(files[(2+i%3)%len(files)], one)
		}
		of := rapid.SampledFrom(gistSubjects).Draw(r, "subject")
		s, err := Parse(of.kind, of.text)
		if err != nil {
			r.Fatal(err)
		}
		in := Case{Kind: of.kind, Subject: of.text, Sources: []string{"logs"}}
		want := told(t, gather(t, []Subject{s}, records).investigate(in))
		for _, bySums := range []bool{false, true} {
			got := told(t, gatherGists(t, []Subject{s}, files, bySums).investigate(in))
			if got == want {
				continue
			}
			at := 0
			for at < min(len(got), len(want)) && got[at] == want[at] {
				at++
			}
			r.Fatalf("%s %s (by sums: %v) differs at %d:\n%.500s\n---\nreading says:\n%.500s", of.kind, of.text, bySums, at, got[max(0, at-150):], want[max(0, at-150):])
		}
	})
}

// How many leading zero bits leave just too many rewrites for a ledger.
func TestCrowdOfRewrites(t *testing.T) {
	for _, c := range []struct {
		by   []int64 // by leading zero bits, from none on
		want int
	}{
		{nil, 0},
		{[]int64{100_000, 20_000, 10_000}, 0},
		{[]int64{100_000, 100_000, 40_000}, 1},
		{[]int64{0, 0, 0, 131_073}, 3},
		{[]int64{0, 0, 0, 131_072}, 0},
	} {
		var crowd crowd
		copy(crowd[:], c.by)
		if got := crowd.least(1); got != c.want {
			t.Errorf("%v: %d, want %d", c.by, got, c.want)
		}
	}
}

// Whatever stands in a gist, reading it ends, with an error or without.
func TestHostileGists(t *testing.T) {
	var records []string
	for i, c := range gistCalls {
		records = append(records, record(gistCallers[i%len(gistCallers)], c.name, c.more+gistOdds[i%len(gistOdds)]))
	}
	whole, _ := partsOf(t, records)
	rapid.Check(t, func(r *rapid.T) {
		parts := func(part int) ([]byte, error) {
			text, _ := whole(part)
			text = slices.Clone(text)
			for range rapid.IntRange(0, 4).Draw(r, "changes") {
				if len(text) == 0 {
					break
				}
				at := rapid.IntRange(0, len(text)-1).Draw(r, "at")
				switch rapid.IntRange(0, 2).Draw(r, "how") {
				case 0:
					text[at] = rapid.Byte().Draw(r, "byte")
				case 1:
					text = text[:at]
				default:
					text = slices.Insert(text, at, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)
				}
			}
			return text, nil
		}
		ledger, baseline, c := replay.NewLedger(), replay.NewBaseline(), NewCollector(nil)
		all := NewGathered()
		s, _ := Parse(IP, "0.0.0.0/0")
		_, _, termsErr := s.Terms(parts)
		take := func(_ string, h header, raw []byte) error { ledger.Take(h, raw); return nil }
		for _, err := range []error{all.Add(parts), all.Tell([]*replay.Baseline{baseline}, ledger), c.AddGist(parts), Chosen(parts, take), Odd(parts, take), termsErr} {
			if err != nil && !errors.Is(err, ErrGist) {
				r.Fatalf("another error: %v", err)
			}
		}
	})
}
