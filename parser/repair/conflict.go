package repair

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"pixfw/ast"
)

// conflicts finds the settings that the configuration makes twice and not to
// the same value, keeps the first of each, and marks it.
//
// On a PIX the last would win. But whoever types both of a page's alternatives,
// as in "use either of these", has made no decision: that is for a person.
func (b *builder) conflicts() {
	type made struct {
		by    *Found
		value string
	}
	known := map[reflect.Type]map[string]made{} // what commands of one form have set
	marks := map[*Found][]line{}
	gone := map[*Found]bool{}
	for _, l := range b.r.lines {
		f := l.command
		if f == nil {
			continue
		}
		form := reflect.TypeOf(f.Stmt.Cmd)
		if !settles(f.Stmt) {
			delete(known, form) // what was set before may be gone
			continue
		}
		set := settings(f.Stmt)
		var other *Found
		for _, s := range set {
			if m, ok := known[form][s.key]; ok && m.value != s.value {
				other = m.by
				break
			}
		}
		if other != nil {
			marks[other] = append(marks[other], b.conflict(other, f))
			gone[f] = true
			continue
		}
		for _, s := range set {
			if known[form] == nil {
				known[form] = map[string]made{}
			}
			if _, ok := known[form][s.key]; !ok {
				known[form][s.key] = made{f, s.value}
			}
		}
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

// A setting is a value that a command gives to something.
type setting struct{ key, value string }

// settings is what a command sets: nothing if it is an entry of a list. A timeout line sets several timers, and lines of
// different ones add up.
func settings(s ast.Statement) (out []setting) {
	if t, ok := s.Cmd.(*ast.Timeout); ok {
		for _, t := range t.Timers {
			out = append(out, setting{fmt.Sprint(t.Name, " ", t.Kind), t.Time.String()})
		}
		return out
	}
	if key := ast.SettingKey(s.Cmd); key != "" {
		out = append(out, setting{key, s.Text()})
	}
	return out
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
