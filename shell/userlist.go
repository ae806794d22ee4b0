package shell

import (
	"fmt"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
)

// Bounds of an access list that a server sends.
const (
	maxSentEntries = 4096
	maxSentEntry   = 512
)

// ReadList is the runtime.ListReader: it reads the entries that a server has sent as lines of a configuration that has nothing else, so
// that no name in them leads anywhere. One entry that is not understood is the end of the list: what it means to deny must not pass.
func ReadList(name string, entries []string) (*compiler.ACL, error) {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, &runtime.ListFault{Entry: name, Reason: "no name of an access list"}
	}
	if len(entries) > maxSentEntries {
		return nil, &runtime.ListFault{Entry: entries[maxSentEntries], Reason: fmt.Sprintf("there are more than %d entries", maxSentEntries)}
	}
	cfg, seen, want := ast.NewConfig("server"), map[string]bool{}, 0
	for _, e := range entries {
		stmt, err := sentEntry(name, e)
		if err != nil {
			return nil, &runtime.ListFault{Entry: e, Reason: err.Error()}
		}
		if seen[stmt.Text()] {
			continue // of two that are equal the first decides
		}
		seen[stmt.Text()] = true
		want += entriesOf(stmt)
		if err := cfg.Do(stmt); err != nil {
			return nil, &runtime.ListFault{Config: true, Entry: e, Reason: err.Error()}
		}
	}
	if want == 0 {
		return nil, &runtime.ListFault{Empty: true}
	}
	if acl := compiledList(cfg, name); acl != nil && len(acl.Entries) == want {
		return acl, nil
	}
	return nil, configFault(name, entries)
}

// compiledList is the list of a name in a configuration; nil: there is none, or it cannot be compiled.
func compiledList(cfg *ast.Config, name string) *compiler.ACL {
	plan, diags := compiler.Compile(cfg)
	if diags.HasErrors() || plan == nil {
		return nil
	}
	i := plan.ACLByID(name)
	if i == compiler.None {
		return nil
	}
	return &plan.ACLs[i]
}

// entriesOf is how many entries of the compiled list a statement makes.
func entriesOf(stmt ast.Statement) int {
	if _, is := stmt.Cmd.(*ast.AccessList); is {
		return 1
	}
	return 0
}

// sentEntry is one entry as a statement: permit, deny or remark, at the end of the list.
func sentEntry(name, entry string) (ast.Statement, error) {
	switch {
	case len(entry) > maxSentEntry:
		return ast.Statement{}, fmt.Errorf("it is longer than %d octets", maxSentEntry)
	case strings.ContainsFunc(entry, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return ast.Statement{}, fmt.Errorf("it is not one line")
	}
	stmt, diags := parser.ParseStatement("access-list "+name+" "+entry, parser.ScopeOf(ast.NewConfig("server")))
	if err := diags.Err(); err != nil {
		return ast.Statement{}, err
	}
	switch c := stmt.Cmd.(type) {
	case *ast.AccessList:
		if stmt.Verb == ast.Set && c.ID == name && c.Line == 0 {
			return stmt, nil
		}
	case *ast.Remark:
		if stmt.Verb == ast.Set && c.ID == name && c.Line == 0 {
			return stmt, nil
		}
	}
	return ast.Statement{}, fmt.Errorf("it is no entry of an access list")
}

// configFault finds the entry that cannot be carried out.
func configFault(name string, entries []string) error {
	for _, e := range entries {
		cfg := ast.NewConfig("server")
		stmt, err := sentEntry(name, e)
		if err != nil || entriesOf(stmt) == 0 {
			continue
		}
		if err := cfg.Do(stmt); err != nil {
			return &runtime.ListFault{Config: true, Entry: e, Reason: err.Error()}
		}
		if acl := compiledList(cfg, name); acl == nil || len(acl.Entries) != 1 {
			return &runtime.ListFault{Config: true, Entry: e, Reason: "what it names is not there"}
		}
	}
	return &runtime.ListFault{Config: true, Entry: entries[0], Reason: "the list cannot be carried out"}
}
