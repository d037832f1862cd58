// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bucketlid/bucketlid/trail"
)

// memory is a Store that can be told to fail. Its Put is atomic, as that of S3 is.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	puts    int // that succeed before one fails; negative: all
}

var errFull = errors.New("no room")

func newMemory() *memory { return &memory{objects: map[string][]byte{}, puts: -1} }

func (m *memory) String() string { return "memory:" }

func (m *memory) List(_ context.Context, prefix string) (map[string]int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]int64{}
	for name, content := range m.objects {
		if strings.HasPrefix(name, prefix) {
			out[name] = int64(len(content))
		}
	}
	return out, nil
}

func (m *memory) Get(_ context.Context, name string) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	content, ok := m.objects[name]
	if !ok {
		return nil, os.ErrNotExist
	}
	return io.NopCloser(strings.NewReader(string(content))), nil
}

func (m *memory) Put(_ context.Context, name string, file *os.File, onlyNew bool) error {
	content, err := io.ReadAll(file)
	m.mu.Lock()
	defer m.mu.Unlock()
	switch _, there := m.objects[name]; {
	case err != nil:
		return err
	case there && onlyNew:
		return ErrTaken
	case m.puts == 0:
		return errFull
	}
	m.puts--
	m.objects[name] = content
	return nil
}

func (m *memory) Delete(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, name)
	return nil
}

// add loads one record with this number of a day into a mirror, and pushes.
func add(t *testing.T, m *Mirror, number int) error {
	t.Helper()
	a, err := m.OpenWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	l, err := a.Load(LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := l.Reader()
	r.Begin(fmt.Sprint("object ", number))
	text := fmt.Sprintf(`{"eventVersion":"1.11","eventName":"GetBucketAcl","eventSource":"s3.amazonaws.com","eventTime":"2026-03-%02dT10:00:00Z",`+
		`"recipientAccountId":"111122223333","eventID":"00000000-0000-4000-8000-%012d"}`, 1+number%5, number)
	if _, err := trail.Scan(strings.NewReader(text), trail.Options{}, r.Add, nil); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.End(1, "sum", true), func() error { _, err := l.Close(); return err }()); err != nil {
		t.Fatal(err)
	}
	_, err = m.Push(t.Context(), a, false)
	return err
}

// held is the ids of the events that a fresh reader finds.
func held(t *testing.T, store Store) []string {
	t.Helper()
	a, err := NewMirror(store, t.TempDir()).Open(t.Context())
	if errors.Is(err, ErrNone) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var out []string
	for e, err := range a.Timeline(t.Context(), Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e.EventID[30:])
	}
	slices.Sort(out)
	return out
}

// A push that fails after any number of writes leaves the archive as it was, and
// the next one adds what is missing.
func TestAPushIsAllOrNothing(t *testing.T) {
	for writes := range 3 {
		store := newMemory()
		m := NewMirror(store, t.TempDir())
		if err := add(t, m, 1); err != nil {
			t.Fatal(err)
		}
		before := maps.Clone(store.objects)
		store.puts = writes
		err := add(t, m, 2)
		if writes < 2 != errors.Is(err, errFull) {
			t.Errorf("after %d writes: %v", writes, err)
		}
		want := []string{"000001", "000002"}[:1+writes/2]
		if got := held(t, store); !slices.Equal(got, want) {
			t.Errorf("after %d writes: %v, want %v", writes, got, want)
		}
		for name := range before {
			if _, ok := store.objects[name]; !ok {
				t.Errorf("after %d writes %s is gone", writes, name)
			}
		}
		store.puts = -1
		if err := add(t, m, 2); err != nil {
			t.Fatal(err)
		}
		if got := held(t, store); !slices.Equal(got, []string{"000001", "000002"}) {
			t.Errorf("again: %v", got)
		}
	}
}

// Writers that overlap never lose what was pushed: each push succeeds or fails
// as a whole.
func TestMirrorsThatOverlap(t *testing.T) {
	store := newMemory()
	var mu sync.Mutex
	var pushed []string
	var writers sync.WaitGroup
	for w := range 4 {
		m := NewMirror(store, t.TempDir())
		writers.Go(func() {
			for i := range 5 {
				if number := w*10 + i; add(t, m, number) == nil {
					mu.Lock()
					pushed = append(pushed, fmt.Sprintf("%06d", number))
					mu.Unlock()
				}
			}
		})
	}
	writers.Wait()
	slices.Sort(pushed)
	if got := held(t, store); len(pushed) == 0 || !slices.Equal(got, pushed) {
		t.Errorf("held %v, pushed %v", got, pushed)
	}
}

// A long manifest is folded, and tells the same; a load knows what was loaded.
func TestAMirrorsManifestIsFolded(t *testing.T) {
	store := newMemory()
	m := NewMirror(store, t.TempDir())
	for i := range maxSegments + 3 {
		if err := add(t, m, i); err != nil {
			t.Fatal(err)
		}
	}
	if n, _ := store.List(t.Context(), manifestDir); len(n) > 5 {
		t.Errorf("%d segments", len(n))
	}
	if got := held(t, store); len(got) != maxSegments+3 {
		t.Errorf("%d records", len(got))
	}
	a, err := m.OpenWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if a.Sources() != maxSegments+3 {
		t.Errorf("%d sources", a.Sources())
	}
	faults, err := a.Verify(t.Context(), nil)
	if err != nil || len(faults) > 0 {
		t.Errorf("verify: %v, %v", faults, err)
	}
}

// A reader keeps the copies that are still the archive's, and no others.
func TestAMirrorForgets(t *testing.T) {
	store, dir := newMemory(), t.TempDir()
	writer := NewMirror(store, t.TempDir())
	for i := range 2 {
		if err := add(t, writer, i); err != nil {
			t.Fatal(err)
		}
	}
	read := func() []string {
		a, err := NewMirror(store, dir).Open(t.Context())
		if err == nil {
			err = a.Whole()
			a.Close()
		}
		if err != nil && !errors.Is(err, ErrNone) {
			t.Fatal(err)
		}
		parts, _ := filepath.Glob(filepath.Join(dir, "account=*", "day=*", "part-*"))
		return parts
	}
	if n := len(read()); n != 2 {
		t.Fatalf("%d copies", n)
	}
	a, err := writer.OpenWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Prune(a.Files()[:1]); err != nil {
		t.Fatal(err)
	}
	if pushed, err := writer.Push(t.Context(), a, false); err != nil || pushed != (Pushed{Removed: 1}) {
		t.Errorf("push: %v, %v", pushed, err)
	}
	a.Close()
	if n := len(read()); n != 1 {
		t.Errorf("%d copies after a file left", n)
	}
	clear(store.objects)
	if n := len(read()); n != 0 {
		t.Errorf("%d copies of an archive that is gone", n)
	}
}
