package ast

import (
	"strconv"
	"time"
)

// A Printer writes commands in canonical form. The zero Printer prints raw addresses and secrets as they are stored.
type Printer struct {
	Names       map[IP]string // addresses printed by name, while `names` is on
	Used        map[IP]bool   // where not nil, the addresses that were printed by name are put in
	HideSecrets bool          // keys and passwords become ********
	MaskKeys    bool          // those become ******** that a PIX does not show in show run (commands-firewall.md section 4.4)
	buf         []byte
	open        bool // something is on the line
}

// Text is the canonical text of one command, without line end.
func Text(c Command) string { return string(Append(nil, c)) }

// Append appends the canonical text of one command.
func Append(dst []byte, c Command) []byte {
	p := Printer{buf: dst}
	c.print(&p)
	return p.buf
}

// Text is the canonical text of one command as p prints it.
func (p *Printer) Text(c Command) string {
	p.buf, p.open = p.buf[:0], false
	c.print(p)
	return string(p.buf)
}

// word starts the next word.
func (p *Printer) word(words ...string) *Printer {
	for _, w := range words {
		p.sep()
		p.buf = append(p.buf, w...)
	}
	return p
}

func (p *Printer) sep() {
	if p.open {
		p.buf = append(p.buf, ' ')
	}
	p.open = true
}

// wordIf adds words only when cond holds.
func (p *Printer) wordIf(cond bool, words ...string) *Printer {
	if cond {
		p.word(words...)
	}
	return p
}

// ip adds an address, by name where there is one.
func (p *Printer) ip(ip IP) *Printer {
	p.sep()
	if n, ok := p.Names[ip]; ok {
		if p.Used != nil {
			p.Used[ip] = true
		}
		p.buf = append(p.buf, n...)
		return p
	}
	p.buf = ip.Append(p.buf)
	return p
}

// mask adds a netmask, which never has a name.
func (p *Printer) mask(ip IP) *Printer {
	p.sep()
	p.buf = ip.Append(p.buf)
	return p
}

func (p *Printer) num(n int) *Printer {
	p.sep()
	p.buf = strconv.AppendInt(p.buf, int64(n), 10)
	return p
}

// paren adds (a) or (a,b).
func (p *Printer) paren(names ...string) *Printer {
	p.sep()
	p.buf = append(p.buf, '(')
	for i, n := range names {
		if i > 0 {
			p.buf = append(p.buf, ',')
		}
		p.buf = append(p.buf, n...)
	}
	p.buf = append(p.buf, ')')
	return p
}

// span adds first-last, or first alone when they are equal.
func (p *Printer) span(first, last IP) *Printer {
	p.ip(first)
	if last != first {
		p.buf = append(p.buf, '-')
		p.open = false
		p.ip(last)
	}
	return p
}

// hms adds a duration the PIX way: hours unpadded, minutes and seconds in two digits.
func (p *Printer) hms(d time.Duration) *Printer {
	p.sep()
	p.buf = append(p.buf, HMS(d)...)
	return p
}

// secret adds a key. Masked ones print as they were read.
func (p *Printer) secret(s Secret) *Printer {
	if p.HideSecrets && !s.Masked() {
		return p.word("********")
	}
	return p.word(string(s))
}

// key adds a key that a PIX keeps and does not show.
func (p *Printer) key(s Secret) *Printer { return p.keyAs(s, "********") }

// keyAs is key with the asterisks that stand for it.
func (p *Printer) keyAs(s Secret, stars string) *Printer {
	if (p.HideSecrets || p.MaskKeys) && !s.Masked() {
		return p.word(stars)
	}
	return p.word(string(s))
}

// HMS formats a duration as H:MM:SS.
func HMS(d time.Duration) string {
	s := int64(d / time.Second)
	b := strconv.AppendInt(nil, s/3600, 10)
	for _, n := range [2]int64{s / 60 % 60, s % 60} {
		b = append(b, ':', byte('0'+n/10), byte('0'+n%10))
	}
	return string(b)
}

// A Secret is a key or password in clear, or the asterisks that a PIX shows for one.
type Secret string

// Masked reports whether only asterisks are left of the secret: its value is not known.
func (s Secret) Masked() bool {
	for i := 0; i < len(s); i++ {
		if s[i] != '*' {
			return false
		}
	}
	return len(s) > 0
}

// MarshalText never shows a secret in JSON.
func (s Secret) MarshalText() ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	return []byte("********"), nil
}
