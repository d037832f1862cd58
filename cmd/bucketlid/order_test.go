// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/internal/gentrail"
	"github.com/bucketlid/bucketlid/report"
	"github.com/bucketlid/bucketlid/triage"
)

// The same set of records gives the same bytes in any order, any split, with
// any repeats, by any number of workers. Only what counts the reading itself
// (objects, bytes, records, names of objects) may differ.
func TestResultIsAFunctionOfTheSetOfRecords(t *testing.T) {
	dir := t.TempDir()
	if _, err := gentrail.Write(dir, gentrail.Config{Seed: 5, Records: 6_000}); err != nil {
		t.Fatal(err)
	}
	records := allRecords(t, dir)
	want := stream(t, dir, 1)
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 3))
		split := t.TempDir()
		scatter(t, split, records, rng)
		if got := stream(t, split, 1+rng.IntN(3)); !bytes.Equal(got, want) {
			at := 0
			for at < min(len(got), len(want)) && got[at] == want[at] {
				at++
			}
			t.Fatalf("seed %d: the results differ from byte %d on:\n%.600s\n---\n%.600s", seed, at, got[max(0, at-200):], want[max(0, at-200):])
		}
	}
}

func allRecords(t *testing.T, dir string) []json.RawMessage {
	t.Helper()
	var all []json.RawMessage
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var file struct{ Records []json.RawMessage }
		err = json.Unmarshal(text, &file)
		all = append(all, file.Records...)
		return err
	})
	if err != nil || len(all) < 6_000 {
		t.Fatalf("%d records: %v", len(all), err)
	}
	return all
}

// scatter writes the records, a fifth of them twice, in random order into files
// of random sizes and of three encodings.
func scatter(t *testing.T, dir string, records []json.RawMessage, rng *rand.Rand) {
	t.Helper()
	list := append(slices.Clone(records), records[:len(records)/5]...)
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for n := 0; len(list) > 0; n++ {
		take := min(len(list), 1+rng.IntN(700))
		var text []byte
		switch n % 3 {
		case 0:
			text, _ = json.Marshal(map[string]any{"Records": list[:take]})
		case 1:
			text = bytes.Join(asBytes(list[:take]), []byte("\n"))
		default:
			text, _ = json.Marshal(list[:take])
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.json", n)), text, 0o644); err != nil {
			t.Fatal(err)
		}
		list = list[take:]
	}
}

func asBytes(list []json.RawMessage) [][]byte {
	out := make([][]byte, len(list))
	for i, r := range list {
		out[i] = r
	}
	return out
}

// stream is what a hunt writes, without the counts of the reading itself.
func stream(t *testing.T, dir string, workers int) []byte {
	t.Helper()
	h := &hunt{workers: workers, filter: ingest.Filter{}}
	if err := h.read(t.Context(), []string{dir}); err != nil {
		t.Fatal(err)
	}
	result := triage.Rank(h.ledger, h.baseline, triage.Known{})
	summary := h.summary(result)
	summary.Objects, summary.Bytes, summary.Unpacked, summary.Records = 0, 0, 0, 0
	var out bytes.Buffer
	for _, f := range report.Formats {
		if f.ID == "jsonl" {
			if err := emit(f.New(&out, report.Options{}), h.config(nil), result, h.skipped, summary); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out.Bytes()
}
