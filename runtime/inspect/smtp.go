package inspect

import (
	"bytes"
	"slices"
)

// mail is how far Mail Guard has followed a session. It counts octets, not packets: lines may come in pieces.
type mail struct {
	greeted bool // the banner has passed
	asked   bool // the client has said DATA, and the server nothing since
	data    bool // a message is being sent, up to its dot
	at      place
	first   bool    // the command's first < has passed
	n       uint8   // octets of verb
	verb    [4]byte // in capitals
	reply   [4]byte // the beginning of the server's line
	said    uint8   // octets of reply
}

// place is where in its line the client is.
type place uint8

const (
	inVerb  place = iota // at its beginning, too
	badVerb              // in one that is masked
	inArgs               // behind a verb
	inPaths              // behind MAIL and RCPT
	midLine              // of a message
	dot                  // of a message: it was the first octet
	dotCR                // and this came after it
)

// smtpCommands are those of RFC 821 that Mail Guard lets through.
var smtpCommands = [...]string{"HELO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT"}

// smtp is Mail Guard (semantics.md section 7): commands that it does not know reach the server as so many X, which it refuses; the
// banner reaches the client as asterisks; and what could be taken for a program in an address is blanked. Which character stands for
// a masked command is unconfirmed. Sizes never change. A message begins when the server has agreed to it (354): whoever says DATA and
// is refused has not said it.
func (l *Look) smtp() {
	if l.Dir == 1 {
		l.mailReplies()
	} else {
		l.mailCommands()
	}
	if l.Out != nil {
		l.host.Note("smtp: masked")
	}
}

// mask has another octet leave.
func (l *Look) mask(i int, ch byte) {
	if l.Payload[i] == ch {
		return
	}
	if l.Out == nil {
		l.Out = slices.Clone(l.Payload)
	}
	l.Out[i] = ch
}

func (l *Look) mailReplies() {
	m := &l.State.mail
	for i, ch := range l.Payload {
		if ch == '\n' {
			m.replied()
			continue
		}
		if int(m.said) < len(m.reply) {
			m.reply[m.said] = ch
			m.said++
		} else if !m.greeted && string(m.reply[:3]) == "220" && ch != '2' && ch != '0' && ch != '\r' {
			l.mask(i, '*')
		}
	}
}

// replied is the end of a line of the server.
func (m *mail) replied() {
	code, last := string(m.reply[:min(m.said, 3)]), m.said < 4 || m.reply[3] != '-'
	switch {
	case !m.greeted && code == "220":
		m.greeted = last
	case m.asked && last:
		m.asked = false
		if code == "354" {
			m.data, m.at = true, inVerb
		}
	}
	m.said = 0
}

func (l *Look) mailCommands() {
	m, data := &l.State.mail, l.Payload
	start, line := 0, 0 // where the verb, and the line, begin in this payload
	for i, ch := range data {
		switch {
		case m.data:
			m.text(ch)
			start, line = i+1, i+1
		case ch == '\r', ch == '\n': // some servers take either for the end of a line
			if m.at == inVerb && !m.known() {
				l.maskVerb(start, i)
			}
			if m.at == inVerb && string(m.verb[:m.n]) == "DATA" {
				m.asked = true
			}
			m.at, m.n, m.first = inVerb, 0, false
			start, line = i+1, i+1
		case m.at == inVerb && ch == ' ':
			m.at = inArgs
			switch verb := string(m.verb[:m.n]); {
			case !m.known():
				l.maskVerb(start, i)
			case verb == "DATA":
				m.asked = true
			case verb == "MAIL", verb == "RCPT":
				m.at = inPaths
			}
		case m.at == inVerb && !m.grows(ch):
			l.maskVerb(start, i+1)
			m.at = badVerb
		case m.at == badVerb && ch == ' ':
			m.at = inArgs
		case m.at == badVerb:
			l.mask(i, 'X')
		case m.at == inPaths:
			l.path(line, i)
		}
	}
}

func (l *Look) maskVerb(from, to int) {
	for i := from; i < to; i++ {
		l.mask(i, 'X')
	}
}

// grows adds an octet to the verb, if one that is known begins so.
func (m *mail) grows(ch byte) bool {
	if ch >= 'a' && ch <= 'z' {
		ch -= 'a' - 'A'
	}
	if int(m.n) == len(m.verb) {
		return false
	}
	m.verb[m.n] = ch
	m.n++
	return slices.ContainsFunc(smtpCommands[:], func(w string) bool { return w[:m.n] == string(m.verb[:m.n]) })
}

// known reports whether the verb is one that passes. None at all is an empty line.
func (m *mail) known() bool {
	return m.n == 0 || slices.Contains(smtpCommands[:], string(m.verb[:m.n]))
}

// text follows a message to the dot that ends it.
func (m *mail) text(ch byte) {
	switch {
	case ch == '\n' && (m.at == dot || m.at == dotCR):
		m.data, m.at, m.n = false, inVerb, 0
	case ch == '\n':
		m.at = inVerb
	case ch == '.' && m.at == inVerb:
		m.at = dot
	case ch == '\r' && m.at == dot:
		m.at = dotCR
	default:
		m.at = midLine
	}
}

// path blanks what is no part of an address, but for the first < and the last > of the line.
func (l *Look) path(line, i int) {
	m, ch := &l.State.mail, l.Payload[i]
	end := len(l.Payload)
	if n := bytes.IndexAny(l.Payload[i:], "\r\n"); n >= 0 {
		end = i + n
	}
	switch {
	case ch == '<' && !m.first:
		m.first = true
		return
	case ch == '>' && bytes.IndexByte(l.Payload[i+1:end], '>') < 0:
		return
	case ch != '|' && ch != '<' && ch != '>':
		return
	}
	l.mask(i, ' ')
	foreign, local := l.There.Src, l.Here.Src
	if !l.Higher {
		foreign, local = local, foreign
	}
	l.say(108002, string(ch), foreign, local, printable(l.Payload[line:end]))
}
