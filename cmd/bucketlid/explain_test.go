// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/triage"
)

// verdict is what section "message" of a batch promises, read by its names.
type verdict struct {
	Policy map[string]json.RawMessage `json:"policy"`
}

var verdictFields = []string{"audiences", "classifier", "id", "later", "problems", "reach", "reasons", "witness"}

func (v verdict) text(t testing.TB, field string) string {
	t.Helper()
	var s string
	if err := json.Unmarshal(v.Policy[field], &s); err != nil {
		t.Fatalf("%s is %s: %v", field, v.Policy[field], err)
	}
	return s
}

func batch(t testing.TB, input string, facts policy.Facts, workers int) []verdict {
	t.Helper()
	var out bytes.Buffer
	if _, _, err := judgeBatch(t.Context(), strings.NewReader(input), &out, facts, workers); err != nil {
		t.Fatal(err)
	}
	var list []verdict
	for line := range strings.Lines(out.String()) {
		var v verdict
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if got := slices.Sorted(maps.Keys(v.Policy)); !slices.Equal(got, verdictFields) {
			t.Fatalf("fields %v, want %v", got, verdictFields)
		}
		list = append(list, v)
	}
	return list
}

// The 92 examples of the specification, through the whole command: as objects
// and as strings, with AWS's status and the widest audience that it expects.
func TestBatchOfTheExamples(t *testing.T) {
	type example struct {
		ID, Owner, Bucket string
		Class             string          `json:"audience_class"`
		Status            string          `json:"aws_status"`
		Policy            json.RawMessage `json:"policy"`
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "policy", "testdata", "examples.json"))
	if err != nil {
		t.Fatal(err)
	}
	var examples []example
	if err := json.Unmarshal(text, &examples); err != nil {
		t.Fatal(err)
	}
	var input strings.Builder
	for i, e := range examples {
		document := any(e.Policy)
		if i%2 == 0 {
			document = string(e.Policy)
		}
		line, err := json.Marshal(map[string]any{"id": e.ID, "document": document, "bucket": e.Bucket, "account": e.Owner})
		if err != nil {
			t.Fatal(err)
		}
		input.Write(append(line, '\n'))
	}
	facts := policy.Facts{Region: "eu-west-1", Organization: "o-own", At: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
	reach := map[string]string{"WORLD": "anyone", "ANYAWS": "any-aws-account", "ANYAWS-VPCE": "any-aws-account", "IP-BOUND": "network",
		"IP-BROAD": "network", "DEPUTY": "none", "DELEGATED": "none", "NONE": "none"}
	// The rows say themselves that others get in too: by a web identity, through
	// an own VPC endpoint, through an AWS service.
	wider := map[string]string{"P08": "web-identity", "P30": "any-aws-account", "P32": "any-aws-account"}
	list := batch(t, input.String(), facts, 3)
	if len(list) != len(examples) {
		t.Fatalf("%d lines for %d", len(list), len(examples))
	}
	for i, e := range examples {
		v := list[i]
		want := reach[e.Class]
		if w := wider[e.ID]; w != "" {
			want = w
		}
		if v.text(t, "id") != e.ID || v.text(t, "reach") != want || string(v.Policy["problems"]) != "[]" {
			t.Errorf("%s: id %s, reach %s, want %s; problems %s", e.ID, v.Policy["id"], v.Policy["reach"], want, v.Policy["problems"])
		}
		if (want == "none") != (string(v.Policy["witness"]) == "null") {
			t.Errorf("%s: reach %s with the witness %s", e.ID, want, v.Policy["witness"])
		}
		if e.Status == "public" && v.text(t, "classifier") != "public" || e.Status == "not public" && v.text(t, "classifier") != "not-public" {
			t.Errorf("%s: classifier %s, AWS says %s", e.ID, v.Policy["classifier"], e.Status)
		}
	}
}

// Whatever the number of workers, the bytes are the same.
func TestBatchKeepsTheOrder(t *testing.T) {
	var input strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&input, `{"id":%d,"document":{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b%d/*"}}}`+"\n", i, i%7)
		if i%100 == 0 {
			input.WriteString("no JSON\n")
		}
	}
	var one bytes.Buffer
	total, bad, err := judgeBatch(t.Context(), strings.NewReader(input.String()), &one, policy.Facts{}, 1)
	if err != nil || total != 3030 || bad != 30 {
		t.Fatalf("%d lines, %d bad, %v", total, bad, err)
	}
	for _, workers := range []int{2, 5} {
		var many bytes.Buffer
		if _, _, err := judgeBatch(t.Context(), strings.NewReader(input.String()), &many, policy.Facts{}, workers); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one.Bytes(), many.Bytes()) {
			t.Errorf("%d workers give other bytes", workers)
		}
	}
}

// A batch is never far ahead of what it has written: its memory does not grow
// with its length. One worker and an unbuffered line of portions make the count exact.
func TestBatchReadsNoFurtherThanItMust(t *testing.T) {
	line := `{"id":1,"document":{"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}}` + "\n"
	const lines = 20_000
	pr, pw := io.Pipe() // a write returns when it was read
	sent := make(chan int, 1)
	go func() {
		n := 0
		for range lines {
			m, err := io.WriteString(pw, line)
			if n += m; err != nil {
				break
			}
		}
		_ = pw.Close()
		sent <- n
	}()
	stop := errors.New("enough")
	_, _, err := judgeBatch(t.Context(), pr, failingWriter{stop}, policy.Facts{}, 1)
	_ = pr.Close()
	if !errors.Is(err, stop) {
		t.Fatalf("error %v", err)
	}
	// The portions in the queue, the one at work, the one being read, and the buffer.
	if most := (2 + 1 + 1 + 1) * portionLines * len(line); <-sent > most+1<<16 {
		t.Errorf("more than %d bytes were read before the first line was written", most)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestBatchEndsWhenTold(t *testing.T) {
	waiting, end := io.Pipe() // input that never comes
	defer end.Close()
	for name, in := range map[string]io.Reader{"busy": strings.NewReader(strings.Repeat("{}\n", 10_000)), "waiting": waiting} {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, _, err := judgeBatch(ctx, in, io.Discard, policy.Facts{}, 2); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// What cannot be read further is an error that says how far it came.
func TestBatchTellsWhereItsInputFailed(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("{}\n{}\n"), iotest.ErrReader(errors.New("the disk is gone")))
	total, _, err := judgeBatch(t.Context(), broken, io.Discard, policy.Facts{}, 2)
	if err == nil || !strings.Contains(err.Error(), "after line 2: the disk is gone") || total != 2 {
		t.Errorf("%d lines, error %v", total, err)
	}
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestEndlessInputIsRefused(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
		code int
	}{
		{[]string{"explain", "event", "-"}, "more than 256 MiB", exitUsage},
		{[]string{"explain", "policy", "-"}, "more than 32 MiB", exitUsage},
		{[]string{"explain", "acl", "-"}, "more than 32 MiB", exitUsage},
		{[]string{"explain", "policy", "--batch", "-"}, "a line of more than 1024 MiB", exitUsage},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(c.args, zeros{}, &stdout, &stderr); code != c.code || !strings.Contains(stderr.String(), c.want) || stdout.Len() > 0 {
			t.Errorf("%v: exit %d, %d bytes\n%s", c.args, code, stdout.Len(), stderr.String())
		}
	}
}

func TestReadEntry(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, c := range []struct{ line, id, document, problem string }{
		{`{"id":"a","document":{"Statement":[]}}`, `"a"`, `{"Statement":[]}`, ""},
		{` { "document" : "{}" , "id" : 7 } `, `7`, `{}`, ""},
		{`{"id":-1.5e3,"document":"{\"a\":\"\\u0041\"}"}`, `-1.5e3`, `{"a":"\u0041"}`, ""},
		{`{"x":[{"y":"]}\""}],"\u0069d":"a","document":{}}`, `"a"`, `{}`, ""},
		{`{"id":"a","document":{"` + long + `":1}}`, `"a"`, `{"` + long + `":1}`, ""},
		{"", "", "", "an empty line"},
		{`[1]`, "", "", "not a JSON object"},
		{`{"id":"a"}`, `"a"`, "", "no document"},
		{`{"id":null,"document":{}}`, "", "", "id is not a string or a number"},
		{`{"id":1x,"document":{}}`, "", "", "id is not a string or a number"},
		{`{"document":[]}`, "", "", "document is not an object or a string"},
		{`{"document":"\q"}`, "", "", "document is not a JSON string"},
		{`{"document":{}} tail`, "", "{}", "text after the end"},
		{`{"document":{}`, "", "{}", "the line ends"},
		{`{"document":{"a":"`, "", "", "the line ends inside a string"},
		{`{"document" {}}`, "", "", "expected a colon"},
		{`{"id":1 "document":{}}`, "", "", "id is not"},
		{`{id:1}`, "", "", "expected a member's name"},
		{`{"id":,"document":{}}`, "", "", "expected a value"},
		{`{"other":nope,"document":{}}`, "", "", `"other" is not JSON`},
		{`{"account":5,"document":{}}`, "", "", "account is not a string"},
	} {
		e, err := readEntry([]byte(c.line))
		switch {
		case c.problem == "" && err != nil, c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("%s: error %v, want %q", c.line, err, c.problem)
		case string(e.id) != c.id || string(e.document) != c.document:
			t.Errorf("%s: id %s, document %s", c.line, e.id, e.document)
		}
	}
}

// The walk over a line agrees with encoding/json on every object.
func TestReadEntryAgreesWithTheDecoder(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) any { return anyValue(t, 3) })
	rapid.Check(t, func(t *rapid.T) {
		m := map[string]any{"id": rapid.String().Draw(t, "id"), "document": map[string]any{rapid.String().Draw(t, "name"): value.Draw(t, "value")}}
		if name := rapid.String().Draw(t, "other"); entryMember(name) == "" {
			m[name] = value.Draw(t, "more")
		}
		line, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		e, err := readEntry(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		want, _ := json.Marshal(m["document"])
		if !bytes.Equal(e.document, want) {
			t.Errorf("%s: document %s, want %s", line, e.document, want)
		}
	})
}

func entryMember(name string) string {
	for _, known := range []string{"id", "document", "bucket", "account", "org", "as_of"} {
		if known == name {
			return name
		}
	}
	return ""
}

func anyValue(t *rapid.T, depth int) any {
	kinds := 5
	if depth == 0 {
		kinds = 3
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.String().Draw(t, "text")
	case 1:
		return rapid.Int().Draw(t, "number")
	case 2:
		return rapid.Bool().Draw(t, "bool")
	case 3:
		return []any{anyValue(t, depth-1), anyValue(t, depth-1)}
	}
	return map[string]any{rapid.String().Draw(t, "member"): anyValue(t, depth-1)}
}

// FuzzBatchLine: whatever a line holds, one line of harmless JSON comes out,
// with every field, and what could not be read is unknown and never none.
func FuzzBatchLine(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a","document":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"}]}}`,
		`{"id":1,"document":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"NotAction\":\"s3:Delete*\",\"Resource\":\"*\"}}","account":"111122223333"}`,
		`{"document":{"Policy":"{\"Statement\":[]}"}}`, `{"id":"\u001b[31m","document":{"bucketPolicy":{"Statement":{"Effect":"Deny"}},"bucketName":"b"}}`,
		`{"id":"a","document":{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:eu-west-1:111122223333:accesspoint/p/object/*"}}}`,
		"", "{", `{"document":"`, "\xff\xfe",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte(" "))
		list := batch(t, string(text)+"\n", policy.Facts{At: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}, 1)
		if len(bytes.TrimSpace(text)) == 0 && len(list) == 0 {
			return // an empty line is passed over
		}
		if len(list) != 1 {
			t.Fatalf("%d lines", len(list))
		}
		if v := list[0]; v.text(t, "reach") == "unknown" && string(v.Policy["problems"]) == "[]" {
			t.Error("unknown without a problem")
		}
	})
}

// FuzzACL: a list of whatever form is read or refused, and never public by
// accident: what is told public has a grant to a public group.
func FuzzACL(f *testing.F) {
	for _, seed := range []string{
		`<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList><Grant><Grantee><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`,
		`{"Owner":{"ID":"o"},"Grants":[{"Grantee":{"ID":"o","Type":"CanonicalUser"},"Permission":"FULL_CONTROL"}]}`,
		`{"AccessControlPolicy":{"AccessControlList":{"Grant":{"Grantee":{"URI":"http://acs.amazonaws.com/groups/global/AllUsers"},"Permission":"READ"}}}}`,
		`{"requestParameters":{"bucketName":"b","key":"k","x-amz-acl":["public-read"]}}`,
		`{"accessControlList":{"x-amz-grant-read":"uri=http://acs.amazonaws.com/groups/global/AllUsers, id=\"p\""}}`,
		`<!DOCTYPE a [<!ENTITY b "c">]><AccessControlPolicy>&b;</AccessControlPolicy>`, "<", "{", "",
	} {
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, object bool) {
		found, err := parseACL(text)
		if err != nil {
			return
		}
		v := judgeACL(found.acl, aclSubject{object: object, bucket: "b", key: "k"})
		if v.Public && !bytes.Contains(bytes.ToLower(text), []byte("public")) && !bytes.Contains(bytes.ToLower(text), []byte("acs.amazonaws.com")) &&
			!bytes.Contains(bytes.ToLower(text), []byte("authenticated")) && !bytes.ContainsAny(text, `\&`) {
			t.Errorf("public, with no public group in the text: %+v", v)
		}
	})
}

// Every row of the tables has a page that begins with its name and says what to
// do next; every page belongs to a row.
func TestPages(t *testing.T) {
	for folder, rows := range map[string][]pageRow{
		filepath.Join("..", "..", "exposure", "pages"): routePages(),
		filepath.Join("..", "..", "triage", "pages"):   append(flagPages(), kindPages()...),
	} {
		files, err := os.ReadDir(folder)
		if err != nil || len(files) != len(rows) {
			t.Errorf("%s: %d pages for %d rows: %v", folder, len(files), len(rows), err)
		}
		for _, r := range rows {
			text, err := r.page()
			if err != nil || !strings.HasPrefix(text, "# "+r.id+"\n") {
				t.Errorf("page of %s: %v, begins %.20q", r.id, err, text)
			}
			if strings.Contains(folder, "triage") {
				for _, part := range []string{"What it does not mean", "What to do next", "How it is computed"} {
					if !strings.Contains(text, "**"+part+".**") {
						t.Errorf("page of %s lacks %q", r.id, part)
					}
				}
			}
		}
	}
	if len(flagPages()) != len(triage.FlagTable) || len(routePages()) != len(exposure.Routes) {
		t.Error("a row is missing")
	}
}

// The documents' examples are run: their files, their commands, their output.
// UPDATE_SCRIPTS writes what was really printed.
func TestDocumentedExamplesRun(t *testing.T) {
	doc, err := filepath.Abs(filepath.Join("..", "..", "docs", "policy.md"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	t.Setenv("NO_COLOR", "1")
	block := regexp.MustCompile("(?ms)^```(json|jsonl|console) ?(\\S*)\n(.*?)^```$")
	ran := 0
	out := block.ReplaceAllStringFunc(string(text), func(whole string) string {
		m := block.FindStringSubmatch(whole)
		if m[1] != "console" {
			if err := os.WriteFile(m[2], []byte(m[3]), 0o644); err != nil {
				t.Fatal(err)
			}
			return whole
		}
		command, want, _ := strings.Cut(m[3], "\n")
		args, ok := strings.CutPrefix(command, "$ bucketlid ")
		if !ok {
			t.Fatalf("a console block without a command: %q", command)
		}
		var stdout, stderr bytes.Buffer
		if code := run(strings.Fields(args), strings.NewReader(""), &stdout, &stderr); code != exitDone {
			t.Errorf("%s: exit %d\n%s", command, code, stderr.String())
		}
		if ran++; stdout.String() != want && os.Getenv("UPDATE_SCRIPTS") == "" {
			t.Errorf("%s prints\n%s\nthe page says\n%s", command, stdout.String(), want)
		}
		return "```console\n" + command + "\n" + stdout.String() + "```"
	})
	if ran < 3 {
		t.Errorf("%d examples ran", ran)
	}
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(doc, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
