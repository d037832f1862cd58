// SPDX-License-Identifier: Apache-2.0

package triage

import "embed"

//go:embed pages/*.md
var pages embed.FS

// Page is the documentation of a red flag, as Markdown.
func (f FlagRow) Page() (string, error) { return page("flag-" + f.ID) }

// KindRow is one row of the table of alert kinds.
type KindRow struct {
	ID    Kind
	Title string
}

// KindTable lists the five kinds of alert.
var KindTable = []KindRow{
	{KindPublic, "it is or was open to strangers"},
	{KindLatent, "granted to strangers, but a guard has held it shut so far"},
	{KindAttempt, "a refused call that would have opened it"},
	{KindGuardRemoved, "nothing is known to be open, but a guard came off"},
	{KindShared, "a named foreign account got access"},
}

// Page is the documentation of a kind of alert, as Markdown.
func (k KindRow) Page() (string, error) { return page("kind-" + string(k.ID)) }

func page(name string) (string, error) {
	text, err := pages.ReadFile("pages/" + name + ".md")
	return string(text), err
}
