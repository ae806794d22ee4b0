package compiler

import (
	"time"

	"pixfw/ast"
)

// Conduit is one `conduit` line as an entry of an access list: Src and SrcPorts are the foreign side, Dst and DstPorts the global
// one, as of a packet that comes in.
type Conduit struct{ ACE }

// ConduitList stands where an access list is named by its index: hit counts are kept of the conduits as of its entries.
const ConduitList = -2

// OutboundList is the `outbound` lines of one number.
type OutboundList struct {
	ID    int
	Rules []Outbound // configuration order; the best match decides, not the first (semantics.md 2.4)
}

// Outbound is one `outbound` line.
type Outbound struct {
	Line   Line
	Action string // permit, deny, except
	Net    ast.Net
	Ports  PortRange // 0-65535: any
	Proto  uint8     // 0: any
}

// Apply says on which interface an outbound list holds, for sources or for destinations.
type Apply struct {
	Line Line
	If   int
	List int  // index in Plan.Outbound
	Dest bool // outgoing_dest: the list names foreign destinations; else inside sources
}

// Established is one `established` line (semantics.md 2.5). Ports 0 of the connection that must be there: any.
type Established struct {
	Line             Line
	Proto            uint8
	DstPort, SrcPort uint16
	To, From         EstablishedEnd
}

// EstablishedEnd is one end of what may come back.
type EstablishedEnd struct {
	Proto uint8     // 0: any
	Ports PortRange // 0-65535: any
}

// Alias is one `alias` line (semantics.md 3.4): hosts of the interface reach Foreign as DNAT.
type Alias struct {
	Line          Line
	If            int
	DNAT, Foreign ast.IP
	Mask          ast.IP
}

// ToForeign is the foreign address that a packet to dst, which DNATNet holds, is sent to.
func (a *Alias) ToForeign(dst ast.IP) ast.IP { return a.Foreign&a.Mask | dst&^a.Mask }

// ToDNAT is the address by which hosts of the interface know a foreign address that ForeignNet holds.
func (a *Alias) ToDNAT(foreign ast.IP) ast.IP { return a.DNAT&a.Mask | foreign&^a.Mask }

// Alias is the first alias of an interface whose dnat side holds dst; nil: none does.
func (n *NAT) Alias(iface int, dst ast.IP) *Alias {
	for i := range n.Aliases {
		if a := &n.Aliases[i]; a.If == iface && a.DNATNet().Contains(dst) {
			return a
		}
	}
	return nil
}

// AliasOf is the first alias of an interface whose foreign side holds src: hosts there know src by it; nil: none does.
func (n *NAT) AliasOf(iface int, src ast.IP) *Alias {
	for i := range n.Aliases {
		if a := &n.Aliases[i]; a.If == iface && a.ForeignNet().Contains(src) {
			return a
		}
	}
	return nil
}

// DNATNet and ForeignNet are the two sides.
func (a *Alias) DNATNet() ast.Net    { return ast.Net{IP: a.DNAT & a.Mask, Mask: a.Mask} }
func (a *Alias) ForeignNet() ast.Net { return ast.Net{IP: a.Foreign & a.Mask, Mask: a.Mask} }

// Fragment is the limits of an interface for packets in fragments (semantics.md 1.6).
type Fragment struct {
	Size    int // fragments that wait, of all packets
	Chain   int // fragments of one packet
	Timeout time.Duration
}

// Service says which refused connections get a reset.
type Service struct {
	ResetInbound, ResetOutside         bool
	ResetInboundLine, ResetOutsideLine Line
}

// DenyFlows bounds the log of denied flows (semantics.md 2.3).
type DenyFlows struct {
	Max           int
	AlertInterval time.Duration
}
