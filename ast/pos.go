package ast

import "strconv"

// Pos is a place in a configuration: line and column count from 1, columns in characters. The zero Pos is no place:
// the command was typed at the console.
type Pos struct {
	Line int32 `json:"line"`
	Col  int32 `json:"column"`
}

// IsValid reports whether p is a place in a file.
func (p Pos) IsValid() bool { return p.Line > 0 }

// Position lets a struct that embeds Pos be a [Command].
func (p Pos) Position() Pos { return p }

// Before reports whether p comes before q in the same file.
func (p Pos) Before(q Pos) bool {
	return p.Line < q.Line || p.Line == q.Line && p.Col < q.Col
}

func (p Pos) String() string {
	if !p.IsValid() {
		return "-"
	}
	return strconv.Itoa(int(p.Line)) + ":" + strconv.Itoa(int(p.Col))
}
