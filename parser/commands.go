package parser

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"pixfw/ast"
	"pixfw/parser/syntax"
)

// command is one entry of the table that everything else is made from: dispatch, `?`, the documentation.
type command struct {
	keyword string // leading words
	usage   []string
	help    string
	example []string // canonical lines
	set, no *form
	also    []string // other leading words of the same grammars
}

// CommandInfo is what the table says about one command.
type CommandInfo struct {
	Keyword string     // leading words, such as "access-list" or "crypto map"
	Syntax  []string   // usage lines
	Help    string     // one line
	Example []string   // canonical lines, which print as they are read
	Default string     // what holds while no such line was typed
	Verbs   []ast.Verb // which forms there are
	EBNF    []string   // of the plain form, then of the `no` form
}

// table is every configuration command, in alphabetical order of its keyword.
var table = slices.SortedFunc(slices.Values(slices.Concat(serviceCommands, routingCommands, modeCommands, systemCommands, addressCommands, aclCommands, managementCommands, vpnCommands, objectCommands, legacyCommands, firewallCommands)),
	func(a, b *command) int { return strings.Compare(a.keyword, b.keyword) })

var clearForm = newForm[clearGrammar]()

// forms is the dispatch: leading words to grammars, for lines with and without no. Families of several commands are found
// by their first two words, all others by the first.
var forms = func() map[string]*command {
	m := map[string]*command{}
	for _, c := range table {
		for _, k := range append([]string{c.keyword}, c.also...) {
			m[k] = c
		}
	}
	return m
}()

// lookup finds the command that the words begin, which follow no; nil if there is none.
func lookup(first, second string) *command {
	first = strings.ToLower(first)
	if c := forms[first]; c != nil {
		return c
	}
	return forms[first+" "+strings.ToLower(second)]
}

// Commands describes every configuration command in alphabetical order.
func Commands() []CommandInfo {
	out := make([]CommandInfo, 0, len(table))
	for _, c := range table {
		info := CommandInfo{Keyword: c.keyword, Syntax: slices.Clone(c.usage), Help: c.help, Example: slices.Clone(c.example), Default: defaults[c.keyword],
			Verbs: []ast.Verb{ast.Set}, EBNF: []string{c.set.ebnf()}}
		if c.no != nil {
			info.Verbs = append(info.Verbs, ast.No)
			info.EBNF = append(info.EBNF, c.no.ebnf())
		}
		if _, ok := cleared[c.keyword]; ok {
			info.Verbs = append(info.Verbs, ast.Clear)
		}
		out = append(out, info)
	}
	return out
}

// cleared is the commands that `clear` takes whole.
var cleared = func() map[string]bool {
	m := map[string]bool{}
	for k := range strings.FieldsSeq(`access-group global nat static route fixup timeout names name icmp failover aaa http snmp-server
		floodguard sysopt isakmp telnet ssh pager passwd pdm access-list aaa-server vpngroup
		object-group conduit outbound apply established alias fragment service shun mtu hostname domain-name console terminal`) {
		m[k] = true
	}
	for _, k := range vpnCleared {
		m[k] = true
	}
	for _, k := range serviceCleared {
		m[k] = true
	}
	for _, k := range []string{"enable password", "ip address", "ip audit", "ip verify", "ip local", "crypto ipsec", "crypto map", "crypto dynamic-map"} {
		m[k] = true
	}
	return m
}()

// Grammars is the EBNF of all configuration commands, for package syntax. The console adds its own commands.
func Grammars() []syntax.Grammar {
	base := maps.Clone(routingHelp)
	maps.Copy(base, serviceHelp)
	maps.Copy(base, firewallHelp)
	maps.Copy(base, vpnHelp)
	maps.Copy(base, keywordHelp)
	for _, c := range table { // families that clear takes, too
		if first, _, many := cut(c.keyword); !many && base[first] == "" {
			base[first] = c.help
		}
	}
	var out []syntax.Grammar
	for _, c := range table {
		f := strings.Fields(c.keyword)
		own := map[string]string{f[len(f)-1]: c.help}
		out = append(out, syntax.Grammar{EBNF: c.set.ebnf(), Help: base, Own: own})
		if c.no != nil {
			out = append(out, syntax.Grammar{EBNF: c.no.ebnf(), Help: base, Own: own})
		}
	}
	return append(out, syntax.Grammar{EBNF: clearForm.ebnf(), Help: base})
}

// Classes is the leaves of Grammars. The map is new each time: who knows live state, such as the interfaces or the names of
// addresses (class ipAddr), may put a wider or narrower Match in.
func Classes() map[string]syntax.Class {
	m := maps.Clone(twins())
	for _, l := range leaves {
		m[l.name] = syntax.Class{Placeholder: l.placeholder, Help: l.help, Match: l.match, Rest: l.rest, Loose: l.loose, Words: l.words}
	}
	return m
}

// automaton is the union of all grammars. It is for messages only and made on the first error.
var automaton = sync.OnceValue(func() *syntax.Automaton {
	a, err := syntax.New(Grammars(), Classes())
	if err != nil {
		// The grammars are constants of the program, and a test makes this.
		panic(err)
	}
	return a
})
