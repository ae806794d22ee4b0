package linux_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/linux"
	"pixfw/parser"
)

var update = flag.Bool("update", false, "rewrite golden files")

func translate(t *testing.T, text string, devices map[string]string) *linux.Output {
	t.Helper()
	cfg, file, diags := parser.Load("pix.cfg", []byte(text))
	plan, more := compiler.Compile(cfg)
	var in []linux.Input
	for i := range file.Lines {
		l := &file.Lines[i]
		input := linux.Input{Line: l.No, Text: l.Text, Stmt: l.Stmt}
		for _, d := range append(diags, more...) {
			if d.Pos.Line == l.No && d.Severity == ast.Error {
				input.Problem = d.Message
			}
		}
		in = append(in, input)
	}
	out, _, err := linux.Translate(in, plan, linux.Options{Devices: devices})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestGolden holds whole translations beside their configuration, to be read.
func TestGolden(t *testing.T) {
	for _, name := range []string{"two-interfaces", "note"} {
		t.Run(name, func(t *testing.T) {
			file := "testdata/" + name + ".txtar"
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var cfg string
			for _, f := range a.Files {
				if f.Name == "pix.cfg" {
					cfg = string(f.Data)
				}
			}
			out := translate(t, cfg, map[string]string{"ethernet0": "eth0", "ethernet1": "eth1"})
			got := txtar.Archive{Comment: a.Comment, Files: []txtar.File{{Name: "pix.cfg", Data: []byte(cfg)}}}
			for _, f := range out.Files {
				got.Files = append(got.Files, txtar.File{Name: f.Name, Data: f.Data})
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(&got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(txtar.Format(a)), string(txtar.Format(&got))); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// TestEveryLineIsAccountedFor: whatever the input, the ledger has one entry a line, in order.
func TestEveryLineIsAccountedFor(t *testing.T) {
	text := "nameif ethernet0 outside security0\n\n! remark\nwibble\naccess-list a permit tcp any any eq htp\n" +
		"ip address outside 192.0.2.1 255.255.255.0\nisakmp key topsecret address 0.0.0.0 netmask 0.0.0.0\nvpngroup g password topsecret\n" +
		"isakmp key topsecret adress 0.0.0.0\naccess-group nowhere in interface outside\n"
	out := translate(t, text, nil)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(out.Ledger) != len(lines) {
		t.Fatalf("%d entries for %d lines", len(out.Ledger), len(lines))
	}
	sum := 0
	for i, e := range out.Ledger {
		if int(e.Line) != i+1 {
			t.Errorf("entry %d is of line %d", i, e.Line)
		}
		if e.Status != linux.Exact && e.Reason == "" {
			t.Errorf("line %d is %s without a reason", e.Line, e.Status)
		}
	}
	for _, s := range []linux.Status{linux.Exact, linux.Approximated, linux.Harmless, linux.Refused} {
		sum += out.Ledger.Count(s)
	}
	if sum != len(lines) {
		t.Errorf("the statuses add up to %d of %d", sum, len(lines))
	}
	for _, bad := range []int{4, 5, 9, 10} {
		if e := out.Ledger[bad-1]; e.Status != linux.Refused || !e.Traffic {
			t.Errorf("line %d, not understood, is %+v", bad, e)
		}
	}
	if !out.Ledger.Lossy() {
		t.Error("refused lines, and the ledger is not lossy")
	}
	for _, f := range out.Files {
		if strings.Contains(string(f.Data), "topsecret") {
			t.Errorf("%s shows a secret:\n%s", f.Name, f.Data)
		}
	}
}
