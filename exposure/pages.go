// SPDX-License-Identifier: Apache-2.0

package exposure

import "embed"

//go:embed pages/*.md
var pages embed.FS

// Page is the documentation of a route, as Markdown.
func (r Route) Page() (string, error) {
	text, err := pages.ReadFile("pages/" + string(r.ID) + ".md")
	return string(text), err
}
