package parser

import (
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
	"pixfw/parser/syntax"
)

// The exec commands: what a console does besides configuring. Their grammars are declared as those of the configuration
// commands are, so that help, completion and abbreviation come from the same automaton.

type execLine struct {
	Show   *execShow   `parser:"  'show' @@"`
	Clear  *execClear  `parser:"| 'clear' @@"`
	Write  *execWrite  `parser:"| 'write' @@"`
	Enable *execEnable `parser:"| @@"`
	Mode   []string    `parser:"| @( 'disable' | 'exit' | 'quit' | 'logout' | 'login' | 'who' ) | @'configure' @( 'terminal' | 'memory' )"`
	Help   *execHelp   `parser:"| @@"`
	Tracer *execTracer `parser:"| 'packet-tracer' 'input' @@"`
	CA     *execCA     `parser:"| 'ca' @@"`
	Debug  *execDebug  `parser:"| 'debug' @@"`
	Quiet  *execDebug  `parser:"| 'no' 'debug' @@"`
	Undo   string      `parser:"| 'undebug' @'all' | 'no' 'debug' @'all'"`
	Box    *execBox    `parser:"| @@"`
}

type execDebug struct {
	Crypto string          `parser:"  'crypto' @( 'isakmp' | 'ipsec' | 'engine' | 'ca' | 'vpnclient' )"`
	Level  *execDebugLevel `parser:"  @@?"`
	AAA    []string        `parser:"| @'aaa' @( 'authentication' | 'authorization' | 'accounting' | 'internal' )?"`
	Server string          `parser:"| @( 'radius' | 'tacacs' )"`
	User   *execUser       `parser:"  ( 'session' | 'all' | 'user' @@ )?"`
}

type execCA struct {
	Modulus *execModulus `parser:"  'generate' 'rsa' ( 'key' | 'specialkey' ) @@"`
	Zeroize string       `parser:"| @'zeroize' 'rsa'"`
	Pair    *rsaName     `parser:"  @@?"`
	Save    string       `parser:"| @'save' 'all'"`
	Other   []string     `parser:"| ( @( 'authenticate' | 'enroll' ) | @'crl' @'request' )"`
	Rest    *text        `parser:"  @@?"`
}

type userLine struct {
	Show   *userShow   `parser:"  'show' @@"`
	Enable *execEnable `parser:"| @@"`
	Mode   []string    `parser:"| @( 'exit' | 'quit' | 'logout' | 'login' )"`
	Help   *execHelp   `parser:"| @@"`
}

type userShow struct {
	What []string `parser:"@( 'checksum' | 'clock' | 'curpriv' | 'history' | 'pager' | 'version' )"`
}

type execEnable struct {
	Word  string     `parser:"@'enable'"`
	Level *execLevel `parser:"@@?"`
}

type execHelp struct {
	Word  string     `parser:"@'help'"`
	Topic *execTopic `parser:"@@?"`
}

type execShow struct {
	ACL       *execShowACL   `parser:"  @@"`
	Xlate     *execXlates    `parser:"| @@"`
	Conn      *execConns     `parser:"| @@"`
	Host      *execHost      `parser:"| @@"`
	Uauth     *execUauth     `parser:"| @@"`
	Interface *execShowIf    `parser:"| @@"`
	Pool      *execShowPool  `parser:"| @@"`
	Fixup     *execShowFixup `parser:"| @@"`
	Group     *execShowGroup `parser:"| @@"`
	Logging   *execShowLog   `parser:"| @@"`
	Of        *execShowOf    `parser:"| @@"`
	What      []string       `parser:"| @( 'aaa-server' | 'access-group' | 'alias' | 'apply' | 'auth-prompt' | 'banner' | 'conduit' | 'dhcprelay' | 'established' | 'filter' | 'fragment' | 'mac-list' | 'management-access' | 'ntp' | 'outbound' | 'rip' | 'service' | 'shun' | 'tftp-server' | 'url-block' | 'url-cache' | 'url-server' | 'username' | 'virtual' | 'checksum' | 'clock' | 'curpriv' | 'debug' | 'domain-name' | 'enable' | 'failover' | 'floodguard' | 'global' | 'history' | 'hostname' | 'http' | 'icmp' | 'mtu' | 'name' | 'nameif' | 'names' | 'nat' | 'pager' | 'passwd' | 'pdm' | 'route' | 'running-config' | 'snmp-server' | 'startup-config' | 'configure' | 'static' | 'sysopt' | 'terminal' | 'timeout' | 'traffic' | 'version' | 'who' | 'blocks' | 'memory' | 'perfmon' | 'processes' ) | @'cpu' @'usage'"`
	ARP       []string       `parser:"| @'arp' @'timeout'?"`
	IP        []string       `parser:"| @'ip' ( @'address' | @'audit' @'count'? | @'verify' )?"`
	Telnet    []string       `parser:"| @( 'telnet' | 'console' ) @'timeout'? | @'ssh' @( 'timeout' | 'sessions' )?"`
	ISAKMP    []string       `parser:"| @'isakmp' @( 'policy' | 'key' | 'identity' | 'enable' | 'sa' )?"`
	CA        []string       `parser:"| @'ca' @( 'certificate' | 'configure' | 'crl' | 'identity' | 'subject-name' | 'verifycertdn' ) | @'ca' @'mypubkey' @'rsa'"`
	Crypto    *execCrypto    `parser:"| @@"`
}

type execCrypto struct {
	Word string   `parser:"@'crypto'"`
	Map  *execMap `parser:"( @@"`
	Dyn  *execDyn `parser:"| @@"`
	SA   *execSA  `parser:"| 'ipsec' @@"`
	What []string `parser:"| @'ipsec' ( @'transform-set' | @'security-association' @'lifetime' ) | @'isakmp' @( 'policy' | 'key' | 'sa' )? | @'engine' )?"`
}

type execMap struct {
	Word string   `parser:"@'map'"`
	If   *ifName  `parser:"( 'interface' @@"`
	Tag  *mapName `parser:"| 'tag' @@ )?"`
}

type execDyn struct {
	Word string   `parser:"@'dynamic-map'"`
	Tag  *mapName `parser:"( 'tag' @@ )?"`
}

type execSA struct {
	Word string `parser:"@'sa'"`
	Form string `parser:"@( 'detail' | 'identity' | 'address' )?"`
}

type execShowACL struct {
	Word string `parser:"@'access-list'"`
	ID   *aclID `parser:"@@?"`
}

type execShowIf struct {
	Word string    `parser:"@'interface'"`
	ID   *execPort `parser:"@@?"`
}

type execShowPool struct {
	Word string    `parser:"'ip' 'local' @'pool'"`
	ID   *poolName `parser:"@@?"`
}

type execShowFixup struct {
	Word string         `parser:"@'fixup'"`
	ID   *execFixupName `parser:"( 'protocol' @@ )?"`
}

type execShowGroup struct {
	Word string   `parser:"@'vpngroup'"`
	ID   *vpnName `parser:"@@?"`
}

type execUauth struct {
	Word string    `parser:"@'uauth'"`
	User *execUser `parser:"@@?"`
}

type execHost struct {
	Word string  `parser:"@'local-host'"`
	IP   *ipAddr `parser:"@@?"`
}

type execXlates struct {
	Word string      `parser:"@'xlate'"`
	Opts []execXlate `parser:"@@*"`
}

type execXlate struct {
	Form  string    `parser:"  @( 'detail' | 'debug' | 'count' )"`
	Which string    `parser:"| @( 'global' | 'local' )"`
	Span  *ipSpan   `parser:"  @@"`
	Mask  *netMask  `parser:"  ( 'netmask' @@ )?"`
	Side  string    `parser:"| @( 'gport' | 'lport' )"`
	Port  *portSpan `parser:"  @@"`
	If    *ifName   `parser:"| 'interface' @@"`
	State string    `parser:"| 'state' @( 'static' | 'portmap' | 'identity' | 'norandomseq' )"`
}

type execConns struct {
	Word string     `parser:"@'conn'"`
	Opts []execConn `parser:"@@*"`
}

type execConn struct {
	Form  string    `parser:"  @( 'detail' | 'count' )"`
	Which string    `parser:"| @( 'foreign' | 'local' )"`
	Span  *ipSpan   `parser:"  @@"`
	Mask  *netMask  `parser:"  ( 'netmask' @@ )?"`
	Side  string    `parser:"| @( 'fport' | 'lport' )"`
	Port  *portSpan `parser:"  @@"`
	Proto string    `parser:"| 'protocol' @( 'tcp' | 'udp' )"`
	State string    `parser:"| 'state' @( 'up' | 'finin' | 'finout' | 'data_in' | 'data_out' )"`
}

type execClear struct {
	Xlate    *execXlates   `parser:"  @@"`
	Conn     string        `parser:"| @'conn'"`
	Uauth    *execUauth    `parser:"| @@"`
	Host     *execHost     `parser:"| @@"`
	Counters *execClearACL `parser:"| @@"`
	Conduit  []string      `parser:"| @'conduit' @'counters'"`
	ISAKMP   []string      `parser:"| 'crypto'? @'isakmp' @'sa'"`
	IPsec    *execClearSAs `parser:"| 'crypto'? 'ipsec' @@"`
	All      []string      `parser:"| @'crypto' @'sa'"`
	Logging  []string      `parser:"| @'logging' @'disabled'?"`
}

type execClearSAs struct {
	Word  string        `parser:"@'sa'"`
	Count string        `parser:"( @'counters'"`
	Peer  *ipAddr       `parser:"| 'peer' @@"`
	Map   *mapName      `parser:"| 'map' @@"`
	Entry *execClearSPI `parser:"| 'entry' @@ )?"`
}

type execClearSPI struct {
	IP    ipAddr  `parser:"@@"`
	Proto string  `parser:"@( 'esp' | 'ah' )"`
	SPI   execSPI `parser:"@@"`
}

type execClearACL struct {
	Word string `parser:"'access-list'"`
	ID   aclID  `parser:"@@"`
	What string `parser:"@'counters'"`
}

type execTracer struct {
	If       ifName     `parser:"@@"`
	TCP      *execTCP   `parser:"( 'tcp' @@"`
	UDP      *execUDP   `parser:"| 'udp' @@"`
	ICMP     *execICMP  `parser:"| 'icmp' @@"`
	Raw      *execRawIP `parser:"| 'rawip' @@ )"`
	Detailed string     `parser:"@'detailed'?"`
}

type execTCP struct {
	Src     ipAddr  `parser:"@@"`
	SrcPort tcpPort `parser:"@@"`
	Dst     ipAddr  `parser:"@@"`
	DstPort tcpPort `parser:"@@"`
}

type execUDP struct {
	Src     ipAddr  `parser:"@@"`
	SrcPort udpPort `parser:"@@"`
	Dst     ipAddr  `parser:"@@"`
	DstPort udpPort `parser:"@@"`
}

type execICMP struct {
	Src  ipAddr         `parser:"@@"`
	Type icmpType       `parser:"@@"`
	Code execICMPCode   `parser:"@@"`
	ID   *execICMPIdent `parser:"@@?"`
	Dst  ipAddr         `parser:"@@"`
}

type execRawIP struct {
	Src   ipAddr    `parser:"@@"`
	Proto execProto `parser:"@@"`
	Dst   ipAddr    `parser:"@@"`
}

// The leaves that only exec commands have.
type (
	execLevel     struct{ word }
	execTopic     struct{ word }
	execPort      struct{ word }
	execFixupName struct{ word }
	execUser      struct{ word }
	execICMPCode  struct{ word }
	execICMPIdent struct{ word }
	execProto     struct{ word }
	execModulus   struct{ word }

	execDebugLevel struct{ word }
	execSPI        struct{ word }
)

var (
	leafExecLevel = num("execLevel", 0, 15, "privilege level")
	leafExecTopic = &leaf{name: "execTopic", placeholder: "<command>", help: "the command to explain", match: nameLike, loose: true}
	leafExecPort  = &leaf{name: "execPort", placeholder: "<hardware_id>|<if_name>", help: "port of the box, or interface name",
		match: func(w string) bool { return isHardware(w) || isIf(w) }, loose: true}
	leafExecFixup   = free("execFixupName", "<protocol>", "inspected protocol", 32)
	leafExecUser    = free("execUser", "<username>", "user name", 128)
	leafExecCode    = num("execICMPCode", 0, 255, "ICMP code")
	leafExecIdent   = num("execICMPIdent", 0, 65535, "identifier of the echo")
	leafExecModulus = num("execModulus", 512, 2048, "length of the key in bits")
	leafExecDebug   = num("execDebugLevel", 1, 3, "how much is shown")
	leafExecSPI     = num("execSPI", 1, 4294967295, "security parameter index")
	leafExecProto   = &leaf{name: "execProto", placeholder: "<protocol>", help: "IP protocol, 1-255 or its name",
		match: func(w string) bool { p, ok := ast.ParseProtocol(w); return ok && p != ast.ProtoIP },
		bad:   func(w string) *badValue { return unknownOf("protocol", w, ast.Protocols()) }}

	execLeaves = []*leaf{leafExecLevel, leafExecTopic, leafExecPort, leafExecFixup, leafExecUser, leafExecCode, leafExecIdent, leafExecProto,
		leafExecModulus, leafExecDebug, leafExecSPI, leafExecSession, leafExecSeconds, leafExecGroupType}
)

func (l *execLevel) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafExecLevel) }
func (l *execTopic) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafExecTopic) }
func (l *execPort) Parse(x *lexer.PeekingLexer) error      { return l.take(x, leafExecPort) }
func (l *execFixupName) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafExecFixup) }
func (l *execUser) Parse(x *lexer.PeekingLexer) error      { return l.take(x, leafExecUser) }
func (l *execICMPCode) Parse(x *lexer.PeekingLexer) error  { return l.take(x, leafExecCode) }
func (l *execICMPIdent) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafExecIdent) }
func (l *execModulus) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafExecModulus) }
func (l *execProto) Parse(x *lexer.PeekingLexer) error     { return l.take(x, leafExecProto) }
func (l *execDebugLevel) Parse(x *lexer.PeekingLexer) error {
	return l.take(x, leafExecDebug)
}
func (l *execSPI) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafExecSPI) }

var execParser = sync.OnceValue(func() *participle.Parser[execLine] {
	return participle.MustBuild[execLine](participle.Lexer(lexDef{}), participle.UseLookahead(participle.MaxLookahead),
		participle.CaseInsensitive("Word"))
})

var userParser = sync.OnceValue(func() *participle.Parser[userLine] {
	return participle.MustBuild[userLine](participle.Lexer(lexDef{}), participle.UseLookahead(participle.MaxLookahead),
		participle.CaseInsensitive("Word"))
})

// ExecGrammars are the exec commands of privileged mode, for [syntax.New].
func ExecGrammars() []syntax.Grammar {
	return []syntax.Grammar{{EBNF: execParser().String(), Help: execHelpTexts}}
}

// UserGrammars are the exec commands of unprivileged mode.
func UserGrammars() []syntax.Grammar {
	return []syntax.Grammar{{EBNF: userParser().String(), Help: execHelpTexts}}
}

// ExecClasses are the leaves that only exec commands have.
func ExecClasses() map[string]syntax.Class {
	m := map[string]syntax.Class{}
	for _, l := range execLeaves {
		m[l.name] = syntax.Class{Placeholder: l.placeholder, Help: l.help, Match: l.match, Loose: l.loose, Rest: l.rest}
	}
	return m
}
