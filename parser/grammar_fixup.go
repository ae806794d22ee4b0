package parser

import "pixfw/ast"

// fixupWhat is the inspection that a fixup line speaks of, one alternative an application (commands-firewall.md
// section 5.7).
type fixupWhat struct {
	DNS    bool      `parser:"  @'dns'"`
	Length dnsLength `parser:"  ( 'maximum-length' @@ )?"`
	Domain bool      `parser:"| @'domain' '53'"` // how 6.3(1) spells dns
	FTP    kw        `parser:"| @'ftp' @'strict'?"`
	FTPAt  portSpan  `parser:"  @@?"`
	H323   kw        `parser:"| @'h323' @( 'h225' | 'ras' )"`
	H323At portSpan  `parser:"  @@?"`
	Old    bool      `parser:"| @'h323'"`
	OldAt  portSpan  `parser:"  @@?"`
	Plain  kw        `parser:"| @( 'esp-ike' ) | @'icmp' @'error'"`
	SIP    kw        `parser:"| @'sip' @'udp'?"`
	SIPAt  portSpan  `parser:"  @@?"`
	Other  kw        `parser:"| @( 'ctiqbe' | 'http' | 'ils' | 'mgcp' | 'pptp' | 'rsh' | 'rtsp' | 'skinny' | 'smtp' | 'snmp' | 'sqlnet' | 'tftp' )"`
	At     portSpan  `parser:"  @@?"`
}

// fixupPorts are the ports of an inspection that is switched on without any.
var fixupPorts = map[string][2]uint16{"ftp": {21, 21}, "h323 h225": {1720, 1720}, "h323 ras": {1718, 1719}, "http": {80, 80},
	"ils": {389, 389}, "mgcp": {2427, 2427}, "pptp": {1723, 1723}, "rsh": {514, 514}, "rtsp": {554, 554}, "sip": {5060, 5060},
	"sip udp": {5060, 5060}, "skinny": {2000, 2000}, "smtp": {25, 25}, "snmp": {161, 162}, "sqlnet": {1521, 1521}, "tftp": {69, 69},
	"ctiqbe": {2748, 2748}, "ftp strict": {21, 21}}

func (g *fixupWhat) fixup(c *conv, on ast.Switch) ast.Command {
	f := &ast.Fixup{Pos: c.pos, On: on}
	words := string(g.FTP + g.H323 + g.Plain + g.SIP + g.Other)
	at := g.FTPAt.word
	for _, w := range [...]portSpan{g.H323At, g.OldAt, g.SIPAt, g.At} {
		if w.given() {
			at = w.word
		}
	}
	switch {
	case g.DNS, g.Domain:
		f.Protocol, f.MaxLength = "dns", g.Length.nOr(512)
		return f
	case g.Old: // the spelling before 6.2
		words = "h323 h225"
	}
	f.Protocol, f.Sub, _ = cut(words)
	ports := fixupPorts[words]
	if f.First, f.Last = ports[0], ports[1]; at.given() {
		f.First, f.Last, _ = parsePortSpan(at.Text)
		checkFixup(c, f, at, ports)
		return f
	}
	if !on || f.Protocol == "mgcp" {
		// Without a port `no` means all of the protocol, and mgcp both of its ports.
		f.First, f.Last = 0, 0
		if g.Old && !bool(on) {
			f.Sub = ""
		}
	}
	return f
}

// checkFixup refuses ports that a protocol cannot be moved to (commands-firewall.md section 5.7).
func checkFixup(c *conv, f *ast.Fixup, at word, ports [2]uint16) {
	name := f.Protocol
	if f.Sub == "udp" {
		name += " udp"
	}
	switch name {
	case "rsh", "ctiqbe", "pptp", "sip udp", "snmp":
		if f.First < ports[0] || f.Last > ports[1] {
			c.fail(at, codeRange, badValue{kind: ast.Range, message: "fixup protocol " + name + " stays on port " + itoa(int(ports[0]))})
		}
	case "ftp", "rtsp":
		if f.First != f.Last {
			c.fail(at, codeBadValue, badValue{kind: ast.BadValue, message: "fixup protocol " + name + " takes one port, not a range"})
		}
	}
}

type fixupGrammar struct {
	What fixupWhat `parser:"'fixup' 'protocol' @@"`
}

func (g *fixupGrammar) toAST(c *conv) ast.Command { return g.What.fixup(c, true) }

type noFixupGrammar struct {
	What fixupWhat `parser:"'no' 'fixup' 'protocol' @@"`
}

// A fixup of the factory is stored also when it is off. Without a port all lines of the protocol are meant.
func (g *noFixupGrammar) toAST(c *conv) ast.Command { return g.What.fixup(c, false) }
