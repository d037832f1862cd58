// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/archive/duckdb"
	"github.com/bucketlid/bucketlid/archive/sieve"
	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// What a query engine adds up fills a ledger and a baseline as reading every
// record does.
func TestAnEngineTellsTheSameAsAllRecords(t *testing.T) {
	made := t.TempDir()
	if _, err := gentrail.Write(made, gentrail.Config{Seed: 21, Records: 4_000, Files: 40, Duplicates: 0.05, CrossAccount: 0.02}); err != nil {
		t.Fatal(err)
	}
	records := append(filesIn(t, made), []byte(oddRecords))
	a := loaded(t, records)
	for _, tt := range []struct {
		name     string
		filter   sieve.Filter
		rewrites int
	}{
		{"all", sieve.Filter{}, 1 << 17},
		{"one account and Region", sieve.Filter{Accounts: []string{"111122223333"}, Regions: []string{"eu-west-1", "it's none"}}, 1 << 17},
		{"two days", sieve.Filter{From: time.Date(2026, 3, 3, 7, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 5, 0, 30, 0, 0, time.UTC)}, 1 << 17},
		{"more uploads than are kept", sieve.Filter{}, 40},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer replay.SetMaxRewrites(tt.rewrites)()
			ledger, baseline := read(t, records, tt.filter)
			asked, added := sifted(t, a, tt.filter)
			want := replay.Everything(ledger, baseline)
			if diff := cmp.Diff(want, replay.Everything(asked, added), cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
				t.Errorf("the engine's differs (%d things):\n%.3000s", len(want), diff)
			}
		})
	}
}

// oddRecords are such that sums of columns would not tell them rightly.
var oddRecords = strings.Join([]string{
	odd(`"eventID":"short"`),
	odd(`"eventTime":"yesterday"`),
	odd(`"recipientAccountId":"0"`),
	odd(`"userAgent":"[ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ/1"`),
	odd(`"userAgent":"[S3Console/0.4, aws-internal/3]"`),
	odd(`"userAgent":"` + strings.Repeat("long", 400) + `"`),
	odd(`"awsRegion":"` + strings.Repeat("far", 500) + `"`),
	odd(`"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/build/` + strings.Repeat("0f", 700) + `"}`),
	odd(`"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/build/i-0123456789abcdef0"}`),
	odd(`"userIdentity":{"type":"AWSService","invokedBy":"config.amazonaws.com"}`),
	odd(`"userIdentity":{"type":"AWSAccount","accountId":"444455556666","principalId":"AIDA"}`),
	odd(`"userIdentity":{"type":"AWSAccount","accountId":"anonymous"}`),
	odd(`"userIdentity":{"type":"Unknown","principalId":"only-this"}`),
	odd(`"userIdentity":null`),
	odd(`"errorCode":"NoSuchBucket"`),
	odd(`"eventName":"DeleteObject","requestParameters":{"bucketName":"odd","key":"a\"b"},"responseElements":{"x-amz-version-id":"v1"}`),
	odd(`"eventName":"PutObject","requestParameters":{"nested":{"bucketName":"inner","key":"k"},"bucketName":"outer","key":"o"}`),
	odd(`"eventName":"PutObject","requestParameters":{"key":"no-bucket"},"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::from-resources/no-bucket"}]`),
	odd(`"eventName":"PutObject","requestParameters":{"bucketName":"odd","key":"públic/ключ","x-amz-acl":"public-read"}`),
	odd(`"eventName":"GetObject","requestParameters":"{\"bucketName\":\"as-text\",\"key\":\"k\"}"`),
	odd(`"eventSource":"redacted","eventName":"PutBucketPolicy","requestParameters":{"bucketName":"odd"}`),
	odd(`"eventName":"ConsoleLogin","eventSource":"signin.amazonaws.com","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/o","accessKeyId":"AKIAEXAMPLE123456789"}`),
	odd(`"eventTime":"2026-03-04T10:00:00.9Z"`),
	strings.ReplaceAll(odd(`"userAgent":"x"`), `"x"`, "\"\xff\xfe\""),
}, "\n")

var oddCount int

// odd is a record with other members than usual; the last of one name counts.
func odd(members string) string {
	oddCount++
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/odd"},"eventTime":"2026-03-04T09:%02d:00Z",`+
		`"eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.7","userAgent":"aws-cli/2",`+
		`"requestParameters":{"bucketName":"odd","key":"k"},"eventID":"0ddba11e-0000-4000-8000-%012d","recipientAccountId":"111122223333",%s}`, oddCount, oddCount, members)
}

func filesIn(t *testing.T, dir string) [][]byte {
	t.Helper()
	var out [][]byte
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		out = append(out, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func scan(t *testing.T, text []byte, visit func(h *trail.Header, raw []byte) error) {
	t.Helper()
	_, err := trail.Scan(bytes.NewReader(text), trail.Options{}, visit, func(s trail.Skip) { t.Errorf("unread at %d: %s", s.Offset, s.Reason) })
	if err != nil {
		t.Fatal(err)
	}
}

// read takes every record in that the filter does not rule out.
func read(t *testing.T, files [][]byte, f sieve.Filter) (*replay.Ledger, *replay.Baseline) {
	t.Helper()
	ledger, baseline := replay.NewLedger(), replay.NewBaseline()
	for _, text := range files {
		scan(t, text, func(h *trail.Header, raw []byte) error {
			if takes(f, h) {
				baseline.Observe(h)
				ledger.Take(h, raw)
			}
			return nil
		})
	}
	return ledger, baseline
}

func takes(f sieve.Filter, h *trail.Header) bool {
	in := func(list []string, text []byte) bool {
		return len(list) == 0 || len(text) == 0 || strings.Contains(" "+strings.Join(list, " ")+" ", " "+string(text)+" ")
	}
	seconds, _, dated := trail.ParseTime(h.Time)
	at := time.Unix(seconds, 0)
	return in(f.Accounts, h.RecipientAccountID) && in(f.Regions, h.Region) &&
		(!dated || !at.Before(f.From) && (f.To.IsZero() || at.Before(f.To)))
}

// sifted asks DuckDB over an archive.
func sifted(t *testing.T, a *archive.Archive, f sieve.Filter) (*replay.Ledger, *replay.Baseline) {
	t.Helper()
	engine, err := duckdb.Open(a, duckdb.Options{})
	if errors.Is(err, duckdb.ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	ledger, baseline := replay.NewLedger(), replay.NewBaseline()
	var oddOnes int
	_, err = sieve.Run(t.Context(), engine, f, sieve.Into{
		Ledger: ledger, Baseline: baseline,
		Odd: func(_ string, h *trail.Header, raw []byte) error {
			if takes(f, h) {
				oddOnes++
				baseline.Observe(h)
				ledger.Take(h, raw)
			}
			return nil
		},
		Chosen: func(_ string, h *trail.Header, raw []byte) error {
			if takes(f, h) {
				ledger.Take(h, raw)
			}
			return nil
		},
		Unread: func(object string, offset int64, reason string) {
			t.Errorf("unread: %s at %d: %s", object, offset, reason)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if oddOnes > oddCount {
		t.Errorf("%d records came back as odd, of which only %d are made so", oddOnes, oddCount)
	}
	return ledger, baseline
}

// loaded is an archive of the records in files.
func loaded(t *testing.T, files [][]byte) *archive.Archive {
	t.Helper()
	root := t.TempDir()
	a, err := archive.OpenWriter(root)
	if err != nil {
		t.Fatal(err)
	}
	load, err := a.Load(archive.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	reader := load.Reader()
	for i, text := range files {
		reader.Begin(fmt.Sprintf("file %d", i))
		scan(t, text, reader.Add)
		if err := reader.End(1, fmt.Sprint(i), true); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := load.Close(); err != nil {
		t.Fatal(err)
	}
	a.Close()
	opened, err := archive.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	return opened
}
