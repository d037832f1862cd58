// SPDX-License-Identifier: Apache-2.0

// Package duckdb runs SQL over an archive with the DuckDB library, embedded. It
// needs cgo; a build without it has the same functions, which say so.
package duckdb

import "errors"

// ErrNone says that the program was built without DuckDB.
var ErrNone = errors.New("this build has no DuckDB; build with CGO_ENABLED=1 on Linux, macOS or Windows, " +
	"or ask the files themselves: bucketlid archive ddl")

// Options bound what a query may take. The zero value means the defaults.
type Options struct {
	Memory  int64 // bytes; 0 means 512 MiB
	Threads int   // 0 means as many as there are CPUs
}

func (o Options) withDefaults(cpus int) Options {
	if o.Memory <= 0 {
		o.Memory = 512 << 20
	}
	if o.Threads <= 0 {
		o.Threads = cpus
	}
	return o
}
