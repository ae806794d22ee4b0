package daemon

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/runtime"
	"pixfw/runtime/kernel"
)

// plain is a client that speaks ESP as it is.
var plain = []string{"NATT=none"}

// TestVPNClient lets vpnc log in with the seed's configuration, which asks a TACACS+ server.
func TestVPNClient(t *testing.T) {
	l := newVPNLab(t, nil, "vpnc", "ping", "ssh")
	l.must(nil, "aaa.sh", "start")
	l.serve()
	l.sub("refused", (*vpnLab).refusesClients)
	l.sub("clients", (*vpnLab).servesClients)
	l.sub("clear uauth", (*vpnLab).logsOut)
	l.sub("management", (*vpnLab).managed)
	l.sub("pl-compatible", (*vpnLab).untouched)
	l.sub("strong", func(l *vpnLab) {
		l.types("isakmp policy 5 authentication pre-share", "isakmp policy 5 encryption aes-256", "isakmp policy 5 hash sha", "isakmp policy 5 group 5",
			"crypto ipsec transform-set strong esp-aes-256 esp-sha-hmac", "crypto dynamic-map dynmap 5 set transform-set strong")
		l.client("out", "192.168.1.2", "10.89.129.200", "DH=dh5", "WEAK=no", "NATT=none")
		l.works("out", "10.89.129.200")
		if sas := l.d.engine.SAPairs(); len(sas) != 1 || sas[0].In.Cipher != "esp-aes-256" || sas[0].In.Auth != "esp-sha-hmac" {
			l.t.Errorf("%+v", sas)
		}
		l.leave("192.168.1.2")
	})
	l.sub("NAT", func(l *vpnLab) {
		l.types("isakmp nat-traversal 20")
		l.client("home", "172.31.1.2", "10.89.129.200", "NATT=natt")
		l.works("home", "10.89.129.200")
		if sas := l.d.engine.SAPairs(); len(sas) != 1 || !sas[0].Encap || sas[0].Peer.String() != "192.168.1.3" {
			l.t.Errorf("%+v", sas)
		}
		// One that is not behind it, beside.
		l.client("out", "192.168.1.2", "10.89.129.201", "NATT=natt")
		l.works("out", "10.89.129.201")
		l.works("home", "10.89.129.200")
		l.leave("192.168.1.2")
		l.leave("172.31.1.2")
		l.types("no isakmp nat-traversal")
	})
	l.sub("access list", func(l *vpnLab) {
		l.echo("in", "10.89.129.134:7")
		l.client("out", "192.168.1.2", "10.89.129.200", plain...)
		l.types("no sysopt connection permit-ipsec")
		// Access-list 120 lets in what goes to .131.
		if out, err := l.in("out", "ping", "-n", "-I", "10.89.129.200", "-c", "2", "-i", "0.2", "-W", "5", "10.89.129.131"); err != nil {
			l.t.Errorf("ping: %v\n%s", err, out)
		}
		c := l.udp("out", "10.89.129.200:7100")
		ask := func() {
			if _, err := c.WriteTo([]byte("hello"), &net.UDPAddr{IP: net.IPv4(10, 89, 129, 134), Port: 7}); err != nil {
				l.t.Fatal(err)
			}
		}
		ask()
		l.says("106023: Deny udp src outside:10.89.129.200/7100 dst inside:10.89.129.134/7 by access-group \"120\"")
		l.types("sysopt connection permit-ipsec")
		ask()
		if n, _, err := c.ReadFrom(make([]byte, 100)); n != 5 || err != nil {
			l.t.Errorf("with permit-ipsec: %d %v", n, err)
		}
		l.leave("192.168.1.2")
	})
	l.sub("accounting", (*vpnLab).accountsTACACS)
	l.sub("attributes", func(l *vpnLab) {
		const line = "aaa authorization include http outside 10.89.129.150 255.255.255.255 0.0.0.0 0.0.0.0 AuthInbound"
		l.types(line)
		defer l.types("no " + line)
		l.client("out", "192.168.1.2", "10.89.129.200", append(plain, "XUSER=timed")...)
		l.leave("192.168.1.2")
		l.enforces("acl-name", "120", false)
	})
	l.sub("consoles", (*vpnLab).consoles)
	l.sub("clear", func(l *vpnLab) {
		l.client("out", "192.168.1.2", "10.89.129.200", plain...)
		if err := l.d.engine.ClearIKE(0); err != nil {
			l.t.Fatal(err)
		}
		l.nobody()
		l.kill("192.168.1.2", "10.89.129.200") // it goes on asking, for five seconds
	})
	l.sub("close", func(l *vpnLab) {
		if err := l.d.Close(); err != nil {
			l.t.Error(err)
		}
		for _, args := range []string{"link", "rule", "neigh show proxy", "route show table all"} {
			out, err := l.in("pix", "ip", strings.Fields(args)...)
			if err != nil || strings.Contains(out, "t-outside") || strings.Contains(out, "fwmark") || strings.Contains(out, "10.89.129.2") {
				l.t.Errorf("ip %s: %v\n%s", args, err, out)
			}
		}
	})
}

// TestVPNClientRADIUS is the other alternative of the seed.
func TestVPNClientRADIUS(t *testing.T) {
	l := newVPNLab(t, strings.NewReplacer("aaa-server AuthInbound protocol tacacs+", "aaa-server AuthInbound protocol radius"), "vpnc", "ping", "ssh")
	l.must(nil, "aaa.sh", "start")
	l.serve()
	l.sub("refused", (*vpnLab).refusesClients)
	l.sub("client", func(l *vpnLab) {
		l.client("out", "192.168.1.2", "10.89.129.200", plain...)
		l.works("out", "10.89.129.200")
		l.says("109005: Authentication succeeded for user 'cisco_customer' from 192.168.1.2/0 to 0.0.0.0/0 on interface IKE-XAUTH")
		l.leave("192.168.1.2")
	})
	l.sub("accounting", (*vpnLab).accountsRADIUS)
	l.sub("attributes", func(l *vpnLab) {
		l.client("out", "192.168.1.2", "10.89.129.200", append(plain, "XUSER=timed")...)
		l.leave("192.168.1.2")
		l.enforces("acl-name", "120", false)
		l.enforces("acl-vsa", "AAA-user-acl-vsa", true)
		l.enforces("acl-acs", "#ACSACL#-IP-labacl-40a1b2c3", true)
	})
	l.sub("lists", (*vpnLab).sharesLists)
	l.sub("faults", (*vpnLab).refusesLists)
	l.sub("consoles", (*vpnLab).consoles)
}

// refusesClients lets clients with wrong passwords try.
func (l *vpnLab) refusesClients() {
	if out, err := l.script(l.env("192.168.1.2", "GROUP_SECRET=wrong", "NATT=none"), "vpnc.sh", "start"); err == nil || !strings.Contains(out, "check group password") {
		l.t.Errorf("a wrong group password: %v %s", err, out)
	}
	// vpnc finds out by itself, and says nothing: the box has begun, is not answered, and says so (semantics.md section 8).
	const phase1 = " (local 192.168.1.1 (responder), remote 192.168.1.2)"
	l.says("702208: ISAKMP Phase 1 exchange started" + phase1)
	l.says("702204: ISAKMP Phase 1 retransmission" + phase1)
	if l.said("702210") || l.said("602201") {
		l.t.Error("a wrong group password is taken")
	}
	// The box asks again, which a client that nobody sits at cannot answer.
	if out, err := l.script(l.env("192.168.1.2", "XPASS=wrong", "NATT=none"), "vpnc.sh", "start"); err == nil || !strings.Contains(out, "can't reuse password") {
		l.t.Errorf("a wrong password: %v %s", err, out)
	}
	l.says("109006: Authentication failed for user 'cisco_customer' from 192.168.1.2/0 to 0.0.0.0/0 on interface IKE-XAUTH")
	if l.said("109005") || len(l.d.engine.PoolInUse(0)) != 0 || len(l.d.engine.SAPairs()) != 0 {
		l.t.Error("a client that was refused has something")
	}
}

// servesClients fills the pool, and looks at who may talk to whom.
func (l *vpnLab) servesClients() {
	l.client("out", "192.168.1.2", "10.89.129.200", plain...)
	l.works("out", "10.89.129.200")
	l.says("109005: Authentication succeeded for user 'cisco_customer' from 192.168.1.2/0 to 0.0.0.0/0 on interface IKE-XAUTH")
	l.says("Built inbound TCP connection")
	l.says("for outside:10.89.129.200/")
	l.says("to inside:10.89.129.131/80 (10.89.129.131/80) (cisco_customer)")
	l.client("out", "192.168.1.3", "10.89.129.201", plain...)
	l.works("out", "10.89.129.201")
	l.works("out", "10.89.129.200")
	if users := l.d.engine.Users().Users; len(users) != 2 || !users[0].IPsec || users[0].Name != "cisco_customer" {
		l.t.Errorf("%+v", users)
	}
	// From inside to a client: the router asks who has the address.
	if out, err := l.in("in", "ping", "-n", "-c", "2", "-i", "0.2", "-W", "5", "10.89.129.200"); err != nil {
		l.t.Errorf("ping from inside: %v\n%s", err, out)
	}
	l.sub("translated", (*vpnLab).translates)
	l.sub("spoofed", (*vpnLab).tellsSpoofed)
	l.sub("sixth", (*vpnLab).refusesSixth)
	l.leave("192.168.1.3")
	l.leave("192.168.1.2")
}

// translates looks at a host that access-list 101 does not name: clients see it by an address of the pool of global, and cannot
// reach it (semantics.md 10.3, S19 and S26).
func (l *vpnLab) translates() {
	from := l.udp("in", "10.89.129.150:7000")
	to := l.udp("out", "10.89.129.200:7000")
	if _, err := from.WriteTo([]byte("hello"), to.LocalAddr()); err != nil {
		l.t.Fatal(err)
	}
	b := make([]byte, 100)
	n, who, err := to.ReadFrom(b)
	if err != nil || string(b[:n]) != "hello" {
		l.t.Fatalf("%q %v", b[:n], err)
	}
	if got := who.(*net.UDPAddr).IP.String(); got != "192.168.1.6" {
		l.t.Errorf("a client sees %s", got)
	}
	if _, err := to.WriteTo([]byte("hello"), from.LocalAddr()); err != nil {
		l.t.Fatal(err)
	}
	l.says("305005: No translation group found for udp src outside:10.89.129.200/7000 dst inside:10.89.129.150/7000")
}

// tellsSpoofed sends what should have come through a tunnel in clear, and what should not have come through it.
func (l *vpnLab) tellsSpoofed() {
	l.raw("eth0", "10.89.129.200", "10.89.129.131")
	l.says("402106: Rec'd packet not an IPSEC packet (ip) dest_addr= 10.89.129.131, src_addr= 10.89.129.200, prot= udp")
	l.raw("t-c2", "10.89.129.222", "10.89.129.131")
	l.says("402103: identity doesn't match negotiated identity (ip) dest_addr= 10.89.129.131, src_addr= 10.89.129.222, prot= udp, (ident) local=192.168.1.1, " +
		"remote=192.168.1.2, local_proxy=0.0.0.0/0.0.0.0/0/0, remote_proxy=10.89.129.200/255.255.255.255/0/0")
	l.raw("t-c2", "10.89.129.201", "10.89.129.131") // another client's
	l.says("dest_addr= 10.89.129.131, src_addr= 10.89.129.201")
}

// refusesSixth connects more clients than the pool has addresses.
func (l *vpnLab) refusesSixth() {
	for i := 21; i <= 24; i++ {
		run(l.t, "ip", "-n", l.prefix+"-out", "addr", "add", fmt.Sprintf("192.168.1.%d/24", i), "dev", "eth0")
	}
	for i := 21; i <= 23; i++ {
		l.client("out", fmt.Sprintf("192.168.1.%d", i), fmt.Sprintf("10.89.129.%d", 181+i), plain...)
	}
	if out, err := l.script(l.env("192.168.1.24", "NATT=none", "TIMEOUT=2"), "vpnc.sh", "start"); err == nil {
		l.t.Errorf("a sixth client gets an address: %s", out)
	}
	l.says("404101: ISAKMP: Failed to allocate address for client from pool VPNpool")
	l.await("the sixth is gone", func() bool { return len(l.d.engine.IKESAs()) == 5 })
	l.leave("192.168.1.22") // had .203
	l.client("out", "192.168.1.24", "10.89.129.203", plain...)
	l.works("out", "10.89.129.203")
	for _, i := range []int{21, 23, 24} {
		l.leave(fmt.Sprintf("192.168.1.%d", i))
	}
}

// udp is a socket in a namespace of the lab.
func (l *vpnLab) udp(ns, at string) (c net.PacketConn) {
	l.t.Helper()
	if err := kernel.Within(netns(l.prefix+"-"+ns), func() (err error) {
		c, err = net.ListenPacket("udp4", at)
		return err
	}); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		l.t.Fatal(err)
	}
	return c
}

// raw sends a UDP packet with any source by a device of the outside.
func (l *vpnLab) raw(device, src, dst string) {
	l.t.Helper()
	from, to := netip.MustParseAddr(src).As4(), netip.MustParseAddr(dst).As4()
	b := append([]byte{0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0}, from[:]...)
	b = append(append(b, to[:]...), 0x1b, 0x58, 0x1b, 0x58, 0, 12, 0, 0, 'h', 'i', '!', '!')
	if err := kernel.Within(netns(l.prefix+"-out"), func() error {
		s, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(s)
		if err := unix.BindToDevice(s, device); err != nil {
			return err
		}
		return unix.Sendto(s, b, 0, &unix.SockaddrInet4{Addr: to})
	}); err != nil {
		l.t.Fatal(err)
	}
}

// env is what the lab's script for a client at an address needs.
func (l *vpnLab) env(at string, env ...string) []string {
	name := "c" + at[strings.LastIndexByte(at, '.')+1:]
	if strings.HasPrefix(at, "172.31.1.") {
		return append(env, "NAME=h"+name, "NS="+l.prefix+"-home")
	}
	return append(env, "NAME="+name, "LOCAL="+at)
}

// client connects one at an address of a namespace.
func (l *vpnLab) client(ns, at, want string, env ...string) {
	l.t.Helper()
	out, err := l.script(l.env(at, env...), "vpnc.sh", "start")
	if err != nil || !strings.Contains(out, want) {
		l.t.Fatalf("client at %s: %v %s, want %s", at, err, out, want)
	}
	l.up(want)
}

// up waits until a client can be talked to. It tells of its address before it has asked for a pair, and one that is stopped in between
// says no good-bye.
func (l *vpnLab) up(client string) {
	l.t.Helper()
	l.await("a pair of "+client, func() bool {
		return slices.ContainsFunc(l.d.engine.SAPairs(), func(p runtime.SAPair) bool { return p.Client.IsValid() && p.Client.String() == client })
	})
}

// leave lets a client say good-bye, and waits until nothing of it is left.
func (l *vpnLab) leave(at string) {
	l.t.Helper()
	before := len(l.d.engine.IKESAs())
	l.must(l.env(at), "vpnc.sh", "stop")
	l.await("the client has gone", func() bool { return len(l.d.engine.IKESAs()) < before })
	if before == 1 {
		l.nobody()
	}
}

// kill ends a client at once, without a good-bye, and does what its script would have done.
func (l *vpnLab) kill(at, inside string) {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, "lab", "vpnc-c"+at[strings.LastIndexByte(at, '.')+1:]+".pid"))
	if err != nil {
		l.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Fields(string(text))[0])
	if err != nil {
		l.t.Fatal(err)
	}
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		l.t.Fatal(err)
	}
	run(l.t, "ip", "-n", l.prefix+"-out", "rule", "del", "from", inside)
	l.must(l.env(at), "vpnc.sh", "stop")
}
