package ast

import (
	goast "go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestInterfaceFields: a field that names an interface has one of the names by which rename finds it.
func TestInterfaceFields(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	tags := []string{"interface", "realInterface", "mappedInterface", "in", "out", "source"}
	found := 0
	for _, entry := range files {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		goast.Inspect(file, func(n goast.Node) bool {
			f, ok := n.(*goast.Field)
			if !ok || f.Tag == nil || len(f.Names) != 1 {
				return true
			}
			kind, _ := f.Type.(*goast.Ident)
			tag, _, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
			if kind == nil || kind.Name != "string" || !slices.Contains(tags, tag) {
				return true
			}
			found++
			if !slices.Contains(interfaceFields, f.Names[0].Name) {
				t.Errorf("%s: field %s names an interface (%s)", entry.Name(), f.Names[0].Name, tag)
			}
			return true
		})
	}
	if found < 30 {
		t.Errorf("only %d fields found", found)
	}
}
