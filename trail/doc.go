// SPDX-License-Identifier: Apache-2.0

// Package trail turns bytes into CloudTrail records.
//
// Scan finds the records of a stream in one pass and fills, for each, a Header
// with the few fields by which it is weighed; Decode decodes the few that matter
// whole. Nothing in a stream makes either fail: what is no record is named with
// its place and reason, and the rest is read. Table lists the encodings.
package trail
