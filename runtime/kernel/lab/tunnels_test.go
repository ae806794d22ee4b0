package lab

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/internal/sites"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
)

// logged reports whether a packet has caused a message.
func logged(v *runtime.Verdict, id int) bool {
	return slices.ContainsFunc(v.Logs, func(m runtime.Message) bool { return m.ID == id })
}

// Packets go into tunnels and come out of them, by ESP, by AH and by both, and are counted by the firewall; when the tunnel is gone they
// want one, and what the peer still sends is refused.
func TestTunnelProbe(t *testing.T) {
	rig, err := NewRig([]string{"ethernet0", "ethernet1"})
	if errors.Is(err, ErrNotRoot) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := rig.Close(); err != nil {
			t.Error(err)
		}
	}()
	peer := ast.MustIP("203.0.113.2")
	local, remote := ast.Net{IP: ast.MustIP("10.0.0.0"), Mask: 0xffffff00}, ast.Net{IP: ast.MustIP("192.168.50.0"), Mask: 0xffffff00}
	there := runtime.Packet{Proto: ast.ProtoTCP, Src: local.IP + 5, Dst: remote.IP + 9, SrcPort: 1000, DstPort: 80, Flags: runtime.SYN, TTL: 64}
	back := runtime.Packet{Proto: ast.ProtoTCP, Src: there.Dst, Dst: there.Src, SrcPort: 80, DstPort: 1000, Flags: runtime.SYN | runtime.ACK, TTL: 64}
	for _, set := range []string{"esp-des esp-md5-hmac", "esp-3des", "ah-sha-hmac", "ah-md5-hmac esp-aes-256"} {
		plan := sites.Plan(t, strings.Replace(sites.A, "esp-des esp-md5-hmac", set, 1))
		p, err := rig.OpenTunnels(kernel.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		inject := func(in runtime.Ingress, packet runtime.Packet) runtime.Verdict {
			t.Helper()
			v, err := p.Inject(in, packet)
			if err != nil {
				t.Fatalf("%s: %v", set, err)
			}
			return v
		}
		if _, err := p.Apply(plan); err != nil {
			t.Fatal(err)
		}
		tunnel := runtime.Ingress{If: 0, Tunnel: true, Peer: peer}
		if err := p.AddSA(0, peer, local, remote); err != nil {
			t.Fatal(err)
		}
		if v := inject(runtime.Ingress{If: 1}, there); v.Action != runtime.Encrypt || v.Peer != peer || v.Egress != 0 || v.Out.Src != there.Src || !logged(&v, 302013) {
			t.Errorf("%s: into the tunnel: %+v", set, v)
		}
		if v := inject(tunnel, back); v.Action != runtime.Forward || v.Egress != 1 || v.Out.Dst != there.Src {
			t.Errorf("%s: out of the tunnel: %+v", set, v)
		}
		id := p.SAPairs()[0].ID
		if n := p.SACounters(id); n.Encaps != 1 || n.Decaps != 1 || n.RecvErrors != 0 {
			t.Errorf("%s: %+v", set, n)
		}
		if err := p.ClearSAs(func(*runtime.SAPair) bool { return true }); err != nil {
			t.Fatal(err)
		}
		if v := inject(tunnel, back); v.Action != runtime.Drop || !logged(&v, 402101) {
			t.Errorf("%s: by an association that is gone: %+v", set, v)
		}
		if v := inject(runtime.Ingress{If: 1}, there); v.Action != runtime.Drop || !logged(&v, 702303) {
			t.Errorf("%s: no association: %+v", set, v)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// An engine alone has no tunnels, and nobody gets what is for them.
	p, err := rig.Open(kernel.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := p.Apply(sites.Plan(t, sites.A)); err != nil {
		t.Fatal(err)
	}
	if err := p.AddSA(0, peer, local, remote); !errors.Is(err, runtime.ErrUnsupported) {
		t.Errorf("given: %v", err)
	}
	if v, err := p.Inject(runtime.Ingress{If: 0}, runtime.Packet{Proto: ast.ProtoESP, Src: peer, Dst: ast.MustIP("203.0.113.1"), TTL: 64, Payload: make([]byte, 40)}); err != nil || v.Action != runtime.Box {
		t.Errorf("ESP: %+v, %v", v, err)
	}
}
