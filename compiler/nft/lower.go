package nft

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
)

// Lower makes the ruleset of a plan. names gives the device of each interface, by index; an interface without one is not
// served, nor is one that is shut down or has no address. The diagnostics say what Linux does otherwise, one a
// configuration line.
func Lower(plan *compiler.Plan, names map[int]string, options ...Options) (*Ruleset, ast.Diagnostics) {
	var opts Options
	if len(options) > 0 {
		opts = options[0]
	}
	l := &lowerer{p: plan, opts: opts, dev: map[int]string{}, number: map[int]uint32{}, rs: &Ruleset{}, at: map[ast.Pos]*ast.Diagnostic{}, used: map[string]int{}, id: map[int]string{}, to: map[int][]Range{}, outbounds: map[[2]int][]Rule{}, lifts: map[string]string{}, admits: map[string]string{}}
	for i := range plan.Interfaces {
		f := &plan.Interfaces[i]
		switch {
		case names[i] == "":
			l.warn("W513", f.Line, "no device is given for interface "+f.Name+": nothing passes through it", "name one")
		case f.Shutdown:
		case !f.HasAddress():
			l.warn("W513", f.Line, "interface "+f.Name+" has no address: nothing passes through it", "give it one with ip address")
			if f.Dynamic == "" { // who learns his address has to hear of it
				l.deaf = append(l.deaf, names[i])
			}
		default:
			l.dev[i] = names[i]
			l.number[i] = l.numberOf(i)
			if l.number[i] == 0 {
				delete(l.number, i)
				l.warn("W513", f.Line, fmt.Sprintf("there are more than %d interfaces: nothing passes through %s", MaxNumber, f.Name), "")
				delete(l.dev, i)
				continue
			}
			l.ifs = append(l.ifs, i)
			l.id[i] = l.unique(word(f.Name))
		}
	}
	l.routeSets()
	l.silence()
	l.fragments()
	l.audit()
	l.marks, l.real = map[string]uint32{}, map[uint32]ast.Net{}
	l.requestBits()
	l.xlateMaps()
	l.ownMaps()
	l.intercepts()
	l.limitSets()
	l.callMaps()
	l.sanity()
	l.helpers()
	l.clients()
	l.userSets()
	l.userLists()
	l.establishedSets()
	l.doorSets()
	l.ingress()
	l.dnsGuard()
	l.accessLists()
	l.resets()
	l.unNAT()
	l.intercepting()
	l.calling()
	l.input()
	l.mss()
	l.forward()
	l.bind()
	l.doctored()
	l.postrouting()
	l.inspected()
	l.untracked()
	l.whole()
	l.elsewhere()
	l.sysctls()
	l.tunnels()
	l.rs.Numbers = l.number
	l.unserved()
	l.diags.Sort()
	return l.rs, l.diags
}

// Options of Lower.
type Options struct {
	// Daemon says that a process listens to the Queue, gives hosts their addresses, and keeps the maps of translations. Without
	// it the rules stand alone, and pools are approximated.
	Daemon bool
	// CompatQueue is for kernels that have the queue only as a target of xtables.
	CompatQueue bool
	// Twins says that a process speaks IPsec, with a device beside each that has a crypto map: Twin. Packets on it are treated as
	// those of the interface.
	Twins bool
	// Live says that a process keeps the sets of hosts that are shunned (ShunSet), of users who have logged in, and of connections that
	// may come back, and listens where users log in (LoginPort).
	Live bool
	// Servers says that a process asks the servers of AAA groups.
	Servers bool
	// Synproxy says that the kernel can answer SYNs for servers. Without it connections beyond a limit of half-open ones are dropped.
	Synproxy bool
	// Lacks are the features that the kernel has not.
	Lacks map[Feature]bool
	// Numbers are numbers of the interfaces, from 1 to MaxNumber, by index in the Plan: connections keep them in their marks, so they
	// should stay when the Plan changes. nil: in the order of the Plan.
	Numbers map[int]int
	// Lists are the access lists of the Plan that users have, with the names of their chains: "user_list_" and a number. Users may have some
	// on the interfaces of ListsOn, too, whatever else those are for.
	Lists   map[int]string
	ListsOn map[int]bool
	// Kept are translations that live, of which the process has some: their rules are there whatever the lines say.
	Kept       []Kept
	KeptLimits KeptLimits // of these
	// Gone are names of access lists that the Plan does not have, by which translations were made that live: see GoneList.
	Gone []string
	// PATs are the addresses, by interface, of those that are of ports.
	PATs map[int][]ast.IP
	// Linear makes chains of long access lists too, to compare them with.
	Linear bool
}

type lowerer struct {
	p    *compiler.Plan
	opts Options
	dev  map[int]string // the interfaces that are served
	ifs  []int          // the same, in order
	id   map[int]string // their names as parts of identifiers

	number map[int]uint32 // in marks
	rs     *Ruleset
	used   map[string]int // and the last number that was put after it
	diags  ast.Diagnostics
	at     map[ast.Pos]*ast.Diagnostic

	admits    map[string]string // chains of what interfaces permit, by what is done then
	lifts     map[string]string // chains of what access lists deny, by what is said of it
	outbounds map[[2]int][]Rule // jumps to outbound lists, by interfaces

	classes []Rule // postrouting: how the classes of translation are carried out
	noted   []Rule // postrouting: dynamic translations that are alive
	marks   map[string]uint32
	acl     map[int]string // chains of bound access lists
	un      map[int]string // maps of live translations, by the interface where they are seen
	limited map[hostLimit]string
	counted map[int]string       // sets of hosts that have a limit, by interface
	limitOf map[ConnLimit]string // chains that hand packets to the process
	// Chains between two interfaces that hold connections to limits.
	limitPairs map[[2]int]string
	each       map[string]string  // what a chain is called for packets that are not tracked
	to         map[int][]Range    // what lies behind each interface
	down       []Range            // what lies behind those that are not served
	deaf       []string           // devices of interfaces without an address
	real       map[uint32]ast.Net // classes that keep host bits: the real net
}

// unique keeps identifiers apart that were different before they were made identifiers.
func (l *lowerer) unique(name string) string {
	base := name
	for i := max(l.used[base], 1) + 1; l.used[name] > 0; i++ {
		name = base + "_" + strconv.Itoa(i)
		l.used[base] = i
	}
	l.used[name] = 1
	return name
}

func (l *lowerer) report(sev ast.Severity, code string, line compiler.Line, msg, hint string) {
	if d := l.at[line.Pos]; d != nil && line.Pos.IsValid() {
		if d.Message != msg {
			d.Message += "; " + msg
		}
		d.Severity = min(d.Severity, sev)
		return
	}
	d := &ast.Diagnostic{Code: code, Kind: ast.Unsupported, Severity: sev, File: l.p.File, Pos: line.Pos, Message: msg,
		Hint: hint, Source: line.Text()}
	l.at[line.Pos] = d
	l.diags = append(l.diags, d)
}

func (l *lowerer) warn(code string, line compiler.Line, msg, hint string) {
	l.report(ast.Warning, code, line, msg, hint)
}

func (l *lowerer) note(code string, line compiler.Line, msg string) {
	l.report(ast.Info, code, line, msg, "")
}

func (l *lowerer) chain(c Chain) { l.rs.Chains = append(l.rs.Chains, c) }

func iif(dev string) Match          { return Match{Field: Iif, Name: dev} }
func oif(dev string) Match          { return Match{Field: Oif, Name: dev} }
func proto(p uint32) Match          { return Match{Field: L4Proto, Values: one(p)} }
func src(r ...Range) Match          { return Match{Field: Saddr, Values: merge(r)} }
func dst(r ...Range) Match          { return Match{Field: Daddr, Values: merge(r)} }
func host(ip ast.IP) Range          { return Range{uint32(ip), uint32(ip)} }
func mark(m uint32) Match           { return Match{Field: CtMark, Values: one(m)} }
func class(m uint32) Match          { return Match{Field: CtMark, Mask: ^uint32(MarkState), Values: one(m)} }
func inSet(f Field, s string) Match { return Match{Field: f, Set: s} }

// broadcast is the broadcast address of an interface's subnet. One of two hosts has none.
func broadcast(f *compiler.Interface) []Range {
	if f.Net.Mask >= ast.MaskOf(31) {
		return nil
	}
	return []Range{host(f.Broadcast())}
}

// overIP matches the protocols that have connections on a PIX.
var (
	withPorts = Match{Field: L4Proto, Values: []Range{{ast.ProtoTCP, ast.ProtoTCP}, {ast.ProtoUDP, ast.ProtoUDP}}}
	conn      = Match{Field: CtState, Mask: StateEstablished | StateRelated}
	own       = Match{Field: CtMark, Mask: MarkMask, Values: one(MarkOwn)}
	decided   = []Match{own, {Field: CtMark, Not: true, Values: one(MarkUnNAT)}}
)

// deny counts, logs and drops.
func deny(reason, note string, line compiler.Line, match ...Match) Rule {
	return Rule{Match: match, Do: []Stmt{Counter{}, Log{reason}, Drop{}}, Note: note, Line: line}
}

// routeSets computes the addresses that each interface leads to, best route first, so that "where would this go" is a
// lookup before any routing is done.
func (l *lowerer) routeSets() {
	to := map[int][]Range{}
	var covered []Range
	for i := range l.p.Routes {
		r := &l.p.Routes[i]
		to[r.If] = append(to[r.If], subtract([]Range{netRange(r.Net)}, covered)...)
		covered = merge(append(covered, netRange(r.Net)))
	}
	for _, i := range l.ifs {
		l.to[i] = merge(to[i])
		l.rs.Sets = append(l.rs.Sets, Set{Name: "route_" + l.id[i], Kind: Addrs, Ranges: l.to[i],
			Note: "what lies behind " + l.p.Interfaces[i].Name})
	}
	l.rs.Sets = append(l.rs.Sets, Set{Name: "no_route", Kind: Addrs, Ranges: subtract([]Range{{0, 0xffffffff}}, covered),
		Note: "where no route leads"})
	for i, r := range to {
		if l.dev[i] == "" {
			l.down = append(l.down, r...)
		}
	}
	if l.down = merge(l.down); len(l.down) > 0 {
		l.rs.Sets = append(l.rs.Sets, Set{Name: routeDown, Kind: Addrs, Ranges: l.down, Note: "what lies behind interfaces that are down"})
	}
}

// routeDown is the set of what lies behind interfaces that are not served. It is there when there is such.
const routeDown = "route_down"

// lost drops what goes to an interface that is down, before any list is asked, and without a word: there is nothing to be said about it.
func lost(line compiler.Line, match ...Match) Rule {
	return Rule{Match: match, Do: []Stmt{Counter{}, Drop{}}, Line: line, Note: "its interface is down"}
}

// silence drops what arrives on interfaces without an address, before anything is found wrong with it.
func (l *lowerer) silence() {
	c := Chain{Name: "silence", Type: "filter", Hook: "prerouting", Priority: -460, Note: "Interfaces without an address"}
	for _, dev := range l.deaf {
		c.Rules = append(c.Rules, Rule{Match: []Match{iif(dev)}, Do: []Stmt{Counter{}, Drop{}}})
	}
	if len(c.Rules) > 0 {
		l.chain(c)
	}
}

// fragments hands each fragment to the daemon, which holds them to the limits of the interface (semantics.md 1.6), before the
// kernel puts them together. Without the daemon the kernel's own limits hold: the packet they make is judged like any other.
func (l *lowerer) fragments() {
	if !l.opts.Daemon || len(l.ifs) == 0 {
		return
	}
	c := Chain{Name: "fragments", Type: "filter", Hook: "prerouting", Priority: -450, Note: "Fragments, before they are put together"}
	for _, i := range l.ifs {
		c.Rules = append(c.Rules, Rule{Match: []Match{only(iif(l.dev[i])), {Field: IsFragment}},
			Do: []Stmt{SetPacketMark{Mark: MarkFragment}, ToQueue{Num: Queue, Compat: l.opts.CompatQueue, Bypass: true}}})
	}
	l.chain(c)
	// What waits is forgotten by both at the same time, or by the kernel first.
	t := 5 * time.Second
	for k := range l.p.Fragment {
		if x := l.p.Fragment[k].Timeout; x > 0 && (k == 0 || x < t) {
			t = x
		}
	}
	l.rs.Sysctls = append(l.rs.Sysctls, Sysctl{Key: "net.ipv4.ipfrag_time", Value: strconv.Itoa(int(t.Seconds()))})
}

// sanity drops what no firewall lets in (semantics.md 1.7).
func (l *lowerer) sanity() {
	bad := []Range{netRange(ast.Net{Mask: 0xff000000}), netRange(ast.Net{IP: 127 << 24, Mask: 0xff000000}), netRange(ast.Net{IP: 224 << 24, Mask: 0xe0000000})}
	for i := range l.p.Interfaces { // of those that are down, too
		if f := &l.p.Interfaces[i]; f.HasAddress() {
			bad = append(bad, host(f.Net.IP))
			bad = append(bad, broadcast(f)...)
		}
	}
	l.rs.Sets = append(l.rs.Sets, Set{Name: "bad_source", Kind: Addrs, Ranges: merge(bad), Note: "sources that cannot be"})
	options, sources := l.unlikely()
	rules := append([]Rule{{Match: []Match{iif("lo")}, Do: []Stmt{Accept{}}}, options}, append(l.land(), sources)...)
	if l.opts.Live {
		l.rs.Sets = append(l.rs.Sets, Set{Name: ShunSet, Kind: LiveAddrs, Note: "hosts that are shunned"})
	}
	for _, f := range []Field{Sport, Dport} {
		rules = append(rules, deny("500004", "port 0", compiler.Line{}, withPorts, Match{Field: f, Values: one(0)}))
	}
	if l.opts.Live {
		rules = append(rules, deny("401004", "shunned", compiler.Line{}, inSet(Saddr, ShunSet)))
	}
	// A PIX is no hop: it takes nothing off the time to live (semantics.md 4). Linux would send back what has come to its last.
	for _, i := range l.ifs {
		rules = append(rules, Rule{Match: []Match{{Field: TTL, Values: one(1)}, iif(l.dev[i])}, Do: []Stmt{SetTTL{2}}, Note: "one is taken off"})
	}
	rules = append(rules, l.notTracked()...)
	l.chain(Chain{Name: "sanity", Type: "filter", Hook: "prerouting", Priority: -300, Rules: rules,
		Note: "What cannot be right, before connection tracking"})
}

// land drops what has its destination for a source, and of TCP and UDP the port too. Without a process only own addresses are looked for,
// up to a number: nobody is told of the others.
func (l *lowerer) land() []Rule {
	const note = "land attack"
	if l.opts.Daemon {
		same := func(f Field) Match { return Match{Field: f, Set: l.sameOctets()} }
		l.chain(Chain{Name: "land", Note: note, Rules: []Rule{
			{Match: []Match{withPorts, same(SamePorts)}, Do: []Stmt{Counter{}, Log{"106017"}, Drop{}}},
			{Match: []Match{withPorts}, Do: []Stmt{Return{}}},
			{Do: []Stmt{Counter{}, Log{"106017"}, Drop{}}}}})
		return []Rule{{Match: []Match{same(SameAddrs)}, Do: []Stmt{Jump{"land"}}, Note: note}}
	}
	var land [][2]ast.IP
	add := func(ip ast.IP) {
		if len(land) < maxLand && !slices.Contains(land, [2]ast.IP{ip, ip}) {
			land = append(land, [2]ast.IP{ip, ip})
		}
	}
	for i := range l.p.NAT.Statics {
		if s := &l.p.NAT.Statics[i]; s.Mask == ast.AllOnes {
			add(s.Mapped)
		}
	}
	for i := range l.p.NAT.Globals {
		for g, ip := &l.p.NAT.Globals[i], l.p.NAT.Globals[i].First; ip <= g.Last && ip != 0 && len(land) < maxLand; ip++ {
			add(ip)
		}
	}
	if len(land) == 0 {
		return nil
	}
	slices.SortFunc(land, func(a, b [2]ast.IP) int { return int(int64(a[0]) - int64(b[0])) })
	l.rs.Sets = append(l.rs.Sets, Set{Name: "land", Kind: Pairs, Pairs: land, Note: "own addresses sent to themselves"})
	return []Rule{deny("106017", note, compiler.Line{}, inSet(SaddrDaddr, "land"))}
}

const maxLand = 1024

// ShunSet is the set of sources that are shut out at once. It is there with Options.Live.
const ShunSet = "shunned"

// mss lowers the MSS of SYNs, and raises it (sysopt connection tcpmss). Rules do it where it is the first option, as nearly everybody sends it:
// behind others it may begin at an odd octet, and there the kernel spoils the checksum. The process does the rest.
func (l *lowerer) mss() {
	syn := []Match{proto(ast.ProtoTCP), {Field: TCPFlags, Mask: flagSYN, Values: one(flagSYN)}}
	var first, rest []Rule
	add := func(size Match, do Stmt, line compiler.Line) {
		first = append(first, Rule{Match: append(syn[:2:2], size, Match{Field: FirstTCPOption, Values: one(mssOption)}), Do: []Stmt{do}, Line: line})
		if l.opts.Daemon {
			rest = append(rest, Rule{Match: append(syn[:2:2], size, Match{Field: FirstTCPOption, Not: true, Values: one(mssOption)}),
				Do: []Stmt{ToQueue{Num: InspectQueue, Compat: l.opts.CompatQueue, Bypass: true}}, Line: line, Note: "not the first option"})
		}
	}
	if n := l.p.Sysopt.TCPMSS; n > 0 && n < 0xffff {
		add(Match{Field: MSSOver, Values: one(uint32(n))}, SetMSS{uint16(n)}, compiler.Line{})
	}
	// The kernel's own means only lower it.
	switch n, line := l.p.Sysopt.TCPMSSMin, l.p.Sysopt.TCPMSSMinLine; {
	case n <= 0:
	case !l.opts.Daemon:
		l.warn("W514", line, "segment sizes are not raised: rules that are written as text would spoil the checksum", "")
	default:
		add(Match{Field: MSSUnder, Values: one(uint32(n))}, RaiseMSS{uint16(n)}, line)
	}
	if len(first) > 0 {
		l.chain(Chain{Name: "mss", Type: "filter", Hook: "forward", Priority: -150, Rules: slices.Concat(l.leftWhole(), first, rest)})
	}
}

// mssOption is how the MSS option of TCP begins: its kind and its length (RFC 9293 3.2).
const mssOption = 0x0204

// sysctls are the settings of the network namespace that the rules rely on, and the timers.
func (l *lowerer) sysctls() {
	set := func(key, value string) { l.rs.Sysctls = append(l.rs.Sysctls, Sysctl{Key: key, Value: value}) }
	set("net.ipv4.ip_forward", "1")
	set("net.ipv4.conf.all.rp_filter", "0")
	set("net.ipv4.conf.all.accept_redirects", "0")
	set("net.ipv4.conf.all.send_redirects", "0")
	set("net.ipv4.conf.all.accept_source_route", "0")
	for _, i := range l.ifs {
		d := l.dev[i]
		if t := l.twinOf(i); t != "" {
			set("net.ipv4.conf."+t+".rp_filter", "0")
		}
		if l.opts.Twins {
			set("net.ipv4.neigh."+d+".proxy_delay", "0")
		}
		for _, k := range []string{"rp_filter", "accept_redirects", "send_redirects", "accept_source_route"} {
			set("net.ipv4.conf."+d+"."+k, "0")
		}
		// Mapped addresses are local, so that ARP is answered for them. As sources they are judged by the rules.
		set("net.ipv4.conf."+d+".accept_local", "1")
	}
	set("net.netfilter.nf_conntrack_tcp_loose", "0")
	set("net.netfilter.nf_conntrack_acct", "1")
	if !l.lacks(Timestamps, compiler.Line{}, "", "") {
		set("net.netfilter.nf_conntrack_timestamp", "1")
	}
	t := &l.p.Timeouts
	seconds := func(key string, d time.Duration) {
		set("net.netfilter.nf_conntrack_"+key, strconv.Itoa(int(d.Seconds())))
	}
	timer := func(key string, d time.Duration) {
		if d <= 0 {
			d = 365 * 24 * time.Hour // never, as far as the kernel can say it
		}
		seconds(key, d)
	}
	// The kernel has shorter timers for connections with data that was not acknowledged, or that was sent again: a PIX has not.
	for _, k := range []string{"tcp_timeout_established", "tcp_timeout_unacknowledged", "tcp_timeout_max_retrans"} {
		timer(k, t.Conn)
	}
	for _, k := range []string{"tcp_timeout_fin_wait", "tcp_timeout_close_wait", "tcp_timeout_last_ack"} {
		timer(k, t.HalfClosed)
	}
	for _, k := range []string{"tcp_timeout_syn_sent", "tcp_timeout_syn_recv"} {
		timer(k, t.Embryonic)
	}
	if l.opts.Daemon {
		// A connection ends with both FINs acknowledged or a reset (semantics.md 1.2).
		wait := time.Duration(0)
		if l.p.Sysopt.Timewait {
			wait = 15 * time.Second
		}
		seconds("tcp_timeout_time_wait", wait)
		seconds("tcp_timeout_close", 0)
	}
	timer("udp_timeout", t.UDP)
	timer("udp_timeout_stream", t.UDP)
}

// pairName names a chain for packets from interface a to b.
func (l *lowerer) pairName(prefix string, a, b int) string {
	return fmt.Sprintf("%s_%s_%s", prefix, l.id[a], l.id[b])
}
