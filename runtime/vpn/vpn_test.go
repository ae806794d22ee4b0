package vpn

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pixfw/ast"
	"pixfw/runtime"
	"pixfw/runtime/aaa"
	"pixfw/runtime/esp"
	"pixfw/runtime/ike"
)

// twin is that of eth0.
const twin = "t-eth0"

// meet lets a packet of a want a tunnel to b, and waits for it.
func meet(w *world, a, b *box) {
	w.t.Helper()
	a.device(twin).Put(packet("10.0.0.5", "192.168.50.9", "first"))
	w.until("a tunnel", func() bool { return len(a.SAPairs()) == 1 && len(b.SAPairs()) == 1 })
}

// carries sends a packet from a to b and looks at what comes out.
func carries(w *world, a, b *box, text string) {
	w.t.Helper()
	want := packet("10.0.0.5", "192.168.50.9", text)
	a.device(twin).Put(want)
	got := b.device(twin).Get()
	if len(got) != len(want) || string(got[28:]) != text {
		w.t.Fatalf("%q came out as %q", text, got)
	}
}

func TestSiteToSite(t *testing.T) {
	w := newWorld(t)
	a, b := w.add(boxA), w.add(mirror(boxA))
	meet(w, a, b)
	carries(w, a, b, "hello")
	pa, pb := a.SAPairs()[0], b.SAPairs()[0]
	if n := a.SACounters(pa.ID); n.Encaps != 1 {
		t.Errorf("%+v", n)
	}
	if n := b.SACounters(pb.ID); n.Decaps != 1 {
		t.Errorf("%+v", n)
	}
	if pa.In.CipherKey != nil || pa.Out.AuthKey != nil {
		t.Error("keys are shown")
	}
	if sas := a.IKESAs(); len(sas) != 1 || sas[0].State != "QM_IDLE" {
		t.Errorf("%+v", sas)
	}
	a.ClearSACounters()
	if n := a.SACounters(pa.ID); n.Encaps != 0 {
		t.Errorf("cleared: %+v", n)
	}
	if err := a.ClearSAs(func(p *runtime.SAPair) bool { return p.Peer == netip.MustParseAddr("203.0.113.2") }); err != nil {
		t.Fatal(err)
	}
	w.until("the peer has heard", func() bool { return len(a.SAPairs()) == 0 && len(b.SAPairs()) == 0 })
	meet(w, a, b)
	if err := a.ClearIKE(0); err != nil {
		t.Fatal(err)
	}
	w.until("the peer has heard", func() bool { return len(b.SAPairs()) == 0 && len(b.IKESAs()) == 0 })
	if len(a.host.remotes) != 0 {
		t.Errorf("routes of static entries are the plan's: %v", a.host.remotes)
	}
}

// A change of the configuration keeps what the map still has, also under another number.
func TestApply(t *testing.T) {
	w := newWorld(t)
	a, b := w.add(boxA), w.add(mirror(boxA))
	meet(w, a, b)
	first := a.device(twin)
	more := strings.Replace(boxA, "crypto map m 10 ipsec-isakmp", "access-list other permit ip 10.0.0.0 255.255.255.0 host 172.16.0.1\n"+
		"crypto map m 5 ipsec-isakmp\ncrypto map m 5 match address other\ncrypto map m 5 set peer 203.0.113.7\ncrypto map m 5 set transform-set ts\n"+
		"crypto map m 10 ipsec-isakmp", 1)
	a.takes(more)
	if len(a.SAPairs()) != 1 || a.SAPairs()[0].Entry != 1 {
		t.Fatalf("%+v", a.SAPairs())
	}
	carries(w, a, b, "under another number")
	if a.device(twin) != first {
		t.Error("another device")
	}
	a.takes(strings.Replace(more, "crypto map m 10 set peer 203.0.113.2", "crypto map m 10 set peer 203.0.113.3", 1))
	if len(a.SAPairs()) != 0 {
		t.Errorf("the entry has another peer: %+v", a.SAPairs())
	}
	a.takes(strings.Replace(boxA, "crypto map m interface outside\n", "", 1))
	if !first.closed || len(a.SAPairs()) != 0 {
		t.Error("the device of a map that is gone is there")
	}
	a.takes(boxA)
	b.takes(mirror(boxA))
	w.until("a tunnel with a device that is new", func() bool {
		a.device(twin).Put(packet("10.0.0.5", "192.168.50.9", "again"))
		return len(a.SAPairs()) == 1
	})
}

// Behind a dynamic map the network is where the peer says, as long as a pair says so.
func TestDynamic(t *testing.T) {
	w := newWorld(t)
	server := mirror(boxA)
	for _, line := range []string{"crypto map m 10 match address vpn\n", "crypto map m 10 set peer 203.0.113.1\n", "crypto map m 10 set transform-set ts\n"} {
		server = strings.Replace(server, line, "", 1)
	}
	server = strings.Replace(server, "crypto map m 10 ipsec-isakmp\n", "crypto dynamic-map d 10 set transform-set ts\ncrypto map m 10 ipsec-isakmp dynamic d\n", 1)
	a, b := w.add(boxA), w.add(server)
	meet(w, a, b)
	carries(w, a, b, "hello")
	const key = "outside 10.0.0.0/24"
	if !b.host.has(key) {
		t.Fatalf("%v", b.host.remotes)
	}
	p := b.SAPairs()[0]
	if err := b.call(func() { b.do(b.machine.Expire(p.ID, false)) }); err != nil { // a second pair to the same network
		t.Fatal(err)
	}
	w.until("a second pair", func() bool { return len(a.SAPairs()) == 2 })
	w.ticks(time.Second, b) // until b goes over to it
	w.until("a second pair at both ends", func() bool { return len(b.SAPairs()) == 2 })
	if err := a.ClearIKE(0); err != nil {
		t.Fatal(err)
	}
	w.until("nothing leads there", func() bool { return len(b.SAPairs()) == 0 && !b.host.has(key) })
}

// Of many packets that want the same tunnel one gets it.
func TestManyAcquires(t *testing.T) {
	w := newWorld(t)
	a, b := w.add(boxA), w.add(mirror(boxA))
	meet(w, a, b)
	p := a.SAPairs()[0]
	for range 100 {
		sink{a.service}.Acquire(p.If, p.Entry, esp.Flow{Src: ast.MustIP("10.0.0.5"), Dst: ast.MustIP("192.168.50.9"), Proto: 17})
	}
	w.until("all are looked at", func() bool { return len(a.acquired) == 0 })
	if sas := a.IKESAs(); len(sas) != 1 || sas[0].Pending != 0 || len(a.SAPairs()) != 1 {
		t.Errorf("%+v", sas)
	}
}

// A first message from where a tunnel leads to does not wait behind those of a flood, as long as there is the tunnel.
func TestFamiliar(t *testing.T) {
	w := newWorld(t)
	a, b := w.add(boxA), w.add(mirror(boxA))
	meet(w, a, b)
	begin := func(from string) {
		msg := make([]byte, 28)
		msg[0], msg[17], msg[18] = 1, 0x10, 2
		a.receive(ike.Datagram{Local: netip.MustParseAddrPort("203.0.113.1:500"), Remote: netip.MustParseAddrPort(from + ":500"), Payload: msg})
	}
	waits := func(what string, first, familiar int) {
		t.Helper()
		if len(a.first) != first || len(a.familiar) != familiar {
			t.Errorf("%s: %d and %d wait", what, len(a.first), len(a.familiar))
		}
	}
	if err := a.call(func() { // the machine is busy
		for n := range 2 * datagrams {
			begin(fmt.Sprintf("100.64.%d.%d", n/256, n%256))
		}
		waits("a flood", datagrams, 0)
		begin("203.0.113.2")
		waits("a peer", datagrams, 1)
		for range 2 * familiars {
			begin("203.0.113.2")
		}
		waits("a flood in the name of a peer", datagrams, familiars)
	}); err != nil {
		t.Fatal(err)
	}
	w.until("all are looked at", func() bool { return len(a.first)+len(a.familiar) == 0 })
	if err := a.ClearSAs(func(*runtime.SAPair) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if err := a.call(func() {
		begin("203.0.113.2")
		waits("without a tunnel", 1, 0)
	}); err != nil {
		t.Fatal(err)
	}
}

// A server that does not answer keeps nobody waiting, and questions are bounded.
func TestSlowServer(t *testing.T) {
	w := newWorld(t)
	a, b := w.add(boxA), w.add(mirror(boxA))
	group := 0
	ask := func(n int) {
		t.Helper()
		for i := range n {
			if err := a.call(func() {
				a.do([]ike.Effect{ike.Authenticate{ID: uint64(i + 1), Group: group, User: "u", Password: "p", Peer: netip.MustParseAddr("198.51.100.1")}})
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	ask(1)
	if r := <-a.asks; r.User != "u" || r.Client != netip.MustParseAddr("198.51.100.1") || r.Flow.If != "IKE-XAUTH" {
		t.Errorf("%+v", r)
	}
	if want := a.plan.AAAGroups[0].Tag; !slices.Equal(a.tags, []string{want}) {
		t.Errorf("asked: %q, want %q", a.tags, want)
	}
	meet(w, a, b)
	carries(w, a, b, "meanwhile")
	ask(2 * maxAsking)
	first, second := a.plan.AAAGroups[0].Tag, a.plan.AAAGroups[1].Tag
	group = 1 // whose users do not wait for those of the first
	ask(1)
	if n := a.asking; n[first] != maxAsking || n[second] != 1 {
		t.Errorf("questions: %v", n)
	}
	a.says <- aaa.Result{Outcome: aaa.Pass}
	w.until("one is answered", func() bool {
		n := 0
		_ = a.call(func() { n = a.asking[first] + a.asking[second] })
		return n == maxAsking
	})
}

func TestClients(t *testing.T) {
	w := newWorld(t)
	a := w.add(boxA)
	up := func(id uint64) {
		if err := a.call(func() {
			a.do([]ike.Effect{ike.ClientUp{ID: id, Peer: netip.MustParseAddr("198.51.100.1"), Addr: netip.MustParseAddr("10.0.0.200"), User: "u"}})
		}); err != nil {
			t.Fatal(err)
		}
	}
	down := func(id uint64) {
		if err := a.call(func() { a.do([]ike.Effect{ike.ClientDown{ID: id, Addr: netip.MustParseAddr("10.0.0.200")}}) }); err != nil {
			t.Fatal(err)
		}
	}
	const key = "outside 10.0.0.200/32"
	policy := newPolicy(a.plan, 0, a.crowd)
	what := func() esp.What {
		_, what := policy.Match(&esp.Flow{Src: ast.MustIP("10.0.0.5"), Dst: ast.MustIP("10.0.0.200")}, 0)
		return what
	}
	up(1)
	if r := a.host.remotes[key]; !r.Client || r.Peer != ast.MustIP("198.51.100.1") || r.User != "" || what() != esp.Client {
		t.Errorf("%+v %v", r, what())
	}
	up(2) // it has come back before it was missed
	down(1)
	if !a.host.has(key) || what() != esp.Client {
		t.Error("the client is gone")
	}
	down(2)
	if a.host.has(key) || what() != esp.Clear {
		t.Error("the client is there")
	}
}

// manual are fixed keys in place of IKE.
func manual(in, out int) *strings.Replacer {
	key := func(way string, spi int) string {
		return fmt.Sprintf("crypto map m 10 set session-key %s esp %d cipher %032x authenticator %040x\n", way, spi, spi, spi)
	}
	return strings.NewReplacer("10 ipsec-isakmp\n", "10 ipsec-manual\n", "10 set transform-set ts\n", "10 set transform-set ts\n"+key("inbound", in)+key("outbound", out))
}

func TestManual(t *testing.T) {
	w := newWorld(t)
	text := manual(300, 400).Replace(boxA)
	a, b := w.add(text), w.add(manual(400, 300).Replace(mirror(boxA)))
	carries(w, a, b, "fixed keys")
	id := a.SAPairs()[0].ID
	a.takes(text + "hostname other\n")
	carries(w, a, b, "the numbers go on")
	if a.SAPairs()[0].ID != id {
		t.Error("it was made anew")
	}
	a.takes(boxA)
	if len(a.SAPairs()) != 0 {
		t.Errorf("%+v", a.SAPairs())
	}
	at := strings.Index(text, "crypto map m 10 set session-key outbound")
	bad := w.add(text[:at] + strings.SplitN(text[at:], "\n", 2)[1])
	if !bad.said("no tunnel: the session keys are not those of transform set ts in both directions") || len(bad.SAPairs()) != 0 {
		t.Errorf("%v", bad.notes)
	}
}

func TestDebug(t *testing.T) {
	w := newWorld(t)
	a, b := w.add(boxA), w.add(mirror(boxA))
	var mu sync.Mutex
	heard := map[string]*strings.Builder{}
	listen := func(name, facility string, level int) func() {
		text := &strings.Builder{}
		heard[name] = text
		return a.Debug(facility, level, func(s string) { mu.Lock(); defer mu.Unlock(); text.WriteString(s) })
	}
	cancel := listen("isakmp", "crypto isakmp", 1)
	defer listen("ipsec", "crypto ipsec", 1)()
	meet(w, a, b)
	cancel()
	mu.Lock()
	if got := heard["isakmp"].String(); !strings.Contains(got, "beginning Main Mode exchange") || strings.Contains(got, "IPSEC(") {
		t.Errorf("isakmp:\n%s", got)
	}
	if got := heard["ipsec"].String(); !strings.Contains(got, "IPSEC(initialize_sas)") || strings.Contains(got, "OAK_MM") {
		t.Errorf("ipsec:\n%s", got)
	}
	was := heard["isakmp"].Len()
	mu.Unlock()
	if err := a.ClearIKE(0); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	if heard["isakmp"].Len() != was {
		t.Error("it goes on after cancel")
	}
	mu.Unlock()
	listen("aaa", "aaa", 1)
	listen("author", "aaa authorization", 1)
	a.debugs.tell("aaa authentication", 1, "x\n")
	if heard["aaa"].String() != "x\n" || heard["author"].String() != "" {
		t.Errorf("%q %q", heard["aaa"], heard["author"])
	}
}

func TestRefused(t *testing.T) {
	w := newWorld(t)
	a, b := w.add(boxA), w.add(mirror(boxA))
	meet(w, a, b)
	id := a.SAPairs()[0].ID
	src, dst := netip.MustParseAddr("203.0.113.2"), netip.MustParseAddr("203.0.113.1")
	for _, r := range []esp.Refused{{Why: esp.UnknownSPI, SPI: 0x1234, Src: src, Dst: dst}, {Why: esp.WrongProto, AH: true, Src: src, Dst: dst},
		{Why: esp.NotOurs, Pair: id, Src: src, Dst: dst, Inner: esp.Flow{Src: ast.MustIP("1.2.3.4"), Dst: ast.MustIP("10.0.0.5"), Proto: 6}},
		{Why: esp.TooLong, Pair: id, Src: dst, Dst: src, Inner: esp.Flow{Src: ast.MustIP("10.0.0.5"), Dst: ast.MustIP("192.168.50.9"), Proto: 6}, Size: 1500, Most: 1438},
		{Why: esp.NoNumbers, Pair: id, Src: dst, Dst: src, SPI: 0x1234},
		{Why: esp.BadAuth, Pair: id}} {
		if err := a.call(func() { a.tellRefused(r) }); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"402101: decaps: rec'd IPSEC packet has invalid spi for destaddr=203.0.113.1, prot=ESP, spi=0x1234(4660)",
		"402102: decapsulate: packet missing ESP, destadr=203.0.113.1, actual prot=AH",
		"602101: PMTU-D packet 1500 bytes greater than effective mtu 1438 dest_addr=192.168.50.9, src_addr=10.0.0.5, prot=tcp",
		"702302: replay rollover detected, (sa) sa_dest= 203.0.113.2, sa_prot= 50, sa_spi= 0x1234(4660)",
		"402103: identity doesn't match negotiated identity (ip) dest_addr= 10.0.0.5, src_addr= 1.2.3.4, prot= tcp, (ident) local=203.0.113.1, remote=203.0.113.2, " +
			"local_proxy=10.0.0.0/255.255.255.0/0/0, remote_proxy=192.168.50.0/255.255.255.0/0/0"} {
		if !strings.Contains(strings.ToLower(a.host.text()), strings.ToLower(want)) {
			t.Errorf("no %q in\n%s", want, a.host.text())
		}
	}
	for range 10 * refusals { // nobody waits
		sink{a.service}.Refused(esp.Refused{Why: esp.BadAuth})
	}
}

// What cannot be opened is said, and does not stay half open.
func TestOpening(t *testing.T) {
	w := newWorld(t)
	a := w.add("")
	a.fails[twin] = errors.New("no devices here")
	plan := planOf(t, boxA)
	if err := a.prepare(plan); err == nil || !strings.Contains(err.Error(), "crypto map m interface outside: no devices here") {
		t.Errorf("%v", err)
	}
	delete(a.fails, twin)
	if err := a.prepare(plan); err != nil {
		t.Fatal(err)
	}
	if err := a.abandon(); err != nil || !a.device(twin).closed || len(a.legs) != 0 {
		t.Errorf("%v: %v", err, a.legs)
	}
	a.fails["500"] = unix.EADDRINUSE
	a.takes(boxA)
	if !a.said("no tunnels on outside: 203.0.113.1:500: another program of this host listens there") {
		t.Errorf("%v", a.notes)
	}
	a.mu2(func() { delete(a.fails, "500") })
	w.ticks(reopen, a)
	b := w.add(mirror(boxA))
	meet(w, a, b)
	if len(a.notes) != 1 {
		t.Errorf("%v", a.notes)
	}
}

func (b *box) mu2(fn func()) { b.mu.Lock(); defer b.mu.Unlock(); fn() }

// Volume ends a pair, whatever else goes on.
func TestExpiring(t *testing.T) {
	w := newWorld(t)
	a, b := w.add(boxA), w.add(mirror(boxA))
	meet(w, a, b)
	id := a.SAPairs()[0].ID
	sink{a.service}.Expiring(id, false)
	sink{a.service}.Expiring(id, true)
	w.until("the pair ends", func() bool {
		for _, p := range a.SAPairs() {
			if p.ID == id {
				return false
			}
		}
		return true
	})
}

func TestClose(t *testing.T) {
	w := newWorld(t)
	a, b := w.add(boxA), w.add(mirror(boxA))
	meet(w, a, b)
	d := a.device(twin)
	for range 2 {
		if err := a.close(); err != nil {
			t.Fatal(err)
		}
	}
	w.until("the peer has heard", func() bool { return len(b.SAPairs()) == 0 && len(b.IKESAs()) == 0 })
	if !d.closed || a.SAPairs() != nil || a.ClearIKE(0) == nil {
		t.Error("it goes on")
	}
	a.Debug("crypto isakmp", 1, func(string) {})()
}

// Debug output about a user reaches those who have asked for all and those who have asked for him.
func TestDebugUser(t *testing.T) {
	var d debugs
	got := map[string]int{}
	for _, f := range []string{"radius", "radius user alice", "radius user bob", "tacacs", "aaa"} {
		d.list = append(d.list, &debug{f, 1, func(string) { got[f]++ }})
	}
	d.tell("radius user alice", 1, "got user 'alice'")
	if len(got) != 2 || got["radius"] != 1 || got["radius user alice"] != 1 {
		t.Errorf("%v", got)
	}
}
