package emulator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
)

func BenchmarkEstablished(b *testing.B) {
	l := newLab(b, base)
	l.connect()
	l.SetTrace(false)
	in := runtime.Ingress{If: l.Plan().IfByName("inside")}
	p := tcp("10.0.0.5:3000", "198.51.100.7:80", ack)
	b.ReportAllocs()
	from := cpuTime()
	for b.Loop() {
		l.Inject(in, p)
	}
	perSecond(b, from)
}

// perSecond reports how many of the operation one processor does in a second of its own time, collector included: on a machine
// that others use, too, that says more than the clock on the wall.
func perSecond(b *testing.B, from time.Duration) {
	if used := cpuTime() - from; from > 0 && used > 0 {
		b.ReportMetric(float64(b.N)/used.Seconds(), "per_cpu_s")
	}
}

// alive is how many connections a benchmark of new flows keeps open.
const alive = 50000

// flows opens connections from hosts behind inside through a list of n entries to servers that the list names, one entry after
// the other in a scattered order, and resets each when alive more have been opened: so the tables neither grow nor stand still.
func flows(b *testing.B, entries int, linear bool) {
	l, flow := flowLab(b, entries)
	l.linear = linear
	in := runtime.Ingress{If: l.Plan().IfByName("inside")}
	n := 0
	next := func() {
		v, err := l.Inject(in, flow(n, syn))
		if err != nil || v.Action != runtime.Forward {
			b.Fatalf("flow %d: %v %s", n, err, v.Reason)
		}
		if n >= alive {
			l.Inject(in, flow(n-alive, runtime.RST))
		}
		n++
	}
	for range alive + 1000 {
		next()
	}
	b.ReportAllocs()
	from := cpuTime()
	for b.Loop() {
		next()
	}
	perSecond(b, from)
}

// flowLab is an engine with n entries on inside, and the packets of flows through them.
func flowLab(b *testing.B, entries int) (*lab, func(n int, flags runtime.TCPFlags) runtime.Packet) {
	var text strings.Builder
	text.WriteString(base + "route inside 10.1.0.0 255.255.0.0 10.0.0.2 1\n")
	for i := range entries {
		fmt.Fprintf(&text, "access-list in permit tcp any host 192.%d.%d.%d eq %d\n", i>>14, i>>7&127, 1+i&127, 1+i%1000)
	}
	text.WriteString("access-group in in interface inside\n")
	config := text.String()
	config = strings.Replace(config, "203.0.113.10-203.0.113.12 netmask 255.255.255.0", "203.1.0.0-203.1.255.255", 1)
	l := newLab(b, config)
	l.Close()
	l.Engine = New(l.clock)
	if _, err := l.Apply(planOf(b, config)); err != nil {
		b.Fatal(err)
	}
	l.SetTrace(false)
	host := ast.MustIP("10.1.0.0")
	flow := func(n int, flags runtime.TCPFlags) runtime.Packet {
		i := n * 7919 % entries
		return runtime.Packet{Proto: ast.ProtoTCP, Src: host + 2 + ast.IP(n%1009), SrcPort: uint16(1024 + n/1009%60000),
			Dst: ast.IP(192<<24 | i>>14<<16 | i>>7&127<<8 | (1 + i&127)), DstPort: uint16(1 + i%1000), Flags: flags}
	}
	return l, flow
}

// A flow here is its SYN and, later, its RST: two packets, the birth and the death of a connection, four messages.
func BenchmarkNewFlow10k(b *testing.B)       { flows(b, 10000, false) }
func BenchmarkNewFlow10kLinear(b *testing.B) { flows(b, 10000, true) }

// A flow here is its SYN alone: the birth of a connection, while up to alive others live. Their end is not measured.
func BenchmarkNewFlow10kBirth(b *testing.B) {
	l, flow := flowLab(b, 10000)
	in := runtime.Ingress{If: l.Plan().IfByName("inside")}
	n := 0
	reset := func() {
		for ; n > 0; n-- {
			l.Inject(in, flow(n-1, runtime.RST))
		}
	}
	for range 2 { // tables and what they reuse have their size
		for ; n < alive; n++ {
			l.Inject(in, flow(n, syn))
		}
		reset()
	}
	b.ReportAllocs()
	b.ResetTimer()
	var used time.Duration
	from := cpuTime()
	for range b.N {
		if n == alive {
			b.StopTimer()
			used += cpuTime() - from
			reset()
			from = cpuTime()
			b.StartTimer()
		}
		if v, _ := l.Inject(in, flow(n, syn)); v.Action != runtime.Forward {
			b.Fatalf("flow %d: %s", n, v.Reason)
		}
		n++
	}
	b.StopTimer()
	used += cpuTime() - from
	perSecond(b, cpuTime()-used)
}
