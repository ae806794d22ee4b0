package ast

import "strconv"

// Conduit: `conduit permit|deny PROTO GLOBAL [PORT] FOREIGN [PORT|TYPE]`, how releases before 5.0 let packets in. The global
// address of the protected host comes first (commands-firewall.md section 5.4).
type Conduit struct {
	Pos         `json:"-"`
	Permit      bool      `json:"permit"`
	Proto       uint8     `json:"proto"`
	ProtoGroup  string    `json:"protoGroup,omitempty"`
	Global      Addr      `json:"global"` // packets go to it
	GlobalPort  PortMatch `json:"globalPort"`
	Foreign     Addr      `json:"foreign"` // packets come from it
	ForeignPort PortMatch `json:"foreignPort"`
	ICMPType    int       `json:"icmpType"` // -1: any
	ICMPGroup   string    `json:"icmpGroup,omitempty"`
}

func (*Conduit) Family() string { return "conduit" }
func (c *Conduit) print(p *Printer) {
	p.word("conduit", permitWord(c.Permit))
	c.entry().body(p)
}
func (*Conduit) rule() rule { return rule{section: secConduit} }

// entry is the conduit with its words in the order of an access list, which prints alike.
func (c *Conduit) entry() *AccessList {
	return &AccessList{Proto: c.Proto, ProtoGroup: c.ProtoGroup, Src: c.Global, SrcPort: c.GlobalPort, Dst: c.Foreign, DstPort: c.ForeignPort,
		ICMPType: c.ICMPType, ICMPGroup: c.ICMPGroup}
}

// Entry is the conduit as an entry of an access list: from the foreign address to the global one.
func (c *Conduit) Entry() *AccessList {
	return &AccessList{Pos: c.Pos, Permit: c.Permit, Proto: c.Proto, ProtoGroup: c.ProtoGroup, Src: c.Foreign, SrcPort: c.ForeignPort,
		Dst: c.Global, DstPort: c.GlobalPort, ICMPType: c.ICMPType, ICMPGroup: c.ICMPGroup}
}

// Outbound: `outbound LIST permit|deny|except IP [MASK [PORT[-PORT] [PROTO]]]`, one rule of a list of the releases before 5.0 on
// which packets may go out.
type Outbound struct {
	Pos      `json:"-"`
	List     int    `json:"list"`
	Action   string `json:"action,omitempty"` // permit, deny, except; empty only in `no outbound LIST`
	Net      Net    `json:"net"`
	HasPort  bool   `json:"hasPort,omitempty"`
	Lo       uint16 `json:"lo,omitempty"` // 0: any port
	Hi       uint16 `json:"hi,omitempty"`
	HasProto bool   `json:"hasProto,omitempty"`
	Proto    uint8  `json:"proto,omitempty"` // 0: any protocol
}

func (*Outbound) Family() string { return "outbound" }
func (c *Outbound) print(p *Printer) {
	p.word("outbound").num(c.List)
	if c.Action == "" {
		return
	}
	p.word(c.Action).ip(c.Net.IP).mask(c.Net.Mask)
	if c.HasPort {
		w := strconv.Itoa(int(c.Lo))
		if c.Hi != c.Lo {
			w += "-" + strconv.Itoa(int(c.Hi))
		}
		p.word(w)
	}
	if c.HasProto {
		p.word(ProtocolWord(c.Proto))
	}
}
func (*Outbound) rule() rule { return rule{section: secOutbound} }

// Apply: `apply (IF) LIST outgoing_src|outgoing_dest`, where an outbound list holds, and for which of the two addresses.
type Apply struct {
	Pos  `json:"-"`
	If   string `json:"interface"`
	List int    `json:"list"`
	Side string `json:"side,omitempty"` // outgoing_src, outgoing_dest; empty only in `no apply`
}

func (*Apply) Family() string { return "apply" }
func (c *Apply) print(p *Printer) {
	p.word("apply").paren(c.If).num(c.List).wordIf(c.Side != "", c.Side)
}
func (*Apply) rule() rule { return rule{section: secApply} }

// Established: `established PROTO DPORT [SPORT] [permitto PROTO PORT[-PORT]] [permitfrom PROTO PORT[-PORT]]`: what may come back
// while a connection goes out (semantics.md 2.5). A port of 0 is any.
type Established struct {
	Pos        `json:"-"`
	Proto      uint8           `json:"proto"`
	DstPort    uint16          `json:"dstPort"`
	SrcPort    uint16          `json:"srcPort"` // printed also when it is 0
	PermitTo   *EstablishedEnd `json:"permitTo,omitempty"`
	PermitFrom *EstablishedEnd `json:"permitFrom,omitempty"`
}

// EstablishedEnd is the protocol and the ports of one end of what may come back.
type EstablishedEnd struct {
	Proto uint8  `json:"proto"`
	Lo    uint16 `json:"lo"`
	Hi    uint16 `json:"hi"`
}

func (*Established) Family() string { return "established" }
func (c *Established) print(p *Printer) {
	p.word("established", ProtocolWord(c.Proto)).num(int(c.DstPort)).num(int(c.SrcPort))
	end := func(word string, e *EstablishedEnd) {
		if e == nil {
			return
		}
		w := strconv.Itoa(int(e.Lo))
		if e.Hi != e.Lo {
			w += "-" + strconv.Itoa(int(e.Hi))
		}
		p.word(word, ProtocolWord(e.Proto), w)
	}
	end("permitto", c.PermitTo)
	end("permitfrom", c.PermitFrom)
}
func (*Established) rule() rule { return rule{section: secEstablished} }

// Alias: `alias (IF) DNAT_IP FOREIGN_IP [MASK]`: hosts of the interface know the foreign address by another (semantics.md 3.4).
type Alias struct {
	Pos     `json:"-"`
	If      string `json:"interface"`
	DNAT    IP     `json:"dnat"`
	Foreign *IP    `json:"foreign,omitempty"` // nil only in `no alias`
	Mask    IP     `json:"mask"`              // 0: not given (`no alias`)
}

func (*Alias) Family() string { return "alias" }
func (c *Alias) print(p *Printer) {
	p.word("alias").paren(c.If).ip(c.DNAT)
	if c.Foreign != nil {
		p.ip(*c.Foreign)
		if c.Mask != 0 {
			p.mask(c.Mask)
		}
	}
}
func (*Alias) rule() rule { return rule{section: secAlias} }
