package runtime

import (
	"net/netip"
	"time"
)

// SAMode is what an IPsec security association protects.
type SAMode uint8

// Tunnel mode carries whole packets, transport mode the payload of packets between the two ends.
const (
	Tunnel SAMode = iota
	Transport
)

// ProxyID is one side of the traffic that a pair of security associations may carry: an address with its mask, and,
// where they are not 0, protocol and port (RFC 2407 4.6.2; commands-vpn-aaa-show.md section 2.8).
type ProxyID struct {
	Addr, Mask netip.Addr
	Proto      uint8
	Port       uint16
}

// SAKeys are algorithm and keys of one security association. Names are those of a transform: esp-des, esp-3des, esp-aes,
// esp-aes-192, esp-aes-256, esp-null; esp-md5-hmac, esp-sha-hmac, ah-md5-hmac, ah-sha-hmac. Empty: none.
type SAKeys struct {
	SPI                uint32
	Cipher, Auth       string
	CipherKey, AuthKey []byte `json:"-"`
}

// SAPair is what one quick mode has agreed on, or what ipsec-manual states: both directions of one tunnel. A pair that has AH
// beside ESP has both in InAH and OutAH; AH is then outside (RFC 2401 4.3).
type SAPair struct {
	ID            uint64 // never used twice by one process
	If            int    // interface whose crypto map it belongs to
	Map, Entry    int    // index in VPN.Maps and in its Entries
	Dynamic       int    // entry of the dynamic map that has given the terms; compiler.None
	Mode          SAMode
	Local, Peer   netip.Addr // the ends of the tunnel
	Encap         bool       // in UDP, between these ports
	LocalPort     uint16
	PeerPort      uint16
	LocalID       ProxyID // what is behind this box
	RemoteID      ProxyID
	In, Out       SAKeys
	InAH, OutAH   SAKeys // SPI 0: no AH
	Born          time.Time
	Seconds       int // life; 0: none
	Kilobytes     int
	PFS           int        // Diffie-Hellman group; 0: none
	Client        netip.Addr // remote access: the address given to the client; else invalid
	User, Group   string
	Manual        bool
	NoReplayCheck bool // ipsec-manual without authentication
}

// SACounters counts what one pair has carried and refused, as `show crypto ipsec sa` does.
type SACounters struct {
	Encaps, Decaps           uint64 // packets
	EncapBytes, DecapBytes   uint64 // of the packets inside
	SendErrors, RecvErrors   uint64
	AuthFailed, ReplayFailed uint64
	LastUsed                 time.Time

	CarriedOut, CarriedIn uint64 // octets of the packets inside since the pair was made: what its life is reckoned by, never cleared
	PathMTU               int    // that somebody on the way has told of; 0: nobody
}

// IKESA is one row of `show crypto isakmp sa` (commands-vpn-aaa-show.md section 4.12).
type IKESA struct {
	ID          uint64
	Local, Peer netip.AddrPort
	State       string // MM_NO_STATE, MM_SA_SETUP, MM_KEY_EXCH, MM_KEY_AUTH, AG_..., OAK_CONF_XAUTH, OAK_CONF_ADDR, QM_IDLE
	Pending     int    // quick modes and transactions under way
	Created     int    // quick modes done
	Initiator   bool
	Group, User string
	Policy      int // priority of the ISAKMP policy agreed on
	Born        time.Time
	Life        time.Duration
	NATT, DPD   bool
}

// VPN is the part of a running firewall that speaks IKE and IPsec, as console and daemon see it. Its methods are safe for
// concurrent use. An engine that has none, has none of its tables.
type VPN interface {
	IKESAs() []IKESA
	SAPairs() []SAPair // without keys
	SACounters(id uint64) SACounters
	ConnIDs(id uint64) (in, out int) // numbers of a pair's two associations in tables and messages; 0: no such pair
	PoolInUse(pool int) []netip.Addr // of VPN.Pools, lowest first

	ClearIKE(id uint64) error // 0: all, with the security associations made by them
	ClearSAs(match func(*SAPair) bool) error
	ClearSACounters()

	// Debug calls fn for each text of a facility ("crypto isakmp", "crypto ipsec", "crypto engine", "crypto ca", "aaa",
	// "aaa authentication", "radius", "tacacs", ...) up to level, until the returned func is called. A text ends in a line end where
	// the box ends the line: those of several facilities run on. fn must neither wait nor call the VPN.
	Debug(facility string, level int, fn func(text string)) (cancel func())
}
