package parser

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"pixfw/ast"
)

// aclText is n lines of access lists as a large configuration has them: addresses any, host, net or object-group, a tenth
// remarks, a tenth icmp, ranges, some logged, one in a thousand with its place in the list. No entry is there twice.
func aclText(n int) []byte {
	r := rand.New(rand.NewPCG(6, 3))
	var b bytes.Buffer
	put := func(words ...string) {
		for _, w := range words {
			if w != "" {
				b.WriteByte(' ')
				b.WriteString(w)
			}
		}
	}
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	num := strconv.Itoa
	groups := make([]string, 500)
	for i := range groups {
		groups[i] = "grp-" + pick("web", "db", "mail", "branch") + "-" + num(i)
	}
	addr := func() {
		switch r.IntN(4) {
		case 0:
			put("any")
		case 1:
			put("host", "10."+num(r.IntN(256))+"."+num(r.IntN(256))+"."+num(r.IntN(256)))
		case 2:
			put("172."+num(16+r.IntN(16))+"."+num(r.IntN(256))+".0", "255.255.255.0")
		default:
			put("object-group", pick(groups...))
		}
	}
	// one is the address that makes the entry unlike all others.
	one := func(i int) { put("host", "192."+num(i>>16)+"."+num(i>>8&255)+"."+num(i&255)) }
	for i := range n {
		b.WriteString("access-list")
		put("acl_" + num(i*50/n))
		if r.IntN(1000) == 0 {
			put("line", num(1+r.IntN(10000)))
		}
		if i%10 == 0 {
			put("remark", "ticket "+num(i)+": traffic of "+pick(groups...))
			b.WriteByte('\n')
			continue
		}
		put(pick("permit", "permit", "permit", "deny"))
		switch r.IntN(10) {
		case 0:
			put("ip")
			addr()
			one(i)
		case 1:
			put("icmp")
			addr()
			one(i)
			put(pick("", "echo", "echo-reply", "unreachable", "object-group icmp-ok"))
		case 2:
			put(pick("tcp", "udp"))
			one(i)
			put("gt", "1023")
			addr()
			put("range", num(1024+r.IntN(1000)), num(3000+r.IntN(1000)))
		case 3:
			put(pick("tcp", "udp"))
			one(i)
			addr()
			put("object-group", pick(groups...))
		case 4:
			put(pick("gre", "esp", "object-group proto-vpn"))
			addr()
			one(i)
		default:
			p := pick("tcp", "tcp", "udp")
			put(p)
			addr()
			one(i)
			if p == "tcp" {
				put("eq", pick("www", "https", "ssh", "smtp", "8080", "1433", "domain"))
			} else {
				put("eq", pick("domain", "ntp", "snmp", "syslog", "4500"))
			}
		}
		put(pick("", "", "", "", "", "", "", "log", "log 4 interval 600", "log disable"))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func aclLines(n int) []string {
	return strings.Split(strings.TrimSuffix(string(aclText(n)), "\n"), "\n")
}

// TestFastMix: all of the mix takes the fast path, as the grammar would read it, with few allocations.
func TestFastMix(t *testing.T) {
	lines := aclLines(5000)
	for _, l := range lines {
		sameAsGrammar(t, l, Scope{})
		if _, ok := fastACL(l, &Scope{}, ast.Pos{}, newEntry); !ok {
			t.Errorf("%q is left to the grammar", l)
		}
	}
	text := aclText(20000)
	if n := testing.AllocsPerRun(3, func() { Parse("f", text) }); n > 2*20000 {
		t.Errorf("%v allocations a line, want at most 2", n/20000)
	}
	if n := testing.AllocsPerRun(3, func() { Load("f", text) }); n > 4*20000 {
		t.Errorf("%v allocations a line that is loaded, want at most 4", n/20000)
	}
}

func BenchmarkParseACL(b *testing.B) {
	lines := aclLines(5000)
	for name, read := range map[string]func(string, Scope, int32) (ast.Statement, []finding){"fast": parseLine, "grammar": slowLine} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if s, _ := read(lines[i%len(lines)], Scope{}, 1); s.Cmd == nil {
					b.Fatal(lines[i%len(lines)])
				}
				i++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// BenchmarkMillion is a file of a million entries on one core: read into statements, and loaded into a configuration. The
// text itself and the garbage of the collector count for the peak.
func BenchmarkMillion(b *testing.B) {
	const n = 1_000_000
	text := aclText(n)
	for name, do := range map[string]func() int{
		"parse": func() int { return len(Parse("f", text).Diags) },
		"load":  func() int { _, _, diags := Load("f", text); return len(diags) },
	} {
		b.Run(name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			runtime.GC()
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if do() > 0 {
					b.Fatal("diagnostics")
				}
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys-m.HeapReleased)/1e6, "MB-sys")
			b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// BenchmarkError is a line that costs a message.
func BenchmarkError(b *testing.B) {
	for b.Loop() {
		ParseStatement("access-list 101 permit tcp ayn any", Scope{})
	}
}
