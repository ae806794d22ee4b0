package kernel_test

import (
	"bufio"
	"compress/gzip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pixfw/ast"
	"pixfw/compiler/nft"
	"pixfw/runtime/kernel"
	"pixfw/runtime/kernel/lab"
)

// What a kernel says that it has is what it was built with.
func TestFeaturesAsBuilt(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	f, err := os.Open("/proc/config.gz")
	if err != nil {
		t.Skipf("this kernel does not tell what it was built with: %v", err)
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	built := map[string]string{}
	for lines := bufio.NewScanner(text); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			built[name] = value
		}
	}
	has, err := kernel.Probe()
	if err != nil {
		t.Skipf("cannot ask: %v", err)
	}
	for _, row := range nft.Features {
		want, module := true, false
		for _, option := range strings.Split(row.Config, ", ") {
			want = want && built[option] != ""
			module = module || built[option] == "m" // which may not be installed
		}
		if has.Lacks[row.Feature] == want && !module {
			t.Errorf("%s is there: %v, and the kernel was built with %s: %v", row.Feature, !has.Lacks[row.Feature], row.Config, want)
		}
	}
	for _, row := range has.Missing() {
		t.Logf("missing: %s (%s): %s", row.Feature, row.Config, row.Without)
	}
}

// A kernel that lacks something is a firewall all the same; each line that needs it has a finding.
func TestFeaturesMissing(t *testing.T) {
	edit := func(s string) string {
		s = strings.Replace(s, "10.89.129.131 netmask 255.255.255.255 0 0", "10.89.129.131 netmask 255.255.255.255 1 0", 1)
		return s + "ip verify reverse-path interface outside\nservice resetinbound\nfixup protocol tftp 1069\n"
	}
	plan := loadPlan(t, "web.cfg", edit)
	l := newLab(t, plan)
	if err := l.Serve(server, 80); err != nil {
		t.Fatal(err)
	}
	l.Engine.Lack(nft.HelperFeature(nft.Spare), nft.HelperFeature("Q.931"), nft.HelperFeature("tftp"), nft.Connlimit, nft.Rejects, nft.Fib, nft.Timestamps)
	diags, err := l.Engine.Apply(loadPlan(t, "web.cfg", edit))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"fixup protocol ftp 21: this kernel has no helper sane (NF_CONNTRACK_SANE): what fixup protocol ftp would have to make longer or shorter when it is translated opens nothing",
		"fixup protocol h323 h225 1720: this kernel has no helper Q.931 (NF_CONNTRACK_H323): further connections of fixup protocol h323 h225 are not opened",
		"fixup protocol tftp 1069: this kernel has no helper tftp (NF_CONNTRACK_TFTP): ",
		"service resetinbound: this kernel has no reject (NFT_REJECT_IPV4): what is refused is dropped without an answer",
		"10.89.129.131 netmask 255.255.255.255 1 0: this kernel has no connlimit (NFT_CONNLIMIT): the limit of connections holds only while the process runs",
	} {
		found := false
		for _, d := range diags {
			found = found || d.Code == "W517" && d.Severity == ast.Warning && d.Pos.IsValid() && strings.Contains(d.Source+": "+d.Message, want)
		}
		if !found {
			t.Errorf("no finding %q in %v", want, diags)
		}
	}
	for _, d := range diags {
		if strings.Contains(d.Message, "h323 ras") {
			t.Errorf("the kernel has that: %v", d)
		}
	}
	// The process holds the limit of one connection.
	first, err := l.Dial(lab.Internet, global, 80, 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	await(t, l, 0, "%PIX-6-302013: Built inbound TCP connection ")
	opened(t, l)
	mark := len(l.Messages())
	if c, err := l.Dial(lab.Internet, global, 80, 500*time.Millisecond); err == nil {
		c.Close()
		t.Error("a second connection is open")
	}
	await(t, l, mark, "%PIX-3-201002: Too many connections on static 192.168.1.11! 0 1")
	first.Close()
	// The routes of the configuration say where a source cannot be: inside is not behind outside.
	mark = len(l.Messages())
	if err := l.SendIP(0, ipv4(server, global, ast.ProtoUDP, udp(9, 9))); err != nil {
		t.Fatal(err)
	}
	await(t, l, mark, "%PIX-1-106021: Deny udp reverse path check from 10.89.129.131 to 192.168.1.11 on interface outside")

	// Without any queue the rules choose for pools.
	l.Engine.Lack(nft.NativeQueue, nft.XTQueue)
	if diags, err = l.Engine.Apply(loadPlan(t, "web.cfg", nil)); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(diags, func(d *ast.Diagnostic) bool { return d.Code == "W501" }) {
		t.Errorf("nothing is said of the pool: %v", diags)
	}
	if err := l.Serve(lab.Internet, 80); err != nil {
		t.Fatal(err)
	}
	if body, err := l.Get(other, lab.Internet, 80); err != nil || !strings.Contains(body, " client 192.168.1.") {
		t.Errorf("a host of the pool: %q, %v", body, err)
	}
}
