// SPDX-License-Identifier: Apache-2.0

package replay

// Knows reports whether a call is one whose meaning for who gets in is known here:
// it changes or proves a setting, or asks for objects.
func Knows(source, name string) bool {
	return lookup([]byte(source), []byte(name)) != nil || source == "s3.amazonaws.com" && useClasses[name] != ""
}
