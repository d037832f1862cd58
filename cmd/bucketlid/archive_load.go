// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/archive"
	"github.com/bucketlid/bucketlid/ingest"
	"github.com/bucketlid/bucketlid/trail"
)

// archiveLoad is one run of archive load.
type archiveLoad struct {
	root       *string
	narrow     huntFlags // its flags that narrow what is read
	noProgress bool
	quiet      bool
	strict     bool
	noCompact  bool
	noIndex    bool

	filter   wanted
	narrowed bool
	loader   *archive.Loader
	progress ingest.Progress
	stderr   io.Writer

	mu      sync.Mutex
	skipped int64
	known   int64 // objects loaded before
	objects int64
}

func newArchiveLoad(root *string) *cobra.Command {
	l := &archiveLoad{root: root}
	cmd := &cobra.Command{
		Use: "load SOURCE…", Short: "Read CloudTrail logs into the archive",
		Long: "Read CloudTrail logs into the archive: all their records, byte for byte. An event is kept\n" +
			"once, by its eventID, account and day; log objects that were loaded before are left out.\n" +
			"After an interruption or a full disk, the same command goes on where it ended.\n\n" +
			"SOURCE is a file, a folder, - for standard input, or s3://bucket/prefix, as for hunt.",
		Example: "  bucketlid archive load ./AWSLogs\n" +
			"  bucketlid archive load --archive /data/archive s3://my-trail-bucket/AWSLogs --since 36h",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("for example: bucketlid archive load ./AWSLogs", "load needs a SOURCE: a file, a folder, - or s3://bucket/prefix")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			patience.Store(int64(10 * time.Second)) // to end the file that is being written
			return l.run(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&l.narrow.accounts, "account", nil, "read only these `accounts`' logs (12 digits, comma-separated)")
	flags.StringSliceVar(&l.narrow.regions, "region", nil, "read only these `regions`")
	flags.StringVar(&l.narrow.from, "from", "", "read only records from this `time` on (RFC 3339, date, or age such as 36h or 7d)")
	flags.StringVar(&l.narrow.to, "to", "", "read only records before this `time`")
	flags.StringVar(&l.narrow.since, "since", "", "the same as --from with an age, such as `36h`")
	flags.StringVar(&l.narrow.endpoint, "endpoint-url", "", "`URL` of the S3 service, as for the AWS CLI (also AWS_ENDPOINT_URL)")
	addWorkers(flags, &l.narrow.workers, "objects read at once (0: one for each CPU)")
	flags.BoolVar(&l.noProgress, "no-progress", false, "show no progress bar")
	flags.BoolVarP(&l.quiet, "quiet", "q", false, "print no summary")
	flags.BoolVar(&l.strict, "strict", false, "exit 5 when any input was skipped")
	flags.BoolVar(&l.noCompact, "no-compact", false, "do not merge small files at the end")
	flags.BoolVar(&l.noIndex, "no-index", false, "write no indexes: a quicker load, and slower investigations until archive compact has written them")
	return cmd
}

// loadMemory is what the program should stay below while it loads.
const loadMemory = 800 << 20

func (l *archiveLoad) run(cmd *cobra.Command, specs []string) error {
	debug.SetGCPercent(60)
	debug.SetMemoryLimit(loadMemory)
	filter, err := l.narrow.filter(time.Now())
	if err != nil {
		return err
	}
	l.stderr, l.filter = cmd.ErrOrStderr(), newWanted(filter)
	l.narrowed = !l.filter.any
	opts := ingest.Options{Stdin: cmd.InOrStdin(), Endpoint: l.narrow.endpoint, Progress: &l.progress}
	opts.Problem = func(p ingest.Problem) { l.skip(p.Object, -1, p.Reason) }
	sources, err := archiveSources(cmd.Context(), specs, filter, opts)
	if err != nil {
		return err
	}
	a, err := writeArchive(cmd.Context(), *l.root)
	if err != nil {
		return err
	}
	defer a.Close()
	if l.noIndex {
		a.Gather(archive.Gathering{})
	}
	if l.loader, err = a.Load(archive.LoadOptions{}); err != nil {
		return err
	}
	bar := startProgress(l.stderr, &l.progress, !l.noProgress && !l.quiet)
	loaded, merged, err := l.load(cmd.Context(), a, sources, opts, bar)
	bar.stop()
	if cmd.Context().Err() != nil && inS3(*l.root) {
		return interrupted(cmd.Context(), cmd.Context().Err())
	}
	if cmd.Context().Err() != nil {
		return &exitError{exitInterrupt, fmt.Sprintf("interrupted: the archive holds %d records that it did not hold before", loaded.Added),
			"run the same command again: it goes on where it ended"}
	}
	if err != nil {
		return err
	}
	l.summary(a.Archive, loaded, merged)
	if l.strict && l.skipped > 0 {
		return &exitError{exitIncomplete, fmt.Sprintf("incomplete input: %d skipped (--strict)", l.skipped), ""}
	}
	return nil
}

func archiveSources(ctx context.Context, specs []string, filter ingest.Filter, opts ingest.Options) ([]ingest.Source, error) {
	var sources []ingest.Source
	for _, spec := range specs {
		source, err := ingest.Open(ctx, spec, filter, opts)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return sources, nil
}

// load reads all objects, writes what is held and merges small files.
func (l *archiveLoad) load(ctx context.Context, a *writing, sources []ingest.Source, opts ingest.Options, bar *progress) (archive.Loaded, archive.Compacted, error) {
	workers := l.narrow.workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	readers := make([]*archive.Reader, workers)
	for i := range readers {
		readers[i] = l.loader.Reader()
	}
	err := ingest.Each(ctx, sources, workers, opts, func(i int, obj ingest.Object) error {
		return l.object(ctx, readers[i], obj)
	})
	if err != nil {
		return l.loader.Written(), archive.Compacted{}, err
	}
	bar.phase("writing")
	loaded, err := l.loader.Close()
	var merged archive.Compacted
	if err == nil && !l.noCompact {
		bar.phase("merging files")
		merged, err = a.CompactAfterLoad(ctx, l.loader.Touched())
	}
	if err == nil && !l.noIndex {
		bar.phase("summing up")
		a.summarize(ctx, l.stderr)
	}
	if err == nil {
		bar.phase("uploading")
		err = a.push(ctx, false)
	}
	return loaded, merged, err
}

// nameOf is how the archive knows an object: the same however it was given.
func nameOf(obj ingest.Object) string {
	if obj.ID != "" {
		return obj.ID
	}
	return obj.Name
}

// object loads one object to its end, unless it was loaded before. Damage in the
// middle loses nothing that stood before it, and has the object read again by
// the next load.
func (l *archiveLoad) object(ctx context.Context, r *archive.Reader, obj ingest.Object) error {
	if known, err := l.loadedBefore(ctx, obj); known || err != nil {
		return err
	}
	content, err := obj.Open(ctx)
	if err != nil {
		if ctx.Err() == nil {
			l.loader.Unread(nameOf(obj), []archive.Unread{{Offset: -1, Reason: err.Error()}})
		}
		return err
	}
	defer content.Close()
	hash := sha256.New()
	stored := io.TeeReader(content, hash)
	unpacked := ingest.Inflate(stored, 0)
	defer unpacked.Close()
	r.Begin(nameOf(obj))
	var failed error // of the archive, not of the object
	var unread unreadPieces
	_, err = trail.Scan(unpacked, trail.Options{}, func(h *trail.Header, raw []byte) error {
		if !l.filter.takes(h) {
			return nil
		}
		failed = r.Add(h, raw)
		return failed
	}, func(s trail.Skip) {
		unread.add(s.Offset, s.Reason)
		l.skip(obj.Name, s.Offset, s.Reason)
	})
	if failed != nil {
		return failed
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		_, err = io.Copy(io.Discard, stored) // what the unpacking did not need, for the checksum
	}
	if err != nil {
		offset, reason := damageOf(err)
		unread.add(offset, reason)
		l.skip(obj.Name, offset, reason)
	}
	l.mu.Lock()
	l.objects++
	l.mu.Unlock()
	if obj.Name != "-" || unread.count > 0 { // the next standard input is another
		l.loader.Unread(nameOf(obj), unread.told())
	}
	return r.End(unpacked.Packed(), hex.EncodeToString(hash.Sum(nil)), unread.count == 0 && !l.narrowed && obj.Name != "-")
}

// unreadPieces are those of one object that were not read: the first of them, as
// many as hunt tells, and how many more for which reason.
type unreadPieces struct {
	list  []archive.Unread
	more  map[string]int64
	count int
}

// maxReasons is how many reasons are told apart of the pieces beyond.
const maxReasons = 16

func (u *unreadPieces) add(offset int64, reason string) {
	if u.count++; u.count <= maxSkipsOfObject {
		u.list = append(u.list, archive.Unread{Offset: offset, Reason: reason})
		return
	}
	if u.more == nil {
		u.more = map[string]int64{}
	}
	kind := kindOfReason(reason)
	if _, known := u.more[kind]; !known && len(u.more) >= maxReasons {
		kind = "other reasons"
	}
	u.more[kind]++
}

func (u *unreadPieces) told() []archive.Unread {
	out := u.list
	for _, kind := range slices.Sorted(maps.Keys(u.more)) {
		out = append(out, archive.Unread{Offset: -1, Reason: kind, More: u.more[kind]})
	}
	return out
}

// loadedBefore reports whether the archive has all of the object: it knows the
// name, and the stored bytes are the same.
func (l *archiveLoad) loadedBefore(ctx context.Context, obj ingest.Object) (bool, error) {
	if obj.Name == "-" || !l.loader.Known(nameOf(obj), "") {
		return false, nil
	}
	content, err := obj.Open(ctx)
	if err != nil {
		return false, err
	}
	defer content.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, content); err != nil {
		return false, err
	}
	if !l.loader.Known(nameOf(obj), hex.EncodeToString(hash.Sum(nil))) {
		return false, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known++
	return true, nil
}

// damageOf is where and why an object could not be read to its end.
func damageOf(err error) (offset int64, reason string) {
	var corrupt *ingest.CorruptError
	var bomb *ingest.BombError
	switch {
	case errors.As(err, &corrupt):
		return corrupt.Offset, corrupt.Reason
	case errors.As(err, &bomb):
		return bomb.Unpacked, bomb.Error()
	}
	return -1, err.Error()
}

// shownSkips is how many skipped pieces are named; all are counted.
const shownSkips = 100

func (l *archiveLoad) skip(object string, offset int64, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.skipped++
	switch {
	case l.quiet || l.skipped > shownSkips+1:
	case l.skipped > shownSkips:
		fmt.Fprintln(l.stderr, "skipped: more, which are only counted")
	case offset < 0:
		fmt.Fprintf(l.stderr, "skipped: %s: %s\n", plain(object), plain(reason))
	default:
		fmt.Fprintf(l.stderr, "skipped: %s at %d: %s\n", plain(object), offset, plain(reason))
	}
}

func (l *archiveLoad) summary(a *archive.Archive, loaded archive.Loaded, merged archive.Compacted) {
	if l.quiet {
		return
	}
	var rows, size int64
	files := a.Files()
	for _, f := range files {
		rows, size = rows+f.Rows, size+f.Bytes
	}
	fmt.Fprintf(l.stderr, "Read %d objects, %d loaded before, %d pieces skipped\n", l.objects, l.known, l.skipped)
	fmt.Fprintf(l.stderr, "Records %d: %d added, %d in the archive already\n", loaded.Records, loaded.Added, loaded.Duplicates)
	if merged.Before > 0 {
		fmt.Fprintf(l.stderr, "Merged %d small files into %d\n", merged.Before, merged.After)
	}
	fmt.Fprintf(l.stderr, "Archive %s: %d records in %d files, %s\n", plain(*l.root), rows, len(files), bytesText(size))
}
