package emulator

import (
	"bytes"
	"fmt"

	"pixfw/ast"
	"pixfw/runtime/syslog"
)

// inspectFTP finds the address in PORT and 227, writes it as the other side knows it, and expects the data connection
// (semantics.md section 7). Commands are taken to be whole in their segment.
func (e *Engine) inspectFTP(f *flight, c *conn, dir int) bool {
	data, line := f.pkt.Payload, e.fixLine(c.kind)
	if e.strictFTP() {
		if why := brokenFTP(data, dir); why != "" {
			f.drop(e, "INSPECT", whyFTP+": "+why, nil, line)
			return true
		}
	}
	e.logFTP(f, dir)
	start, end, ip, port, ok := ftpAddress(data, dir)
	if !ok {
		return false
	}
	p := &f.pkt
	if ip != c.key[dir].src {
		m := syslog.New(406002, ip, p.Src, p.Dst, e.ifName(f.in.If))
		f.drop(e, "INSPECT", whySecurity, logs(m), line)
		return true
	}
	if port < 1024 {
		m := syslog.New(406001, syslog.End{IP: ip, Port: port}, p.Dst, e.ifName(f.in.If))
		f.drop(e, "INSPECT", whySecurity, logs(m), line)
		return true
	}
	seen, ok := e.expect(c, door{dir: dir, proto: ast.ProtoTCP, port: port})
	if !ok {
		f.drop(e, "INSPECT", whyPool, logs(syslog.New(202001)), line)
		return true
	}
	g := c.key[1-dir].dst
	text := fmt.Sprintf("%d,%d,%d,%d,%d,%d", g>>24, g>>16&255, g>>8&255, g&255, seen>>8, seen&255)
	f.replace(apply(data, []edit{{start, end, text}}))
	f.pass("INSPECT", "ftp: data connection expected to port "+itoa(uint64(seen)), line)
	return false
}

// strictFTP reports whether the ftp inspection is strict.
func (e *Engine) strictFTP() bool {
	x := e.fixup("ftp")
	return x != nil && x.Sub == "strict"
}

// brokenFTP is what strict inspection objects to in a segment of the control connection: a command or reply that is not whole, a
// PORT or 227 that is not six numbers, and either from the wrong side.
func brokenFTP(data []byte, dir int) string {
	if !bytes.HasSuffix(data, []byte("\r\n")) {
		return "no whole line"
	}
	for line := range bytes.SplitSeq(bytes.TrimSuffix(data, []byte("\r\n")), []byte("\r\n")) {
		port, pasv := len(line) >= 5 && bytes.EqualFold(line[:5], []byte("PORT ")), bytes.HasPrefix(line, []byte("227 "))
		_, _, _, _, ok := ftpAddress(line, dir)
		switch {
		case port && dir == 1, pasv && dir == 0:
			return "from the wrong side"
		case (port || pasv) && (!ok || bytes.Count(line, []byte(",")) != 5):
			return "not six numbers"
		}
	}
	return ""
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
