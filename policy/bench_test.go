// SPDX-License-Identifier: Apache-2.0

package policy

import "testing"

// typical is a policy of five statements as many buckets have them.
const typical = `{"Version":"2012-10-17","Statement":[
	{"Sid":"PublicRead","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/public/*"},
	{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]},
	{"Sid":"Trail","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::b/AWSLogs/*","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}},
	{"Sid":"Org","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-own"}}},
	{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse([]byte(typical)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	d := parse(b, typical)
	b.ReportAllocs()
	for b.Loop() {
		Classify(d, testFacts)
	}
}

func BenchmarkAnalyse(b *testing.B) {
	for name, text := range map[string]string{"typical": typical, "public": statements(allowRead),
		"addresses": statements(allowRead, deny(`{"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24","198.51.100.0/24"]}}`))} {
		d := parse(b, text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Analyse(d, testFacts)
			}
		})
	}
}

func BenchmarkExamples(b *testing.B) {
	list := examples(b)
	var docs []*Document
	for _, e := range list {
		docs = append(docs, e.document(b))
	}
	b.ReportAllocs()
	for b.Loop() {
		for i, d := range docs {
			Analyse(d, list[i].facts())
		}
	}
}

func BenchmarkEvaluate(b *testing.B) {
	d := parse(b, typical)
	r := Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/public/k", Context: map[string][]string{"aws:SecureTransport": {"true"}}}
	b.ReportAllocs()
	for b.Loop() {
		Evaluate(d, r)
	}
}
