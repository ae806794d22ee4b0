package parser

import (
	"strings"

	"pixfw/ast"
)

// The exec commands about the box itself: its messages, its health, who is on it.

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
