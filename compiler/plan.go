package compiler

import (
	"fmt"
	"time"

	"pixfw/ast"
)

// A Line is the configuration line that an item of the Plan came from. The zero Line is a default that no line states.
type Line struct {
	Pos ast.Pos
	cmd ast.Command
}

// From is the Line of a command.
func From(cmd ast.Command) Line { return Line{cmd.Position(), cmd} }

// Text is the canonical text of the line, with secrets masked; empty for a default.
func (l Line) Text() string {
	if l.cmd == nil {
		return ""
	}
	return (&ast.Printer{HideSecrets: true}).Text(l.cmd)
}

// Place is where the line stands and what it says, for errors: FILE:LINE:COLUMN: TEXT. A line that was typed stands in no file, and is
// only quoted.
func (l Line) Place(file string) string {
	if !l.Pos.IsValid() {
		return l.Text()
	}
	if file != "" {
		file += ":"
	}
	return fmt.Sprintf("%s%d:%d: %s", file, l.Pos.Line, l.Pos.Col, l.Text())
}

// IsDefault reports whether no line of the configuration states the item.
func (l Line) IsDefault() bool { return l.cmd == nil }

// MarshalText shows the line in dumps of a Plan.
func (l Line) MarshalText() ([]byte, error) { return []byte(l.Text()), nil }

// None is the index of nothing: an interface without access list, a rule without one.
const None = -1

// Plan is a PIX, resolved. Interfaces, access lists and so on are named by their index in the Plan's slices.
type Plan struct {
	File     string
	Hostname string
	Domain   string // of domain-name; empty: none
	Release  string // such as 6.3(3)

	Interfaces []Interface
	Routes     []Route // longest prefix first, then lowest metric, connected before static
	ACLs       []ACL
	NAT        NAT

	AAAGroups []AAAGroup
	AAARules  []AAARule // configuration order, those with an access list last
	AAA       AAA
	UAuth     UAuth

	VPN VPN

	Box      Box
	Timeouts Timeouts
	// The lines of conn, udp and the timers beside them, and those of protocols (h323, mgcp, sip).
	ConnTimers, AppTimers []Line
	Fixups                []Fixup
	Sysopt                Sysopt

	Logging       Logging
	Audit         []Audit // configuration order
	AuditDisabled []int   // signatures that nothing is done about

	Conduits    []Conduit      // configuration order (semantics.md 2.4)
	Outbound    []OutboundList // highest number first
	Applies     []Apply        // configuration order
	Established []Established  // configuration order
	Fragment    []Fragment     // limits of each interface, by its index
	Service     Service
	DenyFlows   DenyFlows
	ARP         []ARP   // configuration order
	Others      []Other // lines about packets that nothing else in the Plan stands for
}

// ARP is one `arp IF IP MAC [alias]` line.
type ARP struct {
	Line  Line
	If    int
	IP    ast.IP
	MAC   [6]byte
	Alias bool // who asks for the address on the interface is answered
}

// Other is a line about packets that nothing else in the Plan stands for: an engine does not carry it out, and has to say so.
type Other struct {
	Line Line
	Kind OtherKind
}

// OtherKind is what such a line wants.
type OtherKind string

// The kinds of such lines.
const (
	OtherAudit     OtherKind = "ip audit"
	OtherFilter    OtherKind = "filter"
	OtherDHCP      OtherKind = "dhcpd"
	OtherRouting   OtherKind = "routing"
	OtherMulticast OtherKind = "multicast"
	OtherInner     OtherKind = "management-access"
	OtherPL        OtherKind = "pl-compatible"
	OtherPPP       OtherKind = "ppp"
	OtherNTP       OtherKind = "ntp"
)

// Interface is one logical interface.
type Interface struct {
	Line     Line   // nameif
	Hardware string // ethernet0
	VLAN     int    // tag of its frames; 0: none
	Name     string // outside
	Level    int    // 0..100
	Shutdown bool
	DownLine Line // that shuts it down
	Speed    string
	Net      ast.Net // its own address and mask; the zero Net: no address
	AddrLine Line
	Dynamic  string // dhcp, pppoe: it learns its address, which is not in the Plan
	MTU      int

	ACL      int  // bound by access-group ... in; None
	ACLLine  Line // access-group
	PerUser  bool // access-group ... per-user-override
	Map      int  // crypto map, index in VPN.Maps; None
	MapLine  Line
	ISAKMP   Line // isakmp enable; IsDefault: not enabled
	RPF      bool // ip verify reverse-path
	RPFLine  Line
	ProxyARP bool // answers ARP for globals and statics on it
}

// HasAddress reports whether the interface has an address.
func (i *Interface) HasAddress() bool { return i.Net.IP != 0 }

// DownBy is the line that keeps an interface from carrying packets: its shutdown, or else its nameif where it has no address.
func (i *Interface) DownBy() (line Line, down bool) {
	switch {
	case i.Shutdown:
		return i.DownLine, true
	case !i.HasAddress():
		return i.Line, true
	}
	return Line{}, false
}

// Broadcast is the broadcast address of the interface's subnet.
func (i *Interface) Broadcast() ast.IP { _, last := i.Net.Range(); return last }

// Route is one entry of the routing table.
type Route struct {
	Line      Line // route, or the ip address of a connected network
	If        int
	Net       ast.Net
	Gateway   ast.IP // 0: connected
	Metric    int
	Connected bool
}

// ACL is one access list.
type ACL struct {
	ID      string
	Line    Line  // its first line
	Entries []ACE // evaluation order; remarks are left out
	Sent    bool  // by a server, for its users: it stands in no configuration. Those come last
}

// ACE is one entry of an access list, flattened: it matches when the protocol, one of the source nets, one of the
// source port ranges, and so on, do. Hit counts belong to entries, by index.
type ACE struct {
	Line     Line
	Number   int // line number in the list as `show access-list` counts it, from 1, remarks included
	Permit   bool
	Protos   []uint8 // nil: every protocol
	Src, Dst []ast.Net
	SrcPorts []PortRange // nil: any. Only packets with ports (TCP, UDP) can match where not nil
	DstPorts []PortRange
	ICMP     []uint8 // ICMP types; nil: any
	Log      ast.LogMode
	LogLevel int
	Interval time.Duration
	Elements *Elements // nil without object groups
}

// PortRange is a range of ports, both ends included.
type PortRange struct{ Lo, Hi uint16 }

// Contains reports whether port is in the range.
func (r PortRange) Contains(port uint16) bool { return r.Lo <= port && port <= r.Hi }

// NAT is the translation table in PIX 6.3 evaluation order (semantics.md 3.2): exemptions, (live xlates,) statics, policy
// NAT, then nat by longest mask.
type NAT struct {
	Exemptions []Exemption // nat (if) 0 access-list
	Statics    []Static    // address statics before port statics, each in configuration order
	Policies   []Nat       // nat N access-list, configuration order
	Nats       []Nat       // nat N ip mask: longest mask first, then configuration order
	Globals    []Global    // configuration order
	Aliases    []Alias     // configuration order
}

// Exemption is `nat (IF) 0 access-list ACL`.
type Exemption struct {
	Line    Line
	If      int // real interface
	ACL     int
	Outside bool
}

// Static is one static translation. Real and mapped ranges are of equal size and share the netmask.
type Static struct {
	Line               Line
	RealIf, MappedIf   int
	Proto              uint8 // 0: every protocol (address static); TCP or UDP: port static
	Mapped, Real       ast.IP
	MappedIsInterface  bool // Mapped is the address of MappedIf
	Mask               ast.IP
	MappedPort, RealPt uint16
	ACL                int // policy static; None
	DNS                bool
	MaxConns           int // 0: no limit
	Embryonic          int
	NoRandomSeq        bool
}

// Identity reports whether hosts keep their addresses.
func (s *Static) Identity() bool { return s.Mapped&s.Mask == s.Real&s.Mask }

// ToMapped is the mapped address of real; host bits are kept.
func (s *Static) ToMapped(real ast.IP) ast.IP { return s.Mapped&s.Mask | real&^s.Mask }

// ToReal is the real address of mapped.
func (s *Static) ToReal(mapped ast.IP) ast.IP { return s.Real&s.Mask | mapped&^s.Mask }

// RealNet and MappedNet are the two sides.
func (s *Static) RealNet() ast.Net   { return ast.Net{IP: s.Real, Mask: s.Mask} }
func (s *Static) MappedNet() ast.Net { return ast.Net{IP: s.Mapped, Mask: s.Mask} }

// Nat is one dynamic rule: which sources are translated with the globals of ID. ID 0: identity NAT.
type Nat struct {
	Line        Line
	If          int
	ID          int
	Net         ast.Net
	ACL         int // policy NAT; None
	Outside     bool
	DNS         bool
	MaxConns    int
	Embryonic   int
	NoRandomSeq bool
}

// Global is one range of addresses of a pool, or one PAT address.
type Global struct {
	Line        Line
	If          int
	ID          int
	First, Last ast.IP
	Netmask     ast.IP // 0: none given. Network and broadcast address of it are skipped
	PAT         bool
	Interface   bool // the address of the interface
}

// AAAGroup is one server group.
type AAAGroup struct {
	Line     Line
	Tag      string
	Protocol string // tacacs+, radius, local
	Servers  []AAAServer

	MaxFailed int           // tries before a server counts as dead
	Deadtime  time.Duration // before a dead server is asked again
}

// AAAServer is one server of a group.
type AAAServer struct {
	Line    Line
	If      int
	IP      ast.IP
	Key     ast.Secret
	Timeout time.Duration
}

// AAARule is one `aaa authentication|authorization|accounting include|exclude`.
type AAARule struct {
	Line    Line
	What    string // authentication, authorization, accounting
	Include bool
	Proto   uint8 // 0 with AnyTCP: all TCP; else the protocol
	AnyTCP  bool
	Ports   PortRange // TCP and UDP destination ports at the real host; ICMP type. 0-65535: all
	Dir     Direction
	If      int // with DirInterface: where connections start
	Local   ast.Net
	Foreign ast.Net
	ACL     int // of `match`: the list alone decides, on addresses as they are on the wire; None
	Group   int // index in AAAGroups; None when accounting knows none
}

// Direction says which connections an AAA rule is for.
type Direction uint8

// The directions.
const (
	DirInterface Direction = iota // those that start on an interface
	DirInbound                    // from a lower to a higher level
	DirOutbound                   // from a higher to a lower level
)

// UAuth holds the timers of the user cache; 0: no such limit.
type UAuth struct {
	Line       Line
	NoCache    bool // timeout uauth 0: a login is good for one connection
	Absolute   time.Duration
	Inactivity time.Duration
}

// VPN is everything of IKE and IPsec.
type VPN struct {
	Lines         []Line // every line of IKE and IPsec, for those who do none of it and have to say so
	TransformSets []TransformSet
	Maps          []CryptoMap
	DynamicMaps   []CryptoMap
	Policies      []IKEPolicy // lowest number (highest priority) first
	DefaultPolicy IKEPolicy   // after those
	Keys          []IKEKey    // most specific peer first
	Peers         []IKEPeer   // isakmp peer
	VerifyDN      []DNTest    // ca verifycertdn: what the subject of a peer's certificate has to pass
	VerifyLine    Line        // IsDefault: there is none
	Keepalive     Keepalive
	Identity      string // address, hostname, key-id
	KeyID         string
	Pools         []Pool
	Groups        []VPNGroup
	ClientPools   []ClientPool // isakmp client configuration address-pool
	NATTraversal  Line         // IsDefault: off
	NATKeepalive  time.Duration

	Seconds, Kilobytes         int // life of keys where an entry states none
	SecondsLine, KilobytesLine Line
}

// TransformSet is a named choice of IPsec transforms.
type TransformSet struct {
	Line       Line
	Name       string
	Transforms []string
	Transport  bool // mode transport
	ModeLine   Line
}

// CryptoMap is a map or dynamic map with its entries, lowest sequence first.
type CryptoMap struct {
	Line           Line
	Name           string
	Entries        []MapEntry
	Initiate       Line // client configuration address initiate; IsDefault: no
	Respond        Line
	Authentication int  // XAUTH against this AAAGroup; None
	Token          bool // token-card server
	Fallback       bool // LOCAL is asked when no server answers
	AuthLine       Line
}

// MapEntry is one sequence of a crypto map.
type MapEntry struct {
	Line          Line
	Seq           int
	Dynamic       int // ipsec-isakmp dynamic NAME: index in VPN.DynamicMaps; None
	ACL           int // match address; None
	Peers         []ast.IP
	TransformSets []int
	PFS           string // "", group1, group2, group5
	Seconds       int    // lifetime; 0: default 28800
	Kilobytes     int    // 0: default 4608000
	Manual        bool   // ipsec-manual: Keys, no IKE
	Keys          []SessionKey
	PeerNames     []string // peers without an address
}

// IKEPolicy is one phase 1 policy with its defaults filled in.
type IKEPolicy struct {
	Line           Line
	Priority       int
	Authentication string // pre-share, rsa-sig
	Encryption     string // des, 3des, aes, aes-192, aes-256
	Hash           string // md5, sha
	Group          int    // 1, 2, 5
	Lifetime       time.Duration
}

// IKEKey is a pre-shared key for peers.
type IKEKey struct {
	Line         Line
	Key          ast.Secret
	Peer         ast.Net
	NoXauth      bool
	NoConfigMode bool
}

// Pool is a range of addresses for clients.
type Pool struct {
	Line        Line
	Name        string
	First, Last ast.IP
}

// Contains reports whether the pool holds ip.
func (p *Pool) Contains(ip ast.IP) bool { return p.First <= ip && ip <= p.Last }

// VPNGroup is one vpngroup with what it hands to its clients.
type VPNGroup struct {
	Line     Line // its first line
	Name     string
	Pool     int // index in Pools; None
	PoolLine Line
	DNS      []ast.IP
	WINS     []ast.IP
	Domain   string
	Split    int // access list of split-tunnel; None
	IdleTime time.Duration
	MaxTime  time.Duration // 0: none
	Password ast.Secret
	PassLine Line

	SplitDNS    []string
	Backup      []ast.IP
	ClearBackup bool // backup-server clear-client-cfg
	PFS         bool
	SecureUnit  bool // secure-unit-authentication
	UserAuth    bool
	UserIdle    time.Duration
	AuthServer  int // index in AAAGroups; None
	DevicePass  bool
}

// ClientPool is `isakmp client configuration address-pool local POOL [IF]`.
type ClientPool struct {
	Line Line
	Pool int
	If   int // None: every interface
}

// Box is who may talk to the firewall itself (semantics.md 1.9).
type Box struct {
	Telnet, SSH, HTTP []Access
	HTTPServer        Line // IsDefault: off
	ICMP              []ICMPRule
	SNMP              []SNMPHost
	Community         string
	ManagementAccess  int // the interface of management-access; None
	ManagementLine    Line
	Listens           []Listen
}

// Listen is a protocol that the firewall speaks itself on an interface: DHCP, NTP, RIP, OSPF, IGMP.
type Listen struct {
	Line  Line
	If    int
	Proto uint8
	Port  uint16 // its own port of UDP; 0: the protocol has none
}

// Access is one `telnet|ssh|http IP MASK IF` line.
type Access struct {
	Line Line
	If   int
	Net  ast.Net
}

// ICMPRule is one `icmp permit|deny` line.
type ICMPRule struct {
	Line   Line
	If     int
	Permit bool
	Src    ast.Net
	Type   int // -1: any
}

// SNMPHost is one `snmp-server host` line.
type SNMPHost struct {
	Line Line
	If   int
	IP   ast.IP
	Poll bool
	Trap bool
}

// Timeouts are the idle timers (semantics.md 1.2, 1.3, 3.5). 0: never, except where a comment says so.
type Timeouts struct {
	Xlate, Conn, HalfClosed, UDP, RPC, H225, H323, MGCP, SIP, SIPMedia time.Duration
	SIPDisconnect, SIPInvite                                           time.Duration

	Embryonic time.Duration // not configurable: 120 s
	PATXlate  time.Duration // not configurable: 30 s
}

// Fixup is one application inspection that is on.
type Fixup struct {
	Line      Line
	Protocol  string
	Sub       string
	Transport uint8     // ProtoTCP, ProtoUDP; 0: neither
	Ports     PortRange // 0-0: none
	MaxLength int       // dns
}

// Sysopt are the options that change what packets may do.
type Sysopt struct {
	PermitIPsec     bool
	PermitIPsecLine Line
	TCPMSS          int // 1380 by default; 0: off
	TCPMSSMin       int // tcpmss minimum; 0: off
	TCPMSSMinLine   Line
	Timewait        bool

	PermitL2TP, PermitPPTP bool
	NoDNSAliasInbound      bool // no rewriting of DNS answers for alias
	NoDNSAliasOutbound     bool
	PLCompatible           bool
	PLCompatibleLine       Line
	RADIUSIgnoreSecret     bool
	UauthHTTPCache         bool
}

// InvalidSource reports whether nothing is let in from an address: loopback, this network, multicast and above, a broadcast of a connected
// subnet, an address of the PIX (semantics.md 1.7).
func (p *Plan) InvalidSource(ip ast.IP) bool {
	if top := ip >> 24; top == 127 || top == 0 || top >= 224 {
		return true
	}
	for i := range p.Interfaces {
		x := &p.Interfaces[i]
		if x.HasAddress() && (ip == x.Net.IP || x.Net.Mask < ast.MaskOf(31) && ip == x.Broadcast()) {
			return true
		}
	}
	return false
}

// Inner is the interface of management-access, whose address tunnels that end on other interfaces reach (semantics.md 1.9). None: no line
// names one, or it carries nothing.
func (p *Plan) Inner() int {
	m := p.Box.ManagementAccess
	if m == None || m >= len(p.Interfaces) { // a plan that nobody compiled has no interfaces, and 0 here
		return None
	}
	if _, down := p.Interfaces[m].DownBy(); down {
		return None
	}
	return m
}

// IfByName is the index of the interface with that nameif name, or None.
func (p *Plan) IfByName(name string) int {
	for i := range p.Interfaces {
		if p.Interfaces[i].Name == name {
			return i
		}
	}
	return None
}

// ACLByID is the index of an access list, or None.
func (p *Plan) ACLByID(id string) int {
	for i := range p.ACLs {
		if p.ACLs[i].ID == id {
			return i
		}
	}
	return None
}

// Lookup is the best route for ip, or nil.
func (p *Plan) Lookup(ip ast.IP) *Route {
	for i := range p.Routes {
		if p.Routes[i].Net.Contains(ip) {
			return &p.Routes[i]
		}
	}
	return nil
}
