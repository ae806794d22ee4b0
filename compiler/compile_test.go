package compiler

import (
	"testing"

	"pixfw/ast"
)

func TestCompileCommands(t *testing.T) {
	ip := ast.MustIP
	cfg := ast.NewConfig("test")
	host := ip("10.89.129.131")
	any := ast.Net{}
	for _, cmd := range []ast.Command{
		&ast.Nameif{Hardware: "ethernet0", Name: "outside"},
		&ast.Nameif{Hardware: "ethernet1", Name: "inside", Level: 100},
		&ast.AccessList{ID: "120", Permit: true, Proto: 6, Dst: ast.HostAddr(host), ICMPType: -1},
		&ast.IPAddress{On: true, If: "outside", Net: ast.Net{IP: ip("192.168.1.1"), Mask: ip("255.255.255.0")}},
		&ast.IPAddress{On: true, If: "inside", Net: ast.Net{IP: ip("10.89.129.194"), Mask: ip("255.255.255.240")}},
		&ast.Nat{If: "inside", ID: 1, Net: &any, Limits: &ast.Limits{}},
		&ast.Static{RealIf: "inside", MappedIf: "outside", Mapped: ip("192.168.1.11"), Real: &host, Netmask: ast.AllOnes, Limits: &ast.Limits{}},
		&ast.AccessGroup{ACL: "120", If: "outside"},
		&ast.Route{If: "outside", Gateway: ip("192.168.1.3"), Metric: 1},
	} {
		if err := cfg.Do(ast.Statement{Cmd: cmd}); err != nil {
			t.Fatalf("%s: %v", ast.Text(cmd), err)
		}
	}
	plan, diags := Compile(cfg)
	for _, d := range diags {
		t.Error(d)
	}
	if got := plan.Interfaces[0].ACL; got != 0 {
		t.Errorf("outside: ACL %d, want 0", got)
	}
	if got := plan.Lookup(ip("198.51.100.7")); got == nil || got.Gateway != ip("192.168.1.3") {
		t.Errorf("route to the Internet: %+v", got)
	}
	if got := plan.NAT.Statics[0].ToReal(ip("192.168.1.11")); got != host {
		t.Errorf("real address of the static: %s", got)
	}
}
