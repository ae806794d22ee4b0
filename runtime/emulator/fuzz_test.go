package emulator

import (
	"encoding/binary"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

// FuzzInject sends whatever octets make packets through an engine with small tables: each record of the input is an interface, a
// time to wait, a length and the packet. Payloads of inspected connections are reached by records that begin with a high bit: they
// are the payload of the next packet of a connection of that inspection. What holds: no panic, tables within their limits, and
// what leaves can be written and read again.
func FuzzInject(f *testing.F) {
	record := func(in byte, body []byte) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{in, 1}, uint16(len(body))), body...)
	}
	raw := func(p runtime.Packet) []byte {
		b, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	part := tcp("198.51.100.7:4000", "203.0.113.80:80", syn)
	part.Fragment, part.More, part.Length = true, true, 4
	rest := part
	rest.FragOffset, rest.More, rest.Length = 16, false, 30
	f.Add(record(0, raw(tcp("198.51.100.7:4000", "203.0.113.80:80", syn))))
	f.Add(append(record(0, raw(part)), record(0, raw(rest))...))
	for i, text := range inspectedSeeds {
		f.Add(append(record(0x80|byte(i), []byte(text)), record(0xc0|byte(i), []byte(text))...))
	}
	plan := planOf(f, without("global (outside) 1 203.0.113.10-", "fixup protocol pptp 1723\nfixup protocol mgcp 2427\nfixup protocol esp-ike\n"+
		"fixup protocol icmp error\nfixup protocol dns maximum-length 512\n"))
	limits := Limits{Conns: 20, Xlates: 20, Fragments: 8, Chain: 4, LogFlows: 4, Shuns: 4, Users: 3, Children: 12, Intercepts: 4}
	f.Fuzz(func(t *testing.T, data []byte) {
		l := &lab{TB: t, clock: runtime.NewVirtualClock(time.Date(2004, 3, 1, 0, 0, 0, 0, time.UTC))}
		l.Engine = NewLimited(l.clock, limits)
		if _, err := l.Apply(plan); err != nil {
			t.Fatal(err)
		}
		for range 64 {
			if len(data) < 4 {
				return
			}
			kind, wait, n := data[0], data[1], int(binary.BigEndian.Uint16(data[2:]))
			data = data[4:]
			n = min(n, len(data))
			body := data[:n]
			data = data[n:]
			l.clock.Advance(time.Duration(wait) * time.Second)
			var p runtime.Packet
			in := int(kind) % 3
			if kind&0x80 != 0 {
				p, in = inspected(l, kind, body)
			} else {
				var err error
				if p, err = runtime.ParsePacket(body); err != nil {
					continue
				}
			}
			v, err := l.Inject(runtime.Ingress{If: in}, p)
			if err != nil {
				t.Fatal(err)
			}
			if v.Action == runtime.Forward {
				b, err := v.Out.Marshal()
				if err != nil {
					continue // longer than IP allows
				}
				if _, err := runtime.ParsePacket(b); err != nil {
					t.Fatalf("%v: what left cannot be read: %v", &v.Out, err)
				}
			}
			permitted, denied := l.logged.Len()
			if l.connCount > limits.Conns || l.xlates.count > limits.Xlates || len(l.children) > limits.Children || l.waiting[in] > 200 ||
				permitted > limits.LogFlows || denied > limits.LogFlows || len(l.intercepts) > limits.Intercepts {
				t.Fatalf("a table is over its limit: %d connections, %d translations, %d children", l.connCount, l.xlates.count, len(l.children))
			}
		}
	})
}

var inspectedPorts = [...]uint16{21, 25, 80, 69, 514, 1521, 554, 5060, 2427, 2000, 1723, 1720, 1719, 53}

var inspectedSeeds = [...]string{"PORT 10,0,0,5,8,0\r\n", "MAIL FROM:<|a>\r\n", "GET /a\r\n", "\x00\x01a\x00octet\x00", "999\x00",
	"\x00\x41\x00\x00\x05\x00\x00\x00\x00\x37(HOST=198.51.100.7)(PORT=3000)", "SETUP a\r\nTransport: x;client_port=3000-3001\r\n",
	"INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.5:5060\r\nContent-Length: 4\r\n\r\nc=IN IP4 10.0.0.5\r\nm=audio 3000 RTP/A\r\n",
	"200 1 OK\r\n\r\nc=IN IP4 10.0.0.5\r\nm=audio 3000 RTP/A\r\n",
	"\x14\x00\x00\x00\x00\x00\x00\x00\x22\x00\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x05\xb8\x0b\x00\x00\x01\x00\x00\x00",
	"\x00\x14\x00\x01\x1a\x2b\x3c\x4d\x00\x07\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00", "\x03\x00\x00\x10\x0a\x00\x00\x05\x0b\xb8",
	"\x0a\x00\x00\x05\x06\xb8", "\x00\x01\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01"}

// inspected is a packet of an established connection of the inspection that kind names; with bit 6 it comes from the server.
func inspected(l *lab, kind byte, payload []byte) (runtime.Packet, int) {
	i := int(kind&0x3f) % len(inspectedPorts)
	port := inspectedPorts[i]
	proto := uint8(ast.ProtoTCP)
	switch port {
	case 69, 5060, 2427, 1719, 53:
		proto = ast.ProtoUDP
	}
	p := runtime.Packet{Proto: proto, Src: ast.MustIP("10.0.0.5"), Dst: ast.MustIP("198.51.100.7"), SrcPort: 2000 + uint16(i), DstPort: port}
	inside, outside := l.Plan().IfByName("inside"), l.Plan().IfByName("outside")
	if proto == ast.ProtoTCP {
		p.Flags = syn
		l.Inject(runtime.Ingress{If: inside}, p)
		p.Flags = ack
	}
	p.Payload = payload
	if kind&0x40 == 0 {
		return p, inside
	}
	first := p
	first.Payload = nil
	v, _ := l.Inject(runtime.Ingress{If: inside}, first)
	p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, v.Out.Src, port, v.Out.SrcPort
	return p, outside
}
