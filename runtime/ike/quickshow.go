package ike

import (
	"fmt"
	"net/netip"

	"pixfw/runtime"
)

// These functions show the steps of quick mode as `debug crypto ipsec` does (commands-vpn-aaa-show.md 3.2, lines 89 to 129).

// proxyText is an identity as the key engine prints it. Where a pair is initialized the mask of a single address is not shown.
func proxyText(p runtime.ProxyID, hostMask bool) string {
	mask := p.Mask
	if !hostMask && proxyType(p) == idIPv4 {
		mask = netip.IPv4Unspecified()
	}
	return fmt.Sprintf("%v/%v/%d/%d (type=%d)", p.Addr, mask, p.Proto, p.Port, proxyType(p))
}

func (q *quick) protocols() (out []uint8) {
	for i := range q.pick.members {
		out = append(out, q.pick.members[i].proto)
	}
	return out
}

func protoName(p uint8) string {
	if p == protoAH {
		return "AH"
	}
	return "ESP"
}

// textOf is what a transform set says about one protocol.
func (t *setTransforms) textOf(proto uint8) string {
	if proto == protoAH {
		return t.ahName
	}
	if t.names[1] == "" {
		return t.names[0]
	}
	return t.names[0] + " " + t.names[1]
}

func (t *setTransforms) keysize() int {
	if t.esp.id == espAES {
		return int(t.esp.keyBits)
	}
	return 0
}

const (
	flagsTunnel   = 0x4
	flagsOutbound = 0x4000 // of a request that this side makes
)

func (m *Machine) showRequest(s *sa, q *quick) {
	if m.debug[IPsec] == 0 {
		return
	}
	for i, proto := range q.protocols() {
		m.event(EvRequest, i+1, "dest", s.local.Addr(), "src", s.remote.Addr(), "dest", proxyText(q.local, true), "src", proxyText(q.remote, true),
			protoName(proto), q.pick.set.textOf(proto), 0, 0, 0, 0, 0, q.pick.set.keysize(), flagsTunnel)
	}
}

func (m *Machine) showSPIs(s *sa, q *quick) {
	m.event(EvQueueEvent)
	for _, proto := range q.protocols() {
		spi := q.inESP
		if proto == protoAH {
			spi = q.inAH
		}
		m.event(EvGettingSPI, spi, spi, s.remote.Addr(), s.local.Addr(), proto)
	}
}

func (m *Machine) showPair(s *sa, q *quick, p *pair) {
	if m.debug == [4]int{} {
		return
	}
	m.event(EvAllocEntry, p.in)
	m.event(EvAllocEntry, p.out)
	m.event(EvCreating)
	life := ""
	if q.seconds > 0 {
		life = fmt.Sprintf("        lifetime of %d seconds", q.seconds)
	}
	end := life
	if life != "" {
		life += "\n"
	}
	here, there := s.local.Addr(), s.remote.Addr()
	for _, proto := range q.protocols() {
		in, out := &p.r.In, &p.r.Out
		if proto == protoAH {
			in, out = &p.r.InAH, &p.r.OutAH
		}
		m.event(EvCreated, "inbound", there, here, q.remote.Addr, q.local.Addr, in.SPI, p.in, flagsTunnel, life)
		m.event(EvCreated, "outbound", here, there, q.local.Addr, q.remote.Addr, out.SPI, p.out, flagsTunnel, end)
	}
	m.event(EvQueueEvent)
	for _, proto := range q.protocols() {
		in, out := &p.r.In, &p.r.Out
		if proto == protoAH {
			in, out = &p.r.InAH, &p.r.OutAH
		}
		local, remote := proxyText(q.local, false), proxyText(q.remote, false)
		text, size := q.pick.set.textOf(proto), q.pick.set.keysize()
		m.event(EvInitialize)
		m.event(EvInitializeSA, "dest", here, "src", there, "dest", local, "src", remote, protoName(proto), text,
			q.seconds, q.kilobyte, in.SPI, in.SPI, p.in, size, flagsTunnel)
		m.event(EvInitialize)
		m.event(EvInitializeSA, "src", here, "dest", there, "src", local, "dest", remote, protoName(proto), text,
			q.seconds, q.kilobyte, out.SPI, out.SPI, p.out, size, flagsTunnel)
	}
	m.event(EvBlankIPsec)
}
