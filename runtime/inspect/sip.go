package inspect

import (
	"bytes"
	"strconv"

	"pixfw/ast"
	"pixfw/runtime/syslog"
)

// sip translates the two ends of the connection wherever a message names them, and opens the media that its session description
// speaks of. A message is taken to be whole in its packet.
func (l *Look) sip() {
	head, body, _ := bytes.Cut(l.Payload, []byte("\r\n\r\n"))
	word, _, _ := bytes.Cut(head, []byte(" "))
	if bytes.HasPrefix(word, []byte("SIP/")) {
		word = []byte("response")
	}
	var edits []edit
	doors := 0
	sdpMedia(body, func(ip ast.IP, port uint16, from, to int) bool {
		doors++
		if ip != l.Here.Src {
			l.hear(ip)
			return doors < MostDoors
		}
		if seen, ok := l.openMedia(port); ok {
			if seen != port {
				edits = append(edits, edit{from, to, strconv.Itoa(int(seen))})
			}
			own := syslog.End{If: l.Here.If, IP: ip, Port: port}
			l.say(607001, "RTP", own, l.There.If, l.There.Src, printable(word))
			l.host.Note("sip: media expected to port " + strconv.Itoa(int(seen)))
		}
		return doors < MostDoors
	})
	newBody := l.translateText(apply(body, edits), false)
	newHead := l.translateText(head, true)
	if bytes.Equal(newBody, body) && bytes.Equal(newHead, head) {
		return
	}
	if len(newBody) != len(body) {
		newHead = setLength(newHead, len(newBody)-len(body))
	}
	l.Out = append(append(newHead[:len(newHead):len(newHead)], l.Payload[len(head):len(l.Payload)-len(body)]...), newBody...)
}

// translateText translates the addresses in a text, with the port behind them, that are ends of the connection. implied:
// an address alone stands for port 5060 of it, and gets another where that is translated.
func (l *Look) translateText(text []byte, implied bool) []byte {
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
			if to, p, ok := l.otherSide(ip, port); ok && (to != ip || p != port && (named || implied)) {
				s := to.String()
				if named || implied && p != port {
					s += ":" + strconv.Itoa(int(p))
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
