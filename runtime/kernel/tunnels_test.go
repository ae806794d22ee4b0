package kernel_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime/kernel"
)

// withClients is a box for clients whose addresses are of the network behind it.
const withClients = `nameif ethernet0 outside security0
nameif ethernet1 inside security100
ip address outside 203.0.113.1 255.255.255.0
ip address inside 10.0.0.1 255.255.0.0
route outside 0.0.0.0 0.0.0.0 203.0.113.254 1
ip local pool p 10.0.16.1-10.0.31.254
isakmp enable outside
crypto ipsec transform-set ts esp-des esp-md5-hmac
crypto dynamic-map d 10 set transform-set ts
crypto map m 10 ipsec-isakmp dynamic d
crypto map m interface outside
`

// tunnelHost is a namespace with an engine whose twin is there.
type tunnelHost struct {
	t  *testing.T
	ns string
	e  *kernel.Engine
}

func newTunnelHost(t *testing.T, text string) *tunnelHost {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to make network namespaces")
	}
	h := &tunnelHost{t: t, ns: fmt.Sprintf("pixways%d", os.Getpid())}
	h.must("ip", "netns", "add", h.ns)
	t.Cleanup(func() { h.must("ip", "netns", "del", h.ns) })
	for _, dev := range []string{"eth0", "eth1", "t-eth0"} {
		h.must("ip", "-n", h.ns, "link", "add", dev, "type", "veth", "peer", "name", "x"+dev)
	}
	var err error
	h.e, err = kernel.New(kernel.Options{Devices: map[string]string{"ethernet0": "eth0", "ethernet1": "eth1"}, Netns: "/var/run/netns/" + h.ns, Tunnels: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := h.apply(text); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *tunnelHost) must(name string, args ...string) string {
	h.t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		h.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func (h *tunnelHost) apply(text string) error {
	h.t.Helper()
	cfg, _, diags := parser.Load("clients.cfg", []byte(text))
	if diags.HasErrors() {
		h.t.Fatal(diags.Err())
	}
	plan, diags := compiler.Compile(cfg)
	if plan == nil {
		h.t.Fatal(diags.Err())
	}
	_, err := h.e.Apply(plan)
	return err
}

// has compares how many routes into tunnels, ARP answers and clients of the rules the kernel has.
func (h *tunnelHost) has(when string, routes, answers, clients int) {
	h.t.Helper()
	count := func(text, what string) int { return strings.Count(text, what) }
	route := h.must("ip", "-n", h.ns, "route", "show", "table", "all")
	neigh := h.must("ip", "-n", h.ns, "neigh", "show", "proxy")
	rules := h.must("ip", "netns", "exec", h.ns, "nft", "list", "ruleset")
	for _, x := range []struct {
		what      string
		got, want int
	}{{"routes", count(route, "table 20567"), routes}, {"ARP answers", count(neigh, "proxy"), answers}, {"clients", count(rules, " : 198.51.100."), clients}} {
		if x.got != x.want {
			h.t.Errorf("%s: %d %s, want %d", when, x.got, x.what, x.want)
		}
	}
}

func clientAt(i int) kernel.Remote {
	return kernel.Remote{If: "outside", Net: ast.Net{IP: ast.MustIP("10.0.16.1") + ast.IP(i), Mask: ast.AllOnes}, Client: true,
		Peer: ast.MustIP("198.51.100.0") + ast.IP(i%250), User: "u"}
}

// What leads to clients and networks behind tunnels comes and goes with them, stays over a change of the plan, and is gone in the end.
func TestRemotes(t *testing.T) {
	h := newTunnelHost(t, withClients)
	const n = 600 // more than one datagram of changes
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		do(h.e.AddRemote(clientAt(i)))
	}
	do(h.e.AddRemote(clientAt(7))) // it replaces itself
	site := ast.Net{IP: ast.MustIP("172.16.0.0"), Mask: ast.MaskOf(16)}
	do(h.e.AddRemote(kernel.Remote{If: "outside", Net: site}))
	h.has("with all", n+1, n, n)
	for i := range 100 {
		do(h.e.RemoveRemote("outside", clientAt(i).Net))
	}
	do(h.e.RemoveRemote("outside", clientAt(0).Net)) // it is gone already
	h.has("without some", n+1-100, n-100, n-100)
	do(h.apply(withClients + "sysopt noproxyarp inside\n"))
	h.has("without answers", n+1-100, 0, n-100)
	// A network of the crypto map that is that of the site: both need the route.
	static := "access-list s permit ip any 172.16.0.0 255.255.0.0\ncrypto map m 5 ipsec-isakmp\ncrypto map m 5 match address s\n" +
		"crypto map m 5 set peer 203.0.113.9\ncrypto map m 5 set transform-set ts\n"
	do(h.apply(withClients + static))
	h.has("with a static entry", n+1-100, n-100, n-100)
	do(h.e.RemoveRemote("outside", site))
	h.has("without the site", n+1-100, n-100, n-100)
	do(h.apply(withClients))
	h.has("without the static entry", n-100, n-100, n-100)
	do(h.apply(strings.ReplaceAll(withClients, "crypto map m interface outside\n", "")))
	h.has("without a crypto map", 0, 0, 0)
	do(h.apply(withClients))
	h.has("with the crypto map again", n-100, n-100, n-100)
	do(h.e.Close())
	h.has("in the end", 0, 0, 0)
}

// A client that cannot be reached is none: the error says so, and nothing of it stays.
func TestRemoteRefused(t *testing.T) {
	h := newTunnelHost(t, withClients)
	if err := h.e.AddRemote(clientAt(0)); err != nil {
		t.Fatal(err)
	}
	h.must("ip", "-n", h.ns, "link", "del", "t-eth0")
	err := h.e.AddRemote(clientAt(1))
	if err == nil || !strings.Contains(err.Error(), "10.0.16.2") {
		t.Errorf("%v", err)
	}
	h.has("without the twin", 0, 1, 1)
	if err := h.e.RemoveRemote("outside", clientAt(0).Net); err != nil {
		t.Error(err)
	}
	h.has("without anybody", 0, 0, 0)
	// A plan that is not taken changes nothing.
	if err := h.apply(withClients); err == nil {
		t.Error("a plan is taken whose twin is not there")
	}
}
