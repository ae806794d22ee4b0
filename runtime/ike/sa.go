package ike

import (
	"net/netip"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

// phase is how far phase 1 has come.
type phase uint8

const (
	phaseStart phase = iota // message 1 is out or in
	phaseKeys               // key exchange under way
	phaseAuth               // keys are there, identities are not
	phaseDone               // authenticated
	phaseDead
)

// sa is one IKE security association, being made or made.
type sa struct {
	id            uint64
	iface         int
	local, remote netip.AddrPort
	ci, cr        cookie
	initiator     bool
	aggressive    bool
	phase         phase
	born          time.Time // phase 1 done; before that: begun

	suite  suite // agreed on
	policy int   // its priority
	keys   phase1Keys
	iv     []byte // last cipher block of phase 1

	// Needed until phase 1 is done.
	hand *handshake

	group       int    // index in VPN.Groups; compiler.None
	groupName   string // as the peer has sent it; only where group is one of ours
	peerID      identity
	noXauth     bool // excused, by the line of the key that it knows, or with a certificate by isakmp peer
	noConfig    bool
	dpd         bool // the peer has said that it speaks it
	unity       bool // a Cisco client
	natt        natt // what was agreed on
	weAreBehind bool // a NAT is before us
	peerBehind  bool // a NAT is before the peer
	floated     bool // on port 4500

	exchanges map[uint32]*exchange // by message ID
	lingers   []*exchange          // those of them that are done, oldest first
	seen      map[uint32]struct{}  // message IDs that are over
	seenOld   map[uint32]struct{}  // older ones
	pairs     map[uint64]*pair     // made under this SA and not moved on
	created   int                  // quick modes done
	contacted bool                 // INITIAL-CONTACT has been acted on
	created1  bool                 // a quick mode has been seen
	waiting   []wanted             // quick modes of ours that wait for phase 1, or for their turn

	lastIn    uint64 // of the last packet of phase 1, to know a repetition by
	lastOut   []byte // what answers it
	retry     timer
	tries     int
	life      timer
	renewal   timer // of phase 1, before its end
	lifetime  time.Duration
	dpdTimer  timer
	dpdSeq    uint32
	dpdMissed int
	peerSeq   uint32 // of the last question of the peer
	peerAsked bool
	heard     time.Time // of the last packet of the peer that was authentic
	keepalive timer

	client *client // XAUTH and mode config; nil before they begin
}

// identity is an ID payload.
type identity struct {
	Type  uint8
	Proto uint8
	Port  uint16
	Data  []byte
}

// exchange is one exchange of phase 2: a quick mode, a transaction.
type exchange struct {
	sa      *sa
	kind    exchangeType
	id      uint32
	ours    bool // begun by this side
	iv      []byte
	lastIn  uint64
	lastOut []byte // resent when the peer repeats itself, and by the timer while armed
	retry   timer
	tries   int
	done    bool // only there to answer repetitions
	quick   *quick
	wanted  wanted // quick mode of ours
	begun   time.Time
	refused bool   // quick mode of ours: the peer does not want it, and is left alone for a while
	commit  bool   // the peer waits for CONNECTED
	config  uint16 // identifier of a transaction
}

// state is the name of the state as `show crypto isakmp sa` prints it (commands-vpn-aaa-show.md section 4.12). One whose user has
// not logged in, or who has not got an address, is not up yet.
func (m *Machine) state(s *sa) string {
	mode, names := "MM_", [...]string{"SA_SETUP", "KEY_EXCH", "KEY_AUTH"}
	if s.aggressive {
		mode, names = "AG_", [...]string{"NO_STATE", "INIT_EXCH", "AUTH"}
	}
	switch s.phase {
	case phaseStart, phaseKeys, phaseAuth:
		if s.initiator && s.phase == phaseStart {
			return mode + "NO_STATE"
		}
		return mode + names[s.phase]
	case phaseDone:
		switch {
		case m.needsXauth(s) && (s.client == nil || s.client.stage != stageDone):
			return "OAK_CONF_XAUTH"
		case s.client != nil && s.created == 0 && (m.awaitsAddress(s) || m.pushes(s)):
			return "OAK_CONF_ADDR"
		}
		return "QM_IDLE"
	}
	return mode + "NO_STATE"
}

// cryptoMap is the map of the interface that the peer has come to, or nil.
func (m *Machine) cryptoMap(s *sa) *compiler.CryptoMap {
	if s.iface < 0 || s.iface >= len(m.plan.Interfaces) || m.plan.Interfaces[s.iface].Map == compiler.None {
		return nil
	}
	return &m.plan.VPN.Maps[m.plan.Interfaces[s.iface].Map]
}

// vpnGroup is the group of the peer, or nil.
func (m *Machine) vpnGroup(s *sa) *compiler.VPNGroup {
	if s.group == compiler.None || s.group >= len(m.plan.VPN.Groups) {
		return nil
	}
	return &m.plan.VPN.Groups[s.group]
}

// astIP is an IPv4 address as the Plan has it; 0 for others.
func astIP(a netip.Addr) ast.IP {
	if a = a.Unmap(); !a.Is4() {
		return 0
	}
	b := a.As4()
	return ast.IP(b[0])<<24 | ast.IP(b[1])<<16 | ast.IP(b[2])<<8 | ast.IP(b[3])
}

// addrOf is the way back.
func addrOf(ip ast.IP) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)})
}
