// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// tagLines writes the taggings of a bucket or an object, one a line.
func tagLines(l *Ledger, bucketName, key string) string {
	list, missing := l.Taggings(bucketName, key)
	var out []string
	for _, t := range list {
		line := t.Name
		if t.Whole {
			line += " whole"
		}
		for _, tag := range t.Set {
			line += fmt.Sprintf(" %s=%s", tag.Key, tag.Value)
		}
		for _, key := range t.Removed {
			line += " -" + key
		}
		if t.Lost != "" {
			line += " lost: " + t.Lost
		}
		out = append(out, line)
	}
	if missing != "" {
		out = append(out, "missing: "+missing)
	}
	return strings.Join(out, "\n")
}

func TestTags(t *testing.T) {
	many := `{"Key":"k%","Value":"` + strings.Repeat("v", 200) + `"}`
	var lots []string
	for i := range 60 {
		lots = append(lots, strings.ReplaceAll(many, "%", fmt.Sprint(i)))
	}
	for _, c := range []struct {
		what, name, params string
		more               []string
		want               string
	}{
		{"one tag is an object", "PutBucketTagging", `{"bucketName":"b","tagging":"","Tagging":{"TagSet":{"Tag":{"Key":"Classification","Value":"secret"}}}}`, nil, "PutBucketTagging whole Classification=secret"},
		{"several are a list", "PutBucketTagging", `{"bucketName":"b","tagging":[""],"Tagging":{"TagSet":{"Tag":[{"Key":"b","Value":1},{"Key":"a","Value":true},{"Value":"","Key":"c"}]}}}`, nil, "PutBucketTagging whole a=true b=1 c="},
		{"a list without Tag", "PutBucketTagging", `{"bucketName":"b","tagging":{"tagSet":[{"Key":"a","Value":"x"}]}}`, nil, "PutBucketTagging whole a=x"},
		{"none at all", "PutBucketTagging", `{"bucketName":"b","Tagging":{"TagSet":""}}`, nil, "PutBucketTagging whole"},
		{"none in an object", "PutBucketTagging", `{"bucketName":"b","Tagging":{"TagSet":{"xmlns":"x"}}}`, nil, "PutBucketTagging whole"},
		{"body is cut out", "PutBucketTagging", `{"bucketName":"b","tagging":""}`, nil, "PutBucketTagging whole lost: the log does not hold the tags that PutBucketTagging set"},
		{"a tag is a text", "PutBucketTagging", `{"bucketName":"b","Tagging":{"TagSet":{"Tag":"x"}}}`, nil, "PutBucketTagging whole lost: a tag that PutBucketTagging set is not readable"},
		{"too much", "PutBucketTagging", `{"bucketName":"b","Tagging":{"TagSet":{"Tag":[` + strings.Join(lots, ",") + `]}}}`, nil, ""},
		{"refused", "PutBucketTagging", `{"bucketName":"b","Tagging":{"TagSet":{"Tag":{"Key":"a","Value":"x"}}}}`, with(denied), ""},
		{"no time", "PutBucketTagging", `{"bucketName":"b","Tagging":{"TagSet":{"Tag":{"Key":"a","Value":"x"}}}}`, with(`"eventTime":"..."`), ""},
		{"removed", "DeleteBucketTagging", `{"bucketName":"b","tagging":""}`, nil, "DeleteBucketTagging whole"},
		{"made without", "CreateBucket", `{"bucketName":"b"}`, nil, ""},
		{"made with", "CreateBucket", `{"bucketName":"b","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1","Tags":{"Tag":[{"Key":"pii","Value":"yes"}]}}}`, nil, "CreateBucket whole pii=yes"},
		{"S3 Control", "TagResource", `{"Host":"111122223333.s3-control.eu-west-1.amazonaws.com","resourceArn":"arn:aws:s3:::b","TagResourceRequest":{"Tags":{"Tag":{"Key":"a","Value":"x"}}}}`, nil, "TagResource a=x"},
		{"its ARN in a URL's form", "TagResource", `{"resourceArn":"arn%3Aaws%3As3%3A%3A%3Ab","Tags":[{"Key":"a","Value":"x"}]}`, nil, "TagResource a=x"},
		{"of an access point", "TagResource", `{"resourceArn":"arn:aws:s3:eu-west-1:111122223333:accesspoint/b","Tags":[{"Key":"a","Value":"x"}],"note":"arn:aws:s3:::b"}`, nil, ""},
		{"of another service", "TagResource", `{"resourceArn":"arn:aws:s3:::b","Tags":[{"Key":"a","Value":"x"}]}`, with(`"eventSource":"organizations.amazonaws.com"`), ""},
		{"untag", "UntagResource", `{"resourceArn":"arn:aws:s3:::b","tagKeys":["a","b"]}`, nil, "UntagResource -a -b"},
		{"untag of what", "UntagResource", `{"resourceArn":"arn:aws:s3:::b"}`, nil, "UntagResource lost: the log does not hold which tags UntagResource removed"},
	} {
		got := anyWay(t, [][]byte{record(c.name, c.params, c.more...)}, func(l *Ledger) string { return tagLines(l, "b", "") })
		if c.what == "too much" {
			if !strings.HasSuffix(got, "lost: PutBucketTagging set more tags than are kept") || len(got) > maxTagBytes+200 {
				t.Errorf("%s: %s", c.what, got)
			}
		} else if got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestObjectTags(t *testing.T) {
	for _, c := range []struct{ name, header, want string }{
		{"PutObject", `"x-amz-tagging":"Classification=confidential&a=b%20c"`, "PutObject whole Classification=confidential a=b c"},
		{"CreateMultipartUpload", `"x-amz-tagging":["pii=true"]`, "CreateMultipartUpload whole pii=true"},
		{"CopyObject", `"x-amz-tagging":"%zz"`, "CopyObject whole lost: the tags of x-amz-tagging are not readable"},
		{"PutObject", `"x-amz-storage-class":"STANDARD"`, ""},
		{"PutObjectTagging", `"tagging":"","Tagging":{"TagSet":{"Tag":[{"Key":"pii","Value":"true"}]}}`, "PutObjectTagging whole pii=true"},
		{"PutObjectTagging", `"tagging":"","versionId":"v1","Tagging":{"TagSet":{"Tag":{"Key":"pii","Value":"true"}}}`, "PutObjectTagging pii=true"},
		{"PutObjectTagging", `"tagging":""`, "PutObjectTagging whole lost: the log does not hold the tags that PutObjectTagging set"},
		{"DeleteObjectTagging", `"tagging":""`, "DeleteObjectTagging whole"},
		{"DeleteObjectTagging", `"tagging":"","versionId":"v1"`, "DeleteObjectTagging"},
	} {
		raw := record(c.name, `{"bucketName":"b","key":"k","x-amz-acl":"public-read",`+c.header+`}`)
		if got := anyWay(t, [][]byte{raw}, func(l *Ledger) string { return tagLines(l, "b", "k") }); got != c.want {
			t.Errorf("%s: %q, want %q", raw, got, c.want)
		}
		if of := anyWay(t, [][]byte{raw}, func(l *Ledger) string { return tagLines(l, "b", "") }); of != "" {
			t.Errorf("%s: of the bucket %q", raw, of)
		}
	}
}

// Of an object the latest tags are kept, whatever the order.
func TestObjectTagsAreBounded(t *testing.T) {
	var raws [][]byte
	for i := range 9 {
		raws = append(raws, record("PutObjectTagging", fmt.Sprintf(`{"bucketName":"b","key":"k","Tagging":{"TagSet":{"Tag":{"Key":"n","Value":"%d"}}}}`, i), fmt.Sprintf(`"eventTime":"2025-06-01T00:%02d:00Z"`, i)))
	}
	want := "PutObjectTagging whole n=5\nPutObjectTagging whole n=6\nPutObjectTagging whole n=7\nPutObjectTagging whole n=8\n" +
		"missing: its tags changed more often than is kept: of the changes before 2025-06-01T00:05:00Z nothing is known"
	if got := anyWay(t, raws, func(l *Ledger) string { return tagLines(l, "b", "k") }); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// A reading of the account stands beside what calls did, and repeats none.
func TestTagsRead(t *testing.T) {
	l := NewLedger()
	l.Add(decoded(t, put(600, "b", "a", "x")))
	read := Tagging{Time: time.Date(2025, 6, 2, 0, 0, 0, 0, time.UTC), Name: "GetBucketTagging", Set: []Tag{{"b", "y"}, {"a", "x"}}}
	l.AddTagging("b", read)
	l.AddTagging("b", read)
	if got, want := tagLines(l, "b", ""), "PutBucketTagging whole a=x\nGetBucketTagging whole a=x b=y"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	l.AddTagging("c", Tagging{Time: read.Time, Name: "GetBucketTagging", Lost: "AccessDenied"})
	if got, want := tagLines(l, "c", ""), "GetBucketTagging lost: AccessDenied"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	l.AddTagging("d", Tagging{Time: read.Time, Name: "GetBucketTagging"})
	if got, want := tagLines(l, "d", ""), "GetBucketTagging whole"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// put is a call that tags a bucket at a minute.
func put(minute int, bucketName, key, value string) []byte {
	return record("PutBucketTagging", `{"bucketName":"`+bucketName+`","Tagging":{"TagSet":{"Tag":{"Key":"`+key+`","Value":"`+value+`"}}}}`,
		fmt.Sprintf(`"eventTime":"2025-06-01T%02d:%02d:00Z"`, minute/60, minute%60))
}

func TestTagsInOrder(t *testing.T) {
	shared := `"sharedEventID":"7d5f1a0c-0000-4000-8000-000000000002"`
	raws := [][]byte{
		put(600, "b", "a", "late"), record("CreateBucket", `{"bucketName":"b","CreateBucketConfiguration":{"Tags":{"Tag":{"Key":"a","Value":"made"}}}}`), record("DeleteBucket", `{"bucketName":"b"}`),
		record("PutBucketTagging", `{"bucketName":"b","Tagging":{"TagSet":{"Tag":{"Key":"a","Value":"x"}}}}`, shared),
		record("PutBucketTagging", `{"bucketName":"b","tagging":""}`, shared),
	}
	want := "CreateBucket whole a=made\nPutBucketTagging whole a=late\nPutBucketTagging whole a=x"
	if got := anyWay(t, raws, func(l *Ledger) string { return tagLines(l, "b", "") }); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// Above the bounds the same taggings are kept in any order and split, and what
// is not kept is said.
func TestTagBounds(t *testing.T) {
	defer func(n int) { maxTagged = n }(maxTagged)
	maxTagged = 4
	var raws [][]byte
	for i := range 40 {
		raws = append(raws, put(i, fmt.Sprintf("b%d", i%12), "a", fmt.Sprint(i)))
	}
	for i := range maxTaggings + 5 {
		raws = append(raws, put(100+i, "busy", "a", fmt.Sprint(i)))
	}
	all := anyWay(t, raws, func(l *Ledger) string {
		var out []string
		for i := range 12 {
			out = append(out, fmt.Sprintf("b%d: %s", i, tagLines(l, fmt.Sprintf("b%d", i), "")))
		}
		return strings.Join(append(out, "busy: "+tagLines(l, "busy", "")), "\n")
	})
	if kept := strings.Count(all, ": PutBucketTagging"); kept == 0 || kept > maxTagged {
		t.Errorf("the tags of %d buckets are kept, want 1 to %d", kept, maxTagged)
	}
	if !strings.Contains(all, "more tagged buckets than are kept") {
		t.Error("what is not kept is not said")
	}
	maxTagged = 1 << 14
	busy := anyWay(t, raws, func(l *Ledger) string { return tagLines(l, "busy", "") })
	if lines := strings.Split(busy, "\n"); len(lines) != maxTaggings+1 || lines[0] != "PutBucketTagging whole a=5" || !strings.Contains(busy, "before 2025-06-01T01:45:00Z nothing is known") {
		t.Error(busy)
	}
	if none := tagLines(ledger(t, put(1, "other", "a", "b")), "b", ""); none != "" {
		t.Errorf("a bucket that was never tagged has tags: %s", none)
	}
}
