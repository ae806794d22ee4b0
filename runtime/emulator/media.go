package emulator

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"pixfw/ast"
	"pixfw/runtime/syslog"
)

// told is where the two sides of a signalling connection, by direction, have said that they wait for media.
type told struct {
	ip   [2]ast.IP
	port [2]uint16
}

// mostDoors is how many doors one packet may open.
const mostDoors = 8

// openMedia opens the door for RTP and RTCP of the side that speaks, to the other end of the signalling connection and to the host
// that this has named for its media. It is the port as the other side knows it.
func (e *Engine) openMedia(c *conn, dir int, port uint16) (seen uint16, ok bool) {
	if c.told == nil {
		c.told = new(told)
	}
	here := &c.key[dir]
	c.told.ip[dir], c.told.port[dir] = here.src, port
	if seen, ok = e.expect(c, door{dir: dir, proto: ast.ProtoUDP, port: port, pair: true}); ok {
		e.openFrom(c, dir)
	}
	return seen, ok
}

// openFrom lets the host that the other side has named come to the door of a side, where it is another than the other side itself.
func (e *Engine) openFrom(c *conn, dir int) {
	if t := c.told; t != nil && t.port[dir] != 0 && t.ip[1-dir] != 0 && t.ip[1-dir] != c.key[1-dir].src {
		e.expect(c, door{dir: dir, proto: ast.ProtoUDP, port: t.port[dir], from: t.ip[1-dir], pair: true})
	}
}

// hear notes a host that a side names for media which is not the side itself: nothing is opened to it, but it may come.
func (e *Engine) hear(c *conn, dir int, ip ast.IP, port uint16) {
	if c.told == nil {
		c.told = new(told)
	}
	c.told.ip[dir], c.told.port[dir] = ip, 0
	e.openFrom(c, 1-dir)
}

// inspectRTSP expects the streams that a client asks for, to the ports that it names. RTSP has no translation (semantics.md section
// 7), so a client behind PAT gets none.
func (e *Engine) inspectRTSP(f *flight, c *conn, dir int) {
	if dir != 0 || !bytes.HasPrefix(f.pkt.Payload, []byte("SETUP ")) || c.key[0].src != c.key[1].dst && c.key[0].sport != c.key[1].dport {
		return
	}
	_, rest, ok := bytes.Cut(f.pkt.Payload, []byte("client_port="))
	if !ok {
		return
	}
	port, ok := leadingPort(rest)
	if !ok {
		return
	}
	if _, ok := e.expect(c, door{dir: 0, proto: ast.ProtoUDP, port: port, pair: true}); ok {
		foreign, local := e.ends(c, 0, port)
		e.emit(syslog.New(314001, foreign, local))
		f.pass("INSPECT", "rtsp: streams expected to port "+itoa(uint64(port)), e.fixLine(c.kind))
	}
}

func leadingPort(text []byte) (uint16, bool) {
	n := 0
	for n < len(text) && n < 5 && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	port, err := strconv.ParseUint(string(text[:n]), 10, 16)
	return uint16(port), err == nil && port > 0
}

// sdpMedia yields the media of a session description: the host, and where in the text the port stands.
func sdpMedia(text []byte, yield func(ip ast.IP, port uint16, from, to int) bool) {
	session, media := ast.IP(0), ast.IP(0)
	var port uint16
	from, to := 0, 0
	flush := func() bool {
		ip := media
		if ip == 0 {
			ip = session
		}
		ok := port == 0 || ip == 0 || yield(ip, port, from, to)
		port, media = 0, 0
		return ok
	}
	inMedia := false
	for at := 0; at < len(text); {
		end := at + bytes.IndexByte(text[at:], '\n') + 1
		if end == at {
			end = len(text)
		}
		line := bytes.TrimRight(text[at:end], "\r\n")
		if rest, ok := bytes.CutPrefix(line, []byte("c=IN IP4 ")); ok {
			word, _, _ := bytes.Cut(rest, []byte("/"))
			if ip, ok := ast.ParseIP(string(bytes.TrimSpace(word))); ok && inMedia {
				media = ip
			} else if ok {
				session = ip
			}
		}
		if rest, ok := bytes.CutPrefix(line, []byte("m=")); ok {
			if !flush() {
				return
			}
			inMedia = true
			if i := bytes.IndexByte(rest, ' '); i >= 0 {
				if n, ok := leadingPort(rest[i+1:]); ok {
					port, from = n, at+2+i+1
					to = from + len(strconv.Itoa(int(n)))
				}
			}
		}
		at = end
	}
	flush()
}

// An edit replaces text[from:to].
type edit struct {
	from, to int
	text     string
}

func apply(text []byte, edits []edit) []byte {
	var out []byte
	at := 0
	for _, x := range edits {
		out = append(append(out, text[at:x.from]...), x.text...)
		at = x.to
	}
	return append(out, text[at:]...)
}

// inspectSIP translates the two ends of the connection wherever a message names them, and opens the media that its session
// description speaks of. A message is taken to be whole in its packet.
func (e *Engine) inspectSIP(f *flight, c *conn, dir int) {
	head, body, _ := bytes.Cut(f.pkt.Payload, []byte("\r\n\r\n"))
	word, _, _ := bytes.Cut(head, []byte(" "))
	if bytes.HasPrefix(word, []byte("SIP/")) {
		word = []byte("response")
	}
	var edits []edit
	here := &c.key[dir]
	doors := 0
	sdpMedia(body, func(ip ast.IP, port uint16, from, to int) bool {
		if ip != here.src {
			e.hear(c, dir, ip, port)
			return true
		}
		if seen, ok := e.openMedia(c, dir, port); ok {
			if seen != port {
				edits = append(edits, edit{from, to, itoa(uint64(seen))})
			}
			own := syslog.End{If: e.ifName(int(here.in)), IP: ip, Port: port}
			e.emit(syslog.New(607001, "RTP", own, e.ifName(int(c.key[1-dir].in)), c.key[1-dir].src, printable(word)))
			f.pass("INSPECT", "sip: media expected to port "+itoa(uint64(seen)), e.fixLine(c.kind))
		}
		doors++
		return doors < mostDoors
	})
	newBody := translateText(c, dir, apply(body, edits), false)
	newHead := translateText(c, dir, head, true)
	if bytes.Equal(newBody, body) && bytes.Equal(newHead, head) {
		return
	}
	if len(newBody) != len(body) {
		newHead = setLength(newHead, len(newBody)-len(body))
	}
	out := append(append(newHead[:len(newHead):len(newHead)], f.pkt.Payload[len(head):len(f.pkt.Payload)-len(body)]...), newBody...)
	f.replace(out)
}

// translateText translates the addresses in a text, with the port behind them, that are ends of the connection. implied:
// an address alone stands for port 5060 of it, and gets another where that is translated.
func translateText(c *conn, dir int, text []byte, implied bool) []byte {
	var edits []edit
	for at := 0; at < len(text); {
		if text[at] < '0' || text[at] > '9' {
			at++
			continue
		}
		end := at
		for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] == '.') {
			end++
		}
		ip, ok := ast.ParseIP(string(text[at:end]))
		if ok && (at == 0 || !isWord(text[at-1])) && (end == len(text) || !isWord(text[end])) {
			stop, port, named := end, uint16(5060), false
			if end < len(text) && text[end] == ':' {
				if n, ok := leadingPort(text[end+1:]); ok {
					port, named = n, true
					stop = end + 1 + len(strconv.Itoa(int(n)))
				}
			}
			if to, p, ok := c.otherSide(dir, ip, port); ok && (to != ip || p != port && (named || implied)) {
				s := to.String()
				if named || implied && p != port {
					s += ":" + itoa(uint64(p))
				}
				edits = append(edits, edit{at, stop, s})
			}
			end = stop
		}
		at = end
	}
	if edits == nil {
		return text
	}
	return apply(text, edits)
}

func isWord(ch byte) bool {
	return ch >= '0' && ch <= '9' || ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch == '.' || ch == '-'
}

// setLength adds to the Content-Length of a message's head.
func setLength(head []byte, add int) []byte {
	for at := 0; at < len(head); {
		end := at + bytes.IndexByte(head[at:], '\n') + 1
		if end == at {
			end = len(head)
		}
		name, value, ok := bytes.Cut(head[at:end], []byte(":"))
		if name = bytes.TrimSpace(name); ok && (bytes.EqualFold(name, []byte("Content-Length")) || bytes.EqualFold(name, []byte("l"))) {
			if n, err := strconv.Atoi(string(bytes.TrimSpace(value))); err == nil {
				from := at + bytes.IndexByte(head[at:end], ':') + 1
				to := from + len(bytes.TrimRight(value, "\r\n"))
				return apply(head, []edit{{from, to, " " + strconv.Itoa(max(n+add, 0))}})
			}
		}
		at = end
	}
	return head
}

// inspectMGCP opens the media that a gateway's session description speaks of. MGCP has no translation (semantics.md section 7).
func (e *Engine) inspectMGCP(f *flight, c *conn, dir int) {
	here, there := &c.key[dir], &c.key[1-dir]
	if here.src != there.dst || here.dst != there.src {
		return
	}
	doors := 0
	sdpMedia(f.pkt.Payload, func(ip ast.IP, port uint16, _, _ int) bool {
		if ip != here.src {
			e.hear(c, dir, ip, port)
			return true
		}
		if _, ok := e.openMedia(c, dir, port); ok {
			f.pass("INSPECT", "mgcp: media expected to port "+itoa(uint64(port)), e.fixLine(c.kind))
		}
		doors++
		return doors < mostDoors
	})
}

// The Skinny messages that speak of media: from a telephone, where it waits; to it, where it is to send.
const (
	skinnyHead          = 12
	skinnyRegister      = 0x01
	skinnyChannelAck    = 0x22
	skinnyStartTransmit = 0x8a
)

// inspectSkinny reads the messages of a segment, which it takes to be whole.
func (e *Engine) inspectSkinny(f *flight, c *conn, dir int) {
	data := f.pkt.Payload
	var out []byte
	put := func(at int, b []byte) {
		if out == nil {
			out = bytes.Clone(data)
		}
		copy(out[at:], b)
	}
	here := &c.key[dir]
	for at, doors := 0, 0; at+skinnyHead <= len(data) && doors < mostDoors; doors++ {
		n := 8 + int(binary.LittleEndian.Uint32(data[at:])&0xffff)
		if n < skinnyHead || at+n > len(data) {
			break
		}
		m := data[at : at+n]
		switch id := binary.LittleEndian.Uint32(m[8:]); {
		case id == skinnyRegister && n >= 40:
			e.skinnyAddress(c, dir, m, 36, at, put)
		case id == skinnyChannelAck && n >= 24 && dir == 0:
			ip, port := ast.IP(binary.BigEndian.Uint32(m[16:])), uint16(binary.LittleEndian.Uint32(m[20:]))
			if ip != here.src || port == 0 {
				break
			}
			seen, ok := e.openMedia(c, dir, port)
			if !ok {
				break
			}
			e.skinnyAddress(c, dir, m, 16, at, put)
			if seen != port {
				put(at+20, binary.LittleEndian.AppendUint32(nil, uint32(seen)))
			}
			own := syslog.End{If: e.ifName(int(here.in)), IP: ip, Port: port}
			e.emit(syslog.New(608001, "RTP", own, e.ifName(int(c.key[1].in)), c.key[1].src, "OpenReceiveChannelAck"))
			f.pass("INSPECT", "skinny: media expected to port "+itoa(uint64(seen)), e.fixLine(c.kind))
		case id == skinnyStartTransmit && n >= 28 && dir == 1:
			e.hear(c, dir, ast.IP(binary.BigEndian.Uint32(m[20:])), 0)
			e.skinnyAddress(c, dir, m, 20, at, put)
		}
		at += n
	}
	if out != nil {
		f.replace(out)
	}
}

func (e *Engine) skinnyAddress(c *conn, dir int, m []byte, field, at int, put func(int, []byte)) {
	ip := ast.IP(binary.BigEndian.Uint32(m[field:]))
	if to, _, ok := c.otherSide(dir, ip, 0); ok && to != ip {
		put(at+field, binary.BigEndian.AppendUint32(nil, uint32(to)))
	}
}

// inspectH323 looks for the ends of the connection with a port behind them, as H.225, H.245 and RAS write transport addresses, and
// translates them. What the speaker names of itself in H.225 is where it waits for H.245, in H.245 for media. The messages are
// not decoded: octets that look like an address of the connection are taken for one.
func (e *Engine) inspectH323(f *flight, c *conn, dir int) {
	data := f.pkt.Payload
	var out []byte
	here := &c.key[dir]
	for at, doors := 0, 0; at+6 <= len(data); at++ {
		ip, port := ast.IP(binary.BigEndian.Uint32(data[at:])), binary.BigEndian.Uint16(data[at+4:])
		to, seen, ok := c.otherSide(dir, ip, port)
		if !ok {
			continue
		}
		if ip == here.src && port >= 1024 && port != here.sport && c.kind != inspectRAS && doors < mostDoors {
			doors++
			if n, ok := e.openH323(c, dir, port); ok {
				seen = n
				f.pass("INSPECT", "h323: expected to port "+itoa(uint64(seen)), e.fixLine(c.kind))
			}
		}
		if to != ip || seen != port {
			if out == nil {
				out = bytes.Clone(data)
			}
			binary.BigEndian.PutUint32(out[at:], uint32(to))
			binary.BigEndian.PutUint16(out[at+4:], seen)
		}
		at += 5
	}
	if out != nil {
		f.replace(out)
	}
}

func (e *Engine) openH323(c *conn, dir int, port uint16) (seen uint16, ok bool) {
	foreign, local := e.ends(c, dir, port)
	if c.kind == inspectH225 {
		if seen, ok = e.expect(c, door{dir: dir, proto: ast.ProtoTCP, port: port, kind: inspectH245}); ok {
			e.emit(syslog.New(302003, foreign, local))
		}
		return seen, ok
	}
	even := port &^ 1
	if seen, ok = e.openMedia(c, dir, even); ok {
		e.emit(syslog.New(302004, foreign, local))
	}
	return seen + port - even, ok
}
