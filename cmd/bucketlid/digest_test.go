// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/tools/txtar"

	"github.com/bucketlid/bucketlid/internal/mototest"
)

// In S3 the newest digest is signed in the metadata of its object: the trail of
// the manual's script, packed as CloudTrail packs it, is verified to its end.
func TestDigestsInS3(t *testing.T) {
	moto := mototest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL", moto.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	archive, err := txtar.ParseFile(filepath.Join("testdata", "script", "digests.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(t.TempDir(), "keys.json")
	signatures := map[string]string{}
	for _, f := range archive.Files {
		if name, ok := strings.CutSuffix(f.Name, ".sig"); ok {
			signatures[name] = strings.TrimSpace(string(f.Data))
		}
		if f.Name == "keys.json" {
			if err := os.WriteFile(keys, f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx, name := context.Background(), "acme-trail"
	conf, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(conf, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		key, inside := strings.CutPrefix(f.Name, "logs/")
		if !inside || !strings.HasSuffix(key, ".json") {
			continue
		}
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(f.Data); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		key += ".gz"
		in := &s3.PutObjectInput{Bucket: &name, Key: &key, Body: bytes.NewReader(packed.Bytes())}
		if signature := signatures[f.Name]; signature != "" {
			in.Metadata = map[string]string{"signature": signature, "signature-algorithm": "SHA256withRSA"}
		}
		if _, err := client.PutObject(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	lines := jsonl(t, "coverage", "s3://acme-trail/AWSLogs/", "--validate-digests", "--keys", keys, "-o", "jsonl", "--strict")
	if last := lines[len(lines)-1]; !strings.Contains(last, `"digests":{"verified":3},"files":{"verified":2}`) {
		t.Error(last)
	}
}
