// SPDX-License-Identifier: Apache-2.0

package intel

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Updater fetches sources into a directory. What fails leaves the earlier data
// in place.
type Updater struct {
	Dir    string
	Client *http.Client  // NewClient
	Agent  string        // User-Agent
	Wait   time.Duration // for each source; 0: as long as it takes
	Now    time.Time     // noted as the date of what is fetched
	// Force takes data that has less than half the entries of the earlier.
	Force bool
}

var errBusy = errors.New("another process updates it: wait for it")

// Outcome says what became of one source.
type Outcome struct {
	Name      string
	Unchanged bool
	Record    *Record // the data in use afterwards; nil without any
	Err       error
}

// Update fetches sources one after the other, and notes each in the manifest
// before the next: what is done when it is stopped stays done. The error is
// about the directory; those of sources are in their outcomes.
func (u *Updater) Update(ctx context.Context, rows []Row) ([]Outcome, error) {
	for i := range rows {
		if err := rows[i].Check(); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(u.Dir, 0o755); err != nil {
		return nil, err
	}
	unlock, err := lock(filepath.Join(u.Dir, ".lock"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.Dir, err)
	}
	defer unlock()
	manifest, err := readManifest(u.Dir)
	if err != nil {
		return nil, err
	}
	u.clean(manifest)
	var out []Outcome
	for i := range rows {
		o := u.one(ctx, &rows[i], manifest)
		if o.Err == nil {
			if err := manifest.write(u.Dir); err != nil {
				return out, err
			}
			u.clean(manifest)
		}
		o.Record = manifest.find(rows[i].Name)
		if out = append(out, o); ctx.Err() != nil {
			return out, ctx.Err()
		}
	}
	return out, nil
}

// one fetches a source and puts it in the manifest.
func (u *Updater) one(ctx context.Context, row *Row, m *Manifest) Outcome {
	o := Outcome{Name: row.Name}
	if u.Wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, u.Wait)
		defer cancel()
	}
	earlier := m.find(row.Name)
	got, err := u.get(ctx, row, earlier)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("it did not come whole within %s: wait longer (--wait), or name a mirror", u.Wait)
	}
	if err != nil {
		o.Err = fmt.Errorf("%s: %s: %w", row.Name, row.origin(), err)
		return o
	}
	if got.unchanged {
		earlier.Checked = u.Now.UTC()
		o.Unchanged = true
		return o
	}
	record, err := u.accept(ctx, row, got, earlier)
	if err != nil {
		o.Err = fmt.Errorf("%s: %s: %w", row.Name, row.origin(), err)
		return o
	}
	o.Unchanged = earlier != nil && earlier.SHA256 == record.SHA256
	m.put(*record)
	return o
}

// get reads a source's file, or fetches it.
func (u *Updater) get(ctx context.Context, row *Row, earlier *Record) (*fetched, error) {
	if row.Path == "" {
		return get(ctx, u.Client, u.Agent, row.URL, row.limit(), u.holding(earlier, row))
	}
	content, err := readBounded(row.Path, row.limit())
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(row.Path)
	if err != nil {
		return nil, err
	}
	return &fetched{content: content, written: info.ModTime().UTC()}, nil
}

// holding is the earlier record, if its file is still there and was fetched
// from the same address: only then may the server answer that nothing changed.
func (u *Updater) holding(earlier *Record, row *Row) *Record {
	if earlier == nil || earlier.URL != row.origin() || earlier.Format != row.Format {
		return nil
	}
	content, err := readBounded(filepath.Join(u.Dir, earlier.File), row.limit())
	if err != nil || sum(content) != earlier.SHA256 {
		return nil
	}
	return earlier
}

// accept checks what came before it replaces anything: its checksum where one
// is published, that it is what the source's row says, and that most of it is
// still there.
func (u *Updater) accept(ctx context.Context, row *Row, got *fetched, earlier *Record) (*Record, error) {
	sha := sum(got.content)
	if row.SumURL != "" {
		if err := u.checksum(ctx, row, sha); err != nil {
			return nil, err
		}
	}
	record := &Record{
		Name: row.Name, Title: row.Title, Kind: row.Kind, Provider: row.Provider, Format: row.Format, File: dataFile(row, sha),
		URL: row.origin(), Fetched: u.Now.UTC(), Checked: u.Now.UTC(), ETag: got.etag, LastModified: got.lastModified, SHA256: sha,
		Bytes: int64(len(got.content)), Licence: row.Licence, LicenceURL: row.LicenceURL, MaxAgeHours: int(row.MaxAge / time.Hour),
	}
	if !got.written.IsZero() && got.written.Before(u.Now) {
		record.Checked = got.written // nobody said since then that it is the newest
	}
	var trial Database
	s := record.source()
	s.File = path.Base(row.origin()) // as whoever asked for it knows it
	if err := trial.add(s, row, got.content); err != nil {
		return nil, err
	}
	record.Entries, record.Malformed = s.Entries, s.Malformed
	switch {
	case record.Malformed > record.Entries:
		return nil, fmt.Errorf("more lines hold no network than do: %d of %d%s", record.Malformed, record.Malformed+record.Entries, firstOf(s.Problems))
	case earlier != nil && record.Entries < earlier.Entries/2 && !u.Force:
		return nil, fmt.Errorf("entries: %d, in the earlier data %d: perhaps it is cut short; --force takes it", record.Entries, earlier.Entries)
	}
	for _, g := range trial.geo {
		if err := g.reader.Verify(); err != nil {
			return nil, fmt.Errorf("%s is damaged: %w", s.File, err)
		}
	}
	temp, err := writeTemp(u.Dir, bytes.NewReader(got.content))
	if err != nil {
		return nil, err
	}
	return record, rename(temp, filepath.Join(u.Dir, record.File))
}

// checksum compares with the SHA-256 that the source publishes: its first 64
// hexadecimal digits that stand alone, as sha256sum writes it.
func (u *Updater) checksum(ctx context.Context, row *Row, sha string) error {
	got, err := get(ctx, u.Client, u.Agent, row.SumURL, 64<<10, nil)
	if err != nil {
		return fmt.Errorf("its checksum %s: %w", bareURL(row.SumURL), err)
	}
	for _, word := range strings.Fields(string(got.content)) {
		if raw, err := hex.DecodeString(word); err == nil && len(raw) == 32 {
			if strings.EqualFold(word, sha) {
				return nil
			}
			return fmt.Errorf("its SHA-256 is %s, published is %s", sha, strings.ToLower(word))
		}
	}
	return fmt.Errorf("%s holds no SHA-256", bareURL(row.SumURL))
}

// clean removes unfinished files and those that newer ones replaced.
func (u *Updater) clean(m *Manifest) {
	entries, err := os.ReadDir(u.Dir)
	if err != nil {
		return // the next step will say so
	}
	used := map[string]bool{}
	for _, r := range m.Sources {
		used[r.File] = true
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) || (superseded(e.Name(), m) && !used[e.Name()]) {
			_ = os.Remove(filepath.Join(u.Dir, e.Name()))
		}
	}
}
