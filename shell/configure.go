package shell

import (
	"errors"
	"fmt"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
)

// configure does one line of configuration: whole, or not at all.
func (s *Session) configure(line string, words []string) (string, error) {
	scope := s.scope()
	stmt, diags := parser.ParseStatement(line, scope)
	if d := firstError(diags); d != nil {
		return "", s.syntaxError(d, words)
	}
	if stmt.Cmd == nil {
		return "", nil // a comment or a line of the frame
	}
	if done, err := s.shun(stmt); done {
		if err == nil {
			s.tell(111008, s.user, logged(stmt))
		}
		return "", err
	}
	next := s.running.Clone()
	if err := next.Do(stmt); err != nil {
		var r *ast.Refusal
		if errors.As(err, &r) {
			return "", refused(r.Text)
		}
		return "", err
	}
	plan, found := compiler.Compile(s.secrets.overlay(next))
	errs := errorsOf(found)
	for _, d := range found {
		if d.Severity == ast.Error && !s.known[errorKey(d)] {
			return "", refused(refusalText(d))
		}
	}
	if plan == nil {
		return "", refused("ERROR: the configuration cannot be compiled")
	}
	before := s.engine.Plan()
	served, err := s.engine.Apply(plan)
	if err != nil {
		return "", refused("ERROR: " + err.Error())
	}
	out := notice(stmt) + s.overlaps(stmt, next, plan, before) + s.unserved(served)
	s.book.apply(&plan.Logging)
	s.accounts(before, plan)
	s.lines(plan)
	s.running, s.known = next, errs
	scope.Learn(stmt)
	s.group, s.sub = scope.Group, scope.Mode
	s.changed, s.changedBy = s.clock.Now(), s.user
	s.tell(111008, s.user, logged(stmt))
	return out, nil
}

// logged is a line of configuration as it may stand in a log: without its secrets.
func logged(stmt ast.Statement) string { return stmt.TextBy(&ast.Printer{HideSecrets: true}) }

// shun carries out shun, no shun and clear shun, which are of the moment and stand in no configuration. done is false for
// other statements.
func (s *Session) shun(stmt ast.Statement) (done bool, err error) {
	cmd, is := stmt.Cmd.(*ast.Shun)
	cleared, all := stmt.Cmd.(*ast.Cleared)
	all = all && cleared.Name == "shun"
	if !is && !all {
		return false, nil
	}
	engine, ok := s.engine.(runtime.Shunner)
	switch {
	case !ok:
		err = refused("ERROR: " + runtime.ErrUnsupported.Error())
	case all:
		err = engine.ClearShuns()
	case stmt.Verb == ast.No:
		err = engine.NoShun(cmd.Src)
	default:
		what := runtime.Shun{Src: cmd.Src, SrcPort: cmd.SrcPort, DstPort: cmd.DstPort, Proto: cmd.Proto}
		if cmd.Dst != nil {
			what.Dst = *cmd.Dst
		}
		err = engine.Shun(what)
	}
	var r refused
	if err != nil && !errors.As(err, &r) {
		err = refused("ERROR: " + err.Error())
	}
	return true, err
}

// overlaps warns of a static or global that takes addresses of another one. The line is kept (commands-firewall.md section
// 6: the fragments `overlapped/redundant` and `static overlaps`).
func (s *Session) overlaps(stmt ast.Statement, next *ast.Config, plan, before *compiler.Plan) string {
	if stmt.Verb != ast.Set || before == nil {
		return ""
	}
	switch stmt.Cmd.(type) {
	case *ast.Static, *ast.Global:
	default:
		return ""
	}
	const code = "W418"
	had := map[string]bool{}
	for _, d := range compiler.Lint(s.secrets.overlay(s.running), before) {
		had[errorKey(d)] = true
	}
	var b strings.Builder
	for _, d := range compiler.Lint(s.secrets.overlay(next), plan) {
		if d.Code != code || had[errorKey(d)] {
			continue
		}
		if strings.Contains(d.Message, "global") {
			b.WriteString("WARNING: " + d.Message + "\n")
		} else {
			b.WriteString("WARNING: overlapped/redundant: " + d.Message + "\n")
		}
	}
	return b.String()
}

// unserved is what the engine says anew, since the configuration before, of lines that it does otherwise than a PIX or not at
// all. Who types such a line must not take its silence for a yes.
func (s *Session) unserved(found ast.Diagnostics) string {
	var b strings.Builder
	now := map[string]bool{}
	for _, d := range found {
		key := servedKey(d)
		if !s.served[key] && !now[key] {
			line := ""
			if d.Source != "" {
				line = d.Source + ": "
			}
			fmt.Fprintf(&b, "%s: %s%s [%s]\n", strings.ToUpper(d.Severity.String()), line, d.Message, d.Code)
		}
		now[key] = true
	}
	s.served = now
	return b.String()
}

// servedKey names a finding of an engine by the line it is of and what it says.
func servedKey(d *ast.Diagnostic) string { return errorKey(d) + "\n" + d.Source }

// errorsOf are the errors of a compilation, by what they say.
func errorsOf(diags ast.Diagnostics) map[string]bool {
	m := map[string]bool{}
	for _, d := range diags {
		if d.Severity == ast.Error {
			m[errorKey(d)] = true
		}
	}
	return m
}

// errorKey names an error by its words: a line that moves keeps its errors.
func errorKey(d *ast.Diagnostic) string { return d.Code + " " + d.Message }

// notice is what the box says to a line that it took: nothing, but for a few lines (commands-firewall.md section 6).
func notice(stmt ast.Statement) string {
	if stmt.Verb != ast.Set {
		return ""
	}
	switch c := stmt.Cmd.(type) {
	case *ast.Global:
		if !c.Interface && c.First != 0 && (c.Last == c.First || c.Last == 0) {
			return "Global " + c.First.String() + " will be Port Address Translated\n"
		}
	case *ast.Nat:
		if c.ID != 0 || c.ACL != "" || c.Net == nil {
			return ""
		}
		if c.Net.IP == 0 && c.Net.Mask == 0 {
			return "nat 0 0.0.0.0 will be non-translated\n"
		}
		return "nat 0 " + c.Net.IP.String() + " will be identity translated for outbound\n"
	}
	return ""
}
