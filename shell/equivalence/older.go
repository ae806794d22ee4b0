package equivalence

import "fmt"

// older are the lines of older kinds: outbound lists, established, alias.
func (m *maker) older() {
	if m.chance(25) {
		id := 1 + m.IntN(3)
		for range 1 + m.IntN(5) {
			ports := m.of("", "", " 80", " 20-100", " 80 tcp", " 53 udp", " 0 icmp", " 0 tcp", " 8080")
			net := m.network(true)
			switch m.IntN(4) {
			case 0:
				net = "0.0.0.0 0.0.0.0"
			case 1:
				net = m.host(m.segment()) + " 255.255.255.255"
			}
			m.add("outbound %d %s %s%s", id, m.of("permit", "deny", "deny", "except"), net, ports)
		}
		hi, _ := m.pair()
		for range 1 + m.IntN(2) {
			m.add("apply (%s) %d %s", hi.name, id, m.of("outgoing_src", "outgoing_dest"))
		}
	}
	if m.chance(15) {
		m.add("established %s %s %s%s%s", m.of("tcp", "udp"), m.of("0", "80", "22", "8080"), m.of("0", "0", "1"),
			m.of("", " permitto tcp 1024-65535", " permitto udp 20-100", " permitto tcp 0"), m.of("", "", " permitfrom tcp 1024-65535", " permitfrom udp 0"))
	}
	if m.chance(15) {
		hi, lo := m.pair()
		if m.chance(50) {
			m.add("alias (%s) %s%d %s 255.255.255.255", hi.name, "10.99.0.", 60+m.IntN(6), m.of(m.host(lo), "198.51.100.7", m.host(m.segment())))
		} else {
			m.add("alias (%s) 10.99.0.0 %s 255.255.255.0", hi.name, m.of("198.51.100.0", lo.prefix+"0"))
		}
	}
}

// outsideNAT are statics and pools that translate who is on the lower side.
func (m *maker) outsideNAT() {
	if m.chance(15) {
		hi, lo := m.pair()
		if m.chance(25) {
			m.add("static (%s,%s) %s192 %s192 netmask 255.255.255.%s", lo.name, hi.name, hi.prefix, lo.prefix, m.of("192", "240"))
		} else {
			m.add("static (%s,%s) %s%d %s netmask 255.255.255.255", lo.name, hi.name, hi.prefix, 40+m.IntN(4), m.host(lo))
		}
	}
	if m.chance(10) {
		hi, lo := m.pair()
		m.add("nat (%s) 7 %s outside", lo.name, m.of("0.0.0.0 0.0.0.0", lo.prefix+"0 255.255.255.0", "198.51.100.0 255.255.255.0"))
		m.add("global (%s) 7 %s%s", hi.name, hi.prefix, m.of("44-"+hi.prefix+"46", "45", "44-"+hi.prefix+"44"))
	}
	if m.chance(8) {
		hi, lo := m.pair()
		id := fmt.Sprintf("po%d", len(m.lines))
		m.add("access-list %s permit %s %s %s", id, m.of("ip", "tcp", "udp"), m.network(true), m.network(true))
		if m.chance(40) {
			m.add("nat (%s) 0 access-list %s outside", lo.name, id)
		} else {
			m.add("nat (%s) 8 access-list %s outside", lo.name, id)
			m.add("global (%s) 8 %s%s", hi.name, hi.prefix, m.of("47-"+hi.prefix+"48", "49"))
		}
	}
}

// limit is the numbers at the end of a static or nat: connections, and half-open ones.
func (m *maker) limit() string {
	switch {
	case m.chance(15):
		return fmt.Sprintf(" %d 0", 1+m.IntN(3))
	case m.chance(3):
		return fmt.Sprintf(" %d %d", m.IntN(2)*4, 1+m.IntN(3))
	}
	return ""
}

// dns is the word of a static or nat that has answers of name servers rewritten.
func (m *maker) dns() string { return m.of("", "", "", " dns") }

// users have to log in.
func (m *maker) users() {
	if !m.chance(12) {
		return
	}
	m.add("aaa-server T protocol tacacs+")
	m.add("aaa-server T (%s) host %s250 key", m.nets[1].name, m.nets[1].prefix)
	if m.chance(30) {
		k := m.IntN(len(m.nets))
		id := fmt.Sprintf("au%d", k)
		m.entry(id)
		m.add("access-list %s permit tcp any any", id)
		m.add("aaa authentication match %s %s T", id, m.nets[k].name)
		return
	}
	for range 1 + m.IntN(2) {
		local := m.of("0.0.0.0 0.0.0.0", m.network(true))
		m.add("aaa authentication %s %s %s %s %s T", m.of("include", "include", "exclude"),
			m.of("http", "any", "telnet", "ftp", "tcp/80", "tcp/0", "udp/53", "icmp/8"), m.of("inbound", "outbound", m.segment().name), local,
			m.of("0.0.0.0 0.0.0.0", m.network(true)))
	}
}
