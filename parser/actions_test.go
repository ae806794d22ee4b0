package parser

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
)

// execLines are commands of a console which a file may hold by mistake, or because somebody kept what he typed.
const execLines = `shun 198.51.100.7
shun 198.51.100.7 203.0.113.80 4000 80 tcp
no shun 198.51.100.7
clear shun
clear shun statistics
clear xlate
clear conn
clear uauth
clear local-host
clear counters
clear logging
clear access-list 101 counters
clear conduit counters
clear interface
clear isakmp sa
clear crypto ipsec sa
clear ip audit count
show version
sh run
show xlate
write memory
wr t
write erase
configure memory
configure terminal
ping 10.0.0.9
ping inside 10.0.0.9
debug icmp trace
no debug icmp trace
undebug all
reload
reload noconfirm
terminal monitor
terminal no monitor
copy tftp flash
who
kill 1
ssh disconnect 1
enable
disable
exit
quit
logout
login
help
capture c interface inside
no capture c
ca generate rsa key 512
ca save all
perfmon verbose
clock set 10:00:00 1 jan 2004
failover active
activation-key 1 2 3 4
packet-tracer input inside icmp 10.0.0.5 8 0 198.51.100.7
traceroute 198.51.100.7`

// What a file says and the configuration does not hold has a finding in its place, as it stands, at a prompt, and among others.
func TestCommandsOfAConsoleAreAccountedFor(t *testing.T) {
	const before = "nameif ethernet0 outside security0\nnameif ethernet1 inside security100\n"
	plain, _, _ := Load("pix.cfg", []byte(before))
	for _, prompt := range []string{"", "pixfirewall# ", "pixfirewall(config)# "} {
		for line := range strings.Lines(execLines) {
			line = strings.TrimSuffix(line, "\n")
			cfg, file, diags := Load("pix.cfg", []byte(before+prompt+line+"\n"))
			if got := cfg.Lines(cfg.Printer()); !slices.Equal(got, plain.Lines(plain.Printer())) {
				t.Errorf("%s%s: the configuration holds it: %q", prompt, line, got)
			}
			if !slices.ContainsFunc(diags, func(d *ast.Diagnostic) bool { return d.Pos.Line == 3 && d.Pos.Col > 0 }) {
				t.Errorf("%s%s: nothing is said of it: %v", prompt, line, diags)
			}
			if n := len(file.Lines); n != 3 {
				t.Errorf("%s%s: %d lines", prompt, line, n)
			}
		}
	}
	// All in one file: a finding names its line, or is the first of a kind and says how many more there are.
	_, _, diags := Load("pix.cfg", []byte(before+execLines+"\n"))
	said := 0
	for _, d := range diags {
		if d.Code != codeAction && d.Code != codeSession {
			t.Errorf("%v: only what is done, and what is of a session, was in it", d)
		}
		var more int
		if _, after, ok := strings.Cut(d.Message, "the same on "); ok {
			if _, err := fmt.Sscan(after, &more); err != nil {
				t.Error(d.Message, err)
			}
		}
		said += 1 + more
	}
	if want := strings.Count(execLines, "\n") + 1; said != want {
		t.Errorf("%d lines are accounted for, of %d", said, want)
	}
}

// A shun in a file shuts nobody out, and that is told as what it is.
func TestShunInAFile(t *testing.T) {
	_, _, diags := Load("pix.cfg", []byte("nameif ethernet0 outside security0\n  shun 198.51.100.7\nclear shun\n"))
	if len(diags) != 2 {
		t.Fatal(diags)
	}
	for i, want := range []struct {
		severity  ast.Severity
		line, col int32
		text      string
	}{{ast.Warning, 2, 3, "the host is not shut out"}, {ast.Info, 3, 1, "nobody is"}} {
		if d := diags[i]; d.Code != codeAction || d.Severity != want.severity || d.Pos != (ast.Pos{Line: want.line, Col: want.col}) || !strings.Contains(d.Message, want.text) {
			t.Errorf("%+v, want %+v", d, want)
		}
	}
}
