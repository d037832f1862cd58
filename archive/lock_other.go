// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package archive

import (
	"errors"
	"os"
)

// lock takes the one exclusive lock by making a file that is not there. After a
// kill the file stays and has to be removed by hand. Shared locks always
// succeed: these systems refuse to delete an open file by themselves.
func lock(path string, exclusive bool) (release func(), ok bool, err error) {
	if !exclusive {
		return func() {}, true, nil
	}
	file, err := os.OpenFile(path+".held", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return func() { _ = file.Close(); _ = os.Remove(path + ".held") }, true, nil
}
