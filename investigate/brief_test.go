// SPDX-License-Identifier: Apache-2.0

package investigate

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/trail"
)

// sameEntry reports whether a record was read briefly; it fails where that gives
// another Entry than decoding it whole.
func sameEntry(t interface{ Fatalf(string, ...any) }, b *briefReader, h *trail.Header, raw []byte) bool {
	r := b.read(h, raw)
	if r == nil {
		return false
	}
	if got, want := entryOf(r, raw), newEntry(h, raw); got != want {
		t.Fatalf("read briefly %+v\nread whole   %+v\nof %s", got, want, raw)
	}
	return true
}

// eachRecord reads the logs below a folder.
func eachRecord(t testing.TB, dir string, visit func(h *trail.Header, raw []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = trail.Scan(file, trail.Options{}, func(h *trail.Header, raw []byte) error {
			visit(h, raw)
			return nil
		}, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Records that are read briefly give what decoding gives, and most are.
func TestReadingBrieflyGivesWhatDecodingGives(t *testing.T) {
	logs := t.TempDir()
	if _, err := gentrail.Write(logs, gentrail.Config{Seed: 5, Records: 4000, Files: 20, Accounts: 3, Regions: 3, Days: 3}); err != nil {
		t.Fatal(err)
	}
	var b briefReader
	all, brief := 0, 0
	eachRecord(t, logs, func(h *trail.Header, raw []byte) {
		if all++; sameEntry(t, &b, h, raw) {
			brief++
		}
	})
	if all < 3000 || brief*10 < all*8 {
		t.Errorf("%d of %d records were read briefly", brief, all)
	}
}

// BenchmarkEntry reads records as a Collector does, and whole.
func BenchmarkEntry(b *testing.B) {
	logs := b.TempDir()
	if _, err := gentrail.Write(logs, gentrail.Config{Seed: 5, Records: 500, Files: 1, Accounts: 1, Regions: 1, Days: 1}); err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func(c *Collector, h *trail.Header, raw []byte){
		"brief": func(c *Collector, h *trail.Header, raw []byte) { c.read(h, raw) },
		"whole": func(_ *Collector, h *trail.Header, raw []byte) { newEntry(h, raw) },
	} {
		b.Run(name, func(b *testing.B) {
			c, n := NewCollector(nil), 0
			for b.Loop() {
				n = 0
				eachRecord(b, logs, func(h *trail.Header, raw []byte) { read(c, h, raw); n++ })
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*b.N), "ns/record")
		})
	}
}

// pieces are values and names that turn up where they are not expected.
var pieces = []string{
	`"acme"`, `"acme"`, `"b"`, `"arn:aws:s3:::acme"`, `"a\u0063me"`, `"Kelvin\u212a"`, `null`, `true`, `7`, `["acme"]`, `[]`, `{"bucketName":"inner"}`, `{"BUCKETNAME":"inner"}`,
	`{"instanceId":"i-1"}`, `"i-2"`, `""`, `"ünï"`, `"2026-03-02T10:00:00Z"`, `"2026-03-02T10:00:00.250Z"`, `{"type":"Root","accountId":"1"}`,
	`{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/a/b","sessionContext":{"sourceIdentity":"eve","attributes":{"mfaAuthenticated":"true"}}}`,
	`{"userName":["x"]}`, `[{"ARN":"arn:aws:s3:::acme","type":"AWS::S3::Bucket"}]`, "\"\xff\"",
}

var names = []string{
	"eventTime", "eventName", "eventSource", "errorCode", "errorMessage", "eventID", "userIdentity", "requestParameters", "responseElements", "resources",
	"recipientAccountId", "awsRegion", "sourceIPAddress", "userAgent", "@timestamp", "EventName", "sessionCredentialFromConsole", "event\\u004eame", "readOnly",
}

var params = []string{"bucketName", "BucketName", "bucKetName", "bucket\\u004eame", "key", "userName", "instanceId", "name", "Key", "other", "inſtanceId"}

func object(t *rapid.T, label string, names []string) string {
	n := rapid.IntRange(0, 3).Draw(t, label+" members")
	var members []string
	for i := range n {
		members = append(members, fmt.Sprintf(`"%s":%s`, rapid.SampledFrom(names).Draw(t, fmt.Sprint(label, "name", i)), rapid.SampledFrom(pieces).Draw(t, fmt.Sprint(label, "value", i))))
	}
	return "{" + strings.Join(members, rapid.SampledFrom([]string{",", " ,\n"}).Draw(t, label+" between")) + "}"
}

// No record that is put together from odd pieces is read otherwise.
func TestReadingOddRecordsBrieflyIsDecodingThem(t *testing.T) {
	all, brief := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		var b briefReader
		whole := object(t, "record", names)
		source := rapid.SampledFrom([]string{"s3.amazonaws.com", "ec2.amazonaws.com", "iam.amazonaws.com"}).Draw(t, "source")
		name := rapid.SampledFrom([]string{"GetObject", "RunInstances", "CreateUser"}).Draw(t, "name")
		head := fmt.Sprintf(`{"eventVersion":"1.08","eventSource":%q,"eventName":%q,"requestParameters":%s`, source, name, object(t, "request", params))
		if rest := strings.TrimPrefix(whole, "{"); rest != "}" {
			head += "," + rest
		} else {
			head += "}"
		}
		_, err := trail.Scan(bytes.NewReader([]byte(`{"Records":[`+head+`]}`)), trail.Options{}, func(h *trail.Header, raw []byte) error {
			if sameEntry(t, &b, h, raw) {
				brief++
			}
			return nil
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		all++
	})
	if brief*20 < all {
		t.Errorf("%d of %d records were read briefly: too few to prove anything", brief, all)
	}
}
