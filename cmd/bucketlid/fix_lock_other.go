// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package main

import (
	"errors"
	"os"
)

// lockFile makes a file that must not be there. After a kill it stays, and has
// to be removed by hand.
func lockFile(name string) (release func(), ok bool, err error) {
	file, err := os.OpenFile(name+".held", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return func() { _ = file.Close(); _ = os.Remove(name + ".held") }, true, nil
}
