package shell

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"pixfw/ast"
	"pixfw/parser"
	"pixfw/parser/syntax"
)

// language is what may be typed: one automaton a mode. They are made from the parser's grammars and never change. Each is made
// when it is first asked for: the one of a whole configuration takes some milliseconds.
type language struct {
	user, exec, config func() *syntax.Automaton
	conf               func() *syntax.Automaton // configuration commands alone
}

// theLanguage is made once a process. The automatons are made behind the back of whoever reads the banner.
var theLanguage = sync.OnceValue(func() *language {
	l := newLanguage()
	go func() {
		for _, a := range [...]func() *syntax.Automaton{l.user, l.exec, l.config, l.conf} {
			a()
		}
	}()
	return l
})

func newLanguage() *language {
	classes := parser.Classes()
	for name, c := range parser.ExecClasses() {
		classes[name] = c
	}
	of := func(families ...func() []syntax.Grammar) func() *syntax.Automaton {
		return sync.OnceValue(func() *syntax.Automaton {
			var grammars []syntax.Grammar
			for _, f := range families {
				grammars = append(grammars, f()...)
			}
			a, err := syntax.New(grammars, classes)
			if err != nil {
				// The grammars are constants of the program, and a test makes each.
				panic(err)
			}
			return a
		})
	}
	return &language{user: of(parser.UserGrammars), exec: of(parser.ExecGrammars), conf: of(parser.Grammars), config: of(parser.ExecGrammars, parser.Grammars)}
}

func (l *language) of(m Mode) *syntax.Automaton {
	return [...]func() *syntax.Automaton{l.user, l.exec, l.config}[m]()
}

// isExec reports whether whole words are an exec command rather than a line of configuration: what both automatons can
// begin belongs to the one that understands more of it.
func (l *language) isExec(words []string) bool {
	exec, conf := l.exec(), l.conf()
	if exec.Accepts(words) {
		return true
	}
	if conf.Accepts(words) {
		return false
	}
	return exec.Reach(words) > conf.Reach(words)
}

// expand replaces the abbreviations of a line, and gives its words. Where a word cannot be right the words before it are
// expanded and the rest stays as typed: the parser says what is wrong with it.
func (s *Session) expand(line string) (string, []string, error) {
	at := splitWords(line)
	words, _, err := s.expandWords(texts(at))
	var unknown *syntax.UnknownError
	if errors.As(err, &unknown) && unknown.Index > 0 {
		words, _, err = s.expandWords(texts(at[:unknown.Index]))
		words = append(slices.Clip(words), texts(at[unknown.Index:])...)
	}
	var amb *syntax.AmbiguousError
	switch {
	case err == nil:
		return replaceWords(line, at, words), words, nil
	case errors.As(err, &amb):
		return "", nil, ambiguous(amb)
	case s.mode == Config && err != nil:
		// The parser knows which words are commands of a PIX that are not supported here.
		return line, texts(at), nil
	}
	return "", nil, refused(textUnknown)
}

// expandWords expands words. A name that stands for an address is none to the automaton, which knows no configuration:
// where it stumbles over one the address is tried in its place. shown are the words with the addresses.
func (s *Session) expandWords(typed []string) (words, shown []string, err error) {
	a, names := s.lang.of(s.mode), map[string]ast.IP(nil)
	shown = slices.Clone(typed)
	replaced := map[int]string{}
	for {
		words, err = a.Expand(shown)
		var unknown *syntax.UnknownError
		if !errors.As(err, &unknown) {
			break
		}
		if names == nil {
			names = s.scope().Names
		}
		ip, ok := names[unknown.Word]
		if _, again := replaced[unknown.Index]; !ok || again {
			break
		}
		replaced[unknown.Index] = unknown.Word
		shown[unknown.Index] = ip.String()
	}
	if err != nil {
		return nil, nil, err
	}
	shown = slices.Clone(words)
	for i, name := range replaced {
		words[i] = name
	}
	return words, shown, nil
}

// syntaxError is the answer to a line that the parser does not take.
func (s *Session) syntaxError(d *ast.Diagnostic, words []string) error {
	a := s.lang.of(s.mode)
	n, next := a.Walk(words)
	if (n == 0 || s.mode == User) && d.Kind != ast.Unsupported && d.Kind != ast.MissingArgument {
		if meant := syntax.Suggest(words[0], next); n == 0 && meant != "" && s.mode != User {
			return refused(textUnknown + "\n(did you mean \"" + meant + "\"?)")
		}
		return refused(textUnknown)
	}
	usage := ""
	switch {
	case d.Kind == ast.Unsupported:
	case s.mode == Config && !s.lang.isExec(words):
		usage = usageOf(words)
	case n == len(words) || d.Kind == ast.TrailingJunk || d.Kind == ast.UnknownKeyword:
		usage = usageText(words[:n], next)
	}
	return diagnosticText(d, usage)
}

// usageOf is the usage of the configuration command that the words begin: of its forms those that fit the words best.
func usageOf(words []string) string {
	if len(words) > 1 && (words[0] == "no" || words[0] == "clear") {
		words = words[1:]
	}
	for _, c := range parser.Commands() {
		k := strings.Fields(c.Keyword)
		if len(words) < len(k) || !slices.Equal(words[:len(k)], k) {
			continue
		}
		most, fit := 0, []string(nil)
		for _, form := range c.Syntax {
			n := 0
			for i, w := range strings.Fields(form) {
				if i >= len(words) || !slices.Contains(strings.Split(w, "|"), words[i]) {
					break
				}
				n++
			}
			if n > most {
				most, fit = n, nil
			}
			if n == most {
				fit = append(fit, form)
			}
		}
		if len(fit) > 0 {
			return "Usage:\t" + strings.Join(fit, "\n\t")
		}
	}
	return ""
}
