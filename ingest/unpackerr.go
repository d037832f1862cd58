// SPDX-License-Identifier: Apache-2.0

package ingest

import "fmt"

// CorruptError says that packed content cannot be unpacked, or not any
// further. All bytes before the damage were delivered.
type CorruptError struct {
	Offset int64  // unpacked bytes delivered before the damage
	Reason string // what is wrong, in words
	Err    error  // the decoder's own error, or nil
}

// Error gives the reason and the offset.
func (e *CorruptError) Error() string {
	if e.Offset == 0 {
		return e.Reason
	}
	return fmt.Sprintf("%s after %d unpacked bytes", e.Reason, e.Offset)
}

// Unwrap returns the decoder's own error.
func (e *CorruptError) Unwrap() error { return e.Err }

// BombError says that an object unpacks to more than a cap allows. All bytes
// up to the cap were delivered.
type BombError struct {
	Packed   int64 // stored bytes read so far
	Unpacked int64 // bytes unpacked so far
	Limit    int64 // the cap on unpacked bytes, or 0 when the cap on the ratio stopped it
}

// Error names the cap that stopped the reading.
func (e *BombError) Error() string {
	if e.Limit > 0 {
		return fmt.Sprintf("unpacks to more than the cap of %d bytes for one object; the rest was not read", e.Limit)
	}
	return fmt.Sprintf("unpacks to more than %d times its size (%d bytes from %d), the cap for one object; the rest was not read",
		maxRatio, e.Unpacked, e.Packed)
}
