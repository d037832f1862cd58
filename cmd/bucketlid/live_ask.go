// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/remedy"
)

// pasted is a file's name as an argument of a command that is told: safe to paste.
func pasted(file string) string {
	if strings.HasPrefix(file, "-") {
		file = "./" + file
	}
	return remedy.Shell(file)
}

// question is what a command asks for before it changes something.
type question struct {
	what, name string   // such as "the bucket's name", and that name
	why        []string // none: nothing is asked
	holder     string   // the plan's file, which holds every reason
}

// maxWhys is how many reasons stand before a question: it must be seen with
// them.
const maxWhys = 20

func (q question) tell(notes io.Writer) {
	for _, line := range q.why[:min(len(q.why), maxWhys)] {
		fmt.Fprintln(notes, "  "+plain(line))
	}
	if more := len(q.why) - maxWhys; more > 0 {
		fmt.Fprintf(notes, "  and %d more, which %s holds\n", more, plain(q.holder))
	}
}

// asked tells the reasons and asks for the name on standard input.
func (q question) asked(cmd *cobra.Command, yes bool) error {
	notes := cmd.ErrOrStderr()
	q.tell(notes)
	if yes || len(q.why) == 0 {
		return nil
	}
	fmt.Fprintf(notes, "Type %s, %s, to go on: ", q.what, plain(q.name))
	var typed string
	if _, err := fmt.Fscanln(cmd.InOrStdin(), &typed); err != nil && typed == "" {
		fmt.Fprintln(notes)
		return usageError("type it, or give --yes in a script", "%s was not given: nothing was changed", q.what)
	}
	if typed != q.name {
		return usageError("type it, or give --yes in a script", "%q is not %s: nothing was changed", typed, q.what)
	}
	return nil
}
