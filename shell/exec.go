package shell

import (
	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
)

// exec does one exec command.
func (s *Session) exec(cmd ast.Exec) (string, error) {
	switch c := cmd.(type) {
	case *ast.Show:
		return s.show(c)
	case *ast.ClearState:
		return "", s.clear(c)
	case *ast.Debug:
		return s.debug(c)
	case *ast.Write:
		if s.level < 15 {
			return "", refused(textUnprivilege)
		}
		return s.write(c.To)
	case *ast.Enable:
		return s.enable(c.Level)
	case *ast.Login:
		return s.login()
	case *ast.Disable:
		s.LeaveConfig()
		s.enter(User)
		return "", nil
	case *ast.Configure:
		if s.level < 15 {
			return "", refused(textUnprivilege)
		}
		if c.From == "memory" {
			return s.merge()
		}
		if s.mode != Config {
			s.mode = Config
			s.tell(111007, s.where(), "terminal")
		}
		return "", nil
	case *ast.Exit:
		return s.exit()
	case *ast.Logout:
		return "", errLogoff
	case *ast.Help:
		if c.Topic != "" {
			return s.describe(c.Topic)
		}
		return s.help(""), nil
	case *ast.RSAKey:
		return s.rsaKey(c)
	case *ast.PacketTracer:
		return s.packetTracer(c)
	case *ast.Kill:
		return s.kill(c)
	case *ast.TerminalMonitor:
		return s.terminal(c)
	case *ast.Ping:
		return s.ping(c)
	case *ast.Absent:
		return "", s.absent(c)
	case *ast.Perfmon:
		return s.perfmon(c)
	case *ast.Reload:
		return s.reload(c)
	}
	return "", refused(textUnknown)
}

func (s *Session) clear(c *ast.ClearState) error {
	var err error
	switch c.What {
	case "xlate":
		err = s.clearXlates(&c.Filter)
	case "local-host":
		err = s.clearHost(c.Filter.Local)
	case "conn":
		err = s.engine.ClearConns()
	case "uauth":
		err = s.engine.ClearUsers(c.ID)
	case "isakmp sa", "ipsec sa", "crypto sa", "ipsec sa counters":
		err = s.clearSAs(c)
	case "counters":
		acl := compiler.None
		if c.ID != "" {
			if acl = s.engine.Plan().ACLByID(c.ID); acl == compiler.None {
				return refusef("ERROR: access-list <%s> does not exist", c.ID)
			}
		}
		err = s.engine.ClearHitCounts(acl)
	case "conduit counters":
		err = s.engine.ClearHitCounts(compiler.ConduitList)
	case "logging":
		s.book.clear()
	case "logging disabled":
		return s.enableMessages()
	}
	if err != nil {
		return refused("ERROR: " + err.Error())
	}
	return nil
}

// clearXlates deletes translations. The engine takes single addresses; ranges and nets are cleared one translation at a
// time.
func (s *Session) clearXlates(f *ast.StateFilter) error {
	plan := s.engine.Plan()
	for _, name := range f.Ifs {
		if plan.IfByName(name) == compiler.None {
			return refusef("interface name \"%s\" not found", name)
		}
	}
	one := func(sp ast.Span) bool {
		return sp.IsZero() || sp.First == sp.Last && (sp.Mask == 0 || sp.Mask == ast.AllOnes)
	}
	if one(f.Global) && one(f.Local) && len(f.Ports) == 0 && len(f.States) == 0 && len(f.Ifs) <= 1 {
		filter := runtime.XlateFilter{Mapped: f.Global.First, Real: f.Local.First}
		if len(f.Ifs) == 1 {
			filter.If = f.Ifs[0]
		}
		return s.engine.ClearXlates(filter)
	}
	for _, x := range s.engine.Xlates().Xlates {
		if !x.Static && matchXlate(plan, &x, f) {
			if err := s.engine.ClearXlates(runtime.XlateFilter{Mapped: x.Mapped, Real: x.Real}); err != nil {
				return err
			}
		}
	}
	return nil
}

// clearHost ends all that a host has; the zero span: all hosts.
func (s *Session) clearHost(host ast.Span) error {
	if host.IsZero() {
		if err := s.engine.ClearXlates(runtime.XlateFilter{}); err != nil {
			return err
		}
		return s.engine.ClearConns()
	}
	engine, ok := s.engine.(runtime.HostClearer)
	if !ok {
		return runtime.ErrUnsupported
	}
	return engine.ClearHost(host.First)
}

func (s *Session) packetTracer(c *ast.PacketTracer) (string, error) {
	t, err := s.trace(c)
	if err != nil {
		return "", err
	}
	return t.Text(), nil
}

// rsaKey keeps no key: whoever serves SSH has its own. The box says what it says, and takes no time for it.
func (s *Session) rsaKey(c *ast.RSAKey) (string, error) {
	if s.level < 15 {
		return "", refused(textUnprivilege)
	}
	if c.Do == "generate" && c.Modulus >= 1024 {
		return textKeyTime, nil
	}
	return "", nil
}
