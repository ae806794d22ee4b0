package ike

import (
	"io"
	"net/netip"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

// Options is what a Machine needs besides the Plan. Clock and Rand have to be there.
type Options struct {
	Clock  runtime.Clock
	Rand   io.Reader // cookies, nonces, private keys, SPIs
	Limits Limits

	// Local is the address of an interface that learns it (dhcp, pppoe). Nil: such interfaces start no exchange.
	Local func(iface int) netip.Addr

	// LastUsed says when a pair of security associations has last carried a packet, and when it has last received one. It is
	// called from within Tick. Nil: only what IKE itself hears counts for dead peer detection and idle clients.
	LastUsed func(pair uint64) (used, heard time.Time)

	// Certificates are for policies with rsa-sig. Nil: such policies are neither offered nor accepted.
	Certificates *Certificates

	// Keys is told the key that each IKE SA encrypts with, by the initiator's cookie, as soon as it is there. Who has it reads the
	// exchanges of the SA: it is for recordings in a lab. Nil: nobody is told.
	Keys func(initiator [8]byte, key []byte)
}

// Limits bounds the tables. A field that is 0 has its default.
type Limits struct {
	HalfOpen          int // phase 1 under way that others have started, before they have shown that they can be reached: 6000; the oldest goes first
	HalfOpenPerSource int // of these with one address: 64; the oldest goes first
	Proven            int // phase 1 under way of those who have: 1000; as many of those who have not, but have an SA already; the oldest goes first
	Aggressive        int // private keys drawn in a second to answer first messages of aggressive mode: 400; what comes beyond shares one
	SAs               int // IKE SAs in all: 20000
	Exchanges         int // quick modes and transactions under way on one SA: 64
	PairsPerSA        int // pairs of IPsec SAs of one peer: 4096
	Peers             int // peers as the licence counts them; 0: no limit (316001)
}

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		v *int
		d int
	}{{&l.HalfOpen, 6000}, {&l.HalfOpenPerSource, 64}, {&l.Proven, 1000}, {&l.Aggressive, 400}, {&l.SAs, 20000}, {&l.Exchanges, 64}, {&l.PairsPerSA, 4096}} {
		if *f.v <= 0 {
			*f.v = f.d
		}
	}
	return l
}

// Datagram is one UDP datagram of IKE. On port 4500 the payload is without the non-ESP marker: who reads takes it off, who
// sends puts it on wherever Local has port 4500.
type Datagram struct {
	If            int // interface, index in Plan.Interfaces
	Local, Remote netip.AddrPort
	Payload       []byte
}

// Flow is the packet that wants a tunnel; ports are 0 where it has none.
type Flow struct {
	Src, Dst         netip.Addr
	Proto            uint8
	SrcPort, DstPort uint16
}

// An Effect is something that the caller has to do. The sum is closed.
type Effect interface{ effect() }

// Send is a datagram to send.
type Send struct{ Datagram }

// Keepalive is one byte that keeps a NAT's mapping alive: it goes out as it is, without a non-ESP marker.
type Keepalive struct{ Datagram }

// InstallSA is a new pair of security associations, ready both ways. Of several pairs with the same identities, the one
// installed last is the one to send with; the older ones still receive.
type InstallSA struct{ Pair runtime.SAPair }

// PrepareSA is a pair that the peer may send with already, while this side has to hear from it first: it receives, and is not sent
// with before its InstallSA, which has the same ID. CancelSA ends one that has come to nothing.
type (
	PrepareSA struct{ Pair runtime.SAPair }
	CancelSA  struct{ ID uint64 }
)

// UpdateSA says that a pair has moved: its peer is to be reached at another address or port, or the Plan has other indices.
// Only If, Map, Entry, Dynamic, Peer, PeerPort and Encap may have changed.
type UpdateSA struct{ Pair runtime.SAPair }

// RemoveSA ends a pair.
type RemoveSA struct {
	ID     uint64
	Reason string // in words, for the log
}

// Authenticate asks a server group about a user. The answer goes to [Machine.AuthResult] with the same ID.
type Authenticate struct {
	ID       uint64
	If       int
	Group    int    // index in Plan.AAAGroups
	Fallback bool   // ask LOCAL if no server answers
	Token    bool   // token-card server
	VPNGroup string // vpngroup of the user; empty: none
	User     string
	Password ast.Secret
	State    []byte // of the challenge that this answers
	Peer     netip.Addr
}

// Verdict is what a server says about a user.
type Verdict uint8

// The verdicts.
const (
	Reject Verdict = iota
	Accept
	Challenge   // it asks back: Message for the user, State for the next request
	Unavailable // no server answers
)

// AuthResult is the answer to an Authenticate.
type AuthResult struct {
	Verdict Verdict
	Message string
	State   []byte
	// MaxTime is how long the user may be connected, IdleTime how long without a packet, where a server has said so: the one beside max-time
	// of his group, of which the shorter counts, the other in place of its idle-time. 0: nothing was said.
	MaxTime, IdleTime time.Duration
	Session           any // of the caller's; comes back in ClientUp
}

// ClientUp is a client whose tunnel may be used: authenticated where it had to be, with its address where it gets one. It comes again,
// with the same ID, when the user has logged in anew: what servers say of him may be something else by then.
type ClientUp struct {
	ID          uint64 // comes back in ClientDown
	SA          uint64 // the IKE SA by which he has logged in
	If          int
	Peer        netip.Addr
	Addr        netip.Addr // address inside the tunnel; invalid: none given
	User, Group string     // Group is the vpngroup
	Session     any        // from AuthResult
}

// ClientDown ends what ClientUp began.
type ClientDown struct {
	ID     uint64
	Addr   netip.Addr
	User   string
	Reason string
}

// Log is a %PIX message.
type Log struct{ runtime.Message }

// Debug is an event for debug output; only while [Machine.SetDebug] has asked for its facility.
type Debug struct{ Event }

func (Send) effect()         {}
func (Keepalive) effect()    {}
func (InstallSA) effect()    {}
func (PrepareSA) effect()    {}
func (CancelSA) effect()     {}
func (UpdateSA) effect()     {}
func (RemoveSA) effect()     {}
func (Authenticate) effect() {}
func (ClientUp) effect()     {}
func (ClientDown) effect()   {}
func (Log) effect()          {}
func (Debug) effect()        {}
