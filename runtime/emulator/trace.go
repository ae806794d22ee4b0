package emulator

import (
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// A flight is one packet on its way through the firewall.
type flight struct {
	in    runtime.Ingress
	pkt   runtime.Packet // as received (whole, after reassembly)
	trace bool
	v     runtime.Verdict

	at       int  // to the box: the interface whose address it is
	out      int  // egress interface
	inbound  bool // towards the higher level
	un       unnat
	src      mapping // of the source
	user     *user   // authenticated source
	child    *child  // expected by an inspection
	line     compiler.Line
	answered bool // the ACK that ends an intercepted handshake
}

// pass records a step that let the packet through.
func (f *flight) pass(kind, note string, lines ...compiler.Line) {
	if f.trace {
		f.v.Phases = append(f.v.Phases, runtime.Phase{Type: kind, Result: "ALLOW", Lines: stated(lines), Note: note})
	}
}

// drop ends the flight.
func (f *flight) drop(e *Engine, kind, reason string, msgs []runtime.Message, lines ...compiler.Line) {
	if f.trace {
		f.v.Phases = append(f.v.Phases, runtime.Phase{Type: kind, Result: "DROP", Lines: stated(lines), Note: reason})
	}
	f.end(e, reason, msgs)
}

// dropBy is drop for what no line says: the lines are those that were looked at, and note says what is missing.
func (f *flight) dropBy(e *Engine, kind, reason, note string, msgs []runtime.Message, lines ...compiler.Line) {
	if f.trace {
		f.v.Phases = append(f.v.Phases, runtime.Phase{Type: kind, Result: "DROP", Lines: stated(lines), Implicit: true, Note: reason + "\n" + note})
	}
	f.end(e, reason, msgs)
}

func (f *flight) end(e *Engine, reason string, msgs []runtime.Message) {
	f.v.Action, f.v.Egress, f.v.Reason = runtime.Drop, compiler.None, reason
	f.v.Out = runtime.Packet{}
	for _, m := range msgs {
		e.emit(m)
	}
}

// take ends the flight at the firewall itself.
func (f *flight) take(action runtime.Action) {
	f.v.Action, f.v.Egress = action, compiler.None
}

func stated(lines []compiler.Line) []compiler.Line {
	var l []compiler.Line
	for _, x := range lines {
		if !x.IsDefault() {
			l = append(l, x)
		}
	}
	return l
}

func logs(m ...runtime.Message) []runtime.Message { return m }

// wire is the packet for messages: the addresses on the ingress wire, and the two interfaces.
func (e *Engine) wire(f *flight) syslog.Flow {
	return syslog.FlowOf(&f.pkt, e.ifName(f.in.If), e.ifName(f.out))
}

// The reasons of drops, in the words of packet-tracer.
const (
	whyACL        = "(acl-drop) Flow is denied by configured rule"
	whyImplicit   = "(acl-drop) Flow is denied by implicit rule"
	whyUserACL    = "(acl-drop) Flow is denied by the access list of its user"
	whySecurity   = "(sp-security-failed) Slowpath security checks failed"
	whyRPF        = "(rpf-violated) Reverse-path verify failed"
	whySpoof      = "(ip-spoof) Source address is invalid"
	whyLand       = "(land-attack) Source and destination are equal"
	whyAudit      = "(ids-drop) Dropped by ip audit"
	whyOptions    = "(ip-options) IP options are not allowed"
	whyHeader     = "(invalid-ip-header) Invalid header"
	whyFragments  = "(fragment-reassembly-failed) Fragment reassembly failed"
	whyNotSYN     = "(tcp-not-syn) First TCP packet not SYN"
	whyISN        = "(tcp-dup-syn) SYN of another connection"
	whyNoRoute    = "(no-route) No route to host"
	whyHairpin    = "(no-xlate) No translation, and the packet would leave by the interface it came in on"
	whyEqual      = "(same-security) Interfaces of equal security level never talk"
	whyFar        = "(far-interface) The address of another interface cannot be reached"
	whyNAT        = "(nat-xlate-failed) NAT failed"
	whyPool       = "(nat-no-xlate-to-pat-pool) Out of address translation slots"
	whyConnLimit  = "(conn-limit) Connection limit reached"
	whyFull       = "(no-memory) Table is full"
	whyAuth       = "(uauth) User must authenticate before using this service"
	whyLogins     = "(uauth-limit) Too many logins of this host are under way"
	whyAdjacency  = "(no-adjacency) No valid adjacency"
	whyClear      = "(ipsec-spoof) Clear text that should have been encrypted"
	whySPI        = "(ipsec-no-sa) No security association with this SPI"
	whyProxy      = "(ipsec-selector-failure) Inner packet is outside the proxies of its SA"
	whyNeedIKE    = "(need-ike) No security association yet: IKE negotiation is started"
	whyDNSLength  = "(inspect-dns-pak-too-long) DNS packet is too long"
	whyDNSGuard   = "(inspect-dns-id-not-matched) DNS answer matches no query"
	whyBox        = "(no-service) The firewall has no such service"
	whyBoxDenied  = "(service-denied) The service is not permitted from this address"
	whyInterface  = "(interface-down) The interface is shut down or has no address"
	whyNoPlan     = "(no-plan) No configuration is applied"
	whyShunned    = "(shunned) The source is shunned"
	whySplice     = "(tcp-intercept-unexp) The server has not answered yet"
	whyWindow     = "(tcp-seq-past-win) TCP segment is outside the window"
	whyDNSName    = "(inspect-dns-name) Label or name in a DNS message is too long"
	whyICMPDenied = "(icmp-denied) ICMP to the firewall is denied by configured rule"
)
