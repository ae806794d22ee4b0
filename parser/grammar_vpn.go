package parser

import "pixfw/ast"

type transformWord struct {
	Word kw `parser:"@( 'ah-md5-hmac' | 'ah-sha-hmac' | 'esp-des' | 'esp-3des' | 'esp-aes' | 'esp-aes-192' | 'esp-aes-256' | 'esp-null' | 'esp-md5-hmac' | 'esp-sha-hmac' )"`
}

type transformSetGrammar struct {
	Name  setName         `parser:"'crypto' 'ipsec' 'transform-set' @@"`
	Words []transformWord `parser:"@@ ( @@ @@? )?"`
}

func (g *transformSetGrammar) toAST(c *conv) ast.Command { return transformSet(c, g.Name, g.Words) }

type noTransformSetGrammar struct {
	Name  setName         `parser:"'no' 'crypto' 'ipsec' 'transform-set' @@"`
	Words []transformWord `parser:"( @@ ( @@ @@? )? )?"`
}

func (g *noTransformSetGrammar) toAST(c *conv) ast.Command { return transformSet(c, g.Name, g.Words) }

func transformSet(c *conv, name setName, words []transformWord) ast.Command {
	t := &ast.TransformSet{Pos: c.pos, Name: name.Text}
	for _, w := range words {
		t.Transforms = append(t.Transforms, string(w.Word))
	}
	return t
}

// mapLine is what an entry of a crypto map and one of a dynamic map have in common.
type mapLine struct {
	Match aclID       `parser:"  'match' 'address' @@"`
	Peer  ipAddr      `parser:"| 'set' ( 'peer' @@"`
	PFS   bool        `parser:"  | @'pfs'"`
	Group kw          `parser:"    @( 'group1' | 'group2' | 'group5' )?"`
	Sets  []setName   `parser:"  | 'transform-set' @@ ( @@ ( @@ ( @@ ( @@ @@? )? )? )? )?"`
	Secs  saSeconds   `parser:"  | 'security-association' 'lifetime' ( 'seconds' @@"`
	KB    saKilobytes `parser:"    ( 'kilobytes' @@ )?"`
	OnlyK saKilobytes `parser:"    | 'kilobytes' @@ ) )"`
}

func (g *mapLine) fill(c *conv, e *ast.MapEntry) {
	e.Match = g.Match.Text
	if g.Peer.given() {
		if e.Peer = c.ip(g.Peer.word); e.Peer == 0 {
			c.fail(g.Peer.word, codeBadValue, badValue{kind: ast.BadValue, message: "bad peer " + g.Peer.Text})
		}
	}
	if g.PFS {
		// group1 is what `set pfs` alone means before 7.0 (commands-vpn-aaa-show.md section 1.2).
		e.PFS = orElse(string(g.Group), "group1")
	}
	for _, s := range g.Sets {
		e.TransformSet = append(e.TransformSet, s.Text)
	}
	e.Seconds, e.Kilobytes = g.Secs.nOr(0), g.KB.nOr(g.OnlyK.nOr(0))
}

type mapClient struct {
	How kw      `parser:"'client' ( 'configuration' 'address' @( 'initiate' | 'respond' )"`
	Tag tagName `parser:"| 'authentication' @@ )"`
}

type mapSequence struct {
	Seq     mapSeq   `parser:"@@"`
	Kind    kw       `parser:"( @'ipsec-isakmp'"`
	Dynamic mapName  `parser:"  ( 'dynamic' @@ )?"`
	Line    *mapLine `parser:"| @@ )"`
}

func (g *mapSequence) entry(c *conv, name mapName) ast.Command {
	e := &ast.MapEntry{Pos: c.pos, Name: name.Text, Seq: g.Seq.n(), Kind: string(g.Kind), Template: g.Dynamic.Text}
	if g.Line != nil {
		g.Line.fill(c, e)
	}
	return e
}

type cryptoMapGrammar struct {
	Name   mapName      `parser:"'crypto' 'map' @@"`
	Client *mapClient   `parser:"( @@"`
	If     ifName       `parser:"| 'interface' @@"`
	Entry  *mapSequence `parser:"| @@ )"`
}

func (g *cryptoMapGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Entry != nil:
		return g.Entry.entry(c, g.Name)
	case g.If.given():
		return &ast.MapInterface{Pos: c.pos, Name: g.Name.Text, If: g.If.Text}
	case g.Client.Tag.given():
		return &ast.MapAuthentication{Pos: c.pos, Name: g.Name.Text, Tag: g.Client.Tag.Text}
	}
	return &ast.MapClientAddress{Pos: c.pos, Name: g.Name.Text, How: string(g.Client.How)}
}

type noMapClient struct {
	Conf bool    `parser:"'client' ( @'configuration' 'address'"`
	How  kw      `parser:"  @( 'initiate' | 'respond' )?"`
	Auth bool    `parser:"| @'authentication'"`
	Tag  tagName `parser:"  @@? )"`
}

type noCryptoMapGrammar struct {
	Name   mapName      `parser:"'no' 'crypto' 'map' @@"`
	Client *noMapClient `parser:"( @@"`
	Iface  bool         `parser:"| @'interface'"`
	If     ifName       `parser:"  @@?"`
	Entry  *mapSequence `parser:"| @@"`
	Seq    mapSeq       `parser:"| @@ )?"`
}

func (g *noCryptoMapGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Entry != nil:
		return g.Entry.entry(c, g.Name)
	case g.Iface:
		return &ast.MapInterface{Pos: c.pos, Name: g.Name.Text, If: g.If.Text}
	case g.Client == nil:
		return &ast.WholeMap{Pos: c.pos, Name: g.Name.Text, Seq: g.Seq.nOr(0)}
	case g.Client.Auth:
		return &ast.MapAuthentication{Pos: c.pos, Name: g.Name.Text, Tag: g.Client.Tag.Text}
	}
	return &ast.MapClientAddress{Pos: c.pos, Name: g.Name.Text, How: string(g.Client.How)}
}

type dynamicMapGrammar struct {
	Name mapName `parser:"'crypto' 'dynamic-map' @@"`
	Seq  mapSeq  `parser:"@@"`
	Line mapLine `parser:"@@"`
}

func (g *dynamicMapGrammar) toAST(c *conv) ast.Command {
	e := &ast.MapEntry{Pos: c.pos, Dynamic: true, Name: g.Name.Text, Seq: g.Seq.n()}
	g.Line.fill(c, e)
	return e
}

type noDynamicMapGrammar struct {
	Name mapName  `parser:"'no' 'crypto' 'dynamic-map' @@"`
	Seq  mapSeq   `parser:"( @@"`
	Line *mapLine `parser:"  @@? )?"`
}

func (g *noDynamicMapGrammar) toAST(c *conv) ast.Command {
	if g.Line == nil {
		return &ast.WholeMap{Pos: c.pos, Dynamic: true, Name: g.Name.Text, Seq: g.Seq.nOr(0)}
	}
	e := &ast.MapEntry{Pos: c.pos, Dynamic: true, Name: g.Name.Text, Seq: g.Seq.n()}
	g.Line.fill(c, e)
	return e
}

// peerKey is `key KEY address IP ...`.
type peerKey struct {
	Key    secret  `parser:"'key' @@"`
	IP     ipAddr  `parser:"'address' @@"`
	Mask   netMask `parser:"( 'netmask' @@ )?"`
	NoX    bool    `parser:"@'no-xauth'?"`
	NoMode bool    `parser:"@'no-config-mode'?"`
}

func (g *peerKey) key(c *conv) ast.Command {
	k := &ast.ISAKMPKey{Pos: c.pos, Key: ast.Secret(g.Key.Text), NoXauth: g.NoX, NoConfigMode: g.NoMode}
	k.Peer = ast.Net{IP: c.ip(g.IP.word), Mask: ast.AllOnes}
	if g.Mask.given() {
		k.Peer = c.net(g.IP.word, g.Mask.word)
	}
	return k
}

type policyLine struct {
	Auth     kw         `parser:"  @'authentication' @( 'pre-share' | 'rsa-sig' )"`
	Enc      kw         `parser:"| @'encryption' @( 'des' | '3des' | 'aes' | 'aes-192' | 'aes-256' )"`
	Hash     kw         `parser:"| @'hash' @( 'md5' | 'sha' )"`
	Group    kw         `parser:"| @'group' @( '1' | '2' | '5' )"`
	Lifetime ikeSeconds `parser:"| 'lifetime' @@"`
}

type policyPart struct {
	Attribute kw `parser:"@( 'authentication' | 'encryption' | 'hash' | 'group' | 'lifetime' )"`
}

func (g *policyLine) fill(p *ast.ISAKMPPolicy) {
	if g.Lifetime.given() {
		p.Attribute, p.Value = "lifetime", itoa(g.Lifetime.n())
		return
	}
	p.Attribute, p.Value, _ = cut(string(g.Auth + g.Enc + g.Hash + g.Group))
}

type isakmpGrammar struct {
	Enable ifName     `parser:"'crypto'? 'isakmp' ( 'enable' @@"`
	How    kw         `parser:"| 'identity' @( 'address' | 'hostname' )"`
	Key    *peerKey   `parser:"| @@"`
	Pool   poolName   `parser:"| 'client' 'configuration' 'address-pool' 'local' @@"`
	PoolIf ifName     `parser:"  @@?"`
	NatT   bool       `parser:"| @'nat-traversal'"`
	Keep   keepalive  `parser:"  @@?"`
	Pri    policyPri  `parser:"| 'policy' @@"`
	Policy policyLine `parser:"  @@ )"`
}

func (g *isakmpGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Enable.given():
		return &ast.ISAKMPEnable{Pos: c.pos, If: g.Enable.Text}
	case g.How != "":
		return &ast.ISAKMPIdentity{Pos: c.pos, How: string(g.How)}
	case g.Key != nil:
		return g.Key.key(c)
	case g.Pool.given():
		return &ast.ISAKMPPool{Pos: c.pos, Pool: g.Pool.Text, If: g.PoolIf.Text}
	case g.NatT:
		return &ast.ISAKMPNatTraversal{Pos: c.pos, Keepalive: g.Keep.nOr(20)}
	}
	p := &ast.ISAKMPPolicy{Pos: c.pos, Priority: g.Pri.n()}
	g.Policy.fill(p)
	return p
}

type noISAKMPGrammar struct {
	Enable   ifName      `parser:"'no' 'crypto'? 'isakmp' ( 'enable' @@"`
	Identity bool        `parser:"| @'identity'"`
	How      kw          `parser:"  @( 'address' | 'hostname' )?"`
	Key      *peerKey    `parser:"| @@"`
	Pool     poolName    `parser:"| 'client' 'configuration' 'address-pool' 'local' @@"`
	PoolIf   ifName      `parser:"  @@?"`
	NatT     bool        `parser:"| @'nat-traversal'"`
	Keep     keepalive   `parser:"  @@?"`
	Pri      policyPri   `parser:"| 'policy' @@"`
	Policy   *policyLine `parser:"  ( @@"`
	Part     *policyPart `parser:"  | @@ )? )"`
}

func (g *noISAKMPGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Enable.given():
		return &ast.ISAKMPEnable{Pos: c.pos, If: g.Enable.Text}
	case g.Identity:
		return &ast.ISAKMPIdentity{Pos: c.pos, How: string(g.How)}
	case g.Key != nil:
		return g.Key.key(c)
	case g.Pool.given():
		return &ast.ISAKMPPool{Pos: c.pos, Pool: g.Pool.Text, If: g.PoolIf.Text}
	case g.NatT:
		return &ast.ISAKMPNatTraversal{Pos: c.pos, Keepalive: g.Keep.nOr(0)}
	}
	p := &ast.ISAKMPPolicy{Pos: c.pos, Priority: g.Pri.n()}
	if g.Policy != nil {
		g.Policy.fill(p)
	} else if g.Part != nil {
		p.Attribute = string(g.Part.Attribute)
	}
	return p
}

// vpnAttribute is what follows the name of a group; one alternative a form of value.
type vpnAttribute struct {
	Pool    poolName    `parser:"  'address-pool' @@"`
	Server  kw          `parser:"| @( 'dns-server' | 'wins-server' )"`
	IPs     []ipAddr    `parser:"  @@ @@?"`
	Domain  hostWord    `parser:"| 'default-domain' @@"`
	Tunnel  aclID       `parser:"| 'split-tunnel' @@"`
	Split   []hostWord  `parser:"| 'split-dns' @@ ( @@ ( @@ ( @@ ( @@ ( @@ ( @@ @@? )? )? )? )? )? )?"`
	Idle    idleSeconds `parser:"| 'idle-time' @@"`
	Max     maxSeconds  `parser:"| 'max-time' @@"`
	PW      secret      `parser:"| 'password' @@"`
	User    hms         `parser:"| 'user-idle-timeout' @@"`
	Auth    tagName     `parser:"| 'authentication-server' @@"`
	Backup  []ipAddr    `parser:"| 'backup-server' ( @@+"`
	Clear   bool        `parser:"  | @'clear-client-cfg' )"`
	Boolean kw          `parser:"| @( 'pfs' | 'secure-unit-authentication' | 'user-authentication' | 'device-pass-through' )"`
}

func (g *vpnAttribute) fill(c *conv, v *ast.VPNGroup) {
	set := func(attribute string, values ...string) { v.Attribute, v.Values = attribute, values }
	addresses := func(list []ipAddr) (out []string) {
		for _, w := range list {
			out = append(out, c.ip(w.word).String())
		}
		return out
	}
	switch {
	case g.Pool.given():
		set("address-pool", g.Pool.Text)
	case g.Server != "":
		set(string(g.Server), addresses(g.IPs)...)
	case g.Domain.given():
		set("default-domain", g.Domain.Text)
	case g.Tunnel.given():
		set("split-tunnel", g.Tunnel.Text)
	case len(g.Split) > 0:
		var names []string
		for _, w := range g.Split {
			names = append(names, w.Text)
		}
		set("split-dns", names...)
	case g.Idle.given():
		set("idle-time", itoa(g.Idle.n()))
	case g.Max.given():
		set("max-time", itoa(g.Max.n()))
	case g.PW.given():
		set("password")
		v.Password = ast.Secret(g.PW.Text)
	case g.User.given():
		d, _ := parseHMS(g.User.Text)
		set("user-idle-timeout", ast.HMS(d))
	case g.Auth.given():
		set("authentication-server", g.Auth.Text)
	case g.Clear:
		set("backup-server", "clear-client-cfg")
	case len(g.Backup) > 0:
		set("backup-server", addresses(g.Backup)...)
	default:
		set(string(g.Boolean))
	}
}

type vpnGroupGrammar struct {
	Group     vpnName      `parser:"'vpngroup' @@"`
	Attribute vpnAttribute `parser:"@@"`
}

func (g *vpnGroupGrammar) toAST(c *conv) ast.Command {
	v := &ast.VPNGroup{Pos: c.pos, Group: g.Group.Text}
	g.Attribute.fill(c, v)
	return v
}

type vpnPart struct {
	Attribute kw `parser:"@( 'address-pool' | 'dns-server' | 'wins-server' | 'default-domain' | 'split-tunnel' | 'split-dns' | 'idle-time' | 'max-time' | 'password' | 'user-idle-timeout' | 'authentication-server' | 'backup-server' )"`
}

type noVPNGroupGrammar struct {
	Group     vpnName       `parser:"'no' 'vpngroup' @@"`
	Attribute *vpnAttribute `parser:"( @@"`
	Part      *vpnPart      `parser:"| @@ )?"`
}

func (g *noVPNGroupGrammar) toAST(c *conv) ast.Command {
	v := &ast.VPNGroup{Pos: c.pos, Group: g.Group.Text}
	switch {
	case g.Attribute != nil:
		g.Attribute.fill(c, v)
	case g.Part != nil:
		v.Attribute = string(g.Part.Attribute)
	}
	return v
}
