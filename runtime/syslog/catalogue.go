package syslog

import (
	"fmt"
	"sort"

	"pixfw/runtime"
)

// An Entry of the catalogue. Format is a fmt template; what its verbs stand for is said by the text around them and by
// semantics.md section 8.
type Entry struct {
	ID     int
	Level  int // by default; `logging message ID level N` changes it
	Format string
}

// catalogue is sorted by id. In the templates %v is an End, a Flow or an address.
var catalogue = []Entry{
	{106001, 2, "Inbound TCP connection denied from %v to %v flags %s  on interface %s"},
	{106002, 2, "%s connection denied by outbound list %d src %v dest %v"},
	{106006, 2, "Deny inbound UDP from %v to %v on interface %s"},
	{106007, 2, "Deny inbound UDP from %v to %v due to DNS %s"},
	{106010, 3, "Deny inbound %v"},
	{106011, 3, "Deny inbound (No xlate) %v"},
	{106012, 6, "Deny IP from %v to %v, IP options: \"%s\""},
	{106013, 2, "Dropping echo request from %v to PAT address %v"},
	{106014, 3, "Deny inbound %v"},
	{106015, 6, "Deny TCP (no connection) from %v to %v flags %s  on interface %s"},
	{106016, 2, "Deny IP spoof from (%v) to %v on interface %s"},
	{106017, 2, "Deny IP due to Land Attack from %v to %v"},
	{106018, 2, "ICMP packet type %d denied by outbound list %d src %v dest %v"},
	{106020, 2, "Deny IP teardrop fragment (size = %d, offset = %d) from %v to %v"},
	{106021, 1, "Deny %s reverse path check from %v to %v on interface %s"},
	{106022, 1, "Deny %s connection spoof from %v to %v on interface %s"},
	{106023, 4, "Deny %v by access-group \"%s\""},
	{106028, 2, "Dropping invalid echo %s from %v to PAT address %v"},
	{106100, 6, "access-list %s %s %s %s/%v(%d) -> %s/%v(%d) hit-cnt %d (%s)"},
	{106101, 1, "The number of ACL log deny-flows has reached limit (%d)."},
	{107001, 1, "RIP auth failed from %v: version=%d, type=%s, mode=%s, sequence=%d on interface %s"},
	{107002, 1, "RIP pkt failed from %v: version=%d on interface %s"},
	{108002, 2, "SMTP replaced %s: out %v in %v data: %s"},
	{109001, 6, "Auth start for user '%s' from %v to %v"},
	{109002, 6, "Auth from %v to %v failed (server %v failed) on interface %s"},
	{109003, 6, "Auth from %v to %v failed (all servers failed) on interface %s"},
	{109005, 6, "Authentication succeeded for user '%s' from %v to %v on interface %s"},
	{109006, 6, "Authentication failed for user '%s' from %v to %v on interface %s"},
	{109007, 6, "Authorization permitted for user '%s' from %v to %v on interface %s"},
	{109008, 6, "Authorization denied for user '%s' from %v to %v on interface %s"},
	{109010, 3, "Auth from %v to %v failed (too many pending auths) on interface %s"},
	{109011, 2, "Authen Session Start: user '%s', sid %d"},
	{109012, 5, "Authen Session End: user '%s', sid %d, elapsed %d seconds"},
	{109013, 3, "User must authenticate before using this service"},
	{109014, 7, "uauth_lookup_net fail for uauth_in()"},
	{109016, 3, "Can't find authorization ACL '%s' on 'PIX' for user '%s'"},
	{109017, 4, "User at %v exceeded auth proxy connection limit (max)"},
	{109018, 3, "Downloaded ACL '%s' is empty"},
	{109019, 3, "Downloaded ACL '%s' has parsing error; ACE '%s'"},
	{109020, 3, "Downloaded ACL has config error; ACE '%s'"},
	{109021, 7, "Uauth null proxy error"},
	{109022, 4, "exceeded HTTPS proxy process limit"},
	{109023, 3, "User from %v to %v on interface %s must authenticate before using this service"},
	{109024, 6, "Authorization denied from %v to %v (not authenticated) on interface %s using %s"},
	{109025, 6, "Authorization denied (acl=%s) for user '%s' from %v to %v on interface %s using %s"},
	{110001, 6, "No route to %v from %v"},
	{111001, 5, "Begin configuration: %s writing to %s"},
	{111002, 5, "Begin configuration: %s writing to %s"},
	{111003, 5, "%s Erase configuration"},
	{111004, 5, "%s end configuration: %s"},
	{111005, 5, "%s end configuration: OK"},
	{111007, 5, "Begin configuration: %s reading from %s"},
	{111008, 5, "User '%s' executed the '%s' command."},
	{111009, 7, "User '%s' executed cmd: %s"},
	{112001, 2, "(%s:%d) PIX Clear complete."},
	{199001, 5, "PIX reload command executed from telnet (remote %v)."},
	{199002, 6, "PIX startup completed. Beginning operation."},
	{199005, 6, "PIX Startup begin"},
	{201002, 3, "Too many connections on %s %v! %d %d"},
	{201003, 2, "Embryonic limit exceeded %d/%d for %v (%v) %v on interface %s"},
	{201005, 3, "FTP data connection failed for %v"},
	{201006, 3, "RCMD backconnection failed for %v"},
	{201008, 3, "The PIX is disallowing new connections."},
	{201009, 3, "TCP connection limit of %d for host %v on %s exceeded"},
	{202001, 3, "Out of address translation slots!"},
	{202005, 3, "Non-embryonic in embryonic list %v %v"},
	{208005, 3, "(%s:%d) pix clear command return %d"},
	{209003, 4, "Fragment database limit of %d exceeded:  src = %v, dest = %v, proto = %s, id = %d"},
	{209004, 4, "Invalid IP fragment, size = %d exceeds maximum size = %d: src = %v, dest = %v, proto = %s, id = %d"},
	{209005, 4, "Discard IP fragment set with more than %d elements: src = %v, dest = %v, proto = %s, id = %d"},
	{210001, 3, "LU %s error = %d"},
	{210002, 3, "LU allocate block (%d) failed."},
	{210003, 3, "Unknown LU Object %d"},
	{210005, 3, "LU allocate connection failed"},
	{210006, 3, "LU look NAT for %v failed"},
	{210007, 3, "LU allocate xlate failed"},
	{210008, 3, "LU no xlate for %v %v"},
	{210010, 3, "LU make UDP connection for %v %v failed"},
	{210020, 3, "LU PAT port %d reserve failed"},
	{210021, 3, "LU create static xlate %v ifc %s failed"},
	{210022, 6, "LU missed %d updates"},
	{211001, 3, "Memory allocation Error"},
	{211003, 3, "CPU utilization for %d seconds = %d"},
	{302003, 6, "Built H245 connection for faddr %v laddr %v"},
	{302004, 6, "Pre-allocate H323 UDP backconnection for faddr %v to laddr %v"},
	{302009, 6, "Rebuilt TCP connection %d for faddr %v gaddr %v laddr %v"},
	{302010, 6, "%d in use, %d most used"},
	{302013, 6, "Built %s TCP connection %d for %v (%v) to %v (%v)%s"},
	{302014, 6, "Teardown TCP connection %d for %v to %v duration %s bytes %d %s%s"},
	{302015, 6, "Built %s UDP connection %d for %v (%v) to %v (%v)%s"},
	{302016, 6, "Teardown UDP connection %d for %v to %v duration %s bytes %d%s"},
	{302017, 6, "Built %s GRE connection %d from %v (%v) to %v (%v)%s"},
	{302018, 6, "Teardown GRE connection %d from %v (%v) to %v (%v) duration %s bytes %d%s"},
	{302302, 3, "ACL = deny; no sa created"},
	{303002, 6, "%v %s %v: %s"},
	{304001, 5, "%s%v Accessed %s %v:%s"},
	{304002, 5, "Access denied URL %s SRC %v DEST %v"},
	{304003, 3, "URL Server %v timed out URL %s"},
	{304004, 6, "URL Server %v request failed URL %s"},
	{304005, 7, "URL Server %v request pending URL %s"},
	{304006, 3, "URL Server %v not responding"},
	{304007, 2, "URL Server %v not responding, ENTERING ALLOW mode."},
	{304008, 2, "LEAVING ALLOW mode, URL Server is up."},
	{305005, 3, "No translation group found for %v"},
	{305006, 3, "%s translation creation failed for %v"},
	{305007, 6, "addrpool_free(): Orphan IP %v on interface %d"},
	{305008, 3, "Free unallocated global IP address."},
	{305009, 6, "Built %s translation from %s:%v to %s:%v"},
	{305010, 6, "Teardown %s translation from %s:%v to %s:%v duration %s"},
	{305011, 6, "Built %s %s translation from %v to %v"},
	{305012, 6, "Teardown %s %s translation from %v to %v duration %s"},
	{308001, 6, "PIX console enable password incorrect for %d tries (from %s)"},
	{308002, 4, "static %v %v netmask %v overlapped with %v %v"},
	{309002, 6, "Permitted manager connection from %v."},
	{311001, 6, "LU loading standby start"},
	{311002, 6, "LU loading standby end"},
	{311003, 6, "LU recv thread up"},
	{311004, 6, "LU xmit thread up"},
	{312001, 6, "RIP hdr failed from %v: cmd=%d, version=%d domain=%d on interface %s"},
	{313001, 3, "Denied ICMP type=%d, code=%d from %v on interface %s"},
	{313003, 4, "Invalid destination for ICMP error message: %v on %s interface.  Original IP payload: %s"},
	{314001, 6, "Pre-allocate RTSP UDP backconnection for faddr %v to laddr %v"},
	{315004, 3, "Fail to establish SSH session because PIX RSA host key retrieval failed."},
	{315011, 6, "SSH session from %v on interface %s for user \"%s\" disconnected by SSH server, reason: \"%s\" (0x%02x)"},
	{316001, 3, "Denied new tunnel to %v. VPN peer limit (%d) exceeded"},
	{401001, 4, "Shuns cleared"},
	{401002, 4, "Shun added: %v %v %d %d"},
	{401003, 4, "Shun deleted: %v"},
	{401004, 4, "Shunned packet: %v ==> %v on interface %s"},
	{401005, 4, "Shun add failed: unable to allocate resources for %v %v %d %d"},
	{402101, 4, "decaps: rec'd IPSEC packet has invalid spi for destaddr=%v, prot=%s, spi=%s"},
	{402102, 4, "decapsulate: packet missing %s, destadr=%v, actual prot=%s"},
	{402103, 4, "identity doesn't match negotiated identity (ip) dest_addr= %v, src_addr= %v, prot= %s, (ident) local=%v, remote=%v, local_proxy=%s, remote_proxy=%s"},
	{402106, 4, "Rec'd packet not an IPSEC packet (ip) dest_addr= %v, src_addr= %v, prot= %s"},
	{404101, 4, "ISAKMP: Failed to allocate address for client from pool %s"},
	{405001, 4, "Received ARP %s collision from %v/%s on interface %s"},
	{405002, 4, "Received mac mismatch collision from %v/%s for authenticated host"},
	{406001, 4, "FTP port command low port: %v to %v on interface %s"},
	{406002, 4, "FTP port command different address: %v(%v) to %v on interface %s"},
	{407001, 4, "Deny traffic for local-host %s:%v, license limit of %d exceeded"},
	{407002, 4, "Embryonic limit for through connections exceeded %d/%d. %v to %v(%v)/%d on interface %s"},
	{409023, 4, "Attempting AAA Fallback method %s for %s"},
	{410001, 4, "UDP DNS packet dropped due to %s bytes: actual length:%d bytes"},
	{411001, 4, "Line protocol on interface %s changed state to up"},
	{411002, 4, "Line protocol on interface %s changed state to down"},
	{416001, 4, "Dropped UDP SNMP packet from %s :%v/%d to %v; version (%d) is not allowed through the firewall"},
	{500001, 5, "ActiveX content modified src %v dest %v on interface %s"},
	{500002, 5, "Java content modified src %v dest %v on interface %s"},
	{500003, 5, "Bad TCP hdr length (hdrlen=%d, pktlen=%d) from %v to %v, flags: %s, on interface %s"},
	{500004, 4, "Invalid transport field for protocol=%d, from %v to %v"},
	{502101, 5, "New user added to local dbase: Uname: %s Priv: %d Encpass: %s"},
	{502102, 5, "User deleted from local dbase: Uname: %s Priv: %d Encpass: %s"},
	{502103, 5, "User priv level changed: Uname: %s From: %d To: %d"},
	{602101, 6, "PMTU-D packet %d bytes greater than effective mtu %d dest_addr=%v, src_addr=%v, prot=%s"},
	{602102, 6, "Adjusting IPSec tunnel mtu..."},
	{602201, 6, "ISAKMP Phase 1 SA created (local %v (%s), remote %v, authentication=%s, encryption=%s, hash=%s, group=%s, lifetime=%ds)"},
	{602301, 6, "sa created, (sa) sa_dest= %v, sa_prot= %d, sa_spi= 0x%x(%[3]d), sa_trans= %[4]s, sa_conn_id= %[5]d"},
	{602302, 6, "deleting SA, (sa) sa_dest= %v, sa_prot= %d, sa_spi= 0x%x(%[3]d), sa_trans= %[4]s, sa_conn_id= %[5]d"},
	{604101, 6, "DHCP client interface %s: Allocated ip = %v, mask = %v, gw = %v"},
	{604102, 6, "DHCP client interface %s: address released"},
	{604103, 6, "DHCP daemon interface %s: address granted %s (%v)"},
	{604104, 6, "DHCP daemon interface %s: address released"},
	{605004, 6, "Login denied from %v to %s for user \"%s\""},
	{605005, 6, "Login permitted from %v to %s for user \"%s\""},
	{606001, 6, "PDM session number %d from %v started"},
	{606002, 6, "PDM session number %d from %v ended"},
	{607001, 6, "Pre-allocate SIP %s secondary channel for %v to %s:%v from %s message"},
	{608001, 6, "Pre-allocate Skinny %s secondary channel for %v to %s:%v from %s message"},
	{609001, 6, "Built local-host %s:%v"},
	{609002, 6, "Teardown local-host %s:%v duration %s"},
	{611101, 6, "User authentication succeeded: Uname: %s"},
	{611102, 6, "User authentication failed: Uname: %s"},
	{611103, 5, "User logged out: Uname: %s"},
	{611104, 5, "Serial console idle timeout exceeded"},
	{620001, 6, "Pre-allocate CTIQBE %s secondary channel for %v to %v from %s message"},
	{620002, 4, "Unsupported CTIQBE version: %s: from %v to %v"},
	{701001, 7, "alloc_user() out of Tcp_user objects"},
	{702201, 7, "ISAKMP Phase 1 delete received (local %v (%s), remote %v)"},
	{702202, 7, "ISAKMP Phase 1 delete sent (local %v (%s), remote %v)"},
	{702203, 7, "ISAKMP DPD timed out (local %v (%s), remote %v)"},
	{702204, 7, "ISAKMP Phase 1 retransmission (local %v (%s), remote %v)"},
	{702205, 7, "ISAKMP Phase 2 retransmission (local %v (%s), remote %v)"},
	{702206, 7, "ISAKMP malformed payload received (local %v (%s), remote %v)"},
	{702207, 7, "ISAKMP duplicate packet detected (local %v (%s), remote %v)"},
	{702208, 7, "ISAKMP Phase 1 exchange started (local %v (%s), remote %v)"},
	{702209, 7, "ISAKMP Phase 2 exchange started (local %v (%s), remote %v)"},
	{702210, 7, "ISAKMP Phase 1 exchange completed (local %v (%s), remote %v)"},
	{702211, 7, "ISAKMP Phase 2 exchange completed (local %v (%s), remote %v)"},
	{702212, 7, "ISAKMP Phase 1 initiating rekey (local %v (%s), remote %v)"},
	{702301, 7, "lifetime expiring, (sa) %s"},
	{702302, 3, "replay rollover detected, (sa) %s"},
	{702303, 7, "sa_request, (key eng. msg.) src= %v, dest= %v, src_proxy= %s, dest_proxy= %s, protocol= %s, transform= %s, lifedur= %ds and %dkb, spi= 0x%x(%[9]d), conn_id= %[10]d, keysize= %[11]d, flags= 0x%[12]x"},
	{709001, 7, "FO replication failed: cmd=%s returned=%d"},
	{709002, 7, "FO unreplicable: cmd=%s"},
	{709003, 1, "(Primary) Beginning configuration replication: Sending to mate."},
	{709004, 1, "(Primary) End Configuration Replication (ACT)"},
	{709005, 1, "(Primary) Beginning configuration replication: Receiving from mate."},
	{709006, 1, "(Primary) End Configuration Replication (STB)"},
	{709007, 2, "Configuration replication failed for command %s"},
	{710001, 7, "TCP access requested from %v to %s"},
	{710002, 7, "%s access permitted from %v to %s"},
	{710003, 3, "%s access denied by ACL from %v to %s"},
	{710004, 4, "TCP connection limit exceeded from %v to %s"},
	{710005, 7, "%s request discarded from %v to %s"},
	{710006, 7, "%s request discarded from %v to %s:%v"},
}

// lookup is the entry with that id. The 51 messages of the intrusion signatures share one text.
func lookup(id int) (Entry, bool) {
	if id >= 400000 && id < 400000+len(signatures) {
		return Entry{id, 4, "IDS:%d %s from %v to %v on interface %s"}, true
	}
	i := sort.Search(len(catalogue), func(i int) bool { return catalogue[i].ID >= id })
	if i == len(catalogue) || catalogue[i].ID != id {
		return Entry{}, false
	}
	return catalogue[i], true
}

// Catalogue lists the messages, lowest id first.
func Catalogue() []Entry {
	all := append([]Entry(nil), catalogue...)
	for i := range signatures {
		e, _ := lookup(400000 + i)
		all = append(all, e)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all
}

// Level is the default level of a message, and whether there is one with that id.
func Level(id int) (level int, ok bool) {
	e, ok := lookup(id)
	return e.Level, ok
}

// New is a message by id, with the arguments of its template in order. An id outside the catalogue is a mistake of the
// caller; its message says so instead of bringing the firewall down.
func New(id int, args ...any) runtime.Message {
	e, ok := lookup(id)
	if !ok {
		return runtime.Message{ID: id, Level: 3, Text: "no such message in the catalogue: " + fmt.Sprint(args...)}
	}
	if len(args) == 0 {
		return runtime.Message{ID: id, Level: e.Level, Text: e.Format}
	}
	return runtime.Message{ID: id, Level: e.Level, Text: fmt.Sprintf(e.Format, args...)}
}

// signatures are the intrusion signatures of 400000, 400001, ... The list in semantics.md section 8 names 1104 too, but then
// the numbers that real logs show (400011 is 2001, 400024 is 2151) would not come out; unconfirmed which of 1102-1104 is none.
var signatures = [...]int{
	1000, 1001, 1002, 1003, 1004, 1005, 1006, 1100, 1102, 1103, 2000, 2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009, 2010,
	2011, 2012, 2150, 2151, 2154, 3040, 3041, 3042, 3153, 3154, 4050, 4051, 4052, 6050, 6051, 6052, 6053, 6100, 6101, 6102, 6103,
	6150, 6151, 6152, 6153, 6154, 6155, 6175, 6180, 6190,
}

// Signature is the message of an intrusion signature; ok is false for a number that is none of them.
func Signature(number int) (id int, ok bool) {
	for i, n := range signatures {
		if n == number {
			return 400000 + i, true
		}
	}
	return 0, false
}
