package parser

import (
	"strings"

	"pixfw/ast"
	"pixfw/parser/syntax"
)

// prompt is the length of the prompt that a line begins with: "pix#", "pix(config)#", "pix>".
func prompt(text string) (int, bool) {
	at := len(text) - len(strings.TrimLeft(text, " \t"))
	for i := at; i < len(text) && i < at+80; i++ {
		switch c := text[i]; {
		case c == '#' && i > at:
			return i + 1, true
		case c == '>' && i > at:
			return i + 1, i+1 == len(text) || blank(text[i+1])
		case c == '(' && i > at:
			end := strings.Index(text[i:], ")#")
			if end < 0 || end > 30 {
				return 0, false
			}
			return i + end + 2, strings.Trim(strings.ToLower(text[i+1:i+end]), "abcdefghijklmnopqrstuvwxyz-") == ""
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		case (c == '-' || c == '.' || c == '_' || c == '/') && i > at:
		default:
			return 0, false
		}
	}
	return 0, false
}

// prompted takes a line that begins with a prompt: what was typed there is a session command, or one of the configuration.
func (p *fileParser) prompted(l *Line, text string) bool {
	n, ok := prompt(text)
	if !ok {
		return false
	}
	p.output = ""
	p.ended = false
	rest := text[n:]
	t := trim(rest)
	if t == "" {
		l.Kind = Frame
		return true
	}
	// The prompt becomes blanks, so that columns stay.
	line := strings.Repeat(" ", chars(text[:n])) + rest
	if p.cur == nil {
		p.cur = &logical{text: text, parts: []part{{no: l.No, raw: text}}}
	}
	if t[0] == ':' || t[0] == '!' {
		l.Kind = Comment
		return true
	}
	if s, ok := p.tried(line, l.No); ok {
		l.Kind, l.Stmt = Command, s
		if x, ok := notKept(s); ok {
			p.add(l.No, line, x)
		}
		p.scope.Learn(s)
		return true
	}
	if p.session(l, line, t) {
		p.typed(t)
		return true
	}
	p.command(l, line, t)
	return true
}

// typed notes a command whose output follows, which is no configuration.
func (p *fileParser) typed(t string) {
	w := strings.Fields(strings.ToLower(t))
	what := ""
	if len(w) > 1 {
		what = w[1]
	}
	switch {
	case strings.HasPrefix("show", w[0]) && len(w[0]) > 1:
		// show running-config and show configure and their abbreviations
		if !strings.HasPrefix("running-config", what) && !strings.HasPrefix("configure", what) && !strings.HasPrefix("startup-config", what) || what == "c" {
			p.output = t
		}
	case strings.HasPrefix("write", w[0]), strings.HasPrefix("configure", w[0]), strings.HasPrefix("enable", w[0]), len(w) == 1:
	default:
		p.output = t
	}
}

// sessions are commands of a session, which change no configuration: the shortest forms of their first two words, and
// what these are short for. A * stands for the rest of the line, also none.
var sessions = [][2]string{
	{"conf", "configure"}, {"wr", "write"}, {"exi", "exit"}, {"end", "end"}, {"q", "quit"}, {"ena", "enable"}, {"disa", "disable"},
	{"logo", "logout"}, {"logi", "login"}, {"rel", "reload"}, {"sh", "show"}, {"pin", "ping"}, {"cop", "copy"}, {"deb", "debug"},
	{"und", "undebug"}, {"traceroute", "traceroute"}, {"who", "who"}, {"kill", "kill"}, {"help", "help"}, {"packet-tracer", "packet-tracer"}, {"?", "?"}, {"more", "more"}, {"dir", "dir"},
}

// sessionArgs is what may stand behind the short ones, which in a configuration might be something else.
var sessionArgs = map[string]string{
	"configure": " terminal floppy memory network factory-default http ", "write": " terminal memory erase floppy network standby ",
	"exit": " ", "end": " ", "quit": " ", "disable": " ", "logout": " ", "login": " ", "who": " ", "?": " ", "enable": " ",
}

// sessionClears is what clear takes that is no configuration: state and counters.
const sessionClears = " xlate arp local-host uauth counters conn traffic blocks shun crashinfo ospf pdm-history "

// session takes a command of a session, which has no effect on the configuration.
func (p *fileParser) session(l *Line, text, t string) bool {
	w := strings.Fields(strings.ToLower(t))
	if !isSession(w) {
		return false
	}
	l.Kind = Frame
	p.scope.Group, p.scope.Mode = Group{}, ""
	col := 1 + chars(text[:len(text)-len(strings.TrimLeft(text, " \t"))])
	p.note("session", l, finding{code: codeSession, severity: ast.Info, col: col, end: col + chars(t), badValue: badValue{kind: ast.Lint,
		message: quote(t) + " is a command of a session: it changes nothing in the configuration"}})
	return true
}

func isSession(w []string) bool {
	if len(w) == 0 {
		return false
	}
	if w[0] == "no" && len(w) > 1 {
		return isSession(w[1:]) && strings.HasPrefix("debug", w[1])
	}
	if w[0] == "clear" || w[0] == "cl" {
		return len(w) > 1 && strings.Contains(sessionClears, " "+w[1]+" ") || len(w) > 2 && (w[1] == "crypto" || w[1] == "isakmp") && w[len(w)-1] == "sa"
	}
	if w[0] == "ca" {
		return len(w) > 2 && (w[1] == "generate" || w[1] == "zeroize" || w[1] == "save")
	}
	if w[0] == "terminal" || w[0] == "term" {
		return len(w) > 1 && (strings.HasPrefix(w[1], "mon") || strings.HasPrefix(w[1], "pag") || strings.HasPrefix(w[1], "len"))
	}
	for _, s := range sessions {
		if !strings.HasPrefix(w[0], s[0]) || !strings.HasPrefix(s[1], w[0]) {
			continue
		}
		args, bound := sessionArgs[s[1]]
		switch {
		case !bound || len(w) == 1:
			return true
		case s[1] == "enable":
			n, ok := decimal(w[1])
			return ok && n < 16
		}
		return strings.Contains(args, " "+w[1])
	}
	return false
}

// surroundings takes a line around the configuration or in it that is none of it: the banner of a page, its footer, the
// output of another command, a heading. It begins with no word that begins a command, nor anything like one.
func (p *fileParser) surroundings(l *Line, text, t string) bool {
	x := finding{severity: ast.Info, col: 1 + chars(text[:len(text)-len(strings.TrimLeft(text, " \t"))]), badValue: badValue{kind: ast.Damage}}
	x.end = x.col + chars(t)
	if p.output != "" {
		x.code, x.message = codeOutput, "the output of "+quote(p.output)+" is left out"
		l.Kind = Frame
		p.note("output "+p.output, l, x)
		return true
	}
	x.code = codeText
	switch {
	case p.starts(t):
		return false
	case p.capture.head > int(l.No-1):
		x.message = "text before the configuration is left out"
	case p.ended:
		x.message = "text behind the configuration is left out"
	case strings.IndexByte("-*=~_<", t[0]) >= 0 || strings.HasPrefix(t, "```") || strings.HasPrefix(t, "\u2022") || strings.HasPrefix(t, "\u00b7"):
		if syntax.Suggest(firstWord(t), leading()) != "" {
			return false
		}
		x.message = "text that is no command is left out"
	case strings.EqualFold(t, "Password:"):
		l.Kind = Frame
		return true
	default:
		return false
	}
	l.Kind = Frame
	p.note(x.message, l, x)
	return true
}

func leading() []syntax.Next {
	_, next := automaton().Walk(nil)
	return next
}
