package emulator

import (
	"fmt"
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// sanity is step 1: what no rule can permit.
func (e *Engine) sanity(f *flight) bool {
	p := &f.pkt
	in := e.ifName(f.in.If)
	if p.Option != runtime.NoOption && !e.membership(f) {
		f.drop(e, "INPUT", whyOptions, logs(syslog.New(106012, p.Src, p.Dst, syslog.OptionName(p.Option))))
		return true
	}
	if p.Src == p.Dst && (!p.HasPorts() || p.SrcPort == p.DstPort) {
		f.drop(e, "INPUT", whyLand, logs(syslog.New(106017, p.Src, p.Dst)))
		return true
	}
	if e.plan.InvalidSource(p.Src) && !e.asksAddress(f) {
		f.drop(e, "INPUT", whySpoof, logs(syslog.New(106016, p.Src, p.Dst, in)))
		return true
	}
	if p.HasPorts() && (p.SrcPort == 0 || p.DstPort == 0) && (!p.Fragment || p.FragOffset == 0) {
		src, dst := syslog.End{IP: p.Src, Port: p.SrcPort}, syslog.End{IP: p.Dst, Port: p.DstPort}
		f.drop(e, "INPUT", whyHeader, logs(syslog.New(500004, p.Proto, src, dst)))
		return true
	}
	return false
}

// membership reports whether a packet is IGMP that the firewall listens for: version 2 and 3 have the router alert option (RFC 2236 2).
func (e *Engine) membership(f *flight) bool {
	f.at = f.in.If
	return f.pkt.Proto == ast.ProtoIGMP && f.pkt.Option == runtime.RouterAlert && e.listens(f) != nil
}

// asksAddress reports whether a packet is of a host that has no address yet, to the DHCP server or relay of the firewall (semantics.md
// 1.9; RFC 2131 4.1).
func (e *Engine) asksAddress(f *flight) bool {
	p := &f.pkt
	f.at = f.in.If
	return p.Src == 0 && p.Dst == ast.AllOnes && p.Proto == ast.ProtoUDP && p.SrcPort == 68 && p.DstPort == 67 && e.listens(f) != nil
}

// reversePath is step 4: only where `ip verify reverse-path` is on, for new flows and everything without connections. A host that asks
// the firewall itself for an address is let in, as it is at the check of sources.
func (e *Engine) reversePath(f *flight) bool {
	x := &e.plan.Interfaces[f.in.If]
	if !x.RPF || e.asksAddress(f) { // who has no address has no route
		return false
	}
	p := &f.pkt
	k := keyOf(f)
	for i := range e.plan.Interfaces {
		k.in = uint16(i)
		if c, _ := e.conns.find(&k); i != f.in.If && p.HasPorts() && c != nil {
			m := syslog.New(106022, syslog.ProtoName(p.Proto), p.Src, p.Dst, x.Name)
			f.drop(e, "ROUTE-LOOKUP", whyRPF, logs(m), x.RPFLine)
			return true
		}
	}
	if r := e.route(p.Src); r.out == f.in.If {
		f.pass("ROUTE-LOOKUP", "reverse path is on "+x.Name, x.RPFLine)
		return false
	}
	f.drop(e, "ROUTE-LOOKUP", whyRPF, logs(syslog.Deny106021(e.wire(f))), x.RPFLine)
	return true
}

// The fragments of one datagram. Scenario files know no IP identification: there equal protocol and addresses make a datagram.
type fragKey struct {
	in       int
	proto    uint8
	id       uint16
	src, dst ast.IP
}

type fragSet struct {
	key   fragKey
	parts []runtime.Packet
	since time.Duration
	alarm alarm
}

func (s *fragSet) deadline(e *Engine) time.Duration { return s.since + e.fragment(s.key.in).Timeout }
func (s *fragSet) end(e *Engine)                    { e.dropFragments(s) }

func (e *Engine) dropFragments(s *fragSet) {
	e.disarm(&s.alarm)
	delete(e.frags, s.key)
	e.waiting[s.key.in] -= len(s.parts)
}

// fragment is the limits of an interface.
func (e *Engine) fragment(in int) compiler.Fragment {
	l := compiler.Fragment{Size: e.limits.Fragments, Chain: e.limits.Chain, Timeout: 5 * time.Second}
	if in < len(e.plan.Fragment) {
		if f := e.plan.Fragment[in]; f != (compiler.Fragment{}) {
			l = f
		}
	}
	return l
}

// span is the octets of the IP payload that a fragment carries.
func span(p *runtime.Packet) (from, to int) {
	n := p.Size()
	if p.FragOffset == 0 {
		n += runtime.HeaderSize(p.Proto)
	}
	return p.FragOffset, p.FragOffset + n
}

// reassemble is step 2: it holds the fragments of a datagram until it is whole, which then goes on as f.pkt.
func (e *Engine) reassemble(f *flight) bool {
	p := f.pkt
	key := fragKey{f.in.If, p.Proto, p.ID, p.Src, p.Dst}
	proto := syslog.ProtoName(p.Proto)
	s := e.frags[key]
	discard := func(m runtime.Message) bool {
		if s != nil {
			e.dropFragments(s)
		}
		f.drop(e, "INPUT", whyFragments, logs(m))
		return true
	}
	limits := e.fragment(f.in.If)
	from, to := span(&p)
	if to > 65535 || from < 0 {
		return discard(syslog.New(209004, to, 65535, p.Src, p.Dst, proto, p.ID))
	}
	if s == nil {
		s = &fragSet{key: key, since: e.now}
		e.frags[key] = s
		e.arm(&s.alarm, s)
	}
	for i := range s.parts {
		a, b := span(&s.parts[i])
		switch {
		case a == from && b == to:
			f.take(runtime.Held) // sent twice
			return true
		case from < b && a < to:
			return discard(syslog.New(106020, to-from, from, p.Src, p.Dst))
		}
	}
	if len(s.parts) >= limits.Chain || limits.Chain == 1 {
		return discard(syslog.New(209005, limits.Chain, p.Src, p.Dst, proto, p.ID))
	}
	if e.waiting[f.in.If] >= limits.Size {
		return discard(syslog.New(209003, limits.Size, p.Src, p.Dst, proto, p.ID))
	}
	s.parts = append(s.parts, p)
	e.waiting[f.in.If]++
	slices.SortFunc(s.parts, func(a, b runtime.Packet) int { return a.FragOffset - b.FragOffset })
	end := 0
	for i := range s.parts {
		a, b := span(&s.parts[i])
		if a != end || i == len(s.parts)-1 && s.parts[i].More {
			f.pass("INPUT", "waiting for the other fragments")
			f.take(runtime.Held)
			return true
		}
		end = b
	}
	e.dropFragments(s)
	f.pkt = s.parts[0]
	f.pkt.Fragment, f.pkt.More = false, false
	f.pkt.Payload = nil
	for i := range s.parts {
		part := &s.parts[i]
		f.pkt.Payload = append(f.pkt.Payload, part.Payload...)
		f.pkt.Payload = append(f.pkt.Payload, make([]byte, part.Size()-len(part.Payload))...)
	}
	f.pkt.Length = len(f.pkt.Payload)
	if f.trace {
		f.pass("INPUT", fmt.Sprintf("reassembled from %d fragments", len(s.parts)))
	}
	return false
}

// A hop is the answer of the routing table.
type hop struct {
	out  int // None: no route
	line compiler.Line
	note string
}

// route looks an address up: connected clients have a host route to where their tunnel ends (semantics.md 6.3).
func (e *Engine) route(ip ast.IP) hop {
	for _, c := range e.clients {
		if c.addr == ip {
			return hop{out: c.in, note: "host route of a connected client"}
		}
	}
	if i := e.derived.routes.first(ip, 0, always); i >= 0 {
		r := &e.plan.Routes[i]
		return hop{r.If, r.Line, ""}
	}
	return hop{out: compiler.None}
}

// routeVia reports whether there is a way to ip on an interface that is already decided.
func (e *Engine) routeVia(ip ast.IP, out int) (hop, bool) {
	for _, c := range e.clients {
		if c.addr == ip && c.in == out {
			return hop{out: out, note: "host route of a connected client"}, true
		}
	}
	if i := e.derived.routes.first(ip, tagOf(out), always); i >= 0 {
		return hop{out, e.plan.Routes[i].Line, ""}, true
	}
	return hop{out: compiler.None}, false
}
