package ast

import (
	"reflect"
	"testing"
)

// TestEntryHash: each field of an entry counts, but its place.
func TestEntryHash(t *testing.T) {
	base := AccessList{}
	seen := map[uint64]string{entryHash(&base): "none"}
	var visit func(name string, path []int, typ reflect.Type)
	visit = func(name string, path []int, typ reflect.Type) {
		if typ.Kind() == reflect.Struct {
			for i := range typ.NumField() {
				visit(name+"."+typ.Field(i).Name, append(path[:len(path):len(path)], i), typ.Field(i).Type)
			}
			return
		}
		e := base
		switch f := reflect.ValueOf(&e).Elem().FieldByIndex(path); f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int, reflect.Int32, reflect.Int64:
			f.SetInt(3)
		default:
			f.SetUint(3)
		}
		h := entryHash(&e)
		if name == ".Pos.Line" || name == ".Pos.Col" || name == ".Line" {
			if h != entryHash(&base) {
				t.Errorf("%s counts", name)
			}
			return
		}
		if other, ok := seen[h]; ok {
			t.Errorf("%s hashes as %s", name, other)
		}
		seen[h] = name
	}
	visit("", nil, reflect.TypeOf(base))
	if len(seen) < 20 {
		t.Errorf("only %d fields", len(seen))
	}
}
