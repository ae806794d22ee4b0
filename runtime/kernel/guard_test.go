package kernel_test

import (
	"errors"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
	"pixfw/runtime/kernel/lab"
)

// A wire is a firewall whose packets are sent one by one.
type wire struct {
	*lab.Probe
	t *testing.T
}

func newWire(t *testing.T, plan *compiler.Plan) *wire {
	t.Helper()
	var hardware []string
	for i := range plan.Interfaces {
		hardware = append(hardware, plan.Interfaces[i].Hardware)
	}
	rig, err := lab.NewRig(hardware)
	if errors.Is(err, lab.ErrNotRoot) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rig.Close(); err != nil {
			t.Error(err)
		}
	})
	p, err := rig.Open(kernel.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &wire{p, t}
	w.apply(plan)
	if !p.HasQueue() {
		t.Skip("this kernel has no packet queue, neither native nor as a target of xtables")
	}
	return w
}

func (w *wire) apply(plan *compiler.Plan) {
	w.t.Helper()
	if _, err := w.Apply(plan); err != nil {
		w.t.Fatal(err)
	}
}

// sends sends a packet, and checks what becomes of it and which messages it causes.
func (w *wire) sends(in int, p runtime.Packet, want runtime.Action, messages ...int) runtime.Verdict {
	w.t.Helper()
	v, err := w.Inject(runtime.Ingress{If: in}, p)
	if err != nil {
		w.t.Fatal(err)
	}
	var got []int
	for _, m := range v.Logs {
		got = append(got, m.ID)
	}
	if v.Action != want || len(got) != len(messages) {
		w.t.Errorf("%s: %v %v %v, want %v %v", p.String(), v.Action, v.Reason, v.Logs, want, messages)
		return v
	}
	for i := range got {
		if got[i] != messages[i] {
			w.t.Errorf("%s: messages %v, want %v", p.String(), v.Logs, messages)
			break
		}
	}
	return v
}

func datagram(src string, sport uint16, dst string, dport uint16, payload ...byte) runtime.Packet {
	return runtime.Packet{Proto: ast.ProtoUDP, Src: ast.MustIP(src), Dst: ast.MustIP(dst), SrcPort: sport, DstPort: dport, Payload: payload}
}

// Each query has one answer, by its id, also when the policy changes meanwhile; the connection ends with the last.
func TestDNSGuard(t *testing.T) {
	plan := textPlan(t, pool)
	w := newWire(t, plan)
	const client, server, mapped = "10.0.0.5", "198.51.100.7", "203.0.113.10"
	query := func(id byte) runtime.Packet { return datagram(client, 5000, server, 53, 0, id, 1, 0) }
	answer := func(id byte) runtime.Packet { return datagram(server, 53, mapped, 5000, 0, id, 0x81, 0) }
	deny := textPlan(t, pool+"no access-list out permit udp any any\n")
	w.apply(deny)

	w.sends(insideIf, query(7), runtime.Forward, 305009, 302015)
	w.sends(insideIf, query(7), runtime.Forward) // sent again
	w.sends(insideIf, query(8), runtime.Forward)
	w.sends(outsideIf, answer(9), runtime.Drop)
	w.apply(deny)
	w.sends(outsideIf, answer(9), runtime.Drop)
	w.sends(outsideIf, answer(7), runtime.Forward)
	w.sends(outsideIf, answer(7), runtime.Drop)
	w.sends(outsideIf, answer(8), runtime.Forward, 302016)
	if ended := w.Expire(); len(ended) == 0 || ended[len(ended)-1].ID != 302016 {
		t.Errorf("the connection has not ended: %v", ended)
	}
	w.sends(outsideIf, answer(8), runtime.Drop, 106023)
	if n := len(w.Conns().Conns); n != 0 {
		t.Errorf("%d connections", n)
	}

	// Three at once are too many to be counted: each has its answer still, and time ends the connection.
	for id := range byte(3) {
		w.sends(insideIf, query(20+id), runtime.Forward, [][]int{{302015}, nil, nil}[id]...)
	}
	for id := range byte(3) {
		w.sends(outsideIf, answer(22-id), runtime.Forward)
		w.sends(outsideIf, answer(22-id), runtime.Drop)
	}
	if n := len(w.Conns().Conns); n != 1 {
		t.Errorf("%d connections", n)
	}

	// What has no id at all is one query.
	w.sends(insideIf, datagram(client, 5001, server, 53), runtime.Forward, 302015)
	w.sends(outsideIf, datagram(server, 53, mapped, 5001), runtime.Forward, 302016)
	w.sends(outsideIf, datagram(server, 53, mapped, 5001), runtime.Drop, 106023)
}
