package kernel

import (
	"errors"
	"maps"

	"pixfw/compiler/nft"
	"pixfw/runtime"
)

// SetClock replaces the clock of the translations.
func (e *Engine) SetClock(c runtime.Clock) {
	e.dyn.mu.Lock()
	defer e.dyn.mu.Unlock()
	e.dyn.clock = c
}

// Committed sets what is called between a commit and reading it back.
func (e *Engine) Committed(fn func()) { e.committed = fn }

// Tick does at once what is done each second.
func (e *Engine) Tick() error { return errors.Join(e.dyn.tick(), e.sweep()) }

// LoseEvents makes the engine believe that events were lost.
func (e *Engine) LoseEvents() {
	e.dyn.mu.Lock()
	defer e.dyn.mu.Unlock()
	e.dyn.resync = 2
}

// Deaf drops what the table of connections knows, as lost events would.
func (e *Engine) Deaf() {
	e.dyn.mu.Lock()
	defer e.dyn.mu.Unlock()
	e.dyn.conns = map[tuple]*conn{}
	e.dyn.ported, e.dyn.lively = 0, 0
	for _, x := range e.dyn.xlates.list {
		x.conns = 0
	}
}

// Kill ends the process's side of the engine, as a crash would: nobody listens, and everything in the kernel stays.
func (e *Engine) Kill() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	close(e.stop)
	err := errors.Join(e.die(), e.log.close(), e.event.close())
	for _, q := range e.queues() {
		err = errors.Join(err, q.close())
	}
	e.work.Wait()
	e.nl.Close()
	return errors.Join(err, e.dyn.close(), e.ways.close(), e.ns.close())
}

// Lack makes the engine believe that the kernel has some features no longer, from the next plan on.
func (e *Engine) Lack(list ...nft.Feature) {
	e.mu.Lock()
	defer e.mu.Unlock()
	lacks := maps.Clone(e.features.Lacks)
	for _, f := range list {
		lacks[f] = true
	}
	e.features = Features{Lacks: lacks}
	e.opt = e.features.Options()
}

// Bound gives the tables other limits, and says who is told of what does not fit.
func (e *Engine) Bound(l Limits, note func(string)) {
	e.dyn.mu.Lock()
	defer e.dyn.mu.Unlock()
	e.dyn.bounds.Limits, e.dyn.bounds.note = l.filled(), note
}

// HalfOpen is how many half-open connections the engine counts.
func (e *Engine) HalfOpen() (n int) {
	e.dyn.mu.Lock()
	defer e.dyn.mu.Unlock()
	for _, k := range e.dyn.live.half {
		n += k
	}
	return n
}

// HasQueue reports whether pools are exact.
func (e *Engine) HasQueue() bool { return e.queue != nil }
