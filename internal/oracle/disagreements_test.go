// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

// disagreements is every known difference. A new one fails the test, and so
// does one that no longer shows.
var disagreements = []disagreement{}
