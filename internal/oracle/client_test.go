// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// call is one HTTP request to a server.
type call struct {
	method, query string
	bucket, key   string
	headers       map[string]string
	body          string
	as            *User // nil sends it unsigned
	presigned     bool  // signature in the query instead of a header
	from          string
	https         bool
}

// answer is what came back.
type answer struct {
	status int
	code   string // of S3's error body
	body   string
}

// passed says whether access was given; anything but success and a refusal is
// a fault of the test.
func (a answer) passed(t testing.TB, what string) bool {
	t.Helper()
	switch {
	case a.status/100 == 2:
		return true
	case a.status == http.StatusForbidden, a.status == http.StatusUnauthorized:
		return false
	}
	t.Errorf("%s: neither given nor refused: %d %s", what, a.status, a.code)
	return false
}

// send sends the call, as seen from the address in from.
func (l *lab) send(t testing.TB, c call) answer {
	t.Helper()
	s := l.server(c.https)
	var local net.IP
	headers := map[string]string{"User-Agent": "oracle"}
	from := l.address(c.from)
	if s.ForwardedFor {
		headers["X-Forwarded-For"] = from
		headers["X-Forwarded-Proto"] = "http"
		if c.https {
			headers["X-Forwarded-Proto"] = "https"
		}
	} else {
		local = net.ParseIP(from)
	}
	target := s.URL + s.Path(c.bucket, c.key)
	if c.query != "" {
		target += "?" + c.query
	}
	req, err := http.NewRequestWithContext(t.Context(), c.method, target, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	for name, value := range c.headers {
		req.Header.Set(name, value)
	}
	if c.as != nil {
		req = sign(t, req, c)
	}
	client := l.client(s, local)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", c.method, target, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		t.Fatalf("%s %s: %v", c.method, target, err)
	}
	var fault struct{ Code string }
	if resp.StatusCode/100 != 2 && bytes.Contains(body, []byte("<Code>")) {
		_ = xml.Unmarshal(body, &fault)
	}
	return answer{resp.StatusCode, fault.Code, string(body)}
}

// must sends a call that belongs to the set-up.
func (l *lab) must(t testing.TB, c call) answer {
	t.Helper()
	a := l.send(t, c)
	if a.status/100 != 2 {
		t.Fatalf("%s: set-up: %s /%s/%s?%s: %d %s", l.name, c.method, c.bucket, c.key, c.query, a.status, a.body)
	}
	return a
}

// sign adds Signature Version 4. The path is escaped already.
func sign(t testing.TB, req *http.Request, c call) *http.Request {
	t.Helper()
	sum := sha256.Sum256([]byte(c.body))
	hash := hex.EncodeToString(sum[:])
	keys := aws.Credentials{AccessKeyID: c.as.Access, SecretAccessKey: c.as.Secret}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if !c.presigned {
		req.Header.Set("X-Amz-Content-Sha256", hash)
		if err := signer.SignHTTP(context.Background(), keys, req, hash, "s3", "us-east-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		return req
	}
	q := req.URL.Query()
	q.Set("X-Amz-Expires", "600")
	req.URL.RawQuery = q.Encode()
	signed, extra, err := signer.PresignHTTP(context.Background(), keys, req, "UNSIGNED-PAYLOAD", "s3", "us-east-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	again, err := http.NewRequestWithContext(t.Context(), c.method, signed, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	again.Header = req.Header.Clone()
	for name, values := range extra {
		if name != "Host" {
			again.Header[name] = values
		}
	}
	return again
}
