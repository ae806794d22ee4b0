package ast

import (
	"strconv"
)

// TransformSet: `crypto ipsec transform-set NAME TRANSFORM {TRANSFORM}`.
type TransformSet struct {
	Pos        `json:"-"`
	Name       string   `json:"name"`
	Transforms []string `json:"transforms"` // esp-des, esp-md5-hmac, ... as typed; empty: not given
}

func (*TransformSet) Family() string { return "crypto ipsec transform-set" }
func (c *TransformSet) print(p *Printer) {
	p.word("crypto", "ipsec", "transform-set", c.Name).word(c.Transforms...)
}
func (c *TransformSet) rule() rule {
	return rule{section: secCryptoIPsec, key: familyKey("transform-set", c.Name)}
}

// MapEntry: one line of a crypto map or dynamic map entry: `crypto map NAME SEQ ...`, `crypto dynamic-map NAME SEQ ...`.
// Exactly one of the option groups is set; none in `no crypto map NAME SEQ`.
type MapEntry struct {
	Pos          `json:"-"`
	Dynamic      bool     `json:"dynamicMap,omitempty"` // crypto dynamic-map
	Name         string   `json:"name"`
	Seq          int      `json:"seq"`
	Kind         string   `json:"kind,omitempty"`     // ipsec-isakmp, ipsec-manual: the line that creates the entry
	Template     string   `json:"template,omitempty"` // with Kind: dynamic NAME
	Match        string   `json:"match,omitempty"`    // match address ACL
	Peer         IP       `json:"peer,omitempty"`     // set peer
	PeerName     string   `json:"peerName,omitempty"` // set peer HOSTNAME
	PFS          string   `json:"pfs,omitempty"`      // set pfs: group1, group2, group5
	TransformSet []string `json:"transformSet,omitempty"`
	Seconds      int      `json:"seconds,omitempty"`   // set security-association lifetime seconds
	Kilobytes    int      `json:"kilobytes,omitempty"` // ... kilobytes
	Part         string   `json:"-"`                   // in a no statement: an option without its value, such as `set pfs`
}

func (c *MapEntry) Family() string {
	if c.Dynamic {
		return "crypto dynamic-map"
	}
	return "crypto map"
}

func (c *MapEntry) print(p *Printer) {
	p.word(c.Family(), c.Name).num(c.Seq)
	switch {
	case c.Kind != "":
		p.word(c.Kind).wordIf(c.Template != "", "dynamic", c.Template)
	case c.Match != "":
		p.word("match", "address", c.Match)
	case c.Part != "":
		p.word(c.Part)
	case c.Peer != 0:
		p.word("set", "peer").ip(c.Peer)
	case c.PeerName != "":
		p.word("set", "peer", c.PeerName)
	case c.PFS != "":
		p.word("set", "pfs", c.PFS)
	case len(c.TransformSet) > 0:
		p.word("set", "transform-set").word(c.TransformSet...)
	case c.Seconds > 0 || c.Kilobytes > 0:
		p.word("set", "security-association", "lifetime")
		if c.Seconds > 0 {
			p.word("seconds").num(c.Seconds)
		}
		if c.Kilobytes > 0 {
			p.word("kilobytes").num(c.Kilobytes)
		}
	}
}

func (c *MapEntry) rule() rule {
	r := rule{section: secCryptoMap, rank: c.Seq*8 + c.order()}
	what := strconv.Itoa(c.order())
	if c.Peer != 0 || c.PeerName != "" {
		what += c.Peer.String() + c.PeerName // peers accumulate
	}
	if c.Dynamic {
		r.section = secDynamicMap
	}
	r.key = familyKey(c.Family(), c.Name, strconv.Itoa(c.Seq), what)
	return r
}

// order is the place of a line within its entry.
func (c *MapEntry) order() int {
	switch {
	case c.Kind != "":
		return 0
	case c.Match != "":
		return 1
	case c.PFS != "":
		return 2
	case c.Peer != 0 || c.PeerName != "":
		return 3
	case len(c.TransformSet) > 0:
		return 4
	}
	return 5
}

// mapTail ranks the lines of a crypto map that belong to no entry behind every entry.
const mapTail = 1 << 20

// MapClientAddress: `crypto map NAME client configuration address initiate|respond`.
type MapClientAddress struct {
	Pos  `json:"-"`
	Name string `json:"name"`
	How  string `json:"how"` // initiate, respond
}

func (*MapClientAddress) Family() string { return "crypto map" }
func (c *MapClientAddress) print(p *Printer) {
	p.word("crypto", "map", c.Name, "client", "configuration", "address").wordIf(c.How != "", c.How)
}
func (c *MapClientAddress) rule() rule {
	rank := mapTail
	if c.How == "respond" {
		rank++
	}
	return rule{section: secCryptoMap, rank: rank, key: familyKey("crypto map", c.Name, "client", c.How)}
}

// MapAuthentication: `crypto map NAME client [token] authentication TAG [LOCAL]`, extended authentication of clients.
type MapAuthentication struct {
	Pos   `json:"-"`
	Name  string `json:"name"`
	Token bool   `json:"token,omitempty"` // the server knows token cards
	Tag   string `json:"tag,omitempty"`
	Local bool   `json:"local,omitempty"` // LOCAL is asked when no server answers
}

func (*MapAuthentication) Family() string { return "crypto map" }
func (c *MapAuthentication) print(p *Printer) {
	p.word("crypto", "map", c.Name, "client").wordIf(c.Token, "token").word("authentication").wordIf(c.Tag != "", c.Tag).wordIf(c.Local, "LOCAL")
}
func (c *MapAuthentication) servers() string { return c.Tag }
func (c *MapAuthentication) rule() rule {
	return rule{section: secCryptoMap, rank: mapTail + 2, key: familyKey("crypto map", c.Name, "authentication")}
}

// MapInterface: `crypto map NAME interface IF`.
type MapInterface struct {
	Pos  `json:"-"`
	Name string `json:"name"`
	If   string `json:"interface,omitempty"`
}

func (*MapInterface) Family() string { return "crypto map" }
func (c *MapInterface) print(p *Printer) {
	p.word("crypto", "map", c.Name, "interface").wordIf(c.If != "", c.If)
}
func (c *MapInterface) rule() rule {
	return rule{section: secCryptoMap, rank: mapTail + 3, key: familyKey("crypto map interface", c.If)}
}

// WholeMap is `no crypto map NAME [SEQ]` and its dynamic twin. It is never stored.
type WholeMap struct {
	Pos     `json:"-"`
	Dynamic bool   `json:"dynamicMap,omitempty"`
	Name    string `json:"name"`
	Seq     int    `json:"seq,omitempty"` // 0: the whole map
}

func (c *WholeMap) Family() string { return (&MapEntry{Dynamic: c.Dynamic}).Family() }
func (c *WholeMap) print(p *Printer) {
	p.word(c.Family(), c.Name)
	if c.Seq > 0 {
		p.num(c.Seq)
	}
}
func (*WholeMap) rule() rule { return rule{} }

// ISAKMPEnable: `isakmp enable IF`.
type ISAKMPEnable struct {
	Pos `json:"-"`
	If  string `json:"interface"`
}

func (*ISAKMPEnable) Family() string     { return "isakmp" }
func (c *ISAKMPEnable) print(p *Printer) { p.word("isakmp", "enable", c.If) }
func (c *ISAKMPEnable) rule() rule {
	return rule{section: secISAKMP, key: familyKey("isakmp enable", c.If)}
}

// ISAKMPKey: `isakmp key KEY address IP netmask MASK [no-xauth] [no-config-mode]`.
type ISAKMPKey struct {
	Pos          `json:"-"`
	Key          Secret `json:"key,omitempty"`
	Peer         Net    `json:"peer"`
	NoXauth      bool   `json:"noXauth,omitempty"`
	NoConfigMode bool   `json:"noConfigMode,omitempty"`
}

func (*ISAKMPKey) Family() string { return "isakmp" }
func (c *ISAKMPKey) print(p *Printer) {
	p.word("isakmp", "key").key(c.Key).word("address").ip(c.Peer.IP).word("netmask").mask(c.Peer.Mask)
	p.wordIf(c.NoXauth, "no-xauth").wordIf(c.NoConfigMode, "no-config-mode")
}
func (c *ISAKMPKey) rule() rule {
	return rule{section: secISAKMP, rank: 1, key: familyKey("isakmp key", c.Peer.IP.String(), c.Peer.Mask.String())}
}

// ISAKMPIdentity: `isakmp identity address|hostname|key-id STRING`.
type ISAKMPIdentity struct {
	Pos   `json:"-"`
	How   string `json:"how,omitempty"`
	KeyID string `json:"keyID,omitempty"`
}

func (*ISAKMPIdentity) Family() string { return "isakmp" }
func (c *ISAKMPIdentity) print(p *Printer) {
	p.word("isakmp", "identity").wordIf(c.How != "", c.How).wordIf(c.KeyID != "", c.KeyID)
}
func (*ISAKMPIdentity) rule() rule {
	return rule{section: secISAKMP, rank: 3, key: "isakmp identity"}
}

// ISAKMPPool: `isakmp client configuration address-pool local POOL [IF]`.
type ISAKMPPool struct {
	Pos  `json:"-"`
	Pool string `json:"pool"`
	If   string `json:"interface,omitempty"`
}

func (*ISAKMPPool) Family() string { return "isakmp" }
func (c *ISAKMPPool) print(p *Printer) {
	p.word("isakmp", "client", "configuration", "address-pool", "local", c.Pool).wordIf(c.If != "", c.If)
}
func (c *ISAKMPPool) rule() rule {
	return rule{section: secISAKMP, rank: 4, key: familyKey("isakmp address-pool", c.If)}
}

// ISAKMPNatTraversal: `isakmp nat-traversal [KEEPALIVE]`.
type ISAKMPNatTraversal struct {
	Pos       `json:"-"`
	Keepalive int `json:"keepalive,omitempty"` // seconds; 0: not given, 20
}

func (*ISAKMPNatTraversal) Family() string { return "isakmp" }
func (c *ISAKMPNatTraversal) print(p *Printer) {
	p.word("isakmp", "nat-traversal")
	if c.Keepalive > 0 {
		p.num(c.Keepalive)
	}
}
func (*ISAKMPNatTraversal) rule() rule {
	return rule{section: secISAKMP, rank: 6, key: "isakmp nat-traversal"}
}

// ISAKMPPolicy: one line `isakmp policy N authentication|encryption|hash|group|lifetime VALUE`.
type ISAKMPPolicy struct {
	Pos       `json:"-"`
	Priority  int    `json:"priority"`
	Attribute string `json:"attribute,omitempty"` // empty: the whole policy (`no isakmp policy 10`)
	Value     string `json:"value,omitempty"`
}

func (*ISAKMPPolicy) Family() string { return "isakmp" }
func (c *ISAKMPPolicy) print(p *Printer) {
	p.word("isakmp", "policy").num(c.Priority).wordIf(c.Attribute != "", c.Attribute).wordIf(c.Value != "", c.Value)
}
func (c *ISAKMPPolicy) rule() rule {
	order := map[string]int{"authentication": 0, "encryption": 1, "hash": 2, "group": 3, "lifetime": 4}[c.Attribute]
	return rule{section: secISAKMP, rank: c.Priority*8 + order,
		key: familyKey("isakmp policy", strconv.Itoa(c.Priority), c.Attribute)}
}

// VPNGroup: one line `vpngroup GROUP ATTRIBUTE VALUE {VALUE}`.
type VPNGroup struct {
	Pos       `json:"-"`
	Group     string   `json:"group"`
	Attribute string   `json:"attribute,omitempty"` // address-pool, dns-server, idle-time, password, ...; empty: the whole group
	Values    []string `json:"values,omitempty"`    // pool name, addresses, seconds: canonical words
	Password  Secret   `json:"password,omitempty"`
}

func (*VPNGroup) Family() string { return "vpngroup" }
func (c *VPNGroup) print(p *Printer) {
	p.word("vpngroup", c.Group).wordIf(c.Attribute != "", c.Attribute).word(c.Values...)
	if c.Password != "" {
		p.key(c.Password)
	}
}

// vpnGroupOrder is the printed order of a group's lines.
var vpnGroupOrder = []string{"address-pool", "dns-server", "wins-server", "default-domain", "split-tunnel", "split-dns", "pfs",
	"secure-unit-authentication", "user-authentication", "user-idle-timeout", "authentication-server", "device-pass-through",
	"backup-server", "idle-time", "max-time", "password"}

func (c *VPNGroup) rule() rule {
	return rule{section: secVPNGroup, key: familyKey("vpngroup", c.Group, c.Attribute)}
}
