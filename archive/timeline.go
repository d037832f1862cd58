// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"iter"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Filter says which records a timeline holds: those for which all of it holds.
// Zero fields do not narrow.
type Filter struct {
	EventID  string
	Accounts []string // that received the record
	From, To time.Time
	Search   *Search // nil: all records
	Newest   bool    // the latest come first
}

// Event is one record of a timeline.
type Event struct {
	Account string    // of the folder: 12 digits, or Unknown
	Time    time.Time // UTC; zero when the record tells none
	EventID string
	Raw     []byte // the record's own bytes; trail.Decode reads them
	File    string // the log object it was read from
	Offset  int64  // in that object, unpacked
	Columns Row    // of a Search: the record's columns
}

// condition is a value that a column must have.
type condition struct{ column, value string }

func (f *Filter) conditions() []condition {
	if f.EventID == "" {
		return nil
	}
	return []condition{{"event_id", columnText(f.EventID)}}
}

// takes reports whether a file may hold records of the timeline, by its folder
// and its times.
func (f *Filter) takes(file *File) bool {
	if len(f.Accounts) > 0 && !slices.Contains(f.Accounts, file.Partition().Account) {
		return false
	}
	if f.From.IsZero() && f.To.IsZero() {
		return true
	}
	return !file.To.Before(f.From) && (f.To.IsZero() || file.From.Before(f.To))
}

// within reports whether a row's time lies in the filter's. Where a time is
// asked for, a record without one is left out.
func (f *Filter) within(micros int64) bool {
	if f.From.IsZero() && f.To.IsZero() {
		return true
	}
	t := time.UnixMicro(micros)
	return micros != 0 && !t.Before(f.From) && (f.To.IsZero() || t.Before(f.To))
}

// match is a row of the timeline that is still to be read.
type match struct {
	time             int64
	file, group, row int32
}

// firstEvents is how many records are read at once at first: enough for what a
// person looks at. Later batches have up to maxEvents.
const (
	firstEvents = 256
	maxEvents   = 4096
)

// Timeline yields the records that a filter takes, in the order of their time
// (then of eventID), those without a time last; with Newest in the opposite
// order. It needs no query engine. It reads one day after the other, so that who
// ends it early waits for the first days only, and holds in memory 24 bytes for
// each record of a day and some thousand records. An error is yielded last: a
// *DamagedError for a file that cannot be read, or the end of ctx. A file that
// is missing is an error too, never an empty answer.
func (a *Archive) Timeline(ctx context.Context, f Filter) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		files := a.timelineFiles(&f)
		if a.fetch == nil {
			if err := a.whole(files); err != nil {
				yield(Event{}, err)
				return
			}
		}
		size := firstEvents
		for len(files) > 0 {
			n := sameDay(files)
			day := files[:n]
			files = files[n:]
			found, err := a.find(ctx, day, &f)
			if err != nil {
				yield(Event{}, err)
				return
			}
			if !a.day(ctx, &f, day, slices.Concat(found...), &size, yield) {
				return
			}
		}
	}
}

// timelineFiles lists the files that may hold records of the timeline by day.
func (a *Archive) timelineFiles(f *Filter) []File {
	files := slices.DeleteFunc(a.Files(), func(file File) bool { return !f.takes(&file) })
	slices.SortStableFunc(files, func(a, b File) int { return cmp.Compare(a.Partition().Day, b.Partition().Day) })
	if f.Newest {
		slices.Reverse(files)
	}
	return files
}

func sameDay(files []File) int {
	n := 1
	for n < len(files) && files[n].Partition().Day == files[0].Partition().Day {
		n++
	}
	return n
}

// find looks for the filter's rows in the files of a day.
func (a *Archive) find(ctx context.Context, files []File, f *Filter) ([][]match, error) {
	found := make([][]match, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range files {
		group.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			found[i], err = a.findIn(ctx, files[i], int32(i), f)
			return err
		})
	}
	return found, group.Wait()
}

func (a *Archive) findIn(ctx context.Context, file File, index int32, f *Filter) (out []match, err error) {
	candidates, err := a.candidates(file, f.Search)
	if err != nil || candidates.none() {
		return nil, err
	}
	path, err := a.have(file)
	if err != nil {
		return nil, err
	}
	defer recovered(path, &err)
	s, err := openStored(path)
	if err != nil {
		return nil, err
	}
	defer s.close()
	conditions, start := f.conditions(), int64(0)
	for g, group := range s.file.RowGroups() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		end := start + group.NumRows()
		here := candidates.cut(start, end)
		start = end
		if here.none() {
			continue
		}
		rows, times, err := s.find(g, &here, conditions, f)
		if err != nil {
			return nil, damaged(path, err)
		}
		for i, row := range rows {
			out = append(out, match{times[i], index, int32(g), row})
		}
	}
	return out, nil
}

// day yields the events of one day. It returns false to end the timeline. size
// is how many records are read at once.
func (a *Archive) day(ctx context.Context, f *Filter, files []File, found []match, size *int, yield func(Event, error) bool) bool {
	slices.SortFunc(found, compareMatches)
	if f.Newest {
		slices.Reverse(found)
	}
	for len(found) > 0 {
		if err := ctx.Err(); err != nil {
			yield(Event{}, err)
			return false
		}
		n := batchEnd(found, *size)
		*size = min(2*n, maxEvents)
		events, err := a.events(ctx, files, found[:n], f.Search)
		if err != nil {
			yield(Event{}, err)
			return false
		}
		if f.Newest {
			slices.Reverse(events)
		}
		for _, e := range events {
			if !yield(e, nil) {
				return false
			}
		}
		found = found[n:]
	}
	return true
}

func compareMatches(a, b match) int {
	return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.file, b.file), cmp.Compare(a.group, b.group), cmp.Compare(a.row, b.row))
}

// batchEnd is where a batch ends: not between records of one moment, which are
// put in the order of their ids, unless there are very many.
func batchEnd(found []match, size int) int {
	n := min(size, len(found))
	for n < min(len(found), 4*maxEvents) && found[n].time == found[n-1].time {
		n++
	}
	return n
}
