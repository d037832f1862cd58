// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/policy"
	"github.com/bucketlid/bucketlid/report"
)

const (
	// maxLine bounds a line of a batch; a policy of S3 is at most 20 KB.
	maxLine = 8 << 20
	// maxNoLine ends a batch: what goes on so long without a line feed is no list
	// of lines, and may have no end.
	maxNoLine = 1 << 30
	// portionLines and portionBytes bound what one worker takes at once.
	portionLines = 256
	portionBytes = 1 << 20
)

var errNoLines = fmt.Errorf("a line of more than %d MiB", maxNoLine>>20)

// portion is a run of lines that one worker judges; out comes back in order.
type portion struct {
	lines []line
	done  chan judged
}

// line is one line of a batch, without its line feed.
type line struct {
	number int // from 1
	text   []byte
	long   bool // above maxLine: text is its beginning
}

// judged is the output of one portion.
type judged struct {
	out []byte
	bad int // lines without a readable policy
	err error
}

func (f *policyFlags) runBatch(cmd *cobra.Command, facts policy.Facts) error {
	if err := f.output.settle(io.Discard); err != nil {
		return err
	}
	in := cmd.InOrStdin()
	if f.batch != "-" {
		file, err := openDocument(f.batch)
		if err != nil {
			return usageError("give a readable file of JSON lines, or - for standard input", "--batch: %v", err)
		}
		defer file.Close()
		in = file
	}
	workers := f.workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	total, bad, err := judgeBatch(cmd.Context(), in, cmd.OutOrStdout(), facts, workers)
	if cmd.Context().Err() != nil {
		return &exitError{exitInterrupt, fmt.Sprintf("interrupted after %d lines", total), "what was printed is whole lines, in order"}
	}
	if errors.Is(err, errNoLines) {
		return usageError("give one JSON object a line", "--batch: %v", err)
	}
	if err != nil {
		return err
	}
	if bad > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d lines hold no readable policy: see their problems\n", bad, total)
	}
	return nil
}

// judgeBatch judges every line of in and writes one line for each to out, in
// order. Memory is bounded by the number of workers and the size of a portion.
func judgeBatch(ctx context.Context, in io.Reader, out io.Writer, facts policy.Facts, workers int) (total, bad int, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	work := make(chan *portion)
	queue := make(chan *portion, 2*workers) // in the order of the input
	var failed error
	go func() {
		defer close(work)
		defer close(queue)
		failed = readPortions(in, func(p *portion) bool {
			for _, c := range []chan *portion{queue, work} {
				select {
				case c <- p:
				case <-ctx.Done():
					return false
				}
			}
			return true
		})
	}()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				select {
				case p, more := <-work:
					if !more {
						return
					}
					p.done <- judgePortion(ctx, p, facts)
				case <-ctx.Done():
					return // the reader may still be waiting for input
				}
			}
		})
	}
	defer all.Wait()
	defer stop()
	for {
		p, more, err := next(ctx, queue)
		switch {
		case err != nil:
			return total, bad, err
		case !more && failed != nil:
			return total, bad, fmt.Errorf("the batch ends after line %d: %w", total, failed)
		case !more:
			return total, bad, nil
		}
		done, _, err := next(ctx, p.done)
		if err = cmp.Or(err, done.err); err != nil {
			return total, bad, err
		}
		if _, err := out.Write(done.out); err != nil {
			return total, bad, err
		}
		total, bad = total+len(p.lines), bad+done.bad
	}
}

// next receives, unless the run is told to end first.
func next[T any](ctx context.Context, from <-chan T) (value T, more bool, err error) {
	select {
	case value, more = <-from:
		return value, more, nil
	case <-ctx.Done():
		return value, false, ctx.Err()
	}
}

// readPortions cuts the input into portions until it ends or take says no.
func readPortions(in io.Reader, take func(*portion) bool) error {
	r := bufio.NewReaderSize(in, 1<<16)
	number := 1
	for {
		p := &portion{done: make(chan judged, 1)}
		var err error
		for size := 0; len(p.lines) < portionLines && size < portionBytes && err == nil; {
			var l line
			if l, err = readLine(r); err == nil || len(l.text) > 0 {
				l.number, number = number, number+1
				size += len(l.text) + 1
				if len(bytes.TrimSpace(l.text)) > 0 {
					p.lines = append(p.lines, l)
				}
			}
		}
		if len(p.lines) > 0 && !take(p) {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readLine reads one line; of one that is too long the rest is passed over.
func readLine(r *bufio.Reader) (line, error) {
	var l line
	for passed := 0; ; {
		part, err := r.ReadSlice('\n')
		if passed += len(part); passed > maxNoLine {
			return line{}, errNoLines
		}
		if room := maxLine - len(l.text); len(part) > room {
			l.text, l.long = append(l.text, part[:room]...), true
		} else {
			l.text = append(l.text, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			l.text = bytes.TrimRight(l.text, "\r\n")
			return l, err
		}
	}
}

func judgePortion(ctx context.Context, p *portion, facts policy.Facts) judged {
	var b bytes.Buffer
	var out judged
	for _, l := range p.lines {
		if ctx.Err() != nil {
			out.err = ctx.Err()
			return out
		}
		v := judgeLine(l, facts)
		if v.Reach == report.UnknownReach {
			out.bad++
		}
		if out.err = report.EncodePolicy(&b, &v); out.err != nil {
			return out
		}
	}
	out.out = b.Bytes()
	return out
}

// judgeLine gives the verdict on one line. A line without a readable policy has
// a verdict too, which says why it is unknown.
func judgeLine(l line, facts policy.Facts) report.Policy {
	at := func(format string, args ...any) string {
		return fmt.Sprintf("line %d: %s", l.number, fmt.Sprintf(format, args...))
	}
	if l.long {
		return unreadable(nil, at("longer than %d MiB; S3 takes a policy of 20 KB", maxLine>>20))
	}
	entry, err := readEntry(l.text)
	if err != nil {
		return unreadable(entry.id, at("%v; a line is an object with id and document", err))
	}
	if facts, err = entry.facts(facts); err != nil {
		return unreadable(entry.id, at("%v", err))
	}
	found := document{text: entry.document}
	if !bytes.Contains(found.text, []byte(`"Statement"`)) || bytes.Contains(found.text, []byte(`olicy"`)) {
		found = findDocument(found.text) // it is taken apart twice only where it may be wrapped
	}
	d, err := parsePolicy(found.text)
	if err != nil {
		return unreadable(entry.id, at("the document: %v", err))
	}
	if facts.Bucket == "" {
		facts.Bucket = found.bucket
	}
	settled, _, problems, err := settle(d, facts)
	if err != nil {
		return unreadable(entry.id, at("%v", err))
	}
	v := judge(d, settled)
	v.ID = entry.id
	v.Problems = append(v.Problems, problems...)
	return v
}
