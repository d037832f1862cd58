// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"errors"
	"fmt"

	"github.com/bucketlid/bucketlid/ingest/awslog"
)

// UsageError says that a SOURCE argument names nothing that can be read.
type UsageError struct {
	Spec   string // the argument as given
	Reason string // what is wrong with it
	Hint   string // what to do next
}

// Error gives the argument, the reason and the hint in one line.
func (e *UsageError) Error() string {
	msg := fmt.Sprintf("source %q: %s", e.Spec, e.Reason)
	if e.Hint != "" {
		msg += "; " + e.Hint
	}
	return msg
}

// PermissionError says that AWS refused a call: no credentials, expired ones,
// or a permission that the caller lacks. Its Permission field names it.
type PermissionError = awslog.PermissionError

// ObjectError is a failure to open or read one object. Each turns it into a
// Problem and goes on with the next object.
type ObjectError struct {
	Object string // the object's Name
	Err    error
}

// Error names the object and the cause.
func (e *ObjectError) Error() string { return e.Object + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ObjectError) Unwrap() error { return e.Err }

// problemOf turns an error that concerns one object only into a Problem.
// ok is false for every other error: those end the run.
func problemOf(object string, err error) (p Problem, ok bool) {
	reason := ""
	var oe *ObjectError
	var ce *CorruptError
	var be *BombError
	switch {
	case errors.As(err, &ce):
		reason = ce.Error()
	case errors.As(err, &be):
		reason = be.Error()
	case errors.As(err, &oe):
		reason = oe.Err.Error()
	default:
		return Problem{}, false
	}
	p = Problem{Object: object, Reason: reason}
	var pe *PermissionError
	if errors.As(err, &pe) {
		p.Permission = pe.Permission
	}
	return p, true
}
