package repair

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"pixfw/ast"
)

// maxAlike bounds how many commands of one kind are held against each other.
// Beyond it only commands are that begin with the same words, and of these the
// last.
const (
	maxAlike = 512
	maxSame  = 64
)

// conflicts finds the settings that the configuration makes twice and not to
// the same value, keeps the first of each, and marks it.
//
// On a PIX the last would win. But whoever types both of a page's alternatives,
// as in "use either of these", has made no decision: that is for a person.
func (b *builder) conflicts() {
	many := map[reflect.Type]int{}
	for _, l := range b.r.lines {
		if l.command != nil {
			many[reflect.TypeOf(l.command.Stmt.Cmd)]++
		}
	}
	alike := map[string][]*Found{} // by form
	marks := map[*Found][]line{}
	gone := map[*Found]bool{}
	for _, l := range b.r.lines {
		f := l.command
		if f == nil {
			continue
		}
		cmd := f.Stmt.Cmd
		t, most := reflect.TypeOf(cmd), maxAlike
		form := t.String()
		if many[t] > maxAlike {
			words := strings.Fields(ast.Text(cmd))
			form += " " + strings.Join(words[:min(len(words), 4)], " ")
			most = maxSame
		}
		if !settles(f.Stmt) {
			delete(alike, form) // what was set before may be gone
			continue
		}
		if !ast.SameSetting(cmd, cmd) {
			continue // an entry of a list
		}
		list := alike[form]
		k := slices.IndexFunc(list, func(g *Found) bool { return contradict(g.Stmt, f.Stmt) })
		if k >= 0 {
			marks[list[k]] = append(marks[list[k]], b.conflict(list[k], f))
			gone[f] = true
			continue
		}
		if list = append(list, f); len(list) > most {
			list = list[1:]
		}
		alike[form] = list
	}
	if len(gone) == 0 {
		return
	}
	var lines []line
	for _, l := range b.r.lines {
		if !gone[l.command] {
			lines = append(append(lines, l), marks[l.command]...)
		}
	}
	b.r.lines = lines
}

// settles reports whether the statement gives a setting its value: a plain
// command, or the "no" of a setting that is then stored switched off.
func settles(s ast.Statement) bool {
	return s.Verb == ast.Set || s.Verb == ast.No && strings.HasPrefix(ast.Text(s.Cmd), "no ")
}

// contradict reports whether two commands set the same thing to two values.
func contradict(a, b ast.Statement) bool {
	if !ast.SameSetting(a.Cmd, b.Cmd) || a.Text() == b.Text() {
		return false
	}
	x, ok := a.Cmd.(*ast.Timeout)
	y, ok2 := b.Cmd.(*ast.Timeout)
	if !ok || !ok2 {
		return true
	}
	// One line sets several timers, and lines of different ones add up.
	for _, s := range x.Timers {
		for _, t := range y.Timers {
			if s.Name == t.Name && s.Kind == t.Kind && s.Time != t.Time {
				return true
			}
		}
	}
	return false
}

// conflict reports a conflict and returns the comment line that marks it.
func (b *builder) conflict(kept, other *Found) line {
	c := Conflict{
		Pos: other.Pos, Kept: *kept, Other: *other, Or: b.or(kept.end, other.start),
		Message: fmt.Sprintf("%q contradicts %q of line %d", short(other.Text), short(kept.Text), kept.Pos.Line),
	}
	if c.Or {
		c.Message += `; the text says "or"`
	}
	b.r.Conflicts = append(b.r.Conflicts, c)
	d := b.diag(ast.Error, codeConflict, ast.Damage, other.start, other.end, c.Message,
		"the first was kept; decide which it should be, and take the comment line out")
	d.Notes = []ast.Note{{Pos: kept.Pos, Message: "the command that was kept"}}
	return line{text: fmt.Sprintf(": conflict: the text also has, on its line %d: %s", other.Pos.Line, other.Text), mark: true}
}

// or reports whether the word stands between two places that are not far apart.
func (b *builder) or(from, to int) bool {
	return from < to && to-from < 1000 && slices.ContainsFunc(strings.Fields(b.text[from:to]), func(w string) bool {
		return strings.EqualFold(w, "or")
	})
}
