package shell

import (
	"crypto/subtle"
	"strconv"
	"strings"

	"pixfw/ast"
)

// A question is asked in place of the next prompt.
type question struct {
	prompt string
	hidden bool
	answer func(text string) (string, error)
}

// enable asks for the password of a level, three times (commands-vpn-aaa-show.md section 4.18), or for a user.
func (s *Session) enable(level int) (string, error) {
	if auth, ok := s.byName("enable"); ok {
		s.enableUser(auth)
		return "", nil
	}
	hash, ok := enableHash(s.running, level)
	if !ok {
		return "", refusef("ERROR: no password is set for privilege level %d", level)
	}
	tries := 0
	var ask func()
	ask = func() {
		s.asking = &question{textPassword, true, func(text string) (string, error) {
			if subtle.ConstantTimeCompare([]byte(ast.PasswordHash("", text)), []byte(hash)) == 1 {
				s.enter(Privileged)
				s.level = level
				if level != 15 {
					s.user = "enable_" + strconv.Itoa(level)
				}
				return "", nil
			}
			if tries++; tries == 3 {
				s.tell(308001, tries, s.where())
				return "", refused(textInvalid + "\n" + textDenied)
			}
			ask()
			return "", refused(textInvalid)
		}}
	}
	ask()
	return "", nil
}

// exit leaves one level.
func (s *Session) exit() (string, error) {
	switch s.mode {
	case Config:
		if !s.leaveSub() {
			s.LeaveConfig()
		}
	case Privileged:
		s.enter(User)
	default:
		return "", errLogoff
	}
	return "", nil
}

// write saves the running configuration, or shows it, or forgets what was saved. Messages tell of it (semantics.md section 8).
func (s *Session) write(to string) (string, error) {
	text := s.running.String()
	switch to {
	case "terminal":
		s.tell(111001, s.where(), to)
		s.tell(111004, s.where(), "OK")
		return textBuilding + "\n" + s.running.Print(s.running.ShowPrinter()) + textOK + "\n", nil
	case "memory":
		s.tell(111001, s.where(), to)
		if err := s.keep(text); err != nil {
			s.tell(111004, s.where(), "FAILED")
			return "", err
		}
		s.startup, s.saved, s.savedBy = text, s.clock.Now(), s.user
		s.tell(111004, s.where(), "OK")
		return textBuilding + "\n" + checksumGroups(s.running.Checksum()) + "\n" + textOK + "\n", nil
	}
	s.confirm(textErase, func() (string, error) {
		if err := s.keep(""); err != nil {
			return "", err
		}
		s.startup = ""
		s.tell(111003, s.where())
		return textOK + "\n", nil
	})
	return "", nil
}

// keep hands what is written to whoever keeps it.
func (s *Session) keep(text string) error {
	if s.save == nil {
		return nil
	}
	if err := s.save(text); err != nil {
		return refused("ERROR: " + err.Error())
	}
	return nil
}

// confirm asks before something is done that cannot be taken back. Enter confirms, as does a yes; anything else is a no.
func (s *Session) confirm(prompt string, then func() (string, error)) {
	s.asking = &question{prompt: prompt, answer: func(text string) (string, error) {
		if t := strings.ToLower(strings.TrimSpace(text)); t != "" && t != "y" && t != "yes" {
			return "", nil
		}
		return then()
	}}
}
