package inspect

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"pixfw/ast"
)

// tftp expects the answer to a request, which comes from a port of its own.
func (l *Look) tftp() {
	data := l.Payload
	if l.Dir != 0 || len(data) < 2 {
		return
	}
	if op := binary.BigEndian.Uint16(data); op != 1 && op != 2 { // read, write
		return
	}
	if seen, ok := l.open(Door{Dir: 0, Proto: ast.ProtoUDP, Port: l.Here.SrcPort}); ok {
		l.host.Note("tftp: data expected to port " + strconv.Itoa(int(seen)))
	}
}

// rsh expects the connection for what the command has to complain of, to the port that the client's first words are.
func (l *Look) rsh() {
	data := l.Payload
	end := bytes.IndexByte(data[:min(len(data), 6)], 0)
	if l.Dir != 0 || !l.First || end < 1 {
		return
	}
	port, err := strconv.ParseUint(string(data[:end]), 10, 16)
	if err != nil || port == 0 {
		return
	}
	seen, ok := l.open(Door{Dir: 0, Proto: ast.ProtoTCP, Port: uint16(port)})
	if !ok {
		return
	}
	if seen != uint16(port) {
		l.Out = append(strconv.AppendUint(nil, uint64(seen), 10), data[end:]...)
	}
	l.host.Note("rsh: errors expected to port " + strconv.Itoa(int(seen)))
}

// sqlnet follows a server that sends its client to another port: the packet of type 5 (redirect) names it in text.
func (l *Look) sqlnet() {
	data := l.Payload
	const head = 10 // TNS header, and the length of the text
	if l.Dir != 1 || len(data) < head || data[4] != 5 || int(binary.BigEndian.Uint16(data)) != len(data) {
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
	if !ok || err != nil || port == 0 || ip != l.Here.Src {
		return
	}
	host := l.There.Dst.String()
	if l.Keeps && len(host) != hostEnd-hostAt {
		return
	}
	seen, ok := l.open(Door{Dir: 1, Proto: ast.ProtoTCP, Port: uint16(port)})
	if !ok {
		return
	}
	edits := []edit{{hostAt, hostEnd, host}, {portAt, portEnd, strconv.Itoa(int(seen))}}
	if portAt < hostAt {
		edits[0], edits[1] = edits[1], edits[0]
	}
	out := append(append([]byte(nil), data[:head]...), apply(text, edits)...)
	if len(out) > 0xffff {
		return
	}
	binary.BigEndian.PutUint16(out, uint16(len(out)))
	binary.BigEndian.PutUint16(out[8:], uint16(len(out)-head))
	l.Out = out
	l.host.Note("sqlnet: redirected to port " + strconv.Itoa(int(seen)))
}

// Moves reports whether a payload may become longer or shorter: it is a redirect of SQL*Net, or has an address of FTP.
func Moves(payload []byte) bool {
	return isPort(payload) || isPassive(payload) || len(payload) > 4 && payload[4] == 5 && int(binary.BigEndian.Uint16(payload)) == len(payload)
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
