package diff

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pixfw/compiler"
)

// longConfig is a configuration with n entries in the lists of its interfaces, and 200 statics.
func longConfig(n int) []string {
	rnd := rand.New(rand.NewPCG(7, 7))
	lines := strings.Split(`nameif ethernet0 outside security0
nameif ethernet1 inside security100
nameif ethernet2 dmz security50
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.0.0
ip address dmz 172.16.0.1 255.255.255.0
global (outside) 1 192.0.2.10-192.0.2.200 netmask 255.255.255.0
global (outside) 1 203.0.113.20
nat (inside) 1 0.0.0.0 0.0.0.0 0 0
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
access-list nonat permit ip 10.0.0.0 255.255.0.0 192.168.0.0 255.255.0.0
nat (inside) 0 access-list nonat`, "\n")
	for i := range 200 {
		lines = append(lines, fmt.Sprintf("static (inside,outside) 198.51.100.%d 10.0.1.%d netmask 255.255.255.255 0 0", i+1, i+1))
	}
	src := func() string {
		switch rnd.IntN(4) {
		case 0:
			return fmt.Sprintf("host 100.64.%d.%d", rnd.IntN(256), rnd.IntN(256))
		case 1:
			return fmt.Sprintf("100.%d.%d.0 255.255.255.0", 64+rnd.IntN(8), rnd.IntN(256))
		}
		return "any"
	}
	seen := map[string]bool{}
	for i := 0; i < n; {
		action := "permit"
		if rnd.IntN(6) == 0 {
			action = "deny"
		}
		var line string
		switch port := 20 + rnd.IntN(60); rnd.IntN(3) {
		case 0:
			line = fmt.Sprintf("access-list in %s tcp 10.0.%d.0 255.255.255.0 host 100.66.%d.%d eq %d", action, rnd.IntN(64), rnd.IntN(8), rnd.IntN(256), port)
		case 1:
			line = fmt.Sprintf("access-list dz %s udp host 172.16.0.%d host 100.66.%d.%d range %d %d", action, 2+rnd.IntN(250), rnd.IntN(8), rnd.IntN(256), port, port+9)
		default:
			line = fmt.Sprintf("access-list out %s tcp %s host 198.51.100.%d eq %d", action, src(), 1+rnd.IntN(200), port)
		}
		if !seen[line] {
			seen[line] = true
			lines = append(lines, line)
			i++
		}
	}
	return lines
}

// bound is the text of a configuration with its lists bound, which must come after them.
func bound(lines []string) string {
	return strings.Join(lines, "\n") + `
access-group out in interface outside
access-group in in interface inside
access-group dz in interface dmz
`
}

// edits changes 20 lines: entries removed, added, changed and moved.
func edits(lines []string) []string {
	n := len(lines) - 230
	rnd := rand.New(rand.NewPCG(8, 8))
	lines = slices.Clone(lines)
	for i := range 20 {
		at := len(lines) - 1 - rnd.IntN(n)
		switch i % 4 {
		case 0:
			lines = slices.Delete(lines, at, at+1)
		case 1:
			lines = slices.Insert(lines, at, fmt.Sprintf("access-list out deny tcp 100.64.0.0 255.192.0.0 host 198.51.100.%d", 1+rnd.IntN(200)))
		case 2:
			lines[at] = strings.Replace(lines[at], "permit", "deny", 1)
		default:
			to := len(lines) - 1 - rnd.IntN(n)
			line := lines[at]
			lines = slices.Insert(slices.Delete(lines, at, at+1), to, line)
		}
	}
	return lines
}

func longPair(tb testing.TB) (old, new *compiler.Plan) {
	lines := longConfig(2000)
	return planOf(tb, "old.cfg", bound(lines)), planOf(tb, "new.cfg", bound(edits(lines)))
}

// BenchmarkDiff2000 compares 2,000 entries with themselves after 20 edits.
func BenchmarkDiff2000(b *testing.B) {
	old, new := longPair(b)
	for b.Loop() {
		r := Compare(old, new)
		if len(r.Undecided) > 0 || len(r.Differences) == 0 {
			b.Fatal(r.Undecided, len(r.Differences))
		}
		b.ReportMetric(float64(r.Cells), "cells")
		b.ReportMetric(float64(len(r.Differences)), "differences")
	}
}

// BenchmarkDiffOther compares two unlike lists of 2,000 entries, in which everything differs.
func BenchmarkDiffOther(b *testing.B) {
	lines := longConfig(2000)
	other := slices.Clone(lines)
	for i, l := range other {
		if f := strings.Fields(l); f[0] == "access-list" && f[1] == "out" && i%2 == 0 {
			other[i] = strings.Replace(l, " eq ", " gt ", 1)
		}
	}
	slices.Reverse(other[len(other)-2000:])
	old, new := planOf(b, "old.cfg", bound(lines)), planOf(b, "new.cfg", bound(other))
	for b.Loop() {
		r := Compare(old, new)
		b.ReportMetric(float64(r.Cells), "cells")
		b.ReportMetric(float64(len(r.Differences)), "differences")
		b.ReportMetric(float64(len(r.Undecided)), "undecided")
	}
}
