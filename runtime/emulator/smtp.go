package emulator

import (
	"bytes"
	"slices"

	"pixfw/runtime/syslog"
)

// smtpState is how far Mail Guard has followed a session.
type smtpState struct {
	greeted bool // the banner has passed
	data    bool // a message is being sent, up to its dot
}

// smtpCommands are those of RFC 821 that Mail Guard lets through.
var smtpCommands = [...]string{"HELO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT"}

// inspectSMTP is Mail Guard (semantics.md section 7): commands that it does not know reach the server as so many X, which it
// refuses; the banner reaches the client as asterisks; and what could be taken for a program in an address is blanked. Which
// character stands for a masked command is unconfirmed. Lines are taken to be whole in their segment, and sizes never change.
func (e *Engine) inspectSMTP(f *flight, c *conn, dir int) {
	data := f.pkt.Payload
	var out []byte
	put := func(i int, ch byte) {
		if data[i] != ch {
			if out == nil {
				out = slices.Clone(data)
			}
			out[i] = ch
		}
	}
	for at := 0; at < len(data); {
		end := at + bytes.IndexByte(data[at:], '\n') + 1
		if end == at {
			end = len(data)
		}
		line := bytes.TrimRight(data[at:end], "\r\n")
		switch {
		case dir == 1 && !c.smtp.greeted:
			if len(line) >= 3 && bytes.HasPrefix(line, []byte("220")) {
				for i := min(len(line), 4); i < len(line); i++ {
					if ch := line[i]; ch != '2' && ch != '0' {
						put(at+i, '*')
					}
				}
				c.smtp.greeted = len(line) < 4 || line[3] != '-'
			}
		case dir == 1:
		case c.smtp.data:
			c.smtp.data = string(line) != "."
		default:
			e.guardCommand(c, line, at, put)
		}
		at = end
	}
	if out != nil {
		f.v.Out.Payload = out
		f.pass("INSPECT", "smtp: masked", e.fixLine(c.kind))
	}
}

func (e *Engine) guardCommand(c *conn, line []byte, at int, put func(int, byte)) {
	verb := line
	if i := bytes.IndexByte(line, ' '); i >= 0 {
		verb = line[:i]
	}
	known := slices.ContainsFunc(smtpCommands[:], func(w string) bool { return bytes.EqualFold(verb, []byte(w)) })
	switch {
	case len(line) == 0:
	case !known:
		for i := range verb {
			put(at+i, 'X')
		}
	case bytes.EqualFold(verb, []byte("DATA")):
		c.smtp.data = true
	case bytes.EqualFold(verb, []byte("MAIL")) || bytes.EqualFold(verb, []byte("RCPT")):
		first, last := bytes.IndexByte(line, '<'), bytes.LastIndexByte(line, '>')
		for i, ch := range line {
			if ch != '|' && (ch != '<' || i == first) && (ch != '>' || i == last) {
				continue
			}
			put(at+i, ' ')
			e.emit(syslog.New(108002, string(ch), c.key[1-c.hi].src, c.key[c.hi].src, printable(line)))
		}
	}
}

// printable is a line for a message: what is no ASCII text is a dot.
func printable(line []byte) string {
	b := slices.Clone(line[:min(len(line), 100)])
	for i, ch := range b {
		if ch < ' ' || ch > '~' {
			b[i] = '.'
		}
	}
	return string(b)
}

// clampMSS lowers the segment size that a SYN offers to what `sysopt connection tcpmss` allows (semantics.md 1.2), or raises it to
// the minimum.
func (e *Engine) clampMSS(f *flight) {
	o, s := f.pkt.TCPOptions, &e.plan.Sysopt
	for i := 0; i+1 < len(o) && o[i] != 0; {
		if o[i] == 1 {
			i++
			continue
		}
		if o[i] == 2 && o[i+1] == 4 && i+4 <= len(o) {
			mss := int(o[i+2])<<8 | int(o[i+3])
			to := mss
			if s.TCPMSS > 0 {
				to = min(to, s.TCPMSS)
			}
			to = max(to, s.TCPMSSMin)
			if to != mss {
				o = slices.Clone(o)
				o[i+2], o[i+3] = byte(to>>8), byte(to)
				f.v.Out.TCPOptions = o
				f.pass("TCP-NORMALIZER", "segment size "+itoa(uint64(mss))+" becomes "+itoa(uint64(to)))
			}
			return
		}
		if o[i+1] < 2 {
			return
		}
		i += int(o[i+1])
	}
}
