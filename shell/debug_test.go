package shell

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"pixfw/runtime"
	"pixfw/runtime/emulator"
)

// fakeVPN is an emulator with associations made by hand.
type fakeVPN struct {
	*emulator.Engine
	fakeSAs
	cleared []string
	subs    map[string]func(string)
	levels  map[string]int
}

func (f *fakeVPN) PoolInUse(int) []netip.Addr {
	return []netip.Addr{netip.MustParseAddr("10.89.129.201")}
}
func (f *fakeVPN) ClearIKE(id uint64) error {
	f.cleared = append(f.cleared, fmt.Sprint("ike ", id))
	return nil
}
func (f *fakeVPN) ClearSACounters() { f.cleared = append(f.cleared, "counters") }
func (f *fakeVPN) ClearSAs(match func(*runtime.SAPair) bool) error {
	text := "pairs"
	for i := range f.pairs {
		if match(&f.pairs[i]) {
			text += fmt.Sprint(" ", f.pairs[i].ID)
		}
	}
	f.cleared = append(f.cleared, text)
	return nil
}
func (f *fakeVPN) Debug(facility string, level int, fn func(string)) func() {
	f.subs[facility], f.levels[facility] = fn, level
	return func() { delete(f.subs, facility) }
}

var _ runtime.VPN = (*fakeVPN)(nil)

func newFakeVPN(t *testing.T) (*fakeVPN, *Session) {
	t.Helper()
	f := &fakeVPN{Engine: emulator.New(runtime.WallClock{}), subs: map[string]func(string){}, levels: map[string]int{}}
	s, _, err := New(Options{Engine: f, Text: readExample(t), Start: Privileged})
	if err != nil {
		t.Fatal(err)
	}
	local := netip.MustParseAddr("192.168.1.1")
	for i, peer := range []string{"192.168.1.2", "192.168.1.3"} {
		f.pairs = append(f.pairs, runtime.SAPair{ID: uint64(i + 1), Map: f.Plan().Interfaces[0].Map, Local: local, Peer: netip.MustParseAddr(peer),
			In: runtime.SAKeys{SPI: uint32(1000 + i)}, Out: runtime.SAKeys{SPI: 2000}, InAH: runtime.SAKeys{SPI: 3000}})
	}
	return f, s
}

func TestClearSAs(t *testing.T) {
	f, s := newFakeVPN(t)
	for _, test := range []struct{ line, want, out string }{
		{"clear crypto isakmp sa", "ike 0", ""},
		{"clear isakmp sa", "ike 0", ""},
		{"clear crypto ipsec sa", "pairs 1 2", ""},
		{"clear crypto sa", "pairs 1 2", ""},
		{"clear ipsec sa", "pairs 1 2", ""},
		{"clear ipsec sa counters", "counters", ""},
		{"clear crypto ipsec sa peer 192.168.1.3", "pairs 2", ""},
		{"clear ipsec sa map mymap", "pairs 1 2", ""},
		{"clear ipsec sa map other", "pairs", ""},
		{"clear ipsec sa entry 192.168.1.1 esp 1001", "pairs 2", ""},
		{"clear ipsec sa entry 192.168.1.3 esp 2000", "pairs 2", ""},
		{"clear ipsec sa entry 192.168.1.1 ah 3000", "pairs 1 2", ""},
		{"clear ipsec sa entry 192.168.1.1 esp 7", "pairs", "ERROR: no such security association\n"},
	} {
		f.cleared = nil
		out, _ := s.Line(test.line)
		if got := strings.Join(f.cleared, ", "); out != test.out || got != test.want {
			t.Errorf("%s: %q %q, want %q %q", test.line, got, out, test.want, test.out)
		}
	}
	if out, _ := s.Line("show ip local pool"); !strings.Contains(out, "In use Addresses:\n10.89.129.201") {
		t.Error(out)
	}
	if out, _ := s.Line("show crypto engine"); out != "Crypto Engine Connection Map:\n    size = 8, free = 4, used = 4, active = 4\n" {
		t.Error(out)
	}
}

func TestDebugCommand(t *testing.T) {
	f, s := newFakeVPN(t)
	if out, _ := s.Line("debug crypto isakmp"); out != textNoDebug+"\n" {
		t.Errorf("without a monitor: %q", out)
	}
	var mu sync.Mutex
	var shown []string
	lines := make(chan bool, 100)
	stop := s.Monitor(func(text string) { mu.Lock(); shown = append(shown, text); mu.Unlock(); lines <- true })
	for _, line := range []string{"debug crypto isakmp", "debug crypto ipsec 2", "debug crypto engine", "debug aaa authentication", "debug aaa", "debug radius", "debug tacacs session", "debug tac user Alice", "debug crypto vpnclient"} {
		if out, _ := s.Line(line); out != "" {
			t.Errorf("%s: %q", line, out)
		}
	}
	if f.levels["crypto isakmp"] != 1 || f.levels["crypto ipsec"] != 2 || len(f.subs) != 9 {
		t.Errorf("%v %v", f.levels, f.subs)
	}
	// The texts of several facilities run on.
	f.subs["crypto isakmp"]("ISAKMP (0): processing notify INITIAL_CONTACT")
	f.subs["crypto ipsec"]("IPSEC(key_engine): got a queue event...\nIPSEC")
	f.subs["crypto ipsec"]("(x)\n")
	<-lines
	<-lines
	mu.Lock()
	if got := strings.Join(shown, "|"); got != "ISAKMP (0): processing notify INITIAL_CONTACTIPSEC(key_engine): got a queue event...\n|IPSEC(x)\n" {
		t.Errorf("%q", got)
	}
	mu.Unlock()
	want := "debug crypto ipsec 2\ndebug crypto isakmp 1\ndebug crypto engine\ndebug aaa\ndebug aaa authentication\ndebug crypto vpnclient\ndebug radius\ndebug tacacs\ndebug tacacs user Alice\ndebug fover status\n    tx      Off\n"
	if out, _ := s.Line("show debug"); !strings.HasPrefix(out, want) || !strings.HasSuffix(out, "    fmsg    Off\n") {
		t.Errorf("%s", out)
	}
	if _, _ = s.Line("no debug tacacs user alice"); len(f.subs) != 9 {
		t.Errorf("names of users are told apart: %v", f.subs)
	}
	if _, _ = s.Line("no debug tacacs user Alice"); f.subs["tacacs user Alice"] != nil || f.subs["tacacs"] == nil || len(f.subs) != 8 {
		t.Errorf("%v", f.subs)
	}
	if _, _ = s.Line("no debug crypto isakmp"); f.subs["crypto isakmp"] != nil || len(f.subs) != 7 {
		t.Errorf("%v", f.subs)
	}
	if _, _ = s.Line("undebug all"); len(f.subs) != 0 {
		t.Errorf("%v", f.subs)
	}
	s.Line("debug radius")
	other := s.Another(Privileged, nil)
	if out, _ := other.Line("show debug"); strings.Contains(out, "radius") {
		t.Errorf("another console: %s", out)
	}
	stop()
	if len(f.subs) != 0 {
		t.Error("it goes on after the console has ended")
	}
}

// A console that does not read loses lines, and keeps nobody waiting.
func TestMonitorBounded(t *testing.T) {
	taken, hold := make(chan bool, monitorRoom+200), make(chan bool)
	m := newMonitor(func(s string) { taken <- true; <-hold })
	m.put("first\n")
	<-taken // nothing else is taken from the queue before hold is closed
	for i := range monitorRoom + 100 {
		m.put(fmt.Sprintf("line %d\n", i))
	}
	m.put(strings.Repeat("x", 3*longestShown)) // and no line grows for ever
	if m.line.Len() > longestShown {
		t.Errorf("%d", m.line.Len())
	}
	if m.lost < 99 {
		t.Errorf("%d lost", m.lost)
	}
	close(hold)
	m.close()
}
