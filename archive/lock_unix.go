// SPDX-License-Identifier: Apache-2.0

//go:build unix

package archive

import (
	"errors"
	"os"
	"syscall"
)

// lock takes a lock on a file, which ends with the process at the latest. ok is
// false when another has it; a shared one is waited for, since the exclusive
// holder of a lock that is shared only deletes files under it.
func lock(path string, exclusive bool) (release func(), ok bool, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if errors.Is(err, os.ErrPermission) && !exclusive {
		file, err = os.Open(path)
	}
	if err != nil {
		return nil, false, err
	}
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX | syscall.LOCK_NB
	}
	err = syscall.Flock(int(file.Fd()), how)
	if err == nil {
		return func() { _ = file.Close() }, true, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, false, nil
	}
	return nil, false, &os.PathError{Op: "lock", Path: path, Err: err}
}
