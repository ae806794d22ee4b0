package daemon

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"pixfw/shell"
)

// The commands of the Telnet protocol (RFC 854) that a console needs.
const (
	telnetSE   = 240
	telnetSB   = 250
	telnetWill = 251
	telnetDont = 254
	telnetIAC  = 255

	optionEcho = 1 // RFC 857
	optionSGA  = 3 // RFC 858: characters as they are typed
)

// telnetReader takes the protocol out of what comes. Carriage returns keep no companion.
type telnetReader struct {
	r   *bufio.Reader
	was byte
}

func (t *telnetReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		b, err := t.r.ReadByte()
		if err != nil {
			return 0, err
		}
		was := t.was
		t.was = b
		switch {
		case b == telnetIAC:
			data, err := t.command()
			if err != nil {
				return 0, err
			}
			if !data {
				continue
			}
		case was == '\r' && (b == 0 || b == '\n'):
			continue
		}
		p[0] = b
		return 1, nil
	}
}

// command reads what follows an IAC. data: it stood for a byte 255.
func (t *telnetReader) command() (data bool, err error) {
	b, err := t.r.ReadByte()
	switch {
	case err != nil || b == telnetIAC:
		return b == telnetIAC, err
	case b >= telnetWill && b <= telnetDont:
		_, err = t.r.ReadByte() // whatever the other side would like, nothing changes
		return false, err
	case b == telnetSB:
		for last := byte(0); ; last = b {
			if b, err = t.r.ReadByte(); err != nil || last == telnetIAC && b == telnetSE {
				return false, err
			}
		}
	}
	return false, nil
}

// serveTelnet serves one client (commands-vpn-aaa-show.md section 4.18).
func (r *remotes) serveTelnet(c *idleConn, at ends) error {
	c.idle(authTime)
	if _, err := c.Write([]byte{telnetIAC, telnetWill, optionEcho, telnetIAC, telnetWill, optionSGA}); err != nil {
		return err
	}
	stream := struct {
		io.Reader
		io.Writer
	}{&telnetReader{r: bufio.NewReader(c)}, c}
	if _, err := io.WriteString(c, "\r\n\r\nUser Access Verification\r\n\r\n"); err != nil {
		return err
	}
	plan := r.d.engine.Plan()
	if plan == nil {
		return nil
	}
	_, byName := shell.ConsoleAuth(plan, "telnet")
	in := bufio.NewReaderSize(stream, 1)
	visit := shell.Visit{Service: "telnet", From: at.from.IP, End: func() { c.Close() }}
	for try := 0; ; try++ {
		if try == 3 {
			_, err := io.WriteString(c, "\r\n")
			return err
		}
		var user string
		var err error
		if byName {
			if user, err = ask(in, c, "Username: ", true); err != nil {
				return err
			}
		}
		password, err := ask(in, c, "Password: ", false)
		if err != nil {
			return err
		}
		if named, ok := r.d.login("telnet", user, password, at); ok {
			if named {
				visit.User = user
			}
			break
		}
	}
	s := r.d.first.Remote(visit)
	defer s.Leave()
	c.idle(idle(s, "telnet"))
	term, done, err := shell.OpenRemote(s, struct {
		io.Reader
		io.Writer
	}{in, c}, &shell.Remote{})
	if err != nil {
		return err
	}
	return errors.Join(shell.RunTerminal(s, term), done())
}

// maxAnswer bounds a name or a password that is typed, in bytes.
const maxAnswer = 128

var errTooLong = errors.New("the answer is too long")

// ask reads an answer, key by key.
func ask(in *bufio.Reader, out io.Writer, prompt string, echo bool) (string, error) {
	if _, err := io.WriteString(out, prompt); err != nil {
		return "", err
	}
	var b strings.Builder
	for {
		key, err := in.ReadByte()
		if err != nil {
			return "", err
		}
		text := b.String()
		switch {
		case key == '\r' || key == '\n':
			_, err := io.WriteString(out, "\r\n")
			return text, err
		case key == 0x7f || key == '\b':
			if text == "" {
				continue
			}
			b.Reset()
			b.WriteString(text[:len(text)-1])
			if echo {
				_, err = io.WriteString(out, "\b \b")
			}
		case key == 3 || key == 4:
			return "", io.EOF
		case key < ' ':
			continue
		case len(text) == maxAnswer:
			return "", errTooLong
		default:
			b.WriteByte(key)
			if echo {
				_, err = out.Write([]byte{key})
			}
		}
		if err != nil {
			return "", err
		}
	}
}
