package nft

import (
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
)

// Each line about packets that nothing carries out has a finding with its place.
func TestLinesThatNothingCarriesOut(t *testing.T) {
	const base = "nameif ethernet0 outside security0\nnameif ethernet1 inside security100\nip address outside 203.0.113.1 255.255.255.0\n" +
		"ip address inside 10.0.0.1 255.255.255.0\nip audit name at attack action alarm drop\nmac-list m permit 0001.0203.0405 ffff.ffff.ffff\n" +
		"dhcpd address 10.0.0.100-10.0.0.110 inside\n"
	for _, line := range []string{
		"filter java 80 0 0 0 0", "filter activex 80 0 0 0 0", "dhcpd enable inside", "multicast interface inside",
		"rip inside default version 2", "virtual telnet 203.0.113.90", "virtual http 203.0.113.91", "management-access inside", "aaa mac-exempt match m",
		"sysopt ipsec pl-compatible", "ntp server 10.0.0.7 source inside",
	} {
		cfg, _, diags := parser.Load("pix.cfg", []byte(base+line+"\n"))
		plan, more := compiler.Compile(cfg)
		if diags = append(diags, more...); diags.HasErrors() {
			t.Fatalf("%s: %v", line, diags)
		}
		_, found := Lower(plan, map[int]string{0: "eth0", 1: "eth1"}, Options{Daemon: true, Live: true, Servers: true})
		n := 0
		for _, d := range found {
			if strings.HasPrefix(d.Source, strings.Fields(line)[0]) && d.Code == "W518" && d.Severity == ast.Warning && d.Pos.Line == 8 {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d findings of %q: %v", n, line, found)
		}
	}
}
