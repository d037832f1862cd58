// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"io"

	"github.com/bucketlid/bucketlid/trail"
)

// scanRows reads the records of rows as those of a log file. Where they do not
// tell who received them, account did.
func scanRows(rows []Row, account []byte, visit func(i int, h *trail.Header, raw []byte)) error {
	if len(rows) == 0 {
		return nil
	}
	text := &rowsReader{rows: rows, next: []byte(`{"Records":[`)}
	seen := 0
	_, err := trail.Scan(text, trail.Options{}, func(h *trail.Header, raw []byte) error {
		if seen == len(rows) || len(text.at) == 0 || h.Offset != text.at[0] {
			return errRecord
		}
		text.at = text.at[1:]
		h.Offset = rows[seen].SourceOffset
		if len(h.RecipientAccountID) == 0 {
			h.RecipientAccountID = account
		}
		visit(seen, h, raw)
		seen++
		return nil
	}, nil)
	if err == nil && seen != len(rows) {
		err = errRecord
	}
	return err
}

var errRecord = errors.New("a record of it cannot be read")

// rowsReader writes the records of rows as a CloudTrail log file.
type rowsReader struct {
	rows   []Row
	begun  int
	next   []byte
	offset int64
	at     []int64 // where records begin that were not visited yet
}

// Read implements io.Reader.
func (r *rowsReader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(r.next) == 0 && !r.advance() {
			return n, io.EOF
		}
		c := copy(p[n:], r.next)
		n, r.next = n+c, r.next[c:]
		r.offset += int64(c)
	}
	return n, nil
}

func (r *rowsReader) advance() bool {
	switch i := r.begun / 2; {
	case r.begun == 2*len(r.rows):
		return false
	case r.begun%2 == 0:
		r.next = r.rows[i].original()
		r.at = append(r.at, r.offset)
	case i == len(r.rows)-1:
		r.next = []byte("]}")
	default:
		r.next = []byte(",")
	}
	r.begun++
	return true
}
