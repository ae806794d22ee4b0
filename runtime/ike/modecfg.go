package ike

import (
	"encoding/binary"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
)

// The attributes of mode config (commands-vpn-aaa-show.md 2.7). Those from 28672 on are Cisco's.
const (
	cfgAddress   = 1
	cfgNetmask   = 2
	cfgDNS       = 3
	cfgNBNS      = 4
	cfgDefDomain = 28674
	cfgSplitDNS  = 28675
	cfgSplitIncl = 28676
	cfgPFS       = 28679
	cfgBackup    = 28681
)

// maxSplit bounds the networks of a split tunnel that go to a client: 14 bytes each, in one datagram.
const maxSplit = 200

// attrNames are the names of debug output.
var attrNames = [...]string{1: "IP4_ADDRESS", "IP4_NETMASK", "IP4_DNS", "IP4_NBNS", "ADDRESS_EXPIRY", "IP4_DHCP", "APPLICATION_VERSION",
	"IP6_ADDRESS", "IP6_NETMASK", "IP6_DNS", "IP6_NBNS", "IP6_DHCP", "IP4_SUBNET", "SUPPORTED_ATTRIBUTES", "IP6_SUBNET"}

func attrName(n uint16) string {
	if int(n) < len(attrNames) && attrNames[n] != "" {
		return attrNames[n]
	}
	return "UNKNOWN"
}

// responds reports whether requests of a peer for its configuration are answered: `client configuration address respond`, and
// always those of a client in a vpngroup.
func (m *Machine) responds(s *sa) bool {
	if s.initiator || s.noConfig {
		return false
	}
	cm := m.cryptoMap(s)
	return s.group != compiler.None || cm != nil && !cm.Respond.IsDefault()
}

// awaitsAddress reports whether the peer is going to ask for an address, so that it is no use before that.
func (m *Machine) awaitsAddress(s *sa) bool {
	return m.responds(s) && m.poolOf(s) != compiler.None && !m.clientAddr(s).IsValid()
}

// pushes reports whether the peer has yet to be given an address by this side: `client configuration address initiate`, for
// clients that do not ask themselves, as those in aggressive mode do.
func (m *Machine) pushes(s *sa) bool {
	cm := m.cryptoMap(s)
	return cm != nil && !cm.Initiate.IsDefault() && !s.initiator && !s.noConfig && !s.aggressive && !s.unity &&
		m.poolOf(s) != compiler.None && (!m.clientAddr(s).IsValid() || s.client.pushing)
}

// pushAddress sets the address of a client. None free is the end of its SA.
func (m *Machine) pushAddress(c *client) {
	s := c.sa
	if !m.giveAddress(c) {
		return
	}
	c.pushing, c.x = true, m.beginTransaction(s)
	m.event(EvConfigStart, s.remote.Addr(), c.x.id, c.x.id)
	a := m.clientAddr(s).As4()
	m.sendConfig(s, c.x, cfgSet, c.x.config, []attr{rawAttr(cfgAddress, a[:])})
}

// pushed is the acknowledgement of an address: it names what the client has taken.
func (m *Machine) pushed(c *client, cfg *config) {
	c.pushing = false
	m.finish(c.x)
	for _, a := range cfg.attrs {
		if a.Type == cfgAddress {
			m.event(EvConfigAccepted)
			m.clientUp(c)
			m.event(EvStatus, "IKMP_NO_ERROR")
			return
		}
	}
	m.event(EvStatus, "IKMP_ERR_NO_RETRANS")
	m.removeSA(c.sa, "the peer does not take its address", true)
}

// configRequest answers a client that asks for its configuration. Who has to log in first is asked to, and has to repeat itself.
func (m *Machine) configRequest(s *sa, x *exchange, cfg *config) {
	if m.needsXauth(s) {
		c := m.clientOf(s)
		switch c.stage {
		case stageStatus: // the request says that the news has come
			m.finish(c.x)
		case stageDone:
		case stageNone:
			m.unheard(x)
			m.event(EvNeedXauth)
			m.xauthAsk(c, nil, false)
			m.event(EvStatus, "IKMP_NO_ERROR")
			return
		default:
			m.unheard(x)
			m.event(EvDropped, "the login is not over")
			return
		}
	}
	if !m.responds(s) {
		m.finish(x)
		m.event(EvDropped, "requests of this peer for its configuration are not answered")
		return
	}
	c := m.clientOf(s)
	m.loggedIn(c)
	m.event(EvConfigChecking)
	var out []attr
	for _, a := range cfg.attrs {
		m.event(EvConfigAttr, attrName(a.Type), a.Type)
		if a.Type == cfgAddress {
			if !m.giveAddress(c) {
				return
			}
		}
		values, known := m.configValue(s, a.Type)
		if !known {
			m.event(EvConfigUnsupported, a.Type)
		}
		out = append(out, values...)
	}
	m.event(EvConfigAnswer, s.remote.Addr(), x.id)
	m.sendConfig(s, x, cfgReply, cfg.id, out)
	m.finish(x)
	m.clientUp(c)
	m.event(EvStatus, "IKMP_NO_ERROR")
}

// unheard lets the peer repeat a message as if it had not come.
func (m *Machine) unheard(x *exchange) {
	m.disarm(&x.retry)
	delete(x.sa.exchanges, x.id)
}

// configValue is what a client is told when it asks for an attribute: what is configured, and nothing else. Not known are those
// that 6.3 calls unsupported.
func (m *Machine) configValue(s *sa, kind uint16) (out []attr, known bool) {
	g := m.vpnGroup(s)
	if g == nil {
		g = &compiler.VPNGroup{Split: compiler.None}
	}
	addresses := func(list []ast.IP) {
		for _, ip := range list {
			out = append(out, rawAttr(kind, binary.BigEndian.AppendUint32(nil, uint32(ip))))
		}
	}
	text := func(s string) {
		if s != "" {
			out = append(out, rawAttr(kind, []byte(s)))
		}
	}
	switch kind {
	case cfgAddress:
		if a := m.clientAddr(s); a.IsValid() {
			addresses([]ast.IP{astIP(a)})
		}
	case cfgNetmask: // a pool of 6.3 has none to tell
	case cfgDNS:
		addresses(g.DNS)
	case cfgNBNS:
		addresses(g.WINS)
	case cfgDefDomain:
		text(g.Domain)
	case cfgSplitDNS:
		text(strings.Join(g.SplitDNS, ","))
	case cfgSplitIncl:
		if nets := m.splitNets(g); len(nets) > 0 {
			out = append(out, rawAttr(kind, nets))
		}
	case cfgPFS:
		if !g.PFS {
			return nil, false
		}
		out = append(out, basicAttr(kind, 1))
	case cfgBackup:
		switch {
		case g.ClearBackup:
			out = append(out, rawAttr(kind, nil))
		case len(g.Backup) == 0:
			return nil, false
		default:
			var names []string
			for _, ip := range g.Backup {
				names = append(names, ip.String())
			}
			text(strings.Join(names, ","))
		}
	default:
		return nil, false
	}
	return out, true
}

// splitNets are the networks that a client reaches by the tunnel: the sources of the entries that permit, in their order. Each is
// address, mask, and zeros for protocol and ports (commands-vpn-aaa-show.md 2.7).
func (m *Machine) splitNets(g *compiler.VPNGroup) []byte {
	if g.Split == compiler.None {
		return nil
	}
	var out []byte
	n := 0
	for i := range m.plan.ACLs[g.Split].Entries {
		e := &m.plan.ACLs[g.Split].Entries[i]
		if !e.Permit {
			continue
		}
		for _, net := range e.Src {
			if n++; n > maxSplit {
				m.event(EvDropped, "more networks in the split tunnel than a client can be told")
				return out
			}
			out = binary.BigEndian.AppendUint32(out, uint32(net.IP))
			out = binary.BigEndian.AppendUint32(out, uint32(net.Mask))
			out = append(out, 0, 0, 0, 0, 0, 0)
		}
	}
	return out
}
