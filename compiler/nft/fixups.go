package nft

import "slices"

// A FixupRow is what becomes of one inspection of a PIX on Linux (semantics.md 7).
type FixupRow struct {
	Protocol string // as in the fixup line
	Ports    string // of 6.3 when the line is not changed; empty: off
	Helper   string // of the kernel; empty: there is none
	Rules    FixupFate
	Engine   FixupFate // with the process behind the rules, where that is another
}

// A FixupFate is what is done of an inspection.
type FixupFate struct {
	Does    string // by the helper or by pixfw itself
	Lacks   string // what is not; empty: nothing that a PIX does
	Refused bool   // what would need it is denied by the access list, or dropped
}

// By is the helper of the kernel that does it, with the process or by rules alone; empty: none does.
func (r *FixupRow) By(daemon bool) string {
	if daemon && slices.Contains(moving, r.Protocol) {
		return ""
	}
	return r.Helper
}

// Fate is what becomes of it, with the process or by rules alone.
func (r *FixupRow) Fate(daemon bool) FixupFate {
	if daemon && r.Engine.Does != "" {
		return r.Engine
	}
	return r.Rules
}

// Fixups are all inspections, in the order of the command reference. Findings (W508) say the same of each line.
var Fixups = []FixupRow{
	{"ctiqbe", "", "",
		FixupFate{"the control connection passes", "media connections of CTIQBE are not opened", true},
		FixupFate{}},
	{"dns", "udp 53", "",
		FixupFate{"packets longer than the line allows are dropped; each query has one answer (DNS guard, with or without the line)", "addresses in answers are not rewritten, labels and names are not checked", false},
		FixupFate{"packets longer than the line allows are dropped (410001); each query has one answer, and the connection ends with the last (DNS guard, with or without the line); addresses in answers are rewritten behind `dns` and alias, and labels and names in them checked (410001)", "labels and names are not checked where no answer is rewritten", false}},
	{"esp-ike", "", "",
		FixupFate{"nothing", "ESP through PAT is dropped (305006)", true},
		FixupFate{}},
	{"ftp", "tcp 21", "ftp",
		FixupFate{"data connections are opened, PORT and PASV are translated", "done by the kernel's helper: no strict checks, no 303002 log; EPRT and 229 open connections as well, and ports below 1024 are opened", false},
		FixupFate{"data connections are opened, PORT and 227 are translated; 303002, 406001, 406002; strict: whole lines, sides and numbers of PORT and 227; a reset ends what was expected at once, FINs when conntrack tells of the end", "strict follows no answers; EPRT and 229 open nothing, as on the PIX", false}},
	{"h323", "tcp 1720, udp 1718-1719", "Q.931 (h225), RAS (ras)",
		FixupFate{"calls and their media are opened and translated", "done by the kernel's helper: no 302003, 302004 logs; T.120 is opened as well, calls that are forwarded, and what RAS names: H.225 to hosts that have registered, from their gatekeeper, and to those that it sends callers to", false},
		FixupFate{}},
	{"http", "tcp 80", "",
		FixupFate{"connections pass", "URLs are not logged or filtered; connections pass", false},
		FixupFate{"URLs are logged (304001); tags that filter java and filter activex name become comments (500001, 500002)", "tags that are cut by the end of a packet pass, as on the PIX; filters that ask a server do nothing", false}},
	{"icmp", "", "",
		FixupFate{"the packet inside an ICMP error is translated as the error's own address is, whether the line is there or not", "routers on the way get no translation of their own; what they quote of a host behind PAT is not told: such an error is dropped (305006), but where exemptions are on its interface", false},
		FixupFate{}},
	{"ils", "", "",
		FixupFate{"the control connection passes", "addresses in LDAP are not translated", true},
		FixupFate{}},
	{"mgcp", "", "",
		FixupFate{"the control connection passes", "media connections of MGCP are not opened", true},
		FixupFate{"media by the session description are opened", "untranslated hosts only, as on the PIX", false}},
	{"pptp", "", "pptp",
		FixupFate{"calls and their GRE are opened and translated", "done by the kernel's helper: no 302017, 302018 logs", false},
		FixupFate{}},
	{"rsh", "tcp 514", "",
		FixupFate{"the control connection passes", "the second connection of rsh is not opened", true},
		FixupFate{"the connection for errors is opened; behind PAT its port is kept, or another with as many digits said", "", false}},
	{"rtsp", "tcp 554", "",
		FixupFate{"the control connection passes", "media connections of RTSP are not opened", true},
		FixupFate{"streams to client_port are opened; 314001", "not through PAT, as on the PIX", false}},
	{"sip", "tcp 5060, udp 5060", "sip",
		FixupFate{"calls and their media are opened and translated", "done by the kernel's helper: no 607001 log; calls that others begin need an access list, but a host that has registered with a port that is none of the fixup's may be called there by its registrar", false},
		FixupFate{}},
	{"skinny", "tcp 2000", "",
		FixupFate{"the control connection passes", "media connections of Skinny are not opened", true},
		FixupFate{"registration and media addresses are translated, media opened; 608001", "", false}},
	{"smtp", "tcp 25", "",
		FixupFate{"connections pass", "no Mail Guard: SMTP commands pass unchecked", false},
		FixupFate{"Mail Guard: commands, banner, characters in addresses (108002), across packets; a message begins when the server agrees to it", "connections that began while the process was away are guarded from the end of a message on", false}},
	{"snmp", "", "",
		FixupFate{"connections pass", "versions of SNMP are not told apart: what snmp deny version names passes", false},
		FixupFate{}},
	{"sqlnet", "tcp 1521", "",
		FixupFate{"the control connection passes", "redirected connections of SQL*Net are not opened", true},
		FixupFate{"redirects are translated, the second connection opened", "", false}},
	{"tftp", "udp 69", "tftp",
		FixupFate{"the data connection is opened and translated", "done by the kernel's helper", false},
		FixupFate{}},
}

// fate is what becomes of a protocol's inspection.
func (l *lowerer) fate(protocol string) FixupFate {
	for i := range Fixups {
		if Fixups[i].Protocol == protocol {
			return Fixups[i].Fate(l.opts.Daemon)
		}
	}
	return FixupFate{Lacks: "Linux has no helper for it: further connections are not opened, payloads are not translated", Refused: true}
}
