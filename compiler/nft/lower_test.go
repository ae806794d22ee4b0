package nft

import (
	"math/rand/v2"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
)

// Every difference is documented, and told once a line.
func TestDiagnostics(t *testing.T) {
	for name, p := range plans() {
		_, diags := Lower(p, devices)
		if len(diags) == 0 {
			t.Errorf("%s: no diagnostics", name)
		}
		seen := map[ast.Pos]bool{}
		for _, d := range diags {
			c, ok := ast.FindCode(d.Code)
			if !ok || c.Example == "" || c.Remedy == "" || c.Text == "" {
				t.Errorf("%s: %s is not documented", name, d.Code)
			}
			if d.Pos.IsValid() && seen[d.Pos] {
				t.Errorf("%s: line %v has two", name, d.Pos)
			}
			seen[d.Pos] = true
		}
	}
}

// An interface without a device or an address is left out, and said so; so is what needs it.
func TestInterfaceWithoutDevice(t *testing.T) {
	rs, diags := Lower(webPlan(), map[int]string{0: "out0"})
	if !hasCode(diags, "W513") {
		t.Errorf("no W513 in %v", diags)
	}
	for _, c := range rs.Chains {
		if c.Name == "from_inside" || c.Name == "out_inside_outside" {
			t.Errorf("chain %s is there", c.Name)
		}
	}
}

func hasCode(diags ast.Diagnostics, code string) bool {
	for _, d := range diags {
		if d.Code == code {
			return true
		}
	}
	return false
}

// An empty plan makes a firewall that passes nothing.
func TestEmptyPlan(t *testing.T) {
	rs, _ := Lower(&compiler.Plan{}, nil)
	for _, c := range rs.Chains {
		if c.Hook == "forward" && c.Name == "through" && (!c.Drop || len(c.Rules) != 0) {
			t.Errorf("through: policy drop %v, %d rules", c.Drop, len(c.Rules))
		}
	}
	if _, err := rs.Messages(); err != nil {
		t.Error(err)
	}
}

func covers(ranges []Range, v uint32) bool {
	for _, r := range ranges {
		if r.Lo <= v && v <= r.Hi {
			return true
		}
	}
	return false
}

func TestRangeArithmetic(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	some := func() []Range {
		out := make([]Range, rnd.IntN(5))
		for i := range out {
			lo := rnd.Uint32N(60)
			out[i] = Range{lo, lo + rnd.Uint32N(20)}
			if rnd.IntN(9) == 0 {
				out[i].Hi = 0xffffffff
			}
		}
		return out
	}
	for range 2000 {
		a, b := some(), some()
		m, d := merge(a), subtract(a, b)
		for i := 1; i < len(m); i++ {
			if uint64(m[i].Lo) <= uint64(m[i-1].Hi)+1 {
				t.Fatalf("merge(%v) = %v touches", a, m)
			}
		}
		for _, v := range []uint32{0xffffffff, 0xfffffffe} {
			if covers(d, v) != (covers(a, v) && !covers(b, v)) {
				t.Fatalf("%v - %v = %v is wrong at %d", a, b, d, v)
			}
		}
		for v := uint32(0); v < 90; v++ {
			if covers(m, v) != covers(a, v) || covers(d, v) != (covers(a, v) && !covers(b, v)) {
				t.Fatalf("%v, %v: merge %v, difference %v wrong at %d", a, b, m, d, v)
			}
		}
	}
}

// Whatever a configuration calls its lists and interfaces, the text is one that nft can read.
func TestNames(t *testing.T) {
	p := webPlan()
	p.ACLs[1].ID = `we"ird;name {`
	p.Interfaces[0].Name, p.Interfaces[1].Name = "a-b", "a_b"
	rs, _ := Lower(p, devices)
	seen := map[string]bool{}
	for _, c := range rs.Chains {
		if seen[c.Name] {
			t.Errorf("two chains %s", c.Name)
		}
		seen[c.Name] = true
	}
	inNamespace(t, func() { nftCommand(t, rs.Text(), "-c", "-f", "-") })
}
