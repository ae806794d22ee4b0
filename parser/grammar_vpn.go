package parser

import "pixfw/ast"

type transformWord struct {
	Word kw `parser:"@( 'ah-md5-hmac' | 'ah-sha-hmac' | 'esp-des' | 'esp-3des' | 'esp-aes' | 'esp-aes-192' | 'esp-aes-256' | 'esp-null' | 'esp-md5-hmac' | 'esp-sha-hmac' )"`
}

type transformSetGrammar struct {
	Name  setName         `parser:"'crypto' 'ipsec' ( 'transform-set' @@"`
	Mode  kw              `parser:"  ( 'mode' @( 'transport' | 'tunnel' )"`
	Words []transformWord `parser:"  | @@ ( @@ @@? )? )"`
	Life  *saLifetime     `parser:"| @@ )"`
}

func (g *transformSetGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Life != nil:
		return &ast.SALifetime{Pos: c.pos, Seconds: g.Life.Secs.nOr(0), Kilobytes: g.Life.KB.nOr(g.Life.OnlyK.nOr(0))}
	case g.Mode != "":
		return &ast.TransformMode{Pos: c.pos, Name: g.Name.Text, Mode: string(g.Mode)}
	}
	return transformSet(c, g.Name, g.Words)
}

// saLifetime is `security-association lifetime seconds N` and `kilobytes N`, or both.
type saLifetime struct {
	Secs  saSeconds   `parser:"'security-association' 'lifetime' ( 'seconds' @@"`
	KB    saKilobytes `parser:"  ( 'kilobytes' @@ )?"`
	OnlyK saKilobytes `parser:"| 'kilobytes' @@ )"`
}

// noLifetime may leave the numbers off.
type noLifetime struct {
	S    kw          `parser:"'security-association' 'lifetime' ( @'seconds'"`
	Secs saSeconds   `parser:"  ( @@"`
	Both saKilobytes `parser:"  ( 'kilobytes' @@ )? )?"`
	K    kw          `parser:"| @'kilobytes'"`
	KB   saKilobytes `parser:"  @@? )?"`
}

type noTransformSetGrammar struct {
	Name  setName         `parser:"'no' 'crypto' 'ipsec' ( 'transform-set' @@"`
	Mode  bool            `parser:"  ( @'mode'"`
	How   kw              `parser:"    @( 'transport' | 'tunnel' )?"`
	Words []transformWord `parser:"  | @@ ( @@ @@? )? )?"`
	Life  *noLifetime     `parser:"| @@ )"`
}

func (g *noTransformSetGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Life != nil:
		l := &ast.SALifetime{Pos: c.pos, Seconds: g.Life.Secs.nOr(0), Kilobytes: g.Life.KB.nOr(g.Life.Both.nOr(0))}
		if l.Seconds+l.Kilobytes == 0 {
			l.Part = string(g.Life.S + g.Life.K)
		}
		return l
	case g.Mode:
		return &ast.TransformMode{Pos: c.pos, Name: g.Name.Text, Mode: string(g.How)}
	}
	return transformSet(c, g.Name, g.Words)
}

// transformKind is what a transform is for: a set has at most one of each.
func transformKind(w string) string {
	switch w {
	case "ah-md5-hmac", "ah-sha-hmac":
		return "authentication header"
	case "esp-md5-hmac", "esp-sha-hmac":
		return "authentication of ESP"
	}
	return "cipher of ESP"
}

func transformSet(c *conv, name setName, words []transformWord) ast.Command {
	t := &ast.TransformSet{Pos: c.pos, Name: name.Text}
	seen := map[string]bool{}
	for _, w := range words {
		kind := transformKind(string(w.Word))
		if seen[kind] {
			c.fail(name.word, codeBadValue, badValue{kind: ast.BadValue, message: "two transforms for the " + kind, hint: "a set has at most one of each kind"})
		}
		seen[kind] = true
		t.Transforms = append(t.Transforms, string(w.Word))
	}
	return t
}

// mapLine is what an entry of a crypto map and one of a dynamic map have in common.
type mapLine struct {
	Match aclID       `parser:"  'match' 'address' @@"`
	Peer  ipAddr      `parser:"| 'set' ( 'peer' ( @@"`
	Host  peerName    `parser:"    | @@ )"`
	PFS   bool        `parser:"  | @'pfs'"`
	Group kw          `parser:"    @( 'group1' | 'group2' | 'group5' )?"`
	Sets  []setName   `parser:"  | 'transform-set' @@ ( @@ ( @@ ( @@ ( @@ @@? )? )? )? )?"`
	Secs  saSeconds   `parser:"  | 'security-association' 'lifetime' ( 'seconds' @@"`
	KB    saKilobytes `parser:"    ( 'kilobytes' @@ )?"`
	OnlyK saKilobytes `parser:"    | 'kilobytes' @@ ) )"`
}

func (g *mapLine) fill(c *conv, e *ast.MapEntry) {
	e.Match, e.PeerName = g.Match.Text, g.Host.Text
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
	How   kw      `parser:"'client' ( 'configuration' 'address' @( 'initiate' | 'respond' )"`
	Token bool    `parser:"| @'token'?"`
	Tag   tagName `parser:"  'authentication' @@"`
	Local bool    `parser:"  @'LOCAL'? )"`
}

// sessionKey is `set session-key inbound|outbound ah|esp ...` of an entry without IKE.
type sessionKey struct {
	Way    kw     `parser:"'set' 'session-key' @( 'inbound' | 'outbound' )"`
	AH     spiNum `parser:"( 'ah' @@"`
	AHKey  hexKey `parser:"  @@"`
	ESP    spiNum `parser:"| 'esp' @@"`
	Cipher hexKey `parser:"  'cipher' @@"`
	Auth   hexKey `parser:"  ( 'authenticator' @@ )? )"`
}

func (g *sessionKey) key(c *conv, name mapName, seq mapSeq) ast.Command {
	k := &ast.MapSessionKey{Pos: c.pos, Name: name.Text, Seq: seq.n(), Inbound: g.Way == "inbound", AH: g.AH.given(),
		SPI: uint32(g.AH.nOr(g.ESP.nOr(0))), Key: ast.Secret(g.AHKey.Text + g.Cipher.Text), Auth: ast.Secret(g.Auth.Text)}
	return k
}

type noSessionKey struct {
	Way kw `parser:"'set' 'session-key' @( 'inbound' | 'outbound' )"`
	How kw `parser:"@( 'ah' | 'esp' )"`
}

type mapSequence struct {
	Seq     mapSeq      `parser:"@@"`
	Kind    kw          `parser:"( @'ipsec-isakmp'"`
	Dynamic mapName     `parser:"  ( 'dynamic' @@ )?"`
	Manual  kw          `parser:"| @'ipsec-manual'"`
	Key     *sessionKey `parser:"| @@"`
	Line    *mapLine    `parser:"| @@ )"`
}

func (g *mapSequence) entry(c *conv, name mapName) ast.Command {
	if g.Key != nil {
		return g.Key.key(c, name, g.Seq)
	}
	g.Kind += g.Manual
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
		return &ast.MapAuthentication{Pos: c.pos, Name: g.Name.Text, Token: g.Client.Token, Tag: g.Client.Tag.Text, Local: g.Client.Local}
	}
	return &ast.MapClientAddress{Pos: c.pos, Name: g.Name.Text, How: string(g.Client.How)}
}

type noMapClient struct {
	Conf  bool    `parser:"'client' ( @'configuration' 'address'"`
	How   kw      `parser:"  @( 'initiate' | 'respond' )?"`
	Token bool    `parser:"| @'token'?"`
	Auth  bool    `parser:"  @'authentication'"`
	Tag   tagName `parser:"  ( @@"`
	Local bool    `parser:"    @'LOCAL'? )? )"`
}

// mapPart is an option of an entry whose value was left off.
type mapPart struct {
	Words kw `parser:"@'match' @'address' | @'set' ( @'peer' | @'pfs' | @'transform-set' | @'security-association' @'lifetime' ( @'seconds' | @'kilobytes' )? )"`
}

type noMapSequence struct {
	Seq     mapSeq        `parser:"@@"`
	Kind    kw            `parser:"( @'ipsec-isakmp'"`
	Dynamic mapName       `parser:"  ( 'dynamic' @@ )?"`
	Manual  kw            `parser:"| @'ipsec-manual'"`
	Key     *sessionKey   `parser:"| @@"`
	Keys    *noSessionKey `parser:"| @@"`
	Line    *noMapLine    `parser:"| @@"`
	Part    *mapPart      `parser:"| @@ )?"`
}

// noMapLine is mapLine where pfs without its group means whichever is stored.
type noMapLine struct {
	Match aclID       `parser:"  'match' 'address' @@"`
	Peer  ipAddr      `parser:"| 'set' ( 'peer' ( @@"`
	Host  peerName    `parser:"    | @@ )"`
	Group kw          `parser:"  | 'pfs' @( 'group1' | 'group2' | 'group5' )"`
	Sets  []setName   `parser:"  | 'transform-set' @@ ( @@ ( @@ ( @@ ( @@ @@? )? )? )? )?"`
	Secs  saSeconds   `parser:"  | 'security-association' 'lifetime' ( 'seconds' @@"`
	KB    saKilobytes `parser:"    ( 'kilobytes' @@ )?"`
	OnlyK saKilobytes `parser:"    | 'kilobytes' @@ ) )"`
}

func (g *noMapLine) fill(c *conv, e *ast.MapEntry) {
	l := mapLine{Match: g.Match, Peer: g.Peer, Host: g.Host, PFS: g.Group != "", Group: g.Group, Sets: g.Sets, Secs: g.Secs, KB: g.KB, OnlyK: g.OnlyK}
	l.fill(c, e)
}

func (g *noMapSequence) entry(c *conv, name mapName) ast.Command {
	e := &ast.MapEntry{Pos: c.pos, Name: name.Text, Seq: g.Seq.n(), Kind: string(g.Kind + g.Manual), Template: g.Dynamic.Text}
	switch {
	case g.Key != nil:
		return g.Key.key(c, name, g.Seq)
	case g.Keys != nil:
		return &ast.MapSessionKey{Pos: c.pos, Name: name.Text, Seq: g.Seq.n(), Inbound: g.Keys.Way == "inbound", AH: g.Keys.How == "ah"}
	case g.Line != nil:
		g.Line.fill(c, e)
	case g.Part != nil:
		e.Part = string(g.Part.Words)
	case e.Kind == "":
		return &ast.WholeMap{Pos: c.pos, Name: name.Text, Seq: g.Seq.n()}
	}
	return e
}

type noCryptoMapGrammar struct {
	Name   mapName        `parser:"'no' 'crypto' 'map' @@"`
	Client *noMapClient   `parser:"( @@"`
	Iface  bool           `parser:"| @'interface'"`
	If     ifName         `parser:"  @@?"`
	Entry  *noMapSequence `parser:"| @@ )?"`
}

func (g *noCryptoMapGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Entry != nil:
		return g.Entry.entry(c, g.Name)
	case g.Iface:
		return &ast.MapInterface{Pos: c.pos, Name: g.Name.Text, If: g.If.Text}
	case g.Client == nil:
		return &ast.WholeMap{Pos: c.pos, Name: g.Name.Text}
	case g.Client.Auth:
		return &ast.MapAuthentication{Pos: c.pos, Name: g.Name.Text, Token: g.Client.Token, Tag: g.Client.Tag.Text, Local: g.Client.Local}
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
	Name mapName    `parser:"'no' 'crypto' 'dynamic-map' @@"`
	Seq  mapSeq     `parser:"( @@"`
	Line *noMapLine `parser:"  ( @@"`
	Part *mapPart   `parser:"  | @@ )? )?"`
}

func (g *noDynamicMapGrammar) toAST(c *conv) ast.Command {
	if g.Line == nil && g.Part == nil {
		return &ast.WholeMap{Pos: c.pos, Dynamic: true, Name: g.Name.Text, Seq: g.Seq.nOr(0)}
	}
	e := &ast.MapEntry{Pos: c.pos, Dynamic: true, Name: g.Name.Text, Seq: g.Seq.n()}
	if g.Part != nil {
		e.Part = string(g.Part.Words)
	} else {
		g.Line.fill(c, e)
	}
	return e
}

// peerKey is `key KEY address IP ...`.
type peerKey struct {
	Key    secret  `parser:"'key' @@"`
	IP     ipAddr  `parser:"'address' @@"`
	Mask   netMask `parser:"( 'netmask' @@ )?"`
	NoX    bool    `parser:"( @'no-xauth'"`
	NoMode bool    `parser:"  @'no-config-mode'?"`
	Mode2  bool    `parser:"| @'no-config-mode'"`
	X2     bool    `parser:"  @'no-xauth'? )?"`
}

func (g *peerKey) key(c *conv) ast.Command {
	k := &ast.ISAKMPKey{Pos: c.pos, Key: ast.Secret(g.Key.Text), NoXauth: g.NoX || g.X2, NoConfigMode: g.NoMode || g.Mode2}
	k.Peer = ast.Net{IP: c.ip(g.IP.word), Mask: ast.AllOnes}
	if g.Mask.given() {
		k.Peer = c.net(g.IP.word, g.Mask.word)
	}
	return k
}

// ikePeer is `peer ip IP|fqdn NAME ...`.
type ikePeer struct {
	IP     ipAddr   `parser:"'peer' ( 'ip' @@"`
	FQDN   hostWord `parser:"| 'fqdn' @@ )"`
	NoX    bool     `parser:"@'no-xauth'?"`
	NoMode bool     `parser:"@'no-config-mode'?"`
}

func (g *ikePeer) peer(c *conv) ast.Command {
	p := &ast.ISAKMPPeer{Pos: c.pos, FQDN: g.FQDN.Text, NoXauth: g.NoX, NoConfigMode: g.NoMode}
	if g.IP.given() {
		p.IP = c.ip(g.IP.word)
	}
	return p
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
	How    kw         `parser:"| 'identity' ( @( 'address' | 'hostname' )"`
	KeyID  keyID      `parser:"  | 'key-id' @@ )"`
	Key    *peerKey   `parser:"| @@"`
	Peer   *ikePeer   `parser:"| @@"`
	Alive  keepalive  `parser:"| 'keepalive' @@"`
	Retry  retrySecs  `parser:"  @@?"`
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
	case g.KeyID.given():
		return &ast.ISAKMPIdentity{Pos: c.pos, How: "key-id", KeyID: g.KeyID.Text}
	case g.Key != nil:
		return g.Key.key(c)
	case g.Peer != nil:
		return g.Peer.peer(c)
	case g.Alive.given():
		return &ast.ISAKMPKeepalive{Pos: c.pos, Seconds: g.Alive.n(), Retry: g.Retry.nOr(0)}
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
	How      kw          `parser:"  ( @( 'address' | 'hostname' )"`
	ByKey    bool        `parser:"  | @'key-id'"`
	KeyID    keyID       `parser:"    @@? )?"`
	Key      *peerKey    `parser:"| @@"`
	Peer     *ikePeer    `parser:"| @@"`
	Alive    bool        `parser:"| @'keepalive'"`
	Secs     keepalive   `parser:"  ( @@"`
	Retry    retrySecs   `parser:"    @@? )?"`
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
	case g.ByKey:
		return &ast.ISAKMPIdentity{Pos: c.pos, How: "key-id", KeyID: g.KeyID.Text}
	case g.Identity:
		return &ast.ISAKMPIdentity{Pos: c.pos, How: string(g.How)}
	case g.Peer != nil:
		return g.Peer.peer(c)
	case g.Alive:
		return &ast.ISAKMPKeepalive{Pos: c.pos, Seconds: g.Secs.nOr(0), Retry: g.Retry.nOr(0)}
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
