package nft

import (
	"fmt"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
)

// Rules with doors list alike, whether they were loaded as text or as messages; without a fixup that opens any there are none.
func TestDoors(t *testing.T) {
	p := webPlan()
	p.Fixups = []compiler.Fixup{{Protocol: "rtsp", Transport: ast.ProtoTCP, Ports: compiler.PortRange{Lo: 554, Hi: 554}}}
	opts := Options{Daemon: true, Live: true}
	rs, _ := Lower(p, devices, opts)
	if len(rs.Doors) != len(rs.Numbers) || len(rs.Doors) == 0 {
		t.Fatalf("%d interfaces have doors, of %d", len(rs.Doors), len(rs.Numbers))
	}
	for i := range rs.Sets {
		if k := rs.Sets[i].Kind; k == LiveDoors || k == DoorMap {
			rs.Sets[i].Members = []Member{{IP: ast.MustIP("198.51.100.7"), To: ast.MustIP("203.0.113.10"),
				Door: Door{ast.ProtoUDP, 3056, ast.MustIP("10.0.0.5"), 3057}}}
		}
	}
	var doors Ruleset
	for _, s := range rs.Sets {
		if s.Kind == LiveDoors || s.Kind == DoorMap {
			doors.Sets = append(doors.Sets, s)
		}
	}
	for _, c := range rs.Chains {
		var with []Rule
		for _, r := range c.Rules {
			for _, m := range r.Match {
				if m.Field == DoorOf || m.Field == PacketMark && m.Mask == isChild.Mask && !m.Not {
					with = append(with, r)
				}
			}
		}
		if len(with) > 0 {
			c.Rules = with
			doors.Chains = append(doors.Chains, c)
		}
	}
	for range 40 { // so that the listing is long enough to be compared
		doors.Chains = append(doors.Chains, Chain{Name: fmt.Sprint("pad_", len(doors.Chains)), Rules: []Rule{{Do: []Stmt{Accept{}}}}})
	}
	for i := range doors.Chains {
		if c := &doors.Chains[i]; c.Hook == "" && c.Name[:2] == "un" {
			c.Type, c.Hook, c.Priority = "nat", "prerouting", -100 // only there destinations are translated
		}
	}
	listAlike(t, "doors", &doors)
	p.Fixups = nil
	if rs, _ = Lower(p, devices, opts); len(rs.Doors) != 0 {
		t.Errorf("%v", rs.Doors)
	}
}
