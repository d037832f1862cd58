// SPDX-License-Identifier: Apache-2.0

package account

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestCheckRoot(t *testing.T) {
	for _, tt := range []struct{ body, problem string }{
		{`<AccessControlPolicy/>`, ""},
		{"\uFEFF<?xml version=\"1.0\"?>\n<s3:AccessControlPolicy xmlns:s3=\"x\">", ""},
		{`<GetBucketAclResponse>`, ""},
		{`<AccessControlPolicyX/>`, "begins with <AccessControlPolicyX>"},
		{`<html><body>Sign in</body>`, "begins with <html>"},
		{`<!DOCTYPE html><html>`, "no XML"},
		{`{"ok":true}`, "no XML"},
		{strings.Repeat(" ", 5000) + `<AccessControlPolicy/>`, "empty"},
		{"", "empty"},
		{"<" + strings.Repeat("a", 4000) + ">", "begins with <" + strings.Repeat("a", 40) + ">"}, {"<" + strings.Repeat("a", 5000), "no XML"}, {"<Access", "no XML"},
	} {
		err := checkRoot(bufio.NewReaderSize(strings.NewReader(tt.body), rootWithin), "AccessControlPolicy", "GetBucketAclResponse")
		if (err == nil) != (tt.problem == "") || err != nil && !strings.Contains(err.Error(), tt.problem) {
			t.Errorf("%.60q: %v", tt.body, err)
		}
	}
	// What is wrong at its beginning is refused at once, however slow the rest is.
	slow, end := io.Pipe()
	go func() { _, _ = end.Write([]byte("<html>")) }()
	if err := checkRoot(bufio.NewReaderSize(slow, rootWithin), "AccessControlPolicy"); err == nil || !strings.Contains(err.Error(), "<html>") {
		t.Errorf("%v", err)
	}
	slow, end = io.Pipe()
	go func() {
		_, _ = end.Write([]byte("<Acc"))
		_ = end.CloseWithError(context.DeadlineExceeded)
	}()
	if err := checkRoot(bufio.NewReaderSize(slow, rootWithin), "AccessControlPolicy"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestBounded(t *testing.T) {
	for size, whole := range map[int]bool{0: true, 99: true, 100: true, 101: false, 1000: false} {
		got, err := io.ReadAll(&bounded{r: strings.NewReader(strings.Repeat("x", size)), left: 100, limit: 100})
		var answer *answerError
		if whole != (err == nil) || !whole && !errors.As(err, &answer) || len(got) > 101 {
			t.Errorf("%d bytes: %d read, %v", size, len(got), err)
		}
	}
}

func TestCycle(t *testing.T) {
	for _, tt := range []struct {
		tokens string
		closes bool
	}{{"", false}, {"abcdefgh", false}, {"aa", true}, {"abababab", true}, {"xyzabcabcabcabcabc", true}} {
		var c cycle
		closed := false
		for _, token := range strings.Split(tt.tokens, "") {
			closed = closed || c.closes(token)
		}
		if closed != tt.closes {
			t.Errorf("%s: %v", tt.tokens, closed)
		}
	}
	c, n := cycle{most: 50}, 0
	for !c.closes(fmt.Sprint("page ", n)) {
		n++
	}
	if n != 50 {
		t.Errorf("ended after %d pages", n)
	}
}

func TestShallow(t *testing.T) {
	deep := func(open string, n int) string { return strings.Repeat(open, n) }
	for _, tt := range []struct{ body, problem string }{
		{"", ""}, {"text", ""}, {`<?xml version="1.0"?><a b="1" c='>'><d/><e></e></a>`, ""},
		{deep("<a>", maxDepth), ""}, {deep("<a>", maxDepth+1), "more than 64 deep"}, {deep("<a></a><b/>", 10_000), ""},
		{deep(`<a b="/>">`, maxDepth+1), "more than 64 deep"}, {deep(`<a b='</a>'>`, maxDepth+1), "more than 64 deep"},
		{deep(`<a><?x > </a></a> ?>`, maxDepth+1), "more than 64 deep"}, {"<a><!-- </a> --></a>", "a declaration"}, {"<!DOCTYPE html>", "a declaration"},
		{"</a></a>" + deep("<a>", maxDepth+1), "more than 64 deep"},
	} {
		for _, buffer := range []int{1, 7, 4096} {
			r := bufio.NewReaderSize(&shallow{r: strings.NewReader(tt.body)}, max(16, buffer))
			got, err := io.ReadAll(&oneAt{r, buffer})
			if (err == nil) != (tt.problem == "") || err != nil && !strings.Contains(err.Error(), tt.problem) || err == nil && string(got) != tt.body {
				t.Errorf("%.40q by %d: %v", tt.body, buffer, err)
			}
		}
	}
}

// oneAt reads at most n bytes at a time.
type oneAt struct {
	r io.Reader
	n int
}

func (o *oneAt) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), o.n)]) }

// What is no answer of S3 leaves a setting unknown, never absent or shut.
func TestForgedAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"a page of a proxy": `<html><body>Sign in to go on</body></html>`, "nothing": "", "JSON": `{}`, "another answer": `<ListBucketResult/>`,
		"too long": `<AccessControlPolicy>` + strings.Repeat(" ", maxStorageAnswer+1), "cut off": `<AccessControlPolicy><Owner><ID>x`,
		"deep": `<AccessControlPolicy>` + strings.Repeat("<a>", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake("b")
			f.edge = func(w http.ResponseWriter, _ *http.Request, _, what string) bool {
				if what == "acl" {
					fmt.Fprint(w, body)
				}
				return what == "acl"
			}
			got := scanOne(t, f, "none")
			if got.ACL.Status != Failed || got.ACL.Problem == "" || len(got.ACL.Problem) > maxProblem+10 {
				t.Errorf("%+v", got.ACL)
			}
		})
	}
}

// A list of buckets that is none, or has no end, ends the scan: nothing can be
// said of the account.
func TestForgedLists(t *testing.T) {
	again := `<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name></Bucket></Buckets><ContinuationToken>again</ContinuationToken></ListAllMyBucketsResult>`
	for name, tt := range map[string]struct{ body, problem string }{
		"a page of a proxy": {`<html></html>`, "does a proxy answer in the place of AWS?"}, "nothing": {"", "the answer is empty"},
		"the same page for ever": {again, "the list repeats itself"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake("b")
			f.edge = func(w http.ResponseWriter, _ *http.Request, bucket, what string) bool {
				if bucket == "" && what == "max-buckets" {
					fmt.Fprint(w, tt.body)
				}
				return bucket == "" && what == "max-buckets"
			}
			s := Scanner{Now: time.Now, Found: func(Settings) {}}
			var unread *UnreadError
			if err := s.Scan(t.Context(), f.open(t)); !errors.As(err, &unread) || !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("%v", err)
			}
		})
	}
}

// An answer that names no account is no sign-in.
func TestForgedIdentity(t *testing.T) {
	for body, problem := range map[string]string{
		`<html>Sign in</html>`: "asking AWS whose account the default credentials are",
		`<GetCallerIdentityResponse><GetCallerIdentityResult><Account>not one</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`: "does a proxy answer in the place of AWS?",
	} {
		f := newFake()
		f.edge = func(w http.ResponseWriter, _ *http.Request, _, _ string) bool {
			fmt.Fprint(w, body)
			return true
		}
		if _, err := f.tryOpen(t); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%v", err)
		}
	}
}

// A scan gives up where nobody answers any more, and not before.
func TestSilence(t *testing.T) {
	var s Scanner
	for i := range silentBuckets - 1 {
		if err := s.answered(Settings{Silent: true}); err != nil {
			t.Fatalf("after %d: %v", i+1, err)
		}
	}
	if err := s.answered(Settings{}); err != nil {
		t.Fatal(err)
	}
	for i := range silentBuckets {
		if err := s.answered(Settings{Silent: true}); (err != nil) != (i == silentBuckets-1) {
			t.Fatalf("after %d: %v", i+1, err)
		}
	}
}

// A call that waits too long is told as such, and two end a bucket.
func TestNoAnswer(t *testing.T) {
	s, gone, fatal := outcome("s3:GetBucketAcl", fmt.Errorf("operation: %w", context.DeadlineExceeded))
	if s.Status != Failed || s.Problem != noAnswer || gone || fatal != nil {
		t.Errorf("%+v, %v, %v", s, gone, fatal)
	}
}
