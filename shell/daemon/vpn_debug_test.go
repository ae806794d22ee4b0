package daemon

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestVPNDebug looks at a login from a console that has asked to see it.
func TestVPNDebug(t *testing.T) {
	l := newVPNLab(t, nil, "vpnc")
	l.must(nil, "aaa.sh", "start")
	k, other := l.attach(), l.attach()
	k.types("enable", "", "debug crypto isakmp", "debug crypto ipsec", "debug aaa", "show debug")
	k.shows("debug crypto ipsec 1\n", "debug crypto isakmp 1\n", "debug aaa\n")
	l.client("out", "192.168.1.2", "10.89.129.200", plain...)
	k.shows("OAK_AG exchange", "ISAKMP (0): SA has been authenticated", "ISAKMP/xauth: request attribute XAUTH_USER_NAME", "aaa_auth_start: user 'cisco_customer'",
		"ISAKMP: Config payload CFG_REQUEST", "OAK_QM exchange", "IPSEC(initialize_sas): ,")
	k.types("undebug all", "show crypto ipsec sa", "show uauth", "show ip local pool")
	k.shows("dynamic allocated peer ip: 10.89.129.200", "#pkts decaps: ", "conn id: 1, crypto map: mymap", "ipsec user 'cisco_customer' at 10.89.129.200, authenticated",
		"In use Addresses:", "10.89.129.200")
	other.types("enable", "", "clear crypto ipsec sa peer 192.168.1.2", "clear crypto isakmp sa", "show crypto isakmp sa")
	other.shows("Total     : 0")
	if text := other.all(); strings.Contains(text, "OAK_") {
		t.Errorf("the other console shows what it has not asked for:\n%s", text)
	}
	l.nobody()
	l.must(l.env("192.168.1.2"), "vpnc.sh", "stop")
}

// A labConsole is a console on the socket of the firewall.
type labConsole struct {
	l *vpnLab
	c *Client

	mu   sync.Mutex
	text strings.Builder
	read int // of text
}

func (l *vpnLab) attach() *labConsole {
	l.t.Helper()
	c, err := Dial(filepath.Join(l.dir, "fw", "console.sock"))
	if err == nil {
		err = c.Pipe()
	}
	if err != nil {
		l.t.Fatal(err)
	}
	k := &labConsole{l: l, c: c}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			k.mu.Lock()
			k.text.Write(buf[:n])
			k.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	l.t.Cleanup(func() {
		c.Close() // its reader ends, whatever this says
		<-ended
	})
	return k
}

func (k *labConsole) types(lines ...string) {
	k.l.t.Helper()
	if _, err := fmt.Fprintln(k.c, strings.Join(lines, "\n")); err != nil {
		k.l.t.Fatal(err)
	}
}

// all is what the console has shown.
func (k *labConsole) all() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text.String()
}

// shows waits until the console has shown some texts, in this order, behind what was waited for before.
func (k *labConsole) shows(texts ...string) {
	k.l.t.Helper()
	for _, want := range texts {
		k.l.await(fmt.Sprintf("%q on the console", want), func() bool {
			i := strings.Index(k.all()[k.read:], want)
			if i >= 0 {
				k.read += i + len(want)
			}
			return i >= 0
		})
	}
	if k.l.t.Failed() {
		k.l.t.Log(k.all()[k.read:])
	}
}
