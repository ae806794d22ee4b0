package compiler

import (
	"strconv"
	"strings"
	"time"

	"pixfw/ast"
)

// box collects who may talk to the firewall itself (semantics.md 1.9).
func (c *compiler) box() {
	b := &c.plan.Box
	for _, m := range c.lines.management {
		list := map[string]*[]Access{"telnet": &b.Telnet, "ssh": &b.SSH, "http": &b.HTTP}[m.Service]
		if list == nil {
			continue
		}
		if m.If == "" {
			// Without an interface the line holds on every internal one: all but the least trusted.
			for i := range c.plan.Interfaces {
				if c.plan.Interfaces[i].Level > c.lowestLevel() {
					*list = append(*list, Access{Line: From(m), If: i, Net: network(m.Net)})
				}
			}
			continue
		}
		if i, ok := c.ifIndex(m, m.If); ok {
			*list = append(*list, Access{Line: From(m), If: i, Net: network(m.Net)})
		}
	}
	if c.lines.httpServer != nil {
		b.HTTPServer = From(c.lines.httpServer)
	}
	for _, r := range c.lines.icmp {
		i, ok := c.ifIndex(r, r.If)
		if !ok {
			continue
		}
		if r.Src.Kind != ast.AddrNet {
			c.unknown("E208", r, "object-group", r.Src.Ref, "name a host or a network", nil)
			continue
		}
		b.ICMP = append(b.ICMP, ICMPRule{Line: From(r), If: i, Permit: r.Permit, Src: network(r.Src.Net), Type: r.Type})
	}
	for _, h := range c.lines.snmpHosts {
		if i, ok := c.ifIndex(h, h.If); ok {
			b.SNMP = append(b.SNMP, SNMPHost{Line: From(h), If: i, IP: h.IP, Poll: h.For != "trap", Trap: h.For != "poll"})
		}
	}
	if c.lines.community != nil {
		b.Community = c.lines.community.Community
	}
}

func (c *compiler) lowestLevel() int {
	low := 100
	for i := range c.plan.Interfaces {
		low = min(low, c.plan.Interfaces[i].Level)
	}
	return low
}

// timeouts merges the configured timers over the defaults.
func (c *compiler) timeouts() {
	t := &c.plan.Timeouts
	t.Embryonic, t.PATXlate = 120*time.Second, 30*time.Second // semantics.md 1.2, 3.5
	fields := map[string]*time.Duration{
		"xlate": &t.Xlate, "conn": &t.Conn, "half-closed": &t.HalfClosed, "udp": &t.UDP, "rpc": &t.RPC, "h225": &t.H225,
		"h323": &t.H323, "mgcp": &t.MGCP, "sip": &t.SIP, "sip_media": &t.SIPMedia,
		"sip-disconnect": &t.SIPDisconnect, "sip-invite": &t.SIPInvite,
	}
	set := func(timer ast.Timer) {
		switch {
		case timer.Name == "uauth" && timer.Kind == "inactivity":
			c.plan.UAuth.Inactivity = timer.Time
		case timer.Name == "uauth":
			c.plan.UAuth.Absolute = timer.Time
		case fields[timer.Name] != nil:
			*fields[timer.Name] = timer.Time
		}
	}
	t.SIPDisconnect, t.SIPInvite = 2*time.Minute, 3*time.Minute // not in every 6.3 (commands-firewall.md section 5.8)
	for _, timer := range ast.DefaultTimers() {
		set(timer)
	}
	for _, line := range c.lines.timeouts {
		for _, timer := range line.Timers {
			set(timer)
			if timer.Name == "uauth" {
				c.plan.UAuth.Line = From(line)
			}
		}
	}
	u := &c.plan.UAuth
	u.NoCache = !u.Line.IsDefault() && u.Absolute <= 0 && u.Inactivity <= 0
}

// speaksIKE refuses esp-ike beside an IKE of the box's own: both want the same packets (semantics.md section 7).
func (c *compiler) speaksIKE(f *ast.Fixup) bool {
	for i := range c.plan.Interfaces {
		if x := &c.plan.Interfaces[i]; !x.ISAKMP.IsDefault() {
			d := c.refuse("E310", ast.BadValue, f, f.Protocol, "esp-ike and isakmp on interface %s exclude each other", x.Name)
			d.Hint = "remove one of the two"
			c.noteLine(d, x.ISAKMP.cmd)
			return true
		}
	}
	return false
}

// fixups lists the inspections that are on. A PIX prints every one of them, on or off, so a protocol of which the
// configuration says nothing is as it comes from the factory.
func (c *compiler) fixups() {
	type key struct{ protocol, sub string }
	keyOf := func(f *ast.Fixup) key {
		switch f.Sub {
		case "h225", "ras", "udp":
			return key{f.Protocol, f.Sub}
		}
		return key{f.Protocol, ""} // strict is a way of doing ftp, not another protocol
	}
	stated := map[key]bool{}
	for _, f := range c.lines.fixups {
		stated[keyOf(f)] = true
		if !bool(f.On) && f.First == 0 && f.Sub == "" {
			// `no fixup protocol h323` speaks of all of h323.
			stated[key{f.Protocol, "*"}] = true
		}
		if bool(f.On) && f.Protocol == "esp-ike" && c.speaksIKE(f) {
			continue
		}
		if f.On {
			c.plan.Fixups = append(c.plan.Fixups, fixup(From(f), f))
		}
	}
	for _, f := range ast.DefaultFixups() {
		if !stated[keyOf(f)] && !stated[key{f.Protocol, "*"}] {
			c.plan.Fixups = append(c.plan.Fixups, fixup(Line{}, f))
		}
	}
}

func fixup(line Line, f *ast.Fixup) Fixup {
	out := Fixup{Line: line, Protocol: f.Protocol, Sub: f.Sub, Ports: PortRange{f.First, max(f.First, f.Last)}, MaxLength: f.MaxLength}
	switch f.Protocol {
	case "dns":
		out.Transport, out.Ports = ast.ProtoUDP, PortRange{53, 53}
	case "tftp":
		out.Transport = ast.ProtoUDP
	case "h323", "sip":
		out.Transport = ast.ProtoTCP
		if f.Sub == "ras" || f.Sub == "udp" {
			out.Transport = ast.ProtoUDP
		}
	case "icmp", "esp-ike":
	case "mgcp", "snmp":
		out.Transport = ast.ProtoUDP
	default:
		out.Transport = ast.ProtoTCP
	}
	return out
}

// sysopt reads the options that change what packets may do.
func (c *compiler) sysopt() {
	s := &c.plan.Sysopt
	s.TCPMSS = 1380
	for _, o := range c.lines.sysopts {
		switch w := strings.Fields(o.Option); {
		case o.Option == "connection permit-ipsec":
			s.PermitIPsec, s.PermitIPsecLine = true, From(o)
		case o.Option == "connection timewait":
			s.Timewait = true
		case o.Option == "connection permit-l2tp":
			s.PermitL2TP = true
		case o.Option == "connection permit-pptp":
			s.PermitPPTP = true
		case o.Option == "nodnsalias inbound":
			s.NoDNSAliasInbound = true
		case o.Option == "nodnsalias outbound":
			s.NoDNSAliasOutbound = true
		case o.Option == "ipsec pl-compatible":
			s.PLCompatible, s.PLCompatibleLine = true, From(o)
		case o.Option == "radius ignore-secret":
			s.RADIUSIgnoreSecret = true
		case o.Option == "uauth allow-http-cache":
			s.UauthHTTPCache = true
		case len(w) == 4 && w[1] == "tcpmss" && w[2] == "minimum":
			if n, err := strconv.Atoi(w[3]); err == nil {
				s.TCPMSSMin, s.TCPMSSMinLine = n, From(o)
			}
		case len(w) == 3 && w[0] == "connection" && w[1] == "tcpmss":
			if n, err := strconv.Atoi(w[2]); err == nil {
				s.TCPMSS = n
			}
		case len(w) == 2 && w[0] == "noproxyarp":
			if i, ok := c.ifIndex(o, w[1]); ok {
				c.plan.Interfaces[i].ProxyARP = false
			}
		}
	}
}
