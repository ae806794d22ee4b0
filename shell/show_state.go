package shell

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// protoName is a protocol as state tables print it.
func protoName(p uint8) string { return strings.ToUpper(ast.ProtocolWord(p)) }

func ifName(plan *compiler.Plan, i int) string {
	if plan == nil || i < 0 || i >= len(plan.Interfaces) {
		return "?"
	}
	return plan.Interfaces[i].Name
}

func ifLevel(plan *compiler.Plan, i int) int {
	if plan == nil || i < 0 || i >= len(plan.Interfaces) {
		return 0
	}
	return plan.Interfaces[i].Level
}

const xlateLegend = `Flags: D - DNS, d - dump, I - identity, i - inside, n - no random,
       o - outside, r - portmap, s - static
`

// formatXlate is `show xlate` (commands-vpn-aaa-show.md section 4.4).
func formatXlate(plan *compiler.Plan, t runtime.XlateTable, show *ast.Show) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d in use, %d most used\n", len(t.Xlates), t.MostUsed)
	if show.Form == "count" {
		return b.String()
	}
	if show.Form != "" {
		b.WriteString(xlateLegend)
	}
	for i := range t.Xlates {
		x := &t.Xlates[i]
		if !matchXlate(plan, x, &show.Filter) {
			continue
		}
		if show.Form == "" {
			switch {
			case x.Proto == ast.ProtoICMP:
				fmt.Fprintf(&b, "PAT Global %v Local %v ICMP id %d\n", x.Mapped, x.Real, x.RealPort)
			case x.Proto != 0:
				fmt.Fprintf(&b, "PAT Global %v(%d) Local %v(%d)\n", x.Mapped, x.MappedPort, x.Real, x.RealPort)
			default:
				fmt.Fprintf(&b, "Global %v Local %v\n", x.Mapped, x.Real)
			}
			continue
		}
		from, to := ifName(plan, x.RealIf), ifName(plan, x.MappedIf)
		if x.Proto != 0 {
			port := x.MappedPort
			if x.Proto == ast.ProtoICMP {
				port = 0
			}
			fmt.Fprintf(&b, "%s PAT from %s:%v/%d to %s:%v/%d", protoName(x.Proto), from, x.Real, x.RealPort, to, x.Mapped, port)
		} else {
			fmt.Fprintf(&b, "NAT from %s:%v to %s:%v", from, x.Real, to, x.Mapped)
		}
		fmt.Fprintf(&b, " flags %s", xlateFlags(plan, x))
		if show.Form == "debug" {
			fmt.Fprintf(&b, " idle %s timeout %s", ast.HMS(x.Idle), ast.HMS(x.Timeout))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func xlateFlags(plan *compiler.Plan, x *runtime.Xlate) string {
	flags := ""
	if x.Proto != 0 {
		flags += "r"
	}
	switch {
	case x.Static:
		flags += "s"
	case ifLevel(plan, x.RealIf) < ifLevel(plan, x.MappedIf):
		flags += "o"
	default:
		flags += "i"
	}
	if x.Identity {
		flags += "I"
	}
	return flags
}

func matchXlate(plan *compiler.Plan, x *runtime.Xlate, f *ast.StateFilter) bool {
	if !f.Global.Contains(x.Mapped) || !f.Local.Contains(x.Real) {
		return false
	}
	if len(f.Ifs) > 0 && !slices.Contains(f.Ifs, ifName(plan, x.RealIf)) && !slices.Contains(f.Ifs, ifName(plan, x.MappedIf)) {
		return false
	}
	for _, p := range f.Ports {
		port := x.RealPort
		if p.Which == "gport" {
			port = x.MappedPort
		}
		if x.Proto == 0 || port < p.Lo || port > p.Hi {
			return false
		}
	}
	if len(f.States) == 0 {
		return true
	}
	return slices.ContainsFunc(f.States, func(s string) bool {
		return s == "static" && x.Static || s == "portmap" && x.Proto != 0 || s == "identity" && x.Identity
	})
}

const connLegend = `Flags: A - awaiting inside ACK to SYN, a - awaiting outside ACK to SYN,
       B - initial SYN from outside, C - CTIQBE media, D - DNS, d - dump,
       E - outside back connection, F - outside FIN, f - inside FIN,
       G - group, g - MGCP, H - H.323, h - H.225.0, I - inbound data,
       i - incomplete, k - Skinny media, M - SMTP data, m - SIP media
       O - outbound data, P - inside back connection,
       q - SQL*Net data, R - outside acknowledged FIN,
       R - UDP RPC, r - inside acknowledged FIN, S - awaiting inside SYN,
       s - awaiting outside SYN, T - SIP, t - SIP transient, U - up
`

// formatConn is `show conn` (commands-vpn-aaa-show.md section 4.5).
func formatConn(plan *compiler.Plan, t runtime.ConnTable, show *ast.Show) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d in use, %d most used\n", len(t.Conns), t.MostUsed)
	if show.Form == "count" {
		return b.String()
	}
	if show.Form == "detail" {
		b.WriteString(connLegend)
	}
	for i := range t.Conns {
		c := &t.Conns[i]
		if !matchConn(c, &show.Filter) {
			continue
		}
		ports := c.Proto == ast.ProtoTCP || c.Proto == ast.ProtoUDP
		end := func(ip ast.IP, mark string, port uint16) string {
			if !ports {
				return ip.String()
			}
			return fmt.Sprintf("%v%s%d", ip, mark, port)
		}
		if show.Form == "detail" {
			fmt.Fprintf(&b, "%s %s:%s %s:%s", protoName(c.Proto), ifName(plan, c.OutIf), end(c.Foreign, "/", c.ForeignPort),
				ifName(plan, c.InIf), end(c.Local, "/", c.LocalPort))
		} else {
			fmt.Fprintf(&b, "%s out %s in %s idle %s", protoName(c.Proto), end(c.Foreign, ":", c.ForeignPort),
				end(c.Local, ":", c.LocalPort), ast.HMS(c.Idle))
			if c.Proto == ast.ProtoTCP {
				fmt.Fprintf(&b, " Bytes %d", c.Bytes)
			}
		}
		if c.Flags != "" {
			b.WriteString(" flags " + c.Flags)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func matchConn(c *runtime.Conn, f *ast.StateFilter) bool {
	if !f.Foreign.Contains(c.Foreign) || !f.Local.Contains(c.Local) || f.Proto != 0 && f.Proto != c.Proto {
		return false
	}
	for _, p := range f.Ports {
		port := c.LocalPort
		if p.Which == "fport" {
			port = c.ForeignPort
		}
		if port < p.Lo || port > p.Hi {
			return false
		}
	}
	if len(f.States) == 0 {
		return true
	}
	flag := map[string]string{"up": "U", "finin": "F", "finout": "f", "data_in": "I", "data_out": "O"}
	return slices.ContainsFunc(f.States, func(s string) bool { return flag[s] != "" && strings.Contains(c.Flags, flag[s]) })
}

// formatUauth is `show uauth` (commands-vpn-aaa-show.md section 4.11).
func formatUauth(t runtime.UserTable, now time.Time, name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%24s%-11s%s\n", "", "Current", "Most Seen")
	fmt.Fprintf(&b, "%-26s%-11d%d\n", "Authenticated Users", len(t.Users), t.MostSeen)
	fmt.Fprintf(&b, "%-26s%-11d%d\n", "Authen In Progress", t.InProgress, t.MostInProgress)
	for _, u := range t.Users {
		if name != "" && u.Name != name {
			continue
		}
		if u.IPsec {
			fmt.Fprintf(&b, "ipsec user '%s' at %v, authenticated\n", u.Name, u.Addr)
		} else {
			fmt.Fprintf(&b, "user '%s' at %v, authenticated\n", u.Name, u.Addr)
		}
		if u.ACL != "" {
			fmt.Fprintf(&b, "   access-list %s\n", u.ACL)
		}
		if u.IPsec {
			continue
		}
		fmt.Fprintf(&b, "   absolute   timeout: %s\n   inactivity timeout: %s\n", ast.HMS(u.Absolute), ast.HMS(u.Inactivity))
	}
	return b.String()
}

// formatLocalHost is `show local-host` (commands-vpn-aaa-show.md section 4.6), one block a host behind an interface.
func formatLocalHost(plan *compiler.Plan, conns runtime.ConnTable, xlates runtime.XlateTable, users runtime.UserTable, only ast.Span) string {
	type host struct {
		tcp, udp, embryonic int
		xlates, conns       []string
	}
	hosts := make([]map[ast.IP]*host, len(plan.Interfaces))
	at := func(i int, ip ast.IP) *host {
		if i < 0 || i >= len(hosts) {
			return &host{}
		}
		if hosts[i] == nil {
			hosts[i] = map[ast.IP]*host{}
		}
		if hosts[i][ip] == nil {
			hosts[i][ip] = &host{}
		}
		return hosts[i][ip]
	}
	lines := func(text string) []string { // without the counting line
		return strings.Split(strings.TrimSuffix(text, "\n"), "\n")[1:]
	}
	for _, x := range xlates.Xlates {
		h := at(x.RealIf, x.Real)
		h.xlates = append(h.xlates, lines(formatXlate(plan, runtime.XlateTable{Xlates: []runtime.Xlate{x}}, &ast.Show{}))...)
	}
	for _, c := range conns.Conns {
		h := at(c.InIf, c.Local)
		switch {
		case c.Proto == ast.ProtoUDP:
			h.udp++
		case c.Proto == ast.ProtoTCP && !strings.Contains(c.Flags, "U"):
			h.embryonic++
			h.tcp++
		case c.Proto == ast.ProtoTCP:
			h.tcp++
		}
		h.conns = append(h.conns, lines(formatConn(plan, runtime.ConnTable{Conns: []runtime.Conn{c}}, &ast.Show{}))...)
	}
	var b strings.Builder
	for i := range hosts {
		fmt.Fprintf(&b, "Interface %s: %d active, %d maximum active, 0 denied\n", ifName(plan, i), len(hosts[i]), len(hosts[i]))
		addrs := make([]ast.IP, 0, len(hosts[i]))
		for ip := range hosts[i] {
			addrs = append(addrs, ip)
		}
		slices.Sort(addrs)
		for _, ip := range addrs {
			if !only.Contains(ip) {
				continue
			}
			h := hosts[i][ip]
			fmt.Fprintf(&b, "local host: <%v>,\n    TCP connection count/limit = %d/unlimited\n    TCP embryonic count = %d\n"+
				"    TCP intercept watermark = unlimited\n    UDP connection count/limit = %d/unlimited\n  AAA:\n", ip, h.tcp, h.embryonic, h.udp)
			for _, u := range users.Users {
				if u.Addr == ip {
					fmt.Fprintf(&b, "    user '%s' at %v, authenticated\n       absolute   timeout: %s\n       inactivity timeout: %s\n",
						u.Name, u.Addr, ast.HMS(u.Absolute), ast.HMS(u.Inactivity))
				}
			}
			b.WriteString("  Xlate(s):\n")
			for _, l := range h.xlates {
				b.WriteString("    " + l + "\n")
			}
			b.WriteString("  Conn(s):\n")
			for _, l := range h.conns {
				b.WriteString("    " + l + "\n")
			}
		}
	}
	return b.String()
}
