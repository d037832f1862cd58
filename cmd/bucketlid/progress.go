// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/bucketlid/bucketlid/ingest"
)

// progress is the bar on standard error: bytes, objects, rate and elapsed time,
// then the phase after reading. It shows on a terminal only.
type progress struct {
	container *mpb.Progress
	bar       *mpb.Bar
	name      chan string
	done      chan struct{}
	finished  chan struct{}
}

func startProgress(w io.Writer, p *ingest.Progress, wanted bool) *progress {
	if !wanted || !isTerminal(w) {
		return &progress{}
	}
	bar := &progress{container: mpb.New(mpb.WithOutput(w), mpb.WithWidth(40)), name: make(chan string, 1),
		done: make(chan struct{}), finished: make(chan struct{})}
	label := "reading"
	bar.bar = bar.container.AddBar(0,
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			select {
			case label = <-bar.name:
			default:
			}
			return label
		})),
		mpb.AppendDecorators(
			decor.CountersKibiByte("% .1f / % .1f"),
			decor.Any(func(decor.Statistics) string {
				s := p.Snapshot()
				return fmt.Sprintf("  %d/%d objects  ", s.ObjectsDone, s.ObjectsListed)
			}),
			decor.AverageSpeed(decor.SizeB1024(0), "% .1f"),
			decor.Elapsed(decor.ET_STYLE_GO, decor.WC{W: 8}),
		))
	go bar.follow(p)
	return bar
}

func (b *progress) follow(p *ingest.Progress) {
	defer close(b.finished)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-b.done:
			return
		case <-tick.C:
			s := p.Snapshot()
			b.bar.SetTotal(max(s.BytesListed, s.BytesDone+1), false)
			b.bar.SetCurrent(s.BytesDone)
		}
	}
}

// phase names what goes on after all bytes are read.
func (b *progress) phase(name string) {
	if b.bar != nil {
		b.name <- name
	}
}

func (b *progress) stop() {
	if b.bar == nil {
		return
	}
	close(b.done)
	<-b.finished
	b.bar.Abort(true)
	b.container.Wait()
}
