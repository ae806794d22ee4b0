package runtime

import (
	"errors"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

// ErrUnsupported is what an engine answers to something that it cannot do. Callers say so to the user.
var ErrUnsupported = errors.New("not supported by this engine")

// Engine is a firewall that enforces a Plan. Its methods are safe for concurrent use.
type Engine interface {
	// Apply replaces the policy by that of plan: all of it, or none and an error. Diagnostics say what this engine does
	// otherwise than a PIX, one a configuration line. Connections, translations, users and hit counts live on where the
	// new plan still has their interfaces and entries.
	Apply(plan *compiler.Plan) (ast.Diagnostics, error)
	// Plan is the policy in force; nil before the first Apply. Access lists that servers have sent for users stand in it, too, after
	// those of the plan that was applied, as long as a user has them.
	Plan() *compiler.Plan

	Conns() ConnTable
	Xlates() XlateTable
	Users() UserTable
	// HitCount is how many packets (or connections, for TCP and UDP) an access list entry has decided; of compiler.ConduitList, a conduit.
	HitCount(acl, entry int) uint64
	// InterfaceCounters counts packets and octets of an interface.
	InterfaceCounters(ifIndex int) Counters

	ClearXlates(filter XlateFilter) error // deletes dynamic translations with their connections
	ClearConns() error
	ClearUsers(user string) error // empty: all
	ClearHitCounts(acl int) error // None: all lists, and the conduits

	// Subscribe calls fn for every message from now on, until the returned func is called. fn must not call the engine.
	Subscribe(fn func(Message)) (cancel func())
	Close() error
}

// Injector is an engine that can be given packets and asked what became of them.
type Injector interface {
	Engine
	Inject(in Ingress, p Packet) (Verdict, error)

	// Login enters a user into the uauth cache, as the cut-through proxy does. With a list that cannot be enforced nobody gets in.
	Login(ifIndex int, addr ast.IP, user string, list UserList) error
	// AddSA is a pair of tunnel-mode security associations on the crypto map of an interface, own side first.
	AddSA(ifIndex int, peer ast.IP, local, remote ast.Net) error
	// AddClient is a remote-access client: phase 1 with peer, XAUTH as user, addr assigned, SA pair addr/32 to any.
	AddClient(ifIndex int, peer ast.IP, group, user string, addr ast.IP, list UserList) error
	// Expire ends what the clock says has ended. It returns the messages of the teardowns.
	Expire() []Message
}

// Counters of an interface.
type Counters struct {
	InPackets, InBytes, OutPackets, OutBytes uint64
}

// Conn is one connection, seen as `show conn` does: out is the lower-level side, in the real address of the higher.
type Conn struct {
	Proto             uint8
	OutIf, InIf       int
	Foreign, Local    ast.IP
	ForeignPort       uint16
	LocalPort         uint16
	Global            ast.IP // mapped address of Local
	GlobalPort        uint16
	Idle              time.Duration
	Bytes             uint64
	Flags             string // UIO, saA, ... (commands-vpn-aaa-show.md section 4.5)
	Inbound           bool
	User              string
	ForeignMapped     ast.IP // with outside NAT; else equal to Foreign
	ForeignMappedPort uint16
}

// ConnTable is a snapshot.
type ConnTable struct {
	Conns    []Conn
	MostUsed int
}

// Xlate is one translation slot.
type Xlate struct {
	RealIf, MappedIf int
	Real, Mapped     ast.IP
	Proto            uint8  // PAT: TCP, UDP or ICMP; 0: address translation
	RealPort         uint16 // PAT; ICMP id
	MappedPort       uint16
	Static           bool
	Identity         bool
	Idle             time.Duration
	Timeout          time.Duration
	Conns            int
}

// XlateTable is a snapshot.
type XlateTable struct {
	Xlates   []Xlate
	MostUsed int
}

// XlateFilter selects translations; zero fields select all.
type XlateFilter struct {
	Mapped, Real ast.IP
	If           string
}

// User is one entry of the uauth cache.
type User struct {
	If         int
	Addr       ast.IP
	Name       string
	IPsec      bool   // entered by XAUTH
	ACL        string // his access list, as it is called in the plan of the engine; empty: he has none
	Since      time.Time
	Absolute   time.Duration
	Inactivity time.Duration
}

// UserTable is a snapshot.
type UserTable struct {
	Users    []User
	MostSeen int

	InProgress, MostInProgress int // logins under way
}
