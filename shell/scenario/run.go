package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// A Box is a firewall with a console. One that has a Close method is closed after its case. What it answers with
// runtime.ErrUnsupported skips the case.
type Box interface {
	// Engine is what packets are given to. It may change with a Do.
	Engine() runtime.Injector
	// Do types a command in configuration mode.
	Do(command string) (output string, err error)
	// Advance lets time pass, and returns what it caused.
	Advance(d time.Duration) []runtime.Message
}

// Options say on what cases run.
type Options struct {
	// NewBox makes a fresh box of a configuration.
	NewBox func(config []byte) (Box, error)
	// MaxWait is the longest `wait` that is carried out; cases with a longer one are skipped. 0: no limit.
	MaxWait time.Duration
	// PortClasses is for engines that choose PAT ports themselves: they are compared by their class, and packets that name
	// the wanted port are sent with the one really seen.
	PortClasses bool
	// Excuse, when it is set, says why a case is not run; empty: it is.
	Excuse func(name string) string
	// Only selects cases by name; nil: all.
	Only func(name string) bool
	// Verbose makes results keep the trace of every packet, not only of the one that failed.
	Verbose bool
	// Render prints a trace. nil: one line a phase.
	Render func(plan *compiler.Plan, in runtime.Ingress, p runtime.Packet, v runtime.Verdict) string
}

// Run runs the cases, in order.
func (a *Archive) Run(opts Options) []Result {
	var results []Result
	for i := range a.Cases {
		c := &a.Cases[i]
		if opts.Only == nil || opts.Only(c.Name) {
			results = append(results, a.runCase(c, &opts))
		}
	}
	return results
}

// closer is a box that has something to give back.
type closer interface{ Close() error }

func (a *Archive) runCase(c *Case, opts *Options) Result {
	res := Result{File: a.Name, Case: c.Name, Title: c.Title, Status: OK, Line: c.Line}
	for i := range c.Statements {
		if s := &c.Statements[i]; opts.MaxWait > 0 && s.Wait > opts.MaxWait {
			res.Status, res.Line, res.Statement = Skip, s.Line, s.Text
			res.Reason = fmt.Sprintf("waits %v, longer than %v", s.Wait, opts.MaxWait)
			return res
		}
	}
	if opts.Excuse != nil {
		if res.Reason = opts.Excuse(c.Name); res.Reason != "" {
			res.Status = Skip
			return res
		}
	}
	box, err := opts.NewBox(a.Config)
	if errors.Is(err, runtime.ErrUnsupported) {
		res.Status, res.Reason = Skip, err.Error()
		return res
	}
	if err != nil {
		res.Status, res.Reason, res.Got = Fail, "the configuration has errors", err.Error()
		res.Wanted = "the configuration is accepted"
		return res
	}
	if x, ok := box.(closer); ok {
		defer x.Close()
	}
	r := &run{box: box, opts: opts, ports: map[seenKey]uint16{}}
	cancel := box.Engine().Subscribe(r.hear)
	defer cancel()
	for i := range c.Statements {
		s := &c.Statements[i]
		r.wanted, r.got, r.trace = "", "", ""
		if s.Kind != Logged {
			r.forget()
		}
		err := r.statement(s)
		if r.trace != "" && (opts.Verbose || err != nil) {
			res.Traces = append(res.Traces, Trace{s.Line, s.Text, r.trace})
		}
		if errors.Is(err, runtime.ErrUnsupported) {
			res.Status, res.Line, res.Statement, res.Reason = Skip, s.Line, s.Text, err.Error()
			break
		}
		if err != nil {
			res.Status, res.Line, res.Statement = Fail, s.Line, s.Text
			res.Wanted, res.Got = r.wanted, r.got
			res.Reason = err.Error()
			break
		}
	}
	return res
}

type seenKey struct {
	proto uint8
	ip    ast.IP
	port  uint16
}

// run is a case being run.
type run struct {
	box   Box
	opts  *Options
	ports map[seenKey]uint16

	mu     sync.Mutex        // engines may speak at any time
	recent []runtime.Message // of the statement before

	wanted, got, trace string
}

func (r *run) hear(m runtime.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recent = append(r.recent, m)
}

func (r *run) heard() []runtime.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.recent)
}

func (r *run) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recent = nil
}

func (r *run) fail(wanted, got, format string, args ...any) error {
	r.wanted, r.got = wanted, got
	return fmt.Errorf(format, args...)
}

func (r *run) statement(s *Statement) error {
	e := r.box.Engine()
	switch s.Kind {
	case Do:
		return r.do(s)
	case Wait:
		for _, m := range r.box.Advance(s.Wait) {
			if !slices.Contains(r.heard(), m) {
				r.hear(m)
			}
		}
		return nil
	case Logged:
		return r.logged(s.IDs, r.heard())
	case Count:
		return r.count(s)
	}
	plan := e.Plan()
	in := compiler.None
	if plan != nil {
		in = plan.IfByName(s.If)
	}
	if in == compiler.None {
		return r.fail("interface "+s.If, "no such interface", "there is no interface %s", s.If)
	}
	var err error
	switch s.Kind {
	case Login:
		err = e.Login(in, s.Addr, s.User, runtime.UserList{Name: s.ACL})
	case SA:
		err = e.AddSA(in, s.Peer, s.Local, s.Remote)
	case Client:
		err = e.AddClient(in, s.Peer, s.Group, s.User, s.Addr, runtime.UserList{Name: s.ACL})
	case Packet:
		return r.packet(s, e, in)
	}
	if errors.Is(err, runtime.ErrUnsupported) {
		return err
	}
	if err != nil {
		return r.fail(s.Text, err.Error(), "it cannot be done")
	}
	return nil
}

func (r *run) packet(s *Statement, e runtime.Injector, in int) error {
	p := s.Packet
	if r.opts.PortClasses {
		if port, ok := r.ports[seenKey{p.Proto, p.Dst, p.DstPort}]; ok {
			p.DstPort = port
		}
	}
	ingress := runtime.Ingress{If: in, Tunnel: s.Tunnel, Peer: s.Peer}
	v, err := e.Inject(ingress, p)
	if errors.Is(err, runtime.ErrUnsupported) {
		return err
	}
	if err != nil {
		return r.fail(s.Want.Text, err.Error(), "the packet could not be injected")
	}
	plan := e.Plan()
	name := func(i int) string {
		if i < 0 || i >= len(plan.Interfaces) {
			return "?"
		}
		return plan.Interfaces[i].Name
	}
	if r.opts.Render != nil {
		r.trace = r.opts.Render(plan, ingress, p, v)
	} else {
		r.trace = renderTrace(&v)
	}
	got := describe(&v, name)
	if d := s.Want.differs(&p, &v, name, r.opts.PortClasses); d != "" {
		return r.fail(s.Want.Text, got, "%s is another", d)
	}
	if w := &s.Want; r.opts.PortClasses && w.Src.Ports && w.Src.Lo == w.Src.Hi && v.Out.SrcPort != w.Src.Lo {
		r.ports[seenKey{p.Proto, v.Out.Src, w.Src.Lo}] = v.Out.SrcPort
	}
	if err := r.logged(s.IDs, v.Logs); err != nil {
		r.wanted = s.Want.Text + " " + r.wanted
		r.got = got
		return err
	}
	return nil
}

func (r *run) logged(want []int, have []runtime.Message) error {
	for _, id := range want {
		if !slices.ContainsFunc(have, func(m runtime.Message) bool { return m.ID == id }) {
			var got []string
			for _, m := range have {
				got = append(got, m.String())
			}
			if got == nil {
				got = []string{"no message"}
			}
			return r.fail(fmt.Sprintf("log %06d", id), strings.Join(got, "\n"), "message %06d is missing", id)
		}
	}
	return nil
}

func (r *run) count(s *Statement) error {
	e, n := r.box.Engine(), 0
	switch s.Table {
	case "conn":
		n = len(e.Conns().Conns)
	case "xlate":
		for _, x := range e.Xlates().Xlates {
			if !x.Static {
				n++
			}
		}
	case "uauth":
		n = len(e.Users().Users)
	}
	if n != s.N {
		return r.fail(fmt.Sprintf("%d %s", s.N, s.Table), fmt.Sprintf("%d %s", n, s.Table), "the table has another size")
	}
	return nil
}

// harmless are the outputs of configuration commands that succeeded (commands-firewall.md section 6), besides what warns; all others
// are errors.
var harmless = []string{
	"will be identity translated", "will be non-translated", "will be Port Address Translated", "overlapped", "overlaps",
	"Building configuration", "Cryptochecksum:", "[OK]", "key generation could", "take up to several minutes",
}

// refused reports whether a command's answer says that it was not carried out.
func refused(command, output string, err error) bool {
	if err != nil {
		return true
	}
	shows := strings.HasPrefix(command, "show ") || command == "show" || strings.HasPrefix(command, "write terminal")
	for _, line := range strings.Split(output, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "WARNING: ") || strings.HasPrefix(line, "NOTE: ") || slices.ContainsFunc(harmless, func(h string) bool { return strings.Contains(line, h) }) {
			continue
		}
		if !shows || strings.HasPrefix(line, "ERROR") || strings.HasPrefix(line, "Type help") {
			return true
		}
	}
	return false
}

func (r *run) do(s *Statement) error {
	output, err := r.box.Do(s.Command)
	if errors.Is(err, runtime.ErrUnsupported) {
		return err
	}
	got := strings.TrimSpace(output)
	if err != nil {
		got = strings.TrimSpace(got + "\n" + err.Error())
	}
	switch no := refused(s.Command, output, err); {
	case no && !s.Refused:
		return r.fail("the command is accepted", got, "the command was refused")
	case !no && s.Refused:
		return r.fail("the command is refused", "it was accepted", "the command was accepted")
	}
	return nil
}
