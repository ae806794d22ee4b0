package compiler

import (
	"testing"

	"pixfw/ast"
	"pixfw/parser"
)

// An error names a line by its place; one that was typed has none, and is not said to stand in line 0.
func TestPlace(t *testing.T) {
	cfg, _, diags := parser.Load("pix.cfg", []byte("hostname a\nroute outside 10.50.0.0 255.255.0.0 10.50.0.1\n"))
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	route, ok := ast.First[*ast.Route](cfg, nil)
	if !ok {
		t.Fatal("no route")
	}
	const text = "route outside 10.50.0.0 255.255.0.0 10.50.0.1 1"
	if got := From(route).Place("pix.cfg"); got != "pix.cfg:2:1: "+text {
		t.Error(got)
	}
	if got := From(route).Place(""); got != "2:1: "+text {
		t.Error(got)
	}
	typed := *route
	typed.Pos = ast.Pos{}
	if got := From(&typed).Place("pix.cfg"); got != text {
		t.Error(got)
	}
}
