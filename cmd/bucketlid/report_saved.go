// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/bucketlid/bucketlid/report"
)

// renderCoverage renders the saved stream of a coverage.
func renderCoverage(cmd *cobra.Command, o *outputFlags, stream io.Reader) error {
	f := &coverageFlags{hunt: huntFlags{output: *o}}
	if err := f.checkFormat(); err != nil {
		return err
	}
	sheet, err := report.ReadCoverage(stream)
	if err != nil {
		return err
	}
	out, w, err := f.hunt.output.plain(cmd)
	if err != nil {
		return err
	}
	defer out.discard()
	if err := f.write(w, sheet); err != nil {
		return err
	}
	return out.commit()
}

// renderInquest renders the saved stream of an investigation.
func renderInquest(cmd *cobra.Command, o *outputFlags, stream io.Reader) error {
	f := &investigateFlags{hunt: huntFlags{output: *o}}
	x, err := report.ReadInquest(stream)
	if err != nil {
		return err
	}
	out, format, err := f.open(cmd)
	if err != nil {
		return err
	}
	defer out.discard()
	if err := format.Write(out.w, x, out.options); err != nil {
		return err
	}
	return out.commit()
}
