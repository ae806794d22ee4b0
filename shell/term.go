package shell

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/chzyer/readline"
)

// A Term is what RunTerminal needs of a terminal.
type Term interface {
	io.Writer
	// ReadLine reads a line behind prompt, with editing and history. Control-Z gives "^Z", Control-D io.EOF.
	ReadLine(prompt string) (string, error)
	// ReadSecret reads a line without showing it.
	ReadSecret(prompt string) (string, error)
	// ReadKey reads one key.
	ReadKey() (rune, error)
	// Show prints whole lines from another goroutine, above a line that is being typed.
	Show(text string) error
}

// ErrInterrupt is ReadLine's error for Control-C: the line is given up.
var ErrInterrupt = errors.New("interrupted")

// RunTerminal holds a session on a terminal until it ends. Whatever is longer than the pager goes through it.
func RunTerminal(s *Session, t Term) error {
	_, err := RunTerminalEOF(s, t)
	return err
}

// RunTerminalEOF is RunTerminal which tells whether the session has been left by Control-D, rather than by a command.
func RunTerminalEOF(s *Session, t Term) (eof bool, err error) {
	defer s.Monitor(func(text string) { _ = t.Show(text) })() // a terminal that is gone ends the session by itself
	fmt.Fprint(t, s.Welcome())
	for {
		read := t.ReadLine
		if s.Hidden() {
			read = t.ReadSecret
		}
		line, err := read(s.Prompt())
		switch {
		case errors.Is(err, ErrInterrupt):
			s.unask()
			continue
		case errors.Is(err, io.EOF):
			return true, nil
		case err != nil:
			return false, err
		}
		out, more := s.Line(line)
		if err := page(t, out, s.PagerLines()); err != nil {
			return false, err
		}
		if !more {
			return false, nil
		}
	}
}

// page shows output, screen by screen.
func page(t Term, out string, lines int) error {
	p := Pager{Lines: lines}
	_, err := io.WriteString(t, p.Start(out))
	for err == nil && p.Waiting() {
		if _, err = io.WriteString(t, p.Prompt()); err != nil {
			return err
		}
		var key rune
		if key, err = t.ReadKey(); err != nil {
			return err
		}
		_, err = io.WriteString(t, "\r"+strings.Repeat(" ", len(textMore))+"\r"+p.Key(key))
	}
	return err
}

// RunPipe reads commands from a pipe, and prints what a terminal would show: prompts, no echo, no pager.
func RunPipe(s *Session, in io.Reader, out io.Writer) error {
	out = &shared{w: out}
	defer s.Monitor(func(text string) { _, _ = io.WriteString(out, text) })() // a pipe that is gone ends the session by itself
	if _, err := io.WriteString(out, s.Welcome()); err != nil {
		return err
	}
	lines := newLineReader(in)
	for {
		if _, err := io.WriteString(out, s.Prompt()); err != nil {
			return err
		}
		line, err := lines.next()
		// The end of the line that would have been echoed.
		if _, err := io.WriteString(out, "\n"); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		text, more := s.Line(line)
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
		if !more {
			return nil
		}
	}
}

// shared is a writer that several goroutines write to.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// terminal is a Term with an editor behind it.
type terminal struct {
	rl   *readline.Instance
	keys *keyReader
	out  io.Writer
	far  farEnd
}

// farEnd is the terminal that somebody sits at.
type farEnd interface {
	raw() error    // each key comes at once, none is shown
	cooked() error // as it was
	width() int    // in columns
}

// tty is a terminal of this host.
type tty struct {
	fd    int
	state *readline.State // before raw mode; nil: not in raw mode
}

func (t *tty) raw() (err error) {
	if t.state == nil {
		t.state, err = readline.MakeRaw(t.fd)
	}
	return err
}

func (t *tty) cooked() error {
	if t.state == nil {
		return nil
	}
	state := t.state
	t.state = nil
	return readline.Restore(t.fd, state)
}

// width is that of the terminal, or the PIX's own where the terminal does not tell.
func (t *tty) width() int {
	if w, _, err := readline.GetSize(t.fd); err == nil && w > 0 {
		return w
	}
	return defaultWidth
}

const defaultWidth = 80

// OpenTerm makes a terminal for a session. `?` shows help at once and TAB completes. The func ends it.
func OpenTerm(s *Session, in *os.File, out io.Writer) (Term, func() error, error) {
	return openTerm(s, in, out, &tty{fd: int(in.Fd())})
}

func openTerm(s *Session, in io.Reader, out io.Writer, far farEnd) (Term, func() error, error) {
	t := &terminal{keys: &keyReader{in: in}, out: out, far: far}
	rl, err := readline.NewEx(&readline.Config{
		FuncIsTerminal: func() bool { return true },
		FuncGetWidth:   far.width,
		FuncMakeRaw:    far.raw,
		FuncExitRaw:    far.cooked,

		Stdin:           t.keys,
		Stdout:          out,
		Stderr:          out,
		HistoryLimit:    historyLimit * 5,
		AutoComplete:    completer{s},
		InterruptPrompt: "\n", // print nothing
		EOFPrompt:       "\n",
	})
	if err != nil {
		return nil, nil, err
	}
	t.rl = rl
	rl.Config.SetListener(func(line []rune, pos int, key rune) ([]rune, int, bool) {
		if key != '?' || pos == 0 || pos > len(line) || line[pos-1] != '?' {
			return nil, 0, false
		}
		text := string(line[:pos-1])
		if s.inText(text) {
			return nil, 0, false
		}
		fmt.Fprintf(rl.Stdout(), "%s%s?\n%s", s.Prompt(), text, s.Help(text))
		return append(append([]rune{}, line[:pos-1]...), line[pos:]...), pos - 1, true
	})
	return t, rl.Close, nil
}

func (t *terminal) Show(text string) error {
	_, err := io.WriteString(t.rl.Stdout(), text)
	return err
}

func (t *terminal) Write(b []byte) (int, error) { return t.out.Write(b) }

func (t *terminal) ReadLine(prompt string) (string, error) {
	t.rl.SetPrompt(prompt)
	line, err := t.rl.Readline()
	if errors.Is(err, readline.ErrInterrupt) {
		return "", ErrInterrupt
	}
	if t.keys.left() {
		return "^Z", nil
	}
	return line, err
}

func (t *terminal) ReadSecret(prompt string) (string, error) {
	cfg := t.rl.GenPasswordConfig()
	cfg.Prompt, cfg.MaskRune = prompt, '*'
	cfg.Stdin, cfg.FuncIsTerminal, cfg.FuncGetWidth = t.keys, t.rl.Config.FuncIsTerminal, t.far.width
	line, err := t.rl.ReadPasswordWithConfig(cfg)
	if errors.Is(err, readline.ErrInterrupt) {
		return "", ErrInterrupt
	}
	t.keys.left()
	return string(line), err
}

func (t *terminal) ReadKey() (rune, error) {
	if err := t.far.raw(); err != nil {
		return 0, err
	}
	var b [1]byte
	_, err := io.ReadFull(t.keys, b[:])
	return rune(b[0]), errors.Join(err, t.far.cooked())
}

// keyReader hands out the bytes of a terminal one by one, so that none is left in the line editor's buffer when the pager
// reads keys itself. Control-Z, for which the editor would stop the process, ends the line.
type keyReader struct {
	in     io.Reader
	ctrlZ  bool
	closed bool
}

func (k *keyReader) Read(b []byte) (int, error) {
	if len(b) == 0 || k.closed {
		return 0, io.EOF
	}
	n, err := k.in.Read(b[:1])
	if n == 1 && b[0] == readline.CharCtrlZ {
		k.ctrlZ = true
		b[0] = '\r'
	}
	return n, err
}

func (k *keyReader) left() bool {
	was := k.ctrlZ
	k.ctrlZ = false
	return was
}

func (k *keyReader) Close() error { return nil }

// completer is TAB.
type completer struct{ s *Session }

func (c completer) Do(line []rune, pos int) ([][]rune, int) {
	candidates, partial := c.s.Complete(string(line[:pos]))
	var out [][]rune
	for _, w := range candidates {
		if len(w) >= len(partial) {
			out = append(out, []rune(w[len(partial):]+" "))
		}
	}
	return out, len([]rune(partial))
}
