package kernel

import (
	"maps"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

// Conns reads the connections from the kernel. Users are not known.
func (e *Engine) Conns() runtime.ConnTable {
	plan := e.Plan()
	var t runtime.ConnTable
	if plan == nil {
		return t
	}
	e.dyn.mu.Lock()
	clients, rules := maps.Clone(e.dyn.live.clients), e.dyn.rules
	e.dyn.mu.Unlock()
	// A table that cannot be read is shown as far as it was.
	_ = e.ns.flows(func(f *flow) {
		if c, ok := showConn(plan, rules, clients, f); ok {
			t.Conns = append(t.Conns, c)
		}
	})
	e.dyn.mu.Lock()
	defer e.dyn.mu.Unlock()
	e.dyn.most = max(e.dyn.most, len(t.Conns))
	t.MostUsed = e.dyn.most
	return t
}

// idleTime is how long a TCP connection may be idle in a state; 0: for ever, or it is over.
func idleTime(plan *compiler.Plan, state uint8) time.Duration {
	t := &plan.Timeouts
	switch state {
	case tcpEstablished:
		return t.Conn
	case tcpSynSent, tcpSynRecv, tcpSynSent2:
		return t.Embryonic
	case tcpFinWait, tcpCloseWait, tcpLastAck:
		return t.HalfClosed
	}
	return 0
}

func showConn(plan *compiler.Plan, rules *nft.Ruleset, clients map[ast.IP]string, f *flow) (runtime.Conn, bool) {
	a, b := between(plan, rules, clients, f)
	about, ok := describe(plan, a, b, f)
	if !ok || !ported(f.orig.proto) {
		return runtime.Conn{}, false
	}
	c := runtime.Conn{Proto: about.Proto, Inbound: about.Inbound, Bytes: f.payload(),
		OutIf: plan.IfByName(about.Foreign.If), InIf: plan.IfByName(about.Local.If),
		Foreign: about.Foreign.IP, ForeignPort: about.Foreign.Port, ForeignMapped: about.ForeignMapped.IP, ForeignMappedPort: about.ForeignMapped.Port,
		Local: about.Local.IP, LocalPort: about.Local.Port, Global: about.Global.IP, GlobalPort: about.Global.Port}
	idle := plan.Timeouts.UDP
	if c.Proto == ast.ProtoTCP {
		idle = idleTime(plan, f.state)
		if isOver(plan, f) {
			return c, false
		}
	}
	c.Flags = connFlags(f, c.Inbound)
	if idle > f.timeout {
		c.Idle = idle - f.timeout
	}
	return c, true
}

// isOver reports whether a connection that the kernel still has is gone on a PIX: both have closed it, which sysopt connection timewait lets
// it outlive, or one has reset it (semantics.md 1.2).
func isOver(plan *compiler.Plan, f *flow) bool {
	return f.hasState && (f.state == tcpTimeWait && !plan.Sysopt.Timewait || f.state == tcpClose)
}

// Xlates are the statics, and the dynamic translations, the oldest of them first as far as none ended.
func (e *Engine) Xlates() runtime.XlateTable {
	d := e.dyn
	d.mu.Lock()
	defer d.mu.Unlock()
	var t runtime.XlateTable
	if d.plan == nil {
		return t
	}
	for i := range d.plan.NAT.Statics {
		s := &d.plan.NAT.Statics[i]
		t.Xlates = append(t.Xlates, runtime.Xlate{RealIf: s.RealIf, MappedIf: s.MappedIf, Real: s.Real, Mapped: s.Mapped, Proto: s.Proto,
			RealPort: s.RealPt, MappedPort: s.MappedPort, Static: true, Identity: s.Real == s.Mapped && s.Proto == 0})
	}
	d.countStatics(t.Xlates)
	statics, now := len(t.Xlates), d.clock.Now()
	for _, x := range d.xlates.list {
		if x.closing {
			continue
		}
		t.Xlates = append(t.Xlates, runtime.Xlate{RealIf: x.key.realIf, MappedIf: x.key.mappedIf, Real: x.key.real, Mapped: x.mapped, Proto: x.key.proto,
			RealPort: x.key.port, MappedPort: x.pat, Identity: x.identity, Conns: x.conns, Idle: d.idleFor(x, now), Timeout: x.timeout(d.plan)})
	}
	t.MostUsed = max(statics+d.xlates.most, len(t.Xlates))
	return t
}

// countStatics counts the connections of statics, which are in the order of the plan: those between its interfaces that no other
// translation carries, with the addresses and ports of its two sides. The lock is held.
func (d *dynamic) countStatics(list []runtime.Xlate) {
	of := map[ast.IP][]int{} // of single hosts
	var nets []int
	for i := range list {
		if s := &d.plan.NAT.Statics[i]; s.Mask == ast.AllOnes {
			of[s.Real] = append(of[s.Real], i)
		} else {
			nets = append(nets, i)
		}
	}
	for _, c := range d.conns {
		a := &c.about
		if !ported(a.Proto) || c.xlates != [2]*xlate{} {
			continue
		}
		for _, some := range [2][]int{of[a.Local.IP], nets} {
			for _, i := range some {
				if s := &d.plan.NAT.Statics[i]; d.plan.Interfaces[s.RealIf].Name == a.Local.If && d.plan.Interfaces[s.MappedIf].Name == a.Foreign.If &&
					s.RealNet().Contains(a.Local.IP) && a.Global.IP == s.ToMapped(a.Local.IP) &&
					(s.Proto == 0 || s.Proto == a.Proto && s.RealPt == a.Local.Port && s.MappedPort == a.Global.Port) {
					list[i].Conns++
				}
			}
		}
	}
}

// InterfaceCounters are the kernel's counters of the device.
func (e *Engine) InterfaceCounters(i int) runtime.Counters {
	e.mu.Lock()
	defer e.mu.Unlock()
	link := e.links[i]
	if link == nil {
		return runtime.Counters{}
	}
	now, err := e.nl.LinkByIndex(link.Attrs().Index)
	if err != nil || now.Attrs().Statistics == nil {
		return runtime.Counters{}
	}
	s := now.Attrs().Statistics
	return runtime.Counters{InPackets: s.RxPackets, InBytes: s.RxBytes, OutPackets: s.TxPackets, OutBytes: s.TxBytes}
}

// ClearConns ends every connection through the firewall.
func (e *Engine) ClearConns() error {
	return e.dyn.clear("Xlate Clear", func(*xlate) bool { return false }, func(*flow) bool { return true })
}

// ClearXlates deletes dynamic translations with their connections.
func (e *Engine) ClearXlates(filter runtime.XlateFilter) error {
	plan := e.Plan()
	if plan == nil {
		return nil
	}
	name := func(i int) string { return plan.Interfaces[i].Name }
	return e.dyn.clear("Xlate Clear", func(x *xlate) bool {
		return (filter.Real == 0 || filter.Real == x.key.real) && (filter.Mapped == 0 || filter.Mapped == x.mapped) &&
			(filter.If == "" || filter.If == name(x.key.realIf) || filter.If == name(x.key.mappedIf))
	}, func(*flow) bool { return false })
}

// clear ends the translations that fit, with their connections, and the connections that fit by their first packet.
func (d *dynamic) clear(reason string, fits func(*xlate) bool, over func(*flow) bool) error {
	d.mu.Lock()
	if d.plan == nil {
		d.mu.Unlock()
		return nil
	}
	closing, err := d.expire(fits)
	d.mu.Unlock()
	if err != nil {
		return err
	}
	hit := map[*xlate]bool{}
	for _, x := range closing {
		hit[x] = true
	}
	var list, ended []flow
	if err := d.ns.flows(func(f *flow) { list = append(list, *f) }); err != nil {
		return err
	}
	var log []runtime.Message
	d.mu.Lock()
	for i := range list {
		f := &list[i]
		log = append(log, d.newConn(f)...) // its event may still be on the way
		c := d.conns[f.orig]
		if c == nil || !over(f) && !hit[c.xlates[0]] && !hit[c.xlates[1]] {
			continue
		}
		c.reason = reason
		if f.stop == 0 {
			f.stop = uint64(time.Now().UnixNano())
		}
		log = append(log, d.drop(f.orig, c, f)...)
		d.gone[f.orig] = f.id
		ended = append(ended, *f)
	}
	d.mu.Unlock()
	err = d.ns.remove(ended)
	d.mu.Lock()
	log = append(log, d.settle(closing, func(*xlate) bool { return false })...)
	d.mu.Unlock()
	d.emit(log)
	return err
}
