// SPDX-License-Identifier: Apache-2.0

// Package gentrail writes synthetic CloudTrail logs. The same configuration
// gives the same bytes on every machine, and the incidents planted among the
// ordinary traffic are returned as ground truth.
//
// All names are invented. Addresses come from the ranges that RFC 5737 and
// RFC 3849 reserve for documentation, or from private ranges; access keys carry
// the word EXAMPLE, so that secret scanners stay quiet.
package gentrail
