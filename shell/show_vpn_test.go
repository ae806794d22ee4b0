package shell

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"pixfw/ast"
	"pixfw/compiler"
	"pixfw/parser"
	"pixfw/runtime"
)

// fakeSAs are the tables of a box with a client and a peer that is still beginning.
type fakeSAs struct {
	ike   []runtime.IKESA
	pairs []runtime.SAPair
}

func (f fakeSAs) IKESAs() []runtime.IKESA   { return f.ike }
func (f fakeSAs) SAPairs() []runtime.SAPair { return f.pairs }
func (f fakeSAs) SACounters(id uint64) runtime.SACounters {
	return runtime.SACounters{Encaps: 4, Decaps: 9, RecvErrors: id - 2, CarriedOut: 4096, CarriedIn: 900, PathMTU: int(id-2) * 1400}
}
func (f fakeSAs) ConnIDs(id uint64) (in, out int) { return int(2 * id), int(2*id - 1) }

// TestVPNTables compares the tables of associations with testdata/show/vpn.txtar.
func TestVPNTables(t *testing.T) {
	cfg, _, diags := parser.Load("pix.cfg", readExample(t))
	plan, more := compiler.Compile(cfg)
	if diags.HasErrors() || more.HasErrors() {
		t.Fatal(diags, more)
	}
	outside := plan.IfByName("outside")
	addr, port := netip.MustParseAddr, netip.MustParseAddrPort
	pair := runtime.SAPair{ID: 2, If: outside, Map: plan.Interfaces[outside].Map, Local: addr("192.168.1.1"), Peer: addr("192.168.1.2"),
		LocalID:  runtime.ProxyID{Addr: addr("0.0.0.0"), Mask: addr("0.0.0.0")},
		RemoteID: runtime.ProxyID{Addr: addr("10.89.129.200"), Mask: addr("255.255.255.255")},
		In:       runtime.SAKeys{SPI: 0xcb96cd89, Cipher: "esp-des", Auth: "esp-md5-hmac"},
		Out:      runtime.SAKeys{SPI: 0x8e187e65, Cipher: "esp-des", Auth: "esp-md5-hmac"},
		Born:     testStart, Seconds: 28800, Kilobytes: 4608000, Client: addr("10.89.129.200")}
	natted := pair
	natted.ID, natted.Dynamic, natted.Client = 3, compiler.None, netip.Addr{}
	natted.Encap, natted.PeerPort = true, 4500
	natted.Out.Cipher, natted.In.Cipher = "esp-aes-256", "esp-aes-256"
	natted.OutAH, natted.InAH = runtime.SAKeys{SPI: 0x1000, Auth: "ah-sha-hmac"}, runtime.SAKeys{SPI: 0x1001, Auth: "ah-sha-hmac"}
	bare := pair // without an authenticator there is no protection against repetition
	bare.ID, bare.In.Auth, bare.Out.Auth = 2, "", ""
	vpn := fakeSAs{
		ike: []runtime.IKESA{
			{Local: port("192.168.1.1:500"), Peer: port("192.168.1.2:500"), State: "QM_IDLE", Created: 2},
			{Local: port("192.168.1.1:500"), Peer: port("192.168.1.3:500"), State: "MM_KEY_EXCH", Initiator: true, Pending: 1},
		},
		pairs: []runtime.SAPair{pair, natted, bare},
	}
	now := testStart.Add(281 * time.Second)
	a := txtar.Archive{Comment: []byte("Associations as the console prints them, from tables made by hand.\n"), Files: []txtar.File{
		{Name: "show crypto isakmp sa", Data: []byte(formatISAKMPSAs(vpn.IKESAs()))},
		{Name: "show crypto isakmp sa, none", Data: []byte(formatISAKMPSAs(noVPN{}.IKESAs()))},
		{Name: "show crypto ipsec sa", Data: []byte(formatIPsecSAs(plan, vpn, "", now))},
		{Name: "show crypto engine", Data: []byte(formatCryptoEngine(vpn.pairs))},
		{Name: "show crypto ipsec sa, none", Data: []byte(formatIPsecSAs(plan, noVPN{}, "", now))},
	}}
	path, got := filepath.Join("testdata", "show", "vpn.txtar"), txtar.Format(&a)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestSALifetimeShown: the default that entries take is the configured one.
func TestSALifetimeShown(t *testing.T) {
	s, _, err := New(Options{Text: readExample(t), Start: Config})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"crypto ipsec security-association lifetime seconds 3600"} {
		if out, _ := s.Line(line); strings.Contains(out, "ERROR") {
			t.Fatal(out)
		}
	}
	want := "Security-association lifetime: 4608000 kilobytes/3600 seconds\n"
	if out, _ := s.Line("show crypto ipsec security-association lifetime"); out != want {
		t.Errorf("%q, want %q", out, want)
	}
}

// The current peer of an entry with several is the one with whom it has a tunnel.
func TestCurrentPeer(t *testing.T) {
	e := &compiler.MapEntry{Peers: []ast.IP{ast.MustIP("192.168.2.3"), ast.MustIP("192.168.2.4")}}
	pairs := []runtime.SAPair{{ID: 9, Map: 1, Entry: 2, Peer: netip.MustParseAddr("192.168.2.4")},
		{ID: 8, Map: 1, Entry: 2, Peer: netip.MustParseAddr("192.168.2.3")}, {ID: 10, Map: 0, Entry: 2, Peer: netip.MustParseAddr("192.168.2.5")}}
	if got := currentPeer(e, pairs, 1, 2); got != "192.168.2.4" {
		t.Error(got)
	}
	if got := currentPeer(e, pairs, 1, 3); got != "192.168.2.3" {
		t.Errorf("without a tunnel: %s", got)
	}
}

// The forms of show crypto ipsec sa: identity has no associations, detail has more counters, address goes by peer.
func TestIPsecSAForms(t *testing.T) {
	f, s := newFakeVPN(t)
	f.pairs[0].Peer, f.pairs[1].Peer = f.pairs[1].Peer, f.pairs[0].Peer
	out := map[string]string{}
	for _, form := range []string{"", " detail", " identity", " address"} {
		out[form], _ = s.Line("show crypto ipsec sa" + form)
	}
	const counters = "    #pkts verify failed (rcv) 0, #pkts replay failed (rcv) 0\n"
	if strings.ReplaceAll(out[" detail"], counters, "") != out[""] || strings.Count(out[" detail"], counters) != 2 {
		t.Errorf("detail:\n%s", out[" detail"])
	}
	if strings.Contains(out[" identity"], "inbound esp sas") || strings.Count(out[" identity"], "current_peer") != 2 {
		t.Errorf("identity:\n%s", out[" identity"])
	}
	first := func(text string) string {
		_, rest, _ := strings.Cut(text, "current_peer: ")
		return rest[:len("192.168.1.3")]
	}
	if first(out[""]) != "192.168.1.3" || first(out[" address"]) != "192.168.1.2" {
		t.Errorf("address:\n%s", out[" address"])
	}
}
