// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/bucketlid/bucketlid/account"
)

// startScanProgress is the bar of a scan: buckets read of those listed so far.
func startScanProgress(w io.Writer, p *account.Progress, wanted bool) *progress {
	if !wanted || !isTerminal(w) {
		return &progress{}
	}
	bar := &progress{container: mpb.New(mpb.WithOutput(w), mpb.WithWidth(40)), name: make(chan string, 1),
		done: make(chan struct{}), finished: make(chan struct{})}
	bar.bar = bar.container.AddBar(0, mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name("reading buckets")),
		mpb.AppendDecorators(decor.CountersNoUnit("%d / %d"), decor.Elapsed(decor.ET_STYLE_GO, decor.WC{W: 8})))
	go func() {
		defer close(bar.finished)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-bar.done:
				return
			case <-tick.C:
				listed, done := p.Listed.Load(), p.Done.Load()
				bar.bar.SetTotal(max(listed, done+1), false)
				bar.bar.SetCurrent(done)
			}
		}
	}()
	return bar
}
