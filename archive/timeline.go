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
	User     string // userIdentity.arn, the name of the user or session, or principal_key
	Address  string // sourceIPAddress, as written
	Bucket   string
	EventID  string
	Accounts []string // that received the record
	From, To time.Time
}

// Event is one record of a timeline.
type Event struct {
	Account string    // of the folder: 12 digits, or Unknown
	Time    time.Time // UTC; zero when the record tells none
	EventID string
	Raw     []byte // the record's own bytes; trail.Decode reads them
	File    string // the log object it was read from
	Offset  int64  // in that object, unpacked
}

// condition is a value that one of some columns must have.
type condition struct {
	columns []string
	value   string
}

func (f *Filter) conditions() []condition {
	var out []condition
	for _, c := range []condition{
		{[]string{"event_id"}, f.EventID},
		{[]string{"bucket"}, f.Bucket},
		{[]string{"source_ip"}, f.Address},
		{[]string{"principal", "user_name", "principal_key"}, f.User},
	} {
		if c.value != "" {
			c.value = columnText(c.value)
			out = append(out, c)
		}
	}
	return out
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

// batchEvents is how many records are read at once.
const batchEvents = 4096

// Timeline yields the records that a filter takes, in the order of their time
// (then of eventID), those without a time last. It needs no query engine. It
// holds in memory 24 bytes for each record found and some thousand records. An
// error is yielded last: a *DamagedError for a file that cannot be read, or the
// end of ctx. A file that is missing is an error too, never an empty answer.
func (a *Archive) Timeline(ctx context.Context, f Filter) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		files := slices.DeleteFunc(a.Files(), func(file File) bool { return !f.takes(&file) })
		slices.SortStableFunc(files, func(a, b File) int { return cmp.Compare(a.Partition().Day, b.Partition().Day) })
		found, err := a.find(ctx, files, &f)
		if err != nil {
			yield(Event{}, err)
			return
		}
		for start := 0; start < len(files); {
			end := start + sameDay(files[start:])
			if !a.day(ctx, files, slices.Concat(found[start:end]...), yield) {
				return
			}
			clear(found[start:end])
			start = end
		}
	}
}

func sameDay(files []File) int {
	n := 1
	for n < len(files) && files[n].Partition().Day == files[0].Partition().Day {
		n++
	}
	return n
}

// find looks for the filter's rows in all files.
func (a *Archive) find(ctx context.Context, files []File, f *Filter) ([][]match, error) {
	found := make([][]match, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range files {
		group.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			found[i], err = a.findIn(files[i], int32(i), f)
			return err
		})
	}
	return found, group.Wait()
}

func (a *Archive) findIn(file File, index int32, f *Filter) (out []match, err error) {
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
	conditions := f.conditions()
	for g := range s.file.RowGroups() {
		rows, times, err := s.find(g, conditions, f)
		if err != nil {
			return nil, damaged(path, err)
		}
		for i, row := range rows {
			out = append(out, match{times[i], index, int32(g), row})
		}
	}
	return out, nil
}

// day yields the events of one day. It returns false to end the timeline.
func (a *Archive) day(ctx context.Context, files []File, found []match, yield func(Event, error) bool) bool {
	slices.SortFunc(found, compareMatches)
	for len(found) > 0 {
		if err := ctx.Err(); err != nil {
			yield(Event{}, err)
			return false
		}
		n := batchEnd(found)
		events, err := a.events(files, found[:n])
		if err != nil {
			yield(Event{}, err)
			return false
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
func batchEnd(found []match) int {
	n := min(batchEvents, len(found))
	for n < min(len(found), 4*batchEvents) && found[n].time == found[n-1].time {
		n++
	}
	return n
}
