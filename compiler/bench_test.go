package compiler

import (
	"strconv"
	"testing"

	"pixfw/ast"
)

// longList is a configuration whose list has n entries like those of real ones.
func longList(tb testing.TB, n int) *ast.Config {
	tb.Helper()
	cfg := ast.NewConfig("long")
	do := func(cmd ast.Command) {
		if err := cfg.Do(ast.Statement{Cmd: cmd}); err != nil {
			tb.Fatal(err)
		}
	}
	do(&ast.Nameif{Hardware: "ethernet0", Name: "outside"})
	do(&ast.Nameif{Hardware: "ethernet1", Name: "inside", Level: 100})
	for i := range n {
		do(&ast.AccessList{ID: "long", Permit: i%7 != 0, Proto: 6, Src: ast.Any(), Dst: ast.HostAddr(ast.IP(0xcb000000 + i/4)),
			DstPort: ast.PortMatch{Op: ast.PortEq, Lo: uint16(20 + i%4)}, ICMPType: -1})
	}
	do(&ast.AccessGroup{ACL: "long", If: "outside"})
	return cfg
}

// TestLongList holds compiling to a constant number of allocations however long a list is.
func TestLongList(t *testing.T) {
	cfg := longList(t, 20_000)
	plan, diags := Compile(cfg)
	if len(diags) > 0 || len(plan.ACLs[0].Entries) != 20_000 {
		t.Fatalf("%d entries, %v", len(plan.ACLs[0].Entries), diags.Err())
	}
	if allocs := testing.AllocsPerRun(1, func() { Compile(cfg) }); allocs > 500 {
		t.Errorf("%v allocations for 20,000 entries", allocs)
	}
	if diags := Lint(cfg, plan); len(diags) > 0 {
		t.Errorf("findings in a list without any: %v", diags[0])
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		cfg := longList(b, n)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Compile(cfg)
			}
		})
	}
}

func BenchmarkLint(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		cfg := longList(b, n)
		plan, _ := Compile(cfg)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				Lint(cfg, plan)
			}
		})
	}
}
