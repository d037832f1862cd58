// SPDX-License-Identifier: Apache-2.0

package gentrail

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Write writes a trail into dir, which is made when it is missing, and returns
// what the trail holds. Memory does not grow with the number of records.
// Files that are already there stay.
func Write(dir string, c Config) (Truth, error) {
	c = c.withDefaults()
	w := newWorld(c)
	var truth Truth
	var all []planted
	if !c.Plain {
		all, truth.Incidents = plantTable(c, w)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return truth, fmt.Errorf("gentrail: make %s: %w", dir, err)
	}
	jobs := make(chan job, 64)
	workers := c.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var wait sync.WaitGroup
	writers := make([]*writer, workers)
	for i := range writers {
		writers[i] = newWriter(dir, c, w)
		wait.Go(func() { writers[i].run(jobs) })
	}
	p := newPlan(c, w, all)
	for j, ok := p.next(); ok; j, ok = p.next() {
		jobs <- j
	}
	close(jobs)
	wait.Wait()
	var failed []error
	for _, wr := range writers {
		truth.add(wr.truth)
		failed = append(failed, wr.err)
	}
	return truth, errors.Join(failed...)
}

func (t *Truth) add(o Truth) {
	t.Records += o.Records
	t.Files += o.Files
	t.Duplicates += o.Duplicates
	t.CrossAccount += o.CrossAccount
	t.RawBytes += o.RawBytes
	t.FileBytes += o.FileBytes
}

// writer turns jobs into files.
type writer struct {
	dir    string
	config Config
	maker  maker
	truth  Truth
	err    error

	raw     []byte
	spans   []span
	packed  bytes.Buffer
	zip     *gzip.Writer
	folders map[string]bool
}

// span is one rendered record inside writer.raw.
type span struct {
	at         int64
	start, end int
}

func newWriter(dir string, c Config, w *world) *writer {
	zip, err := gzip.NewWriterLevel(nil, 6)
	if err != nil {
		panic(err) // the level is a constant
	}
	return &writer{dir: dir, config: c, maker: maker{world: w}, zip: zip, folders: map[string]bool{}}
}

func (w *writer) run(jobs <-chan job) {
	for j := range jobs {
		if w.err == nil {
			w.err = w.write(j)
		}
	}
}

// write makes the job's file and the files that its copies go to.
func (w *writer) write(j job) error {
	h := j.home
	if h == nil {
		h = w.maker.world.accounts[j.account]
	}
	r := newRandom(w.config.Seed, 1, j.number)
	w.raw, w.spans = w.raw[:0], w.spans[:0]
	for _, p := range j.planted {
		w.keep(p.at, append(w.raw, p.json...))
	}
	times := newDelivery(r, j.slot)
	for range j.ordinary {
		at := times.draw(r)
		w.maker.ordinary(r, h, j.region, at)
		w.keep(at, w.maker.event.append(w.raw))
	}
	var copies [][]byte
	for range j.pairs {
		at := times.draw(r)
		own, copied := w.maker.shared(r, h, w.maker.world.accounts[j.partner], j.region, at)
		w.keep(at, append(w.raw, own...))
		copies = append(copies, copied)
	}
	records := make([][]byte, len(w.spans))
	for i, s := range w.spans {
		records[i] = w.raw[s.start:s.end]
	}
	repeats := records[:j.repeats]
	if !times.shuffled {
		records = w.sorted()
	}
	if err := w.file(r, h.id, j.region, j.slot, records); err != nil {
		return err
	}
	w.truth.Duplicates += len(repeats)
	w.truth.CrossAccount += len(copies)
	if err := w.file(r, h.id, j.region, j.slot, repeats); err != nil {
		return err
	}
	if len(copies) == 0 {
		return nil
	}
	return w.file(r, w.maker.world.accounts[j.partner].id, j.region, j.slot, copies)
}

// keep takes over raw, to which one record was appended.
func (w *writer) keep(at int64, raw []byte) {
	w.spans = append(w.spans, span{at, len(w.raw), len(raw)})
	w.raw = raw
}

// sorted gives the records in order of time.
func (w *writer) sorted() [][]byte {
	slices.SortStableFunc(w.spans, func(a, b span) int { return int(a.at - b.at) })
	records := make([][]byte, len(w.spans))
	for i, s := range w.spans {
		records[i] = w.raw[s.start:s.end]
	}
	return records
}

// delivery draws event times for one file: a stretch of at most five minutes
// that ends up to five minutes before the file's own time.
type delivery struct {
	first, length int64
	shuffled      bool
}

func newDelivery(r *random, slot int64) delivery {
	lag := int64(5 + r.intn(290)*r.between(300, 1000)/1000)
	length := int64(r.between(20, 295))
	return delivery{first: slot - lag - length, length: length, shuffled: r.perMille(450)}
}

func (d delivery) draw(r *random) int64 { return d.first + int64(r.intn(int(d.length)+1)) }

// name gives a file's path below the folder.
func (w *writer) name(r *random, account, region string, slot int64) string {
	at := time.Unix(slot, 0).UTC()
	file := account + "_CloudTrail_" + region + "_" + at.Format("20060102T1504Z") + "_" + string(r.appendAlnum(nil, 16)) + ".json"
	if w.config.Gzip {
		file += ".gz"
	}
	if w.config.Layout == Flat {
		return file
	}
	return filepath.Join("AWSLogs", account, "CloudTrail", region, at.Format("2006"), at.Format("01"), at.Format("02"), file)
}

// file writes records as one object; none, no object.
func (w *writer) file(r *random, account, region string, slot int64, records [][]byte) error {
	if len(records) == 0 {
		return nil
	}
	path := filepath.Join(w.dir, w.name(r, account, region, slot))
	if err := w.folder(filepath.Dir(path)); err != nil {
		return err
	}
	w.pack(records)
	w.truth.Files++
	w.truth.Records += len(records)
	w.truth.FileBytes += int64(w.packed.Len())
	if err := os.WriteFile(path, w.packed.Bytes(), 0o644); err != nil {
		return fmt.Errorf("gentrail: write a log file: %w", err)
	}
	return nil
}

// pack puts the file's bytes into w.packed.
func (w *writer) pack(records [][]byte) {
	w.packed.Reset()
	put := w.packed.Write
	if w.config.Gzip {
		w.zip.Reset(&w.packed)
		put = w.zip.Write
	}
	// Neither a buffer nor a compressor in front of one can fail.
	mark := func(s string) {
		_, _ = put([]byte(s))
		w.truth.RawBytes += int64(len(s))
	}
	mark(`{"Records":[`)
	for i, record := range records {
		if i > 0 {
			mark(",")
		}
		_, _ = put(record)
		w.truth.RawBytes += int64(len(record))
	}
	mark(`]}`)
	if w.config.Gzip {
		_ = w.zip.Close()
	}
}

// folder makes a folder that was not made before.
func (w *writer) folder(path string) error {
	if w.folders[path] {
		return nil
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("gentrail: make a folder of the trail: %w", err)
	}
	if len(w.folders) > 4096 {
		clear(w.folders)
	}
	w.folders[path] = true
	return nil
}
