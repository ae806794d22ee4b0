package ast

import (
	"strings"
)

// A Command is one configuration command in its positive form. The sum is closed: one struct a command form, in this
// package, each embedding the Pos it was read at.
type Command interface {
	// Position is where the command starts in its file; the zero Pos for a typed one.
	Position() Pos
	// Family is the leading words that name the command, such as "access-list" or "ip address".
	Family() string
	print(p *Printer)
	// rule says how the command is replayed into the running configuration.
	rule() rule
}

// A Verb says what a statement does with its command.
type Verb uint8

// The verbs.
const (
	Set   Verb = iota // the plain command
	No                // no COMMAND: remove, or switch off
	Clear             // clear FAMILY [ID]: remove all of a family, or all with that id
)

func (v Verb) String() string { return [...]string{"", "no", "clear"}[v] }

// MarshalText makes the JSON form a word.
func (v Verb) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// A Statement is one line of configuration input: a command, its negation, or a clear.
//
// In a No statement the command holds just what was typed: operands that were left off are absent (nil, or their zero
// value), so that its text is a prefix, in words, of what it removes. In a Clear statement only the family and an
// optional id are given.
type Statement struct {
	Verb Verb
	Cmd  Command
}

// Text is the canonical text of the statement.
func (s Statement) Text() string { return s.TextBy(&Printer{}) }

// TextBy is the canonical text of the statement as p prints it.
func (s Statement) TextBy(p *Printer) string {
	t := p.Text(s.Cmd)
	// Settings that are stored switched off print their own "no".
	if s.Verb == No && !strings.HasPrefix(t, "no ") {
		return "no " + t
	}
	if s.Verb == Clear {
		return "clear " + t
	}
	return t
}

// A Cleared is the command of a Clear statement: the family to clear and, where the family has ids, which one.
type Cleared struct {
	Pos  `json:"-"`
	Name string // "access-list", "nat", "crypto map", ...
	ID   string // empty: all
}

func (c *Cleared) Family() string   { return c.Name }
func (c *Cleared) print(p *Printer) { p.word(c.Name).wordIf(c.ID != "", c.ID) }
func (c *Cleared) rule() rule       { return rule{} }

// rule is how a command is replayed.
type rule struct {
	section section // where `show running-config` prints it
	rank    int     // order within the section; equal ranks keep the order of entry
	// key identifies a setting: a command replaces the stored one with the same key, in its place. Empty: an entry of a
	// list, appended, and refused when the same text is already there.
	key string
	// off: the setting is stored switched off by its `no` form (and printed with "no"), instead of being removed.
	off bool
	// unset: the command says what goes without saying, so that the stored setting with its key goes.
	unset bool
	// quiet: a `no` of what is not there is taken without a word.
	quiet bool
	// repeat: equal entries may stand beside each other.
	repeat bool
}

// section numbers the blocks of a running configuration (commands-firewall.md section 4.2).
type section uint8

const (
	secInterface section = iota + 1
	secNameif
	secEnablePassword
	secPasswd
	secHostname
	secDomainName
	secClock
	secFixup
	secNames
	secObjectGroup // in Config.groups
	secListOptions
	secAccessList // in Config.acls
	secPager
	secLogging
	secICMP
	secMTU
	secMulticast
	secIPAddress
	secVerify
	secAudit
	secPool
	secFailover
	secPDM
	secARP
	secGlobal
	secNat
	secAlias
	secStatic
	secAccessGroup
	secEstablished
	secOutbound
	secApply
	secConduit
	secRouting // rip, routing interface, router ospf, prefix-list, route-map
	secRoute
	secTimeout
	secMACList
	secAAA
	secFilter // url-server, filter, virtual, auth-prompt
	secNTP
	secHTTP
	secSNMP
	secTFTPServer
	secAutoUpdate
	secFloodguard
	secFragment
	secSysopt
	secService
	secMGCP
	secCryptoIPsec
	secDynamicMap
	secCryptoMap
	secISAKMP
	secCA
	secVPNGroup
	secTelnet
	secSSH
	secManagementAccess
	secConsole
	secVPDN
	secDHCPD
	secVPNClient
	secURLBlock
	secUsername
	secPrivilege
	secTerminal
	secBanner
	sectionEnd
)

// Switch is on, or off as stored by a `no` command.
type Switch bool

// onoff prints the leading "no" of a setting that is switched off.
func (p *Printer) onoff(on Switch) *Printer { return p.wordIf(!bool(on), "no") }

func familyKey(words ...string) string { return strings.Join(words, " ") }
