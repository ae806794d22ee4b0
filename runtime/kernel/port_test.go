package kernel_test

import (
	"testing"

	"pixfw/ast"
)

// A host is cleared with its translations and its connections, and nothing of others goes.
func TestClearHost(t *testing.T) {
	w := newWalk(t, pool)
	w.comesAs("10.0.0.6", 3000, "203.0.113.10")
	w.comesAs("10.0.0.7", 3000, "203.0.113.12")
	mark := len(w.l.Messages())
	if err := w.l.Engine.ClearHost(ast.MustIP("10.0.0.6")); err != nil {
		t.Fatal(err)
	}
	w.says(mark, "%PIX-6-302016: Teardown UDP connection 1 ")
	w.says(mark, "%PIX-6-305010: Teardown dynamic translation from inside:10.0.0.6 ")
	if x := dynamics(w); len(x) != 1 || x[0].Real != ast.MustIP("10.0.0.7") {
		t.Errorf("%+v", x)
	}
	for _, c := range w.l.Engine.Conns().Conns {
		if c.Local == ast.MustIP("10.0.0.6") {
			t.Errorf("it still has %+v", c)
		}
	}
}

// What the console shows of a port is what the device has.
func TestPort(t *testing.T) {
	w := newWalk(t, pool)
	w.comesAs("10.0.0.6", 3000, "203.0.113.10")
	for i := range 2 {
		p, ok := w.l.Engine.Port(i)
		if !ok || len(p.MAC) != 6 || !p.Carrier {
			t.Errorf("interface %d: %+v, %t", i, p, ok)
		}
	}
	if p, ok := w.l.Engine.Port(99); ok {
		t.Errorf("an interface that is not there: %+v", p)
	}
	list, err := w.l.Engine.Neighbours()
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, n := range list {
		if len(n.MAC) != 6 || n.IP == 0 {
			t.Errorf("%+v", n)
		}
	}
}
