// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/trail"
)

// loadFiles loads log files, as the command does.
func loadFiles(tb testing.TB, root string, opts LoadOptions, files []string) Loaded {
	tb.Helper()
	a, err := OpenWriter(root)
	if err != nil {
		tb.Fatal(err)
	}
	defer a.Close()
	l, err := a.Load(opts)
	if err != nil {
		tb.Fatal(err)
	}
	names := make(chan string)
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			r := l.Reader()
			for name := range names {
				if err := loadFile(r, name); err != nil {
					tb.Error(err)
				}
			}
		})
	}
	for _, name := range files {
		names <- name
	}
	close(names)
	wait.Wait()
	loaded, err := l.Close()
	if err != nil {
		tb.Fatal(err)
	}
	return loaded
}

func loadFile(r *Reader, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	unpacked, err := gzip.NewReader(io.TeeReader(file, hash))
	if err != nil {
		return err
	}
	r.Begin(name)
	if _, err := trail.Scan(unpacked, trail.Options{}, r.Add, nil); err != nil {
		return err
	}
	return r.End(1, hex.EncodeToString(hash.Sum(nil)), true)
}

// makeTrail writes a trail and returns its files.
func makeTrail(tb testing.TB, c gentrail.Config) []string {
	tb.Helper()
	dir := tb.TempDir()
	c.Gzip = true
	if _, err := gentrail.Write(dir, c); err != nil {
		tb.Fatal(err)
	}
	return filesBelow(tb, dir)
}

func filesBelow(tb testing.TB, dir string) []string {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}
