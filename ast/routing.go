package ast

import "strconv"

// RIP: `rip IF default|passive version 1|2 [authentication text|md5 KEY ID]`.
type RIP struct {
	Pos     `json:"-"`
	If      string `json:"interface"`
	Mode    string `json:"mode"`              // default: offer a default route; passive: learn routes
	Version int    `json:"version,omitempty"` // 1, 2; 0: not given (`no rip`)
	Auth    string `json:"authentication,omitempty"`
	Key     Secret `json:"key,omitempty"`
	KeyID   int    `json:"keyID,omitempty"`
}

func (*RIP) Family() string { return "rip" }
func (c *RIP) print(p *Printer) {
	if p.word("rip", c.If, c.Mode); c.Version > 0 {
		p.word("version").num(c.Version)
	}
	if c.Auth != "" {
		p.word("authentication", c.Auth).secret(c.Key).num(c.KeyID)
	}
}
func (c *RIP) rule() rule {
	return rule{section: secRouting, key: familyKey("rip", c.If, c.Mode), quiet: true}
}

// MRoute: `mroute SRC SMASK IN_IF DST DMASK OUT_IF`.
type MRoute struct {
	Pos   `json:"-"`
	Src   Net    `json:"source"`
	InIf  string `json:"in"`
	Dst   Net    `json:"group"`
	OutIf string `json:"out"`
}

func (*MRoute) Family() string { return "mroute" }
func (c *MRoute) print(p *Printer) {
	p.word("mroute").ip(c.Src.IP).mask(c.Src.Mask).word(c.InIf).ip(c.Dst.IP).mask(c.Dst.Mask).word(c.OutIf)
}
func (*MRoute) rule() rule { return rule{section: secMulticast, rank: 1 << 60} }

// PrefixList: `prefix-list NAME seq N permit|deny IP/LEN [ge N] [le N]`.
type PrefixList struct {
	Pos    `json:"-"`
	Name   string `json:"name"`
	Seq    int    `json:"sequence"` // 0: to be numbered
	Permit bool   `json:"permit"`
	Net    Net    `json:"net"`
	GE     int    `json:"ge,omitempty"`
	LE     int    `json:"le,omitempty"`
	Whole  bool   `json:"-"` // only the name was typed (`no prefix-list NAME`)
}

func (*PrefixList) Family() string { return "prefix-list" }
func (c *PrefixList) print(p *Printer) {
	p.word("prefix-list", c.Name)
	if c.Whole {
		return
	}
	if c.Seq > 0 {
		p.word("seq").num(c.Seq)
	}
	p.word(permitWord(c.Permit), c.Net.IP.String()+"/"+strconv.Itoa(c.Net.Mask.Bits()))
	if c.GE > 0 {
		p.word("ge").num(c.GE)
	}
	if c.LE > 0 {
		p.word("le").num(c.LE)
	}
}
func (c *PrefixList) rule() rule {
	return rule{section: secRouting, key: familyKey("prefix-list", c.Name, strconv.Itoa(c.Seq))}
}

// PrefixDescription: `prefix-list NAME description TEXT`.
type PrefixDescription struct {
	Pos   `json:"-"`
	Name  string `json:"name"`
	Value string `json:"text,omitempty"`
}

func (*PrefixDescription) Family() string { return "prefix-list" }
func (c *PrefixDescription) print(p *Printer) {
	p.word("prefix-list", c.Name, "description").wordIf(c.Value != "", c.Value)
}
func (c *PrefixDescription) rule() rule {
	return rule{section: secRouting, key: familyKey("prefix-list description", c.Name)}
}

// RouteMatch: `match interface IF`, `match metric N`, `match ip address|next-hop|route-source ACL`, `match route-type TYPE`.
type RouteMatch struct {
	Pos `json:"-"`
	OfMode
	What  string `json:"what"` // interface, metric, ip address, ip next-hop, ip route-source, route-type
	Value string `json:"value,omitempty"`
}

func (*RouteMatch) Family() string { return "match" }
func (c *RouteMatch) print(p *Printer) {
	p.word("match", c.What).wordIf(c.Value != "", c.Value)
}
func (*RouteMatch) modeWord() string { return "route-map" }
func (c *RouteMatch) rule() rule     { return modeRule(secRouting, c.Mode, "match "+c.What) }

// RouteSet: `set metric N`, `set metric-type TYPE`, `set ip next-hop IP`.
type RouteSet struct {
	Pos `json:"-"`
	OfMode
	What    string `json:"what"` // metric, metric-type, ip next-hop
	Value   string `json:"value,omitempty"`
	NextHop IP     `json:"nextHop,omitempty"`
}

func (*RouteSet) Family() string { return "set" }
func (c *RouteSet) print(p *Printer) {
	p.word("set", c.What).wordIf(c.Value != "", c.Value)
	if c.NextHop != 0 {
		p.ip(c.NextHop)
	}
}
func (*RouteSet) modeWord() string { return "route-map" }
func (c *RouteSet) rule() rule     { return modeRule(secRouting, c.Mode, "set "+c.What) }

// modeRule is the rule of a setting of a mode.
func modeRule(sec section, mode, setting string) rule {
	return rule{section: sec, key: mode + "\x00" + setting}
}

// IGMP: one `igmp` setting of a multicast interface.
type IGMP struct {
	Pos `json:"-"`
	OfMode
	What  string `json:"what"` // forward interface, join-group, access-group, version, query-interval, query-max-response-time
	If    string `json:"interface,omitempty"`
	Group IP     `json:"group,omitempty"`
	ACL   string `json:"accessList,omitempty"`
	Value int    `json:"value,omitempty"` // version; seconds
}

func (*IGMP) Family() string { return "igmp" }
func (c *IGMP) print(p *Printer) {
	p.word("igmp", c.What).wordIf(c.If != "", c.If).wordIf(c.ACL != "", c.ACL)
	if c.Group != 0 {
		p.ip(c.Group)
	}
	if c.Value > 0 {
		p.num(c.Value)
	}
}
func (*IGMP) modeWord() string { return "multicast interface" }
func (c *IGMP) rule() rule {
	setting := c.What
	if c.What == "join-group" {
		setting += " " + c.Group.String()
	}
	return modeRule(secMulticast, c.Mode, setting)
}

// OSPFInterface: one `ospf` setting of a routing interface.
type OSPFInterface struct {
	Pos `json:"-"`
	OfMode
	What  string `json:"what"`           // authentication, authentication-key, cost, "database-filter all out", ..., message-digest-key
	Word  string `json:"word,omitempty"` // of authentication: message-digest, null
	Value int    `json:"value"`          // of cost, priority and the times; of a digest key its number; -1: not given
	Key   Secret `json:"key,omitempty"`
}

func (*OSPFInterface) Family() string { return "ospf" }
func (c *OSPFInterface) print(p *Printer) {
	p.word("ospf", c.What).wordIf(c.Word != "", c.Word)
	if c.Value >= 0 {
		p.num(c.Value)
	}
	if c.Key != "" {
		p.wordIf(c.What == "message-digest-key", "md5").secret(c.Key)
	}
}
func (*OSPFInterface) modeWord() string { return "routing interface" }
func (c *OSPFInterface) rule() rule {
	setting := c.What
	if c.What == "message-digest-key" {
		setting += " " + strconv.Itoa(c.Value)
	}
	return modeRule(secRouting, c.Mode, setting)
}
