package compiler

import (
	"crypto/subtle"
	"time"

	"pixfw/ast"
)

// AAA is what there is about users besides the rules for connections.
type AAA struct {
	Console      []ConsoleAuth // aaa authentication ... console, configuration order
	Command      CommandAuth
	ProxyLimit   int // logins of one user that may be open at a time; 0: no limit
	LimitLine    Line
	SecureHTTP   Line // aaa authentication secure-http-client; IsDefault: off
	MACExempt    int  // index in MACLists; None
	ExemptLine   Line
	MACLists     []MACList
	Users        []User
	Prompts      Prompts
	Virtual      []VirtualAddress
	AuthPort     uint16 // of RADIUS
	AcctPort     uint16
	URLServers   []URLServer
	Filters      []Filter // configuration order
	URLCacheLine Line
}

// ConsoleAuth says who checks those who come to a console of the box.
type ConsoleAuth struct {
	Line    Line
	Service string // serial, enable, telnet, ssh, http
	Group   int    // index in AAAGroups
	Local   bool   // LOCAL is asked when no server answers
}

// CommandAuth says who may give which command; its Line IsDefault: everybody with a privilege level as high as the command's.
type CommandAuth struct {
	Line  Line
	Group int // None without a line
	Local bool
}

// User is one user of the group LOCAL.
type User struct {
	Line       Line
	Name       string
	Hash       string // ast.PasswordHash
	NoPassword bool
	Level      int
}

// Check reports whether the user has that password.
func (u *User) Check(password string) bool {
	return u.NoPassword || u.Hash != "" && subtle.ConstantTimeCompare([]byte(u.Hash), []byte(ast.PasswordHash(u.Name, password))) == 1
}

// MACList is one mac-list.
type MACList struct {
	ID      string
	Entries []MACEntry // configuration order; the first that fits decides
}

// MACEntry is one line of a mac-list. Bits that are set in Mask are compared.
type MACEntry struct {
	Line      Line
	Permit    bool
	MAC, Mask [6]byte
}

// Matches reports whether the entry is about the address.
func (e *MACEntry) Matches(mac [6]byte) bool {
	for i := range mac {
		if (mac[i]^e.MAC[i])&e.Mask[i] != 0 {
			return false
		}
	}
	return true
}

// Exempts reports whether hosts with an address need not log in, and the entry that says so (semantics.md 5.1): the first one that is about
// it decides.
func (a *AAA) Exempts(mac [6]byte) (line Line, exempt bool) {
	if a.ExemptLine.IsDefault() || a.MACExempt == None {
		return Line{}, false
	}
	list := &a.MACLists[a.MACExempt]
	for i := range list.Entries {
		if e := &list.Entries[i]; e.Matches(mac) {
			return e.Line, e.Permit
		}
	}
	return Line{}, false
}

// Prompts are the words at the login of users; empty: the box's own.
type Prompts struct{ Prompt, Accept, Reject string }

// VirtualAddress is an address of the box that is there for logging in.
type VirtualAddress struct {
	Line    Line
	Service string // http, telnet
	IP      ast.IP
	Warn    bool
}

// URLServer is one server that judges URLs.
type URLServer struct {
	Line     Line
	If       int
	Vendor   string // websense, n2h2
	IP       ast.IP
	Port     int
	Timeout  time.Duration
	Protocol string // TCP, UDP
	Version  int
}

// Filter is one filter line.
type Filter struct {
	Line     Line
	What     string // url, ftp, https, java, activex
	Except   bool
	Ports    PortRange
	Src, Dst ast.Net
	Allow    bool // let pass while no server answers
}

// Content reports whether it takes something out of pages; others have a server asked.
func (f *Filter) Content() bool { return f.What == "java" || f.What == "activex" }
