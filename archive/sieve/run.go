// SPDX-License-Identifier: Apache-2.0

package sieve

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/replay"
	"github.com/bucketlid/bucketlid/trail"
)

// Into takes in what an engine finds. Its functions are called by one goroutine.
type Into struct {
	Ledger   *replay.Ledger
	Baseline *replay.Baseline
	// Odd takes a record that no sum holds: it belongs to Ledger and Baseline.
	// object and the header's Offset tell where it was. Header and bytes are valid
	// until it returns.
	Odd func(object string, h *trail.Header, raw []byte) error
	// Chosen takes a record that the sums hold already: it belongs to Ledger.
	Chosen func(object string, h *trail.Header, raw []byte) error
	// Unread is told of a row that is no record.
	Unread func(object string, offset int64, reason string)
	// Step is told of each question before it is asked; nil: nobody wants to know.
	Step func(what string)
}

// Counts tell what a run went through.
type Counts struct {
	Records int64 // that the sums hold; odd ones are not among them
	Rows    int64 // that came back
}

// Run asks an engine for everything that a hunt needs. The error is the
// engine's, the end of ctx, a *LayoutError, or that of one of into's functions.
func Run(ctx context.Context, engine archive.Engine, f Filter, into Into) (Counts, error) {
	r := &run{ctx: ctx, engine: engine, into: into}
	columns, err := r.columns()
	if err != nil {
		return r.counts, err
	}
	l, err := find(columns)
	if err != nil {
		return r.counts, err
	}
	r.ask = &asker{layout: l, where: l.filter(f)}
	for _, step := range []struct {
		what string
		run  func() error
	}{
		{"records that matter", func() error { return r.records(r.ask.chosen()) }},
		{"who calls what, from where", r.patterns},
		{"hours of the day", r.hours},
		{"times with records", r.coverage},
		{"failures and calls of note", r.noted},
		{"access keys", r.keys},
		{"buckets with data events", r.logged},
		{"replaced and deleted objects", r.rewrites},
	} {
		if into.Step != nil {
			into.Step(step.what)
		}
		if err := step.run(); err != nil {
			return r.counts, fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return r.counts, nil
}

// run is one run.
type run struct {
	ctx    context.Context
	engine archive.Engine
	into   Into
	ask    *asker
	counts Counts
}

// columns lists the table's columns.
func (r *run) columns() ([]string, error) {
	var out []string
	rows, err := r.engine.Query(r.ctx, "DESCRIBE records")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values := make([]sql.NullString, len(names))
	for rows.Next() {
		if err := rows.Scan(pointers(values)...); err != nil {
			return nil, err
		}
		out = append(out, values[0].String)
	}
	return out, rows.Err()
}

func pointers(values []sql.NullString) []any {
	out := make([]any, len(values))
	for i := range values {
		out[i] = &values[i]
	}
	return out
}

// each asks a question and hands its rows on, scanned into dest.
func (r *run) each(question string, dest []any, take func() error) error {
	rows, err := r.engine.Query(r.ctx, question)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r.counts.Rows++
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := take(); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (r *run) patterns() error {
	var p replay.Pattern
	var a replay.Alike
	var failed, n int64
	var ids, days string
	return r.each(r.ask.patterns(), []any{&p.Principal, &p.Address, &p.Name, &p.Agent, &p.Region, &failed, &n, &a.First, &a.Last, &ids, &days}, func() (err error) {
		p.Failed = failed != 0
		r.counts.Records += n
		if a.IDs, err = hashes(ids); err != nil {
			return err
		}
		if a.Days, err = numbers(days); err == nil {
			r.into.Baseline.ObserveAlike(p, a)
		}
		return err
	})
}

// numbers reads numbers with blanks between them.
func numbers(text string) ([]int64, error) {
	var out []int64
	for _, word := range strings.Fields(text) {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

// hashes reads numbers of 16 digits of base 16 that stand side by side.
func hashes(text string) ([]uint64, error) {
	out := make([]uint64, 0, len(text)/16)
	for ; len(text) >= 16; text = text[16:] {
		n, err := strconv.ParseUint(text[:16], 16, 64)
		if err != nil {
			return nil, fmt.Errorf("the engine's xxhash64 is no number of 16 digits: %q", text[:16])
		}
		out = append(out, n)
	}
	return out, nil
}

func (r *run) hours() error {
	var principal string
	var first int64
	return r.each(r.ask.hours(), []any{&principal, &first}, func() error {
		r.into.Baseline.ObserveHour(principal, first)
		return nil
	})
}

func (r *run) coverage() error {
	var account, region, slots string
	var day int64
	return r.each(r.ask.coverage(), []any{&account, &region, &day, &slots}, func() error {
		all, err := numbers(slots)
		for _, seconds := range all {
			r.into.Baseline.Cover(account, region, day+seconds)
		}
		return err
	})
}

func (r *run) noted() error {
	var n replay.Noted
	var a replay.Alike
	var first, ids string
	return r.each(r.ask.noted(), []any{&n.Principal, &n.Name, &n.Error, &first, &n.Address, &a.Last, &ids}, func() (err error) {
		if len(first) < 12 {
			return fmt.Errorf("no time in %q", first)
		}
		n.EventID = first[12:]
		if a.First, err = strconv.ParseInt(first[:12], 10, 64); err != nil {
			return err
		}
		if a.IDs, err = hashes(ids); err == nil {
			r.into.Baseline.ObserveNoted(n, a)
		}
		return err
	})
}

func (r *run) keys() error {
	var key string
	var first int64
	return r.each(r.ask.keys(), []any{&key, &first}, func() error {
		r.into.Baseline.ObserveKey(key, first)
		return nil
	})
}

func (r *run) logged() error {
	var bucket string
	var first, last int64
	return r.each(r.ask.logged(), []any{&bucket, &first, &last}, func() error {
		r.into.Ledger.NoteDataEvents(bucket, time.Unix(first, 0), time.Unix(last, 0))
		return nil
	})
}

// rewrites asks for those rewrites of objects that a ledger keeps: all, or those
// whose hash has so many leading zero bits that few enough are left. The counts
// hold some that a ledger does not keep, so that the bound is felt for downwards.
func (r *run) rewrites() error {
	least, err := r.crowd()
	if err != nil {
		return err
	}
	if err := r.records(r.ask.rewrites(least, 0)); err != nil {
		return err
	}
	for ; least > 0 && r.into.Ledger.RewriteLimit() < least; least-- {
		if err := r.records(r.ask.rewrites(least-1, least)); err != nil {
			return err
		}
	}
	return nil
}

// crowd is the number of leading zero bits with which few enough are left.
func (r *run) crowd() (int, error) {
	var zeros string
	var n int64
	var all [65]int64 // by leading zero bits
	err := r.each(r.ask.crowd(), []any{&zeros, &n}, func() error {
		digit, err := strconv.ParseUint(zeros[max(0, len(zeros)-1):], 16, 8)
		if err != nil {
			return fmt.Errorf("no hash begins with %q", zeros)
		}
		all[min(64, 4*(len(zeros)-1)+bits.LeadingZeros8(uint8(digit))-4)] += n
		return nil
	})
	var left int64
	for bit := len(all) - 1; bit >= 0 && err == nil; bit-- {
		if left += all[bit]; left > int64(replay.MaxRewrites()) {
			return bit + 1, nil
		}
	}
	return 0, err
}

// records asks for whole records and hands them on.
func (r *run) records(question string) error {
	var odd int64
	values := make([]sql.NullString, len(r.ask.row))
	return r.each(question, append([]any{&odd}, pointers(values)...), func() error {
		one, err := r.ask.whole(values)
		if err != nil {
			return err
		}
		take := r.into.Chosen
		if odd != 0 {
			take = r.into.Odd
		}
		return r.record(&one, take)
	})
}

// record reads one record. It stands as in a file of CloudTrail, so that nothing
// in it is taken for a wrapper.
func (r *run) record(one *record, take func(object string, h *trail.Header, raw []byte) error) error {
	if len(bytes.TrimSpace(one.raw)) == 0 {
		r.into.Unread(one.object, one.offset, "the row does not hold the record")
		return nil
	}
	text := io.MultiReader(strings.NewReader(`{"Records":[`), bytes.NewReader(one.raw), strings.NewReader("]}"))
	_, err := trail.Scan(text, trail.Options{}, func(h *trail.Header, raw []byte) error {
		h.Offset = one.offset
		if len(h.RecipientAccountID) == 0 && one.account != "" {
			h.RecipientAccountID = []byte(one.account)
		}
		return take(one.object, h, raw)
	}, func(s trail.Skip) { r.into.Unread(one.object, one.offset, s.Reason) })
	return err
}
