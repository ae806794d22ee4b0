package audit

import (
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/runtime"
	"pixfw/runtime/syslog"
)

// Each signature is one of the catalogue, once.
func TestCatalogue(t *testing.T) {
	seen := map[int]bool{}
	for _, s := range Signatures() {
		if _, ok := syslog.Signature(s.ID); !ok || seen[s.ID] {
			t.Errorf("%d is no signature, or there twice", s.ID)
		}
		seen[s.ID] = true
	}
	if text := notLooked(); !strings.Contains(text, "3153") || strings.Contains(text, "2004") {
		t.Error(text)
	}
}

// A class is told of, or dropped, as its policy says.
func TestLook(t *testing.T) {
	plan := &compiler.Plan{Interfaces: []compiler.Interface{{Name: "outside"}, {Name: "inside"}},
		Audit: []compiler.Audit{{If: 0, Info: []string{"alarm"}, Attack: []string{"drop", "reset"}}}}
	large := &runtime.Packet{Proto: ast.ProtoICMP, Src: 1, Dst: 2, ICMPType: 8, Length: 2000}
	null := &runtime.Packet{Proto: ast.ProtoTCP, Src: 1, Dst: 2}
	reset := &runtime.Packet{Proto: ast.ProtoTCP, Src: 1, Dst: 2, Flags: runtime.SYN | runtime.FIN | runtime.RST}
	for _, c := range []struct {
		p                *runtime.Packet
		in               int
		logs             int
		drop, cut, reset bool
	}{{large, 0, 1, true, false, false}, {large, 1, 0, false, false, false}, {null, 0, 0, true, true, true}, {reset, 0, 0, true, true, false}} {
		if f := Look(plan, c.in, c.p); len(f.Logs) != c.logs || f.Drop != c.drop || f.Cut != c.cut || f.Reset != c.reset {
			t.Errorf("%+v: %+v", c, f)
		}
	}
	plan.AuditDisabled = []int{3040}
	if f := Look(plan, 0, null); f.Drop {
		t.Error("a signature that is disabled is looked for")
	}
}
