package nft

import (
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
)

// The table says of each inspection what the rules do: a helper is assigned exactly where it names one.
func TestFixupTable(t *testing.T) {
	for _, r := range Fixups {
		helpers := 0
		for _, sub := range []string{"", "h225", "ras"} {
			for _, transport := range []uint8{ast.ProtoTCP, ast.ProtoUDP} {
				name, ok := kernelHelper(&compiler.Fixup{Protocol: r.Protocol, Sub: sub, Transport: transport, Ports: compiler.PortRange{Lo: 5, Hi: 5}})
				if ok {
					helpers++
					if !strings.Contains(r.Helper, name) {
						t.Errorf("%s has the helper %s, the table names %q", r.Protocol, name, r.Helper)
					}
				}
			}
		}
		if (helpers > 0) != (r.Helper != "") {
			t.Errorf("%s has %d helpers, the table names %q", r.Protocol, helpers, r.Helper)
		}
		if r.Rules.Refused && r.Helper != "" || r.Rules.Does == "" || r.Rules.Lacks == "" {
			t.Errorf("the row of %s does not fit together: %+v", r.Protocol, r)
		}
		if own := Inspected(&compiler.Fixup{Protocol: r.Protocol, Transport: ast.ProtoTCP, Ports: compiler.PortRange{Lo: 5, Hi: 5}}); own && r.Engine.Does == "" {
			t.Errorf("the table does not say what the process does of %s", r.Protocol)
		}
	}
}

// Payloads go to the process for the ports of fixups that are on, and for those alone; rules that stand alone hand nothing over.
func TestInspected(t *testing.T) {
	queued := func(p *compiler.Plan, daemon bool) (ports []Range, base, queues int) {
		rs, _ := Lower(p, devices, Options{Daemon: daemon})
		for _, c := range rs.Chains {
			for _, r := range c.Rules {
				for _, m := range r.Match {
					if m.Field == OrigDport && c.Name == "inspected" {
						base, ports = base+1, m.Values
					}
				}
				if q, is := r.Do[len(r.Do)-1].(ToQueue); is && q.Num == InspectQueue && c.Name != "mss" {
					queues++
					if !q.Bypass {
						t.Error("connections stand still without the process")
					}
				}
			}
		}
		return ports, base, queues
	}
	p := webPlan()
	tcp := func(protocol string, lo, hi uint16) compiler.Fixup {
		return compiler.Fixup{Protocol: protocol, Transport: ast.ProtoTCP, Ports: compiler.PortRange{Lo: lo, Hi: hi}}
	}
	p.Fixups = nil
	if _, base, _ := queued(p, true); base != 0 {
		t.Errorf("%d rules without a fixup", base)
	}
	p.Fixups = []compiler.Fixup{tcp("smtp", 25, 25), tcp("smtp", 587, 589), tcp("http", 80, 80), tcp("ctiqbe", 2748, 2748)}
	ports, base, queues := queued(p, true)
	if want := []Range{{25, 25}, {80, 80}, {587, 589}}; base != 1 || !slices.Equal(ports, want) || queues != 4 {
		t.Errorf("%d rules for %v, %d to the queue; want one for %v, and four", base, ports, queues, want)
	}
	if _, base, queues := queued(p, false); base != 0 || queues != 0 {
		t.Errorf("%d rules hand over to nobody", base+queues)
	}
}

// The process gets SYNs whose segment size is to change and is not the first option; rules that stand alone leave them.
func TestSegmentSizes(t *testing.T) {
	p := webPlan()
	p.Sysopt.TCPMSS, p.Sysopt.TCPMSSMin = 1380, 1200
	for _, daemon := range []bool{true, false} {
		rs, _ := Lower(p, devices, Options{Daemon: daemon})
		queued, set := 0, 0
		for _, c := range rs.Chains {
			for _, r := range c.Rules {
				if c.Name != "mss" {
					continue
				}
				first := r.Match[len(r.Match)-1]
				if first.Field != FirstTCPOption {
					t.Fatalf("%+v", r)
				}
				switch do := r.Do[0].(type) {
				case ToQueue:
					queued++
					if !first.Not || !do.Bypass {
						t.Errorf("%+v", r)
					}
				default:
					set++
					if first.Not {
						t.Errorf("%+v", r)
					}
				}
			}
		}
		if want := map[bool][2]int{true: {2, 2}, false: {0, 1}}[daemon]; queued != want[0] || set != want[1] {
			t.Errorf("%d to the queue, %d by the kernel; want %v", queued, set, want)
		}
	}
}
