package parser

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

// The exec commands about the box itself: its messages, its health, who is on it.

type execBox struct {
	Kill     *execSession `parser:"  'kill' @@"`
	SSH      *execSession `parser:"| 'ssh' 'disconnect' @@"`
	Monitor  []string     `parser:"| 'terminal' ( @'monitor' | @'no' @'monitor' )"`
	Reload   []string     `parser:"| @'reload' @'noconfirm'?"`
	Perfmon  string       `parser:"| 'perfmon' ( @( 'quiet' | 'verbose' | 'settings' )"`
	Interval *execSeconds `parser:"  | 'interval' @@ )"`
}

func (x *execBox) toAST() ast.Exec {
	switch {
	case x.Kill != nil:
		return &ast.Kill{Service: "telnet", ID: x.Kill.n()}
	case x.SSH != nil:
		return &ast.Kill{Service: "ssh", ID: x.SSH.n()}
	case len(x.Monitor) > 0:
		return &ast.TerminalMonitor{On: len(x.Monitor) == 1}
	case x.Perfmon != "":
		return &ast.Perfmon{Do: strings.ToLower(x.Perfmon)}
	case x.Interval != nil:
		return &ast.Perfmon{Do: "interval", Seconds: x.Interval.n()}
	}
	return &ast.Reload{NoConfirm: len(x.Reload) > 1}
}

// The leaves of these commands.
type (
	execSession struct{ word }
	execSeconds struct{ word }
)

var (
	leafExecSession = num("execSession", 0, 255, "number of the session, as who or show ssh sessions lists it")
	leafExecSeconds = num("execSeconds", 1, 86400, "seconds of an interval")
)

func (l *execSession) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafExecSession) }
func (l *execSeconds) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafExecSeconds) }

type execShowLog struct {
	Word    string     `parser:"@'logging'"`
	Form    string     `parser:"( @( 'queue' | 'disabled' )"`
	Message string     `parser:"| @'message'"`
	All     string     `parser:"  ( @'all'"`
	ID      *messageID `parser:"  | @@ )? )?"`
}

func (x *execShowLog) toAST() ast.Exec {
	c := &ast.Show{What: "logging", Form: strings.ToLower(x.Form + x.Message), ID: strings.ToLower(x.All)}
	if x.ID != nil {
		c.Number = x.ID.n()
	}
	return c
}
