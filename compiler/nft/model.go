package nft

import (
	"slices"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

// Table is the name of the table of the firewall, in family ip. Another one, beside it, says that the process lives.
const Table = "pixfw"

// LogGroup is the nflog group that receives what is denied. Its prefix is a reason: "106023:ACL".
const LogGroup = 106

// Ct marks of connections whose translation is decided: MarkOwn in the high bits, the class in the low ones, and between them what
// changes while a connection lives. A packet that waits for the daemon carries its request as packet mark, and comes back with the class
// in its place.
const (
	MarkMask    = 0xf0000000
	MarkOwn     = 0x50000000
	MarkUnNAT   = MarkOwn | 1 // the destination was un-NATed, the rest is still to be judged
	MarkPlain   = MarkOwn | 2 // no translation of the source
	MarkLogin   = MarkOwn | 3 // taken to where users log in
	markNone    = MarkOwn | 4 // there are more classes than numbers: dropped
	markFirst   = MarkOwn | 16
	markLast    = MarkOwn | 0xfff
	MarkRequest = 0x60000000
	markOrigin  = 0x00003fff // of a request: the bits of MarkTranslated, which are left as they are
	requestBit  = 14
	MarkConduit = 0x70000000             // of a packet: a conduit permits it inbound
	MarkChild   = MarkConduit | childBit // an inspection expects it
	childBit    = 0x04000000
	MarkLimit   = 0xc0000000 // of a packet in the queue: the first of a connection whose host has a limit, with the class of its translation
	// MarkAdmitted is added to MarkLimit when the process has let the packet through.
	MarkAdmitted = 0x08000000
	// MarkAnswered is added to it when the firewall is to answer for the host.
	MarkAnswered = 0x04000000
	limitNumber  = 0x03fff000 // of the limit
	limitBit     = 12         // its lowest bit
	markClass    = 0xfff
	// MarkFragment is of a packet in the queue: a fragment.
	MarkFragment = 0xa0000000
	// MarkRoute is of a packet of a connection, with the number of the interface that the connection has it leave by.
	MarkRoute = 0xb0000000

	// The interfaces of a connection, by their numbers: where its first packet came from, and where it left. Packets of it come and go
	// by these alone (semantics.md 0, step 7).
	MarkIn   = 0x0f800000
	markIn   = 23 // lowest bit
	MarkOut  = 0x007c0000
	markOut  = 18
	markEnds = MarkIn | MarkOut
	// MaxNumber is the highest number of an interface.
	MaxNumber = 31

	// A reset by the side that began the connection, or by the other, is noted in the mark.
	MarkReset      = 0x00020000
	MarkResetReply = 0x00010000
	MarkResets     = MarkReset | MarkResetReply

	// How many DNS queries of a connection wait for their answer: one, two, and many, which are not counted any more.
	MarkQuery   = 0x00002000
	MarkQuery2  = 0x00004000
	MarkQueryN  = 0x00008000
	MarkQueries = MarkQuery | MarkQuery2 | MarkQueryN

	// MarkHalf is of a connection that is half open, of a host with a limit.
	MarkHalf = 0x00001000

	// MarkState are the bits that are not the class.
	MarkState = markEnds | MarkResets | MarkQueries | MarkHalf
)

// Opened is the prefix with which the packet is logged that ends the handshake of a connection with MarkHalf.
const Opened = "opened"

// Answered is the prefix with which the last answer of a DNS connection is logged: the connection is over.
const Answered = "answered"

// Queue is the number of the queue in which first packets of hosts wait for their translation.
const Queue = 106

// DNSQueue is the number of the queue in which DNS answers wait while the daemon looks at their addresses.
const DNSQueue = 107

// InspectQueue is the number of the queue in which payloads wait that inspections look at.
const InspectQueue = 109

// Ruleset is everything that is loaded.
type Ruleset struct {
	Helpers []Helper
	Sets    []Set
	Chains  []Chain
	Sysctls []Sysctl

	Numbers map[int]uint32 // of the interfaces that are served, in marks, by index in the Plan

	// What the daemon does, with Options.Daemon.
	Xlates   []XlateMap
	Ports    []PortMap
	Requests []Request
	// RequestBits are those of a packet's mark that tell the Request. The others are of MarkTranslated: they tell what has un-NATed it.
	RequestBits uint32
	PATs        []PATClass
	Limits      []ConnLimit
	// Counted are the hosts whose connections count, because some line limits those of theirs, by interface; in order.
	Counted map[int][]Range
	// Answers says that the firewall answers for hosts with too many half-open connections (MarkAnswered, Calls).
	Answers bool
	// XlateLife is how long an address stays in a set of translations that are used (UsedSet).
	XlateLife time.Duration

	// What the daemon does, with Options.Live.
	Users      map[int]string   // sets of users who have logged in, by interface
	Lists      map[int]string   // maps of users who have an access list to its chain, by interface
	ListParts  map[int]*Ruleset // of these chains: what belongs to each list, by its index in the Plan
	Intercepts map[int]string   // sets of mapped addresses with too many half-open connections, by the static's index in the Plan
	// XlateIntercepts are those of translations that live, by the interfaces of the real and the mapped address.
	XlateIntercepts map[[2]int]string
	Doors           map[int]DoorSets // of connections that inspections expect, by the interface where they arrive
	Established     map[int]string   // sets of connections that may come back (foreign and mapped address), by the line's index in the Plan
}

// DoorSets are a set of LiveDoors, which callers use up, and the DoorMap that says who is called.
type DoorSets struct{ Set, Map string }

// An XlateMap holds the live translations of hosts on one interface as seen on another; policy NAT has its own for each
// access list.
type XlateMap struct {
	RealIf, MappedIf int
	ACL              int    // of policy NAT; None
	Name             string // map from real to mapped
	Un               string // map from mapped to real, of all translations on MappedIf
	Own              string // the same of these translations alone, where others of the same host may have other limits; empty: there is none
	Class            uint32 // ct mark of connections that use it
	Box              ast.IP // the firewall's own address on MappedIf: who calls that calls the firewall (semantics.md 0, step 5)
}

// A PortMap holds translations of ports (PAT) that live, and that other lines made than those that there are. ACL is that of policy NAT, or
// None.
type PortMap struct {
	RealIf, MappedIf, ACL int
	Name                  string
	Class                 uint32 // ct mark of connections that use it
}

// A Request is what a packet in the queue asks for: a translation by one rule on one interface.
type Request struct {
	Mark    uint32 // of the packet
	Nat     *compiler.Nat
	In, Out int
	Map     int   // index in Xlates; None: it gives hosts no addresses of their own
	Pools   []int // index in the Plan's Globals, in the order of trying
	PATs    []int // index in PATs, likewise
}

// A PATClass is the translation by one PAT address.
type PATClass struct {
	Class  uint32
	Global int // index in the Plan's Globals
	ACL    int // of policy NAT; None
	// Where it is the only global that serves: Busy is the set of destinations with a service that nearly all ports of a class are in use
	// to, Spent those of protocols of which nearly all ports of a class are, by class (PortClasses): of ICMP the first, of others the last. First
	// packets to the one and of the other are asked about, and all from ports of the small classes.
	Busy  string
	Spent [len(PortClasses)]string
}

// PortClasses are the classes of ports: PAT gives one of the same class (semantics.md 3.4). The ids of ICMP are one, with the first.
var PortClasses = [...]Range{{1, 511}, {512, 1023}, {1024, 65535}}

// A Helper is a connection tracking helper of the kernel.
type Helper struct {
	Name, Type string
	Proto      uint8
	Line       compiler.Line
}

// A Sysctl is a setting of the network namespace; dots separate its parts.
type Sysctl struct {
	Key, Value string
	Line       compiler.Line
}

// SetKind is what a set holds.
type SetKind uint8

// The kinds of sets.
const (
	Addrs      SetKind = iota // intervals of addresses
	Values                    // intervals of the field Key
	Pairs                     // source and destination address
	Dynamic                   // addresses that rules add, with a timeout
	AddrMap                   // address to address
	LiveMap                   // address to address, filled by the daemon
	Counting                  // addresses with a count of their connections
	Verdicts                  // ranges of a field to what is done
	LiveAddrs                 // addresses, filled by the daemon
	LivePairs                 // source and destination address, filled by the daemon
	LiveProtos                // numbers of protocols, filled by the daemon
	LiveDoors                 // source, destination, protocol and port that may call once, filled by the daemon
	DoorMap                   // the same to the address and port that are called, filled by the daemon
	LivePorts                 // protocol, address and port to address and port, filled by the daemon
	Octets                    // pairs of two octets
	Lengths                   // pairs of the lengths of an IP packet and of UDP in it
	CallMarks                 // calls to a ct mark, filled by the daemon; empty when they are loaded
	CallEnds                  // calls to address and port, likewise
	Queries                   // source, destination, source port and id of DNS queries that rules add, with a timeout
)

// A Set is a named set or map. Its intervals are sorted and do not touch.
type Set struct {
	Name    string
	Kind    SetKind
	Ranges  []Range       // Addrs, Values
	Pairs   [][2]ast.IP   // Pairs, AddrMap, LiveMap, Octets, Lengths
	Timeout time.Duration // Dynamic, Queries
	Members []Member      // LiveAddrs, LivePairs, LiveProtos, LiveDoors, DoorMap
	Ports   []PortPair    // LivePorts
	Keys    [][]byte      // Queries: those that wait, as the kernel has them
	// Values: of which field. Verdicts: what is done with packets whose Key is in each range. The ranges are in order and do not overlap. With
	// Counted the elements count packets: element N is entry N-1 of the access list ACL.
	Key      Field
	Verdicts []VerdictOf
	Counted  bool
	ACL      int
	Line     compiler.Line // where the set comes from one line
	Note     string        // what it is, for readers
	// LiveMap of real addresses: what it holds, and what each of its hosts may do, as comments. The process that follows one which died reads
	// them in the kernel: XlateKind, XlateTerms.
	Comment  string
	Comments map[ast.IP]string
}

// A PortPair is a translation of a port, or of an ICMP id.
type PortPair struct {
	Proto        uint8
	Real, Mapped ast.IP
	Port, As     uint16
}

// A Member of a set that the daemon fills. Until its time is over; 0: until it is taken out.
type Member struct {
	IP, To ast.IP // To of LivePairs and doors; of LiveProtos IP is the number
	Door   Door   // the rest of a door
	For    time.Duration
}

// A Door is what is called from a source at a destination, and what that becomes.
type Door struct {
	Proto    uint8
	Port     uint16
	Real     ast.IP
	RealPort uint16
}

// VerdictOf is an element of a set of verdicts. Do is Jump, Goto, Accept or Drop.
type VerdictOf struct {
	Range
	Do Stmt
}

// A Range is values from Lo to Hi, both included: addresses, ports, types.
type Range struct{ Lo, Hi uint32 }

// A Chain is a base chain when Hook is set.
type Chain struct {
	Name     string
	Type     string // filter, nat
	Hook     string // prerouting, input, forward, output, postrouting
	Priority int
	Drop     bool // policy
	Note     string
	Rules    []Rule
}

// A Rule does its statements to packets that all matches fit.
type Rule struct {
	Match []Match
	Do    []Stmt
	Note  string // comment in the kernel
	Line  compiler.Line
	// ACE is the access list entry that the rule carries out, with its hit count in the rule's counter.
	ACE ACE
}

// An ACE names an access list entry by the Plan's indices, or a conduit (compiler.ConduitList). Entry Implicit is the deny at the end. The zero
// ACE is none.
type ACE struct {
	Is         bool
	ACL, Entry int
}

// Implicit is the entry index of the deny that ends every list.
const Implicit = -1

// Field is what a match looks at.
type Field uint8

// The fields.
const (
	Iif Field = iota
	Oif
	Saddr
	Daddr
	SaddrDaddr
	L4Proto
	Sport
	Dport
	ICMPType
	TCPFlags
	CtState
	CtStatus
	CtReply // no value: packets in reply direction
	CtMark
	TTL
	HdrLen      // in words of 32 bits, greater than the value
	FirstOption // of IP: its kind; only where HdrLen says that there is one
	RoutedTo    // the route to the destination leaves by the device Name
	NoRoute     // no value: the route to the source leaves by another interface
	MSSOver     // greater than the value
	MSSUnder    // less than the value
	UDPLenOver  // greater than the value, with the UDP header
	IPLenOver   // greater than the value, with the IP header
	SameAddrs   // source and destination are the same, by a set of all Octets that are
	SamePorts   // likewise the ports
	UDPLengths  // the lengths of the packet and of UDP, in a set of Lengths
	PacketMark
	PacketMarkOver // greater than the value
	IsFragment     // no value: one of the fragments of a packet
	QueryOf        // no value: the DNS query that a packet answers, in a set of Queries
	AskedBefore    // no value: the DNS query that a packet is, likewise
	QuotedSaddr    // of the packet in an ICMP error
	QuotedDaddr
	LiveDaddr // what a LiveMap has for the destination
	OrigSaddr
	OrigDaddr // as the first packet of the connection had it on the wire
	OrigDport
	SourceMAC // of the frame, as an entry of a mac-list compares it; frames of Ethernet only
	TCPWords  // the length of the TCP header in words of 32 bits
	DoorOf    // no value: source, destination, protocol and port that is called, in a set of LiveDoors
	CallOf    // no value: source, destination and ports, in a map of calls
	// FirstTCPOption is the first two octets of the options of TCP; only where MSSUnder says that there are some.
	FirstTCPOption
	PortOf // protocol, source and its port, in a set of LivePorts
	EchoOf // the same of ICMP, with the id
	// ParentHelper is the helper Name of the connection that has let this one be expected.
	ParentHelper
)

// Bits of CtState and CtStatus, and TCP flags.
const (
	StateInvalid     = 1
	StateEstablished = 2
	StateRelated     = 4
	StateNew         = 8
	StateUntracked   = 64
	StatusConfirmed  = 0x08 // a packet of the connection has left
	StatusSNAT       = 0x10
	StatusDNAT       = 0x20
	flagFIN          = 1
	flagSYN          = 2
	flagRST          = 4
	flagACK          = 16
)

// A Match compares a field with values, or with a named set.
type Match struct {
	Field  Field
	Not    bool
	Mask   uint32 // applied before the comparison; 0: none
	Values []Range
	Name   string // Iif, Oif: the device; ParentHelper: the helper
	only   bool   // Iif, Oif: the device itself, not its twin
	Set    string
	MAC    *compiler.MACEntry // SourceMAC
}

// Within reports whether a value is in one of ranges that are in order.
func Within(list []Range, v uint32) bool {
	_, found := slices.BinarySearchFunc(list, v, func(r Range, v uint32) int {
		switch {
		case r.Hi < v:
			return -1
		case r.Lo > v:
			return 1
		}
		return 0
	})
	return found
}

// merge sorts ranges and joins those that overlap or touch.
func merge(in []Range) []Range {
	in = slices.Clone(in)
	slices.SortFunc(in, func(a, b Range) int {
		switch {
		case a.Lo < b.Lo:
			return -1
		case a.Lo > b.Lo:
			return 1
		}
		return 0
	})
	var out []Range
	for _, r := range in {
		if n := len(out); n > 0 && (r.Lo <= out[n-1].Hi || r.Lo == out[n-1].Hi+1) {
			out[n-1].Hi = max(out[n-1].Hi, r.Hi)
			continue
		}
		out = append(out, r)
	}
	return out
}

// subtract is what of a is not in b.
func subtract(a, b []Range) []Range {
	a, b = merge(a), merge(b)
	var out []Range
	for _, r := range a {
		lo, open := uint64(r.Lo), true
		for _, c := range b {
			if c.Hi < uint32(lo) || c.Lo > r.Hi {
				continue
			}
			if uint64(c.Lo) > lo {
				out = append(out, Range{uint32(lo), c.Lo - 1})
			}
			if lo = uint64(c.Hi) + 1; lo > uint64(r.Hi) {
				open = false
				break
			}
		}
		if open {
			out = append(out, Range{uint32(lo), r.Hi})
		}
	}
	return out
}

func netRange(n ast.Net) Range { lo, hi := n.Range(); return Range{uint32(lo), uint32(hi)} }

func one(v uint32) []Range { return []Range{{v, v}} }

// prefix is the prefix length of a range that is one.
func (r Range) prefix() (int, bool) {
	size := uint64(r.Hi) - uint64(r.Lo) + 1
	if size&(size-1) != 0 || uint64(r.Lo)%size != 0 {
		return 0, false
	}
	n := 32
	for ; size > 1; size >>= 1 {
		n--
	}
	return n, true
}

// word turns any name into an identifier of nft, which never is a keyword because callers put a prefix before it.
func word(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' {
			return c
		}
		return '_'
	}, s)
}

// quoted is text that may stand between quotes in nft, at most n octets long.
func quoted(s string, n int) string {
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return '_'
		}
		return c
	}, s)
	if len(s) > n {
		s = s[:n]
	}
	return s
}

// Elements is how many elements the kernel keeps of the set when it has just been loaded: an interval has two, but for
// one that ends with the last address.
func (s *Set) Elements() int {
	switch s.Kind {
	case Addrs:
		return len(intervals(s.Ranges, be32))
	case Values:
		return len(intervals(s.Ranges, keyOctets(s.Key)))
	case Pairs, AddrMap, LiveMap, Octets, Lengths:
		return len(s.Pairs)
	case LivePorts:
		return len(s.Ports)
	case LiveAddrs, LivePairs, LiveProtos, LiveDoors, DoorMap:
		for i := range s.Members {
			if s.Members[i].For > 0 {
				return 0 // they may end at any moment
			}
		}
		return len(s.Members)
	case Verdicts:
		n := len(s.Verdicts)
		if s.interval() {
			for i := range s.Verdicts {
				if s.end(i) {
					n++
				}
			}
		}
		return n
	}
	return 0
}

// interval reports whether the elements of a set of verdicts are ranges.
func (s *Set) interval() bool {
	return slices.ContainsFunc(s.Verdicts, func(v VerdictOf) bool { return v.Lo != v.Hi })
}

// end reports whether a range of verdicts needs an element for its end: not at the last value of all.
func (s *Set) end(i int) bool { return s.Verdicts[i].Hi != keyMax(s.Key) }

func keyMax(f Field) uint32 {
	switch f {
	case Sport, Dport:
		return 0xffff
	case L4Proto, ICMPType:
		return 0xff
	}
	return 0xffffffff
}

// References counts for each chain its rules, and the jumps that lead to it: the kernel's own count of its uses.
func (r *Ruleset) References() map[string]int {
	out := map[string]int{}
	to := func(s Stmt) {
		switch s := s.(type) {
		case Jump:
			out[s.Chain]++
		case Goto:
			out[s.Chain]++
		}
	}
	for i := range r.Chains {
		c := &r.Chains[i]
		out[c.Name] += len(c.Rules)
		for k := range c.Rules {
			for _, s := range c.Rules[k].Do {
				to(s)
			}
		}
	}
	for i := range r.Sets {
		for k := range r.Sets[i].Verdicts {
			to(r.Sets[i].Verdicts[k].Do)
		}
	}
	return out
}
