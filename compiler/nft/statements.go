package nft

import "pixfw/ast"

// A Stmt is one of the statements below.
type Stmt interface{ stmt() }

type (
	// Counter counts packets and octets.
	Counter struct{}
	// Log sends the packet to the LogGroup.
	Log struct{ Prefix string }
	// SetMark sets the ct mark.
	SetMark struct{ Mark uint32 }
	// Update adds the packet's source, or with Dst its destination, to a dynamic set, or restarts its timeout.
	Update struct {
		Set string
		Dst bool
	}
	// Rewrite changes an address in place, of a packet that is not tracked: Saddr, Daddr, QuotedSaddr or QuotedDaddr. It becomes what
	// the map has, or that of To with its own host bits.
	Rewrite struct {
		Field Field
		Map   string
		To    ast.Net
	}
	// MarkPacket sets bits of the packet mark.
	MarkPacket struct{ Bits uint32 }
	// ClassPacket sets the mark of the packet, with the class of its connection in the low bits.
	ClassPacket struct{ Mark uint32 }
	// KeepOrigin sets the mark of the packet, but for the bits that tell what has un-NATed it.
	KeepOrigin struct{ Mark uint32 }
	// SetPacketMark sets the mark of the packet; TakeMark moves it to the connection.
	SetPacketMark struct{ Mark uint32 }
	TakeMark      struct{}
	// Original gives the packet the destination that the first one of the connection had on the wire.
	Original struct{}
	// MakeCall makes a packet of the firewall itself the call to a host, by the maps of calls.
	MakeCall struct{}
	// NoTimestamp puts padding in the place of the timestamps of TCP.
	NoTimestamp struct{}
	// WaitingMark sets the mark of the packet to that of its call among WaitingCalls.
	WaitingMark struct{}
	// SynProxy answers a SYN for a server, and calls the server when the client has answered.
	SynProxy struct{}
	// NoTrack keeps the packet out of connection tracking.
	NoTrack struct{}
	// AddMark sets bits of the ct mark, and ClearMark clears them.
	AddMark   struct{ Bits uint32 }
	ClearMark struct{ Bits uint32 }
	// Ask adds a DNS query to a set of Queries; Answer takes the one out that the packet answers.
	Ask    struct{ Set string }
	Answer struct{ Set string }
	// ShutDoor takes the door of a packet out of a set of LiveDoors; Behind translates the destination by a DoorMap.
	ShutDoor struct{ Set string }
	Behind   struct{ Map string }
	// Dispatch does what a set of Verdicts says of the field, if it says something.
	Dispatch struct {
		Field Field
		Set   string
	}
	// ToQueue hands the packet to the daemon. Compat does it by the target of xtables, for kernels without a queue expression.
	// Where nobody listens, packets are dropped; with Bypass they go on.
	ToQueue struct {
		Num    uint16
		Compat bool
		Bypass bool
	}
	// Limit goes on when the packet's source, or with Dst its destination, has more connections than Over.
	Limit struct {
		Set  string
		Dst  bool
		Over uint32
	}
	// Meter goes on when the packet's source, or with Dst its destination, comes by more than Over times a second.
	Meter struct {
		Set  string
		Dst  bool
		Over uint32
	}
	// SetTTL rewrites the time to live.
	SetTTL struct{ TTL uint8 }
	// RaiseMSS rewrites the MSS option where it is the first. In text it does not keep the checksum.
	RaiseMSS struct{ Size uint16 }
	// SetMSS rewrites the MSS option, if that lowers it.
	SetMSS struct{ Size uint16 }
	// SetHelper assigns a helper.
	SetHelper struct{ Name string }
	// NAT rewrites the source, or with Dst the destination.
	NAT struct {
		Dst            bool
		Map            string // AddrMap by the address that is rewritten
		Ports          string // LivePorts by PortOf, or with Echo by EchoOf
		Echo           bool
		First, Last    ast.IP
		PortLo, PortHi uint16 // 0: untouched
		Prefix         bool   // First-Last is a prefix, host bits are kept
		Persistent     bool
	}
	// Accept, Drop and Return end the chain; Jump and Goto go on in another.
	Accept struct{}
	// Reset answers with a TCP reset, and drops.
	Reset  struct{}
	Drop   struct{}
	Return struct{}
	Jump   struct{ Chain string }
	Goto   struct{ Chain string }
)

func (Counter) stmt()  {}
func (Log) stmt()      {}
func (SetMark) stmt()  {}
func (Update) stmt()   {}
func (SetMSS) stmt()   {}
func (RaiseMSS) stmt() {}
func (SetTTL) stmt()   {}

func (ClassPacket) stmt()   {}
func (KeepOrigin) stmt()    {}
func (SetPacketMark) stmt() {}
func (TakeMark) stmt()      {}
func (AddMark) stmt()       {}
func (ClearMark) stmt()     {}
func (Ask) stmt()           {}
func (Answer) stmt()        {}
func (ShutDoor) stmt()      {}
func (Behind) stmt()        {}
func (NoTrack) stmt()       {}
func (Rewrite) stmt()       {}
func (MarkPacket) stmt()    {}
func (Original) stmt()      {}
func (MakeCall) stmt()      {}
func (NoTimestamp) stmt()   {}
func (WaitingMark) stmt()   {}
func (SynProxy) stmt()      {}
func (ToQueue) stmt()       {}
func (Limit) stmt()         {}
func (Meter) stmt()         {}
func (Dispatch) stmt()      {}
func (SetHelper) stmt()     {}
func (NAT) stmt()           {}
func (Accept) stmt()        {}
func (Reset) stmt()         {}
func (Drop) stmt()          {}
func (Return) stmt()        {}
func (Jump) stmt()          {}
func (Goto) stmt()          {}
