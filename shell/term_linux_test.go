package shell

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openPTY makes a pseudo terminal of 80 columns.
func openPTY(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo terminals: ", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skip("no pseudo terminals: ", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skip("no pseudo terminals: ", err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminals: ", err)
	}
	t.Cleanup(func() { slave.Close() })
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// TestTerminal types at a real terminal: question mark, TAB, history, pager, Control-Z, hidden passwords.
func TestTerminal(t *testing.T) {
	master, slave := openPTY(t)
	s, _ := newSession(t, readExample(t), User)
	term, done, err := OpenTerm(s, slave, slave)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- RunTerminal(s, term) }()

	screen := make(chan string, 1024)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			if err != nil {
				close(screen)
				return
			}
			screen <- string(buf[:n])
		}
	}()
	escape := regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)
	seen := ""
	limit := time.After(20 * time.Second)
	expect := func(want string) string {
		t.Helper()
		for {
			if before, after, ok := strings.Cut(escape.ReplaceAllString(seen, ""), want); ok {
				seen = after
				return before
			}
			select {
			case text, ok := <-screen:
				if !ok {
					t.Fatalf("the screen went dark before %q:\n%q", want, seen)
				}
				seen += text
			case <-limit:
				t.Fatalf("no %q on the screen:\n%q", want, seen)
			}
		}
	}
	typed := func(keys string) {
		t.Helper()
		if _, err := master.WriteString(keys); err != nil {
			t.Fatal(err)
		}
	}

	expect("pixfirewall> ")
	typed("en\t")
	expect("enable ")
	typed("\r")
	expect("Password: ")
	typed("secret\r")
	if shown := expect("Invalid password"); strings.Contains(shown, "secret") {
		t.Errorf("the password is on the screen: %q", shown)
	}
	expect("Password: ")
	typed("\r")
	expect("pixfirewall# ")

	// The pager: a page, a line, and out.
	typed("show run\r")
	expect("PIX Version 6.3(3)")
	expect(textMore)
	typed(" ")
	expect("access-list 101 permit")
	expect(textMore)
	typed("q")
	if shown := expect("pixfirewall# "); strings.Contains(shown, "Cryptochecksum") {
		t.Errorf("q did not stop the pager:\n%s", shown)
	}

	// Help at once, and the line goes on.
	typed("conf t\r")
	expect("pixfirewall(config)# ")
	typed("access-list 120 permit ?")
	expect("icmp")
	expect("pixfirewall(config)# ")
	expect("access-list 120 permit ")
	typed("tcp any host 192.168.1.11 eq www\r")
	typed("show access-list 120\r")
	expect("access-list 120; 4 elements")
	expect("eq www (hitcnt=0)")
	expect("pixfirewall(config)# ") // keys typed before the prompt meet the terminal in another mode

	// TAB completes names that exist, too.
	typed("access-g 1\t\t\x15")
	typed("show access-g\t\r")
	expect("access-group 120 in interface outside")
	expect("pixfirewall(config)# ")

	typed("\x1a") // Control-Z
	expect("pixfirewall# ")
	typed("exit\r")
	expect("pixfirewall> ")
	typed("exit\r")
	expect("Logoff")
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-limit:
		t.Error("the session did not end")
	}
	if err := done(); err != nil {
		t.Error(err)
	}
}
