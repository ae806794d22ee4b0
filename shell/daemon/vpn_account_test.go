package daemon

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"pixfw/runtime/kernel"
)

// accountsLine is the note's: whatever clients of tunnels do inside by TCP.
const accountsLine = "aaa accounting include any inbound 0.0.0.0 0.0.0.0 0.0.0.0 0.0.0.0 AuthInbound"

// accountsTACACS looks at the records of a client's connections, which have the fields of the note's.
func (l *vpnLab) accountsTACACS() {
	l.types(accountsLine)
	l.client("out", "192.168.1.2", "10.89.129.200", plain...)
	l.works("out", "10.89.129.200")
	l.record("tacacs-acct.log", `(?m)^.*\tcisco_customer\tPIX\t10\.89\.129\.200\tstart\ttask_id=0x(\w+)\tforeign_ip=10\.89\.129\.200\tlocal_ip=10\.89\.129\.131\tcmd=http$(?s:.*)`+
		`^.*\tcisco_customer\tPIX\t10\.89\.129\.200\tstop\ttask_id=0x(\w+)\tforeign_ip=10\.89\.129\.200\tlocal_ip=10\.89\.129\.131\tcmd=http\telapsed_time=\d+\tbytes_in=\d{2,}\tbytes_out=\d{3,}$`)
	// A client that leaves in the midst of a connection: its account ends with it.
	c := l.connect("out", "10.89.129.200", "10.89.129.131:80")
	defer c.Close()
	l.record("tacacs-acct.log", `(?s)start.*stop.*start`)
	l.leave("192.168.1.2")
	l.record("tacacs-acct.log", `(?s)start\ttask_id=0x(\w+).*stop\ttask_id=0x(\w+).*start\ttask_id=0x(\w+).*stop\ttask_id=0x(\w+)\t`)
	l.types("no " + accountsLine)
	l.client("out", "192.168.1.2", "10.89.129.200", plain...)
	l.works("out", "10.89.129.200")
	l.leave("192.168.1.2")
	if n := strings.Count(l.aaaFile("tacacs-acct.log"), "start"); n != 2 {
		l.t.Errorf("%d records of starts", n)
	}
}

func (l *vpnLab) accountsRADIUS() {
	l.types(accountsLine)
	l.client("out", "192.168.1.2", "10.89.129.200", plain...)
	l.works("out", "10.89.129.200")
	l.record("radius-acct.detail", `(?s)Acct-Status-Type = Start.*Acct-Session-Id = "0x0*(\w+)".*User-Name = "cisco_customer".*Calling-Station-Id = "10.89.129.200".*`+
		`Acct-Status-Type = Stop.*Acct-Session-Id = "0x0*(\w+)".*Login-IP-Host = 10.89.129.131.*Acct-Input-Octets = \d\d.*Acct-Output-Octets = \d\d`)
	l.leave("192.168.1.2")
}

// aaaFile is what a server has written.
func (l *vpnLab) aaaFile(name string) string {
	text, err := os.ReadFile(filepath.Join(l.dir, "lab", "aaa", name))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// record waits until a server has written something. Pairs of groups in the pattern are the number of one connection.
func (l *vpnLab) record(name, pattern string) {
	l.t.Helper()
	re := regexp.MustCompile(pattern)
	var m []string
	l.await("a record like "+pattern, func() bool { m = re.FindStringSubmatch(l.aaaFile(name)); return m != nil })
	if m == nil {
		l.t.Log(l.aaaFile(name))
		return
	}
	for i := 1; i+1 < len(m); i += 2 {
		if m[i] != m[i+1] {
			l.t.Errorf("start of %s, stop of %s", m[i], m[i+1])
		}
	}
}

// connect opens a TCP connection in a namespace of the lab.
func (l *vpnLab) connect(ns, from, to string) (c net.Conn) {
	l.t.Helper()
	if err := kernel.Within(netns(l.prefix+"-"+ns), func() (err error) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
		c, err = d.Dial("tcp4", to)
		return err
	}); err != nil {
		l.t.Fatal(err)
	}
	return c
}
