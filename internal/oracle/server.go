// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// startTime is how long a server may take until it answers, and a tool until it
// ends.
const startTime = 60 * time.Second

// User is somebody who can sign requests to a server.
type User struct {
	Account string // AWS account id; a tenant of radosgw; "" where the server knows no accounts
	Name    string
	Access  string // access key id
	Secret  string
}

// Server is a running S3 server on loopback. It serves path-style requests.
type Server struct {
	Name    string // "versitygw" or "radosgw"
	Version string // as the program tells it
	URL     string // scheme, address and port
	Owner   User   // owns the buckets that he creates

	// Admin is of the owner's account, and no policy binds him: what sets up and
	// clears away uses him. On versitygw he is the owner.
	Admin User

	// ForwardedFor says that the server takes the client's address and scheme
	// from X-Forwarded-For and X-Forwarded-Proto. A server that does not sees
	// the address from which the client connects.
	ForwardedFor bool

	tls     *tls.Config // what a client needs to trust the server; nil without TLS
	addUser func(t testing.TB, account, name string) User
}

// Client is an HTTP client that connects from the given local address, any when
// nil, trusts the server's certificate and follows no redirects.
func (s *Server) Client(local net.IP) *http.Client {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	if local != nil {
		dialer.LocalAddr = &net.TCPAddr{IP: local}
	}
	return &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: s.tls, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// Path is the escaped path of an object, or of the bucket for an empty key, for
// callers of whatever account.
func (s *Server) Path(bucket, key string) string {
	path := "/" + escape(bucket)
	if s.Owner.Account != "" {
		path = "/" + s.Owner.Account + "%3A" + escape(bucket)
	}
	return path + "/" + escape(key)
}

// escape writes all but unreserved characters and slashes as %XX, which is what
// Signature Version 4 signs.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// AddUser makes a user. Where the server knows accounts he belongs to the given
// one; on versitygw every user but the owner is simply somebody else.
func (s *Server) AddUser(t testing.TB, account, name string) User {
	t.Helper()
	return s.addUser(t, account, name)
}

// run runs a tool to its end and gives what it prints.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// process is a server's program while it runs.
type process struct {
	name  string
	log   *lockedBuffer
	ended chan struct{}
}

// start runs a program until the test ends. It dies with the test's process.
func start(t testing.TB, name string, args ...string) *process {
	t.Helper()
	p := &process{name: name, log: &lockedBuffer{}, ended: make(chan struct{})}
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		_ = cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// await waits until ready says yes, and gives up when the program ends or
// startTime is over.
func (p *process) await(t testing.TB, what string, ready func() bool) {
	t.Helper()
	late := time.After(startTime)
	for !ready() {
		select {
		case <-p.ended:
			t.Fatalf("%s ended before %s: %s", p.name, what, p.log)
		case <-late:
			t.Fatalf("%s: no %s after %v: %s", p.name, what, startTime, p.log)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// answers reports whether anything answers HTTP requests at the server's URL.
func (s *Server) answers() bool {
	resp, err := s.Client(nil).Get(s.URL + "/")
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil
}

// lockedBuffer keeps the end of what a program writes.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buf.Len() > 1<<20 {
		b.buf.Reset()
	}
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
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
