// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/bucketlid/bucketlid/report"
)

// outputFlags say where results go and in which form.
type outputFlags struct {
	format  string
	file    string
	force   bool
	noColor bool
}

func (o *outputFlags) add(flags *pflag.FlagSet) {
	flags.StringVarP(&o.format, "output", "o", "", "output `format`: "+strings.Join(formatNames(), ", ")+" (default: table on a terminal, else jsonl)")
	flags.StringVar(&o.file, "out", "", "write the output to this `file` instead of standard output")
	flags.BoolVar(&o.force, "force", false, "let --out overwrite an existing file")
	flags.BoolVar(&o.noColor, "no-color", false, "no colours (also NO_COLOR)")
}

func formatNames() []string {
	var names []string
	for _, f := range report.Formats {
		names = append(names, f.ID)
	}
	return names
}

// output is an opened destination. Until commit nothing of a file is seen.
type output struct {
	handler report.Handler
	temp    *os.File
	target  string
}

// open opens the destination. A file is written beside its target and moved
// there at the end, so that an interrupted run leaves no half file.
func (o *outputFlags) open(cmd *cobra.Command) (*output, error) {
	out := &output{target: o.file}
	w := cmd.OutOrStdout()
	if o.file != "" {
		temp, err := o.create()
		if err != nil {
			return nil, err
		}
		out.temp, w = temp, temp
	}
	format := o.format
	if format == "" {
		format = "jsonl"
		if isTerminal(w) {
			format = "table"
		}
	}
	for _, f := range report.Formats {
		if f.ID == format {
			out.handler = f.New(w, report.Options{Color: o.file == "" && wantColor(w, o.noColor), Width: width(w)})
			return out, nil
		}
	}
	out.discard()
	return nil, usageError("formats: "+strings.Join(formatNames(), ", "), "-o: unknown format %q", format)
}

// create makes the file beside the target. Only a regular file is ever
// replaced, and only with --force.
func (o *outputFlags) create() (*os.File, error) {
	if info, err := os.Lstat(o.file); err == nil {
		switch {
		case !info.Mode().IsRegular():
			return nil, usageError("name a regular file, or redirect standard output", "--out: %s is not a regular file", o.file)
		case !o.force:
			return nil, usageError("give --force to overwrite it", "--out: %s exists", o.file)
		}
	}
	name := filepath.Join(filepath.Dir(o.file), fmt.Sprintf(".bucketlid-%d.tmp", os.Getpid()))
	temp, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) // less what the umask takes
	if err != nil {
		return nil, usageError("the folder must exist and be writable", "--out: %v", err)
	}
	halfWritten.Store(&name)
	return temp, nil
}

// halfWritten is the file to remove when the program is stopped.
var halfWritten atomic.Pointer[string]

// commit makes the file visible under its name.
func (out *output) commit() error {
	if out.temp == nil {
		return nil
	}
	err := out.temp.Close()
	if err == nil {
		err = os.Rename(out.temp.Name(), out.target)
	}
	if err != nil {
		return fmt.Errorf("--out %s: %w", out.target, err)
	}
	out.temp = nil
	halfWritten.Store(nil)
	return nil
}

// discard removes what was not committed.
func (out *output) discard() {
	if out.temp != nil {
		_ = out.temp.Close()
		_ = os.Remove(out.temp.Name())
		out.temp = nil
		halfWritten.Store(nil)
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// defaultWidth is the width of a table that goes to no terminal.
const defaultWidth = 160

func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return defaultWidth
}

func wantColor(w io.Writer, off bool) bool {
	f, ok := w.(*os.File)
	return !off && ok && report.WantColor(f, os.Getenv)
}

// plain makes text that may hold log content safe for a terminal.
func plain(s string) string { return report.Terminal(s) }
