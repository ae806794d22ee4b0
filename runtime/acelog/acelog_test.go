package acelog

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

func key(n int) Key {
	return Key{List: "out", Entry: 1, In: 0, Proto: ast.ProtoTCP, Src: ast.IP(n), Dst: 7, SrcPort: 1, DstPort: 80}
}

func hit(n int, permit bool, interval time.Duration) Hit {
	verb := "denied"
	if permit {
		verb = "permitted"
	}
	return Hit{Level: 6, Verb: verb, Permit: permit, Interval: interval, Flow: syslog.Flow{Proto: ast.ProtoTCP, Src: syslog.End{If: "outside", IP: ast.IP(n), Port: 1},
		Dst: syslog.End{If: "inside", IP: 7, Port: 80}}}
}

// The first packet is told of at once, the others at the end of each interval that had some; then the flow is forgotten.
func TestIntervals(t *testing.T) {
	var table Table
	var said []string
	emit := func(m runtime.Message) { said = append(said, m.Text[strings.Index(m.Text, "hit-cnt"):]) }
	limits := Limits{10, 10, time.Minute}
	at := func(s int) time.Duration { return time.Duration(s) * time.Second }
	table.Hit(key(1), hit(1, true, at(10)), limits, 0, emit)
	table.Hit(key(1), hit(1, true, at(10)), limits, at(1), emit)
	table.Hit(key(1), hit(1, true, at(10)), limits, at(9), emit)
	table.Hit(key(2), hit(2, false, 0), limits, at(9), emit)
	if next, ok := table.Next(); !ok || next != at(10) {
		t.Errorf("next %v %v", next, ok)
	}
	table.Expire(at(9), emit)
	table.Expire(at(11), emit)
	table.Hit(key(1), hit(1, true, at(10)), limits, at(12), emit)
	table.Expire(at(21), emit)
	table.Expire(at(31), emit)
	if p, d := table.Len(); p != 0 || d != 1 {
		t.Errorf("%d permitted, %d denied flows", p, d)
	}
	table.Hit(key(1), hit(1, true, at(10)), limits, at(40), emit)
	want := []string{"hit-cnt 1 (first hit)", "hit-cnt 1 (first hit)", "hit-cnt 2 (10-second interval)", "hit-cnt 1 (10-second interval)", "hit-cnt 1 (first hit)"}
	if !slices.Equal(said, want) {
		t.Errorf("%q, want %q", said, want)
	}
	table.Expire(at(309), emit)
	if _, ok := table.Next(); ok {
		t.Error("something is left")
	}
}

// Whatever comes, the table keeps its bounds and forgets in the end; interfaces that are gone take their flows with them.
func TestBounds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var table Table
	limits := LimitsOf(&compiler.Plan{DenyFlows: compiler.DenyFlows{Max: 5}}, 8)
	alarms := map[int]int{}
	now := time.Duration(0)
	emit := func(m runtime.Message) { alarms[m.ID]++ }
	for i := range 20_000 {
		now += time.Duration(rng.IntN(3)) * time.Second
		table.Expire(now, emit)
		k := key(rng.IntN(40))
		k.In = rng.IntN(3)
		table.Hit(k, hit(int(k.Src), k.Src%2 == 0, time.Duration(rng.IntN(40))*time.Second), limits, now, emit)
		if i%1000 == 999 {
			table.Renumber(func(in int) int { return []int{1, compiler.None, 2}[in] })
		}
		p, d := table.Len()
		if p > 8 || d > 5 || p+d != len(table.order) || p+d != len(table.flows) {
			t.Fatalf("%d permitted and %d denied flows, %d in order", p, d, len(table.order))
		}
		for j, f := range table.order {
			if f.pos != j || table.flows[f.key] != f {
				t.Fatal("the table has lost a flow")
			}
		}
	}
	if longest := int(now / (300 * time.Second)); alarms[106101] == 0 || alarms[106101] > longest+1 {
		t.Errorf("106101 %d times in %v", alarms[106101], now)
	}
	table.Expire(now+time.Hour, emit)
	table.Expire(now+2*time.Hour, emit)
	if p, d := table.Len(); p+d != 0 {
		t.Error(fmt.Sprint(p, d, " flows are left"))
	}
}
