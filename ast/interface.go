package ast

import "strconv"

// VLAN: `interface HW vlanN physical|logical [shutdown]`: a tag for the frames of a port, or a port of its own in it.
type VLAN struct {
	Pos      `json:"-"`
	Hardware string `json:"hardware"` // ethernet0, ...
	VLAN     int    `json:"vlan"`     // 1..4094
	Kind     string `json:"kind"`     // physical, logical; empty: not given (`no interface`)
	Shutdown bool   `json:"shutdown,omitempty"`
}

func (*VLAN) Family() string { return "interface" }
func (c *VLAN) print(p *Printer) {
	p.word("interface", c.Hardware, c.Name()).wordIf(c.Kind != "", c.Kind).wordIf(c.Shutdown, "shutdown")
}
func (c *VLAN) rule() rule {
	return rule{section: secInterface, rank: 1, key: familyKey("interface", c.Hardware, c.Name())}
}

// Name is vlanN, which nameif names it by.
func (c *VLAN) Name() string { return "vlan" + strconv.Itoa(c.VLAN) }

// AuditName: `ip audit name NAME info|attack [action {alarm|drop|reset}]`, an audit policy.
type AuditName struct {
	Pos     `json:"-"`
	Name    string   `json:"name"`
	Class   string   `json:"class,omitempty"` // info, attack; empty: not given
	Actions []string `json:"actions,omitempty"`
}

func (*AuditName) Family() string { return "ip audit name" }
func (c *AuditName) print(p *Printer) {
	p.word("ip", "audit", "name", c.Name).wordIf(c.Class != "", c.Class)
	if len(c.Actions) > 0 {
		p.word("action").word(c.Actions...)
	}
}
func (c *AuditName) rule() rule {
	return rule{section: secAudit, rank: -2, key: familyKey("ip audit name", c.Name, c.Class)}
}

// AuditInterface: `ip audit interface IF NAME`.
type AuditInterface struct {
	Pos  `json:"-"`
	If   string `json:"interface"`
	Name string `json:"name,omitempty"` // empty: not given
}

func (*AuditInterface) Family() string { return "ip audit interface" }
func (c *AuditInterface) print(p *Printer) {
	p.word("ip", "audit", "interface", c.If).wordIf(c.Name != "", c.Name)
}
func (c *AuditInterface) rule() rule {
	return rule{section: secAudit, rank: -1, key: familyKey("ip audit interface", c.If)}
}

// AuditSignature: `ip audit signature N disable`.
type AuditSignature struct {
	Pos `json:"-"`
	ID  int `json:"id"`
}

func (*AuditSignature) Family() string { return "ip audit signature" }
func (c *AuditSignature) print(p *Printer) {
	p.word("ip", "audit", "signature").num(c.ID).word("disable")
}
func (c *AuditSignature) rule() rule {
	return rule{section: secAudit, rank: 2, key: familyKey("ip audit signature", strconv.Itoa(c.ID)), quiet: true}
}

// ARP: `arp IF IP MAC [alias]`, a lasting entry of the ARP table.
type ARP struct {
	Pos   `json:"-"`
	If    string `json:"interface"`
	IP    IP     `json:"ip"`
	MAC   string `json:"mac,omitempty"` // xxxx.xxxx.xxxx; empty: not given
	Alias bool   `json:"alias,omitempty"`
}

func (*ARP) Family() string { return "arp" }
func (c *ARP) print(p *Printer) {
	p.word("arp", c.If).ip(c.IP).wordIf(c.MAC != "", c.MAC).wordIf(c.Alias, "alias")
}
func (c *ARP) rule() rule {
	return rule{section: secARP, key: familyKey("arp", c.If, c.IP.String())}
}
