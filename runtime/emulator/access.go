package emulator

import (
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime/acelog"
	"pixfw/runtime/syslog"
)

// A view is a packet as an access list looks at it.
type view struct {
	proto        uint8
	src, dst     ast.IP
	sport, dport uint16
	icmp         uint8
}

func wireView(f *flight) view {
	p := &f.pkt
	return view{p.Proto, p.Src, p.Dst, p.SrcPort, p.DstPort, p.ICMPType}
}

// aclMatch is the first entry that matches, and what it says; None is the implicit deny.
func (e *Engine) aclMatch(acl int, v *view) (entry int, permit bool) {
	entries := e.plan.ACLs[acl].Entries
	x := e.listIndex(acl)
	if e.linear {
		entry = x.scan(entries, v)
	} else {
		entry = x.find(entries, v)
	}
	return entry, entry >= 0 && e.derived.acls[acl].facts[entry]&factPermit != 0
}

// aclPairs is aclMatch for addresses alone, as a NAT exemption compares them (semantics.md 3.2).
func (e *Engine) aclPairs(acl int, src, dst ast.IP) bool {
	entries := e.plan.ACLs[acl].Entries
	i := e.pairIndex(acl).find(entries, &view{src: src, dst: dst})
	return i >= 0 && e.derived.acls[acl].facts[i]&factPermit != 0
}

// decider is the line of the entry of a list that decides about a packet, for traces; the zero Line: none matches, or nobody asks.
func (e *Engine) decider(f *flight, acl int, v *view) compiler.Line {
	if !f.trace || acl == compiler.None {
		return compiler.Line{}
	}
	entry, _ := e.aclMatch(acl, v)
	return e.entryLine(acl, entry)
}

// pairDecider is decider for a NAT exemption.
func (e *Engine) pairDecider(f *flight, acl int, src, dst ast.IP) compiler.Line {
	if !f.trace {
		return compiler.Line{}
	}
	return e.entryLine(acl, e.pairIndex(acl).find(e.plan.ACLs[acl].Entries, &view{src: src, dst: dst}))
}

func (e *Engine) entryLine(acl, entry int) compiler.Line {
	if entry == compiler.None {
		return compiler.Line{}
	}
	return e.plan.ACLs[acl].Entries[entry].Line
}

func matches(a *compiler.ACE, v *view) bool {
	if a.Protos != nil && !contains(a.Protos, v.proto) {
		return false
	}
	if !inNets(a.Src, v.src) || !inNets(a.Dst, v.dst) {
		return false
	}
	if a.SrcPorts != nil || a.DstPorts != nil {
		if v.proto != ast.ProtoTCP && v.proto != ast.ProtoUDP {
			return false
		}
		if a.SrcPorts != nil && !inPorts(a.SrcPorts, v.sport) || a.DstPorts != nil && !inPorts(a.DstPorts, v.dport) {
			return false
		}
	}
	return a.ICMP == nil || v.proto == ast.ProtoICMP && contains(a.ICMP, v.icmp)
}

func contains(set []uint8, x uint8) bool {
	for _, y := range set {
		if x == y {
			return true
		}
	}
	return false
}

func inNets(nets []ast.Net, ip ast.IP) bool {
	for i := range nets {
		if nets[i].Contains(ip) {
			return true
		}
	}
	return false
}

func inPorts(ranges []compiler.PortRange, port uint16) bool {
	for _, r := range ranges {
		if r.Contains(port) {
			return true
		}
	}
	return false
}

// access is step 8: the access list of the ingress interface on wire addresses; without one, the security levels decide. That of a user
// must permit, too; with per-user-override it alone decides about his connections (semantics.md 2.6).
func (e *Engine) access(f *flight) bool {
	u := e.restricted(f)
	if u == nil {
		return e.byInterface(f)
	}
	if in := &e.plan.Interfaces[f.in.If]; in.PerUser {
		if f.trace {
			f.pass("ACCESS-LIST", "per-user-override: the access list of the user decides", in.ACLLine)
		}
		return e.userList(f, u)
	}
	return e.byInterface(f) || e.userList(f, u)
}

func (e *Engine) byInterface(f *flight) bool {
	in := &e.plan.Interfaces[f.in.If]
	if f.in.Tunnel && e.plan.Sysopt.PermitIPsec {
		f.pass("ACCESS-LIST", "decrypted: access lists are passed by", e.plan.Sysopt.PermitIPsecLine)
		return false
	}
	if in.ACL == compiler.None {
		return e.byLevel(f)
	}
	acl := &e.plan.ACLs[in.ACL]
	v := wireView(f)
	entry, permit := e.aclMatch(in.ACL, &v)
	if entry == compiler.None {
		if line, ok := e.comesBack(f); ok {
			f.pass("ACCESS-LIST", "established", line)
			return false
		}
		note := ""
		if f.trace {
			note = "no entry of access-list " + acl.ID + " matches: its end denies"
		}
		f.dropBy(e, "ACCESS-LIST", whyImplicit, note, logs(syslog.Deny106023(e.wire(f), acl.ID)), in.ACLLine)
		e.resets(f)
		return true
	}
	e.hits[in.ACL][entry]++
	if permit && !f.trace && e.derived.acls[in.ACL].facts[entry]&factLog == 0 {
		return false
	}
	ace := &acl.Entries[entry]
	back := false
	if !permit {
		var line compiler.Line
		if line, back = e.comesBack(f); back {
			permit = true
			f.pass("ACCESS-LIST", "established", line)
		}
	}
	switch {
	case ace.Log == ast.LogOn:
		e.logHit(f, acl.ID, ace, back)
	case !permit && ace.Log != ast.LogDisable:
		e.emit(syslog.Deny106023(e.wire(f), acl.ID))
	}
	if !permit {
		f.drop(e, "ACCESS-LIST", whyACL, nil, in.ACLLine, ace.Line)
		e.resets(f)
		return true
	}
	f.pass("ACCESS-LIST", "", in.ACLLine, ace.Line)
	return false
}

// byLevel is what holds without an access list: out is permitted, in is not (semantics.md 1.1, 2.3).
func (e *Engine) byLevel(f *flight) bool {
	if !f.inbound {
		if len(e.plan.Applies) > 0 && e.outboundList(f) {
			return true
		}
		f.pass("ACCESS-LIST", "implicit rule: to a lower security level")
		return false
	}
	if line, ok := e.comesBack(f); ok {
		f.pass("ACCESS-LIST", "established", line)
		return false
	}
	entry, permit := e.conduit(f)
	if permit {
		return false
	}
	w, p := e.wire(f), &f.pkt
	m := syslog.New(106010, w)
	switch {
	case f.un.kind == unNone || f.un.kind == unAlias: // no translation either: 106010 for every protocol
	case p.Proto == ast.ProtoTCP:
		m = syslog.Deny106001(w, p.Flags)
	case p.Proto == ast.ProtoUDP && (p.SrcPort == 53 || p.DstPort == 53):
		m = syslog.Deny106007(w, p.SrcPort == 53)
	case p.Proto == ast.ProtoUDP:
		m = syslog.Deny106006(w)
	case p.Proto == ast.ProtoICMP:
		m = syslog.New(106014, w)
	}
	if entry != compiler.None {
		f.drop(e, "ACCESS-LIST", whyACL, logs(m), e.derived.conduits[entry].Line)
	} else {
		f.dropBy(e, "ACCESS-LIST", whyImplicit, e.nothingPermits(f), logs(m))
	}
	e.resets(f)
	return true
}

// nothingPermits says for traces what would have had to.
func (e *Engine) nothingPermits(f *flight) string {
	if !f.trace {
		return ""
	}
	note := "to a higher security level, and no access-list is bound to " + e.ifName(f.in.If)
	if len(e.plan.Conduits) > 0 {
		note += "; no conduit matches"
	}
	if len(e.plan.Established) > 0 {
		note += "; no established line lets it come back"
	}
	return note
}

// loggedEntries are the flows that entries with `log` have decided, with the alarm for the end of the next interval.
type loggedEntries struct {
	acelog.Table
	alarm alarm
}

func (l *loggedEntries) deadline(*Engine) time.Duration {
	if at, ok := l.Next(); ok {
		return at
	}
	return never
}

func (l *loggedEntries) end(e *Engine) {
	l.Expire(e.now, e.emit)
	e.arm(&l.alarm, l)
}

// logHit counts a hit of an entry with `log`. back: the entry denies, but `established` lifted that.
func (e *Engine) logHit(f *flight, id string, ace *compiler.ACE, back bool) {
	p := &f.pkt
	verb := "denied"
	switch {
	case back:
		verb = "est-allowed"
	case ace.Permit:
		verb = "permitted"
	}
	e.logged.Hit(acelog.Key{List: id, Entry: ace.Number, In: f.in.If, Proto: p.Proto, Src: p.Src, Dst: p.Dst, SrcPort: p.SrcPort, DstPort: p.DstPort},
		acelog.Hit{Level: ace.LogLevel, Verb: verb, Permit: ace.Permit, Interval: ace.Interval, Flow: e.wire(f)},
		acelog.LimitsOf(e.plan, e.limits.LogFlows), e.now, e.emit)
	e.arm(&e.logged.alarm, &e.logged)
}
