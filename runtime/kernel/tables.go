package kernel

import (
	"net"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
)

func fromIP(ip net.IP) ast.IP {
	v := ip.To4()
	if v == nil {
		return 0
	}
	return ast.IP(v[0])<<24 | ast.IP(v[1])<<16 | ast.IP(v[2])<<8 | ast.IP(v[3])
}

// flows are the entries of conntrack that belong to packets through the firewall.
func (e *Engine) flows() []*netlink.ConntrackFlow {
	list, err := e.nl.ConntrackTableList(netlink.ConntrackTable, unix.AF_INET)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(list, func(f *netlink.ConntrackFlow) bool { return !isOurs(f) })
}

func isOurs(f *netlink.ConntrackFlow) bool { return f.Mark&nft.MarkMask == nft.MarkOwn }

// Conns reads the connections from the kernel. Flags are those that conntrack knows; users are not.
func (e *Engine) Conns() runtime.ConnTable {
	e.mu.Lock()
	defer e.mu.Unlock()
	var t runtime.ConnTable
	if e.plan == nil {
		return t
	}
	for _, f := range e.flows() {
		if c, ok := e.conn(f); ok {
			t.Conns = append(t.Conns, c)
		}
	}
	e.mostConns = max(e.mostConns, len(t.Conns))
	t.MostUsed = e.mostConns
	return t
}

// TCP states of conntrack.
const (
	tcpSynSent     = 1
	tcpSynRecv     = 2
	tcpEstablished = 3
)

func (e *Engine) conn(f *netlink.ConntrackFlow) (runtime.Conn, bool) {
	// On its own interfaces, the initiator is the forward source and the responder the reply source.
	from, to := fromIP(f.Forward.SrcIP), fromIP(f.Reverse.SrcIP)
	a, b := e.plan.Lookup(from), e.plan.Lookup(to)
	proto := f.Forward.Protocol
	if a == nil || b == nil || proto != ast.ProtoTCP && proto != ast.ProtoUDP {
		return runtime.Conn{}, false
	}
	c := runtime.Conn{Proto: proto, Bytes: f.Forward.Bytes + f.Reverse.Bytes}
	c.Inbound = e.plan.Interfaces[a.If].Level < e.plan.Interfaces[b.If].Level
	if c.Inbound {
		c.OutIf, c.InIf = a.If, b.If
		c.Foreign, c.ForeignPort, c.ForeignMapped, c.ForeignMappedPort = from, f.Forward.SrcPort, fromIP(f.Reverse.DstIP), f.Reverse.DstPort
		c.Local, c.LocalPort, c.Global, c.GlobalPort = to, f.Reverse.SrcPort, fromIP(f.Forward.DstIP), f.Forward.DstPort
	} else {
		c.OutIf, c.InIf = b.If, a.If
		c.Foreign, c.ForeignPort, c.ForeignMapped, c.ForeignMappedPort = to, f.Reverse.SrcPort, fromIP(f.Forward.DstIP), f.Forward.DstPort
		c.Local, c.LocalPort, c.Global, c.GlobalPort = from, f.Forward.SrcPort, fromIP(f.Reverse.DstIP), f.Reverse.DstPort
	}
	idle := e.plan.Timeouts.UDP
	if proto == ast.ProtoTCP {
		idle = e.plan.Timeouts.Conn
		state := uint8(0)
		if p, ok := f.ProtoInfo.(*netlink.ProtoInfoTCP); ok {
			state = p.State
		}
		switch {
		case state == tcpSynSent && c.Inbound:
			c.Flags = "SaAB"
		case state == tcpSynSent:
			c.Flags = "saA"
		case state == tcpSynRecv && c.Inbound:
			c.Flags = "aB"
		case state == tcpSynRecv:
			c.Flags = "A"
		case state == tcpEstablished && c.Inbound:
			c.Flags = "UIOB"
		case state == tcpEstablished:
			c.Flags = "UIO"
		default:
			c.Flags = "Uf"
		}
		if state != tcpEstablished {
			idle = 0
		}
	}
	if left := time.Duration(f.TimeOut) * time.Second; idle > left {
		c.Idle = idle - left
	}
	return c, true
}

// Xlates are the address statics, and the dynamic translations that live connections show.
func (e *Engine) Xlates() runtime.XlateTable {
	e.mu.Lock()
	defer e.mu.Unlock()
	var t runtime.XlateTable
	if e.plan == nil {
		return t
	}
	type key struct {
		real, mapped         ast.IP
		proto                uint8
		realPort, mappedPort uint16
	}
	at := map[key]int{}
	for i := range e.plan.NAT.Statics {
		s := &e.plan.NAT.Statics[i]
		if s.Mask != ast.AllOnes || s.ACL != compiler.None {
			continue
		}
		at[key{s.Real, s.Mapped, s.Proto, s.RealPt, s.MappedPort}] = len(t.Xlates)
		t.Xlates = append(t.Xlates, runtime.Xlate{RealIf: s.RealIf, MappedIf: s.MappedIf, Real: s.Real, Mapped: s.Mapped, Proto: s.Proto,
			RealPort: s.RealPt, MappedPort: s.MappedPort, Static: true, Identity: s.Real == s.Mapped})
	}
	for _, f := range e.flows() {
		real, mapped := fromIP(f.Forward.SrcIP), fromIP(f.Reverse.DstIP)
		rp, mp := f.Forward.SrcPort, f.Reverse.DstPort
		if dst := fromIP(f.Forward.DstIP); dst != fromIP(f.Reverse.SrcIP) { // un-NATed
			real, mapped, rp, mp = fromIP(f.Reverse.SrcIP), dst, f.Reverse.SrcPort, f.Forward.DstPort
		}
		a, b := e.plan.Lookup(real), e.plan.Lookup(fromIP(f.Reverse.SrcIP))
		if real == mapped || a == nil || b == nil {
			continue
		}
		k := key{real: real, mapped: mapped}
		if i, ok := at[k]; ok {
			t.Xlates[i].Conns++
			continue
		}
		x := runtime.Xlate{RealIf: a.If, MappedIf: b.If, Real: real, Mapped: mapped, Conns: 1, Timeout: e.plan.Timeouts.Xlate}
		if e.isPAT(mapped) {
			k = key{real, mapped, f.Forward.Protocol, rp, mp}
			x.Proto, x.RealPort, x.MappedPort, x.Timeout = f.Forward.Protocol, rp, mp, e.plan.Timeouts.PATXlate
			if i, ok := at[k]; ok {
				t.Xlates[i].Conns++
				continue
			}
		}
		at[k] = len(t.Xlates)
		t.Xlates = append(t.Xlates, x)
	}
	e.mostXlates = max(e.mostXlates, len(t.Xlates))
	t.MostUsed = e.mostXlates
	return t
}

func (e *Engine) isPAT(ip ast.IP) bool {
	for i := range e.plan.NAT.Globals {
		if g := &e.plan.NAT.Globals[i]; g.PAT && g.First == ip {
			return true
		}
	}
	return false
}

// Users is empty: nobody can log in yet.
func (e *Engine) Users() runtime.UserTable { return runtime.UserTable{} }

// InterfaceCounters are the kernel's counters of the device.
func (e *Engine) InterfaceCounters(i int) runtime.Counters {
	e.mu.Lock()
	defer e.mu.Unlock()
	link := e.links[i]
	if link == nil {
		return runtime.Counters{}
	}
	now, err := e.nl.LinkByIndex(link.Attrs().Index)
	if err != nil || now.Attrs().Statistics == nil {
		return runtime.Counters{}
	}
	s := now.Attrs().Statistics
	return runtime.Counters{InPackets: s.RxPackets, InBytes: s.RxBytes, OutPackets: s.TxPackets, OutBytes: s.TxBytes}
}

type matchFlow func(*netlink.ConntrackFlow) bool

func (m matchFlow) MatchConntrackFlow(f *netlink.ConntrackFlow) bool { return m(f) }

// ClearConns ends every connection through the firewall.
func (e *Engine) ClearConns() error {
	_, err := e.nl.ConntrackDeleteFilters(netlink.ConntrackTable, unix.AF_INET, matchFlow(isOurs))
	return err
}

// ClearXlates ends the connections of the translations that the filter names. Which addresses of pools were in use is
// forgotten with their timeout.
func (e *Engine) ClearXlates(filter runtime.XlateFilter) error {
	e.mu.Lock()
	plan := e.plan
	e.mu.Unlock()
	if plan == nil {
		return nil
	}
	_, err := e.nl.ConntrackDeleteFilters(netlink.ConntrackTable, unix.AF_INET, matchFlow(func(f *netlink.ConntrackFlow) bool {
		real, mapped := fromIP(f.Forward.SrcIP), fromIP(f.Reverse.DstIP)
		if dst := fromIP(f.Forward.DstIP); dst != fromIP(f.Reverse.SrcIP) {
			real, mapped = fromIP(f.Reverse.SrcIP), dst
		}
		if !isOurs(f) || filter.Real != 0 && filter.Real != real || filter.Mapped != 0 && filter.Mapped != mapped {
			return false
		}
		r := plan.Lookup(real)
		return filter.If == "" || r != nil && plan.Interfaces[r.If].Name == filter.If
	}))
	return err
}

// ClearUsers has nothing to do: nobody can log in yet.
func (e *Engine) ClearUsers(string) error { return nil }
