package emulator

import (
	"cmp"
	"errors"
	"slices"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

var (
	errShunTable = errors.New("unable to allocate resources")
	errNoShun    = errors.New("no such shun")
)

var _ runtime.Shunner = (*Engine)(nil)

// Shun drops every packet of a source from now on, wherever it arrives. A shun with a destination also cuts that connection.
func (e *Engine) Shun(s runtime.Shun) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire()
	if _, known := e.shuns[s.Src]; !known && len(e.shuns) >= e.limits.Shuns {
		e.emit(syslog.New(401005, s.Src, s.Dst, s.SrcPort, s.DstPort))
		return errShunTable
	}
	s.Dropped = 0
	e.shuns[s.Src] = &s
	e.emit(syslog.New(401002, s.Src, s.Dst, s.SrcPort, s.DstPort))
	if s.Dst == 0 || e.plan == nil {
		return nil
	}
	for i := range e.plan.Interfaces {
		for _, proto := range []uint8{ast.ProtoTCP, ast.ProtoUDP} {
			if s.Proto != 0 && s.Proto != proto {
				continue
			}
			k := flowAt(i, proto, s.Src, s.Dst, s.SrcPort, s.DstPort)
			if c, _ := e.conns.find(&k); c != nil {
				e.teardown(c, "Deny")
			}
		}
	}
	return nil
}

// NoShun lets a source in again.
func (e *Engine) NoShun(src ast.IP) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, known := e.shuns[src]; !known {
		return errNoShun
	}
	delete(e.shuns, src)
	e.emit(syslog.New(401003, src))
	return nil
}

// ClearShuns lets all in again.
func (e *Engine) ClearShuns() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.shuns)
	e.emit(syslog.New(401001))
	return nil
}

// Shuns lists what is shunned, by source.
func (e *Engine) Shuns() []runtime.Shun {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := make([]runtime.Shun, 0, len(e.shuns))
	for _, s := range e.shuns {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b runtime.Shun) int { return cmp.Compare(a.Src, b.Src) })
	return list
}

// shunned is step 3.
func (e *Engine) shunned(f *flight) bool {
	if len(e.shuns) == 0 {
		return false
	}
	s := e.shuns[f.pkt.Src]
	if s == nil {
		return false
	}
	s.Dropped++
	f.drop(e, "INPUT", whyShunned, logs(syslog.New(401004, f.pkt.Src, f.pkt.Dst, e.ifName(f.in.If))))
	return true
}
