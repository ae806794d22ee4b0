package ast

// AddrKind says how an address of an access list entry was given.
type AddrKind uint8

// The forms of an address.
const (
	AddrNet       AddrKind = iota // IP and mask; `any` is 0.0.0.0 0.0.0.0, `host A` has the host mask
	AddrInterface                 // `interface IF`: that interface's address, looked up when it is used
	AddrGroup                     // `object-group G`
)

// An Addr is the source or destination of an access list entry.
type Addr struct {
	Kind AddrKind `json:"kind"`
	Net  Net      `json:"net"`
	Ref  string   `json:"ref,omitempty"` // interface or object-group
}

// Any is the address `any`.
func Any() Addr { return Addr{} }

// HostAddr is the address `host ip`.
func HostAddr(ip IP) Addr { return Addr{Net: Net{ip, AllOnes}} }

func (a Addr) print(p *Printer) {
	switch {
	case a.Kind == AddrInterface:
		p.word("interface", a.Ref)
	case a.Kind == AddrGroup:
		p.word("object-group", a.Ref)
	case a.Net.Mask == 0 && a.Net.IP == 0:
		p.word("any")
	case a.Net.Mask == AllOnes:
		p.word("host").ip(a.Net.IP)
	default:
		p.ip(a.Net.IP).mask(a.Net.Mask)
	}
}

// PortOp is the comparison of a port.
type PortOp uint8

// The port operators.
const (
	PortAny PortOp = iota
	PortEq
	PortNeq
	PortLt
	PortGt
	PortRange
	PortGroup // object-group
)

func (o PortOp) String() string {
	return [...]string{"", "eq", "neq", "lt", "gt", "range", "object-group"}[o]
}

// Ports is a comparison of a port: eq, neq, lt and gt use Lo, range uses both, both inclusive.
type PortMatch struct {
	Op  PortOp `json:"op"`
	Lo  uint16 `json:"lo,omitempty"`
	Hi  uint16 `json:"hi,omitempty"`
	Ref string `json:"ref,omitempty"` // object-group
}

func (m PortMatch) print(p *Printer, proto int) {
	switch m.Op {
	case PortAny:
	case PortGroup:
		p.word("object-group", m.Ref)
	case PortRange:
		p.word("range", PortWord(proto, m.Lo), PortWord(proto, m.Hi))
	default:
		p.word(m.Op.String(), PortWord(proto, m.Lo))
	}
}

// LogMode is the `log` option of an entry.
type LogMode uint8

// The log modes.
const (
	LogUnset   LogMode = iota // denies are logged as 106023
	LogOn                     // `log [LEVEL] [interval S]`: 106100
	LogDefault                // `log default`: like LogUnset
	LogDisable                // `log disable`: nothing
)

// AccessList: one entry of an access list, `access-list ID [line N] permit|deny PROTO SRC [PORT] DST [PORT|TYPE] [log ...]`.
type AccessList struct {
	Pos        `json:"-"`
	ID         string    `json:"id"`
	Line       int       `json:"insertAt,omitempty"` // `line N`: where to insert, or which to remove; 0: at the end. Never printed
	Permit     bool      `json:"permit"`
	Proto      uint8     `json:"proto"`                // ProtoIP: any
	ProtoGroup string    `json:"protoGroup,omitempty"` // object-group in place of the protocol
	Src        Addr      `json:"src"`
	SrcPort    PortMatch `json:"srcPort"`
	Dst        Addr      `json:"dst"`
	DstPort    PortMatch `json:"dstPort"`
	ICMPType   int       `json:"icmpType"` // -1: any
	ICMPGroup  string    `json:"icmpGroup,omitempty"`
	Log        LogMode   `json:"log"`
	LogLevel   int       `json:"logLevel"`    // with LogOn: 0..7, default 6
	Interval   int       `json:"logInterval"` // with LogOn: seconds, default 300
}

func (*AccessList) Family() string { return "access-list" }
func (c *AccessList) print(p *Printer) {
	p.word("access-list", c.ID, permitWord(c.Permit))
	c.body(p)
	switch c.Log {
	case LogOn:
		p.word("log")
		if c.LogLevel != 6 || c.Interval != 300 {
			p.num(c.LogLevel)
		}
		if c.Interval != 300 {
			p.word("interval").num(c.Interval)
		}
	case LogDefault:
		p.word("log", "default")
	case LogDisable:
		p.word("log", "disable")
	}
}

func (c *AccessList) body(p *Printer) {
	proto := int(c.Proto)
	if c.ProtoGroup != "" {
		p.word("object-group", c.ProtoGroup)
		proto = -1
	} else {
		p.word(ProtocolWord(c.Proto))
	}
	c.Src.print(p)
	c.SrcPort.print(p, proto)
	c.Dst.print(p)
	c.DstPort.print(p, proto)
	switch {
	case c.ICMPGroup != "":
		p.word("object-group", c.ICMPGroup)
	case c.ICMPType >= 0 && c.Proto == ProtoICMP:
		p.word(ICMPTypeWord(uint8(c.ICMPType)))
	}
}
func (*AccessList) rule() rule { return rule{section: secAccessList} }

// Remark: `access-list ID [line N] remark TEXT`.
type Remark struct {
	Pos   `json:"-"`
	ID    string `json:"id"`
	Line  int    `json:"insertAt,omitempty"`
	Value string `json:"text"`
}

func (*Remark) Family() string     { return "access-list" }
func (c *Remark) print(p *Printer) { p.word("access-list", c.ID, "remark", c.Value) }
func (*Remark) rule() rule         { return rule{section: secAccessList} }

// WholeList is `no access-list ID`: the list with all its entries. It is never stored.
type WholeList struct {
	Pos `json:"-"`
	ID  string `json:"id"`
}

func (*WholeList) Family() string     { return "access-list" }
func (c *WholeList) print(p *Printer) { p.word("access-list", c.ID) }
func (*WholeList) rule() rule         { return rule{section: secAccessList} }

// AccessGroup: `access-group ACL in interface IF [per-user-override]`.
type AccessGroup struct {
	Pos     `json:"-"`
	ACL     string `json:"accessList"`
	If      string `json:"interface"`
	PerUser bool   `json:"perUserOverride,omitempty"` // the list of an authenticated user decides in its place
}

func (*AccessGroup) Family() string { return "access-group" }
func (c *AccessGroup) print(p *Printer) {
	if p.word("access-group", c.ACL); c.If == "" { // `no access-group ID`
		return
	}
	p.word("in", "interface", c.If).wordIf(c.PerUser, "per-user-override")
}
func (c *AccessGroup) rule() rule {
	return rule{section: secAccessGroup, key: familyKey("access-group", c.If)}
}
