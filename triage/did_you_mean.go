// SPDX-License-Identifier: Apache-2.0

package triage

// DidYouMean is the next step after a word that is none of those known.
func DidYouMean(word string, words []string) string { return didYouMean(word, words) }
