package syntax

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// Small grammars with the shapes that matter: alternatives by protocol, names
// beside keywords, parentheses, repeats, a list of names, text to the end of
// the line, look-ahead, and a leaf of several words.

// Leaves. Only their names count here; a real one parses.
type (
	IP     string
	Name   string
	Ifc    string
	Port   string
	HMS    string
	Remark string
	Addr   struct{}
)

func (*IP) Parse(*lexer.PeekingLexer) error     { return participle.NextMatch }
func (*Name) Parse(*lexer.PeekingLexer) error   { return participle.NextMatch }
func (*Ifc) Parse(*lexer.PeekingLexer) error    { return participle.NextMatch }
func (*Port) Parse(*lexer.PeekingLexer) error   { return participle.NextMatch }
func (*HMS) Parse(*lexer.PeekingLexer) error    { return participle.NextMatch }
func (*Remark) Parse(*lexer.PeekingLexer) error { return participle.NextMatch }
func (*Addr) Parse(*lexer.PeekingLexer) error   { return participle.NextMatch }

// AddrGrammar is the declared twin of Addr.
type AddrGrammar struct {
	Any  bool `parser:"  @'any'"`
	Host *IP  `parser:"| 'host' @@"`
	Net  *IP  `parser:"| @@"`
	Mask *IP  `parser:"  @@"`
}

type AccessList struct {
	Compiled bool      `parser:"'access-list' ( @'compiled'"`
	ID       *Name     `parser:"  | @@"`
	Line     int       `parser:"    ( 'line' @Int )?"`
	Remark   *Remark   `parser:"    ( 'remark' @@"`
	Rule     *RuleBody `parser:"    | @@ ) )"`
}

type RuleBody struct {
	Action string   `parser:"@( 'permit' | 'deny' )"`
	TCP    *TCPRule `parser:"( @@"`
	IP     *IPRule  `parser:"| @@ )"`
	Log    bool     `parser:"@'log'?"`
}

type TCPRule struct {
	Proto string    `parser:"@( 'tcp' | 'udp' )"`
	Src   Addr      `parser:"@@"`
	SPort *PortRule `parser:"@@?"`
	Dst   Addr      `parser:"@@"`
	DPort *PortRule `parser:"@@?"`
}

type PortRule struct {
	Op   string `parser:"( @( 'eq' | 'gt' | 'lt' )"`
	Port *Port  `parser:"@@ )"`
	From *Port  `parser:"| ( 'range' @@"`
	To   *Port  `parser:"@@ )"`
}

type IPRule struct {
	Proto string `parser:"@( 'ip' | 'icmp' | Int )"`
	Src   Addr   `parser:"@@"`
	Dst   Addr   `parser:"@@"`
}

type AccessGroup struct {
	ID        Name `parser:"'access-group' @@ 'in' 'interface'"`
	Interface Ifc  `parser:"@@"`
}

type Static struct {
	Real   Ifc    `parser:"'static' '(' @@ ','"`
	Mapped Ifc    `parser:"@@ ')'"`
	Proto  string `parser:"( @( 'tcp' | 'udp' )?"`
	Global *IP    `parser:"  ( @@"`
	Ifc    bool   `parser:"  | @'interface' )"`
	GPort  *Port  `parser:"  @@?"`
	Local  IP     `parser:"  @@"`
	LPort  *Port  `parser:"  @@?"`
	Mask   *IP    `parser:"  ( 'netmask' @@ )? )"`
}

type Isakmp struct {
	Enable Ifc    `parser:"'isakmp' ( 'enable' @@"`
	Policy int    `parser:"| 'policy' @Int"`
	Auth   string `parser:"  ( 'authentication' @( 'pre-share' | 'rsa-sig' )"`
	Enc    string `parser:"  | 'encryption' @( 'des' | '3des' | 'aes' )"`
	Group  string `parser:"  | 'group' @( '1' | '2' | '5' )"`
	Hash   string `parser:"  | 'hash' @( 'md5' | 'sha' )"`
	Life   int    `parser:"  | 'lifetime' @Int ) )"`
}

type Timeout struct {
	Items []*TimeoutItem `parser:"'timeout' @@+"`
}

type TimeoutItem struct {
	What     string `parser:"@( 'xlate' | 'conn' | 'half-closed' | 'udp' | 'uauth' )"`
	Value    HMS    `parser:"@@"`
	Absolute bool   `parser:"@( 'absolute' | 'inactivity' )?"`
}

type Crypto struct {
	Set  *TransformSet `parser:"'crypto' ( 'ipsec' 'transform-set' @@"`
	Map  Name          `parser:"| 'map' @@"`
	Seq  int           `parser:"  ( @Int"`
	Kind string        `parser:"    @( 'ipsec-isakmp' | 'ipsec-manual' )"`
	Dyn  *Name         `parser:"    ( 'dynamic' @@ )?"`
	Ifc  *Ifc          `parser:"  | 'interface' @@ ) )"`
}

// TransformSet takes any word for a transform, as a first grammar did, so that
// it can run into the command that follows.
type TransformSet struct {
	Name  Name `parser:"@@"`
	First Name `parser:"@@"`
	More  Name `parser:"( @@ @@? )?"`
}

type Interface struct {
	Name  Ifc    `parser:"'interface' @@"`
	Speed string `parser:"( @'auto' | @'100full' )? @'shutdown'?"`
}

// Show has a name that must not be one of two keywords, and options of which
// there must be one.
type Show struct {
	ACL    Name   `parser:"'show' ( 'access-list' (?! 'detail' | 'Xlate' ) @@"`
	Conn   string `parser:"| 'conn' ( @'count'? @'detail'? )!"`
	Crypto bool   `parser:"| 'crypto' 'isakmp' @'sa'"`
	Other  string `parser:"| 'other' @~'none' )"`
}

type Names struct {
	On bool `parser:"@'names'"`
}

func match(pattern string) func(string) bool {
	return regexp.MustCompile("^(?:" + pattern + ")$").MatchString
}

func testClasses(t testing.TB) map[string]Class {
	return map[string]Class{
		"int":    {Placeholder: "<int>", Match: func(w string) bool { _, err := strconv.Atoi(w); return err == nil }},
		"IP":     {Placeholder: "<ip>", Match: func(w string) bool { _, err := netip.ParseAddr(w); return err == nil }},
		"Name":   {Placeholder: "<name>", Match: match(`[\w.+-]+`), Loose: true},
		"Ifc":    {Placeholder: "<if_name>", Match: match(`inside|outside|dmz|ethernet\d`)},
		"Port":   {Placeholder: "<port>", Match: match(`\d+|www|https|ssh|isakmp`)},
		"HMS":    {Placeholder: "<hh:mm:ss>", Match: match(`\d+(:\d\d){0,2}`)},
		"Remark": {Placeholder: "<text>", Rest: true},
		"Addr":   {EBNF: ebnfOf[AddrGrammar](t)},
	}
}

func ebnfOf[T any](t testing.TB) string {
	t.Helper()
	p, err := participle.Build[T](participle.UseLookahead(2))
	if err != nil {
		t.Fatal(err)
	}
	return p.String()
}

func testAutomaton(t testing.TB) *Automaton {
	t.Helper()
	a, err := New([]Grammar{
		{EBNF: ebnfOf[AccessList](t), Help: map[string]string{"permit": "let it pass"}},
		{EBNF: ebnfOf[AccessGroup](t)},
		{EBNF: ebnfOf[Static](t)},
		{EBNF: ebnfOf[Isakmp](t)},
		{EBNF: ebnfOf[Timeout](t)},
		{EBNF: ebnfOf[Crypto](t)},
		{EBNF: ebnfOf[Interface](t)},
		{EBNF: ebnfOf[Show](t)},
		{EBNF: ebnfOf[Names](t)},
	}, testClasses(t))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// split does what the parser's lexer will: marks are words.
func split(line string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ",", " , ", ")", " ) ").Replace(line))
}

// show writes what may follow in one line.
func show(next []Next) string {
	var out []string
	for _, n := range next {
		out = append(out, n.Placeholder)
	}
	return strings.Join(out, " ")
}

func TestTestGrammarsAreWholeWords(t *testing.T) {
	want := []string{"access-group", "access-list", "crypto", "interface", "isakmp", "names", "show", "static", "timeout"}
	if got := testAutomaton(t).Leading(); !slices.Equal(got, want) {
		t.Errorf("Leading() = %q, want %q", got, want)
	}
}
