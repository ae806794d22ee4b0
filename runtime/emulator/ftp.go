package emulator

import (
	"bytes"
	"fmt"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/syslog"
)

// inspectFTP finds the address in PORT and 227, writes it as the other side knows it, and expects the data connection
// (semantics.md section 7). Commands are taken to be whole in their segment.
func (e *Engine) inspectFTP(f *flight, c *conn, dir int, fix *compiler.Fixup) bool {
	data := f.pkt.Payload
	start, end, ip, port, ok := ftpAddress(data, dir)
	if !ok {
		return false
	}
	p := &f.pkt
	here, there := &c.key[dir], &c.key[1-dir] // who speaks, and who listens
	if ip != here.src {
		m := syslog.New(406002, ip, p.Src, p.Dst, e.ifName(f.in.If))
		f.drop(e, "INSPECT", whySecurity, logs(m), fix.Line)
		return true
	}
	if port < 1024 {
		m := syslog.New(406001, syslog.End{IP: ip, Port: port}, p.Dst, e.ifName(f.in.If))
		f.drop(e, "INSPECT", whySecurity, logs(m), fix.Line)
		return true
	}
	// The speaker is there.dst to the listener. Behind PAT its port needs a translation of its own.
	seen, un := port, unnat{kind: unLive, ip: ip, port: port, out: int(here.in)}
	if dir == c.hi {
		un.xl = c.xl
		if x := c.xl; x != nil && x.proto != 0 {
			y := e.xlates.byReal[realKey{ip, uint16(x.realIf), uint16(x.mappedIf), port, ast.ProtoTCP, x.policy}]
			if y == nil {
				n, free := e.freePort(x.mappedIf, x.mapped, ast.ProtoTCP, port)
				if !free || e.xlates.count >= e.limits.Xlates {
					f.drop(e, "INSPECT", whyPool, logs(syslog.New(202001)), fix.Line)
					return true
				}
				y = e.addXlate(&xlate{realIf: x.realIf, mappedIf: x.mappedIf, real: ip, mapped: x.mapped, proto: ast.ProtoTCP,
					realPort: port, mappedPort: n, policy: x.policy, line: x.line})
				e.arm(&y.alarm, y)
			}
			un.xl, seen = y, y.mappedPort
		}
	} else if c.outer != nil {
		un.xl = c.outer
	}
	if len(e.children) < e.limits.Children {
		c.expects = true
		e.children[childKey{int(there.in), ast.ProtoTCP, there.src, there.dst, seen}] = &child{parent: c, inbound: c.inbound, un: un}
	}
	g := there.dst
	text := fmt.Sprintf("%d,%d,%d,%d,%d,%d", g>>24, g>>16&255, g>>8&255, g&255, seen>>8, seen&255)
	out := append(append(append([]byte(nil), data[:start]...), text...), data[end:]...)
	f.v.Out.Payload = out
	if f.v.Out.Length > 0 {
		f.v.Out.Length += len(out) - len(data)
	}
	f.pass("INSPECT", "ftp: data connection expected to port "+itoa(uint64(seen)), fix.Line)
	return false
}

// ftpAddress finds the six numbers of a PORT command (from the client) or of a 227 reply.
func ftpAddress(data []byte, dir int) (start, end int, ip ast.IP, port uint16, ok bool) {
	if dir == 0 {
		if len(data) < 5 || !bytes.EqualFold(data[:5], []byte("PORT ")) {
			return
		}
		start = 5
	} else {
		if !bytes.HasPrefix(data, []byte("227 ")) {
			return
		}
		for start = 4; start < len(data) && (data[start] < '0' || data[start] > '9'); start++ {
		}
	}
	var n [6]int
	i := start
	for k := range n {
		digits := 0
		for ; i < len(data) && data[i] >= '0' && data[i] <= '9' && digits < 3; i++ {
			n[k] = n[k]*10 + int(data[i]-'0')
			digits++
		}
		if digits == 0 || n[k] > 255 {
			return
		}
		if k < 5 {
			if i >= len(data) || data[i] != ',' {
				return
			}
			i++
		}
	}
	return start, i, ast.IP(n[0]<<24 | n[1]<<16 | n[2]<<8 | n[3]), uint16(n[4]<<8 | n[5]), true
}
