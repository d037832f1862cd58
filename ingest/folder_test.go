// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// lay writes files, given by path, and returns the folder; content is the path.
func lay(t testing.TB, paths ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, p := range paths {
		full := filepath.Join(root, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(p), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func ln(t testing.TB, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Skip("symbolic links cannot be made here: ", err)
	}
}

// listed returns names below root and problems as "name: reason".
func listed(t testing.TB, root, spec string, f Filter, p *Progress) (names, problems []string) {
	t.Helper()
	src, err := Open(context.Background(), spec, f, Options{Progress: p})
	if err != nil {
		t.Fatal(err)
	}
	rel := func(name string) string {
		r, err := filepath.Rel(root, name)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.ToSlash(r)
	}
	err = src.Objects(context.Background(), func(o Object) error {
		names = append(names, rel(o.Name))
		return nil
	}, func(p Problem) { problems = append(problems, rel(p.Object)+": "+p.Reason) })
	if err != nil {
		t.Fatal(err)
	}
	return names, problems
}

func TestFolder(t *testing.T) {
	const tree = "AWSLogs/111122223333/"
	root := lay(t, "b.json", "a/z.json.gz", "a/b/c.txt", ".git/config", ".hidden.json",
		tree+"CloudTrail/eu-west-1/2024/06/10/111122223333_CloudTrail_eu-west-1_20240610T1300Z_a.json.gz",
		tree+"CloudTrail/eu-west-1/2024/06/10/111122223333_CloudTrail_eu-west-1_20240610T0100Z_b.json.gz",
		tree+"CloudTrail/eu-west-1/2024/06/20/111122223333_CloudTrail_eu-west-1_20240620T1300Z_c.json.gz",
		tree+"CloudTrail/us-east-1/2024/06/10/111122223333_CloudTrail_us-east-1_20240610T1300Z_d.json.gz",
		tree+"CloudTrail-Digest/eu-west-1/2024/06/10/digest.json.gz")
	var p Progress
	f := june
	f.Regions = []string{"eu-west-1"}
	names, problems := listed(t, root, root, f, &p)
	want := []string{".hidden.json",
		tree + "CloudTrail/eu-west-1/2024/06/10/111122223333_CloudTrail_eu-west-1_20240610T1300Z_a.json.gz",
		"a/b/c.txt", "a/z.json.gz", "b.json"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if len(problems) > 0 {
		t.Error(problems)
	}
	if got := p.Snapshot(); got.Foreign != 2 || got.Outside != 3 {
		t.Errorf("foreign %d, outside %d", got.Foreign, got.Outside)
	}
	names, _ = listed(t, root, filepath.Join(root, tree, "CloudTrail-Digest"), Filter{}, nil)
	if len(names) != 1 {
		t.Errorf("a folder of digests that is named is read: %v", names)
	}
}

func TestFolderLinks(t *testing.T) {
	outside := lay(t, "o/one.json", "o/sub/two.json", "lone.json")
	root := lay(t, "a/x.json", "b/y.json", ".data/secret.json", "..v1/cm.json")
	ln(t, root, filepath.Join(root, "a", "loop"))                                  // up to the root
	ln(t, ".", filepath.Join(root, "b", "self"))                                   // itself
	ln(t, "ring2", filepath.Join(root, "ring1"))                                   // each other
	ln(t, "ring1", filepath.Join(root, "ring2"))                                   //
	ln(t, filepath.Join(root, "b"), filepath.Join(root, "c"))                      // read anyway
	ln(t, filepath.Join(root, "b", "y.json"), filepath.Join(root, "y-again.json")) // read anyway
	ln(t, "nowhere", filepath.Join(root, "dangling.json"))
	ln(t, filepath.Join(outside, "o", "sub"), filepath.Join(root, "ext0"))
	ln(t, filepath.Join(outside, "o"), filepath.Join(root, "ext1")) // holds ext0's target
	ln(t, filepath.Join(outside, "o", "one.json"), filepath.Join(root, "ext0.json"))
	ln(t, filepath.Join(outside, "lone.json"), filepath.Join(root, "lone.json"))
	ln(t, filepath.Join(outside, "lone.json"), filepath.Join(root, "lone2.json"))
	ln(t, root, filepath.Join(outside, "o", "back"))
	ln(t, filepath.Join("..v1", "cm.json"), filepath.Join(root, "cm.json")) // as Kubernetes mounts a ConfigMap
	names, problems := listed(t, root, root, Filter{}, nil)
	want := []string{"a/x.json", "b/y.json", "cm.json", "ext0/two.json", "ext0.json", "lone.json"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	var about []string
	for _, p := range problems {
		about = append(about, strings.Split(p, ":")[0])
	}
	if diff := cmp.Diff([]string{"a/loop", "b/self", "dangling.json", "ext1/back", "ring1", "ring2"}, about); diff != "" {
		t.Errorf("%s\n%q", diff, problems)
	}
}

// A start that is a link itself is followed.
func TestFolderLinkedStart(t *testing.T) {
	root := lay(t, "real/a.json", "f.json")
	ln(t, "real", filepath.Join(root, "dir"))
	ln(t, "f.json", filepath.Join(root, "file"))
	for spec, want := range map[string]string{"dir": "dir/a.json", "file": "file"} {
		if names, _ := listed(t, root, filepath.Join(root, spec), Filter{}, nil); !slices.Equal(names, []string{want}) {
			t.Errorf("%s: %v", spec, names)
		}
	}
}

// What is no file is told and never opened: opening a pipe would block.
func TestFolderOddFiles(t *testing.T) {
	root := lay(t, "a.json")
	mkfifo(t, filepath.Join(root, "pipe"))
	ln(t, "pipe", filepath.Join(root, "to-pipe"))
	ln(t, os.DevNull, filepath.Join(root, "to-null"))
	l, err := net.Listen("unix", filepath.Join(root, "sock"))
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	names, problems := listed(t, root, root, Filter{}, nil)
	if !slices.Equal(names, []string{"a.json"}) {
		t.Error(names)
	}
	want := []string{"pipe: is a named pipe; not read", "sock: is a socket; not read",
		"to-null: leads to a device; not read", "to-pipe: leads to a named pipe; not read"}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
}

// A file that becomes something else between listing and opening neither
// blocks nor crashes.
func TestFolderFileReplaced(t *testing.T) {
	root := lay(t, "dir", "fifo", "gone")
	src, err := Open(context.Background(), root, Filter{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var objs []Object
	collect := func(o Object) error { objs = append(objs, o); return nil }
	if err := src.Objects(context.Background(), collect, func(p Problem) { t.Error(p) }); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dir", "fifo", "gone"} {
		if err := os.Remove(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	mkfifo(t, filepath.Join(root, "fifo"))
	for i, want := range []string{"is a folder now, not a file", "is a named pipe now, not a file", "no such file or folder"} {
		_, err := objs[i].Open(context.Background())
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %q", objs[i].Name, err, want)
		}
	}
}

func TestOpenUsage(t *testing.T) {
	root := lay(t, "logs/a.json")
	tests := []struct{ spec, message string }{
		{"", "the name is empty"},
		{filepath.Join(root, "logs", "none", "x"), "the last part of it that exists is " + filepath.Join(root, "logs")},
		{filepath.Join(root, "*.json"), "let the shell expand the pattern"},
		{filepath.Join(root, "logs", "a.json", "x"), "not a directory"},
		{os.DevNull, "is a device"},
		{"trino://host/catalog", "trino:// names a table of a query engine"},
		{"athena://db", "athena:// names a table of a query engine"},
		{"https://b.s3.amazonaws.com/x", "write a bucket as s3://bucket/prefix"},
		{"gs://bucket", "gs:// is not a kind of source"},
		{"s3://", "names no bucket"},
		{"s3:///x", "names no bucket"},
		{"s3://b!/x", "is not the name of a bucket"},
	}
	for _, tt := range tests {
		_, err := Open(context.Background(), tt.spec, Filter{}, Options{})
		var ue *UsageError
		if !errors.As(err, &ue) || !strings.Contains(err.Error(), tt.message) || ue.Hint == "" {
			t.Errorf("%q: got %v, want %q", tt.spec, err, tt.message)
		}
	}
}

// The names of buckets in paths are paths all the same.
func TestOpenPathWithColons(t *testing.T) {
	root := lay(t, "x:/a.json")
	if names, _ := listed(t, root, filepath.Join(root, "x:")+"//a.json", Filter{}, nil); len(names) != 1 {
		t.Error(names)
	}
}

func readAll(t testing.TB, o Object) string {
	t.Helper()
	rc, err := o.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	b, err := io.ReadAll(rc)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestStdin(t *testing.T) {
	text := strings.Repeat("0123456789", 50_000)
	src, err := Open(context.Background(), "-", Filter{}, Options{Stdin: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	err = src.Objects(context.Background(), func(o Object) error {
		if o.Name != "-" || o.Size != -1 {
			t.Errorf("%+v", o)
		}
		if got := readAll(t, o); got != text {
			t.Errorf("%d bytes", len(got))
		}
		if _, err := o.Open(context.Background()); err == nil {
			t.Error("opened twice")
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// A silent stream does not outlast its context.
func TestStdinCancelled(t *testing.T) {
	silent, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	src, err := Open(ctx, "-", Filter{}, Options{Stdin: silent})
	if err != nil {
		t.Fatal(err)
	}
	err = Each(ctx, []Source{src}, 2, Options{}, func(_ int, o Object) error {
		rc, err := o.Open(ctx)
		if err != nil {
			return err
		}
		defer rc.Close()
		_, err = io.ReadAll(rc)
		return err
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestNamedPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	mkfifo(t, name)
	go func() {
		w, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
		fmt.Fprint(w, "hello")
		w.Close()
	}()
	time.Sleep(20 * time.Millisecond)
	src, err := Open(context.Background(), name, Filter{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := src.Objects(context.Background(), func(o Object) error { got = readAll(t, o); return nil }, nil); err != nil || got != "hello" {
		t.Errorf("%q, %v", got, err)
	}
}
