package emulator

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"

	"pixfw/ast"
	"pixfw/runtime/syslog"
)

// inspectTFTP expects the answer to a request, which comes from a port of its own.
func (e *Engine) inspectTFTP(f *flight, c *conn, dir int) {
	data := f.pkt.Payload
	if dir != 0 || len(data) < 2 {
		return
	}
	if op := binary.BigEndian.Uint16(data); op != 1 && op != 2 { // read, write
		return
	}
	if seen, ok := e.expect(c, door{dir: 0, proto: ast.ProtoUDP, port: c.key[0].sport}); ok {
		f.pass("INSPECT", "tftp: data expected to port "+itoa(uint64(seen)), e.fixLine(c.kind))
	}
}

// inspectRSH expects the connection for what the command has to complain of, to the port that the client's first words are.
func (e *Engine) inspectRSH(f *flight, c *conn, dir int) {
	data := f.pkt.Payload
	end := bytes.IndexByte(data, 0)
	if dir != 0 || c.tcp.data[0] || end < 1 || end > 5 {
		return
	}
	port, err := strconv.ParseUint(string(data[:end]), 10, 16)
	if err != nil || port == 0 {
		return
	}
	seen, ok := e.expect(c, door{dir: 0, proto: ast.ProtoTCP, port: uint16(port)})
	if !ok {
		return
	}
	if seen != uint16(port) {
		f.replace(append(strconv.AppendUint(nil, uint64(seen), 10), data[end:]...))
	}
	f.pass("INSPECT", "rsh: errors expected to port "+itoa(uint64(seen)), e.fixLine(c.kind))
}

// inspectSQLNet follows a server that sends its client to another port: the packet of type 5 (redirect) names it in text.
func (e *Engine) inspectSQLNet(f *flight, c *conn, dir int) {
	data := f.pkt.Payload
	const head = 10 // TNS header, and the length of the text
	if dir != 1 || len(data) < head || data[4] != 5 || int(binary.BigEndian.Uint16(data)) != len(data) {
		return
	}
	text := data[head:]
	hostAt, hostEnd := tnsValue(text, "(HOST=")
	portAt, portEnd := tnsValue(text, "(PORT=")
	if hostAt < 0 || portAt < 0 {
		return
	}
	ip, ok := ast.ParseIP(string(text[hostAt:hostEnd]))
	port, err := strconv.ParseUint(string(text[portAt:portEnd]), 10, 16)
	if !ok || err != nil || ip != c.key[1].src {
		return
	}
	seen, ok := e.expect(c, door{dir: 1, proto: ast.ProtoTCP, port: uint16(port)})
	if !ok {
		return
	}
	host, number := []byte(c.key[0].dst.String()), strconv.AppendUint(nil, uint64(seen), 10)
	out := append([]byte(nil), data[:head]...)
	if hostAt < portAt {
		out = concat(out, text[:hostAt], host, text[hostEnd:portAt], number, text[portEnd:])
	} else {
		out = concat(out, text[:portAt], number, text[portEnd:hostAt], host, text[hostEnd:])
	}
	if len(out) > 0xffff {
		return
	}
	binary.BigEndian.PutUint16(out, uint16(len(out)))
	binary.BigEndian.PutUint16(out[8:], uint16(len(out)-head))
	f.replace(out)
	f.pass("INSPECT", "sqlnet: redirected to port "+itoa(uint64(seen)), e.fixLine(c.kind))
}

func concat(b []byte, parts ...[]byte) []byte {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// tnsValue is where the value behind a key stands in the text of a TNS address; -1: nowhere.
func tnsValue(text []byte, key string) (from, to int) {
	for at := 0; at+len(key) <= len(text); at++ {
		if text[at] == '(' && bytes.EqualFold(text[at:at+len(key)], []byte(key)) {
			at += len(key)
			n := bytes.IndexByte(text[at:], ')')
			if n < 0 {
				break
			}
			return at, at + n
		}
	}
	return -1, -1
}

// inspectHTTP logs what is asked for (304001).
func (e *Engine) inspectHTTP(f *flight, c *conn, dir int) {
	data := f.pkt.Payload
	if dir != 0 || !bytes.HasPrefix(data, []byte("GET ")) && !bytes.HasPrefix(data, []byte("POST ")) && !bytes.HasPrefix(data, []byte("HEAD ")) {
		return
	}
	line, _, _ := bytes.Cut(data, []byte("\r\n"))
	_, rest, _ := bytes.Cut(line, []byte(" "))
	url, _, _ := bytes.Cut(rest, []byte(" "))
	user := ""
	if c.name != "" {
		user = c.name + "@"
	}
	e.emit(syslog.New(304001, user, f.pkt.Src, "URL", f.v.Out.Dst, printable(url)))
}

// logFTP tells of files that are sent and fetched (303002).
func (e *Engine) logFTP(f *flight, dir int) {
	verb, name, _ := bytes.Cut(bytes.TrimRight(f.pkt.Payload, "\r\n"), []byte(" "))
	done := ""
	switch {
	case dir != 0:
		return
	case bytes.EqualFold(verb, []byte("RETR")):
		done = "Retrieved"
	case bytes.EqualFold(verb, []byte("STOR")):
		done = "Stored"
	default:
		return
	}
	e.emit(syslog.New(303002, f.pkt.Src, done, f.pkt.Dst, printable(name)))
}

// The control messages of PPTP that carry call ids, and the octets where these stand.
const (
	pptpHead        = 16
	outgoingRequest = 7
	outgoingReply   = 8
	clearRequest    = 12
	wanError        = 14
	setLink         = 15
)

// inspectPPTP follows calls: each opens GRE between the two hosts, by the call ids. Behind PAT the client's call id is translated
// as a port would be.
func (e *Engine) inspectPPTP(f *flight, c *conn, dir int) {
	data := f.pkt.Payload
	if len(data) < pptpHead || binary.BigEndian.Uint16(data[2:]) != 1 || binary.BigEndian.Uint32(data[4:]) != 0x1a2b3c4d {
		return
	}
	kind, first, second := binary.BigEndian.Uint16(data[8:]), binary.BigEndian.Uint16(data[12:]), binary.BigEndian.Uint16(data[14:])
	set := func(at int, to uint16) {
		if binary.BigEndian.Uint16(data[at:]) != to {
			data = append([]byte(nil), data...)
			binary.BigEndian.PutUint16(data[at:], to)
			f.replace(data)
		}
	}
	switch {
	case dir == 0 && kind == outgoingRequest, dir == 0 && kind == clearRequest:
		if seen, ok := e.expect(c, door{dir: 0, proto: ast.ProtoGRE, port: first, stays: true}); ok {
			set(12, seen)
		}
	case dir == 1 && kind == outgoingReply && len(data) > pptpHead:
		real := e.realCall(c, second)
		set(14, real)
		if data[pptpHead] != 1 { // the call was refused
			return
		}
		if _, ok := e.expect(c, door{dir: 1, proto: ast.ProtoGRE, port: first, stays: true}); !ok {
			return
		}
		lo, hi := &c.key[1-c.hi], &c.key[c.hi]
		x := &call{number: first, began: e.now, foreign: syslog.End{If: e.ifName(int(lo.in)), IP: lo.src, Port: first}, seen: syslog.End{IP: hi.dst, Port: first},
			local: syslog.End{If: e.ifName(int(hi.in)), IP: hi.src, Port: real}, localMapped: syslog.End{IP: lo.dst, Port: second}}
		for i, id := range [2]uint16{first, second} { // what the client sends goes to the server's number, and the other way round
			from := &c.key[i]
			if ch := e.children[childKey{int(from.in), ast.ProtoGRE, from.src, from.dst, id}]; ch != nil {
				ch.call = x
			}
		}
		e.emit(syslog.New(302017, direction(c.inbound), int(first), x.foreign, x.seen, x.local, x.localMapped, ""))
		f.pass("INSPECT", fmt.Sprintf("pptp: call %d, GRE expected", real), e.fixLine(c.kind))
	case dir == 1 && (kind == setLink || kind == wanError):
		set(12, e.realCall(c, first))
	}
}

func direction(inbound bool) string {
	if inbound {
		return "inbound"
	}
	return "outbound"
}

// realCall is the client's call id behind one that the server knows.
func (e *Engine) realCall(c *conn, id uint16) uint16 {
	if x := e.xlates.byMapped[mappedAt(int(c.key[1].in), c.key[1].dst, ast.ProtoGRE, id)]; x != nil {
		return x.realPort
	}
	return id
}

// callOf is the call id in a GRE packet of PPTP; 0: it is none.
func callOf(payload []byte) uint16 {
	if len(payload) < 8 || payload[0]&0x20 == 0 || payload[1]&7 != 1 {
		return 0
	}
	return binary.BigEndian.Uint16(payload[6:])
}

// rewriteCall gives a GRE packet to a host behind PAT the call id that the host knows.
func (f *flight) rewriteCall() {
	x := f.un.xl
	if f.pkt.Proto != ast.ProtoGRE || x == nil || x.proto != ast.ProtoGRE || callOf(f.pkt.Payload) == 0 {
		return
	}
	out := append([]byte(nil), f.pkt.Payload...)
	binary.BigEndian.PutUint16(out[6:], x.realPort)
	f.v.Out.Payload = out
}
