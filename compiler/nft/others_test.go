package nft

import (
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
)

// Each line about packets that nothing carries out has a finding with its place; with the processes of the daemon fewer are left.
func TestLinesThatNothingCarriesOut(t *testing.T) {
	const base = "nameif ethernet0 outside security0\nnameif ethernet1 inside security100\nip address outside 203.0.113.1 255.255.255.0\n" +
		"ip address inside 10.0.0.1 255.255.255.0\nip audit name at attack action alarm drop\nmac-list m permit 0001.0203.0405 ffff.ffff.ffff\n" +
		"dhcpd address 10.0.0.100-10.0.0.110 inside\n"
	daemon := Options{Daemon: true, Live: true, Servers: true}
	withTunnels := daemon
	withTunnels.Twins = true
	for _, x := range []struct {
		line string
		done bool // by the daemon with its tunnels
	}{
		{"filter java 81 0 0 0 0", false}, {"filter activex 80-81 0 0 0 0", false}, {"dhcpd enable inside", false}, {"multicast interface inside", false},
		{"rip inside default version 2", false}, {"virtual telnet 203.0.113.90", false}, {"virtual http 203.0.113.91", false}, {"management-access inside", true},
		{"sysopt ipsec pl-compatible", true}, {"ntp server 10.0.0.7 source inside", false},
	} {
		cfg, _, diags := parser.Load("pix.cfg", []byte(base+x.line+"\n"))
		plan, more := compiler.Compile(cfg)
		if diags = append(diags, more...); diags.HasErrors() {
			t.Fatalf("%s: %v", x.line, diags)
		}
		for _, opts := range []Options{daemon, withTunnels} {
			_, found := Lower(plan, map[int]string{0: "eth0", 1: "eth1"}, opts)
			n, want := 0, 1
			if opts.Twins && x.done {
				want = 0
			}
			for _, d := range found {
				if strings.HasPrefix(d.Source, strings.Fields(x.line)[0]) && d.Code == "W518" && d.Severity == ast.Warning && d.Pos.Line == 8 {
					n++
				}
			}
			if n != want {
				t.Errorf("%d findings of %q, want %d: %v", n, x.line, want, found)
			}
		}
	}
	// Where http is inspected the daemon takes content out, and answers go to it.
	for _, what := range []string{"java", "activex"} {
		cfg, _, _ := parser.Load("pix.cfg", []byte(base+"filter "+what+" 80 0 0 0 0\n"))
		plan, _ := compiler.Compile(cfg)
		for _, opts := range []Options{{}, daemon} {
			rs, found := Lower(plan, map[int]string{0: "eth0", 1: "eth1"}, opts)
			if hasCode(found, "W518") == opts.Daemon {
				t.Errorf("filter %s, daemon %v: %v", what, opts.Daemon, found)
			}
			both := false
			for _, c := range rs.Chains {
				for _, r := range c.Rules {
					both = both || c.Name == "inspect" && len(r.Match) == 2 && r.Match[1].Values[0] == Range{80, 80}
				}
			}
			if both != opts.Daemon {
				t.Errorf("filter %s, daemon %v: answers go to it: %v", what, opts.Daemon, both)
			}
		}
	}
}
