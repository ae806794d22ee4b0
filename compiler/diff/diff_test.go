package diff

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"pixfw/ast"
	"pixfw/compiler"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compares old.cfg with new.cfg of each archive in testdata; base.cfg stands before both.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range ar.Files {
				part[f.Name] = string(f.Data)
			}
			old, new := planOf(t, "old.cfg", part["base.cfg"]+part["old.cfg"]), planOf(t, "new.cfg", part["base.cfg"]+part["new.cfg"])
			r := Compare(old, new)
			var b strings.Builder
			if err := r.Text(&b); err != nil {
				t.Fatal(err)
			}
			if got := b.String(); got != part["want"] {
				if !*update {
					t.Fatalf("got\n%s\nwant\n%s", got, part["want"])
				}
				for i := range ar.Files {
					if ar.Files[i].Name == "want" {
						ar.Files[i].Data = []byte(got)
					}
				}
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			// The other way round the same flows differ.
			back := Compare(new, old)
			for i := range r.Differences {
				found := false
				for j := range back.Differences {
					found = found || back.Differences[j].Contains(r.Differences[i].Example)
				}
				if !found {
					t.Errorf("%s differs one way only", r.Differences[i].Example)
				}
			}
			if !Compare(old, old).Equal() {
				t.Error("a configuration differs from itself")
			}
			data, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var items []map[string]any
			if err := json.Unmarshal(data, &items); err != nil || len(items) < len(r.Differences) {
				t.Errorf("%d items, %v", len(items), err)
			}
		})
	}
}

// TestBounds: what the bounds cut off is told, not left out.
func TestBounds(t *testing.T) {
	old, new := longPair(t)
	b := usual
	b.cells = 20
	r := compare(old, new, b)
	if len(r.Undecided) == 0 || r.Equal() || !strings.Contains(r.Undecided[0], "not compared:") {
		t.Errorf("undecided %q", r.Undecided)
	}
	var text strings.Builder
	if err := r.Text(&text); err != nil || !strings.Contains(text.String(), "INCOMPLETE: ") {
		t.Errorf("%v\n%s", err, text.String())
	}
	b = usual
	b.search, b.resolve = 1, 1
	if r = compare(old, new, b); r.Equal() {
		t.Error("nothing found, and nothing said")
	}
}

// TestSeed compares the note's configuration with itself and without each of its lines: Compare ends, and every example
// differs.
func TestSeed(t *testing.T) {
	const name = "../../../shared/seed/pixfirewall.cfg"
	data, err := os.ReadFile(name)
	if err != nil {
		t.Skipf("%s is not there", name)
	}
	lines := strings.SplitAfter(string(data), "\n")
	whole := planOf(t, "old.cfg", string(data))
	found := 0
	for i := range lines {
		part := planOf(t, "new.cfg", strings.Join(lines[:i], "")+strings.Join(lines[i+1:], ""))
		r := Compare(whole, part)
		if len(r.Undecided) > 0 {
			t.Errorf("without %q: %v", lines[i], r.Undecided)
		}
		for j := range r.Differences {
			d := &r.Differences[j]
			found++
			v, w := Decide(whole, d.Example), Decide(part, d.Example)
			if v.Same(&w) {
				t.Errorf("without %q: %s does not differ", lines[i], d.Example)
			}
		}
	}
	if found == 0 {
		t.Error("no line matters")
	}
}

// TestNextIn holds nextIn to counting.
func TestNextIn(t *testing.T) {
	for mask := range uint32(64) {
		for want := range uint32(64) {
			n := ast.Net{IP: ast.IP(want & mask), Mask: ast.IP(mask | ^uint32(63))}
			for lo := range uint32(70) {
				exp, ok := uint32(0), false
				for x := lo; x < 64 && !ok; x++ {
					exp, ok = x, x&mask == want&mask
				}
				if got, has := nextIn(lo, n); has != ok || ok && got != exp {
					t.Fatalf("nextIn(%d, %b of %b) = %d, %v; want %d, %v", lo, want, mask, got, has, exp, ok)
				}
			}
		}
	}
}

// TestAlign: what align leaves stands in both lists in one order.
func TestAlign(t *testing.T) {
	lines := longConfig(300)
	old, new := planOf(t, "old.cfg", bound(lines)), planOf(t, "new.cfg", bound(edits(append(lines[:0:0], lines...))))
	for i := range old.ACLs {
		j := new.ACLByID(old.ACLs[i].ID)
		if j == compiler.None {
			continue
		}
		al := align(&old.ACLs[i], &new.ACLs[j])
		kept := func(l *compiler.ACL, gone []int) (out []string) {
			for k := range l.Entries {
				if len(gone) > 0 && gone[0] == k {
					gone = gone[1:]
					continue
				}
				out = append(out, signature(&l.Entries[k]))
			}
			return out
		}
		if a, b := kept(&old.ACLs[i], al.old), kept(&new.ACLs[j], al.new); strings.Join(a, "|") != strings.Join(b, "|") {
			t.Errorf("%s: what is left differs", old.ACLs[i].ID)
		}
		if len(al.old)+len(al.new) > 40 {
			t.Errorf("%s: %d and %d entries left over after 20 edits", old.ACLs[i].ID, len(al.old), len(al.new))
		}
	}
}
