package compiler

import (
	"slices"

	"pixfw/ast"
)

// Logging is what of the messages goes where (commands-firewall.md section 5.9).
type Logging struct {
	On        Line // logging on; IsDefault: no message is sent
	Timestamp bool
	Standby   bool
	// The level up to which messages go to a place, 0..7; None: none do.
	Console, Monitor, Buffered, Trap, History int
	Facility                                  int // 16..23
	Queue                                     int // messages that may wait; 0: as memory allows
	DeviceKind                                string
	DeviceID                                  string // with DeviceKind ipaddress the address, with hostname the name
	Hosts                                     []LogHost
	Disabled                                  map[int]bool // messages that are not sent; nil: none
	Levels                                    map[int]int  // messages with a level of their own; nil: none
}

// Level is the level of a message: its own, or the one that the configuration gives it.
func (l *Logging) Level(id, own int) int {
	if n, ok := l.Levels[id]; ok {
		return n
	}
	return own
}

// Sends reports whether a message goes anywhere at all: messages are on, and this one has not been switched off.
func (l *Logging) Sends(id int) bool { return !l.On.IsDefault() && !l.Disabled[id] }

// LogHost is a syslog server.
type LogHost struct {
	Line   Line
	If     int
	IP     ast.IP
	Proto  uint8 // ProtoUDP, ProtoTCP
	Port   uint16
	Emblem bool
}

// Audit is the audit policy that is bound to an interface: what is done with packets that signatures know. The actions are
// alarm, drop and reset; nil: the class is not looked for.
type Audit struct {
	Line         Line
	If           int
	Name         string
	Info, Attack []string
}

// AuditHolds reports whether the actions of a class drop packets.
func AuditHolds(actions []string) bool {
	return slices.Contains(actions, "drop") || slices.Contains(actions, "reset")
}
