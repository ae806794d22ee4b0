package ast

// An Exec is one command of the console that does not configure: it shows, clears state, moves between modes, or sends a
// packet through the box. The sum is closed, like Command, but execs never enter a configuration. Execs and configuration
// commands share the console: in configuration mode both are typed (commands-firewall.md section 1.1).
type Exec interface{ exec() }

// Show: `show WHAT [operands]`.
type Show struct {
	What   string // canonical words after show: "running-config", "access-list", "crypto map", ...
	ID     string // which one of them: an access list, a protocol, an interface, a pool; empty: all
	Form   string // detail, debug, count, identity, address, ...; empty: the plain form
	Number int    // of a syslog message; 0: none given
	Filter StateFilter
}

// StateFilter selects connections or translations; zero fields select all.
type StateFilter struct {
	Global, Local, Foreign Span
	Ports                  []PortFilter
	Proto                  uint8
	Ifs                    []string
	States                 []string
}

// Span is a range of addresses, or all addresses of a net. The zero Span is not given.
type Span struct {
	First, Last IP
	Mask        IP // netmask; 0: none given
}

// IsZero reports whether no span was given.
func (s Span) IsZero() bool { return s == Span{} }

// Contains reports whether the span, if one was given, holds ip.
func (s Span) Contains(ip IP) bool {
	switch {
	case s.IsZero():
		return true
	case s.Mask != 0:
		return Net{s.First, s.Mask}.Contains(ip)
	}
	return s.First <= ip && ip <= s.Last
}

// PortFilter is `lport P[-P]`, `fport P[-P]` or `gport P[-P]`.
type PortFilter struct {
	Which  string // lport, fport, gport
	Lo, Hi uint16
}

// ClearState: `clear xlate|conn|uauth|local-host`, `clear access-list ID counters`, `clear conduit counters`, `clear crypto isakmp|ipsec sa`: state goes,
// configuration stays.
type ClearState struct {
	What   string // xlate, conn, uauth, counters, conduit counters, isakmp sa, ipsec sa, crypto sa, ipsec sa counters, logging, logging disabled
	ID     string // access list of `clear access-list ID counters`, user of `clear uauth USER`; empty: all
	Filter StateFilter

	// Of `clear ipsec sa`: those with a peer, of a crypto map, or a single one by its destination, protocol and SPI.
	Peer  IP
	Map   string
	Proto uint8
	SPI   uint32
}

// Debug: `debug FACILITY [LEVEL]`, `no debug FACILITY`, `undebug all`.
type Debug struct {
	Off      bool
	Facility string // crypto isakmp, crypto ipsec, ..., aaa, aaa authentication, radius, tacacs, radius user NAME; all
	Level    int    // 1 to 3; 0: the facility has none
}

// Write: `write terminal|memory|erase`.
type Write struct{ To string }

// Enable: `enable [LEVEL]`.
type Enable struct{ Level int }

// Login: `login`, asks for a user of the local database.
type Login struct{}

// Disable: `disable`, back to unprivileged mode.
type Disable struct{}

// Configure: `configure terminal`, `configure memory`: lines come from the console, or from what was saved.
type Configure struct{ From string }

// Exit: `exit`, `quit`: leaves the mode.
type Exit struct{}

// Logout: `logout`: ends the session from any mode.
type Logout struct{}

// Help: `help [COMMAND]`, `?`.
type Help struct{ Topic string }

// RSAKey: `ca generate rsa key MODULUS`, `ca zeroize rsa`, `ca save all`: the box's own key, which no configuration holds.
type RSAKey struct {
	Do      string // generate, zeroize, save
	Modulus int
}

// PacketTracer: `packet-tracer input IF PROTO ... [detailed]`.
type PacketTracer struct {
	If               string
	Proto            uint8
	Src, Dst         IP
	SrcPort, DstPort uint16
	Type, Code       uint8 // icmp
	ID               uint16
	Detailed         bool
}

// Kill: `kill ID` ends a Telnet session, `ssh disconnect ID` one of SSH.
type Kill struct {
	Service string // telnet, ssh
	ID      int
}

// TerminalMonitor: `terminal monitor`, `terminal no monitor`: messages on this console.
type TerminalMonitor struct{ On bool }

// Ping: `ping [IF] HOST`.
type Ping struct {
	If   string // the interface to send from; empty: by the routes
	Host IP
}

// Absent is a command of the box that has nothing to act on here, by its leading words: `copy`, `write net`, `failover active`.
type Absent struct{ What string }

// Perfmon: `perfmon interval SECONDS|quiet|verbose|settings`.
type Perfmon struct {
	Do      string // interval, quiet, verbose, settings
	Seconds int
}

// Reload: `reload [noconfirm]`: the box starts anew with the saved configuration.
type Reload struct{ NoConfirm bool }

func (*Show) exec()            {}
func (*ClearState) exec()      {}
func (*Debug) exec()           {}
func (*Write) exec()           {}
func (*Enable) exec()          {}
func (*Login) exec()           {}
func (*Disable) exec()         {}
func (*Configure) exec()       {}
func (*Exit) exec()            {}
func (*Logout) exec()          {}
func (*Help) exec()            {}
func (*RSAKey) exec()          {}
func (*PacketTracer) exec()    {}
func (*Kill) exec()            {}
func (*TerminalMonitor) exec() {}
func (*Ping) exec()            {}
func (*Absent) exec()          {}
func (*Perfmon) exec()         {}
func (*Reload) exec()          {}
