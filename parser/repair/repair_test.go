package repair

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/parser"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// shared reads a file of the reference material that may lie beside the
// repository.
func shared(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../shared", name))
	if err != nil {
		t.Skip("no reference material beside the repository: " + err.Error())
	}
	return data
}

// TestNote restores the configuration of a scraped page: wrapped lines, broken
// words, comments without end, prose in another language, 20 kB of debug output.
func TestNote(t *testing.T) {
	page := shared(t, "seed/vpnclient-xauth-note.es.txt")
	seed := string(shared(t, "seed/pixfirewall.cfg"))
	r := Repair("note.txt", page)
	if diff := cmp.Diff(lines(seed), lines(r.Plain())); diff != "" {
		t.Errorf("configuration (-seed +repaired):\n%s", diff)
	}
	if r.Clean {
		t.Error("Clean, but it is a page")
	}
	if n := strings.Count(seed, "\n") - 5; len(r.Commands) != n {
		t.Errorf("%d commands, want %d", len(r.Commands), n)
	}
	for _, f := range r.Commands {
		if _, diags := parser.ParseStatement(f.Text, parser.Scope{}); diags.HasErrors() {
			t.Errorf("%v: %s: %v", f.Pos, f.Text, diags.Err())
		}
	}

	var strays []string
	for _, f := range r.Strays {
		strays = append(strays, f.Text)
	}
	if want := []string{"aaa accounting include any inbound 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 AuthInbound"}; !slices.Equal(strays, want) {
		t.Errorf("strays %q, want %q", strays, want)
	}

	if len(r.Conflicts) != 1 {
		t.Fatalf("%d conflicts, want 1: %v", len(r.Conflicts), r.Conflicts)
	}
	c := r.Conflicts[0]
	if c.Kept.Text != "aaa-server AuthInbound protocol tacacs+" || c.Other.Text != "aaa-server AuthInbound protocol radius" || !c.Or {
		t.Errorf("conflict %+v", c)
	}
	mark := "aaa-server AuthInbound protocol tacacs+\n: conflict: the text also has, on its line 189: aaa-server AuthInbound protocol radius\n"
	if !strings.Contains(r.Config, mark) {
		t.Errorf("the conflict is not marked in\n%s", r.Config)
	}
	if diff := cmp.Diff(len(lines(seed))+1, len(lines(r.Config))); diff != "" {
		t.Errorf("more than the conflict is marked:\n%s", r.Config)
	}

	// Both halves of "pre-" "share", the one that spans a line, and the comment
	// between two commands that the page has on one line.
	text := lines(string(page))
	for _, want := range []struct {
		kind Kind
		line string // where the change begins
		col  int
	}{
		{JoinHyphen, "Client 3.x/4.x. isakmp policy 10 authentication pre-", 49},
		{DropComment, "NAT. access-list 101 permit ip 10.89.129.128", 0},
		{JoinLines, "255.255.255.240 10.89.129.192 255.255.255.240 !---", 1},
		{Split, "permit icmp any host 10.89.129.131 access-list 120", 36},
	} {
		ok := slices.ContainsFunc(r.Repairs, func(c Change) bool {
			if c.Kind != want.kind {
				return false
			}
			if want.col == 0 { // ends there
				return text[c.End.Line-1] == want.line
			}
			return text[c.Pos.Line-1] == want.line && int(c.Pos.Col) == want.col
		})
		if !ok {
			t.Errorf("no %s at %q", want.kind, want.line)
		}
	}
	for _, c := range r.Repairs {
		if c.Kind == DropWords {
			t.Errorf("%v: %s", c.Pos, c.Message)
		}
	}
	for _, d := range r.Diags {
		if d.Severity == ast.Warning && !strings.Contains(d.Message, "radius") {
			t.Errorf("doubtful: %v", d)
		}
	}
}

func lines(text string) []string { return strings.Split(strings.TrimRight(text, "\n"), "\n") }

// TestPlainUnchanged gives it configurations that need no repair.
func TestPlainUnchanged(t *testing.T) {
	for _, text := range []string{
		"",
		"\n\n",
		"hostname pix\r\nnames\r\n",
		"  access-list  1   permit ip any any\n! a comment: names\n: another\nhostname a",
		": Saved\n:\nPIX Version 6.3(3)\nhostname pix\nCryptochecksum:ba54c063d94989cbd79076955dbfeefc\n: end\n",
	} {
		if r := Repair("plain.cfg", []byte(text)); !r.Clean || r.Config != text || r.Plain() != text || len(r.Diags) > 0 {
			t.Errorf("%q became %q, clean %v, %v", text, r.Config, r.Clean, r.Diags)
		}
	}
}

// TestNoText: what is no text is an error, and is not handed on.
func TestNoText(t *testing.T) {
	for _, text := range []string{"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00", "\xff\xfen\x00a\x00m\x00e\x00s\x00"} {
		r := Repair("page", []byte(text))
		if r.Config != "" || len(r.Diags) != 1 || r.Diags[0].Code != "E100" || r.Clean {
			t.Errorf("%q became %q, clean %v, %v", text, r.Config, r.Clean, r.Diags)
		}
	}
}

// TestLongNoise: what is not understood is kept in lines that can be read, however long it was, and in whatever alphabet.
func TestLongNoise(t *testing.T) {
	noise := strings.Repeat("\xd9", 3000)
	r := Repair("page", []byte("hostname pix\nacc"+noise+" x\nmtu outside 1500\n"))
	if again := Repair("again", []byte(r.Config)); !again.Clean || strings.Count(r.Config, "Ù") != 3000 {
		t.Errorf("clean %v, %v", again.Clean, again.Diags)
	}
}

// TestOutside: text around the configuration is left out, and told of; a line behind it that begins as a command does is kept.
func TestOutside(t *testing.T) {
	r := Repair("page", []byte("This is how\nit is done:\n\nhostname caf\xe9\npager lines x\nmtu outside 1500 1500\n\nTh\xe4t is all.\n"))
	if want := "hostname café\n: not understood: pager lines x\n: not understood: mtu outside 1500 1500\n"; r.Config != want {
		t.Errorf("got %q\nwant %q", r.Config, want)
	}
	var got []string
	for _, d := range r.Diags {
		got = append(got, fmt.Sprintf("%s %s %s", d.Pos, d.Code, d.Message))
	}
	want := []string{
		`1:1 E133 2 lines before the configuration were left out: "This is how it is done:"`,
		`5:1 E134 "pager lines x" is not understood`,
		`6:1 E134 "mtu outside 1500 1500" is not understood`,
		`8:1 E133 text behind the configuration was left out: "Thät is all."`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestCorpusUnchanged(t *testing.T) {
	shared(t, "corpus/INDEX.md")
	names, _ := filepath.Glob("../../../shared/corpus/*.cfg")
	names = append(names, "../../../shared/seed/pixfirewall.cfg")
	plain := 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r := Repair(name, text)
		if understood(parser.Parse(name, text)) {
			plain++
			if !r.Clean || r.Config != string(text) {
				t.Errorf("%s was changed", name)
			}
			continue
		}
		if again := Repair(name, []byte(r.Config)); !again.Clean {
			t.Errorf("%s: the repaired is not clean: %v", name, again.Diags)
		}
		if base := filepath.Base(name); strings.HasPrefix(base, "pix7") || strings.HasPrefix(base, "asa") {
			continue // lines that are half understood join with what follows
		}
		// What the parser takes must not get lost, by what it says: the capture may have stood in another spelling.
		have := map[string]int{}
		for _, l := range parser.Parse(name, []byte(r.Plain())).Lines {
			if l.Kind == parser.Command && l.Stmt.Cmd != nil {
				have[l.Stmt.Text()]++
			}
		}
		for _, f := range r.Strays {
			have[f.Stmt.Text()]++
		}
		for _, c := range r.Conflicts {
			have[c.Other.Stmt.Text()]++
		}
		lost := 0
		for _, l := range parser.Parse(name, text).Lines {
			if l.Kind != parser.Command || l.Stmt.Cmd == nil {
				continue
			}
			key := l.Stmt.Text()
			if have[key]--; have[key] < 0 {
				if lost++; lost < 5 {
					t.Errorf("%s:%d: %q got lost", name, l.No, l.Text)
				}
			}
		}
		if lost > 0 {
			t.Errorf("%s: %d lines got lost", name, lost)
		}
	}
	t.Logf("%d of %d files are plain", plain, len(names))
}

// TestGolden repairs the pages of testdata. Each archive holds the page as
// "text", and what comes out as "config" and "report".
func TestGolden(t *testing.T) {
	names, _ := filepath.Glob("testdata/*.txtar")
	if len(names) == 0 {
		t.Fatal("no golden files")
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			for _, f := range a.Files {
				files[f.Name] = string(f.Data)
			}
			r := Repair("text", []byte(files["text"]))
			config, report := r.Config, report(r)
			if *update {
				a.Files = []txtar.File{
					{Name: "text", Data: []byte(files["text"])},
					{Name: "config", Data: []byte(config)},
					{Name: "report", Data: []byte(report)},
				}
				if err := os.WriteFile(name, txtar.Format(a), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(lines(files["config"]), lines(config)); diff != "" {
				t.Errorf("config (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(lines(files["report"]), lines(report)); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			if again := Repair("again", []byte(config)); !again.Clean {
				t.Errorf("the repaired is not clean: %v", again.Diags)
			}
		})
	}
}

func report(r *Result) string {
	var b strings.Builder
	for _, d := range r.Diags {
		_ = d.Print(&b, false)
	}
	for _, f := range r.Strays {
		fmt.Fprintf(&b, "stray %v-%v: %s\n", f.Pos, f.End, f.Text)
	}
	return b.String()
}

func TestTooLong(t *testing.T) {
	text := strings.Repeat("no such command\n", MaxSize/16+1)
	r := Repair("long", []byte(text))
	if r.Clean || r.Config != text || !r.Diags.HasErrors() {
		t.Errorf("clean %v, %d bytes, %v", r.Clean, len(r.Config), r.Diags)
	}
}

func BenchmarkNote(b *testing.B) {
	page := shared(b, "seed/vpnclient-xauth-note.es.txt")
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		Repair("note.txt", page)
	}
}
