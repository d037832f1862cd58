// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fake is a source of made-up objects. With parallel above zero it is remote.
type fake struct {
	objects  []Object
	problems []Problem
	err      error
	parallel int
}

func (f *fake) Objects(_ context.Context, yield func(Object) error, problem func(Problem)) error {
	for _, p := range f.problems {
		problem(p)
	}
	for _, o := range f.objects {
		if err := yield(o); err != nil {
			return err
		}
	}
	return f.err
}

type fakeRemote struct{ fake }

func (f *fakeRemote) downloads() int { return f.parallel }

func object(name, content string) Object {
	return Object{Name: name, Size: int64(len(content)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}}
}

func broken(name string, err error) Object {
	return Object{Name: name, Size: 7, Open: func(context.Context) (io.ReadCloser, error) { return nil, err }}
}

// collector reads objects as a caller does.
type collector struct {
	mu  sync.Mutex
	got map[string]string
}

func (c *collector) handle(_ int, o Object) error {
	rc, err := o.Open(context.Background())
	if err != nil {
		return err
	}
	defer rc.Close()
	r := Inflate(rc, 0)
	defer r.Close()
	b, err := io.ReadAll(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.got == nil {
		c.got = map[string]string{}
	}
	c.got[o.Name] += string(b)
	return err
}

func TestEach(t *testing.T) {
	denied := &PermissionError{Resource: "s3://b/k", Permission: "s3:GetObject", Err: errors.New("AccessDenied"), Hint: "ask"}
	objects := []Object{
		object("plain", "abc"), object("gzip", string(gz("def"))), object("cut off", string(gz("ghi"))[:12]),
		broken("closed", errors.New("not readable by this user")), broken("denied", denied), object("last", "xyz"),
	}
	plain := fake{objects: objects, problems: []Problem{{Object: "dir", Reason: "cannot be listed"}}}
	for name, src := range map[string]Source{"files": &plain, "remote": &fakeRemote{fake{objects: objects, problems: plain.problems, parallel: 3}}} {
		t.Run(name, func(t *testing.T) {
			var c collector
			var problems []string
			var p Progress
			err := Each(context.Background(), []Source{src}, 3, Options{Progress: &p, Problem: func(pr Problem) {
				problems = append(problems, pr.Object+": "+pr.Reason+" "+pr.Permission)
			}}, c.handle)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"plain": "abc", "gzip": "def", "cut off": "", "last": "xyz"}
			if got := c.got["cut off"]; strings.HasPrefix("ghi", got) {
				want["cut off"] = got
			}
			if diff := cmp.Diff(want, c.got); diff != "" {
				t.Error(diff)
			}
			slices.Sort(problems)
			if len(problems) != 4 || problems[0] != "closed: not readable by this user " ||
				!strings.HasPrefix(problems[1], "cut off: gzip content is cut off") || !strings.HasSuffix(problems[2], " s3:GetObject") {
				t.Errorf("%q", problems)
			}
			s := p.Snapshot()
			if s.ObjectsListed != 6 || s.ObjectsDone != 6 || s.BytesDone != s.BytesListed || !s.Listed {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestEachOverlap(t *testing.T) {
	root := lay(t, "a/x.json", "a/y.json", "z.json")
	ln(t, "a", filepath.Join(root, "b"))
	var c collector
	var p Progress
	var sources []Source
	for _, spec := range []string{filepath.Join(root, "a"), root, filepath.Join(root, "b", "x.json"), filepath.Join(root, "a", "..", "z.json")} {
		src, err := Open(context.Background(), spec, Filter{}, Options{Progress: &p})
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, src)
	}
	if err := Each(context.Background(), sources, 2, Options{Progress: &p}, c.handle); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, name := range []string{"a/x.json", "a/y.json", "z.json"} {
		want[filepath.Join(root, name)] = name
	}
	if diff := cmp.Diff(want, c.got); diff != "" {
		t.Error(diff)
	}
	if s := p.Snapshot(); s.ObjectsListed != 3 || s.Repeated != 4 {
		t.Errorf("%+v", s)
	}
}

func many(n int) []Object {
	var objects []Object
	for i := range n {
		objects = append(objects, object(fmt.Sprint(i), "0123456789"))
	}
	return objects
}

// The first fatal error ends all, and a silent stream does not hold it up.
func TestEachFatal(t *testing.T) {
	silent, w := io.Pipe()
	defer w.Close()
	stdin, _ := Open(context.Background(), "-", Filter{}, Options{Stdin: silent})
	stop := errors.New("disk is full")
	var calls atomic.Int64
	sources := []Source{stdin, &fakeRemote{fake{objects: many(10_000), parallel: 4}}}
	err := Each(context.Background(), sources, 3, Options{}, func(_ int, o Object) error {
		if o.Name != "-" && calls.Add(1) == 20 {
			return stop
		}
		rc, err := o.Open(context.Background())
		if err != nil {
			return err
		}
		defer rc.Close()
		_, err = io.ReadAll(rc)
		return err
	})
	if !errors.Is(err, stop) || calls.Load() > 100 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
	listing := &fake{objects: many(3), err: stop}
	if err := Each(context.Background(), []Source{listing}, 1, Options{}, func(int, Object) error { return nil }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

func TestEachCancelled(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	var calls atomic.Int64
	err := Each(ctx, []Source{&fakeRemote{fake{objects: many(10_000), parallel: 4}}}, 3, Options{}, func(int, Object) error {
		if calls.Add(1) == 20 {
			cancel(why)
		}
		return nil
	})
	if !errors.Is(err, why) || calls.Load() > 100 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
}

// Downloads run beside each other, as many as allowed and no more, and a worker
// has one object at a time.
func TestEachParallel(t *testing.T) {
	var now, most atomic.Int64
	var objects []Object
	for i := range 60 {
		o := object(fmt.Sprint(i), "x")
		o.Open = func(context.Context) (io.ReadCloser, error) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(2 * time.Millisecond)
			now.Add(-1)
			return io.NopCloser(strings.NewReader("x")), nil
		}
		objects = append(objects, o)
	}
	busy := make([]atomic.Bool, 2)
	err := Each(context.Background(), []Source{&fakeRemote{fake{objects: objects, parallel: 10}}}, 2, Options{}, func(worker int, o Object) error {
		if busy[worker].Swap(true) {
			return errors.New("worker has two objects")
		}
		defer busy[worker].Store(false)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if m := most.Load(); m < 5 || m > 10 {
		t.Errorf("%d downloads at once", m)
	}
}

// An object larger than listed is not kept in memory but read as it comes.
func TestEachGrown(t *testing.T) {
	big := bytes.Repeat([]byte("x"), fetchLimit+10)
	o := object("grown", string(big))
	o.Size = 3
	var c collector
	if err := Each(context.Background(), []Source{&fakeRemote{fake{objects: []Object{o}, parallel: 1}}}, 1, Options{}, c.handle); err != nil {
		t.Fatal(err)
	}
	if len(c.got["grown"]) != len(big) {
		t.Errorf("%d bytes", len(c.got["grown"]))
	}
}

// BenchmarkEach lists and unpacks a folder of many small files.
func BenchmarkEach(b *testing.B) {
	const files = 2000
	root := b.TempDir()
	text := records(20_000, 1)
	packed := gz(text)
	for i := range files {
		dir := filepath.Join(root, fmt.Sprintf("%02d", i%20))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".json.gz")), packed, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(files * len(text)))
	b.ReportAllocs()
	for b.Loop() {
		src, err := Open(context.Background(), root, Filter{}, Options{})
		if err != nil {
			b.Fatal(err)
		}
		bufs := [2][]byte{make([]byte, 64<<10), make([]byte, 64<<10)}
		err = Each(context.Background(), []Source{src}, 2, Options{Problem: func(p Problem) { b.Error(p) }}, func(worker int, o Object) error {
			rc, err := o.Open(context.Background())
			if err != nil {
				return err
			}
			defer rc.Close()
			r := Inflate(rc, 0)
			defer r.Close()
			_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, bufs[worker])
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
