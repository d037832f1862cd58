// SPDX-License-Identifier: Apache-2.0

package trail

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
)

// syntheticRecord writes a record with the members, the order and about the size
// (1,300 bytes) of those in a real trail.
func syntheticRecord(w *bytes.Buffer, r *rand.Rand) {
	id := func() string {
		return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", r.Uint32(), r.Uint32N(1<<16), r.Uint32N(1<<16), r.Uint32N(1<<16), r.Uint64N(1<<48))
	}
	when := fmt.Sprintf("2023-07-10T%02d:%02d:%02dZ", r.IntN(24), r.IntN(60), r.IntN(60))
	account := fmt.Sprint(111111111111 + r.Int64N(5))
	user := []string{"benjamin", "terraform-runner", "ana.gomez", "ci"}[r.IntN(4)]
	region := []string{"us-east-1", "eu-central-1", "ap-southeast-2"}[r.IntN(3)]
	fmt.Fprintf(w, `{"eventVersion":"1.08","userIdentity":`)
	switch r.IntN(4) {
	case 0:
		fmt.Fprintf(w, `{"type":"AssumedRole","principalId":"AROAEXAMPLEAAAAAAAAAA:%s","arn":"arn:aws:sts::%s:assumed-role/deploy/%s","accountId":"%s","accessKeyId":"ASIAEXAMPLEAAAAAAAAA","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEAAAAAAAAAA","arn":"arn:aws:iam::%s:role/deploy","accountId":"%s","userName":"deploy"},"webIdFederationData":{},"attributes":{"creationDate":"%s","mfaAuthenticated":"false"}}}`, user, account, user, account, account, account, when)
	case 1:
		fmt.Fprintf(w, `{"type":"AWSService","invokedBy":"cloudtrail.amazonaws.com"}`)
	default:
		fmt.Fprintf(w, `{"type":"IAMUser","principalId":"AIDAEXAMPLEAAAAAAAAAA","arn":"arn:aws:iam::%s:user/%s","accountId":"%s","accessKeyId":"AKIAEXAMPLEAAAAAAAAA","userName":"%s"}`, account, user, account, user)
	}
	names := [][2]string{{"s3", "GetBucketAcl"}, {"ec2", "DescribeInstances"}, {"iam", "ListAttachedRolePolicies"}, {"kms", "Decrypt"}, {"s3", "PutObject"}}
	n := names[r.IntN(len(names))]
	fmt.Fprintf(w, `,"eventTime":"%s","eventSource":"%s.amazonaws.com","eventName":"%s","awsRegion":"%s","sourceIPAddress":"198.51.100.%d","userAgent":"[APN/1.0 HashiCorp/1.0 Terraform/1.5.2 (+https://www.terraform.io) terraform-provider-aws/5.7.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go/1.44.%d (go1.20.5; linux; amd64)]",`, when, n[0], n[1], region, r.IntN(256), r.IntN(300))
	if r.IntN(10) == 0 {
		fmt.Fprintf(w, `"errorCode":"AccessDenied","errorMessage":"User: %s is not authorized to perform: %s on resource: \"*\"",`, user, n[1])
	}
	switch n[0] {
	case "s3":
		fmt.Fprintf(w, `"requestParameters":{"bucketName":"company-logs-%d","Host":"company-logs-%d.s3.%s.amazonaws.com","acl":""},"responseElements":null,"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"%x","bytesTransferredOut":%d},`, r.IntN(9), r.IntN(9), region, r.Uint64(), r.IntN(9999))
	case "ec2":
		fmt.Fprintf(w, `"requestParameters":{"instancesSet":{"items":[{"instanceId":"i-%017x"},{"instanceId":"i-%017x"}]},"filterSet":{"items":[{"name":"tag:Name","valueSet":{"items":[{"value":"web-%d"}]}}]},"maxResults":1000},"responseElements":null,`, r.Uint64(), r.Uint64(), r.IntN(99))
	case "kms":
		fmt.Fprintf(w, `"requestParameters":{"encryptionContext":{"aws:cloudtrail:arn":"arn:aws:cloudtrail:%s:%s:trail/main","aws:s3:arn":"arn:aws:s3:::company-logs/AWSLogs/%s/CloudTrail/file.json.gz"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"},"responseElements":null,`, region, account, account)
	default:
		fmt.Fprintf(w, `"requestParameters":{"roleName":"deploy-%d"},"responseElements":null,`, r.IntN(99))
	}
	fmt.Fprintf(w, `"requestID":"%s","eventID":"%s","readOnly":true,`, id(), id())
	if n[0] == "s3" || n[0] == "kms" {
		fmt.Fprintf(w, `"resources":[{"accountId":"%s","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::company-logs"}],`, account)
	}
	fmt.Fprintf(w, `"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"%s","eventCategory":"Management"`, account)
	if r.IntN(5) > 0 {
		fmt.Fprintf(w, `,"tlsDetails":{"tlsVersion":"TLSv1.2","cipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","clientProvidedHostHeader":"%s.%s.amazonaws.com"}`, n[0], region)
	}
	w.WriteByte('}')
}

// syntheticFile writes a compact log file of n records.
func syntheticFile(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var w bytes.Buffer
	w.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			w.WriteByte(',')
		}
		syntheticRecord(&w, r)
	}
	w.WriteString(`]}`)
	return w.Bytes()
}

func BenchmarkScan(b *testing.B) {
	const records = 8000
	file := syntheticFile(records)
	b.Run("records-wrapper", func(b *testing.B) { benchmarkScan(b, file, records) })
	lines := bytes.ReplaceAll(file[len(`{"Records":[`):len(file)-2], []byte(`},{"eventVersion"`), []byte("}\n{\"eventVersion\""))
	b.Run("json-lines", func(b *testing.B) { benchmarkScan(b, lines, records) })
	var events, messages bytes.Buffer
	for line := range bytes.Lines(lines) {
		line = bytes.TrimSpace(line)
		events.WriteString(envelope(string(line)) + "\n")
		messages.WriteString(`{"id":"1","timestamp":1,"message":` + strconv.Quote(string(line)) + "}\n")
	}
	b.Run("eventbridge", func(b *testing.B) { benchmarkScan(b, events.Bytes(), records) })
	b.Run("cloudwatch-logs", func(b *testing.B) { benchmarkScan(b, messages.Bytes(), records) })
}

func benchmarkScan(b *testing.B, file []byte, want int64) {
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		stats, err := Scan(bytes.NewReader(file), Options{}, func(*Header, []byte) error { return nil }, nil)
		if err != nil || stats.Records != want || stats.Skipped != 0 {
			b.Fatal(stats, err)
		}
	}
}

func BenchmarkScanSmallFiles(b *testing.B) {
	benchmarkScan(b, syntheticFile(8), 8)
}

func BenchmarkDecode(b *testing.B) {
	file := syntheticFile(8)
	raw := file[len(`{"Records":[`):bytes.Index(file, []byte(`},{"eventVersion"`))]
	raw = append(bytes.Clone(raw), '}')
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(raw, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseTime(b *testing.B) {
	text := []byte("2023-07-10T11:42:36Z")
	for b.Loop() {
		if _, _, ok := ParseTime(text); !ok {
			b.Fatal("not read")
		}
	}
}
