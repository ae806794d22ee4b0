package kernel_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel/lab"
)

// staysIn checks that a host's packet to the Internet does not come out, and what is said of it.
func (w *walk) staysIn(from string, sport uint16, says string) {
	w.t.Helper()
	mark := len(w.l.Messages())
	w.dport++
	if err := w.l.SendIP(insideIf, ipv4(ast.MustIP(from), lab.Internet, 17, udp(sport, w.dport))); err != nil {
		w.t.Fatal(err)
	}
	w.says(mark, says)
}

func without(t *testing.T, text string, lines ...string) string {
	t.Helper()
	for _, l := range lines {
		if !strings.Contains(text, l+"\n") {
			t.Fatalf("no line %q", l)
		}
		text = strings.Replace(text, l+"\n", "", 1)
	}
	return text
}

// Translations whose lines are gone end by their times, and with them the rules for them have no effect any more.
func TestKeptUntilTheirTime(t *testing.T) {
	w := newWalk(t, pool)
	clock := runtime.NewVirtualClock(time.Now())
	w.l.Engine.SetClock(clock)
	w.comesAs("10.0.0.5", 3000, "203.0.113.10")
	w.comesAs("10.0.0.6", 3000, "203.0.113.12")
	w.comesAs("10.0.0.7", 3000, "203.0.113.13")
	port := w.comesAs("10.0.0.8", 3000, "203.0.113.20").SrcPort
	w.says(0, "%PIX-6-305011: Built dynamic UDP translation from inside:10.0.0.8/3000 to outside:203.0.113.20/")
	gone := without(t, pool, "nat (inside) 1 0.0.0.0 0.0.0.0 0 0", "global (outside) 1 203.0.113.20")
	for range 2 { // applied again, they are there as well
		if _, err := w.l.Engine.Apply(textPlan(t, gone)); err != nil {
			t.Fatal(err)
		}
		w.comesAs("10.0.0.5", 3001, "203.0.113.10")
		if s := w.comesAs("10.0.0.8", 3000, "203.0.113.20"); s.SrcPort != port {
			t.Errorf("port %d, want %d", s.SrcPort, port)
		}
		w.staysIn("10.0.0.8", 3001, "%PIX-3-305005: ")
	}
	mark := len(w.l.Messages())
	idle := func(d time.Duration) {
		t.Helper()
		if err := w.l.Engine.ClearConns(); err != nil {
			t.Fatal(err)
		}
		clock.Advance(d)
		if err := w.l.Engine.Tick(); err != nil {
			t.Fatal(err)
		}
	}
	idle(29 * time.Second)
	if s := w.comesAs("10.0.0.8", 3000, "203.0.113.20"); s.SrcPort != port {
		t.Errorf("port %d, want %d", s.SrcPort, port)
	}
	idle(30 * time.Second)
	w.says(mark, "%PIX-6-305012: Teardown dynamic UDP translation from inside:10.0.0.8/3000 to outside:203.0.113.20/")
	w.staysIn("10.0.0.8", 3000, "%PIX-3-305005: ")
	w.comesAs("10.0.0.5", 3002, "203.0.113.10")
	idle(10 * time.Minute)
	w.says(mark, "%PIX-6-305010: Teardown dynamic translation from inside:10.0.0.5 to outside:203.0.113.10 ")
	w.staysIn("10.0.0.5", 3002, "%PIX-3-305005: ")
	if x := dynamics(w); len(x) != 0 {
		t.Errorf("left: %+v", x)
	}
}

// ARP is answered for the addresses of translations whose lines are gone, as long as they live, and not for those of others.
func TestKeptAnswersARP(t *testing.T) {
	// The address of one of them is the firewall's on another interface, too, and stays it.
	text := pool + "static (inside,dmz) 203.0.113.12 10.0.0.83 netmask 255.255.255.255 0 5\n"
	w := newWalk(t, text)
	clock := runtime.NewVirtualClock(time.Now())
	w.l.Engine.SetClock(clock)
	w.comesAs("10.0.0.5", 3000, "203.0.113.10")
	w.comesAs("10.0.0.6", 3000, "203.0.113.12")
	w.comesAs("10.0.0.7", 3000, "203.0.113.13")
	w.comesAs("10.0.0.8", 3000, "203.0.113.20")
	w.comesAs("10.0.0.50", 3000, "10.0.0.50")
	w.says(0, "%PIX-6-305011: ")
	answered := func() (out []string) {
		t.Helper()
		for _, ip := range []string{"203.0.113.10", "203.0.113.11", "203.0.113.12", "203.0.113.13", "203.0.113.20", "10.0.0.50"} {
			for i, on := range w.l.Engine.Plan().Interfaces {
				is, err := w.l.Answers(i, ast.MustIP(ip))
				if err != nil {
					t.Fatal(err)
				}
				if is {
					out = append(out, on.Name+" "+ip)
				}
			}
		}
		return out
	}
	is := func(when string, want ...string) {
		t.Helper()
		for k := range want {
			want[k] = "outside " + want[k] // and nowhere else
		}
		if got := answered(); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	is("at first", "203.0.113.10", "203.0.113.11", "203.0.113.12", "203.0.113.13", "203.0.113.20")
	if err := w.l.Engine.ClearXlates(runtime.XlateFilter{Mapped: ast.MustIP("203.0.113.13")}); err != nil {
		t.Fatal(err)
	}
	gone := without(t, text, "global (outside) 1 203.0.113.10-203.0.113.11", "global (outside) 1 203.0.113.12-203.0.113.13 netmask 255.255.255.0", "global (outside) 1 203.0.113.20",
		"static (inside,outside) 203.0.113.11 10.0.0.81 netmask 255.255.255.255 0 0")
	if _, err := w.l.Engine.Apply(textPlan(t, gone)); err != nil {
		t.Fatal(err)
	}
	is("without the lines", "203.0.113.10", "203.0.113.12", "203.0.113.20")
	if err := w.l.Engine.ClearXlates(runtime.XlateFilter{Mapped: ast.MustIP("203.0.113.12")}); err != nil {
		t.Fatal(err)
	}
	if err := w.l.Engine.Tick(); err != nil {
		t.Fatal(err)
	}
	is("when one is cleared", "203.0.113.10", "203.0.113.20")
	if err := w.l.Engine.ClearConns(); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	if err := w.l.Engine.Tick(); err != nil {
		t.Fatal(err)
	}
	is("when that of a port has ended", "203.0.113.10")
	if _, err := w.l.Engine.Apply(textPlan(t, without(t, gone, "nat (inside) 1 0.0.0.0 0.0.0.0 0 0"))); err != nil {
		t.Fatal(err)
	}
	is("applied again", "203.0.113.10")
	clock.Advance(10 * time.Minute)
	if err := w.l.Engine.Tick(); err != nil {
		t.Fatal(err)
	}
	is("in the end")
}

// A process that is killed leaves its translations to the next one, though the configuration has other lines by then, and nobody uses them.
func TestKeptByTheNextProcess(t *testing.T) {
	const policy = "access-list pn permit udp 10.0.0.0 255.255.255.0 host 198.51.100.7\nnat (inside) 2 access-list pn\nglobal (outside) 2 203.0.113.33-203.0.113.34 netmask 255.255.255.0\n"
	limited := strings.Replace(pool, "nat (inside) 1 0.0.0.0 0.0.0.0 0 0", "nat (inside) 1 0.0.0.0 0.0.0.0 1 0", 1)
	w := newWalk(t, limited)
	w.comesAs("10.0.0.5", 3000, "203.0.113.10")
	w.comesAs("10.0.0.6", 3000, "203.0.113.12")
	w.comesAs("10.0.0.50", 3000, "10.0.0.50")
	if _, err := w.l.Engine.Apply(textPlan(t, limited+policy)); err != nil {
		t.Fatal(err)
	}
	w.comesAs("10.0.0.5", 3000, "203.0.113.33")
	gone := without(t, limited, "nat (inside) 1 0.0.0.0 0.0.0.0 1 0", "global (outside) 1 203.0.113.10-203.0.113.11", "nat (inside) 0 10.0.0.50 255.255.255.255")
	if _, err := w.l.Engine.Apply(textPlan(t, gone)); err != nil { // the first process knows that its lines are gone, but for one
		t.Fatal(err)
	}
	if err := w.l.Engine.ClearConns(); err != nil {
		t.Fatal(err)
	}
	if err := w.l.Engine.Kill(); err != nil {
		t.Fatal(err)
	}
	w.next(without(t, gone, "global (outside) 1 203.0.113.12-203.0.113.13 netmask 255.255.255.0"))
	clock := runtime.NewVirtualClock(time.Now())
	w.l.Engine.SetClock(clock)
	has := func(want ...string) {
		t.Helper()
		var got []string
		for _, x := range dynamics(w) {
			got = append(got, x.Real.String()+" "+x.Mapped.String())
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	has("10.0.0.5 203.0.113.10", "10.0.0.5 203.0.113.33", "10.0.0.50 10.0.0.50", "10.0.0.6 203.0.113.12")
	w.comesAs("10.0.0.5", 3001, "203.0.113.10")
	w.comesAs("10.0.0.50", 3001, "10.0.0.50")
	if s, ok := w.sends(outsideIf, "198.51.100.7", 9, "203.0.113.33", insideIf); !ok || s.Dst != ast.MustIP("10.0.0.5") {
		t.Errorf("who calls the host of policy NAT comes to %v, %v", s.Dst, ok)
	}
	if answers, err := w.l.Answers(outsideIf, ast.MustIP("203.0.113.10")); err != nil || !answers {
		t.Errorf("ARP is answered for the address: %v, %v", answers, err)
	}
	// The limit of the line is in force.
	refused := make(chan string, 1)
	defer w.l.Engine.Subscribe(func(m runtime.Message) {
		if m.ID == 201002 {
			select {
			case refused <- m.Text:
			default:
			}
		}
	})()
	call := func(port uint16) {
		t.Helper()
		p := runtime.Packet{Proto: ast.ProtoTCP, Src: ast.MustIP("10.0.0.6"), Dst: ast.MustIP("198.51.100.99"), SrcPort: port, DstPort: port, Flags: runtime.SYN, Seq: 1, Window: 0x8000, TTL: 64}
		b, err := p.Append(nil)
		if err == nil {
			err = w.l.SendIP(insideIf, b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if call(5000); !w.watch[outsideIf].Await(3*time.Second, func(s lab.Seen) bool { return s.Proto == ast.ProtoTCP && s.DstPort == 5000 }) {
		t.Error("the first connection of the host does not come out")
	}
	call(5001)
	select {
	case said := <-refused:
		if said != "Too many connections on xlate 203.0.113.12! 0 1" && said != "Too many connections on xlate 203.0.113.12! 1 1" {
			t.Errorf("said: %s", said)
		}
	case <-time.After(3 * time.Second):
		t.Error("the second connection is not refused")
	}
	if err := w.l.Engine.ClearConns(); err != nil {
		t.Fatal(err)
	}
	clock.Advance(10 * time.Minute)
	if err := w.l.Engine.Tick(); err != nil {
		t.Fatal(err)
	}
	for _, x := range dynamics(w) {
		if x.Real == ast.MustIP("10.0.0.6") {
			t.Errorf("its time is over: %+v", x)
		}
	}
}
