package compiler

// Support says what is done with a command: in the emulator, on the Linux kernel, and in a translation to nftables.
type Support struct {
	Emulator, Kernel, Translation string
	Note                          string // what is left out
}

// The words of Support.
const (
	Enforced    = "enforced"     // packets are treated as the line says
	Approximate = "approximated" // nearly; a W5xx finding says what differs
	Answered    = "answered"     // the console acts on it
	Stored      = "stored"       // kept and printed, nothing else
	Refused     = "refused"      // said with a finding or in the ledger, not done
)

// Supported is what is done with a configuration command, by its keyword in the command table; ok is false for a keyword that
// the table does not have.
func Supported(keyword string) (s Support, ok bool) {
	s, ok = support[keyword]
	return s, ok
}

var (
	everywhere = Support{Enforced, Enforced, Enforced, ""}
	stored     = Support{Stored, Stored, "harmless", ""}
	console    = Support{Answered, Answered, "harmless", "a setting of the console"}
	routing    = Support{Stored, Stored, Refused, "routes that it would learn are missing"}
	ipsec      = Support{Enforced, Enforced, Refused, "`pixfw run` and `pixfw lab` serve peers and clients; the emulator decides with security associations that it is given"}
	tunnels    = Support{Stored, Stored, Refused, "PPP tunnels and the VPN client are not run"}
	content    = Support{Stored, Stored, Refused, "content is not filtered"}
	dhcp       = Support{Stored, Stored, Refused, "no DHCP is served"}
)

// support is the one table that docs/COMMANDS.md takes its last column from.
var support = map[string]Support{
	"aaa":                 {Enforced, Approximate, Refused, "a connection that needs a login is intercepted; on the kernel nobody can log in yet, but by a tunnel; `pixfw run` accounts for users of tunnels"},
	"aaa-server":          {Stored, Enforced, Refused, "`pixfw run` and `pixfw lab` ask the servers about users of tunnels, `pixfw run` also about those of consoles, and tell them of what users of tunnels do"},
	"access-group":        everywhere,
	"access-list":         everywhere,
	"alias":               {Enforced, Enforced, Approximate, "translate writes no DNS rewriting, and nothing that answers ARP for the alias"},
	"apply":               everywhere,
	"area":                routing,
	"arp":                 {Stored, Enforced, Approximate, ""},
	"auth-prompt":         stored,
	"auto-update":         stored,
	"banner":              stored,
	"ca":                  {Stored, Stored, Refused, "`ca generate rsa key` is answered by the console; the certificates of `pixfw run` and `pixfw lab` come from files"},
	"clock":               {Stored, Stored, "harmless", ""},
	"compatible":          routing,
	"conduit":             {Enforced, Enforced, Enforced, ""},
	"console":             console,
	"crypto dynamic-map":  ipsec,
	"crypto ipsec":        ipsec,
	"crypto map":          ipsec,
	"default-information": routing,
	"description":         stored,
	"dhcpd":               dhcp,
	"dhcprelay":           dhcp,
	"distance":            routing,
	"domain-name":         stored,
	"enable password":     {Answered, Stored, "harmless", ""},
	"established":         {Enforced, Enforced, Refused, ""},
	"failover":            {Stored, Stored, "harmless", "there is no pair"},
	"filter":              {Approximate, Approximate, Refused, "java and activex make comments of tags that are whole in a packet; what would ask a server does nothing"},
	"fixup":               {Approximate, Approximate, Approximate, "docs/fixups.md: what the engines and the kernel's helpers do of each; findings of code W508"},
	"floodguard":          stored,
	"fragment":            {Enforced, Approximate, Approximate, ""},
	"global":              {Enforced, Enforced, Approximate, "lowest free address first, PAT behind it; a translation without daemon lets Linux choose"},
	"group-object":        everywhere,
	"hostname":            {Answered, Stored, "harmless", ""},
	"http":                {Enforced, Refused, "harmless", "who may reach the box; there is no PDM"},
	"icmp":                everywhere,
	"icmp-object":         everywhere,
	"igmp":                routing,
	"ignore":              routing,
	"interface":           {Enforced, Enforced, Approximate, "speed is left to the host"},
	"ip address":          {Enforced, Enforced, Approximate, "dhcp and pppoe are stored"},
	"ip audit":            {Approximate, Approximate, Refused, "signatures that one header shows are looked for; findings of code W519"},
	"ip local":            {Enforced, Enforced, Refused, "pools for VPN clients, given out by `pixfw run` and `pixfw lab`"},
	"ip verify":           everywhere,
	"isakmp":              ipsec,
	"log-adj-changes":     routing,
	"logging":             {Answered, Enforced, "harmless", "the buffer and `show logging` everywhere; to console and syslog servers by `pixfw run`; no SNMP traps"},
	"mac-list":            everywhere,
	"management-access":   {Enforced, Enforced, "harmless", "what tunnels reach at the address of the inner interface"},
	"match":               routing,
	"mgcp":                stored,
	"mroute":              routing,
	"mtu":                 {Stored, Enforced, Approximate, ""},
	"multicast":           routing,
	"name":                {Enforced, Enforced, "harmless", "resolved where it is used"},
	"nameif":              everywhere,
	"names":               {Answered, Stored, "harmless", ""},
	"nat":                 {Enforced, Approximate, Approximate, "the kernel chooses PAT ports"},
	"network":             routing,
	"network-object":      everywhere,
	"ntp":                 stored,
	"object-group":        everywhere,
	"ospf":                routing,
	"outbound":            everywhere,
	"pager":               console,
	"passwd":              console,
	"pdm":                 stored,
	"port-object":         everywhere,
	"prefix-list":         routing,
	"privilege":           stored,
	"protocol-object":     everywhere,
	"redistribute":        routing,
	"rip":                 routing,
	"route":               {Enforced, Enforced, Approximate, ""},
	"route-map":           routing,
	"router":              routing,
	"router-id":           routing,
	"routing":             routing,
	"service":             {Enforced, Enforced, Refused, ""},
	"set":                 routing,
	"shun":                {Enforced, Enforced, Refused, "of the moment; never in a saved configuration: in a file it has a finding and no effect"},
	"snmp-server":         {Enforced, Refused, "harmless", "who may reach the box; there is no agent"},
	"ssh":                 {Enforced, Enforced, "harmless", "served by `pixfw run`, in version 2"},
	"static":              {Enforced, Approximate, Approximate, "masks with holes are not done on the kernel"},
	"summary-address":     routing,
	"sysopt":              {Enforced, Enforced, Approximate, "rules alone lower segment sizes (`connection tcpmss`) where they are the first option of a SYN, and raise none; `ipsec` lines need `pixfw run` or `pixfw lab`"},
	"telnet":              {Enforced, Enforced, "harmless", "served by `pixfw run`"},
	"terminal":            console,
	"tftp-server":         stored,
	"timeout":             {Enforced, Approximate, Approximate, ""},
	"timers":              routing,
	"url-block":           content,
	"url-cache":           content,
	"url-server":          content,
	"username":            stored,
	"virtual":             {Enforced, Approximate, Refused, "connections are taken to where users log in, and a second telnet logs out; on the kernel nobody can log in there yet, in a translation they are dropped"},
	"vpdn":                tunnels,
	"vpnclient":           tunnels,
	"vpngroup":            ipsec,
}
