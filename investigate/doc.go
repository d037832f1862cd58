// SPDX-License-Identifier: Apache-2.0

// Package investigate answers the questions that follow an alert: what one
// principal, address or bucket did, in order, and what was around it.
//
// Collectors take records one by one, from wherever they come. What they keep is
// bounded and a function of the set of records: order, repeats and split among
// workers do not matter.
package investigate
