package parser

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pixfw/ast"
)

// canonical are the collected captures that a 6.3 has printed itself: they print back line for line, but for the lines named
// here. Their publishers' anonymisers have made masks of addresses, host bits in networks, and equal lines of different ones: such
// lines have a diagnostic.
var canonical = map[string]map[string]string{
	"dump-501-dhcp-names-ntp-63-1.cfg": {},
	"dump-501-vpngroup-portforward-63-1.cfg": {
		"fixup protocol domain 53":              "as 6.3(1) spells the fixup of dns (commands-firewall.md section 5.7)",
		"fixup protocol dns maximum-length 512": "the same",
	},
	"dump-535-8if-object-groups-63-3-repaired.cfg": {
		"name 10.0.1.1 host-299": "the anonymiser gave two hosts one address; the second name replaces the first",
	},
	"dump-lan-failover-515-63-5.cfg":   {},
	"head-501-dhcp-63-5.cfg":           {},
	"head-vpnpool-listed-63-5-145.cfg": {},
}

// TestCorpusPrints: what each collected configuration prints is read, and prints the same again; and the captures of 6.3 print
// as they are, but for trailing blanks and what pages have put around them.
func TestCorpusPrints(t *testing.T) {
	seen := 0
	for _, path := range corpus(t) {
		name := filepath.Base(path)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cfg, f, diagsOf := Load(name, text)
		once := cfg.String()
		again, _, diags := Load(name, []byte(once))
		for _, d := range diags {
			if d.Severity == ast.Error && d.Code != codeASA {
				t.Errorf("%s: what it prints has an error: %v", name, d)
			}
		}
		if d := cmp.Diff(printed(once), printed(again.String())); d != "" {
			t.Errorf("%s: printed again it differs:\n%s", name, d)
		}
		except, ok := canonical[name]
		if !ok {
			continue
		}
		seen++
		said := map[int32]string{}
		for _, d := range diagsOf {
			switch d.Code {
			case codeChecksum, codeNoHash: // masked: such lines print as they are
			case codeBadValue, codeHostBits, "E301", "E302", "E303", "E312", "E332", "E148":
				for _, no := range append([]int32{d.Pos.Line}, d.Also...) {
					said[no] = d.Code
				}
			default:
				if d.Severity < ast.Info {
					t.Errorf("%s: %v", name, d)
				}
			}
		}
		want, damaged := []string{}, 0
		gone := map[string]bool{}
		for i := range f.Lines {
			l := &f.Lines[i]
			read := l.Read
			if read == "" {
				read = l.Text
			}
			read = strings.TrimRight(read, " \t\r")
			switch {
			case l.Kind != Command && l.Kind != Bad, except[read] != "":
			case l.Kind == Bad || said[l.No] != "":
				// Damage: the line prints otherwise, or not at all.
				damaged++
				if l.Stmt.Cmd != nil {
					gone[l.Stmt.TextBy(cfg.Printer())] = true
				}
			default:
				want = append(want, read)
			}
		}
		got := slices.DeleteFunc(printed(once), func(l string) bool {
			stmt, _ := ParseStatement(l, ScopeOf(cfg))
			return stmt.Cmd != nil && except[stmt.Text()] != "" || gone[strings.TrimSpace(l)]
		})
		want = slices.DeleteFunc(want, func(l string) bool { return gone[strings.TrimSpace(l)] })
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: -capture +printed:\n%s", name, d)
		}
		t.Logf("%s: %d lines print as they are, %d are damaged", name, len(want), damaged)
	}
	if seen != len(canonical) {
		t.Errorf("%d canonical captures of %d are there", seen, len(canonical))
	}
}

// printed is the lines of a configuration without its frame.
func printed(text string) []string {
	var out []string
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, " \r\n")
		if l == "" || l[0] == ':' || strings.HasPrefix(l, "PIX Version") || strings.HasPrefix(l, "Cryptochecksum:") {
			continue
		}
		out = append(out, l)
	}
	return out
}

// because says why a line of the collected configurations has an error, for the files that are of 6.x: by file and line, or by
// file alone. INDEX.md names the files of later releases, whose lines need no word each.
var because = map[string]string{
	"doc-mailguard-mixed-case.cfg:28":              "a mask behind `host`, which INDEX.md names: the PIX refuses it",
	"doc-mailguard-mixed-case.cfg:29":              "the only entry of the list is the line before, which the PIX refuses",
	"doc-pat-and-nat-worked-example.cfg:17":        "the mask stands without the word netmask: the PIX refuses it",
	"doc-three-zone-conduits-colon-comments.cfg":   "a route without gateway, which INDEX.md names: the PIX refuses it",
	"dump-535-8if-object-groups-63-3-repaired.cfg": "the anonymiser made an address of a mask",
	"dump-535-8if-object-groups-63-3.cfg":          "the anonymiser made an address of a mask, and example8- of access-, which INDEX.md names",
	"fix-mailguard-bare.cfg:12":                    "a mask behind `host`: the PIX refuses it",
	"fix-mailguard-bare.cfg:13":                    "a port without eq: the PIX refuses it",
	"fix-object-groups-bad-type.cfg":               "object-group port is no type of the PIX, which INDEX.md names; its members have no group",
	"frag-l2l-to-pfsense-indented.cfg:16":          "a placeholder with blanks where a key belongs, which INDEX.md names",
	"frag-l2tp-over-ipsec-double-spaced.cfg":       "addresses that were masked by hand, which INDEX.md names",
	"fwb-dns-names-groups-63.cfg:41":               "eth0.100 is a port of the generator's own host, none of a PIX: the PIX refuses it",
	"fwb-dns-names-groups-63.cfg":                  "-1 minutes: the PIX refuses it",
	"fwb-three-if-groups-62.cfg":                   "a route without interface or gateway, which the generator's own comments report: the PIX refuses it",
	"fwsm-23-like-pix6.cfg:99":                     "access-list mode is of the FWSM, another product",
	"head-501-dhcp-63-5.cfg:37":                    "the look-up cut the file within this line",
}

// reason is why a line has an error, or "".
func reason(file string, line int32) string {
	for _, later := range []string{"asa-", "pix7-"} {
		if strings.HasPrefix(file, later) {
			return "7.x"
		}
	}
	if r := because[fmt.Sprintf("%s:%d", file, line)]; r != "" {
		return r
	}
	return because[file]
}
