package kernel_test

import (
	"bytes"
	"fmt"
	"testing"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/kernel"
	"pixfw/runtime/kernel/lab"
)

// Two hosts behind one address that name the same port get two, with as many digits, and each gets what is meant for it. A door is for
// one connection, and what it is for is reached by nobody else.
func TestDoorsBehindPAT(t *testing.T) {
	send := behindPAT(t, kernel.Limits{})
	server, pat := ast.MustIP("198.51.100.7"), ast.MustIP("203.0.113.1")
	seen := map[string]string{} // by the port that is said to the server, the host that it is of
	for _, host := range []string{"10.0.0.5", "10.0.0.6"} {
		p := runtime.Packet{Proto: ast.ProtoTCP, Src: ast.MustIP(host), Dst: server, SrcPort: 1000, DstPort: 514, Flags: runtime.SYN}
		out := send(1, p).Out
		back := runtime.Packet{Proto: ast.ProtoTCP, Src: server, Dst: pat, SrcPort: 514, DstPort: out.SrcPort, Flags: runtime.SYN | runtime.ACK}
		if v := send(0, back); v.Action != runtime.Forward {
			t.Fatalf("%s: no handshake: %s", host, v.Reason)
		}
		p.Flags, p.Payload = runtime.ACK, []byte("999\x00root\x00")
		v := send(1, p)
		said, rest, _ := bytes.Cut(v.Out.Payload, []byte{0})
		if v.Action != runtime.Forward || len(said) != 3 || string(rest) != "root\x00" || seen[string(said)] != "" {
			t.Fatalf("%s: the server is told %q: %s", host, v.Out.Payload, v.Reason)
		}
		seen[string(said)] = host
	}
	if seen["999"] != "10.0.0.5" {
		t.Errorf("the first has not kept its port: %v", seen)
	}
	for said, host := range seen {
		port := uint16(0)
		for _, ch := range said {
			port = port*10 + uint16(ch-'0')
		}
		call := runtime.Packet{Proto: ast.ProtoTCP, Src: server, Dst: pat, SrcPort: 1023, DstPort: port, Flags: runtime.SYN}
		other := call
		other.Src++
		if v := send(0, other); v.Action == runtime.Forward {
			t.Errorf("%s is reached by another: %v", host, v.Out.String())
		}
		if v := send(0, call); v.Action != runtime.Forward || v.Out.Dst != ast.MustIP(host) || v.Out.DstPort != 999 {
			t.Errorf("port %s leads to %v, not to %s: %s", said, v.Out.String(), host, v.Reason)
		}
		call.SrcPort--
		if v := send(0, call); v.Action == runtime.Forward {
			t.Errorf("%s is reached twice", host)
		}
	}
}

// behindPAT is a firewall whose inside has the address of the outside interface.
func behindPAT(t *testing.T, limits kernel.Limits) (send func(in int, p runtime.Packet) runtime.Verdict) {
	t.Helper()
	rig, err := lab.NewRig([]string{"ethernet0", "ethernet1"})
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { rig.Close() })
	probe, err := rig.Open(limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { probe.Close() })
	plan := textPlan(t, "nameif ethernet0 outside security0\nnameif ethernet1 inside security100\nip address outside 203.0.113.1 255.255.255.0\n"+
		"ip address inside 10.0.0.1 255.255.255.0\nglobal (outside) 1 interface\nnat (inside) 1 0.0.0.0 0.0.0.0 0 0\nroute outside 0.0.0.0 0.0.0.0 203.0.113.254 1\n")
	if _, err := probe.Apply(plan); err != nil {
		t.Fatal(err)
	}
	return func(in int, p runtime.Packet) runtime.Verdict {
		t.Helper()
		v, err := probe.Inject(runtime.Ingress{If: in}, p)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Two clients of FTP behind one address wait at the same port: each is reached by what the server is told. A command that nothing more can be
// expected for does not pass.
func TestFTPBehindPAT(t *testing.T) {
	send := behindPAT(t, kernel.Limits{Doors: 2})
	server, pat := ast.MustIP("198.51.100.7"), ast.MustIP("203.0.113.1")
	said := map[uint16]string{}
	for _, host := range []string{"10.0.0.5", "10.0.0.6", "10.0.0.7"} {
		ip := ast.MustIP(host)
		p := runtime.Packet{Proto: ast.ProtoTCP, Src: ip, Dst: server, SrcPort: 2000, DstPort: 21, Flags: runtime.SYN}
		out := send(1, p).Out
		back := runtime.Packet{Proto: ast.ProtoTCP, Src: server, Dst: pat, SrcPort: 21, DstPort: out.SrcPort, Flags: runtime.SYN | runtime.ACK}
		if v := send(0, back); v.Action != runtime.Forward {
			t.Fatalf("%s: no handshake: %s", host, v.Reason)
		}
		p.Flags, p.Payload = runtime.ACK, fmt.Appendf(nil, "PORT 10,0,0,%d,8,0\r\n", ip&255)
		v := send(1, p)
		if len(said) == 2 {
			if v.Action == runtime.Forward {
				t.Errorf("%s: there is no room, and the server is told %q", host, v.Out.Payload)
			}
			break
		}
		var hi, lo uint16
		if n, err := fmt.Sscanf(string(v.Out.Payload), "PORT 203,0,113,1,%d,%d\r\n", &hi, &lo); n != 2 || said[hi<<8|lo] != "" {
			t.Fatalf("%s: the server is told %q: %v: %s", host, v.Out.Payload, err, v.Reason)
		}
		said[hi<<8|lo] = host
	}
	if said[2048] != "10.0.0.5" {
		t.Errorf("the first has not kept its port: %v", said)
	}
	for port, host := range said {
		call := runtime.Packet{Proto: ast.ProtoTCP, Src: server, Dst: pat, SrcPort: 20, DstPort: port, Flags: runtime.SYN}
		if v := send(0, call); v.Action != runtime.Forward || v.Out.Dst != ast.MustIP(host) || v.Out.DstPort != 2048 {
			t.Errorf("port %d leads to %v, not to %s: %s", port, v.Out.String(), host, v.Reason)
		}
	}
}
