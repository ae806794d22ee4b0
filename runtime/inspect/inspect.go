package inspect

import (
	"slices"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// A Kind is what a connection's payload is looked at as: chosen by its port when it begins, or by the inspection that expected it.
type Kind uint8

// The kinds. DNS and PPTP are done where connections are kept.
const (
	None Kind = iota
	DNS
	FTP
	H225
	H245
	HTTP
	MGCP
	PPTP
	RAS
	RSH
	RTSP
	SIP
	Skinny
	SMTP
	SQLNet
	TFTP
)

var kinds = map[string]Kind{"ftp": FTP, "http": HTTP, "mgcp": MGCP, "pptp": PPTP, "rsh": RSH, "rtsp": RTSP, "sip": SIP, "skinny": Skinny,
	"smtp": SMTP, "sqlnet": SQLNet, "tftp": TFTP}

// KindOf is the kind of a fixup; None: it is about no payload.
func KindOf(f *compiler.Fixup) Kind {
	switch {
	case f.Transport == 0:
		return None
	case f.Protocol == "h323" && f.Sub == "ras":
		return RAS
	case f.Protocol == "h323":
		return H225
	}
	return kinds[f.Protocol]
}

// A Ports is a fixup with ports, ready to be compared.
type Ports struct {
	Proto uint8
	Ports compiler.PortRange
	Kind  Kind
	Index int // in Plan.Fixups
}

// PortsOf are the fixups that have a kind, in order.
func PortsOf(fixups []compiler.Fixup) (out []Ports) {
	for i := range fixups {
		if k := KindOf(&fixups[i]); k != None {
			out = append(out, Ports{fixups[i].Transport, fixups[i].Ports, k, i})
		}
	}
	return out
}

// A Side is one end of a connection, as packets from it arrive on its wire.
type Side struct {
	If               string // name of the interface
	Src, Dst         ast.IP
	SrcPort, DstPort uint16
}

// State is what is remembered of a connection. The zero State is that of one that begins.
type State struct {
	mail mail
	told told
}

// Joined is the state of a connection that began while nobody looked.
func Joined() State { return State{mail: mail{greeted: true, data: true, at: midLine}} }

// A Look is one payload of a connection, and what has come of looking at it.
type Look struct {
	Kind    Kind
	State   *State
	Dir     int  // 0: the initiator speaks, 1: the responder
	Here    Side // of the host that speaks
	There   Side // of the host that listens: what leaves is There turned round
	Higher  bool // the speaker is on the higher interface
	PAT     bool // the speaker is behind PAT
	First   bool // nothing was said in this direction before
	Again   bool // this has been said before: nothing is told of it again
	Strict  bool // ftp strict
	Keeps   bool // what leaves must be as long as what came: nobody counts on for the two hosts
	Java    bool // the server's applets are taken out
	ActiveX bool // its objects are
	User    string
	Payload []byte

	Out  []byte // what leaves in place of the payload; nil: the payload does
	Drop string // why nothing leaves, in the words of packet-tracer; empty: something does
	host Host
}

// A Host is the firewall around a connection.
type Host interface {
	// Open opens a door of the host that speaks. It is the port by which the other side knows it, which is another than the
	// speaker's behind PAT, and whether there was room.
	Open(l *Look, d Door) (seen uint16, ok bool)
	Say(m runtime.Message)
	Note(text string) // for traces
}

// A Door is where one side of a connection, the speaker, waits for another.
type Door struct {
	Dir   int // the speaker
	Proto uint8
	Port  uint16 // as the speaker knows it
	From  ast.IP // who may come, as the listener's side knows him; 0: the listener
	Pair  bool   // the next port as well: RTCP beside RTP
	Kind  Kind   // of the connection that comes of it
	Stays bool   // serves more than one connection
}

// MostDoors is how many doors one payload may open.
const MostDoors = 8

// Why payloads are dropped.
const (
	whySecurity = "(sp-security-failed) Slowpath security checks failed"
	whyPool     = "(nat-no-xlate-to-pat-pool) Out of address translation slots"
	whyFTP      = "(inspect-ftp) Strict FTP"
)

// Do looks at the payload.
func (l *Look) Do(h Host) {
	l.host = h
	switch l.Kind {
	case FTP:
		l.ftp()
	case SMTP:
		l.smtp()
	case HTTP:
		l.http()
	case TFTP:
		l.tftp()
	case RSH:
		l.rsh()
	case SQLNet:
		l.sqlnet()
	case RTSP:
		l.rtsp()
	case SIP:
		l.sip()
	case MGCP:
		l.mgcp()
	case Skinny:
		l.skinny()
	case H225, H245, RAS:
		l.h323()
	}
	l.host = nil
}

// say tells of something, once.
func (l *Look) say(id int, args ...any) {
	if !l.Again {
		l.host.Say(syslog.New(id, args...))
	}
}

func (l *Look) open(d Door) (uint16, bool) { return l.host.Open(l, d) }

// otherSide is an end of the connection, as the side that speaks names it, in the words of the side that listens.
func (l *Look) otherSide(ip ast.IP, port uint16) (ast.IP, uint16, bool) {
	switch ip {
	case l.Here.Src:
		if port == l.Here.SrcPort {
			port = l.There.DstPort
		}
		return l.There.Dst, port, true
	case l.Here.Dst:
		if port == l.Here.DstPort {
			port = l.There.SrcPort
		}
		return l.There.Src, port, true
	}
	return ip, port, false
}

// ends are a door and who may come to it, for messages: faddr and laddr.
func (l *Look) ends(port uint16) (foreign, local syslog.End) {
	own, other := syslog.End{IP: l.Here.Src, Port: port}, syslog.End{IP: l.There.Src}
	if l.Higher {
		return other, own
	}
	return own, other
}

// printable is a line for a message: what is no ASCII text is a dot.
func printable(line []byte) string {
	b := slices.Clone(line[:min(len(line), 100)])
	for i, ch := range b {
		if ch < ' ' || ch > '~' {
			b[i] = '.'
		}
	}
	return string(b)
}
