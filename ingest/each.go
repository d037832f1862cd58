// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"hash/maphash"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Each lists the sources one after the other and calls handle for their objects
// from workers goroutines at once (as many as there are CPUs when workers is 0
// or less). worker counts from 0, and one worker handles one object at a time,
// so state may be kept for each worker without a lock. Small objects from S3
// are downloaded ahead, opts.Concurrency at once.
//
// When handle returns an error that concerns its object only (an *ObjectError,
// which a failing Object.Open or read gives, a *CorruptError or a *BombError),
// Each tells it to opts.Problem and goes on. Every other error, a failing
// listing and the end of ctx stop all and are returned. An object that several
// sources name is handled once. The order of objects is not fixed.
func Each(ctx context.Context, src []Source, workers int, opts Options, handle func(worker int, obj Object) error) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	group, gctx := errgroup.WithContext(ctx)
	p := &pool{opts: opts, ready: make(chan *task, ahead(src, workers))}
	group.Go(func() error {
		defer close(p.ready)
		return p.list(gctx, src)
	})
	for i := range workers {
		group.Go(func() error { return p.work(gctx, i, handle) })
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// pool is one run of Each.
type pool struct {
	opts  Options
	ready chan *task
	mu    sync.Mutex // keeps calls of opts.Problem apart
}

func (p *pool) problem(pr Problem) {
	if p.opts.Problem == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opts.Problem(pr)
}

// remote is a source whose objects are worth fetching ahead.
type remote interface{ downloads() int }

// listAhead is how many local objects are listed before they are read, so that
// a progress bar soon knows how much there is.
const listAhead = 1 << 15

// ahead is how many listed objects may wait. Those of a remote source are
// fetched while they wait, so they must stay few.
func ahead(src []Source, workers int) int {
	for _, s := range src {
		if _, ok := s.(remote); ok {
			return workers
		}
	}
	return listAhead
}

func (p *pool) list(ctx context.Context, src []Source) error {
	var seen *nameSet
	if len(src) > 1 {
		seen = newNameSet()
	}
	var fetches sync.WaitGroup
	// The channel is closed when list returns, so every fetch must have ended.
	defer fetches.Wait()
	for _, s := range src {
		var slots chan struct{}
		if r, ok := s.(remote); ok {
			slots = make(chan struct{}, max(1, r.downloads()))
		}
		err := s.Objects(ctx, func(o Object) error {
			if seen != nil && !seen.add(o) {
				p.opts.Progress.addRepeated()
				return nil
			}
			p.opts.Progress.addListed(o.Size)
			t := newTask(ctx, o, p.opts.Progress)
			if slots == nil || !t.small() {
				return p.send(ctx, t)
			}
			return p.fetch(ctx, t, slots, &fetches)
		}, p.problem)
		if err != nil {
			return err
		}
	}
	p.opts.Progress.setListed()
	return nil
}

// fetch downloads ahead, as many objects at once as there are slots.
func (p *pool) fetch(ctx context.Context, t *task, slots chan struct{}, fetches *sync.WaitGroup) error {
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	fetches.Go(func() {
		defer func() { <-slots }()
		t.fetch(ctx)
		_ = p.send(ctx, t)
	})
	return nil
}

func (p *pool) send(ctx context.Context, t *task) error {
	select {
	case p.ready <- t:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pool) work(ctx context.Context, worker int, handle func(int, Object) error) error {
	for {
		var t *task
		select {
		case t = <-p.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		if t == nil {
			return nil
		}
		err := handle(worker, t.object())
		t.finish()
		if err == nil {
			continue
		}
		// A failure because all is being stopped is not the object's.
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pr, ok := problemOf(t.obj.Name, err)
		if !ok {
			return err
		}
		p.problem(pr)
	}
}

// nameSet remembers objects by 128 bits of hash: for millions of objects their
// names would be most of the memory of a run.
type nameSet struct {
	seeds [2]maphash.Seed
	seen  map[[2]uint64]struct{}
}

func newNameSet() *nameSet {
	return &nameSet{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, seen: map[[2]uint64]struct{}{}}
}

// add reports whether o is new.
func (s *nameSet) add(o Object) bool {
	id := o.ID
	if id == "" {
		id = o.Name
	}
	key := [2]uint64{maphash.String(s.seeds[0], id), maphash.String(s.seeds[1], id)}
	if _, ok := s.seen[key]; ok {
		return false
	}
	s.seen[key] = struct{}{}
	return true
}
