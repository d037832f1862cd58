// SPDX-License-Identifier: Apache-2.0

package accesslog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	owner  = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
	other  = "1111111100b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47e1111"
	hostID = "s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234="
	head   = owner + " acme-data [02/Mar/2026:10:05:00 +0000] 192.0.2.9 "
	tail26 = " " + hostID + " - ECDHE-RSA-AES128-GCM-SHA256 - acme-data.s3.eu-west-1.amazonaws.com TLSv1.2 - Yes"
)

// read gives the lines and refusals of a text.
func read(t *testing.T, text string) (lines []*Line, skips []Skip) {
	t.Helper()
	stats, err := Scan(strings.NewReader(text), func(l *Line) error {
		lines = append(lines, l.clone())
		return nil
	}, func(s Skip) { skips = append(skips, s) })
	if err != nil {
		t.Fatal(err)
	}
	if stats.Bytes != int64(len(text)) || stats.Lines != int64(len(lines)) || stats.Skipped != int64(len(skips)) {
		t.Errorf("%+v for %d bytes, %d lines, %d refusals", stats, len(text), len(lines), len(skips))
	}
	return lines, skips
}

// clone copies what is valid only during the visit.
func (l *Line) clone() *Line {
	c := *l
	for _, f := range []*[]byte{&c.Owner, &c.Bucket, &c.Address, &c.Requester, &c.RequestID, &c.Operation, &c.Key, &c.URI, &c.Error,
		&c.Referer, &c.Agent, &c.Version, &c.HostID, &c.Signature, &c.Cipher, &c.AuthType, &c.Host, &c.TLS, &c.AccessPoint, &c.ACLRequired, &c.SourceRegion} {
		if *f != nil {
			*f = []byte(string(*f))
		}
	}
	return &c
}

func TestParse(t *testing.T) {
	rest := "REST.GET.OBJECT reports/q1.csv "
	for _, test := range []struct {
		name, line                     string
		uri, errorCode, referer, agent string
		status                         int
		bytes, size                    int64
		version, hostID, acl, region   string
		extra                          int
	}{
		{
			name: "of 2018: 18 fields",
			line: head + "- 3E57427F3EXAMPLE " + rest + `"GET /acme-data/reports/q1.csv HTTP/1.1" 200 - 2662992 3462992 70 10 "-" "curl/7.58.0" -`,
			uri:  "GET /acme-data/reports/q1.csv HTTP/1.1", errorCode: "-", referer: "-", agent: "curl/7.58.0", status: 200, bytes: 2662992, size: 3462992, version: "-",
		}, {
			name: "26 fields",
			line: head + "- 3E57427F3EXAMPLE " + rest + `"GET /reports/q1.csv HTTP/1.1" 403 AccessDenied 243 - 5 - "-" "curl/8.5.0" -` + tail26,
			uri:  "GET /reports/q1.csv HTTP/1.1", errorCode: "AccessDenied", referer: "-", agent: "curl/8.5.0", status: 403, bytes: 243, version: "-", hostID: hostID, acl: "Yes",
		}, {
			name: "27 fields, and two that are not known yet",
			line: head + "- 3E57427F3EXAMPLE " + rest + `"GET /reports/q1.csv HTTP/1.1" 200 - 1 1 5 - "https://a.example/?q=a b" "Mozilla/5.0 (X11; Linux x86_64), like" 3HL4kqtJvjVBH40Nrjfkd` + tail26 + " eu-west-1 new newer",
			uri:  "GET /reports/q1.csv HTTP/1.1", errorCode: "-", referer: "https://a.example/?q=a b", agent: "Mozilla/5.0 (X11; Linux x86_64), like", status: 200, bytes: 1, size: 1,
			version: "3HL4kqtJvjVBH40Nrjfkd", hostID: hostID, acl: "Yes", region: "eu-west-1", extra: 2,
		}, {
			name: "a batch has no request line",
			line: head + "- 3E57427F3EXAMPLE BATCH.DELETE.OBJECT a.txt - 204 - - 1 - - - - -" + tail26,
			uri:  "-", errorCode: "-", referer: "-", agent: "-", status: 204, size: 1, version: "-", hostID: hostID, acl: "Yes",
		}, {
			name: "a quote in the request line",
			line: head + "- 3E57427F3EXAMPLE " + rest + `"GET /a"b" HTTP/1.1" 200 - 1 1 5 - "-" "x" -` + tail26,
			uri:  `GET /a"b" HTTP/1.1`, errorCode: "-", referer: "-", agent: "x", status: 200, bytes: 1, size: 1, version: "-", hostID: hostID, acl: "Yes",
		}, {
			name: "a request line that plays the fields behind it",
			line: head + "- 3E57427F3EXAMPLE " + rest + `"GET /a" 403 AccessDenied 0 0 1 1 "-" "x HTTP/1.1" 200 - 9 9 5 - "-" "y" -` + tail26,
			uri:  `GET /a" 403 AccessDenied 0 0 1 1 "-" "x HTTP/1.1`, errorCode: "-", referer: "-", agent: "y", status: 200, bytes: 9, size: 9, version: "-", hostID: hostID, acl: "Yes",
		}, {
			name: "an agent that plays the end of the line",
			line: head + "- 3E57427F3EXAMPLE " + rest + `"GET /a HTTP/1.1" 200 - 9 9 5 - "-" "x" - AAAA= SigV4 - AuthHeader - - - -" -` + tail26,
			uri:  "GET /a HTTP/1.1", errorCode: "-", referer: "-", agent: `x" - AAAA= SigV4 - AuthHeader - - - -`, status: 200, bytes: 9, size: 9, version: "-", hostID: hostID, acl: "Yes",
		}, {
			name: "quotes in the agent",
			line: head + "- 3E57427F3EXAMPLE " + rest + `"GET /a HTTP/1.1" 200 - 9 9 5 - "-" ""><script>" "" -` + tail26,
			uri:  "GET /a HTTP/1.1", errorCode: "-", referer: "-", agent: `"><script>" "`, status: 200, bytes: 9, size: 9, version: "-", hostID: hostID, acl: "Yes",
		}, {
			name: "no referer, unquoted",
			line: head + "- 3E57427F3EXAMPLE " + rest + `"GET /a HTTP/1.1" 200 - 9 9 5 - - "x" -` + tail26,
			uri:  "GET /a HTTP/1.1", errorCode: "-", referer: "-", agent: "x", status: 200, bytes: 9, size: 9, version: "-", hostID: hostID, acl: "Yes",
		}, {
			name: "no agent, unquoted",
			line: head + "- 3E57427F3EXAMPLE " + rest + `"GET /a HTTP/1.1" 304 - - 9 5 - "r" - -` + tail26,
			uri:  "GET /a HTTP/1.1", errorCode: "-", referer: "r", agent: "-", status: 304, size: 9, version: "-", hostID: hostID, acl: "Yes",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines, skips := read(t, test.line+"\n")
			if len(lines) != 1 || len(skips) != 0 {
				t.Fatalf("%d lines, %v", len(lines), skips)
			}
			l := lines[0]
			got := fmt.Sprint(string(l.URI), string(l.Error), string(l.Referer), string(l.Agent), l.Status, l.Bytes, l.Size, string(l.Version), string(l.HostID), string(l.ACLRequired), string(l.SourceRegion), l.Extra)
			want := fmt.Sprint(test.uri, test.errorCode, test.referer, test.agent, test.status, test.bytes, test.size, test.version, test.hostID, test.acl, test.region, test.extra)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if string(l.Bucket) != "acme-data" || !l.Time.Equal(time.Date(2026, 3, 2, 10, 5, 0, 0, time.UTC)) || string(l.Requester) != "-" || string(l.Address) != "192.0.2.9" {
				t.Errorf("%+v", l)
			}
		})
	}
}

// What is no line is named with its offset, and the lines around it are read.
func TestRefused(t *testing.T) {
	good := head + `- 3E57427F3EXAMPLE REST.GET.OBJECT k "GET /k HTTP/1.1" 200 - 1 1 5 - "-" "x" -` + "\n"
	for _, test := range []struct{ name, bad, reason string }{
		{"words", "hello world", "fewer fields"},
		{"cut in the middle", good[:len(good)-30], "quotes"},
		{"cut in the request line", good[:len(head)+50], "quotes"},
		{"no brackets", strings.ReplaceAll(good, "[", "("), "time is no date"},
		{"no such day", strings.Replace(good, "02/Mar", "32/Mar", 1), "time is no date"},
		{"no number", strings.Replace(good, "200 - 1 1", "200 - x 1", 1), "number"},
		{"a number too large", strings.Replace(good, "200 - 1 1", "200 - 99999999999999999999 1", 1), "number"},
		{"two blanks", strings.Replace(good, `"x" -`, `"x"  -`, 1), "fewer fields"},
		{"CloudTrail", `{"Records":[{"eventName":"GetObject"}]}`, "give it as SOURCE"},
		{"other JSON", `{"a":1}`, "request_time is no time"},
		{"damaged JSON", `{"bucket_name":`, "damaged JSON"},
		{"deep JSON", `{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}", "damaged JSON"},
		{"endless", strings.Repeat("x ", maxLine), "longer than 128 KiB"},
		{"thousands of readings", head + `- 3E57427F3EXAMPLE REST.GET.OBJECT k "` + strings.Repeat(`" 200 `, 10_000) + "x", "quotes"},
		{"NUL bytes", strings.Repeat("\x00", 300), "fewer fields"},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines, skips := read(t, good+strings.TrimSuffix(test.bad, "\n")+"\n\r\n"+good)
			if len(lines) != 2 || len(skips) != 1 {
				t.Fatalf("%d lines, %v", len(lines), skips)
			}
			if skips[0].Offset != int64(len(good)) || !strings.Contains(skips[0].Reason, test.reason) {
				t.Errorf("%+v, want %q at %d", skips[0], test.reason, len(good))
			}
		})
	}
}

const jsonLine = `{"schema_version_id":"V_1_0","bucket_arn":"arn:aws:s3:::acme-data","bucket_name":"acme-data","request_time":"2026-03-02T10:05:00.123Z",` +
	`"bucket_owner_id":"` + owner + `","remote_ip":"192.0.2.9","requester":null,"request_id":"3E57427F3EXAMPLE","operation":"REST.GET.OBJECT",` +
	`"key_name":"a b%20.csv","request_uri":"GET /a HTTP/1.1","http_status":200,"error_code":null,"bytes_sent":100,"object_size":"100",` +
	`"user_agent":"curl/8\" 200 -","acl_required":"Yes","source_region":"eu-west-1","future":{"x":[1]}}`

// The JSON form says the same as the text form, however it is wrapped.
func TestJSON(t *testing.T) {
	quoted := strings.ReplaceAll(strings.ReplaceAll(jsonLine, `\`, `\\`), `"`, `\"`)
	for name, text := range map[string]string{
		"plain":        jsonLine,
		"exported":     "2026-03-02T10:05:00.123Z " + jsonLine,
		"message":      `{"timestamp":1,"message":"` + quoted + `"}`,
		"subscription": `{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","message":"` + quoted + `"}]}`,
	} {
		lines, skips := read(t, text+"\n")
		if len(lines) != 1 || len(skips) != 0 {
			t.Errorf("%s: %d lines, %v", name, len(lines), skips)
			continue
		}
		r, ok := lines[0].Request()
		if !ok || r.Account != "anonymous" || r.Key != "a b%20.csv" || r.Bytes != 100 || !r.ByACL || r.Denied || r.ID != "3E57427F3EXAMPLE" || r.Address != "192.0.2.9" {
			t.Errorf("%s: %v %+v", name, ok, r)
		}
	}
}

func TestRequest(t *testing.T) {
	for _, test := range []struct {
		name, requester, operation, key, status string
		account, decoded                        string
		outside, denied                         bool
	}{
		{"unsigned", "-", "REST.GET.OBJECT", "a", "200 -", "anonymous", "a", true, false},
		{"the word of 2006", "Anonymous", "REST.GET.OBJECT", "a", "200 -", "anonymous", "a", true, false},
		{"refused", "-", "REST.GET.OBJECT", "a", "403 AccessDenied", "anonymous", "a", true, true},
		{"the owner", owner, "REST.GET.OBJECT", "a", "200 -", "", "", false, false},
		{"a foreign canonical id", other, "REST.GET.OBJECT", "a", "200 -", other, "a", true, false},
		{"a user", "arn:aws:iam::999988887777:user/eve", "REST.PUT.OBJECT", "a", "200 -", "999988887777", "a", true, false},
		{"a session in China", "arn:aws-cn:sts::999988887777:assumed-role/r/s", "REST.DELETE.OBJECT", "a", "204 -", "999988887777", "a", true, false},
		{"a service", "svc:s3.amazonaws.com", "REST.GET.OBJECT", "a", "200 -", "", "", false, false},
		{"lifecycle", "AmazonS3", "S3.EXPIRE.OBJECT", "a", "- -", "", "", false, false},
		{"a browser's preflight", "-", "REST.OPTIONS.PREFLIGHT", "a", "200 -", "", "", false, false},
		{"settings", "-", "REST.GET.BUCKETPOLICY", "-", "403 AccessDenied", "", "", false, false},
		{"a website", "-", "WEBSITE.GET.OBJECT", "index.html", "200 -", "anonymous", "index.html", true, false},
		{"a listing", "-", "REST.GET.BUCKET", "-", "200 -", "anonymous", "", true, false},
		{"an encoded key", "-", "REST.GET.OBJECT", "Screen+Shot%2B1.png", "200 -", "anonymous", "Screen Shot+1.png", true, false},
		{"encoded twice", "-", "REST.GET.OBJECT", "a%2520b", "200 -", "anonymous", "a%20b", true, false},
		{"a percent sign alone", "-", "REST.GET.OBJECT", "100%", "200 -", "anonymous", "100%", true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines, skips := read(t, head+test.requester+" 3E57427F3EXAMPLE "+test.operation+" "+test.key+` "GET /x HTTP/1.1" `+test.status+` 1 1 5 - "-" "x" -`)
			if len(lines) != 1 {
				t.Fatal(skips)
			}
			r, outside := lines[0].Request()
			if outside != test.outside || r.Account != test.account || r.Key != test.decoded || r.Denied != test.denied {
				t.Errorf("outside %v, %+v", outside, r)
			}
		})
	}
}

// Whatever a sender writes into the fields that are his, the fields that S3
// writes before them stay as they are, and nothing is lost without a word.
func FuzzScan(f *testing.F) {
	f.Add(jsonLine)
	f.Add(head + `- 3E57427F3EXAMPLE REST.GET.OBJECT k "GET /k HTTP/1.1" 200 - 1 1 5 - "-" "x" -` + tail26)
	f.Add(head + `- 3E57427F3EXAMPLE REST.GET.OBJECT k "GET /k" 200 - 1 HTTP/1.1" 200 - 1 1 5 - "-" "" "" -`)
	f.Add(`{"logEvents":[{"message":"{\"logEvents\":[{\"message\":\"{}\"}]}"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		given := int64(0)
		stats, err := Scan(strings.NewReader(text), func(l *Line) error {
			given++
			_, _ = l.Request()
			if l.Offset > int64(len(text)) || l.Time.IsZero() && l.Bucket == nil {
				t.Errorf("%+v", l)
			}
			return nil
		}, func(s Skip) {
			given++
			if s.Offset > int64(len(text)) || s.Reason == "" {
				t.Errorf("%+v", s)
			}
		})
		if err != nil || stats.Bytes != int64(len(text)) || stats.Lines+stats.Skipped != given {
			t.Errorf("%+v %v", stats, err)
		}
		if strings.TrimSpace(text) != "" && given == 0 && !strings.Contains(text, "logEvents") && !strings.Contains(text, "essage") {
			t.Error("lost without a word")
		}
	})
}

func FuzzClientText(f *testing.F) {
	f.Add("GET /a HTTP/1.1", "-", "curl/8")
	f.Add(`GET /a" 200 - 1 1 1 1 "-" "x`, `" "`, `" - - -`)
	f.Fuzz(func(t *testing.T, uri, referer, agent string) {
		if strings.ContainsAny(uri+referer+agent, "\n\r") {
			return
		}
		lines, _ := read(t, head+"- 3E57427F3EXAMPLE REST.GET.OBJECT k \""+uri+" HTTP/1.1\" 200 - 7 7 5 - \""+referer+"\" \""+agent+"\" -"+tail26+"\n")
		if len(lines) != 1 {
			t.Fatal("a line that S3 could have written was refused")
		}
		l := lines[0]
		if string(l.Bucket) != "acme-data" || string(l.Operation) != "REST.GET.OBJECT" || string(l.ACLRequired) != "Yes" || string(l.Version) != "-" {
			t.Errorf("%+v", l)
		}
		if !strings.Contains(uri, `" `) && (l.Status != 200 || l.Bytes != 7) {
			t.Errorf("status %d, %d bytes", l.Status, l.Bytes)
		}
	})
}
