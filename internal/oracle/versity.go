// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"crypto/tls"
	"crypto/x509"
	"debug/buildinfo"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// EnvVersity names the variable that holds the path of the versitygw program;
// without it the program is looked for on the PATH.
const EnvVersity = "BUCKETLID_VERSITYGW"

// VersityMissing says why versitygw cannot be started; nil when it can.
func VersityMissing() error {
	_, err := versityBinary()
	return err
}

func versityBinary() (string, error) {
	name := os.Getenv(EnvVersity)
	if name == "" {
		name = "versitygw"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("versitygw: %w; install it with internal/oracle/setup.sh and set %s to its path", err, EnvVersity)
	}
	return path, nil
}

// StartVersity runs versitygw over a folder of the test, without TLS, until the
// test ends. It is skipped where versitygw is missing.
func StartVersity(t testing.TB) *Server {
	t.Helper()
	return startVersity(t, false)
}

// StartVersityTLS is StartVersity with a certificate, so that requests carry
// aws:SecureTransport=true.
func StartVersityTLS(t testing.TB) *Server {
	t.Helper()
	return startVersity(t, true)
}

func startVersity(t testing.TB, secure bool) *Server {
	t.Helper()
	binary, err := versityBinary()
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	folder := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	addr := freePort(t)
	s := &Server{Name: "versitygw", URL: "http://" + addr, Owner: User{Name: "owner", Access: "OWNER", Secret: "owner-secret"}}
	s.Admin = s.Owner
	s.Version = versityVersion(t, binary)
	args := []string{"--port", addr, "--access", s.Owner.Access, "--secret", s.Owner.Secret, "--iam-dir", folder("users"), "--quiet"}
	if secure {
		s.URL = "https://" + addr
		var cert, key string
		cert, key, s.tls = certificate(t, dir)
		args = append(args, "--cert", cert, "--key", key)
	}
	args = append(args, "posix", "--sidecar", folder("attributes"), folder("data"))
	start(t, binary, args...).await(t, "answer", s.answers)
	s.addUser = func(t testing.TB, _, name string) User {
		u := User{Name: name, Access: strings.ToUpper(name), Secret: name + "-secret"}
		run(t, binary, "admin", "--allow-insecure", "--access", s.Owner.Access, "--secret", s.Owner.Secret, "--endpoint-url", s.URL,
			"create-user", "--access", u.Access, "--secret", u.Secret, "--role", "user")
		return u
	}
	return s
}

// versityVersion is the module's version: a program built by "go install" says
// "git" of itself.
func versityVersion(t testing.TB, binary string) string {
	t.Helper()
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		t.Fatalf("version of %s: %v", binary, err)
	}
	return info.Main.Version
}

// certificate writes the certificate and key that net/http/httptest carries,
// and gives what a client needs to trust it.
func certificate(t testing.TB, dir string) (cert, key string, client *tls.Config) {
	t.Helper()
	donor := httptest.NewTLSServer(nil)
	defer donor.Close()
	pair := donor.TLS.Certificates[0]
	secret, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pool := x509.NewCertPool()
	pool.AddCert(donor.Certificate())
	return write("cert.pem", "CERTIFICATE", pair.Certificate[0]), write("key.pem", "PRIVATE KEY", secret), &tls.Config{RootCAs: pool}
}
