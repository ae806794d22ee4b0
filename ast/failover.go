package ast

// FailoverLink: `failover link IF`, the interface that state goes over to the other box.
type FailoverLink struct {
	Pos `json:"-"`
	If  string `json:"interface,omitempty"` // empty: not given
}

func (*FailoverLink) Family() string     { return "failover link" }
func (c *FailoverLink) print(p *Printer) { p.word("failover", "link").wordIf(c.If != "", c.If) }
func (*FailoverLink) rule() rule {
	return rule{section: secFailover, rank: 6, key: "failover link", quiet: true}
}

// FailoverReplication: `failover replication http`, whether HTTP connections survive a change of boxes.
type FailoverReplication struct {
	Pos `json:"-"`
}

func (*FailoverReplication) Family() string     { return "failover replication" }
func (c *FailoverReplication) print(p *Printer) { p.word("failover", "replication", "http") }
func (*FailoverReplication) rule() rule {
	return rule{section: secFailover, rank: 3, key: "failover replication", quiet: true}
}

// FailoverMAC: `failover mac address IF ACTIVE STANDBY`.
type FailoverMAC struct {
	Pos     `json:"-"`
	If      string `json:"interface"`
	Active  string `json:"active,omitempty"` // xxxx.xxxx.xxxx
	Standby string `json:"standby,omitempty"`
}

func (*FailoverMAC) Family() string { return "failover mac address" }
func (c *FailoverMAC) print(p *Printer) {
	p.word("failover", "mac", "address", c.If).wordIf(c.Active != "", c.Active).wordIf(c.Standby != "", c.Standby)
}
func (c *FailoverMAC) rule() rule {
	return rule{section: secFailover, rank: 5, key: familyKey("failover mac address", c.If)}
}

// FailoverUnit: `failover lan unit primary|secondary`.
type FailoverUnit struct {
	Pos  `json:"-"`
	Unit string `json:"unit,omitempty"` // primary, secondary; empty: not given
}

func (*FailoverUnit) Family() string { return "failover lan" }
func (c *FailoverUnit) print(p *Printer) {
	p.word("failover", "lan", "unit").wordIf(c.Unit != "", c.Unit)
}
func (*FailoverUnit) rule() rule {
	return rule{section: secFailover, rank: 7, key: "failover lan unit", quiet: true}
}

// FailoverInterface: `failover lan interface IF`, the interface that the two boxes talk over.
type FailoverInterface struct {
	Pos `json:"-"`
	If  string `json:"interface,omitempty"` // empty: not given
}

func (*FailoverInterface) Family() string { return "failover lan" }
func (c *FailoverInterface) print(p *Printer) {
	p.word("failover", "lan", "interface").wordIf(c.If != "", c.If)
}
func (*FailoverInterface) rule() rule {
	return rule{section: secFailover, rank: 8, key: "failover lan interface", quiet: true}
}

// FailoverKey: `failover lan key SECRET`.
type FailoverKey struct {
	Pos `json:"-"`
	Key Secret `json:"key,omitempty"` // empty: not given
}

func (*FailoverKey) Family() string { return "failover lan" }
func (c *FailoverKey) print(p *Printer) {
	p.word("failover", "lan", "key")
	if c.Key != "" {
		p.key(c.Key)
	}
}
func (*FailoverKey) rule() rule {
	return rule{section: secFailover, rank: 9, key: "failover lan key", quiet: true}
}

// FailoverLAN: `failover lan enable`, failover over a network in place of the serial cable.
type FailoverLAN struct {
	Pos `json:"-"`
}

func (*FailoverLAN) Family() string     { return "failover lan" }
func (c *FailoverLAN) print(p *Printer) { p.word("failover", "lan", "enable") }
func (*FailoverLAN) rule() rule {
	return rule{section: secFailover, rank: 10, key: "failover lan enable", quiet: true}
}
