package parser

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"pixfw/ast"
)

var twinNames = map[string]ast.IP{"web": ast.MustIP("10.1.1.1"), "any": 1, "host": 2, "log": 3, "eq": 4, "ip": 5}

// twin compares one type with its grammar on the words of a line, and reports whether they take it.
func twin[G any, H any, P interface {
	*H
	participle.Parseable
}](t *testing.T, parser *participle.Parser[member], line string, convert func(G) H, equal func(a, b H) bool) bool {
	t.Helper()
	list := lexLine(line, twinNames)
	declared, err := lexer.Upgrade(&tokens{list: list})
	if err != nil {
		t.Fatal(err)
	}
	byHand, err := lexer.Upgrade(&tokens{list: list})
	if err != nil {
		t.Fatal(err)
	}
	g, err := parser.ParseFromLexer(declared, participle.AllowTrailing(true))
	var d G
	if err == nil {
		d = *(*g).(*G)
	}
	var h H
	herr := P(&h).Parse(byHand)
	switch {
	case (err == nil) != (herr == nil):
		t.Fatalf("%T of %q: grammar %v, by hand %v", h, line, err, herr)
	case err != nil && herr == participle.NextMatch && byHand.Cursor() != 0:
		t.Fatalf("%T of %q: no match after %d words", h, line, byHand.Cursor())
	case err == nil && declared.Cursor() != byHand.Cursor():
		t.Fatalf("%T of %q: grammar takes %d words, by hand %d", h, line, declared.Cursor(), byHand.Cursor())
	case err == nil && !equal(convert(d), h):
		t.Fatalf("%T of %q: grammar %+v, by hand %+v", h, line, d, h)
	}
	return err == nil
}

func same2[H comparable](a, b H) bool { return a == b }

func sameDeep[H any](a, b H) bool { return reflect.DeepEqual(a, b) }

var twinParsers = struct {
	action   *participle.Parser[member]
	aceTCP   *participle.Parser[member]
	aceUDP   *participle.Parser[member]
	aceICMP  *participle.Parser[member]
	more     *participle.Parser[member]
	addr     *participle.Parser[member]
	tcp      *participle.Parser[member]
	udp      *participle.Parser[member]
	any      *participle.Parser[member]
	protocol *participle.Parser[member]
	log      *participle.Parser[member]
	tcpTail  *participle.Parser[member]
	udpTail  *participle.Parser[member]
	anyTail  *participle.Parser[member]
}{buildParser(&aceActionGrammar{}), buildParser(&aceTCPGrammar{}), buildParser(&aceUDPGrammar{}), buildParser(&aceICMPGrammar{}),
	buildParser(&aceMoreGrammar{}), buildParser(&aceAddrGrammar{}), buildParser(&tcpCompareGrammar{}), buildParser(&udpCompareGrammar{}), buildParser(&anyCompareGrammar{}),
	buildParser(&otherProtoGrammar{}), buildParser(&logOptionGrammar{}),
	buildParser(&tcpTailGrammar{}), buildParser(&udpTailGrammar{}), buildParser(&anyTailGrammar{})}

// sameTwins holds all twins against each other and returns how many take the line.
func sameTwins(t *testing.T, line string) (taken int) {
	t.Helper()
	for _, ok := range []bool{
		twin[aceActionGrammar, aceAction](t, twinParsers.action, line, func(g aceActionGrammar) aceAction { return aceAction(g) }, same2),
		twin[aceTCPGrammar, aceTCP](t, twinParsers.aceTCP, line, func(g aceTCPGrammar) aceTCP { return aceTCP(g) }, same2),
		twin[aceUDPGrammar, aceUDP](t, twinParsers.aceUDP, line, func(g aceUDPGrammar) aceUDP { return aceUDP(g) }, same2),
		twin[aceICMPGrammar, aceICMP](t, twinParsers.aceICMP, line, func(g aceICMPGrammar) aceICMP { return aceICMP(g) }, same2),
		twin[aceMoreGrammar, aceMore](t, twinParsers.more, line, func(g aceMoreGrammar) aceMore { return aceMore(g) }, same2),
		twin[aceAddrGrammar, aceAddr](t, twinParsers.addr, line, func(g aceAddrGrammar) aceAddr { return aceAddr(g) }, same2),
		twin[tcpCompareGrammar, tcpCompare](t, twinParsers.tcp, line, func(g tcpCompareGrammar) tcpCompare { return tcpCompare(g) }, same2),
		twin[udpCompareGrammar, udpCompare](t, twinParsers.udp, line, func(g udpCompareGrammar) udpCompare { return udpCompare(g) }, same2),
		twin[anyCompareGrammar, anyCompare](t, twinParsers.any, line, func(g anyCompareGrammar) anyCompare { return anyCompare(g) }, same2),
		twin[otherProtoGrammar, otherProto](t, twinParsers.protocol, line, func(g otherProtoGrammar) otherProto { return otherProto(g) }, same2),
		twin[logOptionGrammar, logOption](t, twinParsers.log, line, func(g logOptionGrammar) logOption { return logOption(g) }, same2),
		twin[tcpTailGrammar, tcpTail](t, twinParsers.tcpTail, line, func(g tcpTailGrammar) tcpTail { return tcpTail(g) }, sameDeep),
		twin[udpTailGrammar, udpTail](t, twinParsers.udpTail, line, func(g udpTailGrammar) udpTail { return udpTail(g) }, sameDeep),
		twin[anyTailGrammar, anyTail](t, twinParsers.anyTail, line, func(g anyTailGrammar) anyTail { return anyTail(g) }, sameDeep),
	} {
		if ok {
			taken++
		}
	}
	return taken
}

// TestTwins tries lines of words that the twins know, in any order.
func TestTwins(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields(`permit Deny tcp UDP icmp ICMP 1 17 any ANY host hoſt HOST interface object-group web log eq 10.0.0.1 255.0.0.0 0 inside G eq neq lt gt range RANGE www
		domain ntp 80 70000 5 ip IP gre ah pptp oſpf OſPF 6 47 300 log log disable DEFAULT default interval interval 7 8 0 warnings 601 ( , x`)
	// parts that make whole tails, so that long lines are taken, too
	parts := []string{"any", "host web", "10.0.0.1 255.0.0.0", "interface inside", "object-group G", "eq www", "range 5 80", "lt ntp", "gt 70000", "neq x", "log"}
	taken := 0
	for range 20000 {
		line := make([]string, 1+r.IntN(4))
		for i := range line {
			line[i] = parts[r.IntN(len(parts))]
		}
		taken += sameTwins(t, strings.Join(line, " "))
	}
	for range 40000 {
		line := make([]string, 1+r.IntN(5))
		for i := range line {
			line[i] = words[r.IntN(len(words))]
		}
		taken += sameTwins(t, strings.Join(line, " "))
	}
	if taken < 10000 {
		t.Errorf("only %d lines were taken", taken)
	}
}

// FuzzTwins: what is read by hand is read as the declared grammar says.
func FuzzTwins(f *testing.F) {
	for _, l := range []string{"any", "host web", "10.0.0.0 255.0.0.0", "interface inside", "object-group G", "range 1 2", "log 4 interval 5",
		"log interval 5", "log default", "eq 5 any object-group G", "any any", "object-group G object-group H object-group I", "eq www", "host host", "any eq", "LOG Disable", "ipsec", "47"} {
		f.Add(l)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if !strings.ContainsAny(line, "\n\x00") && len(line) <= maxLine {
			sameTwins(t, line)
		}
	})
}
