package parser

import (
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

// The exec commands about the box itself: its messages, its health, who is on it.

type execBox struct {
	Kill     *execSession `parser:"  'kill' @@"`
	SSH      *execSession `parser:"| 'ssh' 'disconnect' @@"`
	Monitor  []string     `parser:"| 'terminal' ( @'monitor' | @'no' @'monitor' )"`
	Reload   []string     `parser:"| @'reload' @'noconfirm'?"`
	Ping     *execPing    `parser:"| 'ping' @@"`
	Absent   *execAbsent  `parser:"| @@"`
	Perfmon  string       `parser:"| 'perfmon' ( @( 'quiet' | 'verbose' | 'settings' )"`
	Interval *execSeconds `parser:"  | 'interval' @@ )"`
}

func (x *execBox) toAST(names map[string]ast.IP) ast.Exec {
	switch {
	case x.Ping != nil:
		return x.Ping.toAST(names)
	case x.Absent != nil:
		return x.Absent.toAST()
	case x.Kill != nil:
		return &ast.Kill{Service: "telnet", ID: x.Kill.n()}
	case x.SSH != nil:
		return &ast.Kill{Service: "ssh", ID: x.SSH.n()}
	case len(x.Monitor) > 0:
		return &ast.TerminalMonitor{On: len(x.Monitor) == 1}
	case x.Perfmon != "":
		return &ast.Perfmon{Do: strings.ToLower(x.Perfmon)}
	case x.Interval != nil:
		return &ast.Perfmon{Do: "interval", Seconds: x.Interval.n()}
	}
	return &ast.Reload{NoConfirm: len(x.Reload) > 1}
}

type execWrite struct {
	To   string `parser:"  @( 'terminal' | 'memory' | 'erase' )"`
	Away string `parser:"| @( 'net' | 'standby' | 'floppy' )"`
	Rest *text  `parser:"  @@?"`
}

func (x *execWrite) toAST() ast.Exec {
	if x.Away != "" {
		return &ast.Absent{What: "write " + strings.ToLower(x.Away)}
	}
	return &ast.Write{To: strings.ToLower(x.To)}
}

type execPing struct {
	IP   *ipAddr `parser:"  @@"`
	If   *ifName `parser:"| @@"`
	IfIP *ipAddr `parser:"  @@"`
}

func (x *execPing) toAST(names map[string]ast.IP) ast.Exec {
	if x.IP != nil {
		return &ast.Ping{Host: execSpan(&x.IP.word, nil, names).First}
	}
	return &ast.Ping{If: x.If.Text, Host: execSpan(&x.IfIP.word, nil, names).First}
}

// execAbsent are the commands that have nothing to act on: what stands behind their leading words is not looked at.
type execAbsent struct {
	Words []string `parser:"( @( 'copy' | 'capture' | 'eeprom' | 'flashfs' | 'crashinfo' | 'setup' | 'activation-key' ) | @'clock' @'set' | @'failover' @( 'active' | 'reset' ) | @'pdm' @'disconnect' | @'vpnclient' @( 'connect' | 'disconnect' ) | @'debug' @( 'arp' | 'dhcpc' | 'dhcpd' | 'fover' | 'h323' | 'icmp' | 'ospf' | 'packet' | 'ppp' | 'pppoe' | 'rip' | 'rtsp' | 'sip' | 'skinny' | 'sqlnet' | 'ssh' | 'ssl' | 'vpdn' | 'xdmcp' ) | @'configure' @( 'net' | 'floppy' | 'http' | 'factory-default' ) )"`
	Rest  *text    `parser:"@@?"`
}

func (x *execAbsent) toAST() ast.Exec {
	return &ast.Absent{What: strings.ToLower(strings.Join(x.Words, " "))}
}

// execShowOf are the shows that list a part of a family.
type execShowOf struct {
	AAA     []string       `parser:"  @'aaa' @( 'authentication' | 'authorization' | 'accounting' | 'proxy-limit' )?"`
	Group   string         `parser:"| @'object-group'"`
	Type    *execGroupType `parser:"  ( @@"`
	ID      *groupID       `parser:"  | 'id' @@ )?"`
	Level   string         `parser:"| @'privilege'"`
	All     string         `parser:"  ( @'all'"`
	Command *cmdWord       `parser:"  | 'command' @@"`
	N       *privLevel     `parser:"  | 'level' @@ )?"`
	DHCP    []string       `parser:"| @'dhcpd' @( 'binding' | 'statistics' )?"`
	Client  []string       `parser:"| @'vpnclient' @'detail'?"`
	Dial    []string       `parser:"| @'vpdn' ( @( 'tunnel' | 'session' | 'pppinterface' ) ( 'l2tp' | 'pptp' | 'pppoe' )? | @( 'group' | 'username' ) )?"`
	Name    *vpdnName      `parser:"  @@?"`
}

func (x *execShowOf) toAST() ast.Exec {
	join := func(words []string) string { return strings.ToLower(strings.Join(words, " ")) }
	switch {
	case len(x.AAA) > 0:
		return &ast.Show{What: join(x.AAA)}
	case x.Group != "":
		c := &ast.Show{What: "object-group"}
		if x.Type != nil {
			c.Form = strings.ToLower(x.Type.Text)
		}
		if x.ID != nil {
			c.ID = x.ID.Text
		}
		return c
	case x.Level != "":
		c := &ast.Show{What: "privilege", Form: strings.ToLower(x.All), Number: -1}
		if x.Command != nil {
			c.ID = x.Command.Text
		}
		if x.N != nil {
			c.Number = x.N.n()
		}
		return c
	case len(x.DHCP) > 0:
		return &ast.Show{What: join(x.DHCP)}
	case len(x.Client) > 0:
		return &ast.Show{What: "vpnclient"}
	}
	c := &ast.Show{What: join(x.Dial)}
	if x.Name != nil {
		c.ID = x.Name.Text
	}
	return c
}

// The leaves of these commands.
type (
	execSession   struct{ word }
	execGroupType struct{ word }
	execSeconds   struct{ word }
)

var (
	leafExecSession   = num("execSession", 0, 255, "number of the session, as who or show ssh sessions lists it")
	leafExecGroupType = &leaf{name: "execGroupType", placeholder: "protocol|service|icmp-type|network", help: "groups of that type only",
		match: func(w string) bool {
			return slices.Contains([]string{ast.GroupProtocol, ast.GroupService, ast.GroupICMP, ast.GroupNetwork}, strings.ToLower(w))
		}, words: []string{ast.GroupProtocol, ast.GroupService, ast.GroupICMP, ast.GroupNetwork}}
	leafExecSeconds = num("execSeconds", 1, 86400, "seconds of an interval")
)

func (l *execSession) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafExecSession) }
func (l *execGroupType) Parse(x *lexer.PeekingLexer) error { return l.take(x, leafExecGroupType) }
func (l *execSeconds) Parse(x *lexer.PeekingLexer) error   { return l.take(x, leafExecSeconds) }

type execShowLog struct {
	Word    string     `parser:"@'logging'"`
	Form    string     `parser:"( @( 'queue' | 'disabled' )"`
	Message string     `parser:"| @'message'"`
	All     string     `parser:"  ( @'all'"`
	ID      *messageID `parser:"  | @@ )? )?"`
}

func (x *execShowLog) toAST() ast.Exec {
	c := &ast.Show{What: "logging", Form: strings.ToLower(x.Form + x.Message), ID: strings.ToLower(x.All)}
	if x.ID != nil {
		c.Number = x.ID.n()
	}
	return c
}
