package parser

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pixfw/ast"
)

// shape is a file in short: a letter a line, the statements, the codes.
func shape(f *File) (kinds string, stmts, codes []string) {
	for _, l := range f.Lines {
		kinds += string("_#FCBc"[l.Kind])
		if l.Kind == Command {
			stmts = append(stmts, l.Stmt.Text())
		}
	}
	for _, d := range f.Diags {
		codes = append(codes, d.Code)
	}
	return kinds, stmts, codes
}

func TestCaptures(t *testing.T) {
	wide := "access-list 101 permit tcp host 192.0.2.100 host 198.51.100.200 range 10000 19999 log"
	for _, tc := range []struct {
		name, text string
		kinds      string // blank _, comment #, frame F, command C, bad B, continuation c
		stmts      string // joined by ;
		codes      string
	}{
		{"wrap within a word", wide[:80] + "\n" + wide[80:] + "\nnames\n", "CcC", wide + ";names", "E140"},
		{"wrap within a number", wide[:79] + "\n" + wide[79:] + "\nterminal width 79\n", "CcC", wide + ";terminal width 79", "E140"},
		{"wrap behind a blank that was trimmed", "terminal width 44\n" + wide[:43] + "\n" + wide[44:] + "\n", "CCc", "terminal width 44;" + wide, "E140"},
		{"wrap in three", wide[:40] + "\n" + wide[40:80] + "\n" + wide[80:] + "\nterminal width 40\n", "CccC", wide + ";terminal width 40", "E140"},
		{"wrap where the rest looks like a command", "terminal width 80\n" + "access-list 1 permit tcp 192.0.2.100 255.255.255.255 198.51.100.200 255.255.255.2\n55 eq www\n", "CCc",
			"terminal width 80;access-list 1 permit tcp host 192.0.2.100 host 198.51.100.200 eq www", "E140"},
		{"no wrap: both are commands", "access-list 101 permit tcp 192.0.2.100 255.255.255.255 198.51.100.0 255.255.255.0\nnames\n", "CC",
			"access-list 101 permit tcp host 192.0.2.100 198.51.100.0 255.255.255.0;names", ""},
		{"no wrap: there are longer lines", wide[:70] + "\n" + wide[70:] + "\naccess-list 1 remark " + strings.Repeat("x", 70) + "\n", "BBC", "access-list 1 remark " + strings.Repeat("x", 70), "E104 E103"},
		{"pager", "names\n<--- More --->\r              \rpager lines 24\n", "CC", "names;pager lines 24", ""},
		{"pager without its blanks", "names\n<--- More --->pager lines 24\n<--- More --->\nmtu outside 1500\n", "CCFC", "names;pager lines 24;mtu outside 1500", ""},
		{"pager by backspaces", "names\n<--- More --->" + strings.Repeat("\b \b", 14) + "pager lines 24\n", "CC", "names;pager lines 24", ""},
		{"pager within a wrap", "terminal width 80\n" + wide[:80] + "\n<--- More --->\r              \r" + wide[80:] + "\n", "CCc", "terminal width 80;" + wide, "E140"},
		{"corrections", "namex\bs\nhostnamx\x1b[De pix\n\x00names\x07\n", "CBC", "names;names", "E103"},
		{"prompts", "pix# show run\n: Saved\nnames\n: end\n[OK]\npix# \npix(config)# hostname a\npix(config-network)#\npix>\n", "FFCFFFCFF", "names;hostname a", "E142"},
		{"output of other commands", "pix# show version\nCisco PIX Firewall Version 6.3(5)\nLicensed Features:\npix# sh run\nnames\n", "FFFFC", "names", "E142 E149"},
		{"session words", "conf t\nnames\nexit\nwr mem\nclear xlate\nwrite terminal\nend\nquit\n", "FCFFFFFF", "names", "E142"},
		{"numbers", "1: names\n2: pager lines 24\n3:\n4: mtu outside 1500\n", "CCFC", "names;pager lines 24;mtu outside 1500", "E141"},
		{"numbers without a mark", "  9 names\n 10 pager lines 24\n 11 mtu outside 1500\n", "CCC", "names;pager lines 24;mtu outside 1500", "E141"},
		{"one number only", "names\n5 pager lines 24\nmtu outside 1500\n", "CBC", "names;mtu outside 1500", "E103"},
		{"bullets", "Sign up!\n- : Saved\n- names\n- pager lines 24\n- : end\n", "FFCCF", "names;pager lines 24", "E141 E147"},
		{"border", "names | |\npager lines 24 | |\nmtu outside 1500 | |\n", "CCC", "names;pager lines 24;mtu outside 1500", "E141"},
		{"quotation with numbers", "> 1. names\n> 2. pager lines 24\n> 3. mtu outside 1500\n", "CCC", "names;pager lines 24;mtu outside 1500", "E141 E141"},
		{"comments", "!--- a\n! b\n# c\n: d\n-- e\n!\n#\n", "#######", "", ""},
		{"comment behind a command", "names !--- switch them on\npager lines 24 # not 25\n", "CC", "names;pager lines 24", "E147 E147"},
		{"tabs, double spacing, line ends", "\tnames \r\n\r\n\tpager  lines\t24\r\n\r\n", "C_C_", "names;pager lines 24", ""},
		{"carriage returns alone", "names\rpager lines 24\r", "CC", "names;pager lines 24", ""},
		{"Latin-1", "access-list 1 remark ma\xf1ana\n", "C", "access-list 1 remark mañana", ""},
		{"capitals and blanks in the pair", "Static (inside, outside) 192.0.2.1 10.0.0.1\n", "C", "static (inside,outside) 192.0.2.1 10.0.0.1 netmask 255.255.255.255 0 0", ""},
		{"glued", "access-list 101 permittcp any any\naccess-list 101permit udp any any\n", "CC",
			"access-list 101 permit tcp any any;access-list 101 permit udp any any", "E145 E145"},
		{"abbreviated", "isakmp policy 10 auth pre\n", "C", "isakmp policy 10 authentication pre-share", "E146"},
		{"abbreviated literals", "access-list 1 permit tcp any any eq dom\naccess-list 1 permit udp any any eq dns\nicmp permit any unreach outside\nlogging trap notif\n", "CCCC",
			"access-list 1 permit tcp any any eq domain;access-list 1 permit udp any any eq dnsix;icmp permit any unreachable outside;logging trap notifications", "E146 E146 E146 E146"},
		{"literals that may be two", "access-list 1 permit udp any any eq netb\naccess-list 1 permit icmp any any time\n", "BB", "", "E105 E105"},
		{"keyword replaced", "example8-list 1 permit ip any any\nexample8-list 2 deny ip any any\nexample8-group 1 in interface outside\n", "BBB", "", "E143 E143"},
		{"address hidden", "route outside 0 0 202.x.x.1\nisakmp key (Our Shared Key) address 192.0.2.1\n", "BB", "", "E144 E144"},
		{"cut", ": Saved\nnames\npager lines 24\ntimeout conn 1:00:00 half-clo\n", "FCCB", "names;pager lines 24", "E108 E148"},
		{"behind the end", ": Saved\nnames\n: end\n[OK]\nAll rights reserved\nContact us\n", "FCFFFF", "names", "E147"},
		{"damage at the end is damage", ": Saved\nnames\n: end\naccess-list 1 permit\n", "FCFB", "names", "E107"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := Parse("f", []byte(tc.text))
			kinds, stmts, codes := shape(f)
			if kinds != tc.kinds || strings.Join(stmts, ";") != tc.stmts || strings.Join(codes, " ") != tc.codes {
				t.Errorf("kinds %s, statements %q, codes %s\nwant %s, %q, %s", kinds, strings.Join(stmts, ";"), codes, tc.kinds, tc.stmts, tc.codes)
			}
			accounted(t, f, tc.text)
		})
	}
}

// accounted holds a file against its text: each physical line is there, and what is Bad has a diagnostic.
func accounted(t *testing.T, f *File, text string) {
	t.Helper()
	said := map[int32]bool{}
	for _, d := range f.Diags {
		said[d.Pos.Line] = true
		for _, no := range d.Also {
			said[no] = true
		}
		if d.Pos.Line < 0 || int(d.Pos.Line) > len(f.Lines) {
			t.Errorf("a place that is not there: %v", d)
		}
	}
	for i, l := range f.Lines {
		if int(l.No) != i+1 {
			t.Fatalf("line %d stands at %d", l.No, i+1)
		}
		switch l.Kind {
		case Bad:
			if !said[l.No] {
				t.Errorf("line %d is bad without a diagnostic: %q", l.No, l.Text)
			}
		case Continuation:
			if l.Head < 1 || l.Head >= l.No || f.Lines[l.Head-1].Kind == Continuation {
				t.Errorf("line %d continues line %d", l.No, l.Head)
			}
		case Command:
			if l.Stmt.Cmd == nil {
				t.Errorf("line %d is a command without one", l.No)
			}
		}
	}
	if n := strings.Count(strings.TrimRight(text, "\n"), "\n") + 1; len(f.Lines) > 0 && strings.Contains(text, "\n") && len(f.Lines) < n {
		t.Errorf("%d lines of %d", len(f.Lines), n)
	}
}

// TestCapturePlaces: diagnostics point into the file, not into what was made of it.
func TestCapturePlaces(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"bullet", "- names\n- mtu outside 70000\n- pager lines 24\n", "2:15-20"},
		{"prompt", "pix(config)# mtu outside 70000\n", "1:26-31"},
		{"pager", "<--- More --->\r              \rmtu outside 70000\n", "1:43-48"},
		{"wrapped", "terminal width 50\naccess-list 101 permit tcp host 192.0.2.100 host 1\n98.51.100.200 range 10 70000\n", "3:24-29"},
	} {
		f := Parse("f", []byte(tc.text))
		i := slices.IndexFunc(f.Diags, func(d *ast.Diagnostic) bool { return d.Severity == ast.Error })
		if i < 0 {
			t.Errorf("%s: %v", tc.name, f.Diags)
			continue
		}
		d := f.Diags[i]
		if got := fmt.Sprintf("%d:%d-%d", d.Pos.Line, d.Pos.Col, d.End.Col); got != tc.want {
			t.Errorf("%s: at %s, want %s: %v", tc.name, got, tc.want, d)
		}
		if lines := strings.Split(tc.text, "\n"); !strings.HasPrefix(lines[d.Pos.Line-1], d.Source) {
			t.Errorf("%s: source %q", tc.name, d.Source)
		}
	}
}

// TestManyErrors: a file of errors costs neither memory nor time without end, and each of its lines is counted.
func TestManyErrors(t *testing.T) {
	n := 3 * maxSame
	f := Parse("f", []byte(strings.Repeat("frobnicate it\n", n)))
	accounted(t, f, "")
	if len(f.Diags) != maxSame || len(f.Lines) != n {
		t.Errorf("%d diagnostics, %d lines", len(f.Diags), len(f.Lines))
	}
	also := 0
	for _, d := range f.Diags {
		also += len(d.Also)
	}
	if also != n-maxSame {
		t.Errorf("%d more lines, want %d", also, n-maxSame)
	}
}

func corpus(t *testing.T) []string {
	t.Helper()
	files, _ := filepath.Glob("../../shared/corpus/*.cfg")
	if len(files) == 0 {
		t.Skip("no corpus beside the repository")
	}
	return files
}

// TestCorpusErrors holds the lines of the corpus that have an error against testdata/corpus.golden: place, code, kind and the
// title of the code, and for files of 6.x why it is one (because).
func TestCorpusErrors(t *testing.T) {
	var b strings.Builder
	for _, name := range corpus(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, f, diags := Load(filepath.Base(name), text)
		accounted(t, f, string(text))
		what := map[int32]*ast.Diagnostic{}
		for _, d := range diags {
			if d.Severity != ast.Error {
				continue
			}
			for _, no := range append([]int32{d.Pos.Line}, d.Also...) {
				if what[no] == nil {
					what[no] = d
				}
			}
		}
		lines, bad := 0, 0
		var entry []string
		for i := 0; i < len(f.Lines); i++ {
			switch f.Lines[i].Kind {
			case Blank, Comment, Continuation:
				continue
			}
			lines++
			d := what[f.Lines[i].No]
			if d == nil {
				continue
			}
			bad++
			code, _ := ast.FindCode(d.Code)
			e := fmt.Sprintf("%s %s %s", d.Code, d.Kind, code.Title)
			switch why := reason(filepath.Base(name), f.Lines[i].No); why {
			case "":
				t.Errorf("%s:%d: nobody says why this line has an error: %v", filepath.Base(name), f.Lines[i].No, d)
			case "7.x":
			default:
				e += " -- " + why
			}
			if k := len(entry) - 1; k >= 0 && strings.HasSuffix(entry[k], " "+e) && adjacent(entry[k], f.Lines[i].No) {
				from, _, _ := strings.Cut(entry[k], " ")
				from, _, _ = strings.Cut(from, "-")
				entry[k] = fmt.Sprintf("%s-%d %s", from, f.Lines[i].No, e)
				continue
			}
			entry = append(entry, fmt.Sprintf("%d %s", f.Lines[i].No, e))
		}
		fmt.Fprintf(&b, "%s: %d of %d lines understood\n", filepath.Base(name), lines-bad, lines)
		for _, e := range entry {
			fmt.Fprintf(&b, "\t%s:%s\n", filepath.Base(name), e)
		}
	}
	golden(t, "testdata/corpus.golden", b.String())
}

// adjacent reports whether an entry for lines ends just before the line.
func adjacent(entry string, no int32) bool {
	last, _, _ := strings.Cut(entry, " ")
	if _, to, ok := strings.Cut(last, "-"); ok {
		last = to
	}
	n, _ := strconv.Atoi(last)
	return n+1 == int(no)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs (-update writes it anew):\n%s", name, firstDifference(string(want), got))
	}
}

// decorate puts around lines what captures have around them: r decides what.
func decorate(lines []string, r *rand.Rand) string {
	var b strings.Builder
	width := 0
	if r.IntN(2) == 0 {
		width = 60 + r.IntN(40)
		lines = append(slices.Clone(lines), "terminal width "+strconv.Itoa(width))
	}
	end := [...]string{"\n", "\r\n"}[r.IntN(2)]
	framed := r.IntN(2) == 0
	if framed {
		lines = slices.Concat([]string{": Saved", ":", "PIX Version 6.3(5)"}, lines, []string{": end"})
	}
	prefix := [...]string{"", "- ", "> ", "\t", "number"}[r.IntN(5)]
	suffix := [...]string{"", "", " | |", "   "}[r.IntN(4)]
	if suffix == "   " && width > 0 {
		suffix = ""
	}
	pages, doubled := r.IntN(2) == 0, r.IntN(4) == 0
	if prefix == "" && framed && r.IntN(2) == 0 {
		b.WriteString("pix# show run" + end)
	}
	n := 0
	for _, l := range lines {
		pieces := []string{l}
		if width > 0 {
			pieces = pieces[:0]
			for ; len(l) > width; l = l[width:] {
				pieces = append(pieces, l[:width])
			}
			pieces = append(pieces, l)
		}
		for _, piece := range pieces {
			n++
			if pages && n%20 == 0 {
				b.WriteString("<--- More --->\r              \r")
			}
			switch prefix {
			case "number":
				fmt.Fprintf(&b, "%4d: ", n)
			default:
				b.WriteString(prefix)
			}
			b.WriteString(piece + suffix + end)
			if doubled {
				b.WriteString(end)
			}
		}
	}
	if framed && prefix == "" {
		b.WriteString("[OK]" + end + "pix# " + end)
	}
	return b.String()
}

// wrappable are the lines that a terminal of any width leaves unambiguous: nowhere are both parts commands.
func wrappable(lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool {
		f := fileParser{}
		for w := 60; w < len(l) && w < 100; w++ {
			if f.accepts(l[:w]) || f.accepts(l[w:]) || strings.HasSuffix(l[:w], " ") || strings.HasPrefix(l[w:], " ") {
				if f.accepts(l[w:]) || strings.TrimSpace(l[w:]) == "" || l[w] == '!' || l[w] == ':' {
					return true
				}
			}
		}
		return false
	})
}

// captureLines are commands of every kind, in an order in which each can stand.
func captureLines(t testing.TB) []string {
	var lines []string
	for _, l := range strings.Split(string(seed(t)), "\n") {
		if s, diags := ParseStatement(l, Scope{}); s.Cmd != nil && len(diags) == 0 && !strings.HasPrefix(l, "terminal") && !strings.HasPrefix(l, "PIX") {
			lines = append(lines, strings.TrimRight(l, " "))
		}
	}
	lines = append(lines, aclLines(60)...)
	return wrappable(lines)
}

// checkDecorated parses lines as they are and as a capture of them, and wants the same statements.
func checkDecorated(t *testing.T, lines []string, r *rand.Rand) {
	t.Helper()
	_, want, _ := shape(Parse("clean", []byte(strings.Join(lines, "\n"))))
	text := decorate(lines, r)
	f := Parse("capture", []byte(text))
	_, got, _ := shape(f)
	got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "terminal width") })
	if !slices.Equal(got, want) {
		for i := range max(len(got), len(want)) {
			g, w := at(got, i), at(want, i)
			if g != w {
				t.Fatalf("statement %d is %q, want %q\n%v\n%s", i, g, w, f.Diags, text)
			}
		}
	}
	accounted(t, f, text)
}

// TestDecorated: a clean configuration with everything around it that captures have reads as the clean one.
func TestDecorated(t *testing.T) {
	lines := captureLines(t)
	for n := range uint64(120) {
		r := rand.New(rand.NewPCG(n, 63))
		some := slices.Clone(lines)
		if n > 10 {
			from := r.IntN(len(some) - 20)
			some = some[from : from+20]
		}
		checkDecorated(t, some, r)
	}
}

// FuzzCapture is TestDecorated with lines and decoration of the fuzzer's choice.
func FuzzCapture(f *testing.F) {
	for n := range uint64(20) {
		f.Add(n, n*7)
	}
	lines := captureLines(f)
	f.Fuzz(func(t *testing.T, a, b uint64) {
		r := rand.New(rand.NewPCG(a, b))
		from := r.IntN(len(lines) - 10)
		checkDecorated(t, lines[from:from+10+r.IntN(len(lines)-from-9)], r)
	})
}

// FuzzParse: no file makes it panic, each line is accounted for, and what was read prints as a file that reads the same.
func FuzzParse(f *testing.F) {
	f.Add(seed(f))
	for _, s := range []string{"<--- More --->\r   \rnames\n", "1: names\n2: x\n3: y\n", "- a\n- b\n- names\n", "a | |\nb |\nnames ||\n",
		"pix# sh ver\nx\npix(config)# names\n", "example8-list 1 permit ip any any\n", strings.Repeat("n", 80) + "\names\n", "names\x08\x08\x1b[K\x00\n",
		"object-group network x\n network-object host 1.1.1.1\nexit\n", ": Saved\n: end\nx\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<16 {
			return
		}
		var cfg *ast.Config
		var file *File
		bounded(t, len(text), func() { cfg, file, _ = Load("f", text) })
		accounted(t, file, "")
		if len(file.Lines) > strings.Count(string(text), "\n")+strings.Count(string(text), "\r")+1 {
			t.Fatalf("%d lines", len(file.Lines))
		}
		clean := Parse("clean", []byte(file.Clean()))
		_, want, _ := shape(file)
		_, got, _ := shape(clean)
		if !slices.Equal(got, want) {
			t.Fatalf("%q\nreads as %q\nclean\n%s\nreads as %q", text, want, file.Clean(), got)
		}
		_ = cfg.String()
	})
}
