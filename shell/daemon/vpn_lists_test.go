package daemon

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/runtime/aaa"
)

// asks sends a datagram from a client's address to a host inside that answers those which come.
func (l *vpnLab) asks(from string) {
	l.t.Helper()
	c := l.udp("out", from+":7200")
	defer c.Close()
	if _, err := c.WriteTo([]byte("hello"), &net.UDPAddr{IP: net.IPv4(10, 89, 129, 134), Port: 9}); err != nil {
		l.t.Fatal(err)
	}
}

// fetches gets the page of the inside server from a client's address.
func (l *vpnLab) fetches(from string) {
	l.t.Helper()
	if out, err := l.in("out", "curl", "-sS", "--interface", from, "--max-time", "10", "http://10.89.129.131/"); err != nil || !strings.Contains(out, "hello from the inside to "+from) {
		l.t.Errorf("web page: %v\n%s", err, out)
	}
}

// shows is what a command prints.
func (l *vpnLab) shows(line string) string {
	l.t.Helper()
	r := l.console.Do(line)
	if r.Failed {
		l.t.Fatalf("%s: %s", line, r.Output)
	}
	return r.Output
}

const deniedFrom200 = "from 10.89.129.200/7200 to 10.89.129.134/9 on interface outside using udp"

// enforces lets a user log in of whom a server names an access list, or sends it: he comes where the list lets him, and nowhere else.
func (l *vpnLab) enforces(user, list string, sent bool) {
	l.t.Helper()
	l.anew()
	l.client("out", "192.168.1.2", "10.89.129.200", append(plain, "XUSER="+user)...)
	l.fetches("10.89.129.200")
	l.asks("10.89.129.200")
	l.says("109025: Authorization denied (acl=" + list + ") for user '" + user + "' " + deniedFrom200)
	if out, want := l.shows("show uauth"), "ipsec user '"+user+"' at 10.89.129.200, authenticated\n   access-list "+list+"\n"; !strings.HasSuffix(out, want) {
		l.t.Errorf("show uauth: %s", out)
	}
	if out := l.shows("show access-list " + list); !strings.Contains(out, "access-list "+list+" line ") || sent && !strings.Contains(out, " line 1 permit tcp any host 10.89.129.131 eq www (hitcnt=1)") {
		l.t.Errorf("show access-list: %s", out)
	}
	l.leave("192.168.1.2")
	if got := strings.Contains(l.shows("show access-list"), "access-list "+list+";"); got == sent {
		l.t.Errorf("the list %s is listed afterwards: %v", list, got)
	}
	if out, err := l.in("pix", "nft", "list", "table", "ip", "pixfw"); err != nil || strings.Contains(out, "user_list_") {
		l.t.Errorf("%v: the list is still in the kernel: %s", err, out)
	}
}

// sharesLists has several clients with one list beside one without, and the configuration change under them.
func (l *vpnLab) sharesLists() {
	const acs = "#ACSACL#-IP-labacl-40a1b2c3"
	l.client("out", "192.168.1.2", "10.89.129.200", append(plain, "XUSER=acl-acs")...)
	asked := l.radiusLog(acs)
	l.client("out", "192.168.1.3", "10.89.129.201", append(plain, "XUSER=acl-acs")...)
	if n := l.radiusLog(acs); n != asked || n == 0 {
		l.t.Errorf("the list was asked for %d times, and %d with the second user", asked, n)
	}
	run(l.t, "ip", "-n", l.prefix+"-out", "addr", "add", "192.168.1.21/24", "dev", "eth0")
	l.client("out", "192.168.1.21", "10.89.129.202", plain...)
	l.works("out", "10.89.129.202") // pings, which the list does not let through
	l.asks("10.89.129.200")
	l.says(deniedFrom200)
	l.types("access-list more permit ip any any")
	l.anew()
	l.asks("10.89.129.200")
	l.says(deniedFrom200)
	l.fetches("10.89.129.201")
	l.leave("192.168.1.2")
	l.anew()
	l.asks("10.89.129.201")
	l.says("109025: Authorization denied (acl=" + acs + ") for user 'acl-acs' from 10.89.129.201/7200 to 10.89.129.134/9")
	// Without permit-ipsec that of the interface has to permit, too: it lets in what goes to .131.
	l.types("no sysopt connection permit-ipsec")
	l.fetches("10.89.129.201")
	l.asks("10.89.129.201")
	l.says("106023: Deny udp src outside:10.89.129.201/7200 dst inside:10.89.129.134/9 by access-group \"120\"")
	l.types("access-group 120 in interface outside per-user-override")
	l.anew()
	l.asks("10.89.129.201")
	l.says("109025: Authorization denied (acl=" + acs + ")")
	l.fetches("10.89.129.201")
	l.asks("10.89.129.202")
	l.says("106023: Deny udp src outside:10.89.129.202/7200")
	l.types("access-group 120 in interface outside", "sysopt connection permit-ipsec", "no access-list more")
	l.leave("192.168.1.21")
	l.leave("192.168.1.3")
}

// radiusLog is how often the server was asked by a name.
func (l *vpnLab) radiusLog(name string) int {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, "lab", "aaa", "radius-auth.detail"))
	if err != nil {
		l.t.Fatal(err)
	}
	return strings.Count(string(text), name)
}

// refusesLists lets users try whose lists are none.
func (l *vpnLab) refusesLists() {
	pidFile := filepath.Join(l.dir, "lab", "aaa-radius.pid")
	born, err := os.Stat(pidFile)
	if err != nil {
		l.t.Fatal(err)
	}
	// In its first two seconds the server takes a HUP and does nothing, and it compares whole seconds to know whether a file has changed.
	l.await("the server heeds a HUP", func() bool { return time.Since(born.ModTime()) > 3*time.Second })
	dir := filepath.Join(l.dir, "lab", "aaa")
	file, err := os.OpenFile(filepath.Join(dir, "users"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := file.WriteString(`
missing Cleartext-Password := "cisco"
	Filter-Id = "nowhere"
named Cleartext-Password := "cisco"
	Cisco-AVPair += "acl=120"
wrong Cleartext-Password := "cisco"
	Cisco-AVPair += "ip:inacl#1=permit tcp any any eq 80",
	Cisco-AVPair += "ip:inacl#2=deny everything"
group Cleartext-Password := "cisco"
	Cisco-AVPair += "ip:inacl#1=permit ip any object-group servers"
empty Cleartext-Password := "cisco"
	Cisco-AVPair += "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-empty-1"
gone Cleartext-Password := "cisco"
	Cisco-AVPair += "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-gone-1"
framed Cleartext-Password := "cisco"
	Framed-IP-Address = 10.89.129.204,
	Framed-IP-Netmask = 255.255.255.255,
	Filter-Id = "120"
"#ACSACL#-IP-empty-1" Auth-Type := Accept
`); err != nil {
		l.t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		l.t.Fatal(err)
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		l.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Fields(string(text))[0])
	if err != nil {
		l.t.Fatal(err)
	}
	if err := unix.Kill(pid, unix.SIGHUP); err != nil { // the server reads its users again
		l.t.Fatal(err)
	}
	l.await("the server knows the new users", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		r := aaa.Request{User: "named", Password: "cisco", Client: netip.MustParseAddr("192.168.1.2")}
		return l.d.engine.AAA.AuthenticateWith(ctx, "AuthInbound", r).Outcome == aaa.Pass
	})
	for _, x := range []struct{ user, want string }{
		{"missing", "109016: Can't find authorization ACL 'nowhere' on 'PIX' for user 'missing'"},
		{"wrong", "109019: Downloaded ACL 'AAA-user-wrong' has parsing error; ACE 'deny everything'"},
		{"group", "109020: Downloaded ACL has config error; ACE 'permit ip any object-group servers'"},
		{"empty", "109018: Downloaded ACL '#ACSACL#-IP-empty-1' is empty"},
		{"gone", "109016: Can't find authorization ACL '#ACSACL#-IP-gone-1' on 'PIX' for user 'gone'"},
	} {
		if out, err := l.script(l.env("192.168.1.2", "XUSER="+x.user, "NATT=none"), "vpnc.sh", "start"); err == nil {
			l.t.Errorf("%s gets in: %s", x.user, out)
		}
		l.says(x.want)
	}
	l.nobody()
	l.enforces("named", "120", false)
	l.enforces("framed", "120", false) // addresses come from pools
}
