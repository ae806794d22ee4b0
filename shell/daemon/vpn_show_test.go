package daemon

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// What stands for the values of one run, in texts as the reference has them (commands-vpn-aaa-show.md 3.1, 4.11, 4.12).
var (
	anySPI    = regexp.MustCompile(`0x[0-9a-f]{1,8}\(\d+\)`)
	anyOutSPI = regexp.MustCompile(`current outbound spi: [0-9a-f]+`)
	anyCount  = regexp.MustCompile(`(#pkts \w+:?|digest|verify) \d+`)
	anyLeft   = regexp.MustCompile(`\(\d+/\d+\)`)
)

// TestVPNShow compares what the console shows of a client that is there, and clears it in each way.
func TestVPNShow(t *testing.T) {
	l := newVPNLab(t, nil, "vpnc", "ping")
	l.must(nil, "aaa.sh", "start")
	l.serve()
	s := l.d.Console()
	monitored := &strings.Builder{}
	defer s.Monitor(func(text string) { monitored.WriteString(text) })()
	do := func(line string) string {
		t.Helper()
		r := s.Do(line)
		if r.Failed {
			t.Fatalf("%s: %s", line, r.Output)
		}
		return r.Output
	}
	is := func(line, want string) {
		t.Helper()
		got := do(line)
		got = anyLeft.ReplaceAllString(anyCount.ReplaceAllString(anyOutSPI.ReplaceAllString(anySPI.ReplaceAllString(got, "SPI"), "current outbound spi: SPI"), "$1 N"), "(K/S)")
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", line, got, want)
		}
	}
	do("enable")
	do("")
	do("debug crypto ipsec 1")
	do("debug crypto isakmp 1")
	do("debug crypto engine")
	fover := "debug fover status\n"
	for _, w := range []string{"tx", "rx", "open", "cable", "txdmp", "rxdmp", "ifc", "rxip", "txip", "get", "put", "verify", "switch", "fail", "fmsg"} {
		fover += fmt.Sprintf("    %-8sOff\n", w)
	}
	is("show debug", "debug crypto ipsec 1\ndebug crypto isakmp 1\ndebug crypto engine\n"+fover)
	do("undebug all")
	is("show debug", fover)

	const pool = "Pool                Begin           End             Free    In use\nVPNpool             10.89.129.200   10.89.129.204   %d       %d\n"
	nobody := func() {
		t.Helper()
		is("show crypto isakmp sa", "Total     : 0\nEmbryonic : 0\n        dst               src        state     pending     created\n")
		is("show crypto engine", "Crypto Engine Connection Map:\n    size = 8, free = 8, used = 0, active = 0\n")
		if got := do("show ip local pool"); !strings.HasPrefix(got, fmt.Sprintf(pool, 5, 0)) {
			t.Error(got)
		}
	}
	nobody()
	l.client("out", "192.168.1.2", "10.89.129.200", plain...)
	l.works("out", "10.89.129.200")
	is("show crypto isakmp sa", "Total     : 1\nEmbryonic : 0\n        dst               src        state     pending     created\n     192.168.1.1      192.168.1.2    QM_IDLE         0           1\n")
	is("show uauth", "                        Current    Most Seen\nAuthenticated Users       1          1\nAuthen In Progress        0          1\n"+
		"ipsec user 'cisco_customer' at 10.89.129.200, authenticated\n")
	is("show crypto engine", "Crypto Engine Connection Map:\n    size = 8, free = 6, used = 2, active = 2\n")
	is("show aaa-server", "aaa-server TACACS+ protocol tacacs+\naaa-server RADIUS protocol radius\naaa-server LOCAL protocol local\naaa-server AuthInbound protocol tacacs+\n"+
		"aaa-server AuthInbound (inside) host 10.89.129.134 secretkey timeout 10\n")
	if got := do("show ip local pool VPNpool"); !strings.HasPrefix(got, fmt.Sprintf(pool, 4, 1)+"Available Addresses:\n10.89.129.201\n10.89.129.202\n10.89.129.203\n10.89.129.204\n") {
		t.Error(got)
	}
	sa := func(id int) string {
		return fmt.Sprintf("      spi: SPI\n        transform: esp-des esp-md5-hmac ,\n        in use settings ={Tunnel, }\n        slot: 0, conn id: %d, crypto map: mymap\n"+
			"        sa timing: remaining key lifetime (k/sec): (K/S)\n        IV size: 8 bytes\n        replay detection support: Y\n", id)
	}
	is("show crypto ipsec sa", "interface: outside\n    Crypto map tag: mymap, local addr. 192.168.1.1\n\n   local  ident (addr/mask/prot/port): (0.0.0.0/0.0.0.0/0/0)\n"+
		"   remote ident (addr/mask/prot/port): (10.89.129.200/255.255.255.255/0/0)\n   current_peer: 192.168.1.2:500\n   dynamic allocated peer ip: 10.89.129.200\n\n"+
		"     PERMIT, flags={}\n    #pkts encaps: N, #pkts encrypt: N, #pkts digest N\n    #pkts decaps: N, #pkts decrypt: N, #pkts verify N\n"+
		"    #pkts compressed: N, #pkts decompressed: N\n    #pkts not compressed: 0, #pkts compr. failed: 0, #pkts decompress failed: 0\n    #send errors 0, #recv errors 0\n\n"+
		"     local crypto endpt.: 192.168.1.1, remote crypto endpt.: 192.168.1.2\n     path mtu 1500, ipsec overhead 56, media mtu 1500\n     current outbound spi: SPI\n\n"+
		"     inbound esp sas:\n"+sa(1)+"\n\n     inbound ah sas:\n\n\n     inbound pcp sas:\n\n\n     outbound esp sas:\n"+sa(2)+"\n\n     outbound ah sas:\n\n\n     outbound pcp sas:\n\n")

	counted := regexp.MustCompile(`#pkts encaps: (\d+),`)
	if m := counted.FindStringSubmatch(do("show crypto ipsec sa")); m == nil || m[1] == "0" {
		t.Errorf("nothing is counted: %v", m)
	}
	do("clear crypto ipsec sa counters")
	if m := counted.FindStringSubmatch(do("show crypto ipsec sa")); m == nil || m[1] != "0" {
		t.Errorf("after clear: %v", m)
	}
	// What is about another pair, and then each way to end this one.
	pair := func() (spi string) {
		t.Helper()
		sas := l.d.engine.SAPairs()
		if len(sas) != 1 {
			t.Fatalf("%+v", sas)
		}
		return fmt.Sprint(sas[0].In.SPI)
	}
	spi := pair()
	do("clear crypto ipsec sa peer 192.168.1.9")
	for _, line := range []string{"clear crypto ipsec sa entry 192.168.1.1 ah " + spi, "clear crypto ipsec sa entry 192.168.1.1 esp 256"} {
		if r := s.Do(line); !r.Failed {
			t.Errorf("%s: %q", line, r.Output)
		}
	}
	if pair() != spi {
		t.Error("another pair was meant")
	}
	for i, line := range []string{"clear crypto ipsec sa peer 192.168.1.2", "clear ipsec sa map mymap", "clear crypto ipsec sa entry 192.168.1.1 esp SPI", "clear crypto ipsec sa", "clear crypto sa"} {
		if i > 0 {
			l.client("out", "192.168.1.2", "10.89.129.200", plain...)
		}
		spi := pair()
		do(strings.Replace(line, "SPI", spi, 1))
		if got := do("show crypto ipsec sa"); strings.Contains(got, "("+spi+")") { // the client may have another already
			t.Errorf("%s: %s", line, got)
		}
		do("clear crypto isakmp sa")
		l.nobody()
		nobody()
		l.kill("192.168.1.2", "10.89.129.200") // it goes on asking, for five seconds
	}
	if monitored.Len() > 0 {
		t.Errorf("debug output after undebug all:\n%s", monitored)
	}
}
