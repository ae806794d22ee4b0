package nft

// A FixupRow is what becomes of one inspection of a PIX on Linux (semantics.md 7).
type FixupRow struct {
	Protocol string // as in the fixup line
	Ports    string // of 6.3 when the line is not changed; empty: off
	Helper   string // of the kernel; empty: there is none
	Does     string // what is done, by the helper or by pixfw itself
	Lacks    string // what is not
	Refused  bool   // what would need it is denied by the access list, or dropped
}

// Fixups are all inspections, in the order of the command reference. Findings (W508) say the same of each line.
var Fixups = []FixupRow{
	{"ctiqbe", "", "", "the control connection passes", "media connections of CTIQBE are not opened", true},
	{"dns", "udp 53", "", "pixfw: packets longer than the line allows are dropped (410001); each query has one answer, and the connection ends with the last (DNS guard, with or without the line); addresses in answers are rewritten behind `dns` and alias by the kernel engine (W504), which checks labels and names in them (410001)", "labels and names are not checked where no answer is rewritten", false},
	{"esp-ike", "", "", "nothing", "ESP through PAT is dropped (305006)", true},
	{"ftp", "tcp 21", "ftp", "data connections are opened, PORT and PASV are translated", "done by the kernel's helper: no strict checks, no 303002 log", false},
	{"h323", "tcp 1720, udp 1718-1719", "Q.931 (h225), RAS (ras)", "calls and their media are opened and translated", "done by the kernel's helper: no 302003, 302004 logs", false},
	{"http", "tcp 80", "", "connections pass", "URLs are not logged or filtered; connections pass", false},
	{"icmp", "", "", "the packet inside an ICMP error is translated as the error's own address is, whether the line is there or not", "routers on the way get no translation of their own; what they quote of a host behind PAT is not told: such an error is dropped (305006), but where exemptions are on its interface", false},
	{"ils", "", "", "the control connection passes", "addresses in LDAP are not translated", true},
	{"mgcp", "", "", "the control connection passes", "media connections of MGCP are not opened", true},
	{"pptp", "", "pptp", "calls and their GRE are opened and translated", "done by the kernel's helper: no 302017, 302018 logs", false},
	{"rsh", "tcp 514", "", "the control connection passes", "the second connection of rsh is not opened", true},
	{"rtsp", "tcp 554", "", "the control connection passes", "media connections of RTSP are not opened", true},
	{"sip", "tcp 5060, udp 5060", "sip", "calls and their media are opened and translated", "done by the kernel's helper: no 607001 log", false},
	{"skinny", "tcp 2000", "", "the control connection passes", "media connections of Skinny are not opened", true},
	{"smtp", "tcp 25", "", "connections pass", "no Mail Guard: SMTP commands pass unchecked", false},
	{"snmp", "", "", "connections pass", "versions of SNMP are not told apart: what snmp deny version names passes", false},
	{"sqlnet", "tcp 1521", "", "the control connection passes", "redirected connections of SQL*Net are not opened", true},
	{"tftp", "udp 69", "tftp", "the data connection is opened and translated", "done by the kernel's helper", false},
}

// lacks says what an inspection does not do.
func lacks(protocol string) string {
	for i := range Fixups {
		if Fixups[i].Protocol == protocol {
			return Fixups[i].Lacks
		}
	}
	return "Linux has no helper for it: further connections are not opened, payloads are not translated"
}
