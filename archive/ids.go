// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
)

// identity is what makes a record the same as another of its partition: the 16
// bytes of its eventID, or a hash of an eventID that is no UUID, or of the
// record's bytes if it has none that tells it from others.
type identity [16]byte

// minIDLength is the length below which an eventID was made up or redacted by a
// tool, and may stand on many records.
const minIDLength = 16

func (r *Row) identity() identity { return identityOf(r.EventID, r.original) }

func identityOf(eventID []byte, original func() []byte) identity {
	if id, ok := parseUUID(eventID); ok {
		return id
	}
	text := append([]byte("id "), eventID...)
	if len(eventID) < minIDLength {
		text = append([]byte("record "), original()...)
	}
	sum := sha256.Sum256(text)
	return identity(sum[:16])
}

// parseUUID reads the one form that CloudTrail writes; another spelling is
// another id.
func parseUUID(s []byte) (id identity, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, false
	}
	var digits [32]byte
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '-':
			if i != 8 && i != 13 && i != 18 && i != 23 {
				return id, false
			}
			continue
		case c >= 'A' && c <= 'F':
			return id, false
		default:
			digits[n] = c
			n++
		}
	}
	_, err := hex.Decode(id[:], digits[:])
	return id, err == nil
}

// idSet is the identities of one partition.
type idSet struct {
	ids  map[identity]struct{} // whoever writes the partition has it alone
	size int                   // of ids after the last write; under the loader's lock, as used is
	used int64                 // when, to find the one that was not used for longest
}

// maxIDs is how many identities a load keeps in memory, about 150 MB; what was
// dropped is read again from the files.
const maxIDs = 4 << 20

// idRow is what tells a row's identity where every row has a good eventID.
type idRow struct {
	EventID []byte `parquet:"event_id,optional,string"`
}

type idRawRow struct {
	EventID  []byte `parquet:"event_id,optional,string"`
	Raw      []byte `parquet:"raw,string"`
	RawBytes []byte `parquet:"raw_bytes,optional"`
}

// readIDs adds the identities of a file's rows to ids.
func readIDs(path string, withoutID int64, ids map[identity]struct{}) error {
	if withoutID == 0 {
		return readRows(path, func(r *idRow) { ids[identityOf(r.EventID, nil)] = struct{}{} })
	}
	return readRows(path, func(r *idRawRow) {
		row := Row{EventID: r.EventID, Raw: r.Raw, RawBytes: r.RawBytes}
		ids[row.identity()] = struct{}{}
	})
}

const readBatch = 256

// readRows calls f for each row of a file, of which T names the columns.
func readRows[T any](path string, f func(*T)) (err error) {
	defer recovered(path, &err)
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	reader := parquet.NewGenericReader[T](file)
	defer reader.Close()
	rows := make([]T, readBatch)
	for {
		n, err := reader.Read(rows)
		for i := range rows[:n] {
			f(&rows[i])
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return damaged(path, err)
		}
	}
}

// DamagedError says that a file of the archive cannot be read.
type DamagedError struct {
	Path string
	Err  error
}

// Error names the file, the cause and the next step.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged: %v; run: bucketlid archive verify", e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *DamagedError) Unwrap() error { return e.Err }

func damaged(path string, err error) error { return &DamagedError{path, err} }

// recovered turns a panic into an error: the Parquet reader panics at some
// damage.
func recovered(path string, err *error) {
	if p := recover(); p != nil {
		*err = damaged(path, fmt.Errorf("not readable as Parquet: %v", p))
	}
}
