// SPDX-License-Identifier: Apache-2.0

// Package sieve has a query engine choose the records of CloudTrail that matter,
// and add up all others: a hunt where the records lie. Few rows come back, and
// what a ledger and a baseline take in of them is the same as of the records.
//
// Sums are asked of even records only. A record of which some sum would not be
// exact is odd (a text longer than AWS writes, no time, no eventID) and comes
// back whole.
package sieve
