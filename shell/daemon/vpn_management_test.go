package daemon

import (
	"net"
	"strings"
	"time"

	"pixfw/runtime/kernel"
)

// managed lets a client manage the firewall through its tunnel: at the outside address as the lines say, by telnet too, and at the inside
// address with management-access alone (semantics.md 1.9; 10.3, S21).
func (l *vpnLab) managed() {
	const client, inside, outside = "10.89.129.200", "10.89.129.194", "192.168.1.1"
	l.client("out", "192.168.1.2", client, plain...)
	lines := []string{"ssh " + client + " 255.255.255.255 inside", "telnet " + client + " 255.255.255.255 inside", "telnet " + client + " 255.255.255.255 outside",
		"snmp-server host inside " + client}
	l.types(append(lines, "enable password secret", "passwd telnetpw")...)
	pings := func(box string) bool {
		_, err := l.in("out", "ping", "-n", "-I", client, "-c", "2", "-i", "0.2", "-W", "2", box)
		return err == nil
	}
	reaches := func(to string) bool {
		return kernel.Within(netns(l.prefix+"-out"), func() error {
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(client)}, Timeout: 2 * time.Second}
			c, err := d.Dial("tcp4", to)
			if err == nil {
				c.Close()
			}
			return err
		}) == nil
	}
	telnet := func(box string) {
		l.t.Helper()
		c := l.connect("out", client, box+":23")
		defer c.Close()
		if out, err := converse(c, "Password: ", "telnetpw\r\n", "> ", "exit\r\n"); err != nil {
			l.t.Errorf("telnet to %s: %v\n%s", box, err, out)
		}
	}
	if pings(inside) || reaches(inside+":22") || reaches(inside+":23") {
		l.t.Error("the inside address is reached without management-access")
	}
	// The lab's client has routes of its own for what is inside only.
	run(l.t, "ip", "-n", l.prefix+"-out", "route", "add", outside, "dev", "t-c2", "table", "999")
	run(l.t, "ip", "-n", l.prefix+"-out", "rule", "add", "from", client, "to", outside, "lookup", "999")
	telnet(outside)
	l.says("710002: TCP access permitted from " + client + "/")
	l.says("to outside:" + outside + "/telnet")
	run(l.t, "ip", "-n", l.prefix+"-out", "rule", "del", "from", client, "to", outside, "lookup", "999")
	if reaches(outside + ":23") {
		l.t.Error("telnet is answered in clear on the lowest interface")
	}

	l.anew()
	l.types("management-access inside")
	if !pings(inside) {
		l.t.Error("the inside address does not answer")
	}
	telnet(inside)
	l.says("to inside:" + inside + "/telnet")
	if out, err := l.sshFrom("out", client, inside, "pix", "telnetpw", "show curpriv\n"); err != nil || !strings.Contains(out, "Current privilege level : 1") {
		l.t.Errorf("ssh: %v\n%s", err, out)
	}
	l.says("to inside:" + inside + "/ssh")
	if l.said("710003") {
		l.t.Error("something was denied")
	}
	l.types("icmp deny any inside", "no ssh "+client+" 255.255.255.255 inside")
	if pings(inside) || reaches(inside+":22") {
		l.t.Error("the lines of the inside interface do not hold")
	}
	l.says("313001: Denied ICMP type=8, code=0 from " + client + " on interface outside")
	l.says("710003: TCP access denied by ACL from " + client + "/")
	c := l.udp("out", client+":0")
	if _, err := c.WriteTo([]byte("get"), &net.UDPAddr{IP: net.ParseIP(inside), Port: 161}); err != nil {
		l.t.Error(err)
	}
	l.says("710002: UDP access permitted from " + client + "/")
	l.types("no icmp deny any inside", "no management-access inside")
	if pings(inside) {
		l.t.Error("the inside address is reached without management-access again")
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "ssh") {
			l.types("no " + line)
		}
	}
	l.leave("192.168.1.2")
}

// logsOut takes the user of a client out of the cache: his tunnel stays, and what needs a login needs one again (semantics.md 5.3).
func (l *vpnLab) logsOut() {
	const client = "10.89.129.200"
	l.client("out", "192.168.1.2", client, plain...)
	l.works("out", client)
	l.types("clear uauth nobody")
	l.works("out", client)
	l.types("clear uauth cisco_customer")
	if users := l.d.engine.Users().Users; len(users) != 0 || len(l.d.engine.SAPairs()) != 1 {
		l.t.Errorf("%d pairs and %+v", len(l.d.engine.SAPairs()), users)
	}
	if out, err := l.in("out", "ping", "-n", "-I", client, "-c", "2", "-i", "0.2", "-W", "5", "10.89.129.131"); err != nil {
		l.t.Errorf("ping: %v\n%s", err, out)
	}
	l.anew()
	if out, err := l.in("out", "curl", "-sS", "--interface", client, "--max-time", "3", "http://10.89.129.131/"); err == nil && strings.Contains(out, "hello from the inside") {
		l.t.Error("who has been logged out is not asked")
	}
	l.says("109001: Auth start for user '???' from " + client + "/")
	l.leave("192.168.1.2")
	l.client("out", "192.168.1.2", client, plain...)
	l.works("out", client)
	l.types("no sysopt connection permit-ipsec", "sysopt connection permit-ipsec") // the rules are made anew
	l.works("out", client)
	l.leave("192.168.1.2")
}

// untouched lets packets pass that neither access list 120 nor the exemption of access list 101 is for, both ways and with the addresses that
// they have, as `sysopt ipsec pl-compatible` says (semantics.md 6.2).
func (l *vpnLab) untouched() {
	const client, host = "10.89.129.200", "10.89.129.150"
	l.echo("in", host+":7")
	l.client("out", "192.168.1.2", client, plain...)
	l.types("no sysopt connection permit-ipsec", "clear xlate", "sysopt ipsec pl-compatible")
	if out, err := l.in("out", "ping", "-n", "-I", client, "-c", "2", "-i", "0.2", "-W", "5", host); err != nil {
		l.t.Errorf("ping: %v\n%s", err, out)
	}
	inside := &net.UDPAddr{IP: net.ParseIP(host), Port: 7}
	c := l.udp("out", client+":7100")
	if _, err := c.WriteTo([]byte("hello"), inside); err != nil {
		l.t.Fatal(err)
	}
	if n, from, err := c.ReadFrom(make([]byte, 100)); n != 5 || err != nil || from.String() != inside.String() {
		l.t.Errorf("an answer to the client: %d %v %v", n, from, err)
	}
	first := l.udp("in", host+":7200")
	if _, err := first.WriteTo([]byte("hello"), c.LocalAddr()); err != nil {
		l.t.Fatal(err)
	}
	if n, from, err := c.ReadFrom(make([]byte, 100)); n != 5 || err != nil || from.String() != host+":7200" {
		l.t.Errorf("to the client: %d %v %v", n, from, err)
	}
	l.works("out", client)
	if n := len(l.d.engine.Conns().Conns); n != 0 || len(l.d.engine.Xlates().Xlates) != 1 { // the static
		l.t.Errorf("%d connections and %+v", n, l.d.engine.Xlates().Xlates)
	}
	if kernel.Within(netns(l.prefix+"-out"), func() error {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(client)}, Timeout: 2 * time.Second}
		_, err := d.Dial("tcp4", "10.89.129.194:22")
		return err
	}) == nil {
		l.t.Error("the inside address is reached")
	}
	// What no tunnel is for is judged as ever.
	l.raw("eth0", "192.168.1.2", host)
	l.says("106023: Deny udp src outside:192.168.1.2/7000 dst inside:" + host + "/7000")
	l.raw("eth0", client, host)
	l.says("402106: Rec'd packet not an IPSEC packet (ip) dest_addr= " + host)
	l.types("no sysopt ipsec pl-compatible")
	if _, err := c.WriteTo([]byte("hello"), inside); err != nil {
		l.t.Fatal(err)
	}
	l.says("106023: Deny udp src outside:" + client + "/7100 dst inside:" + host + "/7")
	l.types("sysopt connection permit-ipsec")
	l.leave("192.168.1.2")
}
