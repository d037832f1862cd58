// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package ingest

// openNonblock has no meaning where FIFOs are not files.
const openNonblock = 0
