package ast

import "slices"

// StandardACE: `access-list ID [line N] permit|deny any|host IP|IP MASK`, an entry that names networks, for route maps. The box
// never filters packets by it.
type StandardACE struct {
	Pos    `json:"-"`
	ID     string `json:"id"`
	Line   int    `json:"insertAt,omitempty"`
	Permit bool   `json:"permit"`
	Addr   Addr   `json:"address"`
}

func (*StandardACE) Family() string { return "access-list" }
func (c *StandardACE) print(p *Printer) {
	p.word("access-list", c.ID, permitWord(c.Permit))
	c.Addr.print(p)
}
func (*StandardACE) rule() rule { return rule{section: secAccessList} }

// ListCompiled: `access-list [ID] compiled`, a switch that makes look-ups fast and changes no verdict.
type ListCompiled struct {
	Pos `json:"-"`
	ID  string `json:"id,omitempty"` // empty: every list
}

func (*ListCompiled) Family() string { return "access-list" }
func (c *ListCompiled) print(p *Printer) {
	p.word("access-list").wordIf(c.ID != "", c.ID).word("compiled")
}
func (c *ListCompiled) rule() rule {
	rank := 0
	if c.ID != "" {
		rank = 3
	}
	return rule{section: secListOptions, rank: rank, key: familyKey("access-list compiled", c.ID), quiet: true}
}

// ListLimit: `access-list deny-flow-max N`, `access-list alert-interval SECONDS`, the bounds of the log of denied flows
// (semantics.md 2.3).
type ListLimit struct {
	Pos   `json:"-"`
	Which string `json:"which"`           // deny-flow-max, alert-interval
	Value int    `json:"value,omitempty"` // 0: not given
}

// The limits of a box that names none (commands-firewall.md section 5.4).
const (
	DefaultDenyFlowMax   = 4096
	DefaultAlertInterval = 300
)

func (*ListLimit) Family() string { return "access-list" }
func (c *ListLimit) print(p *Printer) {
	p.word("access-list", c.Which)
	if c.Value > 0 {
		p.num(c.Value)
	}
}
func (c *ListLimit) rule() rule {
	rank, def := 1, DefaultDenyFlowMax
	if c.Which == "alert-interval" {
		rank, def = 2, DefaultAlertInterval
	}
	return rule{section: secListOptions, rank: rank, key: familyKey("access-list", c.Which), quiet: true, unset: c.Value == def}
}

// Fragment: `fragment size|chain|timeout N [IF]` (semantics.md 1.6). Without an interface it is for all of them.
type Fragment struct {
	Pos   `json:"-"`
	Which string `json:"which"` // size, chain, timeout
	Value int    `json:"value,omitempty"`
	If    string `json:"interface,omitempty"`
}

// DefaultFragment is the value of a fragment limit that a configuration does not set.
func DefaultFragment(which string) int {
	return map[string]int{"size": 200, "chain": 24, "timeout": 5}[which]
}

func (*Fragment) Family() string { return "fragment" }
func (c *Fragment) print(p *Printer) {
	p.word("fragment", c.Which)
	if c.Value > 0 {
		p.num(c.Value)
	}
	p.wordIf(c.If != "", c.If)
}
func (c *Fragment) rule() rule {
	rank := slices.Index([]string{"size", "chain", "timeout"}, c.Which)
	// Of one interface the default counts: it may be there to keep the value of all interfaces away.
	return rule{section: secFragment, rank: rank, key: familyKey("fragment", c.Which, c.If), quiet: true,
		unset: c.If == "" && c.Value == DefaultFragment(c.Which)}
}

// Service: `service resetinbound|resetoutside`: connections that are refused get a reset.
type Service struct {
	Pos    `json:"-"`
	Option string `json:"option"`
}

func (*Service) Family() string     { return "service" }
func (c *Service) print(p *Printer) { p.word("service", c.Option) }
func (c *Service) rule() rule {
	return rule{section: secService, key: familyKey("service", c.Option), quiet: true}
}

// Shun: `shun SRC [DST SPORT DPORT [PROTO]]`, `no shun SRC`: drop every packet of a host, at once. It is an action, not a setting:
// Config.Do takes it and stores nothing, and who runs the statements tells the engine (semantics.md 1.7).
type Shun struct {
	Pos              `json:"-"`
	Src              IP     `json:"src"`
	Dst              *IP    `json:"dst,omitempty"` // with the ports: that connection is cut, too
	SrcPort, DstPort uint16 `json:",omitempty"`
	HasProto         bool   `json:"-"`
	Proto            uint8  `json:"proto,omitempty"`
}

func (*Shun) Family() string { return "shun" }
func (c *Shun) print(p *Printer) {
	p.word("shun").ip(c.Src)
	if c.Dst == nil {
		return
	}
	p.ip(*c.Dst).num(int(c.SrcPort)).num(int(c.DstPort))
	if c.HasProto {
		p.word(ProtocolWord(c.Proto))
	}
}
func (*Shun) rule() rule { return rule{} }
