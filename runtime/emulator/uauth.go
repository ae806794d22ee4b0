package emulator

import (
	"fmt"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// A user is one entry of the uauth cache: a source address on the interface where it is seen (semantics.md 5.3).
type userKey struct {
	in int
	ip ast.IP
}

type user struct {
	key   userKey
	name  string
	ipsec bool // entered by XAUTH: lives as long as the client is connected
	list  runtime.UserList
	acl   int // where that is in the plan; compiler.None: there is none
	since time.Duration
	idle  time.Duration // when its last connection ended
	conns int
	alarm alarm
}

func (u *user) deadline(e *Engine) time.Duration {
	if u.ipsec {
		return never
	}
	t, d := &e.plan.UAuth, never
	if t.Absolute > 0 {
		d = u.since + t.Absolute
	}
	if t.Inactivity > 0 && u.conns == 0 {
		d = min(d, u.idle+t.Inactivity)
	}
	return d
}

func (u *user) end(e *Engine) { e.forgetUser(u) }

// authenticate is step 9: a connection that a rule names needs a user behind its source.
func (e *Engine) authenticate(f *flight) bool {
	p := &f.pkt
	f.user = e.users[userKey{f.in.If, p.Src}]
	if f.inbound && f.un.kind == unNone {
		return false // the rules name real addresses, and there is none: step 10 refuses the packet
	}
	if e.virtual(f) {
		return true
	}
	if e.exempt(f) {
		return false
	}
	rule := e.authRule(f, "authentication")
	if rule == nil {
		return e.authorize(f)
	}
	if f.user != nil {
		if f.trace {
			f.pass("UAUTH", "user "+f.user.name, rule.Line, e.ruleEntry(rule, f))
		}
		return false
	}
	src, dst := syslog.End{IP: p.Src, Port: p.SrcPort}, syslog.End{IP: p.Dst, Port: p.DstPort}
	if p.Proto == ast.ProtoTCP && (f.un.port == 21 || f.un.port == 23 || f.un.port == 80 || f.un.port == 443) {
		e.emit(syslog.New(109001, "???", src, dst))
		if !e.asked(f) {
			e.tooManyLogins(f)
			return true
		}
		f.pass("UAUTH", "taken by the cut-through proxy, which asks for a user name", rule.Line, e.ruleEntry(rule, f))
		f.take(runtime.Auth)
		return true
	}
	f.drop(e, "UAUTH", whyAuth, logs(syslog.New(109023, src, dst, e.ifName(f.in.If))), rule.Line, e.ruleEntry(rule, f))
	return true
}

// exempt reports whether the host that a packet came from need not log in, by its MAC address (aaa mac-exempt).
func (e *Engine) exempt(f *flight) bool {
	if e.plan.AAA.ExemptLine.IsDefault() || f.in.Tunnel {
		return false
	}
	line, exempt := e.plan.AAA.Exempts(f.pkt.MAC)
	if exempt && f.trace {
		f.pass("UAUTH", "exempt by its MAC address", e.plan.AAA.ExemptLine, line)
	}
	return exempt
}

// authorize refuses connections that a server would be asked about, of a source that nobody has logged in from (semantics.md 5.2): there
// is no user to ask for. Of a user no server is asked.
func (e *Engine) authorize(f *flight) bool {
	if f.user != nil {
		return false
	}
	rule := e.authRule(f, "authorization")
	if rule == nil {
		return false
	}
	p := &f.pkt
	src, dst := syslog.End{IP: p.Src, Port: p.SrcPort}, syslog.End{IP: p.Dst, Port: p.DstPort}
	f.drop(e, "UAUTH", whyAuth, logs(syslog.New(109024, src, dst, e.ifName(f.in.If), syslog.ProtoName(p.Proto))), rule.Line, e.ruleEntry(rule, f))
	return true
}

// virtual takes connections to the address of `virtual telnet` or `virtual http`, where users log in and nothing else is; who has
// logged in is let out again by telnet (semantics.md 5.4).
func (e *Engine) virtual(f *flight) bool {
	p := &f.pkt
	if p.Proto != ast.ProtoTCP {
		return false
	}
	for i := range e.plan.AAA.Virtual {
		v, port := &e.plan.AAA.Virtual[i], uint16(23)
		if v.Service == "http" {
			port = 80
		}
		if v.IP != f.un.ip || f.un.port != port {
			continue
		}
		e.emit(syslog.New(109001, "???", syslog.End{IP: p.Src, Port: p.SrcPort}, syslog.End{IP: p.Dst, Port: p.DstPort}))
		if f.user == nil && !e.asked(f) {
			e.tooManyLogins(f)
			return true
		}
		f.pass("UAUTH", "to the virtual address where users log in", v.Line)
		f.take(runtime.Auth)
		if v.Service == "telnet" && f.user != nil && !f.user.ipsec { // a client is logged in as long as it is there
			e.dropUser(f.user)
		}
		return true
	}
	return false
}

// authRule is the include of what (authentication, authorization) that names the connection, unless an exclude does, wherever it stands (semantics.md 5.1).
func (e *Engine) authRule(f *flight, what string) *compiler.AAARule {
	var found *compiler.AAARule
	for i := range e.plan.AAARules {
		r := &e.plan.AAARules[i]
		if r.What != what || !e.ruleTakes(r, f) {
			continue
		}
		if !r.Include {
			return nil
		}
		if found == nil {
			found = r
		}
	}
	return found
}

// ruleEntry is the entry that has decided about a rule with `match`, for traces.
func (e *Engine) ruleEntry(r *compiler.AAARule, f *flight) compiler.Line {
	v := wireView(f)
	return e.decider(f, r.ACL, &v)
}

func (e *Engine) ruleTakes(r *compiler.AAARule, f *flight) bool {
	if r.ACL != compiler.None { // match: the list alone decides, on wire addresses (semantics.md 5.1)
		if r.If != f.in.If {
			return false
		}
		v := wireView(f)
		_, permit := e.aclMatch(r.ACL, &v)
		return permit
	}
	switch r.Dir {
	case compiler.DirInbound:
		if !f.inbound {
			return false
		}
	case compiler.DirOutbound:
		if f.inbound {
			return false
		}
	default:
		if r.If != f.in.If {
			return false
		}
	}
	p := &f.pkt
	local, foreign := p.Src, f.un.ip
	if f.inbound {
		local, foreign = f.un.ip, p.Src
	}
	if !r.Local.Contains(local) || !r.Foreign.Contains(foreign) {
		return false
	}
	switch {
	case r.AnyTCP:
		return p.Proto == ast.ProtoTCP
	case r.Proto != p.Proto:
		return false
	case p.HasPorts():
		return r.Ports.Contains(f.un.port) // at the real host: with port redirection it is not the wire's
	case p.Proto == ast.ProtoICMP:
		return r.Ports.Contains(uint16(p.ICMPType))
	}
	return true
}

// Login enters a user into the cache, as the cut-through proxy does after its server has said yes.
func (e *Engine) Login(ifIndex int, addr ast.IP, name string, list runtime.UserList) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkIf(ifIndex); err != nil {
		return err
	}
	e.expire()
	if err := e.hasList(name, list); err != nil {
		return err
	}
	e.answered(userKey{ifIndex, addr})
	cached := true
	if t := &e.plan.UAuth; t.Absolute <= 0 && t.Inactivity <= 0 && !t.Line.IsDefault() {
		cached = false // timeout uauth 0
	} else if err := e.userRoom(userKey{ifIndex, addr}); err != nil {
		return err
	}
	src := syslog.End{IP: addr}
	e.emit(syslog.New(109005, name, src, syslog.End{}, e.ifName(ifIndex)))
	if !cached {
		return nil
	}
	return e.addUser(ifIndex, addr, name, false, list)
}

// addUser enters a user, in place of who was there; not one whose list has no place.
func (e *Engine) addUser(in int, addr ast.IP, name string, ipsec bool, list runtime.UserList) error {
	acl, err := e.placeList(list)
	if err != nil {
		return err
	}
	k := userKey{in, addr}
	u := &user{key: k, name: name, ipsec: ipsec, since: e.now, idle: e.now, list: list, acl: acl}
	old := e.users[k]
	e.users[k] = u
	if old != nil {
		e.disarm(&old.alarm)
		e.freeList(old.acl)
	}
	e.userMost = max(e.userMost, len(e.users))
	e.arm(&u.alarm, u)
	return nil
}

func (e *Engine) dropUser(u *user) {
	e.disarm(&u.alarm)
	e.forgetUser(u)
}

func (e *Engine) forgetUser(u *user) {
	delete(e.users, u.key)
	e.freeList(u.acl)
}

func (e *Engine) checkIf(i int) error {
	if e.plan == nil {
		return fmt.Errorf("no configuration is applied")
	}
	if i < 0 || i >= len(e.plan.Interfaces) {
		return fmt.Errorf("no interface %d", i)
	}
	return nil
}
