// SPDX-License-Identifier: Apache-2.0

package triage

import "fmt"

// NameTells lists what the words of a bucket's name tell of, by the built-in
// lists: content that is not for the public, and content that is.
func NameTells(name string) (sensitive, harmless []string) {
	var nobody *Context
	for _, w := range nobody.words(name) {
		text := fmt.Sprintf("%q tells of %s", w.text, w.means)
		switch {
		case w.sensitive:
			sensitive = append(sensitive, text)
		case !w.neither():
			harmless = append(harmless, text)
		}
	}
	return sensitive, harmless
}
