package ast

// The types of object groups.
const (
	GroupNetwork  = "network"
	GroupService  = "service"
	GroupProtocol = "protocol"
	GroupICMP     = "icmp-type"
)

// ObjectGroup: `object-group network|protocol|icmp-type ID`, `object-group service ID tcp|udp|tcp-udp`. It opens the group: the
// lines of its members follow (commands-firewall.md section 5.3).
type ObjectGroup struct {
	Pos   `json:"-"`
	Type  string `json:"type"`
	ID    string `json:"id"`
	Proto string `json:"protocol,omitempty"` // of a service group: tcp, udp, tcp-udp; may be left off after no
}

func (*ObjectGroup) Family() string { return "object-group" }
func (c *ObjectGroup) print(p *Printer) {
	p.word("object-group", c.Type, c.ID).wordIf(c.Proto != "", c.Proto)
}
func (*ObjectGroup) rule() rule { return rule{section: secObjectGroup} }

// A GroupMember is a line of an object group. It names its group, which its text does not: the group is the one that the
// lines before have opened. An empty name means that none was open.
type GroupMember interface {
	Command
	InGroup() string
	groupType() string // type of the groups that may have it; empty: any
}

// InObjectGroup is the group that a member line belongs to.
type InObjectGroup struct {
	Group string `json:"group"`
}

// InGroup makes a struct that embeds InObjectGroup a [GroupMember].
func (g InObjectGroup) InGroup() string { return g.Group }

func memberRule() rule { return rule{section: secObjectGroup} }

// GroupDescription: `description TEXT`.
type GroupDescription struct {
	Pos `json:"-"`
	InObjectGroup
	Value string `json:"text,omitempty"` // empty only in `no description`
}

func (*GroupDescription) Family() string { return "description" }
func (c *GroupDescription) print(p *Printer) {
	p.word("description").wordIf(c.Value != "", c.Value)
}
func (*GroupDescription) rule() rule        { return memberRule() }
func (*GroupDescription) groupType() string { return "" }

// GroupObject: `group-object ID`, the members of another group of the same type.
type GroupObject struct {
	Pos `json:"-"`
	InObjectGroup
	Ref string `json:"ref"`
}

func (*GroupObject) Family() string     { return "group-object" }
func (c *GroupObject) print(p *Printer) { p.word("group-object", c.Ref) }
func (*GroupObject) rule() rule         { return memberRule() }
func (*GroupObject) groupType() string  { return "" }

// NetworkObject: `network-object host IP`, `network-object IP MASK`.
type NetworkObject struct {
	Pos `json:"-"`
	InObjectGroup
	Net Net `json:"net"`
}

func (*NetworkObject) Family() string { return "network-object" }
func (c *NetworkObject) print(p *Printer) {
	p.word("network-object")
	if c.Net.Mask == AllOnes {
		p.word("host").ip(c.Net.IP)
		return
	}
	p.ip(c.Net.IP).mask(c.Net.Mask)
}
func (*NetworkObject) rule() rule        { return memberRule() }
func (*NetworkObject) groupType() string { return GroupNetwork }

// PortObject: `port-object eq PORT`, `port-object range PORT PORT`.
type PortObject struct {
	Pos `json:"-"`
	InObjectGroup
	Proto string    `json:"protocol,omitempty"` // of the group: tcp, udp, tcp-udp; says which ports have names
	Port  PortMatch `json:"port"`               // PortEq or PortRange
}

func (*PortObject) Family() string { return "port-object" }
func (c *PortObject) print(p *Printer) {
	p.word("port-object")
	c.Port.print(p, ServiceProtocol(c.Proto))
}
func (*PortObject) rule() rule        { return memberRule() }
func (*PortObject) groupType() string { return GroupService }

// ServiceProtocol is the number of a service group's protocol, as [PortWord] wants it: -1 for tcp-udp.
func ServiceProtocol(word string) int {
	switch word {
	case "tcp":
		return ProtoTCP
	case "udp":
		return ProtoUDP
	}
	return -1
}

// ProtocolObject: `protocol-object PROTOCOL`.
type ProtocolObject struct {
	Pos `json:"-"`
	InObjectGroup
	Proto uint8 `json:"protocol"`
}

func (*ProtocolObject) Family() string     { return "protocol-object" }
func (c *ProtocolObject) print(p *Printer) { p.word("protocol-object", ProtocolWord(c.Proto)) }
func (*ProtocolObject) rule() rule         { return memberRule() }
func (*ProtocolObject) groupType() string  { return GroupProtocol }

// ICMPObject: `icmp-object TYPE`.
type ICMPObject struct {
	Pos `json:"-"`
	InObjectGroup
	Type uint8 `json:"type"`
}

func (*ICMPObject) Family() string     { return "icmp-object" }
func (c *ICMPObject) print(p *Printer) { p.word("icmp-object", ICMPTypeWord(c.Type)) }
func (*ICMPObject) rule() rule         { return memberRule() }
func (*ICMPObject) groupType() string  { return GroupICMP }
