package shell

import (
	"fmt"
	"io"
	"strings"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
	"pixfw/runtime/emulator"
	"pixfw/runtime/syslog"
)

// A Mode is where a session stands (commands-firewall.md section 1.1).
type Mode uint8

// The modes.
const (
	User       Mode = iota // pixfirewall>
	Privileged             // pixfirewall#
	Config                 // pixfirewall(config)#
)

// Options of a session. The zero Options are a factory-fresh box on the emulator, at the wall clock.
type Options struct {
	Engine  runtime.Engine // nil: a new emulator
	Clock   runtime.Clock  // nil: the clock of the host
	Name    string         // of the configuration file
	Text    []byte         // the configuration; nil, without Config: factory defaults
	Config  *ast.Config    // a loaded configuration, in place of Text
	Secrets *Secrets       // real values of masked keys; never shown
	Start   Mode           // the mode to start in
	// Save keeps what `write memory` writes; nil: kept for the time of the session.
	Save func(text string) error
	// Log takes the messages about what is typed, such as 111008, for the subscribers of the engine. It must not call the session. nil:
	// they go no further than the buffer of `show logging`.
	Log func(runtime.Message)
	// Syslog carries messages to servers; nil: nothing does.
	Syslog Syslog
	// Health tells how the host is; nil: `show cpu usage` and its like say that nobody knows.
	Health Health
	// Users asks servers for those who come to privileged mode or to the serial console; nil: lines of AAA that name servers do not
	// count on consoles.
	Users Users
	// Record gets what is typed and printed, without passwords; nil: nobody.
	Record io.Writer
}

// Session is one console of a box. It is not safe for concurrent use, but several consoles of one box are: see Another.
type Session struct {
	*chassis
	lang   *language
	record io.Writer

	mode    Mode
	group   parser.Group // the object group whose members are typed; the zero Group: none
	sub     string       // the sub-mode of router ospf and its kin; empty: none
	level   int
	user    string
	asking  *question
	gated   bool   // a console that asks for a user, where the configuration says so
	gate    func() // asks for a user before anything else is done; nil: he is known, or need not be
	from    ast.IP // of somebody who has come over the network
	visit   *Visit // of him; nil: on the console of the box itself
	number  int    // of his visit
	named   string // a user who has logged in by his name, and has not been told to have left
	history []string
	monitor *monitor // where debug output is shown; nil: nowhere
	debugs  map[string]debugging
}

// historyLimit is how many lines `show history` keeps.
const historyLimit = 20

// longestCommand is the longest line that a PIX reads (commands-firewall.md section 1.2).
const longestCommand = 512

// New makes a session. A configuration with errors is loaded all the same, as a PIX does at boot: each error is in the
// diagnostics, and the lines in error are left out; what the engine says of the others stands behind. The error is for a configuration that the engine cannot take.
func New(o Options) (*Session, ast.Diagnostics, error) {
	c := &chassis{engine: o.Engine, clock: o.Clock, secrets: o.Secrets, save: o.Save, log: o.Log, users: o.Users, running: o.Config,
		book: &logbook{}, syslog: o.Syslog, health: o.Health}
	s := &Session{chassis: c, record: o.Record}
	if s.clock == nil {
		s.clock = runtime.WallClock{}
	}
	if s.engine == nil {
		s.engine = emulator.New(s.clock)
	}
	s.perf = newPerfmeter(s.clock)
	s.lang = theLanguage()
	var diags ast.Diagnostics
	switch {
	case s.running != nil:
		s.running = s.running.Clone()
	case o.Text != nil:
		s.running, _, diags = parser.Load(o.Name, o.Text)
	default:
		s.running = ast.Factory()
	}
	plan, found := compiler.Compile(s.secrets.overlay(s.running))
	diags = append(diags, found...)
	diags.Sort()
	if plan == nil {
		if err := diags.Err(); err != nil {
			return nil, diags, err
		}
		return nil, diags, refused("the configuration cannot be compiled")
	}
	served, err := s.engine.Apply(plan)
	diags = append(diags, served...)
	if err != nil {
		return nil, diags, err
	}
	// The box lives as long as its engine: nobody takes the subscription back.
	s.engine.Subscribe(s.book.add)
	s.engine.Subscribe(s.perf.add)
	s.book.apply(&plan.Logging)
	s.unserved(served)
	s.known = errorsOf(found)
	s.startup = s.running.String()
	s.booted = s.clock.Now()
	s.enter(o.Start)
	s.lines(plan)
	s.started()
	return s, diags, nil
}

func (s *Session) enter(m Mode) {
	s.mode, s.level, s.user = m, 15, "enable_15"
	if m == User {
		s.level, s.user = 1, "enable_1"
	}
}

// Welcome is what the console prints before its first prompt.
func (s *Session) Welcome() string { return textWelcome + "\n" }

// Prompt is what stands before the next line.
func (s *Session) Prompt() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prompt()
}

func (s *Session) prompt() string {
	if s.asking != nil {
		return s.asking.prompt
	}
	return s.hostname() + [...]string{"> ", "# ", "(config" + s.subMode() + ")# "}[s.mode]
}

// subMode is what the prompt says of a sub-mode of configuration (commands-firewall.md section 1.1).
func (s *Session) subMode() string {
	switch {
	case s.group.Name != "":
		return "-" + s.group.Type
	case s.sub == "":
		return ""
	}
	for _, m := range [][2]string{{"router ", "-router"}, {"routing ", "-routing"}, {"route-map ", "-route-map"}, {"multicast ", "-multicast"}} {
		if strings.HasPrefix(s.sub, m[0]) {
			return m[1]
		}
	}
	return ""
}

// leaveSub ends a sub-mode. It reports whether one was open.
func (s *Session) leaveSub() bool {
	open := s.group.Name != "" || s.sub != ""
	s.group, s.sub = parser.Group{}, ""
	return open
}

// Hidden reports that the next line is a password, not to be shown while it is typed.
func (s *Session) Hidden() bool { return s.asking != nil && s.asking.hidden }

// Asking reports that the next line is the answer to a question, no command.
func (s *Session) Asking() bool { return s.asking != nil }

// Mode is where the session stands.
func (s *Session) Mode() Mode { return s.mode }

// Running is the running configuration. Not to be changed.
func (s *Session) Running() *ast.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

// Engine is the firewall behind the console.
func (s *Session) Engine() runtime.Engine { return s.engine }

// PagerLines is the height of the pager as configured; 0: no pager.
func (s *Session) PagerLines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := ast.First[*ast.Pager](s.running, nil); ok && bool(p.On) {
		return p.Lines
	}
	return 0
}

func (s *Session) hostname() string {
	if h, ok := ast.First[*ast.Hostname](s.running, nil); ok && h.Name != "" {
		return h.Name
	}
	return "pixfirewall"
}

// Result is what came of a line.
type Result struct {
	Output string // each line with its end
	Failed bool   // not understood, or refused: nothing has changed
	More   bool   // the session goes on
}

// Line types one line and gives what the console prints, and whether the session goes on.
func (s *Session) Line(text string) (out string, more bool) {
	r := s.Do(text)
	return r.Output, r.More
}

// Do types one line.
func (s *Session) Do(text string) Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	prompt, typed := s.prompt(), text
	if s.Hidden() {
		typed = ""
	}
	r := s.do(text)
	if s.record != nil {
		// A record that cannot be written must not stop the console.
		_, _ = fmt.Fprintf(s.record, "%s%s\n%s", prompt, strings.TrimRight(typed, "\r\n"), r.Output)
	}
	return r
}

func (s *Session) do(text string) Result {
	text = strings.TrimRight(text, "\r\n")
	if q := s.asking; q != nil {
		s.asking = nil
		return s.result(q.answer(text))
	}
	text = strings.TrimSpace(strings.Map(printable, text))
	if text == "" || text[0] == ':' || text[0] == '!' {
		return Result{More: true}
	}
	// Control-Z, as a word of its own on a pipe.
	if text == "^Z" {
		s.LeaveConfig()
		return Result{More: true}
	}
	if len(text) > longestCommand {
		return s.result("", refused(textTooLong))
	}
	s.remember(text)
	if strings.HasSuffix(text, "?") && !s.inText(strings.TrimSuffix(text, "?")) {
		return Result{Output: s.help(strings.TrimSuffix(text, "?")), More: true}
	}
	return s.result(s.run(text))
}

// LeaveConfig is Control-Z: out of configuration mode.
func (s *Session) LeaveConfig() {
	if s.mode == Config {
		s.leaveSub()
		s.mode = Privileged
		s.tell(111005, s.where())
	}
}

// printable drops what no line holds. A tab is a blank.
func printable(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case r < ' ' || r == 0x7f:
		return -1
	}
	return r
}

func (s *Session) result(out string, err error) Result {
	r := Result{Output: out, More: true}
	if err == errLogoff {
		s.leave()
		return Result{Output: textLogoff + "\n\n"}
	}
	if err != nil {
		r.Failed = true
		r.Output += err.Error()
	}
	if r.Output != "" && !strings.HasSuffix(r.Output, "\n") {
		r.Output += "\n"
	}
	return r
}

func (s *Session) remember(line string) {
	s.history = append(s.history, line)
	if n := len(s.history) - historyLimit; n > 0 {
		s.history = s.history[n:]
	}
}

// errLogoff ends the session.
const errLogoff = refused("logoff")

// run does one command line.
func (s *Session) run(line string) (string, error) {
	line, filter, err := splitFilter(line)
	if err != nil {
		return "", err
	}
	line, words, err := s.expand(line)
	if err != nil {
		return "", err
	}
	if s.mode == User && !s.lang.user().Accepts(words) && s.lang.exec().Accepts(words) {
		// To who may not type it a command is unknown.
		return "", refused(textUnknown)
	}
	if s.mode != Config || s.lang.isExec(words) {
		cmd, diags := parser.ParseExec(line, s.scope())
		if d := firstError(diags); d != nil {
			return "", s.syntaxError(d, words)
		}
		user := s.user
		out, err := s.exec(cmd)
		if err == nil {
			s.executed(user, cmd, line)
		}
		return filter.apply(out), err
	}
	return s.configure(line, words)
}

// executed logs a command that was carried out: 111009 for those that only show, 111008 for others (semantics.md section 8).
func (s *Session) executed(user string, cmd ast.Exec, line string) {
	switch cmd.(type) {
	case *ast.Show, *ast.Help, *ast.PacketTracer:
		s.tell(111009, user, line)
	default:
		s.tell(111008, user, line)
	}
}

// tell sends a message of the box. One that goes to the subscribers of the engine comes to the buffer by that way.
func (s *Session) tell(id int, args ...any) {
	m := syslog.New(id, args...)
	if s.log != nil {
		s.log(m)
	} else {
		s.book.add(m)
	}
}

// started tells of a start. That it begins is told when it has ended, for only then it is known where messages go.
func (s *Session) started() {
	s.tell(199005)
	s.tell(199002)
}

// where is what a message says of the place that somebody types at.
func (s *Session) where() string {
	if s.from != 0 {
		return s.from.String()
	}
	return "console"
}

func firstError(diags ast.Diagnostics) *ast.Diagnostic {
	for _, d := range diags {
		if d.Severity == ast.Error {
			return d
		}
	}
	return nil
}

// scope is what names mean at the moment.
func (s *Session) scope() parser.Scope {
	scope := parser.ScopeOf(s.running)
	scope.Group, scope.Mode = s.group, s.sub
	return scope
}

// BootErrors is what a box prints at boot about the lines of its configuration that it does not take: each line, and what is
// wrong with it.
func BootErrors(diags ast.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		if d.Severity != ast.Error {
			continue
		}
		if d.Source != "" {
			fmt.Fprintf(&b, "%s\n", strings.TrimSpace(d.Source))
		}
		text := refusalText(d)
		if d.Pos.IsValid() {
			text = fmt.Sprintf("%s (line %d)", text, d.Pos.Line)
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}
