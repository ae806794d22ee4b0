package inspect

import (
	"bytes"
	"fmt"
	"strconv"

	"pixfw/ast"
	"pixfw/runtime/syslog"
)

// ftp finds the address in PORT and 227, writes it as the other side knows it, and expects the data connection (semantics.md section
// 7). Commands are taken to be whole in their segment.
func (l *Look) ftp() {
	data := l.Payload
	if l.Strict {
		if why := brokenFTP(data, l.Dir); why != "" {
			l.Drop = whyFTP + ": " + why
			return
		}
	}
	l.logFTP()
	start, end, ip, port, ok := ftpAddress(data, l.Dir)
	if !ok {
		return
	}
	if ip != l.Here.Src {
		l.say(406002, ip, l.Here.Src, l.Here.Dst, l.Here.If)
		l.Drop = whySecurity
		return
	}
	if port < 1024 {
		l.say(406001, syslog.End{IP: ip, Port: port}, l.Here.Dst, l.Here.If)
		l.Drop = whySecurity
		return
	}
	g := l.There.Dst
	address := func(port uint16) string {
		return fmt.Sprintf("%d,%d,%d,%d,%d,%d", g>>24, g>>16&255, g>>8&255, g&255, port>>8, port&255)
	}
	if l.Keeps && (l.PAT || len(address(port)) != end-start) {
		return // nobody could be told of it
	}
	seen, ok := l.open(Door{Dir: l.Dir, Proto: ast.ProtoTCP, Port: port})
	if !ok {
		l.say(202001)
		l.Drop = whyPool
		return
	}
	l.Out = apply(data, []edit{{start, end, address(seen)}})
	l.host.Note("ftp: data connection expected to port " + strconv.Itoa(int(seen)))
}

// brokenFTP is what strict inspection objects to in a segment of the control connection: a command or reply that is not whole, a
// PORT or 227 that is not six numbers, and either from the wrong side.
func brokenFTP(data []byte, dir int) string {
	if !bytes.HasSuffix(data, []byte("\r\n")) {
		return "no whole line"
	}
	for line := range bytes.SplitSeq(bytes.TrimSuffix(data, []byte("\r\n")), []byte("\r\n")) {
		port, pasv := isPort(line), isPassive(line)
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

func isPort(line []byte) bool    { return len(line) >= 5 && bytes.EqualFold(line[:5], []byte("PORT ")) }
func isPassive(line []byte) bool { return bytes.HasPrefix(line, []byte("227 ")) }

// ftpAddress finds the six numbers of a PORT command (from the client) or of a 227 reply.
func ftpAddress(data []byte, dir int) (start, end int, ip ast.IP, port uint16, ok bool) {
	if dir == 0 {
		if !isPort(data) {
			return
		}
		start = 5
	} else {
		if !isPassive(data) {
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

// logFTP tells of files that are sent and fetched (303002).
func (l *Look) logFTP() {
	verb, name, _ := bytes.Cut(bytes.TrimRight(l.Payload, "\r\n"), []byte(" "))
	done := ""
	switch {
	case l.Dir != 0:
		return
	case bytes.EqualFold(verb, []byte("RETR")):
		done = "Retrieved"
	case bytes.EqualFold(verb, []byte("STOR")):
		done = "Stored"
	default:
		return
	}
	l.say(303002, l.Here.Src, done, l.Here.Dst, printable(name))
}
