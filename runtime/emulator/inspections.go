package emulator

// An Inspection is what the emulator makes of one `fixup protocol`, in words.
type Inspection struct {
	Protocol string
	Does     string
	Lacks    string
	Refused  bool // further connections are judged by the access list, payloads are not translated
}

// Inspections is the emulator's half of docs/fixups.md (semantics.md section 7). Everywhere but in Mail Guard a message is taken to be whole in its
// packet, and only the host that speaks can have doors opened: its own, to the other end of the connection, and for media to the
// host that this has named.
var Inspections = []Inspection{
	{"ctiqbe", "the control connection passes", "media connections of CTIQBE are not opened", true},
	{"dns", "length (410001), labels and names; DNS guard, always; A records behind `dns` and alias", "", false},
	{"esp-ike", "ESP of one host passes PAT; its answers are judged by the access list", "", false},
	{"ftp", "PORT and 227 are translated, data connections opened; 303002, 406001, 406002; strict: whole lines, sides and numbers of PORT and 227", "strict follows no answers", false},
	{"h323", "transport addresses in H.225, H.245 and RAS are translated; H.245 and media opened; 302003, 302004", "messages are not decoded; RAS opens nothing", false},
	{"http", "URLs are logged (304001); tags that filter java and filter activex name become comments (500001, 500002)", "tags that are cut by the end of a packet pass, as on the PIX; filters that ask a server do nothing", false},
	{"icmp", "routers on the way to a host behind PAT send errors with its address", "", false},
	{"ils", "the control connection passes", "addresses in LDAP are not translated", true},
	{"mgcp", "media by the session description are opened", "untranslated hosts only, as on the PIX", false},
	{"pptp", "calls are followed, their GRE passes, also through PAT; 302017, 302018 with the control connection", "a call that is cleared alone lives on with it", false},
	{"rsh", "the connection for errors is opened, its port translated", "", false},
	{"rtsp", "streams to client_port are opened; 314001", "not through PAT, as on the PIX", false},
	{"sip", "both ends are translated in messages and session descriptions, media opened; 607001", "calls that others begin need an access list", false},
	{"skinny", "registration and media addresses are translated, media opened; 608001", "", false},
	{"smtp", "Mail Guard: commands, banner, characters in addresses (108002), across packets; a message begins when the server agrees to it", "", false},
	{"snmp", "connections pass", "versions of SNMP are not told apart: what snmp deny version names passes", false},
	{"sqlnet", "redirects are translated, the second connection opened", "", false},
	{"tftp", "the answer from another port is opened", "", false},
}
