// SPDX-License-Identifier: Apache-2.0

// Package mototest starts a moto server, which stands in for AWS in tests. moto
// keeps state as AWS does and judges nothing: that a call succeeds against it
// proves nothing about access.
package mototest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// EnvBinary names the variable that holds the path of the moto_server program,
// which `pip install 'moto[server]'` brings.
const EnvBinary = "BUCKETLID_MOTO"

// startTime is how long a server may take until it answers.
const startTime = 30 * time.Second

// Server is a running moto server.
type Server struct {
	URL string // http://127.0.0.1:port
}

// Start runs a moto server on loopback until the test ends, and points the AWS
// SDK's environment at nothing but that: made-up credentials, no configuration
// files, no instance metadata. It sets no endpoint. The test is skipped when
// EnvBinary is unset.
func Start(t testing.TB) *Server {
	t.Helper()
	binary := os.Getenv(EnvBinary)
	if binary == "" {
		t.Skipf("%s is not set to the path of moto_server", EnvBinary)
	}
	Isolate(t)
	addr := freePort(t)
	_, port, _ := net.SplitHostPort(addr)
	var log bytes.Buffer
	cmd := exec.Command(binary, "-H", "127.0.0.1", "-p", port)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", binary, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	s := &Server{URL: "http://" + addr}
	for deadline := time.Now().Add(startTime); ; time.Sleep(50 * time.Millisecond) {
		resp, err := http.Get(s.URL + "/moto-api/")
		if err == nil {
			resp.Body.Close()
			return s
		}
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", binary, log.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer after %v", binary, startTime)
		}
	}
}

// Isolate keeps the AWS SDK from the configuration of whoever runs the test.
func Isolate(t testing.TB) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "",
	} {
		t.Setenv(name, value) // restores what was, also when unset below
		if value == "" {
			_ = os.Unsetenv(name)
		}
	}
}

// Reset forgets all state of all services.
func (s *Server) Reset(t testing.TB) { t.Helper(); s.post(t, "/moto-api/reset", "") }

// EnforceIAM makes every call beyond the next n subject to IAM policies.
// Without it moto permits everything.
func (s *Server) EnforceIAM(t testing.TB, n int) {
	t.Helper()
	s.post(t, "/moto-api/reset-auth", strconv.Itoa(n))
}

func (s *Server) post(t testing.TB, path, body string) {
	t.Helper()
	resp, err := http.Post(s.URL+path, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatalf("moto %s: %v", path, err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode/100 != 2 {
		t.Fatalf("moto %s: %s", path, resp.Status)
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
