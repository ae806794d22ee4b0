package shell

import (
	"slices"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
)

// reload starts the box anew with the saved configuration: connections, translations, users, tunnels and counts are gone, visitors are
// put out, and whoever has typed it is where a box stands after its start. The process and what it has been given stay.
func (s *Session) reload(c *ast.Reload) (string, error) {
	if s.level < 15 {
		return "", refused(textUnprivilege)
	}
	if c.NoConfirm {
		return s.restart()
	}
	s.confirm(textReload, s.restart)
	return "", nil
}

func (s *Session) restart() (string, error) {
	next, diags := ast.Factory(), ast.Diagnostics(nil)
	if s.startup != "" {
		next, _, diags = parser.Load("startup-config", []byte(s.startup))
	}
	plan, found := compiler.Compile(s.secrets.overlay(next))
	diags = append(diags, found...)
	if plan == nil {
		return "", refused("ERROR: the saved configuration cannot be compiled:\n" + BootErrors(diags))
	}
	if s.from != 0 {
		s.tell(199001, s.from)
	}
	s.tell(111007, s.where(), "memory")
	served, err := s.engine.Apply(plan)
	if err != nil {
		return "", refused("ERROR: " + err.Error())
	}
	s.book.apply(&plan.Logging)
	if err := s.forget(); err != nil {
		return "", refused("ERROR: " + err.Error())
	}
	s.running, s.known, s.served = next, errorsOf(found), nil
	s.changed, s.booted = time.Time{}, s.clock.Now()
	out := BootErrors(diags) + s.unserved(served)
	for _, v := range s.visits {
		if v != s && v.visit.End != nil {
			v.visit.End()
		}
	}
	s.up = nil // that lines come up at a start goes without saying
	s.lines(plan)
	s.started()
	if s.visit != nil {
		return "", errLogoff
	}
	s.leave()
	s.history = nil
	s.leaveSub()
	s.enter(User)
	if s.gated {
		s.close()
	}
	return out + textWelcome + "\n", nil
}

// forget drops what a box does not know after its start.
func (s *Session) forget() error {
	for _, drop := range []func() error{s.engine.ClearConns, func() error { return s.engine.ClearXlates(runtime.XlateFilter{}) },
		func() error { return s.engine.ClearUsers("") }, func() error { return s.engine.ClearHitCounts(compiler.None) }} {
		if err := drop(); err != nil {
			return err
		}
	}
	if shuns, ok := s.engine.(runtime.Shunner); ok {
		if err := shuns.ClearShuns(); err != nil {
			return err
		}
	}
	if vpn, ok := s.engine.(runtime.VPN); ok {
		if err := vpn.ClearIKE(0); err != nil {
			return err
		}
		vpn.ClearSACounters()
	}
	s.book.clear()
	return nil
}

// merge is `configure memory`: the saved lines are put into the running configuration, all that the box takes of them: what is
// there already stays as it is, and a line that is not understood is told, as at a start.
func (s *Session) merge() (string, error) {
	if s.startup == "" {
		return "No Configuration\n", nil
	}
	s.tell(111007, s.where(), "memory")
	next := s.running.Clone()
	before := next.Lines(next.Printer())
	file := parser.Parse("startup-config", []byte(s.startup))
	for _, l := range file.Lines {
		if l.Stmt.Cmd == nil {
			continue
		}
		_ = next.Do(l.Stmt) // what is there already is refused
	}
	plan, found := compiler.Compile(s.secrets.overlay(next))
	if plan == nil {
		s.tell(111004, s.where(), "FAILED")
		return "", refused("ERROR: the configuration cannot be compiled")
	}
	old := s.engine.Plan()
	served, err := s.engine.Apply(plan)
	if err != nil {
		s.tell(111004, s.where(), "FAILED")
		return "", refused("ERROR: " + err.Error())
	}
	s.book.apply(&plan.Logging)
	s.accounts(old, plan)
	s.lines(plan)
	s.running, s.known = next, errorsOf(found)
	if !slices.Equal(before, next.Lines(next.Printer())) {
		s.changed, s.changedBy = s.clock.Now(), s.user
	}
	s.tell(111004, s.where(), "OK")
	return BootErrors(file.Diags) + s.unserved(served), nil
}
