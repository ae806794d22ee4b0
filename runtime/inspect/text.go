package inspect

import (
	"bytes"
	"strconv"

	"pixfw/ast"
)

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
