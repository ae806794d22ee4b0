package ast

import "slices"

// VPDNEnable: `vpdn enable IF`: PPTP and L2TP are served there.
type VPDNEnable struct {
	Pos `json:"-"`
	If  string `json:"interface,omitempty"`
}

func (*VPDNEnable) Family() string     { return "vpdn" }
func (c *VPDNEnable) print(p *Printer) { p.word("vpdn", "enable").wordIf(c.If != "", c.If) }
func (c *VPDNEnable) rule() rule {
	return rule{section: secVPDN, rank: 1<<40 + 1, key: familyKey("vpdn enable", c.If)}
}

// VPDNGroup: one line `vpdn group GROUP ATTRIBUTE VALUE`.
type VPDNGroup struct {
	Pos       `json:"-"`
	Group     string `json:"group"`
	Attribute string `json:"attribute,omitempty"` // one of vpdnOrder; empty: the whole group
	Value     string `json:"value,omitempty"`     // a protocol, a user, a pool, a server group, seconds: canonical words
	IPs       []IP   `json:"ips,omitempty"`       // client configuration dns, wins
	Required  bool   `json:"required,omitempty"`  // ppp encryption mppe
}

// vpdnOrder is the printed order of a group's lines.
var vpdnOrder = []string{"accept dialin", "request dialout pppoe", "localname", "ppp authentication", "ppp encryption mppe",
	"client configuration address local", "client configuration dns", "client configuration wins", "pptp echo", "l2tp tunnel hello",
	"client authentication", "client accounting"}

func (*VPDNGroup) Family() string { return "vpdn" }
func (c *VPDNGroup) print(p *Printer) {
	p.word("vpdn", "group", c.Group).wordIf(c.Attribute != "", c.Attribute).wordIf(c.Value != "", c.Value)
	for _, ip := range c.IPs {
		p.ip(ip)
	}
	p.wordIf(c.Required, "required")
}
func (c *VPDNGroup) rule() rule {
	key := familyKey("vpdn group", c.Group, c.Attribute)
	if c.Attribute == "ppp authentication" {
		key += " " + c.Value // each protocol has a line of its own
	}
	return rule{section: secVPDN, rank: slices.Index(vpdnOrder, c.Attribute), key: key}
}
func (c *VPDNGroup) group() (string, int) { return "vpdn group\x00" + c.Group, 16 }

// VPDNUser: `vpdn username USER password PASSWORD [store-local]`.
type VPDNUser struct {
	Pos        `json:"-"`
	User       string `json:"user"`
	Password   Secret `json:"password,omitempty"`
	StoreLocal bool   `json:"storeLocal,omitempty"`
}

func (*VPDNUser) Family() string { return "vpdn" }
func (c *VPDNUser) print(p *Printer) {
	p.word("vpdn", "username", c.User)
	if c.Password != "" {
		// A PIX shows nine asterisks here, eight elsewhere (commands-firewall.md section 4.4).
		p.word("password").keyAs(c.Password, "*********")
	}
	p.wordIf(c.StoreLocal, "store-local")
}
func (c *VPDNUser) rule() rule {
	return rule{section: secVPDN, rank: 1 << 40, key: familyKey("vpdn username", c.User)}
}
func (c *VPDNUser) removeFrom(cfg *Config) (bool, error) { return true, cfg.removeKey(c) }
