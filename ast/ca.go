package ast

import "strconv"

// CAIdentity: `ca identity NICK [HOST[:SCRIPT] [LDAP]]`: the authority that signs certificates.
type CAIdentity struct {
	Pos    `json:"-"`
	Nick   string `json:"nick"`
	Host   string `json:"host,omitempty"` // address or name
	Script string `json:"script,omitempty"`
	LDAP   string `json:"ldap,omitempty"` // address or name of the directory with the revocation list
}

func (*CAIdentity) Family() string { return "ca" }
func (c *CAIdentity) print(p *Printer) {
	p.word("ca", "identity", c.Nick)
	if c.Host == "" {
		return
	}
	if p.word(c.Host); c.Script != "" {
		p.buf = append(append(p.buf, ':'), c.Script...)
	}
	p.wordIf(c.LDAP != "", c.LDAP)
}
func (c *CAIdentity) rule() rule {
	// There is one authority (commands-vpn-aaa-show.md section 1.4).
	return rule{section: secCA, key: "ca identity"}
}

// CAConfigure: `ca configure NICK ca|ra PERIOD COUNT [crloptional]`.
type CAConfigure struct {
	Pos         `json:"-"`
	Nick        string `json:"nick"`
	With        string `json:"with,omitempty"`   // ca, ra
	Period      int    `json:"period,omitempty"` // minutes between two tries
	Count       int    `json:"count,omitempty"`  // tries; 0: no limit
	CRLOptional bool   `json:"crlOptional,omitempty"`
}

func (*CAConfigure) Family() string { return "ca" }
func (c *CAConfigure) print(p *Printer) {
	p.word("ca", "configure", c.Nick)
	if c.With != "" {
		p.word(c.With, strconv.Itoa(c.Period), strconv.Itoa(c.Count)).wordIf(c.CRLOptional, "crloptional")
	}
}
func (c *CAConfigure) rule() rule { return rule{section: secCA, rank: 1, key: "ca configure"} }

// CASubjectName: `ca subject-name NICK X500`: the name that is asked for in the certificate.
type CASubjectName struct {
	Pos  `json:"-"`
	Nick string `json:"nick"`
	Name string `json:"name,omitempty"`
}

func (*CASubjectName) Family() string { return "ca" }
func (c *CASubjectName) print(p *Printer) {
	p.word("ca", "subject-name", c.Nick).wordIf(c.Name != "", c.Name)
}
func (*CASubjectName) rule() rule { return rule{section: secCA, rank: 2, key: "ca subject-name"} }

// CAVerifyDN: `ca verifycertdn X500`: the name that the peer's certificate must bear.
type CAVerifyDN struct {
	Pos  `json:"-"`
	Name string `json:"name,omitempty"`
}

func (*CAVerifyDN) Family() string { return "ca" }
func (c *CAVerifyDN) print(p *Printer) {
	p.word("ca", "verifycertdn").wordIf(c.Name != "", c.Name)
}
func (*CAVerifyDN) rule() rule { return rule{section: secCA, rank: 3, key: "ca verifycertdn"} }

// Action is a command that does something at once and leaves nothing in the configuration: `ca authenticate`, `ca enroll`,
// `ca generate rsa`, `ca save all`, `ca zeroize rsa`, `ca crl request`, `vpnclient connect`, `vpnclient disconnect`.
type Action struct {
	Pos      `json:"-"`
	Words    []string `json:"words"`              // what is done
	Operands []string `json:"operands,omitempty"` // names and numbers
	Password Secret   `json:"password,omitempty"` // the challenge of `ca enroll`
	Options  []string `json:"options,omitempty"`
}

func (c *Action) Family() string { return c.Words[0] }
func (c *Action) print(p *Printer) {
	p.word(c.Words...).word(c.Operands...)
	if c.Password != "" {
		p.secret(c.Password)
	}
	p.word(c.Options...)
}
func (*Action) rule() rule                       { return rule{} }
func (*Action) setIn(*Config) (bool, error)      { return true, nil }
func (*Action) removeFrom(*Config) (bool, error) { return true, nil }
