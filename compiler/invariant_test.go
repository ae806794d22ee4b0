package compiler

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"pixfw/parser"
)

// TestMissingLines compiles each golden configuration with every single line left out in turn: whatever is missing, the
// indexes of the Plan hold, nothing panics, and the same input has the same result.
func TestMissingLines(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	texts := []string{}
	for _, name := range files {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ar.Files {
			if f.Name == "pix.cfg" {
				texts = append(texts, string(f.Data))
			}
		}
	}
	if note, err := os.ReadFile("../../shared/seed/pixfirewall.cfg"); err == nil {
		texts = append(texts, string(note))
	}
	for _, text := range texts {
		lines := strings.SplitAfter(text, "\n")
		for i := range lines {
			short := strings.Join(lines[:i], "") + strings.Join(lines[i+1:], "")
			cfg, _, _ := parser.Load("test.cfg", []byte(short))
			plan, diags := Compile(cfg)
			checkIndexes(t, plan)
			findings := Lint(cfg, plan)
			again, diags2 := Compile(cfg)
			if !reflect.DeepEqual(plan, again) || !reflect.DeepEqual(diags, diags2) || !reflect.DeepEqual(findings, Lint(cfg, again)) {
				t.Errorf("without %q: two results", strings.TrimSpace(lines[i]))
			}
			if t.Failed() {
				t.Fatalf("without line %d: %s", i+1, lines[i])
			}
		}
	}
}

// checkIndexes holds the Plan to what doc.go promises.
func checkIndexes(t *testing.T, p *Plan) {
	t.Helper()
	in := func(what string, i, n int, none bool) {
		if i < 0 && (!none || i != None) || i >= n {
			t.Errorf("%s: index %d of %d", what, i, n)
		}
	}
	ifs, acls := len(p.Interfaces), len(p.ACLs)
	for _, i := range p.Interfaces {
		in("access-group", i.ACL, acls, true)
		in("crypto map", i.Map, len(p.VPN.Maps), true)
	}
	for _, r := range p.Routes {
		in("route", r.If, ifs, false)
	}
	for _, a := range p.ACLs {
		for _, e := range a.Entries {
			if len(e.Src) == 0 || len(e.Dst) == 0 || e.Number < 1 {
				t.Errorf("entry without addresses: %s", e.Line.Text())
			}
		}
	}
	for _, x := range p.NAT.Exemptions {
		in("exemption", x.If, ifs, false)
		in("exemption list", x.ACL, acls, false)
	}
	for _, s := range p.NAT.Statics {
		in("static", s.RealIf, ifs, false)
		in("static", s.MappedIf, ifs, false)
		in("static list", s.ACL, acls, true)
		if s.Mask == 0 {
			t.Errorf("static for every address: %s", s.Line.Text())
		}
	}
	for _, n := range p.NAT.Nats {
		in("nat", n.If, ifs, false)
		in("nat list", n.ACL, 0, true)
	}
	for _, n := range p.NAT.Policies {
		in("policy nat", n.If, ifs, false)
		in("policy list", n.ACL, acls, false)
	}
	for _, g := range p.NAT.Globals {
		in("global", g.If, ifs, false)
		if g.Last < g.First {
			t.Errorf("global ends before it begins: %s", g.Line.Text())
		}
	}
	for _, g := range p.AAAGroups {
		for _, s := range g.Servers {
			in("server", s.If, ifs, false)
		}
	}
	for _, r := range p.AAARules {
		in("aaa rule", r.If, ifs, r.Dir != DirInterface)
		in("aaa group", r.Group, len(p.AAAGroups), true)
	}
	for _, maps := range [][]CryptoMap{p.VPN.Maps, p.VPN.DynamicMaps} {
		for _, m := range maps {
			in("xauth", m.Authentication, len(p.AAAGroups), true)
			for _, e := range m.Entries {
				in("dynamic map", e.Dynamic, len(p.VPN.DynamicMaps), true)
				in("match address", e.ACL, acls, true)
				for _, s := range e.TransformSets {
					in("transform set", s, len(p.VPN.TransformSets), false)
				}
			}
		}
	}
	for _, g := range p.VPN.Groups {
		in("group pool", g.Pool, len(p.VPN.Pools), true)
		in("split tunnel", g.Split, acls, true)
	}
	for _, c := range p.VPN.ClientPools {
		in("client pool", c.Pool, len(p.VPN.Pools), false)
		in("client pool", c.If, ifs, true)
	}
	for _, list := range [][]Access{p.Box.Telnet, p.Box.SSH, p.Box.HTTP} {
		for _, a := range list {
			in("access", a.If, ifs, false)
		}
	}
}
