// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/archive/duckdb"
	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/internal/mototest"
)

// inMoto is an empty bucket in a stand-in for S3.
func inMoto(t *testing.T) *s3.Client {
	t.Helper()
	moto := mototest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL", moto.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	conf, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(conf, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("kept")}); err != nil {
		t.Fatal(err)
	}
	return client
}

// objects lists the names in the bucket.
func objects(t *testing.T, client *s3.Client) []string {
	t.Helper()
	out, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("kept")})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range out.Contents {
		names = append(names, *o.Key)
	}
	return names
}

// good runs a command that must succeed.
func good(t *testing.T, args ...string) string {
	t.Helper()
	code, out := commanded(args...)
	if code != exitDone {
		t.Fatalf("%q: exit %d: %s", args, code, out)
	}
	return out
}

// bad runs a command that must fail with this code and say so.
func bad(t *testing.T, want int, says string, args ...string) {
	t.Helper()
	if code, out := commanded(args...); code != want || !strings.Contains(out, says) {
		t.Errorf("%q: exit %d, want %d, saying %q: %s", args, code, want, says, out)
	}
}

// An archive in S3 is loaded, asked, verified, merged and pruned as one in a
// folder is.
func TestArchiveInS3(t *testing.T) {
	client := inMoto(t)
	logs, place := t.TempDir(), "s3://kept/records"
	if _, err := gentrail.Company(logs); err != nil {
		t.Fatal(err)
	}
	bad(t, exitUsage, "no archive here; load one with: bucketlid archive load --archive "+place, "archive", "verify", "--archive", place)
	local := loaded(t, logs)
	first := good(t, "archive", "load", "--archive", place, logs)
	if !strings.Contains(first, "0 in the archive already") {
		t.Error(first)
	}
	if again := good(t, "archive", "load", "--archive", place, logs); !strings.Contains(again, "0 added") || !strings.Contains(again, "Read 0 objects") {
		t.Errorf("loaded twice: %s", again)
	}
	before := objects(t, client)
	for _, name := range before {
		if !strings.HasPrefix(name, "records/account=") && !strings.HasPrefix(name, "records/_manifest/") {
			t.Errorf("odd object %s", name)
		}
	}
	for _, subject := range [][]string{{"user", "rowan.blake"}, {"bucket", "kops-state-prod"}} {
		args := append([]string{"investigate"}, subject...)
		want := good(t, append(args, "--archive", local, "-o", "csv")...)
		if got := good(t, append(args, "--archive", place, "-o", "csv")...); got != want {
			t.Errorf("%q: the archive in S3 says\n%s\nthat in a folder\n%s", subject, got, want)
		}
	}
	if duckdb.Built {
		const question = "SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM records"
		if got, want := good(t, "archive", "query", "--archive", place, question), good(t, "archive", "query", "--archive", local, question); got != want {
			t.Errorf("query: %s, want %s", got, want)
		}
	}
	if out := good(t, "archive", "verify", "--archive", place); !strings.Contains(out, "all as the manifest says") {
		t.Error(out)
	}
	if out := good(t, "archive", "prune", "--archive", place, "--older-than", "2026-08-06"); !strings.Contains(out, "deleted") {
		t.Error(out)
	}
	after := objects(t, client)
	if strings.Contains(strings.Join(after, " "), "day=2026-08-04") || !strings.Contains(strings.Join(after, " "), "day=2026-08-07") {
		t.Errorf("after prune: %q", after)
	}
	if again := good(t, "archive", "load", "--archive", place, logs); !strings.Contains(again, "0 added") {
		t.Errorf("pruned days came back: %s", again)
	}
	good(t, "archive", "compact", "--archive", place)
	good(t, "archive", "verify", "--archive", place)
	bad(t, exitUsage, "not available for an archive in S3", "archive", "verify", "--archive", place, "--set-aside")
}

// What is damaged or gone in the bucket is named, even where a good copy is at hand.
func TestArchiveInS3WithAHole(t *testing.T) {
	client := inMoto(t)
	logs, place := t.TempDir(), "s3://kept"
	if _, err := gentrail.Company(logs); err != nil {
		t.Fatal(err)
	}
	good(t, "archive", "load", "-q", "--archive", place, logs)
	good(t, "investigate", "user", "rowan.blake", "--archive", place)
	var part string
	for _, name := range objects(t, client) {
		if strings.HasSuffix(name, ".parquet") {
			part = name
		}
	}
	put := func(body string) {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("kept"), Key: &part, Body: strings.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
	put("no Parquet")
	bad(t, exitFailed, "s3://kept/"+part+" is damaged: its checksum does not match", "archive", "verify", "--archive", place)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	account := part[len("account="):][:12] // whose records only the file tells: of others the index may do
	bad(t, exitFailed, "s3://kept/"+part+" is damaged: its checksum does not match", "investigate", "user", account, "--archive", place)
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("kept"), Key: &part}); err != nil {
		t.Fatal(err)
	}
	bad(t, exitFailed, "s3://kept/"+part+" is missing, or was replaced meanwhile", "investigate", "user", account, "--archive", place)
	bad(t, exitUsage, "no such bucket", "archive", "load", "--archive", "s3://not-there/x", logs)
}

// Of two that write at once, one is told to begin again, and nothing of it is
// in the archive; nor is anything of a load that was killed before its push.
func TestArchiveInS3HasOneWriter(t *testing.T) {
	client := inMoto(t)
	const record = `{"eventVersion":"1.11","eventName":"GetBucketAcl","eventSource":"s3.amazonaws.com","eventTime":"2026-03-02T10:00:00Z","recipientAccountId":"111122223333","eventID":"00000000-0000-4000-8000-00000000000%"}`
	logs := func(digit string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, digit+".json"), []byte(strings.ReplaceAll(record, "%", digit)), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	good(t, "archive", "load", "-q", "--archive", "s3://kept", logs("1"))
	slow, err := writeArchive(context.WithoutCancel(t.Context()), "s3://kept")
	if err != nil {
		t.Fatal(err)
	}
	bad(t, exitFailed, "another bucketlid writes", "archive", "load", "-q", "--archive", "s3://kept", logs("2"))
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // as on another machine
	good(t, "archive", "load", "-q", "--archive", "s3://kept", logs("2"))
	if err := slow.Prune(slow.Files()); err != nil {
		t.Fatal(err)
	}
	if err := slow.push(t.Context(), false); err == nil || !strings.Contains(err.Error(), "nothing was changed: run the same command again") {
		t.Errorf("the slower writer: %v", err)
	}
	slow.Close()
	a, err := openArchive(t.Context(), "s3://kept")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if files := a.Files(); len(files) != 2 || a.Extent(archive.Filter{}).Files != 2 {
		t.Errorf("files %v", files)
	}

	// What no segment names is not the archive's, and compact deletes it.
	stray := "account=111122223333/day=2026-03-02/part-00000000000000000000000000000000.parquet"
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("kept"), Key: &stray, Body: io.NewSectionReader(bytes.NewReader(nil), 0, 0)}); err != nil {
		t.Fatal(err)
	}
	good(t, "archive", "verify", "--archive", "s3://kept")
	good(t, "archive", "compact", "--archive", "s3://kept")
	if names := strings.Join(objects(t, client), " "); strings.Contains(names, stray) || strings.Count(names, "/part-") != 1 {
		t.Errorf("after compact: %s", names)
	}
}
