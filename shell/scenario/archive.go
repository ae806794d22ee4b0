package scenario

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

// An Archive is one scenario file.
type Archive struct {
	Name    string
	Comment string
	Config  []byte // pix.cfg
	Cases   []Case
}

// A Case is a sequence of statements on a fresh box. The statements before the first `case` are a case without a name.
type Case struct {
	Name, Title string
	Line        int
	Statements  []Statement
}

// Kind is what a statement does.
type Kind uint8

// The kinds of statements.
const (
	Do Kind = iota
	Wait
	Login
	SA
	Client
	Count
	Logged
	Packet
)

// A Statement is one line.
type Statement struct {
	Kind Kind
	Line int
	Text string // as written, without comment

	Command string // do
	Refused bool   // do!
	Wait    time.Duration

	If            string // login, sa, client, packet
	Tunnel        bool   // packet out of the tunnel with Peer
	Peer, Addr    ast.IP
	Group, User   string
	ACL           string // login, client: the access list of the user
	Local, Remote ast.Net

	Table string // count: conn, xlate, uauth
	N     int
	IDs   []int // logged, or `log` of a packet

	Packet runtime.Packet
	Want   Want
}

// marker reports the file name of a txtar marker line.
func marker(line string) (name string, ok bool) {
	line = strings.TrimRight(line, " \t\r\n")
	if !strings.HasPrefix(line, "-- ") || !strings.HasSuffix(line, " --") || len(line) < 7 {
		return "", false
	}
	name = strings.TrimSpace(line[3 : len(line)-3])
	return name, name != ""
}

// Parse reads an archive. The error joins one [Error] for each line that is wrong.
func Parse(name string, data []byte) (*Archive, error) {
	a := &Archive{Name: name}
	var errs []error
	fail := func(line int, text string) { errs = append(errs, &Error{File: name, Line: line, Text: text}) }
	section, seen := "", map[string]bool{}
	var comment, config strings.Builder
	for i, line := range strings.SplitAfter(string(data), "\n") {
		no := i + 1
		if file, ok := marker(line); ok {
			section = file
			switch {
			case file != "pix.cfg" && file != "scenario":
				fail(no, "unknown file "+file+": an archive has pix.cfg and scenario")
			case seen[file]:
				fail(no, "second "+file)
			}
			seen[file] = true
			continue
		}
		switch section {
		case "":
			comment.WriteString(line)
		case "pix.cfg":
			config.WriteString(line)
		case "scenario":
			text := strings.TrimSpace(uncomment(line))
			if err := a.statement(no, text); err != nil {
				e := &Error{File: name, Line: no, Text: err.Error()}
				e.locate(line, text, err)
				errs = append(errs, e)
			}
		}
	}
	a.Comment, a.Config = comment.String(), []byte(config.String())
	for _, file := range []string{"pix.cfg", "scenario"} {
		if !seen[file] {
			fail(1, "no file "+file+" in the archive")
		}
	}
	return a, errors.Join(errs...)
}

func (a *Archive) statement(no int, text string) error {
	if text == "" {
		return nil
	}
	word, after, _ := strings.Cut(text, " ")
	rest := strings.TrimSpace(after)
	if word == "case" {
		name, title, _ := strings.Cut(rest, " ")
		if name == "" {
			return errors.New("a case has a name")
		}
		for i := range a.Cases {
			if a.Cases[i].Name == name {
				from := len(text) - len(rest)
				return at(from, from+len(name), fmt.Errorf("second case %s, the first is at line %d", name, a.Cases[i].Line))
			}
		}
		a.Cases = append(a.Cases, Case{Name: name, Title: strings.TrimSpace(title), Line: no})
		return nil
	}
	if len(a.Cases) == 0 {
		a.Cases = append(a.Cases, Case{Line: no})
	}
	c := &a.Cases[len(a.Cases)-1]
	s, err := parseStatement(word, rest, text)
	if err != nil {
		return err
	}
	if s.Kind == Logged && len(c.Statements) == 0 {
		return errors.New("logged stands after the statement that it is about")
	}
	s.Line, s.Text = no, text
	c.Statements = append(c.Statements, *s)
	return nil
}

// uncomment cuts a comment off: # at the start of the line or after a blank, outside of a quoted text.
func uncomment(line string) string {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch ch := line[i]; {
		case quoted && ch == '\\':
			i++
		case ch == '"':
			quoted = !quoted
		case ch == '#' && !quoted && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return line[:i]
		}
	}
	return line
}
