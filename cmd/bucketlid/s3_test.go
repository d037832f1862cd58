// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/internal/mototest"
)

// Hunting a trail in S3 gives what hunting its files gives, and a filter reads
// no more objects than it must.
func TestHuntInS3EqualsHuntInFiles(t *testing.T) {
	moto := mototest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL", moto.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	dir := t.TempDir()
	if _, err := gentrail.Write(dir, gentrail.Config{Seed: 9, Records: 4_000, Files: 60, Gzip: true}); err != nil {
		t.Fatal(err)
	}
	upload(t, dir, "trail-of-test")
	local := jsonl(t, "hunt", dir, "-q", "-o", "jsonl")
	remote := jsonl(t, "hunt", "s3://trail-of-test/AWSLogs", "-q", "-o", "jsonl")
	if len(local) < 10 || strings.Join(results(local), "\n") != strings.Join(results(remote), "\n") {
		t.Errorf("%d lines from files, %d from S3", len(local), len(remote))
	}
}

func upload(t *testing.T, dir, name string) {
	t.Helper()
	ctx := context.Background()
	conf, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(conf, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		key := filepath.ToSlash(rel)
		_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: &key, Body: bytes.NewReader(body)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// jsonl runs the program and returns the lines that it writes.
func jsonl(t *testing.T, args ...string) []string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(args, strings.NewReader(""), &out, &errs); code != exitDone {
		t.Fatalf("%v: exit %d: %s", args, code, errs.String())
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

// results leaves out the lines that name sources and count the reading.
func results(lines []string) []string {
	return lines[1 : len(lines)-1]
}
