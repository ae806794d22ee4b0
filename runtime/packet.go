package runtime

import (
	"fmt"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
)

// TCPFlags are the control bits of a segment.
type TCPFlags uint8

// The TCP flags, with their values on the wire.
const (
	FIN TCPFlags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// String is the flags as syslog messages print them: "SYN ACK"; without any, "NULL".
func (f TCPFlags) String() string {
	var w []string
	for i, n := range []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG"} {
		if f&(1<<i) != 0 {
			w = append(w, n)
		}
	}
	if len(w) == 0 {
		return "NULL"
	}
	return strings.Join(w, " ")
}

// IPOption is the IP option a packet carries.
type IPOption uint8

// The IP options that scenarios name.
const (
	NoOption IPOption = iota
	RecordRoute
	SourceRoute
	Timestamp
	RouterAlert
	OtherOption // any that scenarios have no word for
)

// Packet is one IPv4 packet, or fragment, as seen on a wire. Addresses and ports are those on that wire.
type Packet struct {
	Proto    uint8
	Src, Dst ast.IP
	SrcPort  uint16 // TCP, UDP
	DstPort  uint16
	Flags    TCPFlags
	Seq      uint32 // TCP; 0 when the sender does not care. ICMP: the second half of the word after the checksum (echo: sequence number)
	ICMPType uint8
	ICMPCode uint8
	ICMPID   uint16  // echo and its kin; other ICMP: the first half of that word
	About    *Packet // ICMP errors: the packet they are about, as far as it is quoted
	Payload  []byte  // of the transport
	Length   int     // transport payload in octets, when longer than Payload
	TTL      uint8
	Option   IPOption

	Fragment   bool // one fragment of a datagram
	FragOffset int  // octets from the start of the IP payload
	More       bool // more fragments follow

	// MAC is the address that the frame came from, on the way in.
	MAC [6]byte

	// What only real packets have. Zero is fine everywhere.
	ID         uint16 // IP identification: fragments with equal ones belong together
	Ack        uint32 // TCP
	Window     uint16 // TCP
	TCPOptions []byte // as on the wire, padded to 4 octets
	Sum        uint16 // first fragment only: the transport checksum, which covers the whole datagram
	UDPLength  uint16 // first fragment only: the length field of UDP
}

// Size is the payload of the transport in octets.
func (p *Packet) Size() int { return max(len(p.Payload), p.Length) }

// HeaderSize is the header of a transport protocol in octets, without options.
func HeaderSize(proto uint8) int {
	switch proto {
	case ast.ProtoTCP:
		return 20
	case ast.ProtoUDP, ast.ProtoICMP:
		return 8
	}
	return 0
}

// HasPorts reports whether the protocol carries ports.
func (p *Packet) HasPorts() bool { return p.Proto == ast.ProtoTCP || p.Proto == ast.ProtoUDP }

// String is the packet in the words of scenario files.
func (p *Packet) String() string {
	name := ast.ProtocolWord(p.Proto)
	switch {
	case p.HasPorts():
		s := fmt.Sprintf("%s %v:%d > %v:%d", name, p.Src, p.SrcPort, p.Dst, p.DstPort)
		if p.Proto == ast.ProtoTCP && p.Flags != SYN {
			s += " flags " + strings.ToLower(strings.ReplaceAll(p.Flags.String(), " ", "+"))
		}
		return s
	case p.Proto == ast.ProtoICMP:
		return fmt.Sprintf("icmp %v > %v type %d code %d", p.Src, p.Dst, p.ICMPType, p.ICMPCode)
	}
	return fmt.Sprintf("%s %v > %v", name, p.Src, p.Dst)
}

// Ingress is where a packet arrives: on an interface, or out of a tunnel that ends there.
type Ingress struct {
	If     int    // index in Plan.Interfaces
	Tunnel bool   // decrypted
	Peer   ast.IP // with Tunnel: the IPsec peer
}

// Action is what became of a packet.
type Action uint8

// The actions.
const (
	Drop     Action = iota
	Forward         // left by Egress
	Encrypt         // left by Egress into the tunnel with Peer
	Box             // consumed by the firewall itself
	Auth            // taken by the cut-through proxy
	SynProxy        // answered by the firewall for the server (TCP intercept)
	Held            // a fragment that waits for the others
)

func (a Action) String() string {
	return [...]string{"drop", "permit", "encrypt", "box", "auth", "synproxy", "held"}[a]
}

// Verdict is the decision about one packet, with everything that caused it.
type Verdict struct {
	Action Action
	Egress int    // Forward, Encrypt: index in Plan.Interfaces; else None
	Peer   ast.IP // Encrypt
	Out    Packet // Forward, Encrypt: the (inner) packet as it leaves
	Reset  bool   // Drop: a TCP reset was sent back
	Reason string // Drop, in words
	Logs   []Message
	Phases []Phase
}

// A Phase is one step of the decision.
type Phase struct {
	Type   string // ROUTE-LOOKUP, UN-NAT, ACCESS-LIST, NAT, ...: the words of packet-tracer
	Result string // ALLOW, DROP
	Lines  []compiler.Line
	Note   string
	// Implicit: no line says it, as at the end of an access list. Lines are those that were looked at.
	Implicit bool
}

// A Message is one syslog message: its text is what follows "%PIX-level-id: ".
type Message struct {
	ID    int    `json:"id"`
	Level int    `json:"level"`
	Text  string `json:"text"`
}

// String is the message in full.
func (m Message) String() string { return fmt.Sprintf("%%PIX-%d-%06d: %s", m.Level, m.ID, m.Text) }
