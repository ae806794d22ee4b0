package parser

import (
	"strings"

	"pixfw/ast"
)

// doOnce makes a command that leaves nothing in the configuration, and says so.
func doOnce(c *conv, words ...string) *ast.Action {
	a := &ast.Action{Pos: c.pos, Words: words}
	c.found = append(c.found, finding{codeAction, ast.Info, max(int(c.pos.Col), 1), 0, badValue{kind: ast.Lint,
		message: quote(strings.Join(words, " ")) + " is something to do, not a setting: the configuration does not hold it"}})
	return a
}

type caEnroll struct {
	Nick      caNick `parser:"'enroll' @@"`
	Challenge secret `parser:"@@"`
	Serial    bool   `parser:"@'serial'?"`
	IP        bool   `parser:"@'ipaddress'?"`
}

type caIdentity struct {
	Nick caNick `parser:"'identity' @@"`
	Host caHost `parser:"( @@"`
	Path caPath `parser:"  @@?"`
	LDAP caHost `parser:"  @@? )?"`
}

type caConfigure struct {
	Nick     caNick    `parser:"'configure' @@"`
	With     kw        `parser:"@( 'ca' | 'ra' )"`
	Period   caMinutes `parser:"@@"`
	Count    caTries   `parser:"@@"`
	Optional bool      `parser:"@'crloptional'?"`
}

// caGenerate takes its words in the order of the manual, and in the one that is often typed.
type caGenerate struct {
	Kind    kw        `parser:"'generate' 'rsa' @( 'key' | 'specialkey' )"`
	Modulus caModulus `parser:"@@"`
}

type caGrammar struct {
	Identity  *caIdentity  `parser:"'ca' ( @@"`
	Configure *caConfigure `parser:"| @@"`
	Subject   caNick       `parser:"| 'subject-name' @@"`
	Name      text         `parser:"  @@"`
	DN        bool         `parser:"| @'verifycertdn'"`
	Verify    text         `parser:"  @@"`
	Auth      caNick       `parser:"| 'authenticate' @@"`
	Print     caPrint      `parser:"  @@?"`
	Enroll    *caEnroll    `parser:"| @@"`
	CRL       caNick       `parser:"| 'crl' 'request' @@"`
	Generate  *caGenerate  `parser:"| @@"`
	Save      bool         `parser:"| @'save' 'all'"`
	Zeroize   bool         `parser:"| @'zeroize' 'rsa'"`
	Pair      rsaName      `parser:"  @@? )"`
}

func (g *caGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Identity != nil:
		return g.Identity.identity(c)
	case g.Configure != nil:
		w := g.Configure
		return &ast.CAConfigure{Pos: c.pos, Nick: w.Nick.Text, With: string(w.With), Period: w.Period.n(), Count: w.Count.n(), CRLOptional: w.Optional}
	case g.Subject.given():
		return &ast.CASubjectName{Pos: c.pos, Nick: g.Subject.Text, Name: g.Name.Text}
	case g.DN:
		return &ast.CAVerifyDN{Pos: c.pos, Name: g.Verify.Text}
	case g.Auth.given():
		a := doOnce(c, "ca", "authenticate")
		a.Operands = []string{g.Auth.Text}
		if g.Print.given() {
			a.Operands = append(a.Operands, g.Print.Text)
		}
		return a
	case g.Enroll != nil:
		a := doOnce(c, "ca", "enroll")
		a.Operands, a.Password = []string{g.Enroll.Nick.Text}, ast.Secret(g.Enroll.Challenge.Text)
		if g.Enroll.Serial {
			a.Options = append(a.Options, "serial")
		}
		if g.Enroll.IP {
			a.Options = append(a.Options, "ipaddress")
		}
		return a
	case g.CRL.given():
		a := doOnce(c, "ca", "crl", "request")
		a.Operands = []string{g.CRL.Text}
		return a
	case g.Generate != nil:
		a := doOnce(c, "ca", "generate", "rsa", string(g.Generate.Kind))
		a.Operands = []string{g.Generate.Modulus.Text}
		return a
	case g.Save:
		return doOnce(c, "ca", "save", "all")
	}
	a := doOnce(c, "ca", "zeroize", "rsa")
	if g.Pair.given() {
		a.Operands = []string{g.Pair.Text}
	}
	return a
}

func (g *caIdentity) identity(c *conv) ast.Command {
	i := &ast.CAIdentity{Pos: c.pos, Nick: g.Nick.Text, LDAP: g.LDAP.Text}
	i.Host, i.Script, _ = strings.Cut(g.Host.Text, ":")
	if g.Path.given() {
		i.Script = strings.TrimPrefix(g.Path.Text, ":")
	}
	return i
}

type noCAGrammar struct {
	Identity  caNick    `parser:"'no' 'ca' ( 'identity' @@"`
	Host      caHost    `parser:"  ( @@"`
	Path      caPath    `parser:"    @@?"`
	LDAP      caHost    `parser:"    @@? )?"`
	Configure caNick    `parser:"| 'configure' @@"`
	With      kw        `parser:"  ( @( 'ca' | 'ra' )"`
	Period    caMinutes `parser:"    @@"`
	Count     caTries   `parser:"    @@"`
	Optional  bool      `parser:"    @'crloptional'? )?"`
	Subject   caNick    `parser:"| 'subject-name' @@"`
	Name      text      `parser:"  @@?"`
	DN        bool      `parser:"| @'verifycertdn'"`
	Verify    text      `parser:"  @@?"`
	Enroll    caNick    `parser:"| 'enroll' @@"`
	Challenge secret    `parser:"  ( @@ 'serial'? 'ipaddress'? )?"`
	CRL       caNick    `parser:"| 'crl' 'request' @@"`
	Save      bool      `parser:"| @'save' 'all' )"`
}

func (g *noCAGrammar) toAST(c *conv) ast.Command {
	switch {
	case g.Identity.given():
		return &ast.CAIdentity{Pos: c.pos, Nick: g.Identity.Text}
	case g.Configure.given():
		return &ast.CAConfigure{Pos: c.pos, Nick: g.Configure.Text}
	case g.Subject.given():
		return &ast.CASubjectName{Pos: c.pos, Nick: g.Subject.Text, Name: g.Name.Text}
	case g.DN:
		return &ast.CAVerifyDN{Pos: c.pos, Name: g.Verify.Text}
	case g.Enroll.given():
		a := doOnce(c, "ca", "enroll")
		a.Operands = []string{g.Enroll.Text}
		return a
	case g.CRL.given():
		a := doOnce(c, "ca", "crl", "request")
		a.Operands = []string{g.CRL.Text}
		return a
	}
	return doOnce(c, "ca", "save", "all")
}
