// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// seen is what one scan yields, copied out of the scanner's buffer.
type seen struct {
	Headers []map[string]string
	Raw     []string
	Skips   []Skip
	Stats   Stats
	Err     string
}

func collect(r io.Reader, opts Options) seen {
	var out seen
	var err error
	out.Stats, err = Scan(r, opts, func(h *Header, raw []byte) error {
		out.Headers = append(out.Headers, headerMap(h))
		out.Raw = append(out.Raw, string(raw))
		return nil
	}, func(s Skip) {
		out.Skips = append(out.Skips, s)
	})
	if err != nil {
		out.Err = err.Error()
	}
	return out
}

func headerMap(h *Header) map[string]string {
	m := map[string]string{}
	for name, text := range map[string][]byte{
		"Time": h.Time, "Name": h.Name, "Source": h.Source, "Region": h.Region, "Address": h.Address,
		"Agent": h.Agent, "Error": h.Error, "EventID": h.EventID, "SharedEventID": h.SharedEventID,
		"RecipientAccountID": h.RecipientAccountID, "Type": h.Type, "PrincipalID": h.PrincipalID,
		"ARN": h.ARN, "AccountID": h.AccountID, "UserName": h.UserName, "InvokedBy": h.InvokedBy, "IssuerARN": h.IssuerARN,
	} {
		if len(text) > 0 {
			m[name] = string(text)
		}
	}
	return m
}

// names are the event names, in the order of the records.
func (s seen) names() string {
	var out []string
	for _, h := range s.Headers {
		out = append(out, h["Name"])
	}
	return strings.Join(out, " ")
}

// reasons are those of the skips, without offsets.
func (s seen) reasons() []string {
	var out []string
	for _, k := range s.Skips {
		reason, _, _ := strings.Cut(k.Reason, " at offset ")
		out = append(out, reason)
	}
	return out
}

// rec writes a small record with this event name and more members.
func rec(name string, more ...string) string {
	return `{"eventVersion":"1.08","eventTime":"2023-07-10T11:42:36Z","eventSource":"s3.amazonaws.com","eventName":"` + name + `"` +
		strings.Join(append([]string{""}, more...), ",") + `}`
}

func TestScanHeader(t *testing.T) {
	const text = `{"Records":[{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROA:x","arn":"arn:aws:sts::111111111111:assumed-role/a/b",
"accountId":"111111111111","accessKeyId":"ASIA","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111111111111:role/a","userName":"a"},"attributes":{"mfaAuthenticated":"false"}},
"userName":"b","invokedBy":"x.amazonaws.com"},"eventTime":"2023-07-10T11:42:36Z","eventSource":"s3.amazonaws.com","eventName":"PutBucketAcl","awsRegion":"us-east-1",
"sourceIPAddress":"198.51.100.7","userAgent":"caf\u00e9 \"x\" é","errorCode":"AccessDenied","requestParameters":{"eventName":"not this"},"responseElements":null,
"eventID":"e1","sharedEventID":"s1","readOnly":false,"recipientAccountId":"222222222222"}]}`
	got := collect(strings.NewReader(text), Options{})
	want := []map[string]string{{
		"Time": "2023-07-10T11:42:36Z", "Name": "PutBucketAcl", "Source": "s3.amazonaws.com", "Region": "us-east-1",
		"Address": "198.51.100.7", "Agent": `café "x" é`, "Error": "AccessDenied", "EventID": "e1", "SharedEventID": "s1",
		"RecipientAccountID": "222222222222", "Type": "AssumedRole", "PrincipalID": "AROA:x",
		"ARN": "arn:aws:sts::111111111111:assumed-role/a/b", "AccountID": "111111111111", "UserName": "b",
		"InvokedBy": "x.amazonaws.com", "IssuerARN": "arn:aws:iam::111111111111:role/a",
	}}
	if d := cmp.Diff(want, got.Headers); d != "" {
		t.Error(d)
	}
	if want := (Stats{Bytes: int64(len(text)), Records: 1}); got.Stats != want {
		t.Errorf("stats %+v, want %+v", got.Stats, want)
	}
	if raw := text[len(`{"Records":[`) : len(text)-2]; got.Raw[0] != raw {
		t.Errorf("raw is %q", got.Raw[0])
	}
}

var deepLists = strings.Repeat(`[`, 200_000) + strings.Repeat(`]`, 200_000)

var hostileCases = []struct {
	title, text string
	names       string
	reasons     []string
}{
	{"a record's text inside a string", `{"Records":[` + rec("A", `"userAgent":"}]}{\"eventVersion\":\"1.08\",\"eventName\":\"Forged\"}"`) + `,` + rec("B") + `]}`, "A B", nil},
	{"braces in strings", rec("A", `"requestParameters":{"key":"}}}]]]{{{[[["}`) + rec("B"), "A B", nil},
	{"escaped quotes and backslashes", rec("A", `"userAgent":"\\\"\\\\"`, `"x":"\\"`) + rec("B"), "A B", nil},
	{"a forged record in parameters", rec("A", `"requestParameters":`+rec("Forged")) + rec("B"), "A B", nil},
	{"deep lists in a record", rec("A") + rec("Deep", `"requestParameters":{"a":`+deepLists+`}`) + rec("B"), "A B", []string{"nested deeper than 512 levels"}},
	{"deep lists by themselves", deepLists, "", []string{reasonNested}},
	{"deep objects without end", strings.Repeat(`{"a":`, 200_000), "", []string{"nested deeper than 512 levels"}},
	{"a control character in a string", rec("A") + "\n" + rec("Bad", "\"userAgent\":\"a\x00b\"") + "\n" + rec("B"), "A B", []string{"malformed JSON"}},
	{"NUL bytes after the end", rec("A") + strings.Repeat("\x00", 5000), "A", []string{"NUL bytes, not JSON"}},
	{"NUL bytes alone", strings.Repeat("\x00", 5000), "", []string{"NUL bytes, not JSON"}},
	{"HTML", "<!DOCTYPE html>\n<html><body onload=\"x={}\">\n</body></html>", "", []string{"HTML or XML, not JSON"}},
	{"text", "no such key\n", "", []string{"not JSON"}},
	{"CSV", "a,b,c\n1,2,3\n4,\"{'x': 1}\",6\n", "", []string{"not JSON"}},
	{"lines of text around", "start\n" + rec("A") + "\nmiddle\n" + rec("B") + "\nend", "A B", []string{"not JSON", "not JSON", "not JSON"}},
	{"byte order mark", "\xef\xbb\xbf" + `{"Records":[` + rec("A") + `]}`, "A", nil},
	{"byte order mark alone", "\xef\xbb\xbf", "", nil},
	{"CRLF", rec("A") + "\r\n" + rec("B") + "\r\n", "A B", nil},
	{"UTF-16 with a mark", "\xff\xfe{\x00\"\x00", "", []string{"UTF-16 text, not UTF-8"}},
	{"UTF-16 without a mark", "{\x00\"\x00", "", []string{"UTF-16 text, not UTF-8"}},
	{"gzip", "\x1f\x8b\x08\x00", "", []string{"gzip data, not JSON (compressed more than once?)"}},
	{"truncated in a record", `{"Records":[` + rec("A") + `,` + rec("B")[:60], "A", []string{reasonTruncated}},
	{"truncated in a string after a backslash", `{"Records":[` + rec("A") + `,{"eventVersion":"\`, "A", []string{reasonTruncated}},
	{"truncated between records", `{"Records":[` + rec("A") + `,`, "A", []string{reasonTruncated}},
	{"truncated after the list", `{"Records":[` + rec("A") + `]`, "A", []string{reasonTruncated}},
	{"truncated in the wrapper", `{"Records":[` + rec("A") + `],"x`, "A", []string{reasonTruncated}},
	{"truncated before anything", `{"Rec`, "", []string{reasonTruncated}},
	{"a line cut in a string", rec("A") + "\n" + rec("Cut")[:80] + "\n" + rec("B") + "\n" + rec("C"), "A B C", []string{"malformed JSON"}},
	{"a line cut in an object", rec("A") + "\n" + `{"eventVersion":"1.08","requestParameters":{"a":1` + "\n" + rec("B") + "\n" + rec("C"), "A B C", []string{"malformed JSON"}},
	{"a line cut after a comma", rec("A") + "\n" + `{"eventVersion":"1.08","requestParameters":{"a":1,` + "\n" + rec("B") + "\n" + rec("C"), "A B C", []string{"malformed JSON"}},
	{"a record without its end", `{"Records":[` + rec("A") + `,{"eventVersion":"1.08","x":{"y":1,` + rec("B") + `,` + rec("C") + `]}`, "A B C", []string{"malformed JSON"}},
	{"brackets that do not match", `{"Records":[` + rec("A") + `,{"eventVersion":"1","x":{"y":[}}},` + rec("B") + `]}`, "A B", []string{"malformed JSON"}},
	{"a trailing comma", `{"Records":[` + rec("A", `"x":1,`) + `,` + rec("B") + `,]}`, "B", []string{"malformed JSON"}},
	{"a bad escape in a header", rec("A", `"userAgent":"\x"`) + "\n" + rec("B"), "B", []string{"malformed JSON"}},
	{"many in a pretty-printed list, one bad", "[\n  {\n  \"eventName\": oops\n  },\n  " + rec("A", "\"x\": [\n    {}\n  ]") + ",\n  " + rec("B") + "\n]", "A B", []string{"malformed JSON"}},
	{"numbers and words in a list", `[1,"x",null,` + rec("A") + `,true]`, "A", []string{"not an object where a record was expected", "not an object where a record was expected"}},
	{"members repeated", rec("First", `"eventName":"Last"`, `"userIdentity":{"arn":"x"}`, `"userIdentity":null`), "Last", nil},
	{"a wrong type that is repeated right", rec("First", `"eventName":1`, `"eventName":"Last"`), "Last", nil},
	{"eventName a number", rec("A", `"eventName":7`) + rec("B"), "B", []string{"eventName has the wrong type"}},
	{"userAgent an object", rec("A", `"userAgent":{"a":"}"}`) + rec("B"), "B", []string{"userAgent has the wrong type"}},
	{"userAgent a list of two", rec("A", `"userAgent":["a","b"]`) + rec("B"), "B", []string{"userAgent has the wrong type"}},
	{"userIdentity a string", rec("A", `"userIdentity":"root"`), "", []string{"userIdentity has the wrong type"}},
	{"userIdentity null", rec("A", `"userIdentity":null`), "A", nil},
	{"keys written with escapes", strings.Replace(rec("A"), "eventName", `event\u004eame`, 1), "A", nil},
	{"names only like a record's", `{"EventName":"A","EVENTTIME":"x","Eventsource":"s3"}`, "", []string{`not a CloudTrail record: an object with "EventName", "EVENTTIME", "Eventsource"`}},
	{"hostile names", `{"\u001b[2J":1,"é":2}`, "", []string{`not a CloudTrail record: an object with "\x1b[2J", "\u00e9"`}},
	{"nothing", "", "", nil},
	{"blanks", " \r\n\t", "", nil},
	{"empty object", "{}", "", nil},
	{"empty list", "[ ]", "", nil},
	{"empty wrapper", `{"Records": []}`, "", nil},
	{"wrapper of null", `{"Records": null}`, "", nil},
}

// TestScanHostile: whatever stands in the stream, the records around it are
// read and it is named once.
func TestScanHostile(t *testing.T) {
	for _, c := range hostileCases {
		t.Run(c.title, func(t *testing.T) {
			got := collect(strings.NewReader(c.text), Options{})
			if got.names() != c.names || !cmp.Equal(got.reasons(), c.reasons) {
				t.Errorf("got %q, skipped %q\nwant %q, skipped %q", got.names(), got.reasons(), c.names, c.reasons)
			}
			if got.Stats.Bytes != int64(len(c.text)) || got.Stats.Records != int64(len(got.Raw)) || got.Stats.Skipped != int64(len(got.Skips)) {
				t.Errorf("stats %+v", got.Stats)
			}
			for _, size := range []int{1, 40, 333} {
				small := collect(strings.NewReader(c.text), Options{bufSize: size})
				if d := cmp.Diff(got, small); d != "" {
					t.Errorf("with a buffer of %d bytes: %s", size, d)
				}
			}
		})
	}
}

// TestScanLargeRecord: records of several MB are read, and those above the
// limit are passed over without being held.
func TestScanLargeRecord(t *testing.T) {
	large := rec("Large", `"requestParameters":{"a":"`+strings.Repeat(`x\"`, 2<<20)+`"}`)
	text := `{"Records":[` + rec("A") + `,` + large + `,` + rec("B") + `]}`
	if got := collect(strings.NewReader(text), Options{}); got.names() != "A Large B" {
		t.Errorf("got %q, skipped %q", got.names(), got.reasons())
	}
	got := collect(strings.NewReader(text), Options{MaxRecord: 1 << 20})
	want := []Skip{{Offset: int64(strings.Index(text, large)), Reason: "record larger than 1048576 bytes"}}
	if d := cmp.Diff(want, got.Skips); d != "" || got.names() != "A B" {
		t.Errorf("got %q, skips %s", got.names(), d)
	}
	cut := collect(strings.NewReader(text[:1<<21]), Options{MaxRecord: 1 << 20})
	if cut.names() != "A" || !cmp.Equal(cut.reasons(), []string{"record larger than 1048576 bytes"}) {
		t.Errorf("cut: %q, %q", cut.names(), cut.reasons())
	}
}

// repeated reads a text over and over.
type repeated struct {
	text []byte
	left int64
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), r.left)], r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	r.left -= int64(n)
	return n, nil
}

// TestScanMemory: a long stream on one line takes no more memory than a short
// one, be it records, junk, or one value without end.
func TestScanMemory(t *testing.T) {
	const long = 64 << 20
	for _, c := range []struct{ title, start, text string }{
		{"wrapper", `{"Records":[`, rec("A") + ","},
		{"lines", "", rec("A") + "\n"},
		{"junk", "", "what is this {\"a\" "},
		{"a string without end", `"`, "xyz"},
		{"another member first", `{"x":`, `[`},
		{"a record without end", `{"eventVersion":1,"a":[0`, ",1"},
		{"unclosed records", "", `{"eventVersion":1,"a":{"b":` + strings.Repeat(" ", 100_000)},
	} {
		start := time.Now()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		text := bytes.Repeat([]byte(c.text), 1+10_000/len(c.text))
		r := io.MultiReader(strings.NewReader(c.start), &repeated{text: text, left: long})
		stats, err := Scan(r, Options{MaxRecord: 1 << 20}, func(*Header, []byte) error { return nil }, nil)
		runtime.ReadMemStats(&after)
		t.Logf("%s: %v", c.title, time.Since(start))
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
			t.Errorf("%s: %d bytes allocated", c.title, used)
		}
		if err != nil || stats.Bytes != long+int64(len(c.start)) {
			t.Errorf("%s: %+v, %v", c.title, stats, err)
		}
	}
}

func TestScanErrors(t *testing.T) {
	broken := errors.New("broken")
	text := `{"Records":[` + rec("A") + `,` + rec("B")[:30]
	got := collect(io.MultiReader(strings.NewReader(text), failing{broken}), Options{})
	if got.names() != "A" || got.Err != "broken" || !cmp.Equal(got.reasons(), []string{reasonTruncated}) {
		t.Errorf("%+v", got)
	}
	if got := collect(failing{nil}, Options{}); got.Err != io.ErrNoProgress.Error() {
		t.Errorf("a reader that gives nothing: %q", got.Err)
	}
	for _, text := range []string{`{"Records":[` + rec("A") + `]}`, `{"detail":` + rec("A") + `}`} {
		calls := 0
		_, err := Scan(strings.NewReader(text+text), Options{}, func(*Header, []byte) error { calls++; return broken }, nil)
		if !errors.Is(err, broken) || calls != 1 {
			t.Errorf("visit's error: %v after %d calls", err, calls)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestScanReuse: one scan leaves nothing for the next, though they share memory.
func TestScanReuse(t *testing.T) {
	for i := range 50 {
		account := fmt.Sprint(100000000000 + i)
		text := `{"account":"` + account + `","detail":` + rec("A") + `}`
		if got := collect(strings.NewReader(text), Options{}); got.Headers[0]["RecipientAccountID"] != account {
			t.Fatal(got)
		}
		if got := collect(bytes.NewReader([]byte(rec("A"))), Options{}); got.Headers[0]["RecipientAccountID"] != "" {
			t.Fatal(got)
		}
		collect(strings.NewReader(`{"Records":[{"x":"y`), Options{})
	}
}
