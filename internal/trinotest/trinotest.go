// SPDX-License-Identifier: Apache-2.0

// Package trinotest starts a real Trino server with the Hive connector, whose
// tables lie in an S3 server on this machine.
package trinotest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// EnvHome names the variable that holds the folder with the server: lib and
// plugin, as `make test-scale` puts them together from pom.xml.
const EnvHome = "BUCKETLID_TRINO"

// Bucket is the S3 bucket that tables lie in; the test makes it.
const Bucket = "warehouse"

//go:embed Launch.java
var launch []byte

// Server is a running Trino server.
type Server struct {
	Addr string // 127.0.0.1:port
	log  *bytes.Buffer
}

// tries is how often a starting server is asked whether it is there, once in
// half a second.
const tries = 600

// Start runs a server on loopback until the test ends. s3 is the URL of the S3
// server. The test is skipped when EnvHome is unset.
func Start(t testing.TB, s3 string) *Server {
	t.Helper()
	home := os.Getenv(EnvHome)
	if home == "" {
		t.Skipf("%s is not set to the folder of a Trino server; make test-scale does all that", EnvHome)
	}
	s := &Server{Addr: freePort(t), log: &bytes.Buffer{}}
	dir := t.TempDir()
	config := s.configure(t, dir, home, s3)
	cmd := exec.Command("java", "-Xmx2g", "-XX:+ExitOnOutOfMemoryError", "-Duser.timezone=UTC", "-Djdk.attach.allowAttachSelf=true", "-Dconfig="+config,
		"-cp", filepath.Join(home, "lib", "*"), write(t, filepath.Join(dir, "Launch.java"), launch))
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Trino: %v", err)
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
	s.await(t, ended)
	return s
}

func (s *Server) configure(t testing.TB, dir, home, s3 string) string {
	t.Helper()
	write(t, filepath.Join(dir, "catalog", "hive.properties"), []byte(strings.Join([]string{
		"connector.name=hive", "hive.metastore=file", "hive.metastore.catalog.dir=s3://" + Bucket + "/metastore",
		"fs.hadoop.enabled=false", "fs.native-s3.enabled=true", "s3.endpoint=" + s3, "s3.region=us-east-1", "s3.path-style-access=true",
		"s3.aws-access-key=testing", "s3.aws-secret-key=testing",
		"hive.non-managed-table-writes-enabled=true", "hive.table-statistics-enabled=false", "hive.collect-column-statistics-on-write=false",
		"hive.metastore-cache-ttl=1h", "hive.file-status-cache-tables=*",
	}, "\n")))
	_, port, _ := net.SplitHostPort(s.Addr)
	return write(t, filepath.Join(dir, "config.properties"), []byte(strings.Join([]string{
		"coordinator=true", "node-scheduler.include-coordinator=true", "node.environment=test", "node.internal-address=127.0.0.1", "node.bind-ip=127.0.0.1",
		"http-server.http.port=" + port, "discovery.uri=http://" + s.Addr,
		"catalog.config-dir=" + filepath.Join(dir, "catalog"), "plugin.dir=" + filepath.Join(home, "plugin"),
		"query.max-memory=800MB", "query.max-memory-per-node=600MB",
	}, "\n")))
}

func write(t testing.TB, path string, text []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func (s *Server) await(t testing.TB, ended <-chan struct{}) {
	t.Helper()
	for range tries {
		select {
		case <-ended:
			t.Fatalf("Trino ended: %s", tail(s.log.String()))
		case <-time.After(500 * time.Millisecond):
		}
		var info struct{ Starting *bool }
		if res, err := http.Get("http://" + s.Addr + "/v1/info"); err == nil {
			err = json.NewDecoder(res.Body).Decode(&info)
			res.Body.Close()
			if err == nil && info.Starting != nil && !*info.Starting {
				return
			}
		}
	}
	t.Fatalf("Trino does not get ready: %s", tail(s.log.String()))
}

func tail(text string) string { return text[max(0, len(text)-4000):] }

// Do runs statements that change something, which bucketlid itself never does,
// and returns the rows of the last.
func (s *Server) Do(t testing.TB, statements ...string) [][]any {
	t.Helper()
	var rows [][]any
	for _, statement := range statements {
		var err error
		if rows, err = s.patiently(statement); err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
	}
	return rows
}

// errNoNodes is what a server answers whose only worker, itself, it takes for
// gone: on a busy machine the worker's signs of life come late.
var errNoNodes = errors.New("no nodes")

func (s *Server) patiently(statement string) (rows [][]any, err error) {
	for range tries {
		if rows, err = s.do(statement); !errors.Is(err, errNoNodes) {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	return rows, err
}

func (s *Server) do(statement string) ([][]any, error) {
	var rows [][]any
	method, url := http.MethodPost, "http://"+s.Addr+"/v1/statement"
	for url != "" {
		req, err := http.NewRequest(method, url, strings.NewReader(statement))
		if err != nil {
			return nil, err
		}
		req.Header.Set("X-Trino-User", "test")
		req.Header.Set("X-Trino-Catalog", "hive")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		var reply struct {
			NextURI string
			Data    [][]any
			Error   *struct{ Message, ErrorName string }
		}
		err = json.NewDecoder(res.Body).Decode(&reply)
		res.Body.Close()
		if err == nil && reply.Error != nil {
			err = fmt.Errorf("%s: %s", reply.Error.ErrorName, reply.Error.Message)
			if reply.Error.ErrorName == "NO_NODES_AVAILABLE" {
				err = errors.Join(errNoNodes, err)
			}
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, reply.Data...)
		method, statement, url = http.MethodGet, "", reply.NextURI
	}
	return rows, nil
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
