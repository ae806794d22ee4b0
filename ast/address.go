package ast

import (
	"strconv"
)

// IPAddress: `ip address IF IP MASK`, `ip address IF dhcp [setroute] [retry N]`, `ip address IF [IP MASK] pppoe [setroute]`,
// `no ip address IF`.
type IPAddress struct {
	Pos      `json:"-"`
	On       Switch `json:"on"`
	If       string `json:"interface"`
	Net      Net    `json:"net"`               // the zero Net: learnt by dhcp or pppoe
	Dynamic  string `json:"dynamic,omitempty"` // dhcp, pppoe
	SetRoute bool   `json:"setRoute,omitempty"`
	Retry    int    `json:"retry,omitempty"` // 0: none
}

func (*IPAddress) Family() string { return "ip address" }
func (c *IPAddress) print(p *Printer) {
	p.onoff(c.On).word("ip", "address", c.If)
	if !c.On {
		return
	}
	if c.Net.IP != 0 || c.Dynamic == "" {
		p.ip(c.Net.IP).mask(c.Net.Mask)
	}
	p.wordIf(c.Dynamic != "", c.Dynamic).wordIf(c.SetRoute, "setroute")
	if c.Retry > 0 {
		p.word("retry").num(c.Retry)
	}
}
func (c *IPAddress) rule() rule {
	return rule{section: secIPAddress, key: familyKey("ip address", c.If), off: true}
}

// ReversePath: `ip verify reverse-path interface IF`.
type ReversePath struct {
	Pos `json:"-"`
	If  string `json:"interface"`
}

func (*ReversePath) Family() string { return "ip verify reverse-path" }
func (c *ReversePath) print(p *Printer) {
	p.word("ip", "verify", "reverse-path", "interface", c.If)
}
func (c *ReversePath) rule() rule {
	return rule{section: secVerify, key: familyKey("ip verify reverse-path", c.If)}
}

// Audit: `ip audit info|attack action {alarm|drop|reset}`, the default action of signatures.
type Audit struct {
	Pos     `json:"-"`
	Class   string   `json:"class"` // info, attack
	Actions []string `json:"actions"`
}

func (*Audit) Family() string { return "ip audit" }
func (c *Audit) print(p *Printer) {
	p.word("ip", "audit", c.Class)
	if len(c.Actions) > 0 {
		p.word("action").word(c.Actions...)
	}
}
func (c *Audit) rule() rule {
	rank := 0
	if c.Class == "attack" {
		rank = 1
	}
	return rule{section: secAudit, rank: rank, key: familyKey("ip audit", c.Class)}
}

// Pool: `ip local pool NAME FIRST[-LAST] [mask MASK]`.
type Pool struct {
	Pos   `json:"-"`
	Name  string `json:"name"`
	First IP     `json:"first"`
	Last  IP     `json:"last"`           // 0 with First 0: not given
	Mask  IP     `json:"mask,omitempty"` // 0: none given
}

func (*Pool) Family() string { return "ip local pool" }
func (c *Pool) print(p *Printer) {
	p.word("ip", "local", "pool", c.Name)
	if c.Last != 0 {
		p.span(c.First, c.Last)
	}
	if c.Mask != 0 {
		p.word("mask").mask(c.Mask)
	}
}
func (c *Pool) rule() rule {
	return rule{section: secPool, key: familyKey("ip local pool", c.Name)}
}

// ICMPRule: `icmp permit|deny SRC [TYPE] IF`, for ICMP to the box's own addresses.
type ICMPRule struct {
	Pos    `json:"-"`
	Permit bool   `json:"permit"`
	Src    Addr   `json:"src"`
	Type   int    `json:"type"` // -1: any
	If     string `json:"interface"`
}

func (*ICMPRule) Family() string { return "icmp" }
func (c *ICMPRule) print(p *Printer) {
	p.word("icmp", permitWord(c.Permit))
	c.Src.print(p)
	if c.Type >= 0 {
		p.word(ICMPTypeWord(uint8(c.Type)))
	}
	p.word(c.If)
}
func (*ICMPRule) rule() rule { return rule{section: secICMP} }

// ARPTimeout: `arp timeout SECONDS`.
type ARPTimeout struct {
	Pos     `json:"-"`
	Seconds int `json:"seconds"` // 0: not given
}

func (*ARPTimeout) Family() string { return "arp timeout" }
func (c *ARPTimeout) print(p *Printer) {
	p.word("arp", "timeout")
	if c.Seconds > 0 {
		p.num(c.Seconds)
	}
}
func (*ARPTimeout) rule() rule { return rule{section: secARP, rank: 1, key: "arp timeout"} }

// Route: `route IF IP MASK GATEWAY METRIC`.
type Route struct {
	Pos     `json:"-"`
	If      string `json:"interface"`
	Net     Net    `json:"net"`
	Gateway IP     `json:"gateway"` // 0: not given (`no route`)
	Metric  int    `json:"metric"`  // 0: not given
}

func (*Route) Family() string { return "route" }
func (c *Route) print(p *Printer) {
	p.word("route", c.If).ip(c.Net.IP).mask(c.Net.Mask)
	if c.Gateway != 0 {
		p.ip(c.Gateway)
	}
	if c.Metric > 0 {
		p.num(c.Metric)
	}
}
func (*Route) rule() rule { return rule{section: secRoute} }

// Limits are the trailing numbers of nat and static: connections and embryonic connections, 0 for no limit.
type Limits struct {
	MaxConns  int `json:"maxConns"`
	Embryonic int `json:"embryonic"`
}

// Global: `global (IF) ID FIRST[-LAST] [netmask MASK]`, or `global (IF) ID interface`.
type Global struct {
	Pos       `json:"-"`
	If        string `json:"interface"`
	ID        int    `json:"id"`
	First     IP     `json:"first"`
	Last      IP     `json:"last"` // equal to First: a PAT address; both 0: the interface's address, or not given
	Netmask   IP     `json:"netmask"`
	Interface bool   `json:"useInterface,omitempty"`
}

func (*Global) Family() string { return "global" }
func (c *Global) print(p *Printer) {
	p.word("global").paren(c.If).num(c.ID)
	switch {
	case c.Interface:
		p.word("interface")
	case c.First != 0:
		p.span(c.First, c.Last)
		if c.Netmask != 0 {
			p.word("netmask").mask(c.Netmask)
		}
	}
}
func (*Global) rule() rule { return rule{section: secGlobal} }

// Nat: `nat (IF) ID IP MASK [dns] [outside] MAX EMB [norandomseq]`, `nat (IF) ID access-list ACL ...`. ID 0 with an
// access list is the NAT exemption, ID 0 with an address identity NAT.
type Nat struct {
	Pos         `json:"-"`
	If          string  `json:"interface"`
	ID          int     `json:"id"`
	ACL         string  `json:"accessList,omitempty"`
	Net         *Net    `json:"net,omitempty"` // nil with ACL, and when not given (`no nat (inside) 1`)
	DNS         bool    `json:"dns,omitempty"`
	Outside     bool    `json:"outside,omitempty"`
	Limits      *Limits `json:"limits,omitempty"` // nil for an exemption, and when not given
	NoRandomSeq bool    `json:"noRandomSeq,omitempty"`
}

func (*Nat) Family() string { return "nat" }
func (c *Nat) print(p *Printer) {
	p.word("nat").paren(c.If).num(c.ID)
	if c.ACL != "" {
		p.word("access-list", c.ACL)
	}
	if c.Net != nil {
		p.ip(c.Net.IP).mask(c.Net.Mask)
	}
	p.wordIf(c.DNS, "dns").wordIf(c.Outside, "outside")
	if c.Limits != nil {
		p.num(c.Limits.MaxConns).num(c.Limits.Embryonic)
	}
	p.wordIf(c.NoRandomSeq, "norandomseq")
}
func (c *Nat) rule() rule {
	rank := 1
	if c.ID == 0 {
		rank = 0
	}
	r := rule{section: secNat, rank: rank}
	if c.ID == 0 && c.ACL != "" {
		// One exemption list per interface: a second line replaces it.
		r.key = familyKey("nat exemption", c.If)
	}
	return r
}

// Static: `static (REAL,MAPPED) [tcp|udp] GLOBAL|interface [PORT] LOCAL [PORT] [dns] netmask MASK MAX EMB [norandomseq]`, or with
// `access-list ACL` in place of the local address. Interfaces come real first, addresses mapped first.
type Static struct {
	Pos             `json:"-"`
	RealIf          string  `json:"realInterface"`
	MappedIf        string  `json:"mappedInterface"`
	Proto           int     `json:"proto,omitempty"` // 0: address translation; ProtoTCP, ProtoUDP: port redirection
	Mapped          IP      `json:"mapped"`
	MappedInterface bool    `json:"mappedIsInterface,omitempty"`
	MappedPort      uint16  `json:"mappedPort,omitempty"`
	Real            *IP     `json:"real,omitempty"` // nil with ACL, and when not given
	RealPort        uint16  `json:"realPort,omitempty"`
	ACL             string  `json:"accessList,omitempty"`
	DNS             bool    `json:"dns,omitempty"`
	Netmask         IP      `json:"netmask"` // 0 with ACL, and when not given
	Limits          *Limits `json:"limits,omitempty"`
	NoRandomSeq     bool    `json:"noRandomSeq,omitempty"`
}

func (*Static) Family() string { return "static" }
func (c *Static) print(p *Printer) {
	p.word("static").paren(c.RealIf, c.MappedIf)
	if c.Proto != 0 {
		p.word(ProtocolWord(uint8(c.Proto)))
	}
	if c.MappedInterface {
		p.word("interface")
	} else {
		p.ip(c.Mapped)
	}
	if c.Proto != 0 {
		p.word(PortWord(c.Proto, c.MappedPort))
	}
	if c.Real != nil {
		p.ip(*c.Real)
		if c.Proto != 0 {
			p.word(PortWord(c.Proto, c.RealPort))
		}
	}
	if c.ACL != "" {
		p.word("access-list", c.ACL)
	}
	p.wordIf(c.DNS, "dns")
	if c.Netmask != 0 {
		p.word("netmask").mask(c.Netmask)
	}
	if c.Limits != nil {
		p.num(c.Limits.MaxConns).num(c.Limits.Embryonic)
	}
	p.wordIf(c.NoRandomSeq, "norandomseq")
}
func (*Static) rule() rule { return rule{section: secStatic} }

func permitWord(permit bool) string {
	if permit {
		return "permit"
	}
	return "deny"
}

// levelWord is the glued form of a security level.
func levelWord(n int) string { return "security" + strconv.Itoa(n) }
