// SPDX-License-Identifier: Apache-2.0

//go:build !cgo || !(((linux || darwin) && (amd64 || arm64)) || (windows && amd64))

package duckdb

import "github.com/bucketlid/bucketlid/archive"

// Built tells whether the program has DuckDB in it.
const Built = false

// Open returns ErrNone.
func Open(*archive.Archive, Options) (archive.Engine, error) { return nil, ErrNone }
