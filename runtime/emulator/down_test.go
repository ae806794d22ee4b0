package emulator

import (
	"slices"
	"strings"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
)

// Nothing leaves by an interface that is shut down or has no address, not even what belongs to a connection, and the line that
// shuts it down is named.
func TestInterfaceDown(t *testing.T) {
	l := newLab(t, base)
	l.connect()
	if _, err := l.Apply(planOf(t, base+"interface ethernet0 auto shutdown\n")); err != nil {
		t.Fatal(err)
	}
	reply := tcp("198.51.100.7:80", "203.0.113.10:3000", ack)
	for _, x := range []struct {
		in string
		p  runtime.Packet
	}{
		{"inside", tcp("10.0.0.5:3000", "198.51.100.7:80", ack)},
		{"inside", tcp("10.0.0.5:3001", "198.51.100.7:80", syn)},
		{"outside", reply},
	} {
		v := l.send(x.in, x.p)
		last := v.Phases[len(v.Phases)-1]
		if v.Action != runtime.Drop || v.Reason != whyInterface || len(last.Lines) != 1 || last.Lines[0].Text() != "interface ethernet0 auto shutdown" {
			t.Errorf("%s %v: %+v", x.in, &x.p, v)
		}
	}
	if _, err := l.Apply(planOf(t, base)); err != nil {
		t.Fatal(err)
	}
	l.expect("outside", reply, "tcp 198.51.100.7:80 > 10.0.0.5:3000 flags ack")
	bare := newLab(t, without("ip address outside", ""))
	bare.expect("inside", tcp("10.0.0.5:3001", "198.51.100.7:80", syn), "drop")
}

// What is for a tunnel as it stands passes neither access lists nor NAT with pl-compatible (semantics.md 6.2), both ways.
func TestPLCompatible(t *testing.T) {
	const strict = withMap + "access-list in deny ip any any\naccess-group in in interface inside\n"
	l := newLab(t, base+strict+"sysopt ipsec pl-compatible\n")
	outside, peer := l.Plan().IfByName("outside"), ast.MustIP("198.51.100.9")
	local, remote := ast.Net{IP: ast.MustIP("10.0.0.0"), Mask: ast.MaskOf(24)}, ast.Net{IP: ast.MustIP("192.168.50.0"), Mask: ast.MaskOf(24)}
	if err := l.AddSA(outside, peer, local, remote); err != nil {
		t.Fatal(err)
	}
	p := tcp("10.0.0.5:1", "192.168.50.9:22", syn)
	v := l.send("inside", p)
	named := slices.ContainsFunc(v.Phases, func(ph runtime.Phase) bool {
		return len(ph.Lines) == 1 && ph.Lines[0].Text() == "sysopt ipsec pl-compatible"
	})
	if v.Action != runtime.Encrypt || v.Peer != peer || v.Out.Src != p.Src || v.Out.SrcPort != p.SrcPort || !named {
		t.Errorf("outbound: %+v", v)
	}
	back, err := l.Inject(runtime.Ingress{If: outside, Tunnel: true, Peer: peer}, tcp("192.168.50.9:22", "10.0.0.5:1", synack))
	if err != nil || back.Action != runtime.Forward || back.Out.Dst != p.Src {
		t.Errorf("the answer: %+v, %v", back, err)
	}
	v, err = l.Inject(runtime.Ingress{If: outside, Tunnel: true, Peer: peer}, tcp("192.168.50.9:23", "10.0.0.5:2", syn))
	if err != nil || v.Action != runtime.Forward || v.Out.Dst != p.Src || v.Out.Src != ast.MustIP("192.168.50.9") {
		t.Errorf("inbound: %+v, %v", v, err)
	}
	l.expect("inside", tcp("10.0.0.5:1", "198.51.100.7:80", syn), "drop 106023")
	if l := newLab(t, base+strict); !strings.HasPrefix(text(l.send("inside", p)), "drop 106023") {
		t.Error("the same without the line")
	}
}

// What comes before a host has an address, or with a router alert, reaches the services that are configured, and only those
// (semantics.md 1.9).
func TestListens(t *testing.T) {
	l := newLab(t, base+"dhcpd address 10.0.0.100-10.0.0.110 inside\ndhcpd enable inside\nmulticast interface inside\n")
	discover := udp("0.0.0.0:68", "255.255.255.255:67")
	l.expect("inside", discover, "box")
	l.expect("dmz", discover, "drop 106016")
	other := udp("0.0.0.0:69", "255.255.255.255:67")
	l.expect("inside", other, "drop 106016")
	report := runtime.Packet{Proto: ast.ProtoIGMP, Src: ast.MustIP("10.0.0.5"), Dst: ast.MustIP("224.0.0.22"), Option: runtime.RouterAlert}
	l.expect("inside", report, "box")
	l.expect("dmz", report, "drop 106012")
	report.Option = runtime.RecordRoute
	l.expect("inside", report, "drop 106012")
}
