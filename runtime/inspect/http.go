package inspect

import (
	"bytes"

	"pixfw/compiler"
)

// http logs what is asked for (304001), and takes out of answers what filters name.
func (l *Look) http() {
	if l.Dir == 0 {
		l.logURL()
		return
	}
	for _, x := range [...]struct {
		on  bool
		tag string
		id  int
	}{{l.ActiveX, "object", 500001}, {l.Java, "applet", 500002}} {
		if x.on && l.comment(x.tag) {
			l.say(x.id, l.Here.Src, l.There.Src, l.Here.If)
			l.host.Note("http: " + x.tag + " tags became comments")
		}
	}
}

func (l *Look) logURL() {
	data := l.Payload
	if !bytes.HasPrefix(data, []byte("GET ")) && !bytes.HasPrefix(data, []byte("POST ")) && !bytes.HasPrefix(data, []byte("HEAD ")) {
		return
	}
	line, _, _ := bytes.Cut(data, []byte("\r\n"))
	_, rest, _ := bytes.Cut(line, []byte(" "))
	url, _, _ := bytes.Cut(rest, []byte(" "))
	user := ""
	if l.User != "" {
		user = l.User + "@"
	}
	l.say(304001, user, l.Here.Src, "URL", l.There.Src, printable(url))
}

// Filters asks `filter java` and `filter activex` about the answers of a server: on a port of theirs, to a client behind the higher
// interface that the line names first, from a server that it names second.
func (l *Look) Filters(list []compiler.Filter, port uint16) {
	if l.Kind != HTTP || l.Dir != 1 || l.Higher {
		return
	}
	for i := range list {
		f := &list[i]
		if f.Content() && f.Ports.Contains(port) && f.Src.Contains(l.There.Src) && f.Dst.Contains(l.Here.Src) {
			l.Java = l.Java || f.What == "java"
			l.ActiveX = l.ActiveX || f.What == "activex"
		}
	}
}

// comment makes comments of as many octets of the tags of an element that are whole in the payload. It is false when there are none. What
// a PIX puts in their place is unconfirmed; tags that are cut by the end of a packet pass, as there.
func (l *Look) comment(name string) (found bool) {
	data := l.Payload
	for at := 0; ; {
		n := bytes.IndexByte(data[at:], '<')
		if n < 0 {
			return found
		}
		at += n
		rest := data[at+1:]
		if len(rest) > 0 && rest[0] == '/' {
			rest = rest[1:]
		}
		if len(rest) <= len(name) || !bytes.EqualFold(rest[:len(name)], []byte(name)) || !bytes.ContainsAny(rest[len(name):len(name)+1], " \t\r\n/>") {
			at++
			continue
		}
		n = bytes.IndexByte(rest, '>')
		if n < 0 {
			return found
		}
		end := at + len(data[at:]) - len(rest) + n + 1
		l.put(at, commented(data[at:end], len(name)))
		found, at = true, end
	}
}

// commented is a tag as a comment of the same length: what stood behind its name stands there, but for what could end the comment.
func commented(tag []byte, name int) []byte {
	out := bytes.Repeat([]byte(" "), len(tag))
	copy(out, "<!--")
	copy(out[len(out)-3:], "-->")
	if behind := 1 + name; tag[1] != '/' { // a tag that ends an element has nothing behind its name
		for i, ch := range tag[behind : len(tag)-1] {
			if ch != '-' && ch != '>' && 4+i < len(out)-3 {
				out[4+i] = ch
			}
		}
	}
	return out
}
