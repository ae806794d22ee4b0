package aaa

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"pixfw/ast"
)

// Outcome of a question to a group.
type Outcome uint8

// The outcomes. Failed means that nobody has decided: no server answered, or what came back cannot be used.
const (
	Failed Outcome = iota
	Pass
	Reject
	Challenge // Authenticate again, with State and what the user answers to Message
)

func (o Outcome) String() string { return [...]string{"ERROR", "PASS", "FAIL", "CHALLENGE"}[o&3] }

// End is an address with its port, as the messages of AAA print it.
type End struct {
	IP   ast.IP
	Port uint16
}

func (e End) String() string { return e.IP.String() + "/" + strconv.Itoa(int(e.Port)) }

// Flow is the connection that a question is about. It goes into %PIX messages.
type Flow struct {
	From, To End
	If       string // where it comes in; IKE-XAUTH for users of tunnels
}

// Request is a question about a user. Texts may hold any bytes; what a protocol cannot carry is a Failed result.
type Request struct {
	User     string
	Password ast.Secret
	Client   netip.Addr // of the user; for a tunnel before it has an address: of the peer
	Flow     *Flow      // nil: no %PIX messages
	Enable   bool       // about the enable password
	PAP      bool       // with TACACS+, PAP in place of the ASCII dialogue
	Local    bool       // LOCAL is asked when no server answers
	State    []byte     // of the Challenge that this answers
	// Ask puts a further question of a TACACS+ server to the user and returns what he answers; nil: such questions end the
	// login.
	Ask func(ctx context.Context, question string, echo bool) (string, error)
	// Held are the entries of a list that a server has sent under that name and that is in force: it is then not asked for again. nil: none is.
	Held func(name string) ([]string, bool)
}

// Result is the answer of a group.
type Result struct {
	Outcome Outcome
	Reason  string // of Failed, for the log of a person
	Server  netip.Addr
	Local   bool   // LOCAL has decided
	Message string // for the user: Reply-Message, the server's text
	Level   int    // privilege level; -1: not stated

	// Restricted says that an access list holds for the user: where List is not empty the one that the server has sent by that name, with ACEs
	// as its entries (`permit tcp any host 10.0.0.1 eq 80`), else the one that is called ACL in the configuration. With ListError it could not
	// be had. Whoever lets the user in without it lets in too much.
	Restricted    bool
	ACL, List     string
	ACEs          []string
	ListError     error
	Session, Idle *time.Duration // limits in place of those of `timeout uauth`; nil: not stated
	Args          []string       // what a TACACS+ server has added or put in place
	Class         [][]byte       // goes back with accounting
	State         []byte         // of a Challenge
}

// Record is one report of accounting.
type Record struct {
	Stop    bool
	ID      uint32 // the same at start and stop; Client.NewID
	User    string
	Client  netip.Addr // caller id: of a VPN client the address that it was given
	Local   End        // on the side of the higher level
	Foreign End
	Service string // telnet, http, ... or proto/port
	Elapsed time.Duration
	In, Out uint64 // bytes
	Class   [][]byte
}

// ConnectionArgs are the arguments of a TACACS+ authorization of a connection: the service as the box names it, and where to
// (commands-vpn-aaa-show.md 5.2).
func ConnectionArgs(service string, to ast.IP) []string {
	return []string{"service=shell", "cmd=" + service, "cmd-arg=" + to.String()}
}

// CommandArgs are those of the authorization of a command.
func CommandArgs(words []string) []string {
	args := []string{"service=shell", "cmd="}
	for i, w := range words {
		if i == 0 {
			args[1] += w
		} else {
			args = append(args, "cmd-arg="+w)
		}
	}
	return append(args, "cmd-arg=<cr>")
}

// UserArgs ask for what a server has to say about a user in general, after the login.
func UserArgs() []string { return []string{"service=shell", "cmd="} }

// ServiceName is how accounting and authorization name a service: telnet, ftp, http, https, else protocol/port.
func ServiceName(proto uint8, port uint16) string {
	if proto == ast.ProtoTCP {
		switch port {
		case 21:
			return "ftp"
		case 23:
			return "telnet"
		case 80:
			return "http"
		case 443:
			return "https"
		}
	}
	return fmt.Sprintf("%d/%d", proto, port)
}
