package ast

// AAAProtocol: `aaa-server TAG protocol tacacs+|radius|local`.
type AAAProtocol struct {
	Pos      `json:"-"`
	Tag      string `json:"tag"`
	Protocol string `json:"protocol,omitempty"`
}

func (*AAAProtocol) Family() string { return "aaa-server" }
func (c *AAAProtocol) print(p *Printer) {
	p.word("aaa-server", c.Tag).wordIf(c.Protocol != "", "protocol", c.Protocol)
}
func (c *AAAProtocol) rule() rule {
	return rule{section: secAAA, key: familyKey("aaa-server", c.Tag, "protocol")}
}

// AAAHost: `aaa-server TAG (IF) host IP [KEY] [timeout S]`.
type AAAHost struct {
	Pos     `json:"-"`
	Tag     string `json:"tag"`
	If      string `json:"interface"`
	IP      IP     `json:"ip"`
	Key     Secret `json:"key,omitempty"`
	Timeout int    `json:"timeout,omitempty"` // seconds; 0: not given
}

func (*AAAHost) Family() string { return "aaa-server" }
func (c *AAAHost) print(p *Printer) {
	p.word("aaa-server", c.Tag).paren(c.If).word("host").ip(c.IP)
	if c.Key != "" {
		p.secret(c.Key)
	}
	if c.Timeout > 0 {
		p.word("timeout").num(c.Timeout)
	}
}
func (c *AAAHost) rule() rule {
	return rule{section: secAAA, key: familyKey("aaa-server", c.Tag, "host", c.If, c.IP.String())}
}

// AAAService is the traffic that an aaa rule names: any, http, tcp/8080, icmp/8, 17/53, ...
type AAAService struct {
	Word  string `json:"word"`  // as printed
	Proto uint8  `json:"proto"` // 0: all TCP (`any`)
	Lo    uint16 `json:"lo"`    // first port, or ICMP type
	Hi    uint16 `json:"hi"`
	All   bool   `json:"all,omitempty"` // every port: any, tcp/0; icmp/0 is a type
}

// AAARule: `aaa authentication|authorization|accounting include|exclude SERVICE IF|inbound|outbound LOCAL MASK [FOREIGN MASK]
// TAG`.
type AAARule struct {
	Pos     `json:"-"`
	What    string     `json:"what"` // authentication, authorization, accounting
	Include bool       `json:"include"`
	Service AAAService `json:"service"`
	If      string     `json:"interface"` // interface name, inbound or outbound
	Local   Net        `json:"local"`
	Foreign *Net       `json:"foreign,omitempty"` // nil: not given, 0.0.0.0 0.0.0.0
	Tag     string     `json:"tag"`
}

func (*AAARule) Family() string { return "aaa" }
func (c *AAARule) print(p *Printer) {
	verb := "exclude"
	if c.Include {
		verb = "include"
	}
	p.word("aaa", c.What, verb, c.Service.Word, c.If).ip(c.Local.IP).mask(c.Local.Mask)
	if c.Foreign != nil {
		p.ip(c.Foreign.IP).mask(c.Foreign.Mask)
	}
	p.wordIf(c.Tag != "", c.Tag)
}
func (c *AAARule) rule() rule {
	return rule{section: secAAA, rank: aaaRank(c.What)}
}
func (c *AAARule) servers() string { return c.Tag }
