package syslog

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pixfw/ast"
	"pixfw/runtime"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func ip(s string) ast.IP { return ast.MustIP(s) }

// The texts of messages that engines write, against the formats of semantics.md section 8.
func TestGolden(t *testing.T) {
	src, dst := End{"outside", ip("198.51.100.7"), 4000}, End{"inside", ip("203.0.113.80"), 443}
	tcp, udp := Flow{Proto: 6, Src: src, Dst: dst}, Flow{Proto: 17, Src: src, Dst: dst}
	icmp, gre := Flow{Proto: 1, Src: src, Dst: dst, Type: 8}, Flow{Proto: 47, Src: src, Dst: dst}
	real := End{"inside", ip("10.0.0.80"), 443}
	out := End{"outside", ip("203.0.113.80"), 1024}
	conn := &Connection{Number: 7, Proto: 6, Inbound: true, Foreign: src, ForeignMapped: src, Local: real, Global: dst, User: "cse"}
	uconn := &Connection{Number: 8, Proto: 17, Foreign: src, ForeignMapped: src, Local: real, Global: dst}
	box := End{"outside", ip("203.0.113.1"), 22}
	hour := time.Hour + 2*time.Second
	all := []runtime.Message{
		Deny106001(tcp, runtime.SYN), Deny106006(udp), Deny106007(udp, true), New(106010, gre), New(106011, tcp),
		New(106013, src.IP, dst.IP), New(106014, icmp), Deny106015(tcp, runtime.FIN|runtime.ACK),
		New(106016, src.IP, dst.IP, "outside"), New(106017, src.IP, dst.IP), Deny106021(tcp),
		Deny106023(tcp, "120"), Deny106023(icmp, "120"), Deny106023(gre, "120"),
		Log106100(4, "out", "denied", tcp, 1, 0), Log106100(6, "out", "permitted", icmp, 12, 300*time.Second),
		New(109001, "???", src.bare(), dst.bare()), New(110001, dst.IP, src.IP), New(201002, "static", dst.IP, 1, 1),
		New(202001), Built(conn), Teardown(conn, hour, 334, "TCP FINs"), Built(uconn), Teardown(uconn, hour, 12, ""),
		New(305005, tcp), New(305006, "portmap", icmp),
		XlateBuilt(0, false, real, out), XlateTeardown(0, false, real, out, hour),
		XlateBuilt(6, false, real, out), XlateTeardown(1, false, real, out, hour),
		New(313001, 8, 0, src.IP, "outside"),
		New(401004, src.IP, dst.IP, "outside"), New(402101, dst.IP, "ESP", "0x9999(39321)"), New(402106, dst.IP, src.IP, "TCP"),
		New(602301, dst.IP, 50, 39321, "esp-des esp-md5-hmac", 1),
		New(702303, src.IP, dst.IP, "a", "b", "ESP", "esp-des", 28800, 4608000, 0, 0, 0, 0x4004),
		Box710001(src, box), Box710002(6, src, box), Box710003(6, src, box),
		Box710005(17, src, End{"inside", ip("192.168.1.255"), 138}), Box710006(47, src.IP, box),
	}
	var b strings.Builder
	for _, m := range all {
		fmt.Fprintln(&b, m)
	}
	const file = "testdata/messages.golden"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("messages (-want +got):\n%s", d)
	}
	if strings.Contains(b.String(), "%!") {
		t.Error("a template and its arguments do not agree")
	}
}

func TestCatalogueIsSorted(t *testing.T) {
	last := 0
	for _, e := range Catalogue() {
		if e.ID <= last {
			t.Errorf("%d follows %d", e.ID, last)
		}
		if e.Level < 0 || e.Level > 7 || e.Format == "" {
			t.Errorf("%d: level %d, format %q", e.ID, e.Level, e.Format)
		}
		last = e.ID
	}
}

// Every id that semantics.md section 8 gives a row is in the catalogue, with the level of the row.
func TestReferenceRows(t *testing.T) {
	text, err := os.ReadFile("../../../shared/reference/semantics.md")
	if err != nil {
		t.Skip("the reference is not here: ", err)
	}
	row := regexp.MustCompile(`(?m)^\| (\d{6})\*? \| (\d)(?: \(|/n|\s\|| in)`)
	found := row.FindAllStringSubmatch(string(text), -1)
	if len(found) < 90 {
		t.Fatalf("only %d rows found", len(found))
	}
	for _, m := range found {
		var id, level int
		fmt.Sscan(m[1], &id)
		fmt.Sscan(m[2], &level)
		if got, ok := Level(id); !ok || got != level {
			t.Errorf("%06d: level %d, %v; want %d", id, got, ok, level)
		}
	}
}

func TestUnknownID(t *testing.T) {
	if m := New(106027, "x"); !strings.Contains(m.Text, "no such message") {
		t.Errorf("106027 does not exist in 6.3, got %v", m)
	}
	if id, ok := Signature(2151); !ok || id != 400024 {
		t.Errorf("signature 2151 is %d, %v", id, ok)
	}
}

// Texts that share a block stay what they were when others follow.
func TestTexts(t *testing.T) {
	var texts Texts
	var seen []string
	c := Connection{Proto: 6, Foreign: End{If: "outside"}, Local: End{If: "inside"}}
	for n := range 200 {
		c.Number = uint64(n)
		seen = append(seen, texts.Built(&c).Text, texts.Teardown(&c, 0, 0, "TCP FINs").Text)
	}
	for n := range 200 {
		c.Number = uint64(n)
		if want := Built(&c).Text; seen[2*n] != want {
			t.Fatalf("%q became %q", want, seen[2*n])
		}
		if want := Teardown(&c, 0, 0, "TCP FINs").Text; seen[2*n+1] != want {
			t.Fatalf("%q became %q", want, seen[2*n+1])
		}
	}
}
