// SPDX-License-Identifier: Apache-2.0

package report

import (
	"os"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"github.com/bucketlid/bucketlid/exposure"
	"github.com/bucketlid/bucketlid/triage"
)

// WantColor decides whether output to f is coloured. env is os.Getenv. NO_COLOR
// (https://no-color.org) says no whatever else is set; then CLICOLOR_FORCE
// (https://bixense.com/clicolors) says yes even to a file; then TERM=dumb and
// CLICOLOR=0 say no; else a terminal says yes. f may be nil: no terminal.
func WantColor(f *os.File, env func(string) string) bool {
	force := env("CLICOLOR_FORCE")
	switch {
	case env("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	case env("TERM") == "dumb", env("CLICOLOR") == "0":
		return false
	}
	return f != nil && term.IsTerminal(int(f.Fd()))
}

// paint colours text; nil leaves it alone. Only the sixteen colours of the
// user's own theme are used, and colour never says what no word says.
type paint func(string) string

func painter(s ansi.Style) paint { return s.Styled }

var (
	paintHead  = painter(ansi.Style{}.Bold())
	paintFaint = painter(ansi.Style{}.Faint())

	paintSeverity = map[triage.Severity]paint{
		triage.Critical: painter(ansi.Style{}.Bold().ForegroundColor(ansi.BrightRed)),
		triage.High:     painter(ansi.Style{}.ForegroundColor(ansi.Red)),
		triage.Medium:   painter(ansi.Style{}.ForegroundColor(ansi.Yellow)),
		triage.Low:      painter(ansi.Style{}.ForegroundColor(ansi.Cyan)),
		triage.Info:     paintFaint,
	}
	paintState = map[exposure.State]paint{
		exposure.Open:    painter(ansi.Style{}.Bold().ForegroundColor(ansi.Red)),
		exposure.Unknown: painter(ansi.Style{}.ForegroundColor(ansi.Magenta)),
		exposure.Blocked: painter(ansi.Style{}.ForegroundColor(ansi.Yellow)),
	}
)

// apply paints text if colour is wanted and the paint is one.
func (o Options) apply(p paint, text string) string {
	if !o.Color || p == nil {
		return text
	}
	return p(text)
}
