// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// The same lines give the same bytes in any order, any split, with any repeats,
// by any number of workers, beside data events of the same requests.
func TestAccessLogsAreASet(t *testing.T) {
	archive, err := txtar.ParseFile(filepath.Join("testdata", "script", "hunt_access_logs.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var lines, trails []string
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, "lines/") {
			lines = append(lines, strings.Split(strings.TrimSpace(string(f.Data)), "\n")...)
		}
		if strings.HasPrefix(f.Name, "trail/") || strings.HasPrefix(f.Name, "data/") {
			name := filepath.Join(dir, filepath.Base(f.Name))
			trails = append(trails, name)
			write(t, name, string(f.Data))
		}
	}
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "this line") }) // which is told with its place
	for i := range 600 {                                                                               // one stranger, more often than is told apart
		lines = append(lines, strings.NewReplacer("AAAAAAAA00000002", fmt.Sprintf("BBBBBBBB%08d", i), "hr/b.csv", fmt.Sprintf("hr/%d.csv", i%300)).Replace(lines[2]))
	}
	want := ""
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 7))
		folder := filepath.Join(dir, fmt.Sprint("lines", seed))
		mixed := slices.Clone(lines)
		if seed > 0 {
			mixed = append(mixed, lines[:rng.IntN(len(lines))]...)
			rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		}
		parts := make([]strings.Builder, 1+3*int(seed))
		for _, line := range mixed {
			parts[rng.IntN(len(parts))].WriteString(line + "\n")
		}
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range parts {
			write(t, filepath.Join(folder, fmt.Sprint(i, ".log")), parts[i].String())
		}
		args := append([]string{"hunt"}, trails...)
		got := strings.Join(results(jsonl(t, append(args, "-q", "-o", "jsonl", "--workers", fmt.Sprint(1+seed), "--access-logs", folder)...)), "\n")
		if want == "" {
			want = got
		}
		if got != want || !strings.Contains(got, `"verdict":"confirmed"`) {
			t.Fatalf("seed %d:\n%.2000s\nwant\n%.2000s", seed, got, want)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
