package nft

import (
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
		if r.Refused && r.Helper != "" || r.Does == "" || r.Lacks == "" {
			t.Errorf("the row of %s does not fit together: %+v", r.Protocol, r)
		}
	}
}
