package scenario_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/shell/scenario"
)

// Every row of the decision tables of semantics.md, sections 9 and 10.3: the base configuration by subjects, and the note's
// configuration, as printed and repaired, packet class by packet class.
func TestTables(t *testing.T) {
	cases := map[string]int{
		"01-outbound-and-dynamic-nat.txtar": 29,
		"02-inbound.txtar":                  31,
		"03-three-interfaces.txtar":         12,
		"04-state-icmp-fixups.txtar":        18,
		"05-to-the-box.txtar":               14,
		"06-uauth-and-ipsec.txtar":          17,
	}
	files, err := filepath.Glob("testdata/0*.txtar")
	if err != nil || len(files) != 8 {
		t.Fatalf("eight archives expected, got %v, %v", files, err)
	}
	runAll(t, files, cases)
}

// Rule by rule, in the order of semantics.md: each case is named after the section that it is about.
func TestSemantics(t *testing.T) {
	files, err := filepath.Glob("testdata/semantics/*.txtar")
	if err != nil || len(files) != 6 {
		t.Fatalf("six archives expected, got %v, %v", files, err)
	}
	runAll(t, files, nil)
}

func runAll(t *testing.T, files []string, cases map[string]int) {
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			a, err := scenario.Parse(file, data)
			if err != nil {
				t.Fatal(err)
			}
			results := a.Run(scenario.Options{NewBox: newBox})
			if want, ok := cases[filepath.Base(file)]; ok && len(results) != want || len(results) < 12 {
				t.Errorf("%d cases", len(results))
			}
			for i := range results {
				if r := &results[i]; r.Status != scenario.OK {
					var b bytes.Buffer
					r.Write(&b)
					t.Error(b.String())
				}
			}
		})
	}
}

const small = `Two interfaces.
-- pix.cfg --
nameif ethernet0 outside security0
nameif ethernet1 inside security100
interface ethernet0 auto
interface ethernet1 auto
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.255.0
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
nat (inside) 1 0.0.0.0 0.0.0.0 0 0
global (outside) 1 203.0.113.10
-- scenario --
inside: udp 10.0.0.5:5 > 198.51.100.7:123 => outside: 203.0.113.10:1-511 > 198.51.100.7:123
case good
do! route outside 0.0.0.0 0.0.0.0 203.0.113.254 1    # it is there already
do hostname other
inside: udp 10.0.0.5:2000 > 198.51.100.7:123 => outside: 203.0.113.10:1024 > 198.51.100.7:123
count conn 1
count xlate 1
wait 2m
logged 302016
logged 302016
count conn 0
case bad
inside: udp 10.0.0.5:2000 > 198.51.100.7:123 => outside: 203.0.113.10:2000 > 198.51.100.7:123
inside: udp 10.0.0.5:2000 > 198.51.100.7:123 => box
case message
inside: udp 10.0.0.5:2000 > 198.51.100.7:123 => outside: 203.0.113.10:1024 > 198.51.100.7:123 log 302013
case refused
do route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
case nowhere
dmz: udp 10.0.0.5:2000 > 198.51.100.7:123 => drop
case long
wait 100h
case tables
count xlate 1
`

func TestOutput(t *testing.T) {
	a, err := scenario.Parse("small.txtar", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	results := a.Run(scenario.Options{NewBox: newBox, MaxWait: time.Hour})
	var b bytes.Buffer
	if status := scenario.Print(&b, results); status != 1 {
		t.Errorf("status %d", status)
	}
	want := `ok small.txtar
ok good
FAIL bad: the source is another
    small.txtar:25: inside: udp 10.0.0.5:2000 > 198.51.100.7:123 => outside: 203.0.113.10:2000 > 198.51.100.7:123
    wanted: outside: 203.0.113.10:2000 > 198.51.100.7:123
    got:    outside: 203.0.113.10:1024 > 198.51.100.7:123 log 305011,302015
    trace:
        1 FLOW-LOOKUP   ALLOW: no connection: a new flow
        2 ROUTE-LOOKUP  ALLOW: 198.51.100.7 is on outside
            route outside 0.0.0.0 0.0.0.0 203.0.113.254 1 (line 7:1)
        3 ACCESS-LIST   ALLOW: implicit rule: to a lower security level
        4 NAT           ALLOW: translate 10.0.0.5 to 203.0.113.10 on outside, port 1024
            nat (inside) 1 0.0.0.0 0.0.0.0 0 0 (line 8:1)
            global (outside) 1 203.0.113.10 (line 9:1)
        5 ADJACENCY     ALLOW: next hop on outside
            route outside 0.0.0.0 0.0.0.0 203.0.113.254 1 (line 7:1)
        6 FLOW-CREATION ALLOW: connection 1
        %PIX-6-305011: Built dynamic UDP translation from inside:10.0.0.5/2000 to outside:203.0.113.10/1024
        %PIX-6-302015: Built outbound UDP connection 1 for outside:198.51.100.7/123 (198.51.100.7/123) to inside:10.0.0.5/2000 (203.0.113.10/1024)
FAIL message: message 302013 is missing
`
	if !strings.HasPrefix(b.String(), want) {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	for _, line := range []string{"\nFAIL refused: the command was refused\n", "\nFAIL nowhere: there is no interface dmz\n",
		"\nskip long: waits 100h0m0s, longer than 1h0m0s\n", "\nFAIL tables: the table has another size\n", "\n2 passed, 5 failed, 1 skipped\n"} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("%q is missing in\n%s", line, b.String())
		}
	}
	b.Reset()
	if err := scenario.PrintJSON(&b, results); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	var r scenario.Result
	if err := json.Unmarshal([]byte(lines[2]), &r); err != nil || len(lines) != len(results) || r.Case != "bad" || r.Line != 25 || r.Status != scenario.Fail {
		t.Errorf("%d lines, %+v, %v", len(lines), r, err)
	}
	// An engine that chooses PAT ports is held to their class.
	only := func(name string) bool { return name == "bad" }
	r = a.Run(scenario.Options{NewBox: newBox, Only: only, PortClasses: true})[0]
	if r.Line != 26 {
		t.Errorf("by class, the case fails at line %d: %s", r.Line, r.Reason)
	}
}

// poor is a box whose engine cannot log users in.
type poor struct{ scenario.Box }

type poorEngine struct{ runtime.Injector }

func (p poor) Engine() runtime.Injector { return poorEngine{p.Box.Engine()} }
func (poorEngine) Login(int, ast.IP, string, runtime.UserList) error {
	return runtime.ErrUnsupported
}

func TestUnsupportedIsSkipped(t *testing.T) {
	a, err := scenario.Parse("x", []byte(strings.SplitAfter(small, "-- scenario --\n")[0]+"login inside 10.0.0.5 cse\ncount uauth 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r := a.Run(scenario.Options{NewBox: newBox}); r[0].Status != scenario.OK {
		t.Errorf("with users: %+v", r[0])
	}
	r := a.Run(scenario.Options{NewBox: func(text []byte) (scenario.Box, error) {
		b, err := newBox(text)
		return poor{b}, err
	}})
	if r[0].Status != scenario.Skip || r[0].Line != 13 {
		t.Errorf("without: %+v", r[0])
	}
}
