package kernel_test

import (
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler/nft"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
	"pixfw/runtime/kernel/lab"
	"pixfw/runtime/vpn"
)

// next puts an engine in the place of one that is dead.
func (w *walk) next(text string) {
	w.t.Helper()
	devices := map[string]string{"ethernet0": "eth0", "ethernet1": "eth1", "ethernet2": "eth2"}
	next, err := vpn.New(vpn.Options{Kernel: kernel.Options{Devices: devices, Netns: "/var/run/netns/" + w.l.Firewall()}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.l.Engine = next
	if _, err := next.Apply(textPlan(w.t, text)); err != nil {
		w.t.Fatal(err)
	}
}

// When the engine's process is gone, hosts without a translation are dropped, and everything else goes on. The next
// engine learns from the connections whose address is whose.
func TestFailsClosed(t *testing.T) {
	w := newWalk(t, pool)
	w.comesAs("10.0.0.5", 3000, "203.0.113.10")
	w.comesAs("10.0.0.6", 3000, "203.0.113.12")
	if err := w.l.Engine.ClearXlates(runtime.XlateFilter{Mapped: ast.MustIP("203.0.113.10")}); err != nil {
		t.Fatal(err)
	}
	if err := w.l.Engine.Kill(); err != nil {
		t.Fatal(err)
	}
	w.comesAs("10.0.0.6", 3001, "203.0.113.12")
	w.comesAs("10.0.0.80", 3000, "203.0.113.80")
	w.dport++
	if err := w.l.SendIP(insideIf, ipv4(ast.MustIP("10.0.0.9"), lab.Internet, 17, udp(1, w.dport))); err != nil {
		t.Fatal(err)
	}
	w.comesAs("10.0.0.6", 3002, "203.0.113.12") // what followed has passed
	for _, x := range w.watch {
		if x.Await(0, func(s lab.Seen) bool {
			return s.Src == ast.MustIP("10.0.0.9") || s.DstPort == w.dport-1 && s.Proto == 17
		}) {
			t.Error("a host without a translation got out")
		}
	}

	w.next(pool)
	w.comesAs("10.0.0.9", 3000, "203.0.113.10")
	w.comesAs("10.0.0.6", 3003, "203.0.113.12")
	w.comesAs("10.0.0.5", 3000, "203.0.113.13")
}

// A PAT address, which the rules serve alone, serves nobody new then either: what has begun goes on, and statics do.
func TestPATFailsClosed(t *testing.T) {
	w := newWalk(t, onePAT())
	for _, f := range w.l.Engine.Missing() {
		if f.Feature == nft.Owners {
			t.Skip("this kernel has no tables that end with a process")
		}
	}
	w.comesAs("10.0.0.5", 3000, "203.0.113.20")
	begun := w.dport
	if err := w.l.Engine.Kill(); err != nil {
		t.Fatal(err)
	}
	w.dport++
	denied := w.dport
	for _, host := range []string{"10.0.0.5", "10.0.0.6"} {
		if err := w.l.SendIP(insideIf, ipv4(ast.MustIP(host), lab.Internet, 17, udp(3000, denied))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.l.SendIP(outsideIf, ipv4(lab.Internet, ast.MustIP("203.0.113.20"), 17, udp(begun, 3000))); err != nil {
		t.Fatal(err)
	}
	if !w.watch[insideIf].Await(3*time.Second, func(s lab.Seen) bool { return s.Dst == ast.MustIP("10.0.0.5") && s.SrcPort == begun }) {
		t.Error("a connection does not go on")
	}
	w.comesAs("10.0.0.80", 3000, "203.0.113.80") // after this packet the others would have come
	if w.watch[outsideIf].Await(0, func(s lab.Seen) bool { return s.DstPort == denied && s.Proto == 17 }) {
		t.Error("a connection has begun that nobody has heard of")
	}
	w.next(onePAT())
	w.comesAs("10.0.0.6", 3000, "203.0.113.20")
}
