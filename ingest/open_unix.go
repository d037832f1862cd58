// SPDX-License-Identifier: Apache-2.0

//go:build unix

package ingest

import "syscall"

// openNonblock keeps the opening of a FIFO without a writer from hanging. It
// does nothing to regular files.
const openNonblock = syscall.O_NONBLOCK
