package pixfw

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/compiler/nft"
	"pixfw/parser"
	"pixfw/runtime/emulator"
	"pixfw/shell"
	"pixfw/shell/equivalence"
)

var update = flag.Bool("update", false, "rewrite the generated documents and golden files")

// TestDocsDiagnostics keeps docs/DIAGNOSTICS.md equal to the table of codes.
func TestDocsDiagnostics(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Diagnostics\n\nGenerated from the table of codes (`make docs`). `pixfw explain CODE` prints the same.\n\n" +
		"E1xx syntax, E2xx references, E3xx what a PIX refuses, W4xx lint, W5xx what an engine or a translation does otherwise than a\nPIX.\n")
	seen := map[string]bool{}
	for _, c := range ast.Codes() {
		if seen[c.ID] {
			t.Errorf("code %s is documented twice", c.ID)
		}
		seen[c.ID] = true
		if c.Title == "" || c.Text == "" || c.Remedy == "" {
			t.Errorf("code %s lacks title, text or remedy", c.ID)
		}
		fmt.Fprintf(&b, "\n## %s: %s\n\n%s\n", c.ID, c.Title, c.Text)
		if c.Example != "" {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.TrimRight(c.Example, "\n"))
		}
		fmt.Fprintf(&b, "\n%s\n", c.Remedy)
	}
	golden(t, "docs/DIAGNOSTICS.md", b.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (make docs writes it)", err)
	}
	if string(want) != got {
		t.Errorf("%s is out of date: run make docs and read what changed", file)
	}
}

// TestDocsCommands keeps docs/COMMANDS.md equal to the command table and the table of what is done with each command.
func TestDocsCommands(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Commands\n\nGenerated from the command table (`make docs`): every configuration command of PIX 6.3 that is read, replayed and\n" +
		"printed. *enforced*: packets are treated as the line says; *approximated*: nearly, and a W5xx finding says what differs;\n" +
		"*answered*: the console acts on it; *stored*: kept and printed; *refused*: said, not done; *harmless*: changes no traffic.\n\n" +
		"| command | emulator | kernel | nftables file | remark |\n|---|---|---|---|---|\n")
	commands := parser.Commands()
	for _, c := range commands {
		s, ok := compiler.Supported(c.Keyword)
		if !ok {
			t.Errorf("nothing says what is done with %s", c.Keyword)
		}
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s | %s |\n", c.Keyword, strings.ReplaceAll(c.Keyword, " ", "-"), s.Emulator, s.Kernel, s.Translation, s.Note)
	}
	for _, c := range commands {
		var verbs []string
		for _, v := range c.Verbs {
			if v != ast.Set {
				verbs = append(verbs, "`"+v.String()+"`")
			}
		}
		also := ""
		if len(verbs) > 0 {
			also = " Also with " + strings.Join(verbs, " and ") + "."
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s.%s\n\n```\n%s\n```\n\n%sExample:\n\n```\n%s\n```\n", c.Keyword, strings.ToUpper(c.Help[:1])+c.Help[1:], also,
			strings.ReplaceAll(strings.Join(c.Syntax, "\n"), "\t", "    "), defaultOf(c), strings.Join(c.Example, "\n"))
	}
	b.WriteString(consoleCommands())
	golden(t, "docs/COMMANDS.md", b.String())
}

// consoleCommands is what the console does besides configuring: each word that may begin a line, what may be shown and cleared, and what
// a box has that is not here.
func consoleCommands() string {
	var b strings.Builder
	b.WriteString("\n# The console\n\nWhat is typed besides configuration, with the help text of each word (`?` tells what may follow it). All of it works in\n" +
		"configuration mode, too.\n")
	list := func(title string, before ...string) {
		fmt.Fprintf(&b, "\n## %s\n\n| word | |\n|---|---|\n", title)
		for _, n := range shell.ExecWords(before...) {
			fmt.Fprintf(&b, "| `%s` | %s |\n", n.Literal, n.Help)
		}
	}
	list("Commands")
	list("show", "show")
	list("clear", "clear")
	b.WriteString("\n## What has nothing to act on\n\nThe console knows these, and says why they do nothing.\n\n| command | |\n|---|---|\n")
	for _, a := range shell.Absent() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", a[0], a[1])
	}
	return b.String()
}

// defaultOf says what holds while a command was not typed: in words, and the lines that a box prints as it comes.
func defaultOf(c parser.CommandInfo) string {
	text := ""
	if c.Default != "" {
		text = "Default: " + c.Default + ".\n\n"
	}
	var lines []string
	for _, l := range ast.Factory().Lines(&ast.Printer{}) {
		if rest := strings.TrimPrefix(l, "no "); rest == c.Keyword || strings.HasPrefix(rest, c.Keyword+" ") {
			lines = append(lines, l)
		}
	}
	if len(lines) > 0 {
		text += "As it comes:\n\n```\n" + strings.Join(lines, "\n") + "\n```\n\n"
	}
	return text
}

// TestDocsLinked keeps every document within reach of the README.
func TestDocsLinked(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	docs, err := filepath.Glob("docs/*.md")
	if err != nil || len(docs) == 0 {
		t.Fatal("no documents: ", err)
	}
	for _, d := range docs {
		if !strings.Contains(string(readme), "]("+d+")") {
			t.Errorf("README.md does not link %s", d)
		}
	}
}

// TestDocsKernel keeps docs/kernel-differences.md equal to the table of cases that are not run on the kernel engine.
func TestDocsKernel(t *testing.T) {
	var b strings.Builder
	b.WriteString("# What the kernel engine does otherwise\n\nGenerated (`make docs`). `pixfw test --engine kernel` applies a configuration in a network namespace and sends real\n" +
		"packets through it. These cases of the decision tables (semantics.md, sections 9 and 10.3) it skips, and says why; all others\n" +
		"pass. Which lines of a configuration are treated otherwise, the W5xx findings of Apply say.\n\n" +
		"Tunnels are those of `pixfw run`: packets go into them and come out of them as ESP or AH. The statements `sa` and `client` give\n" +
		"both ends their keys; IKE is not spoken for them.\n\n" +
		"Ports that PAT has allocated are compared by their class (1-511, 512-1023, 1024-65535): Linux keeps a port where it is free.\n" +
		"Octets of connections are not compared: of what conntrack counts, headers without options are taken off, so that TCP options stay in.\n\n" +
		"| cases | archive | why |\n|---|---|---|\n")
	for _, d := range shell.KernelDifferences {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(d.Cases, ", "), d.Archive, d.Why)
	}
	b.WriteString("\nRandom configurations and packets (docs/equivalence.md) have found these, which are set aside and counted:\n\n| kind | why |\n|---|---|\n")
	for _, k := range slices.Sorted(maps.Keys(equivalence.Unlike)) {
		fmt.Fprintf(&b, "| %s | %s |\n", k, equivalence.Unlike[k])
	}
	b.WriteString("\nThese hold of every configuration (W514), and none is among the random packets:\n\n" +
		"- What the initiator of a connection sends behind his SYN before he is answered, but for another SYN or a reset, is dropped without a message:\n" +
		"  conntrack takes it for invalid, and does not translate it. A PIX forwards it, as far as is known.\n" +
		"- What goes to the broadcast address of another interface's subnet is dropped without a message: Linux forwards no directed broadcasts.\n" +
		"  The emulator forwards it; no source says what a PIX does (semantics.md 1.8 speaks of the interface where it arrives).\n")
	golden(t, "docs/kernel-differences.md", b.String())
}

// TestDocsLimits keeps docs/limits.md equal to the table of limits.
func TestDocsLimits(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Tables and their limits\n\nGenerated (`make docs`). Every table of an engine has a bound. `--limit NAME=N` sets another, once for each table: for\n" +
		"`pixfw shell` and `pixfw test` in the emulator, for `pixfw run`, `pixfw lab` and `pixfw test --engine kernel` on the kernel engine.\n" +
		"`pixfw test --limit` also shows what a policy does where a table is full. A name that the engine does not know, no number, and what is out of\n" +
		"range end the program with status 2. How many fragments wait, lines say (`fragment size`, `fragment chain`).\n\n" +
		"The kernel engine tells of a full table within a second, and of each once a minute: 211001, and on standard error how much found no room.\n\n" +
		"| NAME | what the table holds | emulator | kernel engine |\n|---|---|---|---|\n")
	cell := func(x *shell.TableLimit, onKernel bool, full string) string {
		by, most := x.Range(onKernel)
		switch {
		case (most == 0) != (full == ""):
			t.Errorf("%s: %d, %q", x.Name, most, full)
		case most == 0:
			return "no such table"
		}
		return fmt.Sprintf("%d unless given, at most %d. When it is full: %s", by, most, full)
	}
	for i := range shell.TableLimits {
		x := &shell.TableLimits[i]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", x.Name, x.Holds, cell(x, false, x.Emulator), cell(x, true, x.Kernel))
	}
	golden(t, "docs/limits.md", b.String())
}

// TestDocsFixups keeps docs/fixups.md equal to the two tables of inspections, of the kernel and of the emulator, which speak of the
// same protocols.
func TestDocsFixups(t *testing.T) {
	var b strings.Builder
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	yes := func(refused bool) string {
		if refused {
			return "yes"
		}
		return ""
	}
	b.WriteString("# Inspections\n\nGenerated (`make docs`). What becomes of each `fixup protocol`. \"Refused\" means that further connections are judged by the\n" +
		"access list, and payloads are not translated, so that what needs them fails; nothing opens.\n\n" +
		"## The kernel engine\n\nBy helpers of the kernel, and by the process behind the rules: payloads of connections to the ports of a fixup wait in a queue\n" +
		"while it looks at them with the inspectors of the emulator. While it is away they pass unseen; nothing opens then but what helpers open.\n" +
		"A message is taken to be whole in its packet, but in Mail Guard. Findings (W508) say the same of each line.\n\n" +
		"| fixup | ports of 6.3 | kernel helper | what is done | what is not | refused |\n|---|---|---|---|---|---|\n")
	for i := range nft.Fixups {
		f := &nft.Fixups[i]
		x := f.Fate(true)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", f.Protocol, or(f.Ports, "off"), or(f.By(true), "none"), x.Does, x.Lacks, yes(x.Refused))
	}
	b.WriteString("\n## Translated rules\n\nWithout a process. Findings (W508) and the ledger say the same of each line.\n\n| fixup | kernel helper | what is done | what is not | refused |\n|---|---|---|---|---|\n")
	for i := range nft.Fixups {
		f := &nft.Fixups[i]
		x := f.Fate(false)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", f.Protocol, or(f.Helper, "none"), x.Does, x.Lacks, yes(x.Refused))
	}
	b.WriteString("\n## In the emulator\n\nBy pixfw itself. But in Mail Guard a message is taken to be whole in its packet. Only the host that speaks can have doors opened: its own, to the\n" +
		"other end of the connection, and for media to the host that this has named.\n\n| fixup | what is done | what is not | refused |\n|---|---|---|---|\n")
	for i, f := range emulator.Inspections {
		if i >= len(nft.Fixups) || nft.Fixups[i].Protocol != f.Protocol {
			t.Errorf("%s: the tables speak of different protocols", f.Protocol)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.Protocol, f.Does, f.Lacks, yes(f.Refused))
	}
	if len(emulator.Inspections) != len(nft.Fixups) {
		t.Errorf("%d inspections in the emulator, %d on the kernel", len(emulator.Inspections), len(nft.Fixups))
	}
	b.WriteString(`
## What no command switches

A PIX has these inspections without a fixup line. Neither engine has any: what they open stays closed unless the access list permits
it, and the addresses in their payloads are not translated. Ports, and what a PIX opens, are unconfirmed.

| inspection | ports | what a PIX opens | here |
|---|---|---|---|
| Sun RPC | tcp 111, udp 111 | the port that the port mapper names | nothing; in the emulator the connection lives as long as "timeout rpc" says |
| NetBIOS | udp 137, udp 138 | nothing; addresses in names are translated | nothing |
| XDMCP | udp 177 | the X session back to the display | nothing; "established" can permit it |
| VDOLive | tcp 7000 | UDP to the client | nothing |
| CU-SeeMe | udp 7648 | UDP both ways | nothing |
| Netshow | tcp 1755 | UDP to the client | nothing |
`)
	golden(t, "docs/fixups.md", b.String())
}
