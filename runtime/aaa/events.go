package aaa

import (
	"context"
	"fmt"
	"strings"
)

// An Event is a %PIX message or a line of `debug aaa|radius|tacacs`. Its Args never hold a secret, and its texts nothing
// unprintable.
type Event struct {
	ID   int   // of the message in the catalogue; 0: a debug line
	Args []any // of its template
	kind debugKind
	user string // who is asked about; empty: nobody
}

type debugKind uint8

// The debug lines.
const (
	debugTrouble debugKind = iota
	debugStart
	debugResult
	debugAuthorStart
	debugAuthorResult
	debugAcct
	debugServerDead
	debugFallback
	debugRadiusNew
	debugRadiusUser
	debugRadiusPassword
	debugRadiusSend
	debugRadiusRetransmit
	debugRadiusVerified
	debugRadiusUnverified
	debugRadiusAccept
	debugRadiusReject
	debugRadiusChallenge
	debugRadiusAcct
	debugRadiusDelete
	debugTacacsPacket
	debugTacacsUser
	debugTacacsSend
	debugTacacsReceived
	debugTacacsAuthen
	debugTacacsAuthor
	debugTacacsAcct
)

// debugLines are the lines, with their facility. None is confirmed by a trace of the box (commands-vpn-aaa-show.md section 3.5).
var debugLines = [...]struct{ facility, format string }{
	debugTrouble:          {"aaa", "aaa: %s: %s"},
	debugStart:            {"aaa authentication", "aaa_auth_start: user '%s' from %s to %s group %s"},
	debugResult:           {"aaa authentication", "aaa_auth_result: user '%s' group %s result %s"},
	debugAuthorStart:      {"aaa authorization", "aaa_author_start: user '%s' group %s cmd %s"},
	debugAuthorResult:     {"aaa authorization", "aaa_author_result: user '%s' group %s result %s"},
	debugAcct:             {"aaa accounting", "aaa_acct: user '%s' group %s %s task_id 0x%x result %s"},
	debugServerDead:       {"aaa", "aaa: server %s of group %s does not answer; marked dead for %s"},
	debugFallback:         {"aaa authentication", "aaa_auth_start: user '%s': no server of group %s answers, LOCAL is asked"},
	debugRadiusNew:        {"radius", "radius mkreq: 0x%x\nalloc_rip\n    new request 0x%[1]x --> %[2]d"},
	debugRadiusUser:       {"radius", "got user '%s'"},
	debugRadiusPassword:   {"radius", "got password\nadd_req 0x%x"},
	debugRadiusSend:       {"radius", "RADIUS_REQUEST\nsend pkt %s/%d"},
	debugRadiusRetransmit: {"radius", "radius: no answer from %s, retransmission %d"},
	debugRadiusVerified:   {"radius", "rad_vrfy() : response message verified"},
	debugRadiusUnverified: {"radius", "rad_vrfy() : bad response from %s: %s"},
	debugRadiusAccept:     {"radius", "RADIUS_ACCESS_ACCEPT: normal termination"},
	debugRadiusReject:     {"radius", "RADIUS_ACCESS_REJECT"},
	debugRadiusChallenge:  {"radius", "RADIUS_ACCESS_CHALLENGE"},
	debugRadiusAcct:       {"radius", "RADIUS_ACCOUNTING_RESPONSE"},
	debugRadiusDelete:     {"radius", "RADIUS_DELETE\nremove_req 0x%x session 0x%x id %d\nfree_rip 0x%[1]x\nradius: send queue empty"},
	debugTacacsPacket:     {"tacacs", "mk_pkt - type: 0x%x, session_id: %d"},
	debugTacacsUser:       {"tacacs", " user: %s"},
	debugTacacsSend:       {"tacacs", " Tacacs packet sent\nSending TACACS %s message. Session id: %d, seq no:%d"},
	debugTacacsReceived:   {"tacacs", "Received TACACS packet. Session id:%d seq no:%d"},
	debugTacacsAuthen:     {"tacacs", "tacp_procpkt_authen: %s"},
	debugTacacsAuthor:     {"tacacs", "tacp_procpkt_author: %s"},
	debugTacacsAcct:       {"tacacs", "tacp_procpkt_acct: %s"},
}

// Facility of a debug line: "aaa", "aaa authentication", "radius user NAME", ...; empty for a message.
func (e Event) Facility() string {
	if e.ID != 0 {
		return ""
	}
	f := debugLines[e.kind].facility
	if e.user != "" {
		f += " user " + e.user
	}
	return f
}

// Lines are what `debug` shows of the event.
func (e Event) Lines() []string {
	if e.ID != 0 {
		return nil
	}
	return strings.Split(fmt.Sprintf(debugLines[e.kind].format, e.Args...), "\n")
}

func (c *Client) debug(kind debugKind, args ...any) {
	c.o.Emit(Event{kind: kind, Args: clean(args)})
}

// userKey is where the context of a question has the user that it is about.
type userKey struct{}

// debugOf is debug for the servers' own lines, which can be asked for by user.
func (c *Client) debugOf(ctx context.Context, kind debugKind, args ...any) {
	user, _ := ctx.Value(userKey{}).(string)
	c.o.Emit(Event{kind: kind, Args: clean(args), user: printable(user)})
}

// message emits %PIX-n-id about a flow. Those without a flow are about no connection and are not written.
func (c *Client) message(flow *Flow, id int, args ...any) {
	if flow != nil {
		c.o.Emit(Event{ID: id, Args: clean(args)})
	}
}

// clean replaces what would change a terminal or a log: names come from outside.
func clean(args []any) []any {
	for i := range args {
		if s, ok := args[i].(string); ok {
			args[i] = printable(s)
		}
	}
	return args
}

// maxName bounds a name in an event.
const maxName = 255

func printable(s string) string { return printed(s, maxName, "") }

// message is a text of a server for a user: of several lines, at most.
func message(s string) string { return printed(s, maxMessage, "\n") }

const maxMessage = 4096

func printed(s string, longest int, keep string) string {
	if len(s) > longest {
		s = s[:longest]
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(keep, r) {
			return r
		}
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\uFFFD' {
			return '?'
		}
		return r
	}, s)
}
