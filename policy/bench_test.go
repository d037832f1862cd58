// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

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

// BenchmarkBothVerdicts is what one change of a policy costs: both answers about
// a policy of five statements that is parsed already.
func BenchmarkBothVerdicts(b *testing.B) {
	d := parse(b, typical)
	b.ReportAllocs()
	for b.Loop() {
		Classify(d, testFacts)
		Analyse(d, testFacts)
	}
}

// varied are policies as buckets have them: the statements of typical and of the
// examples, one to five in each.
func varied() []string {
	var pool []json.RawMessage
	var whole struct{ Statement []json.RawMessage }
	if err := json.Unmarshal([]byte(typical), &whole); err != nil {
		panic(err)
	}
	pool = append(pool, whole.Statement...)
	for _, s := range []string{allowRead, deny(`{"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24"]}}`),
		allow(`"*"`, `{"StringEquals":{"aws:SourceVpce":"vpce-0aa"}}`), allow(`{"Service":"logging.s3.amazonaws.com"}`, `{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::src"}}`),
		allow(`{"AWS":"arn:aws:iam::111122223333:role/App"}`, `{}`), allow(`{"AWS":["444455556666","777788889999"]}`, `{"StringLike":{"s3:prefix":["in/*",""]}}`),
		deny(`{"StringNotEquals":{"s3:x-amz-server-side-encryption":"AES256"}}`), allow(`{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}`, `{}`),
		deny(`{"NumericLessThan":{"s3:TlsVersion":"1.2"}}`)} {
		pool = append(pool, json.RawMessage(s))
	}
	gen := rapid.Custom(func(t *rapid.T) string {
		list := rapid.SliceOfN(rapid.SampledFrom(pool), 1, 5).Draw(t, "statements")
		texts := make([]string, len(list))
		for i, s := range list {
			texts[i] = string(s)
		}
		return statements(texts...)
	})
	out := make([]string, 256)
	for i := range out {
		out[i] = gen.Example(i)
	}
	return out
}

// BenchmarkBatch reads and judges varied policies.
func BenchmarkBatch(b *testing.B) {
	list := varied()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		d, err := Parse([]byte(list[n%len(list)]))
		if err != nil {
			b.Fatal(err)
		}
		Classify(d, testFacts)
		Analyse(d, testFacts)
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "policies/s")
}

// worst are policies of S3's full size that are made to cost time.
func worst() map[string]string {
	fill := func(make func(i int) string) string {
		var list []string
		for n, i := 600, 0; n < maxPolicy; i++ {
			s := make(i)
			n += len(s) + 1
			list = append(list, s)
		}
		return strings.Join(list[:len(list)-1], ",")
	}
	quoted := func(format string) func(int) string {
		return func(i int) string { return fmt.Sprintf("%q", fmt.Sprintf(format, i)) }
	}
	halves := func(make func(int) string) (string, string) {
		list := strings.Split(fill(make), ",")
		return strings.Join(list[:len(list)/2], ","), strings.Join(list[len(list)/2:], ",")
	}
	ages, otherAges := halves(func(i int) string { return fmt.Sprintf(`"%d"`, 3*i) })
	stars := strings.Repeat("*a", 4500)
	object := `,"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}`
	return map[string]string{
		"accounts":  statements(allow(`{"AWS":[`+fill(func(i int) string { return fmt.Sprintf(`"%012d"`, 444400000000+i) })+`]}`, `{}`)),
		"addresses": statements(allowRead, deny(`{"NotIpAddress":{"aws:SourceIp":[`+fill(func(i int) string { return fmt.Sprintf(`"%d.%d.7.0/30"`, 11+i%90, i/90) })+`]}}`)),
		"denies": statements(allowRead, fill(func(i int) string {
			return deny(fmt.Sprintf(`{"StringNotLike":{"aws:Referer":"*%d*"},"StringLike":{"aws:UserAgent":"*%d*"}}`, i, i))
		})),
		"allows": statements(fill(func(i int) string {
			return fmt.Sprintf(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/%d*x"}`, i)
		})),
		"globs":        statements(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":[` + fill(quoted("arn:aws:s3:::b/*%d*x*")) + `]}`),
		"stars":        statements(allow(`"*"`, `{"StringLike":{"aws:Referer":"`+stars+`"},"StringNotLike":{"aws:Referer":"`+stars+`b*"}}`)),
		"overlap":      statements(allowRead, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":[`+fill(quoted("arn:aws:s3:::b/*a%d*"))+`]}`),
		"variables":    statements(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":[` + fill(quoted("arn:aws:s3:::b/%d/${aws:username}/${aws:PrincipalTag/x}*")) + `]}`),
		"NotPrincipal": statements(`{"Effect":"Allow","Principal":"*"`+object, `{"Effect":"Deny","NotPrincipal":{"AWS":[`+fill(func(i int) string { return fmt.Sprintf(`"arn:aws:iam::%012d:role/r"`, 444400000000+i/2) })+`]}`+object),
		"NotAction": statements(fill(func(i int) string {
			return fmt.Sprintf(`{"Effect":"%s","Principal":"*","NotAction":"s3:*%d*","NotResource":"arn:aws:s3:::b/*%d"}`, []string{"Allow", "Deny"}[i%2], i, i)
		})),
		"intricate": statements(allowRead, fill(func(i int) string {
			return deny(fmt.Sprintf(`{"StringNotLike":{"aws:Referer":"*%x*","aws:UserAgent":"*%x*"}}`, i, i))
		})),
		"searches": statements(allow(`"*"`, `{"StringNotLike":{"aws:Referer":[`+fill(func(i int) string { return fmt.Sprintf(`"*%x*%x*"`, i, 7*i%97) })+`]}}`),
			deny(`{"StringNotLike":{"aws:Referer":"*1*"}}`)),
		"outside": statements(allowRead, fill(func(i int) string {
			return fmt.Sprintf(`{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","NotResource":["arn:aws:s3:::b/*%d*","arn:aws:s3:::b/x%d*y"]}`, i, i)
		})),
		"conditions": statements(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringLike":{` + fill(func(i int) string { return fmt.Sprintf(`"aws:PrincipalTag/t%d":"*%d*"`, i, i) }) + `}}}`),
		"numbers":    statements(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"NumericNotEquals":{"s3:signatureAge":[` + ages + `]},"NumericEquals":{"s3:signatureAge":[` + otherAges + `]},"Null":{"aws:PrincipalTag/a":"false"}}}`),
		"own names": statements(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/${aws:PrincipalTag/a}/*"}`, fill(func(i int) string {
			return deny(fmt.Sprintf(`{"StringNotLike":{"aws:PrincipalTag/t%d":"*${aws:username}%d*"}}`, i%9, i))
		})),
		"question marks": statements(`{"Effect":"Allow","Principal":{"AWS":"*","Service":["a.amazonaws.com","b.amazonaws.com"]},"Action":"s3:*","Resource":[`+fill(quoted("arn:aws:s3:::b/*k?%dz*"))+`]}`,
			deny(`{"StringNotLike":{"aws:Referer":["*a*b*","*c*d*"]},"StringLike":{"s3:prefix":"${aws:userid}*"}}`)),
		"actions": statements(`{"Effect":"Allow","Principal":"*","Action":[` + fill(quoted("s3:*e*e*%d*")) + `,"s3:*"],"Resource":"*"}`),
	}
}

// BenchmarkWorstCase judges them.
func BenchmarkWorstCase(b *testing.B) {
	list := worst()
	for _, name := range sortedNames(list) {
		text := []byte(list[name])
		if len(text) > maxPolicy {
			b.Fatalf("%s: %d bytes", name, len(text))
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d, err := Parse(text)
				if err != nil {
					b.Fatal(err)
				}
				Classify(d, testFacts)
				Analyse(d, testFacts)
			}
		})
	}
}
