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
			s.mode = Privileged
		}
	case Privileged:
		s.enter(User)
	default:
		return "", errLogoff
	}
	return "", nil
}

func (s *Session) write(to string) (string, error) {
	text := s.running.String()
	switch to {
	case "terminal":
		return textBuilding + "\n" + text + textOK + "\n", nil
	case "memory":
		if s.save != nil {
			if err := s.save(text); err != nil {
				return "", refused("ERROR: " + err.Error())
			}
		}
		s.startup, s.saved = text, s.clock.Now()
		return textBuilding + "\n" + checksumGroups(s.running.Checksum()) + "\n" + textOK + "\n", nil
	}
	s.asking = &question{prompt: textErase, answer: func(text string) (string, error) {
		// Enter confirms, as does a yes; anything else is a no.
		if t := strings.ToLower(strings.TrimSpace(text)); t != "" && t != "y" && t != "yes" {
			return "", nil
		}
		if s.save != nil {
			if err := s.save(""); err != nil {
				return "", refused("ERROR: " + err.Error())
			}
		}
		s.startup = ""
		return textOK + "\n", nil
	}}
	return "", nil
}
