package equivalence

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A maker writes random configurations in which much overlaps with much else.
type maker struct {
	*rand.Rand
	nets  []segment
	lines []string
}

// A segment is an interface with the addresses around it.
type segment struct {
	name   string
	level  int
	prefix string // of its /24: "10.0.0."
	behind string // a /16 that is routed there: "10.9."; empty: none
}

func (m *maker) of(words ...string) string { return words[m.IntN(len(words))] }
func (m *maker) chance(percent int) bool   { return m.IntN(100) < percent }

func (m *maker) add(format string, args ...any) {
	m.lines = append(m.lines, fmt.Sprintf(format, args...))
}

// hosts of a segment on which rules meet.
var hosts = []string{"5", "6", "7", "63", "64", "80", "81", "127", "128", "200"}

func (m *maker) host(s *segment) string {
	if s.behind != "" && m.chance(15) {
		return s.behind + m.of("0.5", "1.1", "255.254")
	}
	return s.prefix + hosts[m.IntN(len(hosts))]
}

func (m *maker) segment() *segment { return &m.nets[m.IntN(len(m.nets))] }

// pair is a higher and a lower interface.
func (m *maker) pair() (hi, lo *segment) {
	for range 20 {
		hi, lo = m.segment(), m.segment()
		if hi.level > lo.level {
			return hi, lo
		}
	}
	return &m.nets[1], &m.nets[0]
}

// network is an address with a mask, of a segment or of the world.
func (m *maker) network(sub bool) string {
	s := m.segment()
	switch m.IntN(8) {
	case 0:
		return s.prefix + "0 255.255.255.0"
	case 1:
		return s.prefix + m.of("0", "128") + " 255.255.255.128"
	case 2:
		return s.prefix + m.of("64", "192") + " 255.255.255.192"
	case 3:
		if s.behind != "" {
			return s.behind + "0.0 255.255.0.0"
		}
		return s.prefix + "80 255.255.255.254"
	case 4:
		return m.of("198.51.100.0 255.255.255.0", "198.51.100.0 255.255.255.252", "192.0.2.0 255.255.255.0", "128.0.0.0 128.0.0.0")
	case 5:
		if sub {
			return m.host(s) + " 255.255.255.255"
		}
	}
	return s.prefix + m.of("80", "10", "20", "5") + " 255.255.255.255"
}

func (m *maker) side() string {
	switch m.IntN(10) {
	case 0, 1, 2:
		return "any"
	case 3, 4, 5:
		return "host " + m.host(m.segment())
	case 6:
		return "host " + m.nets[0].prefix + m.of("10", "11", "12", "20", "80", "81", "82", "90")
	case 7:
		return "object-group NETS"
	case 8:
		if m.chance(20) {
			return "interface " + m.segment().name
		}
	}
	return m.network(true)
}

func (m *maker) ports() string {
	return m.of("", "", " eq 80", " eq 25", " range 20 100", " gt 1023", " neq 80", " lt 512", " eq 8080", " object-group PORTS", " range 1000 1000")
}

func (m *maker) entry(id string) {
	action := m.of("permit", "permit", "deny")
	log := m.of("", "", "", "", "", " log", " log disable", " log 4")
	switch p := m.of("tcp", "tcp", "udp", "ip", "icmp", "gre", "tcp", "object-group PROTOS"); p {
	case "tcp", "udp":
		ports := m.ports()
		if p == "udp" {
			ports = strings.Replace(ports, "PORTS", "UPORTS", 1)
		}
		m.add("access-list %s %s %s %s%s %s%s%s", id, action, p, m.side(), m.of("", "", "", " gt 1023", " range 1 2000"), m.side(), ports, log)
	case "icmp":
		m.add("access-list %s %s icmp %s %s%s%s", id, action, m.side(), m.side(), m.of("", " echo", " echo-reply", " unreachable", " object-group TYPES"), log)
	default:
		m.add("access-list %s %s %s %s %s%s", id, action, p, m.side(), m.side(), log)
	}
}

// config writes a configuration. What it gets wrong is left out when it is read, as on a console.
func (m *maker) config() []string {
	m.frame()
	m.groups()
	for k := range m.nets {
		if !m.chance(75) {
			continue
		}
		id := fmt.Sprintf("acl%d", k)
		n := 1 + m.IntN(8)
		if m.chance(8) {
			n = 65 + m.IntN(60) // long enough to be a tree in the kernel
		}
		for range n {
			m.entry(id)
		}
		if m.chance(60) {
			m.add("access-list %s permit %s any any", id, m.of("ip", "ip", "tcp", "icmp"))
		}
		m.add("access-group %s in interface %s", id, m.nets[k].name)
	}
	m.translations()
	m.outsideNAT()
	m.older()
	for range m.IntN(5) {
		m.conduit()
	}
	m.box()
	m.settings()
	m.users()
	for i := range m.nets {
		if m.chance(10) {
			m.add("ip verify reverse-path interface %s", m.nets[i].name)
		}
	}
	return m.lines
}

func (m *maker) frame() {
	n := 2 + m.IntN(5)
	m.nets = []segment{{"outside", 0, "203.0.113.", ""}, {"inside", 100, "10.0.0.", "10.9."}}
	for k := 2; k < n; k++ {
		level := m.IntN(9)*10 + 10
		m.nets = append(m.nets, segment{fmt.Sprintf("dmz%d", k), level, fmt.Sprintf("172.16.%d.", k), m.of("", fmt.Sprintf("172.%d.", 20+k))})
	}
	for k, s := range m.nets {
		m.add("interface ethernet%d auto", k)
		m.add("nameif ethernet%d %s security%d", k, s.name, s.level)
	}
	for k, s := range m.nets {
		if k > 1 && m.chance(4) {
			if m.chance(50) {
				continue // it has no address
			}
			m.add("interface ethernet%d auto shutdown", k)
		}
		m.add("ip address %s %s1 255.255.255.0", s.name, s.prefix)
	}
	if m.chance(90) {
		m.add("route outside 0.0.0.0 0.0.0.0 203.0.113.254 1")
	}
	for _, s := range m.nets {
		if s.behind != "" {
			m.add("route %s %s0.0 255.255.0.0 %s2 1", s.name, s.behind, s.prefix)
		}
	}
}

func (m *maker) groups() {
	m.add("object-group network NETS")
	for range 1 + m.IntN(3) {
		if m.chance(50) {
			m.add(" network-object host %s", m.host(m.segment()))
		} else {
			m.add(" network-object %s", m.network(true))
		}
	}
	if m.chance(30) { // groups in the group
		m.add("object-group network MORE")
		m.add(" network-object %s", m.network(true))
		m.add("object-group network NETS")
		m.add(" group-object MORE")
	}
	for _, g := range []string{"PORTS tcp", "UPORTS udp"} {
		m.add("object-group service %s", g)
		m.add(" port-object eq %s", m.of("80", "25", "161", "53"))
		m.add(" port-object range %s", m.of("20 21", "1000 2000", "65000 65535"))
	}
	m.add("object-group protocol PROTOS")
	m.add(" protocol-object %s", m.of("tcp", "udp", "icmp", "gre"))
	m.add(" protocol-object %s", m.of("tcp", "esp", "50", "99"))
	m.add("object-group icmp-type TYPES")
	m.add(" icmp-object %s", m.of("echo", "echo-reply", "unreachable"))
	m.add(" icmp-object %s", m.of("time-exceeded", "13"))
}

// translations are statics, exemptions, policy NAT, pools and PAT.
func (m *maker) translations() {
	for range m.IntN(7) {
		hi, lo := m.pair()
		switch m.IntN(8) {
		case 0, 1, 2:
			m.add("static (%s,%s) %s%d %s netmask 255.255.255.255%s", hi.name, lo.name, lo.prefix, 80+m.IntN(6), m.host(hi), m.dns()+m.limit())
		case 3:
			m.add("static (%s,%s) %s128 %s netmask 255.255.255.%s%s", hi.name, lo.name, lo.prefix, hi.prefix+"128", m.of("128", "192", "248"), m.dns()+m.limit())
		case 4:
			m.add("static (%s,%s) %s0 %s0 netmask 255.255.255.0%s", hi.name, lo.name, hi.prefix, hi.prefix, m.dns()+m.limit())
		case 5, 6:
			m.add("static (%s,%s) %s %s %s %s %s netmask 255.255.255.255%s", hi.name, lo.name, m.of("tcp", "udp"),
				m.of("interface", lo.prefix+"82", lo.prefix+"80"), m.of("80", "25", "8080"), m.host(hi), m.of("80", "25", "8025"), m.limit())
		default:
			id := fmt.Sprintf("ps%d", len(m.lines))
			if m.chance(40) {
				proto := m.of("tcp", "udp")
				m.add("access-list %s permit %s host %s eq %s %s%s", id, proto, m.host(hi), m.of("80", "25", "8025"), m.network(true), m.of("", "", " gt 1023"))
				m.add("static (%s,%s) %s %s%d %s access-list %s%s", hi.name, lo.name, proto, lo.prefix, 90+m.IntN(3), m.of("80", "8080"), id, m.limit())
				continue
			}
			if m.chance(30) {
				m.add("access-list %s permit ip %s128 255.255.255.%s %s", id, hi.prefix, m.of("192", "248"), m.network(true))
				m.add("static (%s,%s) %s128 access-list %s%s", hi.name, lo.name, lo.prefix, id, m.limit())
				continue
			}
			m.add("access-list %s permit ip host %s %s", id, m.host(hi), m.network(true))
			m.add("static (%s,%s) %s%d access-list %s%s", hi.name, lo.name, lo.prefix, 90+m.IntN(3), id, m.limit())
		}
	}
	for range 1 + m.IntN(4) {
		hi, lo := m.pair()
		id := 1 + m.IntN(3)
		switch m.IntN(8) {
		case 0, 1, 2:
			m.add("nat (%s) %d 0.0.0.0 0.0.0.0%s", hi.name, id, m.dns()+m.limit())
		case 3:
			m.add("nat (%s) %d %s0 255.255.255.0%s", hi.name, id, hi.prefix, m.dns()+m.limit())
		case 4:
			m.add("nat (%s) %d %s64 255.255.255.192%s", hi.name, id, hi.prefix, m.limit())
		case 5:
			m.add("nat (%s) 0 %s%s 255.255.255.%s%s", hi.name, hi.prefix, m.of("5", "6", "128"), m.of("255", "128"), m.limit())
		case 6:
			list := fmt.Sprintf("pn%d", len(m.lines))
			m.add("access-list %s permit %s %s0 255.255.255.0 %s%s", list, "tcp", hi.prefix, m.network(true), m.of("", " eq 80", " range 20 100"))
			m.add("nat (%s) %d access-list %s%s", hi.name, id, list, m.limit())
		default:
			list := fmt.Sprintf("nn%d", len(m.lines))
			for range 1 + m.IntN(2) {
				m.add("access-list %s %s ip %s %s", list, m.of("permit", "permit", "deny"), m.network(true), m.network(true))
			}
			m.add("nat (%s) 0 access-list %s", hi.name, list)
		}
		for range 1 + m.IntN(2) {
			switch m.IntN(4) {
			case 0, 1:
				m.add("global (%s) %d %s1%d-%s1%d netmask 255.255.255.0", lo.name, id, lo.prefix, m.IntN(2), lo.prefix, 2+m.IntN(8))
			case 2:
				m.add("global (%s) %d %s%d", lo.name, id, lo.prefix, 20+m.IntN(3))
			default:
				m.add("global (%s) %d interface", lo.name, id)
			}
		}
	}
}

func (m *maker) conduit() {
	action := m.of("permit", "permit", "deny")
	to := m.nets[0].prefix + m.of("80 255.255.255.255", "64 255.255.255.192", "0 255.255.255.0")
	from := m.of("0.0.0.0 0.0.0.0", m.network(true))
	switch m.IntN(4) {
	case 0:
		m.add("conduit %s icmp %s %s", action, to, from)
	case 1:
		m.add("conduit %s ip %s %s", action, to, from)
	default:
		m.add("conduit %s %s %s%s %s", action, m.of("tcp", "udp"), to, m.of("", " eq 80", " range 20 100"), from)
	}
}

// settings are lines that change how the others work.
func (m *maker) settings() {
	for _, line := range []string{"service resetinbound", "service resetoutside", "sysopt connection timewait", "sysopt connection tcpmss 0", "sysopt connection tcpmss 500",
		"sysopt nodnsalias inbound", "sysopt nodnsalias outbound", "sysopt noproxyarp " + m.segment().name, "sysopt security fragguard", "floodguard enable",
		"no fixup protocol dns", "fixup protocol dns maximum-length 1000", "fixup protocol icmp error", "fragment chain 1 " + m.segment().name} {
		if m.chance(4) {
			m.add("%s", line)
		}
	}
}

// box are the lines about packets to the firewall itself.
func (m *maker) box() {
	for range m.IntN(3) {
		m.add("icmp %s %s%s %s", m.of("permit", "deny"), m.of("any", "host "+m.host(m.segment())), m.of("", " echo", " unreachable"), m.segment().name)
	}
	for range m.IntN(3) {
		switch s := m.segment(); m.IntN(4) {
		case 0:
			m.add("snmp-server host %s %s%s", s.name, m.host(s), m.of("", " poll", " trap"))
		case 1:
			m.add("http server enable")
			m.add("http %s %s", m.network(true), s.name)
		default:
			m.add("%s %s %s", m.of("telnet", "ssh"), m.network(true), s.name)
		}
	}
}
