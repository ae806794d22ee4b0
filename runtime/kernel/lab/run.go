package lab

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
)

// Options of a run.
type Options struct {
	Out io.Writer
	// Keep, when it is set, leaves the lab up after the probes until the channel is closed, and shows messages as they come.
	Keep <-chan struct{}
	// Certificates is a directory, see vpn.ReadCertificates; empty: none.
	Certificates string
	// Record is a file for the packets and keys of tunnels; empty: none.
	Record string
	// ReadList reads access lists that servers send for users; nil: users with such lists are refused.
	ReadList runtime.ListReader
	// Limits bound the tables of the engine; what is zero is as in kernel.DefaultLimits.
	Limits kernel.Limits
	// Diagnostics, when it is set, is given what the kernel does otherwise than a PIX.
	Diagnostics func(ast.Diagnostics) error
}

// wait is how long a probe waits for what a denied packet causes.
const wait = 3 * time.Second

// Run builds the lab, probes it and says what happened.
func Run(plan *compiler.Plan, opts Options) (err error) {
	l, err := build(plan, opts)
	if err != nil {
		return err
	}
	defer func() {
		if e := l.Close(); err == nil {
			err = e
		}
	}()
	if opts.Diagnostics != nil {
		if err := opts.Diagnostics(l.Diags); err != nil {
			return err
		}
	}
	r := &report{l: l, out: opts.Out}
	r.topology()
	for _, n := range l.Notes() {
		r.say("  %s", n)
	}
	if err := r.probe(); err != nil || r.err != nil || opts.Keep == nil {
		return cmp.Or(err, r.err)
	}
	r.say("\nThe lab stays up: ip netns exec %s nft list ruleset", l.firewall.name)
	r.say("Interrupt to remove it.")
	if r.err == nil {
		r.err = l.follow(opts.Out, opts.Keep)
	}
	return r.err
}

// follow prints messages and notes as they come, until nobody reads them any more.
func (l *Lab) follow(out io.Writer, until <-chan struct{}) error {
	lines := make(chan string, 256)
	tell := func(text string) {
		select {
		case lines <- text:
		default: // a reader that is too slow misses some
		}
	}
	cancel := l.Engine.Subscribe(func(m runtime.Message) { tell(m.String()) })
	defer cancel()
	l.mu.Lock()
	l.told = tell
	l.mu.Unlock()
	for {
		select {
		case s := <-lines:
			if _, err := fmt.Fprintln(out, s); err != nil {
				return err
			}
		case <-until:
			return nil
		}
	}
}

type report struct {
	l   *Lab
	out io.Writer
	err error // of the first write that failed: nobody reads what comes after it
}

func (r *report) say(format string, args ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.out, format+"\n", args...)
	}
}

func (r *report) topology() {
	r.say("Firewall in namespace %s", r.l.firewall.name)
	for _, s := range r.l.Sides() {
		f := &r.l.plan.Interfaces[s.If]
		var w []string
		for _, h := range s.Hosts {
			w = append(w, h.String())
		}
		r.say("  %s %v: namespace %s with %s", f.Name, f.Net, s.Name, strings.Join(w, ", "))
	}
}

// result says what became of a probe, with the messages that it caused.
func (r *report) result(what string, mark int, body string, err error) {
	r.say("\n%s", what)
	if err != nil {
		r.say("  no answer: %v", err)
	} else if body != "" {
		r.say("  %s", body)
	}
	for _, m := range r.l.Messages()[mark:] {
		r.say("  %v", m)
	}
}

func (l *Lab) mark() int { return len(l.Messages()) }

// hits are the counters of the list on an interface, permits and the implicit deny.
func (r *report) hits(i int) {
	acl := r.l.plan.Interfaces[i].ACL
	if acl == compiler.None {
		return
	}
	list := &r.l.plan.ACLs[acl]
	r.say("\naccess-list %s on %s", list.ID, r.l.plan.Interfaces[i].Name)
	for k := range list.Entries {
		r.say("  %s (hitcnt=%d)", list.Entries[k].Line.Text(), r.l.Engine.HitCount(acl, k))
	}
	r.say("  implicit deny (hitcnt=%d)", r.l.Engine.HitCount(acl, nft.Implicit))
}

// probe sends what the plan suggests.
func (r *report) probe() error {
	l := r.l
	var watches []*Watch
	for _, s := range l.Sides() {
		w, err := l.Watch(s)
		if err != nil {
			return err
		}
		watches = append(watches, w)
	}
	outside, err := l.side(Internet)
	if err != nil {
		r.say("\nNo default route: there is no Internet to probe from.")
	} else {
		if err := l.Serve(Internet, 80); err != nil {
			return err
		}
		for k := range l.plan.NAT.Statics {
			s := &l.plan.NAT.Statics[k]
			if r.err == nil && s.MappedIf == outside.If && s.Proto == 0 && s.ACL == compiler.None {
				if err := r.static(s); err != nil {
					return err
				}
			}
		}
		r.pools(outside)
		r.hits(outside.If)
	}
	for i, s := range l.Sides() {
		seen := watches[i].Stop()
		n := 0
		for _, p := range seen {
			if l.leaks(s, p) {
				n++
				r.say("  LEAK on %s: protocol %d %v > %v", l.plan.Interfaces[s.If].Name, p.Proto, p.Src, p.Dst)
			}
		}
		r.say("\n%s received %d packets, %d of them with an untranslated source", l.plan.Interfaces[s.If].Name, len(seen), n)
	}
	return nil
}

// leaks reports whether a packet shows the lower interface s a real address of a host on a higher one that has a
// translation.
func (l *Lab) leaks(s *Side, p Seen) bool {
	for _, o := range l.Sides() {
		if l.plan.Interfaces[o.If].Level > l.plan.Interfaces[s.If].Level && slices.Contains(o.Hosts, p.Src) {
			return !slices.ContainsFunc(l.plan.NAT.Statics, func(st compiler.Static) bool {
				return st.RealIf == o.If && st.MappedIf == s.If && st.MappedNet().Contains(p.Src)
			})
		}
	}
	return false
}

func (r *report) static(s *compiler.Static) error {
	l := r.l
	real := staticHost(s)
	mapped := s.ToMapped(real)
	if err := l.Serve(real, 80); err != nil {
		return err
	}
	mark := l.mark()
	body, err := l.Get(Internet, mapped, 80)
	r.result(fmt.Sprintf("%v fetches http://%v/", Internet, mapped), mark, body, err)

	mark = l.mark()
	conn, err := l.Dial(Internet, mapped, 81, wait)
	if err == nil {
		conn.Close()
	}
	r.result(fmt.Sprintf("%v connects to %v port 81, where nothing listens", Internet, mapped), mark, "", err)

	mark = l.mark()
	err = l.Send(Internet, mapped, ast.ProtoGRE, make([]byte, 8))
	l.Await(mark, wait, func(runtime.Message) bool { return true })
	r.result(fmt.Sprintf("%v sends GRE to %v", Internet, mapped), mark, "", err)

	mark = l.mark()
	body, err = l.Get(real, Internet, 80)
	r.result(fmt.Sprintf("%v fetches http://%v/", real, Internet), mark, body, err)
	return nil
}

// denied connects, and waits for the message instead of for the connection to time out.
func (l *Lab) denied(from, to ast.IP, port uint16) {
	mark := l.mark()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if c, err := l.Dial(from, to, port, wait); err == nil {
			c.Close()
		}
	}()
	found := make(chan struct{})
	go func() {
		defer close(found)
		l.Await(mark, wait, func(runtime.Message) bool { return true })
	}()
	select {
	case <-found:
	case <-ended:
	}
}

// pools probes the dynamic translations that lead to the Internet.
func (r *report) pools(outside *Side) {
	l := r.l
	for k := range l.plan.NAT.Globals {
		g := &l.plan.NAT.Globals[k]
		if r.err != nil || g.If != outside.If || g.PAT {
			continue
		}
		mark := l.mark()
		l.denied(Internet, g.Last, 80)
		r.result(fmt.Sprintf("%v connects to the pool address %v", Internet, g.Last), mark, "", nil)
		client, ok := l.client(g)
		if !ok {
			continue
		}
		mark = l.mark()
		body, err := l.Get(client, Internet, 80)
		r.result(fmt.Sprintf("%v, which has no static, fetches http://%v/", client, Internet), mark, body, err)
		_, seen, _ := strings.Cut(body, "client ")
		if live, ok := ast.ParseIP(seen); ok {
			mark = l.mark()
			l.denied(Internet, live, 80)
			r.result(fmt.Sprintf("%v connects to %v, whose translation is alive", Internet, live), mark, "", nil)
		}
	}
}

// client is a host of the lab whose source the global translates.
func (l *Lab) client(g *compiler.Global) (ast.IP, bool) {
	for k := range l.plan.NAT.Nats {
		n := &l.plan.NAT.Nats[k]
		if n.ID != g.ID || l.sides[n.If] == nil {
			continue
		}
		for _, ip := range slices.Backward(l.sides[n.If].Hosts) {
			static := slices.ContainsFunc(l.plan.NAT.Statics, func(s compiler.Static) bool { return s.RealIf == n.If && s.RealNet().Contains(ip) })
			if n.Net.Contains(ip) && !static {
				return ip, true
			}
		}
	}
	return 0, false
}
